"""A scalar score taken from a dataset and checked: what ``diversity_decay`` is fitted to."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from toolkit import labels, measures
from toolkit.models.recorded import check_magnitude

FloatArray = npt.NDArray[np.float64]

_FEWEST_GENERATIONS = 3
#: A diversity up to this share of the largest is taken for zero.
_ZERO = 1e-9


class Scores(NamedTuple):
    """Scores with their gaps.

    Attributes
    ----------
    array : xr.DataArray, dims (replicate, generation)
        In the user's units, NaN where nothing was observed.
    seen : array of bool, shape (replicate, generation)
    remarks : tuple of str
    """

    array: xr.DataArray
    seen: npt.NDArray[np.bool_]
    remarks: tuple[str, ...]

    @property
    def values(self) -> FloatArray:
        """The scores that were seen, in one row."""
        return np.asarray(self.array.values[self.seen], float)


def scores(
    dataset: xr.Dataset, variable: str | None = None, text: Any = None, *, absorbing: bool = True
) -> Scores:
    """Take a score from a dataset: which one, checked, with what must be known of it.

    Parameters
    ----------
    dataset : xr.Dataset
    variable : str, optional
        ``score`` unless told otherwise, or else ``text_diversity``, which is computed from
        ``text_probs`` where only these are there.
    text : optional
        The text, for a variable with one score for each.
    absorbing : bool
        Whether a score that reached zero is left out from there on.

    Raises
    ------
    ValueError
        When there is no such score, or nothing can be learned from it.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> data = xr.Dataset({"score": (("replicate", "generation"), [[0.9, np.nan, 0.7, 0.6]])},
    ...                   coords={"generation": [0, 1, 2, 5]})
    >>> found = scores(data)
    >>> found.array.name, int(found.seen.sum())
    ('score', 3)
    """
    array = _one_text(_chosen(dataset, variable), text)
    values = np.asarray(array.values, float)
    seen = np.isfinite(values)
    _check(array, values, seen)
    absorbed = _absorbed(values, seen) if absorbing else np.zeros_like(seen)
    remarks = _remarks(array, values, seen, absorbed)
    return Scores(array.copy(data=values), seen & ~absorbed, remarks)


def _chosen(dataset: xr.Dataset, variable: str | None) -> xr.DataArray:
    if variable is None:
        preferred = (labels.SCORE, labels.TEXT_DIVERSITY)
        variable = next((name for name in preferred if name in dataset), None)
        if variable is None and labels.TEXT_PROBS in dataset:
            return _text_diversity(dataset[labels.TEXT_PROBS])
    if variable is None or variable not in dataset:
        suitable = [str(name) for name in dataset.data_vars if _is_score(dataset[name])]
        wanted = "a score" if variable is None else repr(variable)
        raise ValueError(
            f"expected {wanted} in the dataset; choose variable= from: "
            f"{', '.join(suitable) or 'none (no variable has one number per generation)'}."
        )
    return dataset[variable]


def _is_score(array: xr.DataArray) -> bool:
    trajectory = (labels.REPLICATE, labels.GENERATION)
    return array.dims in (trajectory, (*trajectory, labels.TEXT)) and array.dtype.kind in "fiu"


def _text_diversity(text_probs: xr.DataArray) -> xr.DataArray:
    values = np.asarray(measures.text_diversity(text_probs.values))
    diversity = text_probs.isel({labels.TEXT: 0}, drop=True).copy(data=values)
    label = labels.variable(labels.TEXT_DIVERSITY)
    return diversity.rename(label.name).assign_attrs(label.attrs)


def _one_text(array: xr.DataArray, text: Any) -> xr.DataArray:
    expected = (labels.REPLICATE, labels.GENERATION)
    if array.dims == (*expected, labels.TEXT):
        known = array[labels.TEXT].values.tolist()
        if text is None or text not in known:
            came = "none is given" if text is None else f"there is no {text!r}"
            raise ValueError(
                f"{array.name} has a score for each text, expected one of them as text=, but "
                f"{came}; choose from: {', '.join(map(repr, known[:10]))}."
            )
        return array.isel({labels.TEXT: known.index(text)})
    if array.dims != expected:
        raise ValueError(f"{array.name} has dims {array.dims}, expected {expected}.")
    if text is not None:
        raise ValueError(f"{array.name} has no dim text; leave text={text!r} out.")
    return array


def _check(array: xr.DataArray, values: FloatArray, seen: npt.NDArray[np.bool_]) -> None:
    name = array.name
    if np.isinf(values).any():
        raise ValueError(f"{name} holds infinite values; expected numbers, or NaN where missing.")
    if not seen.any():
        raise ValueError(f"{name} holds no number at all.")
    check_magnitude(str(name), values)
    empty = ~seen.any(axis=1)
    if empty.any():
        which = array[labels.REPLICATE].values[empty.argmax()].item()
        raise ValueError(f"replicate {which!r} has no number of {name}; leave it out.")
    count = int(seen.any(axis=0).sum())
    if count < _FEWEST_GENERATIONS:
        raise ValueError(
            f"expected {name} at {_FEWEST_GENERATIONS} generations or more, but it is known at "
            f"{count}: a decay and its floor cannot be told from two points."
        )
    if np.ptp(values[seen]) == 0:
        raise ValueError(f"every {name} is {values[seen][0]:g}: nothing decays and nothing varies.")


def _absorbed(values: FloatArray, seen: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Zeros that follow a zero up to the end of a replicate.

    What is lost in a closed loop stays lost without any noise, so that these say nothing of the
    rate; that the trajectory is followed up to its first zero biases no one-step mean.
    """
    zero = np.where(seen, np.abs(values) <= _ZERO * np.abs(values[seen]).max(), True)
    ends_in_zeros = np.logical_and.accumulate(zero[:, ::-1], axis=1)[:, ::-1]
    first = np.cumsum(ends_in_zeros & seen, axis=1) == 1
    absorbed: npt.NDArray[np.bool_] = ends_in_zeros & seen & ~first
    return absorbed


def _remarks(
    array: xr.DataArray,
    values: FloatArray,
    seen: npt.NDArray[np.bool_],
    absorbed: npt.NDArray[np.bool_],
) -> tuple[str, ...]:
    found = []
    if absorbed.any():
        found.append(
            f"{int(absorbed.any(axis=1).sum())} of {len(values)} replicates end in zeros: what "
            "follows their first zero is left out, for it cannot change any more."
        )
    if not seen.all():
        found.append(
            f"{int((~seen).sum())} of {seen.size} scores are missing; they are summed out exactly."
        )
    some = np.nonzero(seen.any(axis=0))[0]
    first, last = (values[:, at][seen[:, at]].mean() for at in (some[0], some[-1]))
    if last > first:
        found.append(
            f"{array.name} rises, from {first:.3g} to {last:.3g} on average: the floor is then "
            "the level that it rises to, not what is left of it."
        )
    return tuple(found)
