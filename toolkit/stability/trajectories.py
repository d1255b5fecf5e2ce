"""Distance of two trajectories of any loop, run with the same seed from neighbouring starts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy import stats
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from toolkit import labels
from toolkit.systems.validation import integer, real

FloatArray = npt.NDArray[np.float64]

PAIRING = (
    "Replicates are taken in pairs. The mean distance in a pair bounds the 1-Wasserstein distance "
    "of the laws from above, whatever the pairing, and tightly where pairs share their random "
    "numbers; a projection of slope 1, chosen on other replicates, bounds it from below. Total "
    "variation is bounded from below alone: by the difference of the chances of a half space "
    "chosen on other replicates (linear discriminant), a two-sample estimate."
)


def paired_distance(
    first: xr.Dataset,
    second: xr.Dataset,
    *,
    variable: str,
    batches: int = 8,
    confidence: float = 0.95,
) -> xr.Dataset:
    """How far apart the laws of a variable are in two simulations, generation by generation.

    Parameters
    ----------
    first, second : xr.Dataset
        Of :func:`toolkit.simulate`, with the same seed and sizes, of systems that differ in what
        is to be judged: one real image, one text's probability. Of any loop.
    variable : str
        A variable that both recorded.
    batches : int
        Parts of the replicates: what is chosen is chosen without the part that it is used on.
    confidence : float
        Of the interval of the Wasserstein distance.

    Returns
    -------
    xr.Dataset
        Over ``generation``: ``wasserstein_coupled``, ``wasserstein_dual`` and
        ``total_variation_held_out`` with standard errors (``_se``), and the ends of intervals
        ``wasserstein_low``, ``wasserstein_high``, ``total_variation_low``. The attribute
        ``pairing`` says what bounds what.

    Raises
    ------
    ValueError
        When the variable is missing, the datasets do not pair, or replicates are too few.

    Examples
    --------
    >>> import toolkit as tk
    >>> systems = [tk.CoevolvingSystem.on_unit_circle(num_texts=2, variance=1.0, batch_size=50,
    ...                                               text_probs=[p, 1 - p]) for p in (0.5, 0.52)]
    >>> pair = [tk.simulate(system, generations=3, replicates=40, seed=1) for system in systems]
    >>> found = paired_distance(*pair, variable="text_probs")
    >>> round(float(found.wasserstein_coupled[0]), 6)  # sqrt(2) times 0.02
    0.028284
    """
    batches = integer(batches, "batches", 2)
    confidence = real(confidence, "confidence", 0.5, 0.9999)
    one, other = _checked(first, second, variable, batches)
    rows = [_of_generation(one[:, at], other[:, at], batches) for at in range(one.shape[1])]
    stacked = np.moveaxis(np.array(rows), 1, 0)
    names = labels.WASSERSTEIN_COUPLED, labels.WASSERSTEIN_DUAL, labels.TV_HELD_OUT
    found: dict[str, FloatArray] = {}
    for name, values in zip(names, stacked, strict=True):
        found[name] = values.mean(axis=1)
        found[name + labels.OF_ERROR] = values.std(axis=1, ddof=1) / np.sqrt(values.shape[1])
    reach = float(stats.norm.isf((1 - confidence) / 2))

    def end(name: str, sign: int) -> FloatArray:
        return np.maximum(found[name] + sign * reach * found[name + labels.OF_ERROR], 0)

    found[labels.WASSERSTEIN_HIGH] = end(labels.WASSERSTEIN_COUPLED, 1)
    found[labels.WASSERSTEIN_LOW] = np.minimum(
        end(labels.WASSERSTEIN_DUAL, -1), found[labels.WASSERSTEIN_HIGH]
    )
    found[labels.TV_LOW] = end(labels.TV_HELD_OUT, -1)
    return xr.Dataset(
        {name: (labels.GENERATION, values, labels.stability_attrs(name))
         for name, values in found.items()},
        {labels.GENERATION: first[labels.GENERATION]},
        {"variable": variable, "confidence": confidence, "pairing": PAIRING},
    )  # fmt: skip


def _checked(
    first: xr.Dataset, second: xr.Dataset, variable: str, batches: int
) -> tuple[FloatArray, FloatArray]:
    """Values with axes replicate, generation and all others in one."""
    for dataset in (first, second):
        if variable not in dataset:
            known = ", ".join(str(name) for name in dataset.data_vars)
            raise ValueError(f"{variable!r} was not recorded; choose from: {known}.")
    pair = [dataset[variable] for dataset in (first, second)]
    try:
        pair = list(xr.align(*pair, join="exact"))
    except ValueError:
        raise ValueError(
            "the two simulations differ in their replicates, generations or sizes; run both with "
            "the same arguments."
        ) from None
    ahead = (labels.REPLICATE, labels.GENERATION)
    if not set(ahead) <= set(pair[0].dims):
        raise ValueError(f"{variable!r} must have the dims replicate and generation.")
    arrays = [part.transpose(*ahead, ...).values.astype(float) for part in pair]
    flat = [array.reshape(*array.shape[:2], -1) for array in arrays]
    number = flat[0].shape[0]
    if number < 2 * batches:
        raise ValueError(
            f"{number} replicates are too few for {batches} batches; simulate at least "
            f"{2 * batches}."
        )
    return flat[0], flat[1]


def _of_generation(one: FloatArray, other: FloatArray, batches: int) -> FloatArray:
    """Coupled, dual and held-out values of every replicate, shape (3, replicates)."""
    shift = other - one
    part = np.arange(len(one)) % batches
    found = np.zeros((3, len(one)))
    found[0] = np.linalg.norm(shift, axis=1)
    for index in range(batches):
        held, rest = part == index, part != index
        mean = shift[rest].mean(axis=0)
        length = np.linalg.norm(mean)
        if length == 0:
            continue
        found[1, held] = shift[held] @ mean / length
        inside = _half_space(one[rest], other[rest])
        found[2, held] = inside(other[held]).astype(float) - inside(one[held])
    return found


def _half_space(
    one: FloatArray, other: FloatArray
) -> Callable[[FloatArray], npt.NDArray[np.bool_]]:
    """Where points are likelier to be of the second sample."""
    values = np.concatenate([one, other])
    moving = np.ptp(values, axis=0) > 0
    which = np.repeat([0, 1], [len(one), len(other)])
    rule = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    rule.fit(values[:, moving], which)
    return lambda points: np.asarray(rule.predict(points[:, moving]) == 1)
