"""A task mapped over the cells of a grid: checked first, then computed here or by workers."""

from __future__ import annotations

import contextlib
import json
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import xarray as xr
from tqdm.auto import tqdm

from toolkit import datasets, labels, stores
from toolkit.stores import Blank
from toolkit.sweeping.grid import Grid, grid_of, plain
from toolkit.sweeping.keeping import Memory, Store, form_of, kept_in
from toolkit.sweeping.tasks import Form, Run, Task, check_like, checked, computed_here
from toolkit.systems.validation import integer

#: Attribute of a sweep that holds its description: enough to run it again.
SWEEP = "sweep"
_TAKEN = {
    *labels.COORDINATES,
    *labels.VARIABLES,
    *labels.CALIBRATION,
    *labels.SWEEPS,
    *labels.SAMPLE_DIMS,
}
_MOST_WARNINGS = 3


def run_sweep(
    task: Task,
    over: Mapping[str, Any],
    *,
    seed: int,
    out: str | Path | None = None,
    cluster: int | str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: bool = True,
    results: Iterable[str] = (),
    coords: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """Do a task in each cell of a grid.

    Parameters
    ----------
    task : Task
    over, seed, out, cluster, resume, overwrite, progress
        As of :func:`toolkit.sweep`.
    results : iterable of str
        Names of results that are also names of fields.
    coords : mapping, optional
        Coordinates along the grid in the places of its own.

    Returns
    -------
    xr.Dataset
        The grid's dims first. That of a store is read when it is used.

    Raises
    ------
    ValueError
        When a cell cannot be as it is told to be (before any is computed), or one goes wrong.
    """
    if out is None and (resume or overwrite):
        raise ValueError("out names what is to be gone on with or overwritten; give it.")
    path = None if out is None else stores.check_store(out, resume=resume, overwrite=overwrite)
    seed = integer(seed, "seed", 0)
    grid = grid_of(
        over,
        task.fields,
        seed=seed,
        num_seeds=len(task.seeds),
        taken=_TAKEN - {*task.fields},
        results={*labels.VARIABLES, *results},
    )
    blank = checked(task, grid.cells)
    attrs = {
        SWEEP: json.dumps({**task.describe(), "over": plain(over), "seed": seed}),
        datasets.VERSIONS: json.dumps(datasets.versions("numpyro")),
    }
    with _runner(cluster) as run:
        pilot = None
        if blank is None and not (resume and path is not None and path.exists()):
            # What a result looks like is known when there is one.
            pilot = next(iter(run(task, grid.cells[:1], None, None)))
            blank = pilot.result
        frame = xr.Dataset(attrs=attrs)
        blanks: dict[str, Blank] = {}
        if blank is not None:
            frame, blanks = form_of(grid, task.seeds, blank, attrs)
            frame = frame.assign_coords(coords or {})
        if path is None:
            memory = Memory.empty(frame, blanks)
            _fill(task, grid, run, memory, pilot, progress)
            return memory.result
        with kept_in(path, frame, blanks, resume=resume, overwrite=overwrite) as store:
            if store is not None:
                _fill(task, grid, run, store, pilot, progress)
    whole = stores.opened(path)
    return whole[list(blanks)] if blanks else whole


def _fill(
    task: Task, grid: Grid, run: Run, keeper: Memory | Store, pilot: Any, progress: bool
) -> None:
    """Compute the cells that are not there yet, with progress; pass on their warnings."""
    form = Form.of_sweep(keeper.blank(), grid.dims)
    said: list[str] = []
    if pilot is not None:
        keeper.keep(grid.cells[0], pilot.result)
        said += pilot.said
    pending = keeper.pending(grid.cells[1:] if pilot is not None else grid.cells)
    bar = tqdm(
        total=len(grid.cells),
        initial=len(grid.cells) - len(pending),
        desc="sweep",
        unit=" cells",
        disable=not progress,
        leave=False,
    )
    with bar:
        for done in run(task, pending, keeper, form):
            if done.result is not None:
                check_like(done.result, form, done.cell)
                keeper.keep(done.cell, done.result)
            said += done.said
            bar.update(1)
    for message in said[:_MOST_WARNINGS]:
        warnings.warn(message, stacklevel=4)
    if len(said) > _MOST_WARNINGS:
        more = len(said) - _MOST_WARNINGS
        warnings.warn(f"and {more} more warnings of other cells.", stacklevel=4)


@contextlib.contextmanager
def _runner(cluster: int | str | None) -> Iterator[Run]:
    """A way to compute cells: here, or by the workers of a cluster."""
    if cluster is None:
        yield computed_here
        return
    from toolkit.sweeping.cluster import workers

    with workers(cluster) as run:
        yield run
