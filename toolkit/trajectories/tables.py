"""Long tables: one row for each replicate, generation and text, or for each generation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from toolkit import datasets, labels
from toolkit.trajectories.checks import known_variables
from toolkit.trajectories.columns import KEYS, Columns, choose_columns, column_names

Array = npt.NDArray[Any]

#: A table with fewer of its (replicate, generation) pairs than this is a mistake, and one that
#: could fill the memory: the number of a row read as a replicate, for instance.
_LEAST_SHARE = 1 / 64
_LARGE = 2**20
#: How programs write that there is no number.
_NO_NUMBER = ("nan", "na", "n/a", "none", "null")
_NO_ROW = "A generation that was not observed has no row."


def to_table(dataset: xr.Dataset, variables: Sequence[str] | None = None) -> pd.DataFrame:
    """A trajectory as a table in long form, for CSV, Parquet or another program.

    Parameters
    ----------
    dataset : xr.Dataset
        A trajectory, for instance from ``simulate``.
    variables : sequence of str, optional
        Either variables with a number for each text (and feature), one row for each replicate,
        generation and text; or variables with one number for each replicate and generation. By
        default all of the first kind, and where there are none, all of the second.

    Returns
    -------
    pandas.DataFrame
        Columns replicate, generation, (text,) and one for each number, such as ``image_cov_0_1``.
        A generation without a value (NaN) has no row.

    Raises
    ------
    ValueError
        When there is nothing to write, or both kinds are asked for.

    Examples
    --------
    >>> import toolkit as tk
    >>> system = tk.CoevolvingSystem.on_unit_circle(num_texts=3, variance=1.0, batch_size=50)
    >>> simulated = tk.simulate(system, generations=2, replicates=2, seed=1)
    >>> table = tk.to_table(simulated, ["text_probs"])
    >>> list(table.columns), len(table)
    (['replicate', 'generation', 'text', 'text_probs'], 18)
    >>> tk.read_trajectory(table).equals(simulated[["text_probs"]])
    True
    """
    label_of = dict(known_variables(dataset))
    if variables is None:
        variables = [n for n in label_of if label_of[n].dims] or list(label_of)
    elif isinstance(variables, str):
        variables = [variables]
    unknown = [name for name in variables if name not in label_of]
    if unknown or not variables:
        raise ValueError(
            f"the dataset has no variable {unknown[0]!r} to write; it has: {', '.join(label_of)}."
            if unknown
            else "the dataset has no variable of a trajectory to write."
        )
    by_text = [name for name in variables if label_of[name].dims]
    whole = [name for name in variables if not label_of[name].dims]
    if by_text and whole:
        raise ValueError(
            f"{by_text[0]} has a number for each text, {whole[0]} one for each generation; write "
            "two tables."
        )
    keys = KEYS if by_text else KEYS[:2]
    grid = np.meshgrid(*(dataset[key].values for key in keys), indexing="ij")
    table = {key: values.ravel() for key, values in zip(keys, grid, strict=True)}
    for name in variables:
        values = dataset[name].transpose(*labels.dims(name)).values
        parts = values.reshape(len(table[labels.GENERATION]), -1)
        num_features = dataset.sizes.get(labels.FEATURE, 0)
        for index, column in enumerate(column_names(name, num_features)):
            table[column] = parts[:, index]
    frame = pd.DataFrame(table)
    gaps = frame[list(whole)].isna().all(axis=1) if whole else None
    return frame if gaps is None or not gaps.any() else frame[~gaps].reset_index(drop=True)


def from_table(
    frame: pd.DataFrame, *, score: str | None, source: str, place: Callable[[int], str]
) -> xr.Dataset:
    """A trajectory from a table in long form, its rows in any order.

    Parameters
    ----------
    frame : pandas.DataFrame
    score : str, optional
        The column that is read as a score.
    source : str
        What messages call the table.
    place : callable
        What messages call the row at a position.

    Raises
    ------
    ValueError
        When columns or rows are missing, repeated or unknown, or entries are no numbers.
    """
    if any(name in KEYS for name in frame.index.names):
        frame = frame.reset_index()
    frame = frame.rename(columns=lambda name: str(name).strip())
    columns = choose_columns(list(frame.columns), score, source)
    if not len(frame):
        raise ValueError(f"{source} has columns but no rows.")
    coordinates, codes = _keys(frame, columns.keys, source, place)
    by_text = labels.TEXT in coordinates
    _check_duplicates(columns.keys, codes, coordinates, place)
    shape = tuple(len(values) for values in coordinates.values())
    if by_text:
        _check_complete(codes, coordinates, source)
    elif len(frame) < _LEAST_SHARE * shape[0] * shape[1] and shape[0] * shape[1] > _LARGE:
        raise ValueError(
            f"{source} has {len(frame)} rows for {shape[0]} replicates and {shape[1]} "
            "generations, few of which have a row; is one of the columns the number of a row?"
        )
    position = np.ravel_multi_index(codes, shape)
    variables = {}
    for name, parts in columns.variables.items():
        numbers = [_numbers(frame, part, place) for part in parts]
        shape_of_entry = (columns.num_features,) * (len(labels.variable(name).dims) - by_text)
        variables[name] = _placed(numbers, position, shape).reshape(*shape, *shape_of_entry)
    return _labelled(variables, coordinates, columns)


def _labelled(
    variables: dict[str, Array], coordinates: dict[str, Array], columns: Columns
) -> xr.Dataset:
    """The dataset with the table's own names of replicates and texts."""
    attrs = {labels.LEFT_OUT: ", ".join(columns.left_out)} if columns.left_out else {}
    dataset = datasets.trajectory(variables, coordinates[labels.GENERATION], attrs)
    dataset = dataset.assign_coords(
        {dim: (dim, at, labels.COORDINATES[dim].attrs) for dim, at in coordinates.items()}
    )
    if columns.renamed:
        dataset[labels.SCORE].attrs["long_name"] = columns.renamed
    return dataset


