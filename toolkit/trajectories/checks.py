"""What must hold of a trajectory's values, whatever it was read from.

Each check names the first offender by its coordinates. Two things are mended, both within the
rounding of the numbers and both noted in the attributes: the sum of probabilities and the
symmetry of covariances.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from toolkit import labels

Mask = npt.NDArray[np.bool_]

#: Relative to the scale of its two features, an asymmetry up to this is taken for rounding.
SYMMETRY = 1e-6
#: Gaps and replicates named in an attribute; the rest is counted.
_NAMED = 5


def check(dataset: xr.Dataset, decimals: int) -> xr.Dataset:
    """The dataset, mended within rounding and with notes on gaps, or an error.

    Parameters
    ----------
    dataset : xr.Dataset
        With coordinates.
    decimals : int
        Decimals that the probabilities were written with.

    Raises
    ------
    ValueError
        When a value cannot be one of a trajectory.
    """
    for dim in (labels.REPLICATE, labels.TEXT):
        index = dataset.get_index(dim) if dim in dataset.dims else pd.Index([])
        for repeated in index[index.duplicated()].tolist():
            raise ValueError(f"{dim} {repeated!r} occurs twice; keep one.")
    dataset = _whole_generations(dataset)
    for name, label in known_variables(dataset):
        _check_finite(dataset, name, may_have_gaps=not label.dims)
    dataset = _as_floats(dataset)
    if labels.TEXT_PROBS in dataset:
        dataset = _probabilities(dataset, decimals)
    if labels.IMAGE_COUNT in dataset:
        dataset = _counts(dataset)
    if labels.IMAGE_COV in dataset:
        dataset = _symmetric(dataset)
        _check_positive_definite(dataset)
    return _with_notes(dataset)


def known_variables(dataset: xr.Dataset) -> Iterator[tuple[str, labels.Label]]:
    """Names and labels of the dataset's variables that the toolkit knows."""
    for name in map(str, dataset.data_vars):
        if name in labels.VARIABLES or name in labels.OBSERVED:
            yield name, labels.variable(name)


def where(array: xr.DataArray, bad: Mask) -> str:
    """The first place of a mask over an array's leading dims, with the number of others."""
    index = np.unravel_index(int(bad.argmax()), bad.shape)
    parts = [
        f"{dim} {array[dim].values[at].item()!r}"
        for dim, at in zip(array.dims, index, strict=False)
    ]
    others = int(bad.sum()) - 1
    return ", ".join(parts) + (f" (and {others} more)" if others else "")


def _simulated(dataset: xr.Dataset) -> bool:
    return labels.SYSTEM in dataset.attrs


def _as_floats(dataset: xr.Dataset) -> xr.Dataset:
    """Quantities that happen to be whole numbers, as floats like all others."""
    quantities = (labels.TEXT_PROBS, labels.IMAGE_MEAN, labels.IMAGE_COV, labels.SCORE)
    whole = [name for name in quantities if name in dataset and dataset[name].dtype.kind != "f"]
    return dataset.assign({name: dataset[name].astype(float) for name in whole})


def _whole_generations(dataset: xr.Dataset) -> xr.Dataset:
    generation = dataset[labels.GENERATION].values
    if generation.dtype.kind not in "iuf":
        raise ValueError(f"generation must be whole numbers, not {generation.dtype}.")
    wrong = ~((generation >= 0) & (generation == np.floor(generation)))
    if wrong.any():
        raise ValueError(
            f"generation is {generation[wrong][0]} at position {wrong.argmax()}; expected whole "
            "numbers from 0."
        )
    back = np.diff(generation) <= 0
    if back.any():
        here = int(back.argmax())
        raise ValueError(
            f"generation must increase, but {generation[here + 1]} follows {generation[here]}; "
            "sort the generations and leave duplicates out."
        )
    if generation.dtype.kind != "f":
        return dataset
    at = dataset[labels.GENERATION]
    return dataset.assign_coords({labels.GENERATION: at.copy(data=generation.astype(np.int64))})


