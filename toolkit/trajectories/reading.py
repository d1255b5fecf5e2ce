"""``read_trajectory``: one labelled dataset from a file, a table, arrays or a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from toolkit import datasets, labels
from toolkit.trajectories.checks import check, known_variables
from toolkit.trajectories.files import DATASETS, check_suffix, read_csv, read_parquet
from toolkit.trajectories.tables import from_table

_DECIMALS = 6


def read_trajectory(
    source: str | Path | pd.DataFrame | xr.Dataset | None = None,
    *,
    score: str | npt.ArrayLike | None = None,
    text_probs: npt.ArrayLike | None = None,
    image_mean: npt.ArrayLike | None = None,
    image_cov: npt.ArrayLike | None = None,
    image_count: npt.ArrayLike | None = None,
    generation: npt.ArrayLike | None = None,
    decimals: int = _DECIMALS,
) -> xr.Dataset:
    """Read the trajectory of a loop, yours or a simulated one, and check it.

    Give either a ``source`` or arrays by name.

    Parameters
    ----------
    source : path, pandas.DataFrame or xr.Dataset, optional
        A path ends in ``.nc``, ``.zarr``, ``.csv`` or ``.parquet``. A table is in long form, its
        rows in any order: columns replicate, generation, text and any of text_probs,
        image_mean_0.., image_cov_0_0.., image_count; or replicate, generation and one column of
        a score (text_diversity, or any other). Without a column replicate there is one replicate.
        A dataset has the dims of ``simulate``'s.
    score : str or array, shape (replicate, generation), optional
        The column (variable) of the source that is the score, if it is not called so; all others
        are then left out. Or the scores themselves.
    text_probs : array, shape (replicate, generation, text), optional
    image_mean : array, shape (replicate, generation, text, feature), optional
    image_cov : array, shape (replicate, generation, text, feature, feature), optional
    image_count : array, shape (replicate, generation, text), optional
    generation : array, shape (generation,), optional
        Of the arrays; 0, 1, 2, ... if left out.
    decimals : int
        Decimals that probabilities were written with: ``num_texts`` rounded numbers have a sum
        within ``num_texts / 2`` units of the last decimal from 1.

    Returns
    -------
    xr.Dataset
        Dims replicate, generation, text, feature, feature_alt, with the toolkit's names and
        units. Generations stay as they are, unequally spaced or with gaps (attribute ``gaps``).
        Where replicates differ in their generations, scores are NaN (attribute ``padded``);
        states must have them in common. Probabilities whose sum is off by rounding are divided by
        it, covariances asymmetric by rounding are averaged with their transpose; the attributes
        ``renormalised`` and ``symmetrised`` tell. Nothing else is changed.

    Raises
    ------
    FileNotFoundError
        When there is no file.
    ValueError
        When anything is missing, repeated or impossible; the message says what and where.
    TypeError
        When the source is of another type.
    ImportError
        When Parquet is to be read and pyarrow is not installed.

    Examples
    --------
    A score of one replicate, with a gap:

    >>> import pandas as pd, toolkit as tk
    >>> table = pd.DataFrame({"generation": [0, 1, 2, 5], "recall": [0.9, 0.8, 0.7, 0.5]})
    >>> observed = tk.read_trajectory(table, score="recall")
    >>> observed.score.dims, observed.attrs["gaps"]
    (('replicate', 'generation'), 'no generation between 2 and 5')

    Probabilities that do not add up:

    >>> tk.read_trajectory(text_probs=[[[0.5, 0.5], [0.5, 0.4]]])
    Traceback (most recent call last):
    ValueError: text_probs sum to 0.9 at replicate 0, generation 1; expected 1 within 1e-06 ...
    """
    if isinstance(decimals, bool) or not isinstance(decimals, int) or not 1 <= decimals <= 17:
        raise ValueError(f"decimals must be a whole number from 1 to 17, not {decimals!r}.")
    arrays: dict[str, Any] = {
        labels.TEXT_PROBS: text_probs,
        labels.IMAGE_MEAN: image_mean,
        labels.IMAGE_COV: image_cov,
        labels.IMAGE_COUNT: image_count,
        labels.SCORE: None if isinstance(score, str) else score,
    }
    arrays = {name: values for name, values in arrays.items() if values is not None}
    if source is None:
        if isinstance(score, str):
            raise ValueError(f"score={score!r} is the name of a column, but there is no source.")
        return check(_from_arrays(arrays, generation), decimals)
    if arrays or generation is not None:
        given = next(iter(arrays), labels.GENERATION)
        raise ValueError(f"give either a source or arrays, not both (a source and {given}=).")
    column = score if isinstance(score, str) else None
    return check(_from_source(source, column), decimals)


def _from_source(source: Any, score: str | None) -> xr.Dataset:
    """The dataset of a file, a table or a dataset, labelled but not yet checked in its values."""
    if isinstance(source, pd.DataFrame):
        return from_table(source, score=score, source="the table", place=_row)
    if isinstance(source, xr.Dataset):
        return _from_dataset(source, score, "the dataset")
    if not isinstance(source, (str, Path)):
        raise TypeError(
            "a trajectory is read from a path, a pandas.DataFrame or an xr.Dataset, not from "
            f"{type(source).__name__}; give arrays by name: read_trajectory(text_probs=...)."
        )
    path = Path(source)
    check_suffix(path)
    if path.suffix in DATASETS:
        return _from_dataset(datasets.load(path), score, str(path))
    if not path.exists():
        raise FileNotFoundError(f"no file at {path}.")
    if path.is_dir():
        raise ValueError(f"{path} is a folder; a table is a file.")
    if path.suffix == ".parquet":
        return from_table(read_parquet(path), score=score, source=str(path), place=_row)
    return _from_lines(read_csv(path, str(path)), score, str(path))


def _row(position: int) -> str:
    return f"row {position} (from 0)"


def read_lines(frame: pd.DataFrame, *, score: str | None, source: str) -> xr.Dataset:
    """A trajectory from lines of a CSV file, checked; messages name its lines.

    Parameters
    ----------
    frame : pandas.DataFrame
        From :func:`read_csv`, or some of its rows.
    score : str, optional
        The column that is the score.
    source : str
        Of messages.
    """
    return check(_from_lines(frame, score, source), _DECIMALS)


def _from_lines(frame: pd.DataFrame, score: str | None, source: str) -> xr.Dataset:
    lines = frame.index.to_numpy() + 2  # the header is line 1
    return from_table(frame, score=score, source=source, place=lambda at: f"line {lines[at]}")


def _from_arrays(arrays: dict[str, Any], generation: npt.ArrayLike | None) -> xr.Dataset:
    """The labelled dataset of arrays, whose shapes must agree."""
    if not arrays:
        raise ValueError(
            "nothing to read: give a path, a pandas.DataFrame, an xr.Dataset, or arrays by name "
            "(text_probs, image_mean, image_cov, image_count, score)."
        )
    variables = {name: _array(name, values) for name, values in arrays.items()}
    sizes: dict[str, tuple[int, str]] = {}  # and where each was met first
    for name, values in variables.items():
        for dim, size in zip(labels.dims(name), values.shape, strict=True):
            # Both axes of a covariance are features.
            known, other = sizes.setdefault(dim.removesuffix("_alt"), (size, f"{name} along {dim}"))
            if size != known:
                raise ValueError(f"{name} has size {size} along {dim}, but {other} has {known}.")
    length = sizes[labels.GENERATION][0]
    at = np.arange(length) if generation is None else np.asarray(generation)
    if at.shape != (length,):
        raise ValueError(
            f"generation has shape {at.shape}; expected ({length},), the arrays' second axis."
        )
    return datasets.trajectory(variables, at, {})


def _array(name: str, values: Any) -> npt.NDArray[Any]:
    """An array of numbers with as many axes as the variable has dims."""
    dims = labels.dims(name)
    try:
        array = np.asarray(values)
    except ValueError:
        array = np.empty(0, dtype=object)  # ragged
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} is not an array of numbers, but of {array.dtype}.")
    if array.ndim != len(dims):
        one = f"; for one replicate give {name}[None]" if array.ndim == len(dims) - 1 else ""
        raise ValueError(f"{name} has shape {array.shape}; expected ({', '.join(dims)}){one}.")
    if 0 in array.shape:
        raise ValueError(f"{name} is empty: its shape is {array.shape}.")
    return array


def _from_dataset(dataset: xr.Dataset, score: str | None, source: str) -> xr.Dataset:
    """A dataset of our form; labels that it lacks are added, nothing that it has is changed."""
    if score is not None:
        if score not in dataset.data_vars:
            raise ValueError(
                f"{source} has no variable {score!r} to read as the score; it has: "
                f"{', '.join(map(str, dataset.data_vars))}."
            )
        known = score in labels.VARIABLES and not labels.variable(score).dims
        dataset = dataset[[score]].rename({} if known else {score: labels.SCORE})
    names = [name for name, _ in known_variables(dataset)]
    if not names and "model" in dataset.attrs and "converged" in dataset.attrs:
        raise ValueError(f"{source} is a fit, not a trajectory; read it with read_fit.")
    if not names:
        has = ", ".join(map(str, dataset.data_vars)) or "no variable"
        raise ValueError(
            f"{source} holds no trajectory: none of its variables is known ({has}); expected "
            "text_probs, image_mean, image_cov, image_count, or a score (score=)."
        )
    for name in names:
        dims = labels.dims(name)
        if dataset[name].dims != dims:
            raise ValueError(
                f"{name} in {source} has dims {dataset[name].dims}, expected {dims}; mend it with "
                f"{_mend(dataset[name], dims)}."
            )
        if dataset[name].dtype.kind not in "fiub":
            raise ValueError(f"{name} in {source} does not hold numbers.")
        if 0 in dataset[name].shape:
            raise ValueError(f"{name} in {source} is empty: its shape is {dataset[name].shape}.")
    return _labelled(dataset, names)


def _mend(array: xr.DataArray, dims: tuple[str, ...]) -> str:
    if set(array.dims) == set(dims):
        return f"transpose({', '.join(map(repr, dims))})"
    if set(dims) - set(array.dims) == {labels.REPLICATE}:
        return f"expand_dims({labels.REPLICATE!r})"
    return "rename"


def _labelled(dataset: xr.Dataset, names: list[str]) -> xr.Dataset:
    """The same with the coordinates, units and long names that it lacks."""
    dataset = dataset.copy()
    for name in names:
        dataset[name].attrs = labels.variable(name).attrs | dataset[name].attrs
        for dim in labels.dims(name):
            if dim not in dataset.coords:
                dataset = dataset.assign_coords({dim: np.arange(dataset.sizes[dim])})
            dataset[dim].attrs = labels.COORDINATES[dim].attrs | dataset[dim].attrs
    return dataset