def _placed(numbers: list[Array], position: Array, shape: tuple[int, ...]) -> Array:
    """The columns' numbers at their places; NaN where a score has no row."""
    dtype = np.result_type(*numbers)
    total = int(np.prod(shape))
    if len(position) < total:
        placed = np.full((total, len(numbers)), np.nan)
    else:
        placed = np.empty((total, len(numbers)), dtype)
    for index, values in enumerate(numbers):
        placed[position, index] = values
    return placed


def _keys(
    frame: pd.DataFrame, keys: tuple[str, ...], source: str, place: Callable[[int], str]
) -> tuple[dict[str, Array], tuple[Array, ...]]:
    """The coordinates, sorted, and each row's position along them."""
    coordinates: dict[str, Array] = {}
    codes = []
    for key in (labels.REPLICATE, labels.GENERATION, *(keys[-1:] if keys[-1] == KEYS[-1] else ())):
        if key in keys:
            values = _key(frame[key], key, place)
            code, unique = pd.factorize(values, sort=True)
        else:
            code, unique = np.zeros(len(frame), np.intp), np.zeros(1, np.int64)
        coordinates[key] = np.asarray(unique)
        codes.append(code)
    return coordinates, tuple(codes)


def _key(series: pd.Series, key: str, place: Callable[[int], str]) -> Array:
    """Whole numbers, or names where they are not numbers (not of generations)."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(series.cat.categories.dtype)
    if key != labels.GENERATION and not pd.api.types.is_numeric_dtype(series.dtype):
        missing = series.isna().to_numpy()
        if missing.any():
            raise ValueError(f"{key} is empty at {place(int(missing.argmax()))}.")
        return series.astype(str).to_numpy(dtype=str)
    values = _numbers(series.to_frame(), key, place)
    wrong = values != np.floor(values)
    if key == labels.GENERATION:
        wrong |= values < 0
    wrong |= np.abs(values) > 2**53
    if wrong.any():
        at = int(wrong.argmax())
        least = " from 0" if key == labels.GENERATION else ", or names"
        raise ValueError(
            f"{key} is {values[at]:.17g} at {place(at)}; expected whole numbers{least}."
        )
    return values.astype(np.int64)


def _numbers(frame: pd.DataFrame, column: str, place: Callable[[int], str]) -> Array:
    """A column's finite numbers, or truth values."""
    series = frame[column]
    if not pd.api.types.is_numeric_dtype(series.dtype):
        converted = pd.to_numeric(series.astype(object), errors="coerce")
        words = (converted.isna() & series.notna()).to_numpy()
        if words.any():
            at = int(words.argmax())
            word = series.iloc[at]
            missing = str(word).strip().lower() in _NO_NUMBER
            raise ValueError(
                f"{column} is {word!r} at {place(at)}{_and_more(words)}; expected a number"
                + (f". {_NO_ROW}" if missing else ", with a decimal point.")
            )
        series = converted
    if series.dtype.kind in "iub" and not series.hasnans:
        return np.asarray(series.to_numpy(dtype=bool if series.dtype.kind == "b" else np.int64))
    if series.dtype.kind not in "iubf":
        raise ValueError(f"{column} does not hold numbers, but {series.dtype}.")
    values = series.to_numpy(dtype=float, na_value=np.nan)
    bad = ~np.isfinite(values)
    if bad.any():
        at = int(bad.argmax())
        what = "empty" if np.isnan(values[at]) else str(values[at])
        raise ValueError(
            f"{column} is {what} at {place(at)}{_and_more(bad)}; expected a number. {_NO_ROW}"
        )
    return values