def _check_finite(dataset: xr.Dataset, name: str, *, may_have_gaps: bool) -> None:
    values = dataset[name].values
    bad = ~np.isfinite(values)
    if may_have_gaps and not _simulated(dataset):
        empty = np.isnan(values).all(axis=1)
        if empty.any():
            raise ValueError(f"{name} has no number at all at {where(dataset[name], empty)}.")
        bad = np.isinf(values)
    if bad.any():
        value = values[np.unravel_index(int(bad.argmax()), bad.shape)]
        raise ValueError(f"{name} is {value} at {where(dataset[name], bad)}; expected a number.")


def _probabilities(dataset: xr.Dataset, decimals: int) -> xr.Dataset:
    """Probabilities within [0, 1] whose sums are 1 but for rounding, and then exactly."""
    probs = dataset[labels.TEXT_PROBS]
    values = probs.values
    unit = 10.0**-decimals
    for bad, limit in ((values < 0, "0 or more"), (values > 1 + unit / 2, "at most 1")):
        if bad.any():
            value = values[np.unravel_index(int(bad.argmax()), bad.shape)]
            raise ValueError(f"text_probs is {value} at {where(probs, bad)}; expected {limit}.")
    num_texts = values.shape[-1]
    total = values.sum(axis=-1, dtype=float)
    # Each of the numbers may be off by half a unit of its last decimal.
    allowed = num_texts * unit / 2 * (1 + 1e-9)
    bad = np.abs(total - 1) > allowed
    if bad.any():
        raise ValueError(
            f"text_probs sum to {total[bad][0]:.9g} at {where(probs, bad)}; expected 1 within "
            f"{allowed:.2g} (numbers of {decimals} decimals). Divide by the sum, add the missing "
            "texts, or say how many decimals the numbers have (decimals=)."
        )
    rounding = max(64, 4 * num_texts) * _epsilon(values)
    off = np.abs(total - 1) > rounding
    if not off.any():
        return dataset
    # The rest stays as it is, bit for bit.
    scale = np.where(off, total, 1.0).astype(values.dtype)[..., None]
    note = (
        f"text_probs divided by their sums in {int(off.sum())} of {off.size} states; the sums "
        f"were off by at most {np.abs(total - 1).max():.2g}"
    )
    mended = dataset.assign({labels.TEXT_PROBS: probs.copy(data=values / scale)})
    return mended.assign_attrs({labels.RENORMALISED: note})


def _counts(dataset: xr.Dataset) -> xr.Dataset:
    count = dataset[labels.IMAGE_COUNT]
    values = count.values
    bad = ~((values >= 0) & (values == np.floor(values)))
    if bad.any():
        value = values[np.unravel_index(int(bad.argmax()), bad.shape)]
        raise ValueError(
            f"image_count is {value} at {where(count, bad)}; expected whole numbers from 0."
        )
    if values.dtype.kind in "iu":
        return dataset
    return dataset.assign({labels.IMAGE_COUNT: count.copy(data=values.astype(np.int64))})


def _symmetric(dataset: xr.Dataset) -> xr.Dataset:
    """Covariances that are symmetric but for rounding, and then exactly."""
    cov = dataset[labels.IMAGE_COV]
    values = cov.values
    if values.shape[-1] != values.shape[-2]:
        raise ValueError(
            f"image_cov is {values.shape[-2]} x {values.shape[-1]} for each text; expected as many "
            "rows as columns."
        )
    swapped = np.swapaxes(values, -1, -2)
    if np.array_equal(values, swapped):
        return dataset
    scale = np.sqrt(np.abs(np.diagonal(values, axis1=-2, axis2=-1)))
    scale = scale[..., :, None] * scale[..., None, :]
    off = np.abs(values - swapped)
    bad = (off > SYMMETRY * scale).any(axis=(-1, -2))
    if bad.any():
        first = np.unravel_index(int(bad.argmax()), bad.shape)
        i, j = np.unravel_index(int(off[first].argmax()), off[first].shape)
        raise ValueError(
            f"image_cov is not symmetric at {where(cov, bad)}: entry {i}, {j} is "
            f"{values[first][i, j]:.9g} but entry {j}, {i} is {values[first][j, i]:.9g}."
        )
    beyond = (off > 64 * _epsilon(values) * scale).any(axis=(-1, -2))
    if not beyond.any():
        return dataset
    note = (
        f"image_cov averaged with its transpose in {int(beyond.sum())} of {beyond.size} places; "
        f"entries differed by at most {off.max():.2g}"
    )
    mended = np.where(beyond[..., None, None], (values + swapped) / 2, values)
    return dataset.assign({labels.IMAGE_COV: cov.copy(data=mended)}).assign_attrs(
        {labels.SYMMETRISED: note}
    )


