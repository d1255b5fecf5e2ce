"""The grid of a sweep: dims, cells, their names and seeds.

A cell's seeds depend on the sweep's seed and the cell's position alone,
``numpy.random.SeedSequence(seed, spawn_key=position).generate_state(n) >> 1``: not on the order in
which cells are computed, nor on where; and values added at the end of a dim leave the seeds of
those before as they were.
"""

from __future__ import annotations

import dataclasses
import difflib
import itertools
import json
from collections.abc import Container, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpyro.distributions import Distribution

from toolkit.inference.priors import prior_words

_SHOWN = 40


class Cell(NamedTuple):
    """One cell of a grid; it can be sent to another process.

    Attributes
    ----------
    number : int
        In the grid's order, the last dim fastest.
    position : tuple of int
        Along each dim.
    name : str
        As messages call it: ``"batch_size=100, corpus.prob=0.1"``.
    changes : dict
        From a path to its value.
    seeds : tuple of int
    """

    number: int
    position: tuple[int, ...]
    name: str
    changes: dict[str, Any]
    seeds: tuple[int, ...]

    @property
    def where(self) -> tuple[slice, ...]:
        """Its place in an array whose first axes are the grid's."""
        return tuple(slice(place, place + 1) for place in self.position)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Axis:
    """A dim of a grid.

    Attributes
    ----------
    name : str
    path : str
        What is swept over; "" where tables of several paths are.
    changes : tuple of dict
        For each position, values by their paths.
    results : container of str
        Names of results, which no coordinate may have.
    """

    name: str
    path: str
    changes: tuple[dict[str, Any], ...]
    results: Container[str] = ()

    @property
    def alone(self) -> bool:
        """Whether the dim is one path, with single numbers or words."""
        return bool(self.path) and _scalars(change[self.path] for change in self.changes)

    def coords(self) -> dict[str, xr.Variable]:
        """The values along the dim; positions where they are no single numbers or words."""
        if self.alone:
            values = [change[self.path] for change in self.changes]
            return {self.name: xr.Variable(self.name, np.asarray(values))}
        coords = {self.name: xr.Variable(self.name, np.arange(len(self.changes)))}
        for path in self.changes[0]:
            values = [change[path] for change in self.changes]
            if path != self.path and _scalars(values):
                coords[_name(path, self.results)] = xr.Variable(self.name, np.asarray(values))
        return coords

    def words(self, position: int) -> str:
        """A position, as messages call it."""
        if self.alone:
            return f"{self.path}={json.dumps(self.changes[position][self.path])}"
        pairs = (f"{path}={plain(value)}" for path, value in self.changes[position].items())
        whole = f"{self.name} {position} ({', '.join(pairs)})"
        return whole if len(whole) <= _SHOWN else f"{self.name} {position}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Grid:
    """The cells of a sweep.

    Attributes
    ----------
    axes : tuple of Axis
    seed : int
    num_seeds : int
        Seeds of each cell.
    """

    axes: tuple[Axis, ...]
    seed: int
    num_seeds: int = 1

    @property
    def dims(self) -> tuple[str, ...]:
        """Names of the dims."""
        return tuple(axis.name for axis in self.axes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Numbers of positions."""
        return tuple(len(axis.changes) for axis in self.axes)

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """All cells, the last dim fastest."""
        return tuple(self._cells())

    def coords(self) -> dict[str, xr.Variable]:
        """Coordinates of all dims."""
        return {name: values for axis in self.axes for name, values in axis.coords().items()}

    def _cells(self) -> Iterator[Cell]:
        for number, index in enumerate(itertools.product(*map(range, self.shape))):
            changes: dict[str, Any] = {}
            for axis, place in zip(self.axes, index, strict=True):
                changes |= axis.changes[place]
            name = ", ".join(axis.words(at) for axis, at in zip(self.axes, index, strict=True))
            words = np.random.SeedSequence(self.seed, spawn_key=index)
            seeds = words.generate_state(self.num_seeds, np.uint64) >> np.uint64(1)
            yield Cell(number, index, name, changes, tuple(int(seed) for seed in seeds))


def grid_of(
    over: Mapping[str, Any],
    fields: Sequence[str],
    *,
    seed: int,
    num_seeds: int,
    taken: Container[str] = (),
    results: Container[str] = (),
) -> Grid:
    """A grid from what is swept over.

    Parameters
    ----------
    over : mapping
        From a path (``"batch_size"``, ``"corpus.prob"``) to its values; or from a name of one's
        own to tables ``{path: value}`` of what moves together.
    fields : sequence of str
        What a path may begin with.
    seed, num_seeds : int
    taken : container of str
        Names that no dim may have.
    results : container of str
        Names of results: a field of that name is called ``system.NAME`` as a coordinate.

    Raises
    ------
    ValueError
        When a path is not known, given twice, or has no values.

    Examples
    --------
    >>> grid = grid_of({"batch_size": [100, 200], "both": [{"ddof": 0}, {"ddof": 1}]},
    ...                ["batch_size", "ddof"], seed=1, num_seeds=1)
    >>> [cell.name for cell in grid.cells][:2]
    ['batch_size=100, both 0 (ddof=0)', 'batch_size=100, both 1 (ddof=1)']
    """
    if not isinstance(over, Mapping) or not over:
        raise ValueError("over must map at least one name to its values.")
    axes = tuple(_axis(name, values, fields, results) for name, values in _flat(over))
    seen: set[str] = set()
    for axis in axes:
        if axis.name in taken:
            raise ValueError(f"over: {axis.name!r} is a dim of the result; give another name.")
        names = {axis.name, *axis.changes[0]}
        if names & seen:
            raise ValueError(f"over: {min(names & seen)} is given twice; give it once.")
        seen |= names
    return Grid(axes=axes, seed=seed, num_seeds=num_seeds)


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        pairs = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {name: plain(part) for name, part in pairs if part is not None}
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple | range):
        return [plain(part) for part in value]
    if isinstance(value, Distribution):
        return prior_words(value)
    return value if isinstance(value, str | int | float | bool | None) else repr(value)


def _flat(over: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Paths with their values; TOML reads ``corpus.prob = [...]`` as a table in a table."""
    for name, values in over.items():
        if isinstance(values, Mapping):
            for path, inner in _flat(values):
                yield f"{name}.{path}", inner
        else:
            yield str(name), values


def _axis(name: str, values: Any, fields: Sequence[str], results: Container[str]) -> Axis:
    if isinstance(values, str) or not isinstance(values, Sequence | np.ndarray | range):
        raise ValueError(f"over: {name} must have a list of values, not {values!r}.")
    values = [value.item() if isinstance(value, np.generic) else value for value in values]
    if not values:
        raise ValueError(f"over: {name} has no values; give at least one.")
    if name.partition(".")[0] in fields:
        if _scalars(values) and len(set(values)) < len(values):
            twice = next(value for value in values if values.count(value) > 1)
            raise ValueError(f"over: {name} has the value {twice!r} twice; give it once.")
        changes = tuple({name: value} for value in values)
        return Axis(name=_name(name, results), path=name, changes=changes)
    tables = [dict(_flat(value)) for value in values if isinstance(value, Mapping)]
    if len(tables) < len(values):
        near = difflib.get_close_matches(name, fields, n=1)
        hint = f"did you mean {near[0]!r}? They" if near else "they"
        raise ValueError(
            f"over: {name!r} is none of the fields that can be swept over; {hint} are "
            f"{', '.join(fields)}. A name of your own takes tables {{field: value}}."
        )
    for position, table in enumerate(tables):
        if not table or list(table) != list(tables[0]):
            raise ValueError(
                f"over: table {position} of {name!r} sets {list(table)}, the first one "
                f"{list(tables[0])}; set the same fields in all."
            )
        for path in table:
            if path.partition(".")[0] not in fields:
                raise ValueError(
                    f"over: table {position} of {name!r} sets {path!r}, which is no field that can "
                    f"be swept over: {', '.join(fields)}."
                )
    return Axis(name=name, path="", changes=tuple(tables), results=results)


def _name(path: str, results: Container[str]) -> str:
    """Of the coordinate of what is swept over, where a result may have the same name."""
    return f"system.{path}" if path in results else path


def _scalars(values: Any) -> bool:
    """Whether all are numbers, or all words, or all true or false."""
    kinds = {type(value) for value in values}
    return kinds <= {int, float} or kinds in ({str}, {bool})
