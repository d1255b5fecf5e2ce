"""True values drawn from priors, and data sets drawn given them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
import xarray as xr
from numpyro.distributions import Distribution
from tqdm.auto import tqdm

from toolkit.models import Model, Priors

_PROGRESS_AFTER_SECONDS = 2.0


class Drawn(NamedTuple):
    """Data sets with the values that they were drawn from.

    Attributes
    ----------
    values : dict of array, shape (num_datasets, ...)
        By parameter; one that has no true value is missing.
    datasets : list of xr.Dataset
    """

    values: dict[str, np.ndarray]
    datasets: list[xr.Dataset]


def draw_values(priors: Priors, number: int, seed: int) -> dict[str, np.ndarray]:
    """Independent draws of all parameters; a known number is repeated.

    Parameters
    ----------
    priors : mapping
    number : int
    seed : int

    Returns
    -------
    dict of array, shape (number, ...)

    Examples
    --------
    >>> import numpyro.distributions as dist
    >>> values = draw_values({"floor": 0.0, "noise_sd": dist.HalfNormal(1.0)}, 3, seed=1)
    >>> values["floor"].tolist(), values["noise_sd"].shape
    ([0.0, 0.0, 0.0], (3,))
    """
    keys = jax.random.split(jax.random.key(seed), max(len(priors), 1))
    values = {}
    for key, name in zip(keys, sorted(priors), strict=False):
        prior = priors[name]
        if isinstance(prior, Distribution):
            values[name] = np.asarray(prior.sample(key, (number,)))
        else:
            known = np.asarray(prior, float)
            values[name] = np.broadcast_to(known, (number, *known.shape)).copy()
    return values


def from_own_law(
    model: Model, design: Any, priors: Priors, number: int, seed: int, *, progress: bool = True
) -> Drawn:
    """Values from the priors, a data set from the model's own law given each.

    Parameters
    ----------
    model : Model
    design : Any
        Of the model's kind.
    priors : mapping
    number : int
    seed : int
    progress : bool
    """
    key_values, key_data = jax.random.split(jax.random.key(seed))
    values = draw_values(priors, number, int(jax.random.randint(key_values, (), 0, 2**31 - 1)))
    keys = jax.random.split(key_data, number)

    def one(index: int) -> xr.Dataset:
        return model.generate(design, at(values, index), keys[index])

    return Drawn(values, drawn_one_by_one(one, number, progress=progress))


def drawn_one_by_one(
    one: Callable[[int], xr.Dataset], number: int, *, progress: bool = True
) -> list[xr.Dataset]:
    """The data sets of each index, with progress where it lasts."""
    bar = tqdm(
        range(number),
        desc="data sets",
        delay=_PROGRESS_AFTER_SECONDS,
        disable=not progress,
        leave=False,
    )
    return [one(index) for index in bar]


def at(values: Mapping[str, np.ndarray], index: int) -> dict[str, Any]:
    """The values of one data set."""
    return {name: array[index] for name, array in values.items()}


def components(values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Each number of each parameter under a name of its own, shape (num_datasets,).

    Examples
    --------
    >>> list(components({"floor": np.zeros(4), "fixed_point": np.zeros((4, 2))}))
    ['floor', 'fixed_point[0]', 'fixed_point[1]']
    """
    found: dict[str, np.ndarray] = {}
    for name, array in values.items():
        if array.ndim == 1:
            found[name] = array
            continue
        for index in np.ndindex(array.shape[1:]):
            place = ",".join(map(str, index))
            found[f"{name}[{place}]"] = array[(slice(None), *index)]
    return found