def _check_positive_definite(dataset: xr.Dataset) -> None:
    """Every covariance is positive definite, but for those of texts that are not there.

    A simulated covariance may have collapsed until it underflows: none of it may be negative.
    """
    cov = dataset[labels.IMAGE_COV]
    values = cov.values
    try:
        np.linalg.cholesky(values)  # far cheaper than eigenvalues, but does not tell where
        return
    except np.linalg.LinAlgError:
        eigenvalues = np.linalg.eigvalsh(values)
    smallest, largest = eigenvalues[..., 0], eigenvalues[..., -1]
    # Numbers below the smallest normal one have few digits, or none.
    rounding = 64 * (_epsilon(values) * largest + float(np.finfo(values.dtype).smallest_normal))
    bad = smallest < -rounding if _simulated(dataset) else smallest <= 0
    absent = np.zeros(bad.shape, bool)
    if labels.TEXT_PROBS in dataset:
        absent |= dataset[labels.TEXT_PROBS].values == 0
    if labels.TEXT_ACTIVE in dataset:
        absent |= ~dataset[labels.TEXT_ACTIVE].values.astype(bool)
    bad &= ~(absent & (values == 0).all(axis=(-1, -2)))
    if bad.any():
        raise ValueError(
            f"image_cov is not positive definite at {where(cov, bad)}: its smallest eigenvalue is "
            f"{smallest[bad][0]:.3g}. A covariance of {values.shape[-1]} features needs more than "
            f"{values.shape[-1]} different images, and digits enough to be written with."
        )


def _epsilon(values: npt.NDArray[np.floating]) -> float:
    """Relative rounding of the values' own type."""
    return float(np.finfo(values.dtype).eps)


def _with_notes(dataset: xr.Dataset) -> xr.Dataset:
    """Attributes that tell of unequal spacing and of replicates without some generations."""
    notes = {}
    generation = dataset[labels.GENERATION].values
    spacing = np.diff(generation)
    wide = np.flatnonzero(spacing > spacing.min()) if len(spacing) else spacing
    if len(wide):
        between = [f"{generation[i]} and {generation[i + 1]}" for i in wide]
        notes[labels.GAPS] = f"no generation between {_some(between)}"
    padded = [_padding(dataset[name]) for name, label in known_variables(dataset) if not label.dims]
    if any(padded):
        notes[labels.PADDED] = "; ".join(filter(None, padded))
    # Notes of an earlier reading may no longer be true.
    kept = {k: v for k, v in dataset.attrs.items() if k not in (labels.GAPS, labels.PADDED)}
    return dataset.drop_attrs(deep=False).assign_attrs(kept | notes)


def _padding(score: xr.DataArray) -> str:
    missing = np.isnan(score.values)
    if not missing.any():
        return ""
    generation = score[labels.GENERATION].values
    lines = [
        f"replicate {score[labels.REPLICATE].values[i].item()!r} "
        f"at generation {_some([str(g) for g in generation[missing[i]]])}"
        for i in np.flatnonzero(missing.any(axis=1))
    ]
    return f"no {score.name} (NaN) of {_some(lines)}"


def _some(parts: list[str]) -> str:
    more = len(parts) - _NAMED
    return ", ".join(parts[:_NAMED]) + (f" and {more} more" if more > 0 else "")
