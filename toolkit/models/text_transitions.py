"""Text probabilities before and after each generation, checked, as the text models need them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy import stats

from toolkit import labels

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

#: Probabilities may miss the sum 1 by so much (six written decimals).
_SUM_TOLERANCE = 1e-4
#: A text tells how strong the drift is while its probability is in this range.
_COMMON = (0.02, 0.98)
_MEDIAN_CHI_SQUARE = float(stats.chi2.median(1))


class Transitions(NamedTuple):
    """Pairs of consecutive generations.

    Attributes
    ----------
    before, after : ndarray, shape (replicate, transition, text)
    first : ndarray, shape (transition,)
        Index along ``generation`` of the state before.
    remarks : tuple of str
    """

    before: FloatArray
    after: FloatArray
    first: npt.NDArray[np.intp]
    remarks: tuple[str, ...]


def transitions(dataset: xr.Dataset) -> Transitions:
    """The transitions of ``text_probs`` over one generation.

    Parameters
    ----------
    dataset : xr.Dataset

    Raises
    ------
    ValueError
        When there is none, or the probabilities are not any.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> probs = np.array([[[0.5, 0.5], [0.4, 0.6], [0.3, 0.7]]])
    >>> data = xr.Dataset({"text_probs": (("replicate", "generation", "text"), probs)},
    ...                   coords={"generation": [0, 1, 5]})
    >>> pairs = transitions(data)
    >>> pairs.after.shape, pairs.remarks
    ((1, 1, 2), ('1 of 2 transitions are over more than one generation and were left out.',))
    """
    probs = _checked_probs(dataset)
    count = probs.shape[1]
    generation = (
        np.asarray(dataset[labels.GENERATION])
        if labels.GENERATION in dataset.coords
        else np.arange(count)
    )
    steps = np.diff(generation)
    first = np.flatnonzero(steps == 1)
    if not len(first):
        raise ValueError(
            "text_drift needs states of consecutive generations, but there are none among the "
            f"{count} that were recorded; record every generation (every=1)."
        )
    gaps = len(steps) - len(first)
    remark = (
        f"{gaps} of {len(steps)} transitions are over more than one generation and were left out."
    )
    return Transitions(probs[:, first], probs[:, first + 1], first, (remark,) if gaps else ())


def _checked_probs(dataset: xr.Dataset) -> FloatArray:
    name = labels.TEXT_PROBS
    if name not in dataset:
        has = ", ".join(map(str, dataset.data_vars)) or "none"
        raise ValueError(f"text_drift needs the variable {name}; the data hold: {has}.")
    if set(dataset[name].dims) != set(labels.dims(name)):
        raise ValueError(f"{name} has dims {dataset[name].dims}, expected {labels.dims(name)}.")
    probs = np.asarray(dataset[name].transpose(*labels.dims(name)), float)
    if probs.shape[2] < 2:
        raise ValueError("text_drift needs at least 2 texts; with one nothing can vary.")
    bad = ~(np.isfinite(probs) & (probs >= 0)).all(axis=2)
    bad |= np.abs(probs.sum(axis=2) - 1) > _SUM_TOLERANCE
    if bad.any():
        replicate, generation = np.argwhere(bad)[0]
        raise ValueError(
            f"{name} of replicate {replicate}, generation {generation} (by position) are not "
            f"probabilities with the sum 1: {probs[replicate, generation]}; "
            "tk.read_trajectory checks and mends a file."
        )
    if np.array_equal(probs[:, 1:], probs[:, :-1]):
        lost = " one text has all the mass from the start." if (probs == 1).any(2).all() else ""
        raise ValueError(
            f"nothing varies: {name} are the same in every generation.{lost} Give a trajectory "
            "in which the text model is retrained, from before it collapsed."
        )
    return np.asarray(probs / probs.sum(axis=2, keepdims=True))


def typical_batch_size(pairs: Transitions, variance: FloatArray | None = None) -> float:
    """A rough effective batch size: from the median of squared changes, deaf to rare injections.

    Parameters
    ----------
    pairs : Transitions
    variance : ndarray, shape (replicate, transition, text), optional
        Of one image's posterior; ``p (1 - p)``, that of one-hot posteriors, unless given.

    Returns
    -------
    float
        ``inf`` when no common text ever changes.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> after = rng.multinomial(1000, [0.5, 0.5], size=(1, 2000)) / 1000
    >>> pairs = Transitions(np.full((1, 2000, 2), 0.5), after, np.arange(2000), ())
    >>> bool(800 < typical_batch_size(pairs) < 1200)
    True
    """
    scale = pairs.before * (1 - pairs.before) if variance is None else variance
    live = scale > 0
    common = live & (pairs.before > _COMMON[0]) & (pairs.before < _COMMON[1])
    used = common if common.any() else live
    if not used.any():
        return float("inf")
    ratio = np.square(pairs.after - pairs.before)[used] / scale[used]
    inverse = float(np.median(ratio)) / _MEDIAN_CHI_SQUARE or float(np.mean(ratio))
    return 1 / inverse if inverse > 0 else float("inf")


def checked_target(target: Any, num_texts: int) -> FloatArray:
    """The corpus that injections bring, uniform unless given.

    Raises
    ------
    ValueError
        When it is not one probability for each text.

    Examples
    --------
    >>> checked_target(None, 4)
    array([0.25, 0.25, 0.25, 0.25])
    """
    if target is None:
        return np.full(num_texts, 1 / num_texts)
    array = np.asarray(target, float)
    if array.shape != (num_texts,) or not (array >= 0).all() or abs(array.sum() - 1) > 1e-6:
        raise ValueError(
            f"target must be {num_texts} probabilities with the sum 1, 'infer', or None for the "
            f"uniform corpus, not {target!r}."
        )
    return array / array.sum()
