"""What can be continued: a fit's last states, its parameters, and the law that leads on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, NamedTuple

import jax
import numpy as np
import numpy.typing as npt
import xarray as xr

from toolkit import labels

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

_LIMITS: dict[str, tuple[float, float]] = {
    labels.INJECTION_PROB: (0.0, 1.0),
    labels.INJECTION_FRACTION: (0.0, 1.0),
    labels.INJECTION_TARGET: (0.0, 1.0),
    labels.REAL_SHARE: (0.0, 1 - 1e-9),
    labels.NUM_USER_IMAGES: (0.0, 1e12),
    # Counts are drawn as 64-bit floats, which hold every whole number up to 2**53.
    labels.EFFECTIVE_BATCH_SIZE: (2.0, 1e15),
    labels.TEXT_TEMPERATURE: (1e-3, 1e3),
    labels.SHRINKAGE_FACTOR: (1e-9, 1e9),
    labels.CONTRACTION_FACTOR: (0.0, 1e3),
    labels.NOISE_SD: (0.0, np.inf),
    labels.DRIFT_SD: (0.0, np.inf),
    labels.COMPONENT_NOISE_SD: (0.0, np.inf),
}


class Paths(NamedTuple):
    """The paths to be drawn.

    Attributes
    ----------
    values : dict of array
        Of the parameters, draws first.
    draw, replicate : array, shape (path,)
        Positions of each path's draw and replicate.
    keys : array, shape (path,)
    anew : bool
        From the first observed state instead of the last.
    overridden : tuple of str
        Which parameters are not as fitted.
    """

    values: dict[str, FloatArray]
    draw: IntArray
    replicate: IntArray
    keys: jax.Array
    anew: bool
    overridden: tuple[str, ...]


class Source(ABC):
    """A fit of one model, as where paths start from and what leads them on.

    Attributes
    ----------
    variables : dict of tuple
        What has a future, with the names of its axes after (replicate, generation).
    parameters : tuple of str
        What can be overridden.
    generation, replicate : array
        Coordinates of what was observed.
    coords : dict of array
        Of the variables' further axes.
    """

    model: ClassVar[str]
    variables: dict[str, tuple[str, ...]]
    parameters: tuple[str, ...]
    coords: dict[str, npt.NDArray[Any]]

    def __init__(self, fit: xr.DataTree) -> None:
        self.observed = fit["observed_data"].to_dataset()
        constant = "constant_data" in fit.children
        self.constant = fit["constant_data"].to_dataset() if constant else xr.Dataset()
        self.generation = self._coordinate(labels.GENERATION)
        self.replicate = self._coordinate(labels.REPLICATE)
        self.coords = {}

    def _coordinate(self, name: str) -> npt.NDArray[Any]:
        if name in self.observed.coords:
            return np.asarray(self.observed[name].values)
        return np.arange(self.observed.sizes[name])

    def size(self, name: str) -> int:
        """Numbers of a variable in one generation."""
        return int(np.prod([len(self.coords[dim]) for dim in self.variables[name]], dtype=int))

    def parameter_shape(self, name: str) -> tuple[int, ...]:
        """Shape of a parameter in one draw."""
        label = labels.PARAMETERS.get(name)
        return () if label is None else tuple(len(self.coords[dim]) for dim in label.dims)

    def limits(self, name: str) -> tuple[float, float]:
        """The range of a parameter."""
        return _LIMITS.get(name, (-np.inf, np.inf))

    @abstractmethod
    def run(self, paths: Paths, generations: int, names: tuple[str, ...]) -> dict[str, FloatArray]:
        """The named variables, shape (path, 1 + generations, ...); the start comes first."""
