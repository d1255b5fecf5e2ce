"""Where the cells of a sweep are kept: in memory, or in a zarr store, a chunk for each.

In a store each cell is one chunk of every variable. They are written first, each in one rename;
then an empty file with the cell's number among the notes of the store says that it is done. What
has no such file is computed when the sweep is gone on with.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from toolkit import labels, stores
from toolkit.stores import Blank
from toolkit.sweeping.grid import Cell, Grid

#: Words take so many letters at most.
_WORDS = np.dtype("<U96")


@dataclasses.dataclass(frozen=True)
class Memory:
    """The whole result in memory."""

    result: xr.Dataset

    @classmethod
    def empty(cls, frame: xr.Dataset, blanks: Mapping[str, Blank]) -> Memory:
        """Room for all cells."""
        arrays = {
            name: (blank.dims, np.zeros(blank.shape, blank.dtype), dict(blank.attrs))
            for name, blank in blanks.items()
        }
        return cls(frame.assign(arrays))

    def blank(self) -> xr.Dataset:
        """What the result looks like."""
        return self.result

    def pending(self, cells: Sequence[Cell]) -> list[Cell]:
        """All."""
        return list(cells)

    def keep(self, cell: Cell, result: xr.Dataset) -> None:
        """Take the result of a cell."""
        for name, values in result.data_vars.items():
            self.result[name].values[cell.position] = values.values


@dataclasses.dataclass(frozen=True)
class Store:
    """An unfinished zarr store; it can be sent to another process.

    Attributes
    ----------
    path : Path
    token : str
        Of the store that is meant (:func:`toolkit.stores.token_of`).
    """

    path: Path
    token: str

    def blank(self) -> xr.Dataset:
        """What the result looks like."""
        return stores.opened(self.path)

    def pending(self, cells: Sequence[Cell]) -> list[Cell]:
        """Those without a mark."""
        return [cell for cell in cells if not self.has(cell)]

    def has(self, cell: Cell) -> bool:
        """Whether a cell has its mark."""
        return (self._marks() / str(cell.number)).exists()

    def keep(self, cell: Cell, result: xr.Dataset) -> None:
        """Write the cell's chunks, then its mark; nothing where the store is no more the same."""
        if stores.token_of(self.path) != self.token:
            return
        lead = (None,) * len(cell.position)
        chunks = {str(name): values.values[lead] for name, values in result.data_vars.items()}
        stores.write(self.path, chunks, cell.where)
        self._marks().mkdir(exist_ok=True)
        (self._marks() / str(cell.number)).touch()

    def _marks(self) -> Path:
        return stores.notes_of(self.path) / "cells"


def form_of(
    grid: Grid, seeds: Sequence[str], blank: xr.Dataset, attrs: Mapping[str, str]
) -> tuple[xr.Dataset, dict[str, Blank]]:
    """Coordinates and attributes of a sweep, and its arrays, from a cell's blank result."""
    table = np.array([cell.seeds for cell in grid.cells], np.int64).reshape(*grid.shape, -1)
    own = {
        name: (grid.dims, table[..., place], labels.SWEEPS[name].attrs)
        for place, name in enumerate(seeds)
    }
    # First the grid's: xarray shows coordinates in the order in which they came.
    rest = {name: values.variable for name, values in blank.coords.items()}
    coords: dict[Any, Any] = {**grid.coords(), **own, **rest}
    frame = xr.Dataset(coords=coords, attrs=dict(attrs))
    ones = (1,) * len(grid.shape)
    blanks = {
        str(name): Blank(
            (*grid.dims, *map(str, values.dims)),
            (*grid.shape, *values.shape),
            (*ones, *values.shape),
            _WORDS if values.dtype.kind in "UTO" else values.dtype,
            values.attrs,
        )
        for name, values in blank.data_vars.items()
    }
    return frame, blanks


@contextlib.contextmanager
def kept_in(
    path: Path,
    frame: xr.Dataset,
    blanks: Mapping[str, Blank],
    *,
    resume: bool,
    overwrite: bool,
) -> Iterator[Store | None]:
    """The store of a sweep; None where all of it is there."""
    with stores.filling(path, frame, blanks, resume=resume, overwrite=overwrite) as unfinished:
        yield Store(path.absolute(), stores.token_of(path)) if unfinished else None
