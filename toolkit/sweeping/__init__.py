"""Sweeps: simulations, fits and calibrations mapped over the cells of a grid of parameters."""

from toolkit.sweeping.calibrations import sweep_calibrate
from toolkit.sweeping.documents import read_document, run_document
from toolkit.sweeping.fits import sweep_fit
from toolkit.sweeping.sweeps import read_sweep, sweep, sweep_again

__all__ = [
    "read_document",
    "read_sweep",
    "run_document",
    "sweep",
    "sweep_again",
    "sweep_calibrate",
    "sweep_fit",
]
