"""Calibration of fits: simulated data sets, ranks of true values, coverage of intervals.

:func:`calibrate` is the way in: on a model's own law, which must pass, or on a scenario of the
exact simulator, which measures what the model's approximations cost.
"""

from toolkit.calibration.documents import document
from toolkit.calibration.loops import SCENARIOS
from toolkit.calibration.running import calibrate
from toolkit.calibration.scenarios import Scenario
from toolkit.calibration.settings import MISTAKES, OWN, PRIORS, Changed, designs_of
from toolkit.calibration.tables import (
    CALIBRATED,
    NOT_CALIBRATED,
    calibration_table,
)

__all__ = [
    "CALIBRATED",
    "MISTAKES",
    "NOT_CALIBRATED",
    "OWN",
    "PRIORS",
    "SCENARIOS",
    "Changed",
    "Scenario",
    "calibrate",
    "calibration_table",
    "designs_of",
    "document",
]