def _and_more(bad: Array) -> str:
    more = int(bad.sum()) - 1
    return f" (and {more} more)" if more else ""


def _check_duplicates(
    keys: tuple[str, ...],
    codes: tuple[Array, ...],
    coordinates: dict[str, Array],
    place: Callable[[int], str],
) -> None:
    of_rows = pd.DataFrame(dict(enumerate(codes)))
    repeated = of_rows.duplicated().to_numpy()
    if not repeated.any():
        return
    second = int(repeated.argmax())
    same = np.logical_and.reduce([code == code[second] for code in codes])
    at = {key: coordinates[key][code[second]] for key, code in zip(coordinates, codes, strict=True)}
    row = ", ".join(f"{key} {at[key].item()!r}" for key in keys)
    hint = "" if labels.REPLICATE in keys else " Or is there a column replicate to be added?"
    raise ValueError(
        f"{place(int(same.argmax()))} and {place(second)} are both {row}{_and_more(repeated)}; "
        f"keep one of them.{hint}"
    )


def _check_complete(codes: tuple[Array, ...], coordinates: dict[str, Array], source: str) -> None:
    """States need every text in every generation, and the same generations in every replicate."""
    replicates, generations, texts = coordinates.values()
    if len(codes[0]) == len(replicates) * len(generations) * len(texts):
        return
    # Counted over the pairs that occur: the whole grid of a wrong column need not fit in memory.
    pair = codes[0] * len(generations) + codes[1]
    pairs, rows = np.unique(pair, return_counts=True)
    if (rows < len(texts)).any():
        first = pairs[(rows < len(texts)).argmax()]
        absent = np.setdiff1d(np.arange(len(texts)), codes[2][pair == first])
        r, g = divmod(int(first), len(generations))
        raise ValueError(
            f"{source} lacks text {texts[absent[0]].item()!r} at replicate "
            f"{replicates[r].item()!r}, generation {generations[g]}"
            f"{f' (and {len(absent) - 1} other texts there)' if len(absent) > 1 else ''}; give "
            "every text in every generation, one that is lost with probability 0."
        )
    of_replicate = np.bincount(pairs // len(generations), minlength=len(replicates))
    r = int((of_replicate < len(generations)).argmax())
    there = pairs[pairs // len(generations) == r] % len(generations)
    g = np.setdiff1d(np.arange(len(generations)), there)[0]
    raise ValueError(
        f"{source} lacks generation {generations[g]} of replicate {replicates[r].item()!r}, which "
        "another replicate has; states need the same generations in all replicates: leave it out "
        "of the others, or read the replicates apart."
    )
