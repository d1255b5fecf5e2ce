"""``sweep``: a simulation in each cell of a grid of parameters."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xarray as xr

from toolkit import stores
from toolkit.loops import Dtype, Method
from toolkit.sweeping.running import SWEEP, run_sweep
from toolkit.sweeping.tasks import SimulateTask
from toolkit.systems import Configuration


def sweep(
    system: Configuration,
    *,
    over: Mapping[str, Any],
    generations: int,
    replicates: int,
    seed: int,
    method: Method = "exact",
    every: int = 1,
    record: Sequence[str] | None = None,
    dtype: Dtype = "float64",
    out: str | Path | None = None,
    cluster: int | str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: bool = True,
) -> xr.Dataset:
    """Simulate a system in each cell of a grid of its parameters.

    Parameters
    ----------
    system : CoevolvingSystem
        Or another; what is not swept over is as here.
    over : mapping
        From a field (``"batch_size"``), or a path to one (``"corpus.prob"``), to its values: a dim
        of that name. What moves together has a name of your own and tables of fields,
        ``{"regime": [{"batch_size": 100, "ddof": 0}, {"batch_size": 1000, "ddof": 1}]}``: the
        dim's coordinate is the position, and each field a further coordinate along it. Values
        that are no single numbers or words have their position as coordinate too. A field that is
        also recorded is called ``system.NAME``.
    generations, replicates : int
        Of each cell.
    seed : int
        A cell's own seed, the coordinate ``cell_seed``, follows from it and the cell's position
        (:mod:`toolkit.sweeping.grid`), whatever the order and number of workers.
    method, every, record, dtype
        As of :func:`toolkit.simulate`.
    out : str or Path, optional
        A zarr store that each cell is written into when it is done, in a chunk of its own.
    cluster : int or str, optional
        So many local worker processes of Dask, or the address of a scheduler, whose workers must
        have this toolkit and reach ``out`` under the same path; in this process unless given. In
        a script, number and call belong below ``if __name__ == "__main__":``, as processes do.
    resume : bool
        Go on with what is in ``out``, wherever it was stopped or killed; begin where nothing is.
        The result is that of a sweep which nobody disturbed, bit for bit.
    overwrite : bool
        Replace what is at ``out``.
    progress : bool

    Returns
    -------
    xr.Dataset
        The grid's dims, then those of ``simulate``; its attributes are enough to run it again
        (:func:`sweep_again`). That of a store is read when it is used.

    Raises
    ------
    ValueError
        Before anything is computed: when a cell is outside a range, or has other sizes than the
        first; the message names the cell. Later: when a cell goes wrong. What is finished stays.
    FileExistsError
        When ``out`` exists and is neither to be gone on with nor replaced.
    ImportError
        When ``cluster`` is given and Dask is not installed.

    Examples
    --------
    >>> import toolkit as tk
    >>> system = tk.CoevolvingSystem.on_unit_circle(num_texts=5, variance=1.0, batch_size=100,
    ...                                             text_updates=0)
    >>> swept = tk.sweep(system, over={"shrinkage_factor": [0.8, 0.9, 1.0]}, generations=10,
    ...                  replicates=4, seed=1, record=["image_diversity"], progress=False)
    >>> dict(swept.sizes)
    {'shrinkage_factor': 3, 'replicate': 4, 'generation': 11, 'text': 5}
    >>> last = swept.image_diversity.isel(generation=-1).mean(["replicate", "text"])
    >>> bool(last.sel(shrinkage_factor=0.8) < last.sel(shrinkage_factor=1.0))
    True
    """
    task = SimulateTask(
        system=system,
        generations=generations,
        replicates=replicates,
        method=method,
        every=every,
        record=record,
        dtype=dtype,
    )
    return run_sweep(
        task,
        over,
        seed=seed,
        out=out,
        cluster=cluster,
        resume=resume,
        overwrite=overwrite,
        progress=progress,
    )


def read_sweep(path: str | Path) -> xr.Dataset:
    """A sweep's store, its values read when they are used.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    FileNotFoundError
        When there is nothing at the path.
    ValueError
        When it is no sweep, or an unfinished one.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"no sweep at {path}.")
    if stores.is_unfinished(path):
        raise ValueError(f"{path} is unfinished; go on with it (resume, --resume).")
    try:
        found = stores.opened(path)
    except (FileNotFoundError, ValueError, KeyError):
        raise ValueError(f"{path} is no zarr store.") from None
    if SWEEP not in found.attrs:
        raise ValueError(f"{path} holds no sweep; make one with sweep.")
    return found


def description_of(sweep: xr.Dataset) -> dict[str, Any]:
    """What a sweep did, as a document has it."""
    try:
        return dict(json.loads(sweep.attrs[SWEEP]))
    except KeyError:
        raise ValueError(
            f"the dataset has no attribute {SWEEP!r}: sweep did not make it."
        ) from None


def sweep_again(sweep: xr.Dataset | str | Path, **changes: Any) -> xr.Dataset:
    """Do a sweep again from its own attributes.

    Parameters
    ----------
    sweep : xr.Dataset or path
    **changes
        Where and how: ``out``, ``cluster``, ``resume``, ``overwrite``, ``progress``.

    Raises
    ------
    ValueError
        When the dataset was not made by a sweep.
    """
    from toolkit.sweeping.documents import run_document

    found = sweep if isinstance(sweep, xr.Dataset) else read_sweep(sweep)
    return run_document(description_of(found), **changes)
