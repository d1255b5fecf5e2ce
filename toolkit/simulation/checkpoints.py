"""Checkpoints: a simulation written into a zarr store chunk by chunk, with the state after it.

A chunk is a block of replicates by a number of rows. First the chunk of every variable is
written, then the block's state after it, each in one rename: a process that is killed at any
moment leaves for each block a state and at least the rows before it. What comes after is
computed again by the same program on the same numbers, so that the bits are those of a
simulation that nobody disturbed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import xarray as xr

from toolkit import datasets, stores
from toolkit.simulation.planning import Plan
from toolkit.simulation.segments import Block, row_like, state_like
from toolkit.stores import Blank

_ROWS = "rows"


class Checkpoints(NamedTuple):
    """A sink of ``run`` that can be gone on with.

    Attributes
    ----------
    path : Path
        Of the zarr store.
    plan : Plan
    """

    path: Path
    plan: Plan

    def rows_kept(self, start: int) -> int:
        """How many rows of a block are in the store."""
        file = self._state_file(start)
        if not file.exists():
            return 0
        with np.load(file) as kept:
            return int(kept[_ROWS])

    def state(self, start: int) -> Any:
        """The state after them."""
        file = self._state_file(start)
        if not file.exists():
            return None
        shapes, structure = jax.tree.flatten(state_like(self.plan))
        with np.load(file) as kept:
            return jax.tree.unflatten(structure, [kept[str(leaf)] for leaf in range(len(shapes))])

    def space(self, replicates: slice, rows: slice) -> dict[str, np.ndarray]:
        """Arrays of one chunk."""
        lead = (replicates.stop - replicates.start, rows.stop - rows.start)
        of_row = row_like(self.plan).items()
        return {name: np.empty((*lead, *row.shape), row.dtype) for name, row in of_row}

    def keep(self, block: Block, rows: slice, filled: dict[str, np.ndarray]) -> None:
        """Write the chunk, then the state after it."""
        stores.write(self.path, filled, (block.replicates, rows))
        kept: dict[str, Any] = {
            str(place): np.asarray(leaf) for place, leaf in enumerate(jax.tree.leaves(block.state))
        }
        kept[_ROWS] = np.asarray(rows.stop)
        file = self._state_file(block.replicates.start)
        stores.replace_file(file, lambda part: np.savez(part, **kept))

    def _state_file(self, start: int) -> Path:
        return stores.notes_of(self.path) / f"{start}.npz"


def blank_result(plan: Plan, generation: np.ndarray, attrs: Mapping[str, str]) -> xr.Dataset:
    """The result of a simulation, all zeros, in no memory."""
    lead = (plan.replicates, plan.rows + 1)
    rows = row_like(plan).items()
    zeros = {
        name: np.broadcast_to(np.zeros((), row.dtype), (*lead, *row.shape)) for name, row in rows
    }
    return datasets.trajectory(zeros, generation, attrs)


@contextlib.contextmanager
def checkpoints(
    path: Path, plan: Plan, blank: xr.Dataset, *, resume: bool, overwrite: bool
) -> Iterator[Checkpoints | None]:
    """The sink of a store; None where all is there already.

    Raises
    ------
    ValueError, FileExistsError
        When the store was begun otherwise, or another process is filling it.
    """
    chunk = (plan.width, min(plan.chunk, plan.rows + 1))
    blanks = {
        str(name): Blank(
            tuple(map(str, values.dims)),
            values.shape,
            (*chunk, *values.shape[2:]),
            values.dtype,
            values.attrs,
        )
        for name, values in blank.data_vars.items()
    }
    frame = blank.drop_vars(list(blank.data_vars))
    with stores.filling(path, frame, blanks, resume=resume, overwrite=overwrite) as unfinished:
        yield Checkpoints(path, plan) if unfinished else None
