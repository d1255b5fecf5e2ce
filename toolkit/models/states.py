"""The state of a loop as one row of numbers, and its transitions over gaps: for ``retraining``."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from toolkit import labels
from toolkit.models.recorded import check_magnitude

FloatArray = npt.NDArray[np.float64]
_TRAJECTORY = (labels.REPLICATE, labels.GENERATION)
#: Looked for in this order.
_PREFERRED = (labels.MODEL_LOCATION, labels.IMAGE_MEAN, labels.SCORE, labels.TEXT_PROBS)


class Transitions(NamedTuple):
    """Each state that was seen, with the one seen before it in the same replicate.

    Attributes
    ----------
    before, after : array, shape (replicate, generation - 1, component)
        0 where there is no transition.
    gap : array, shape (replicate, generation - 1)
        Generations between the two; 1 where there is no transition.
    seen : array of bool, shape (replicate, generation - 1)
    last : array, shape (component,)
        Mean over replicates of the last state seen of each.
    """

    before: FloatArray
    after: FloatArray
    gap: FloatArray
    seen: npt.NDArray[np.bool_]
    last: FloatArray


def states(dataset: xr.Dataset, variable: str | None = None) -> tuple[xr.DataArray, list[str]]:
    """A variable as dims (replicate, generation, component), and what was left out of it.

    Parameters
    ----------
    dataset : xr.Dataset
    variable : str, optional
        ``model_location``, else ``image_mean``, ``score`` or ``text_probs`` unless told
        otherwise.

    Raises
    ------
    ValueError
        When there is no such variable, or it has no transition or no variation.

    Examples
    --------
    >>> import xarray as xr
    >>> data = xr.Dataset({"score": (("replicate", "generation"), [[0.9, 0.8, 0.6]])},
    ...                   coords={"generation": [0, 1, 5]})
    >>> array, remarks = states(data)
    >>> array.dims, array.component.item()
    (('replicate', 'generation', 'component'), 'score')
    """
    array = _chosen(dataset, variable)
    generation = np.asarray(array[labels.GENERATION].values)
    if len(generation) < 2 or (np.diff(generation) <= 0).any():
        raise ValueError(
            f"{array.name} has generations {generation[:5].tolist()}; expected two or more that "
            "increase."
        )
    flat = _flattened(array)
    remarks: list[str] = []
    if array.name == labels.TEXT_PROBS:
        flat = flat.isel({labels.COMPONENT: slice(None, -1)})
        remarks.append("the probability of the last text is left out: the others determine it.")
    if np.isinf(flat.values).any():
        raise ValueError(f"{flat.name} holds infinite values; expected numbers, or NaN for gaps.")
    check_magnitude(str(flat.name), flat.values)
    low, high = np.nanmin(_finite(flat), axis=(0, 1)), np.nanmax(_finite(flat), axis=(0, 1))
    constant = ~(high > low)
    if constant.all():
        raise ValueError(f"no component of {flat.name} varies: there is nothing to fit.")
    if constant.any():
        names = ", ".join(flat[labels.COMPONENT].values[constant][:3].tolist())
        remarks.append(f"{int(constant.sum())} components never vary and are left out: {names}.")
        flat = flat.isel({labels.COMPONENT: np.nonzero(~constant)[0]})
    return flat, remarks


def _finite(array: xr.DataArray) -> FloatArray:
    values = np.asarray(array.values, float)
    empty = np.isnan(values).all(axis=(1, 2))
    if empty.any():
        which = array[labels.REPLICATE].values[empty.argmax()].item()
        raise ValueError(f"replicate {which!r} has no number of {array.name}; leave it out.")
    return values


def _chosen(dataset: xr.Dataset, variable: str | None) -> xr.DataArray:
    suitable = [
        str(name)
        for name, array in dataset.data_vars.items()
        if array.dims[:2] == _TRAJECTORY and array.dtype.kind in "fiu"
    ]
    if variable is None:
        variable = next((name for name in _PREFERRED if name in suitable), None)
    if variable is None or variable not in suitable:
        wanted = f"one of {', '.join(_PREFERRED)}" if variable is None else repr(variable)
        raise ValueError(
            f"expected {wanted} with dims (replicate, generation, ...) in the dataset; choose "
            f"variable= from: {', '.join(suitable) or 'none'}."
        )
    return dataset[variable]


def _flattened(array: xr.DataArray) -> xr.DataArray:
    """All dims after the first two in one row, its entries named by their coordinates."""
    names = component_names(array)
    shape = (*array.shape[:2], len(names))
    coordinates = {dim: array[dim] for dim in _TRAJECTORY}
    return xr.DataArray(
        np.asarray(array.values, float).reshape(shape),
        dims=(*_TRAJECTORY, labels.COMPONENT),
        coords={**coordinates, labels.COMPONENT: names},
        name=array.name,
        attrs=array.attrs,
    )


def component_names(array: xr.DataArray) -> list[str]:
    """A name for each number of one state, by its coordinates: ``text 0, feature 1``.

    Parameters
    ----------
    array : xr.DataArray, dims (replicate, generation, ...)

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> component_names(xr.DataArray(np.zeros((1, 2, 2)), dims=("replicate", "generation", "text")))
    ['text 0', 'text 1']
    """
    rest = array.dims[2:]
    if not rest:
        return [str(array.name)]
    each = [[f"{dim} {value}" for value in array[dim].values.tolist()] for dim in rest]
    return [", ".join(parts) for parts in itertools.product(*each)]


def transitions(array: xr.DataArray) -> Transitions:
    """Pairs of states that follow one another in a replicate, gaps passed over.

    Parameters
    ----------
    array : xr.DataArray, dims (replicate, generation, component)
        A state with a NaN in any component counts as unseen.

    Raises
    ------
    ValueError
        When there is none.
    """
    values = np.asarray(array.values, float)
    known = ~np.isnan(values).any(axis=2)
    generation = np.asarray(array[labels.GENERATION].values, float)
    # Position of the last state seen up to each generation, -1 before the first.
    last = np.maximum.accumulate(np.where(known, np.arange(known.shape[1]), -1), axis=1)
    seen = known[:, 1:] & (last[:, :-1] >= 0)
    if not seen.any():
        raise ValueError(f"no replicate has {array.name} at two generations: no transition.")
    source = np.where(seen, last[:, :-1], 0)
    before = np.take_along_axis(values, source[..., None], axis=1)
    return Transitions(
        before=np.where(seen[..., None], before, 0.0),
        after=np.where(seen[..., None], values[:, 1:], 0.0),
        gap=np.where(seen, generation[1:] - generation[source], 1.0),
        seen=seen,
        last=values[np.arange(len(values)), last[:, -1]].mean(axis=0),
    )
