"""Run any loop: replicates side by side, generations one after another, memory bounded.

Replicates run in blocks of a width that the system alone fixes, so that one compiled program
computes every block and the result is the same bit for bit however many blocks are in memory
at once and on however many cores they run.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, get_args

import numpy as np
import xarray as xr

from toolkit import datasets, labels, stores
from toolkit.loops import Dtype, Method, loop_of
from toolkit.simulation import Memory, Plan, blank_result, checkpoints, plan_of, run
from toolkit.systems import Configuration
from toolkit.systems.validation import integer


def simulate(
    system: Configuration,
    *,
    generations: int,
    replicates: int,
    seed: int,
    method: Method = "exact",
    every: int = 1,
    record: Sequence[str] | None = None,
    dtype: Dtype = "float64",
    chunk_size: int | None = None,
    progress: bool = True,
    out: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
) -> xr.Dataset:
    """Simulate a loop.

    Parameters
    ----------
    system : CoevolvingSystem
        Or another system for which a loop is registered.
    generations : int
    replicates : int
        Independent runs.
    seed : int
        Fixes the result bit for bit, whatever the chunk size and the number of cores.
    method : {"exact", "literal", "diffusion", "one_hot", "sparse"}
        ``"literal"`` draws every image; ``"exact"`` (same law) draws sufficient statistics
        where their law is known, and no image where posteriors are one-hot but for rounding
        (``text_one_hot`` says where). Approximations: ``"diffusion"`` has the exact mean and
        covariance of a text update, ``"one_hot"`` takes posteriors for captions (how far they
        are from that is in ``text_confusion``), at a cost that does not grow with the batch
        size; ``"sparse"``, for many texts, leaves out the posteriors of texts far from a
        caption (``text_left_out`` bounds their mass).
    every : int
        Record every so many generations; generation 0, the start, is always recorded.
    record : sequence of str, optional
        Names of variables (``toolkit.labels.VARIABLES``); by default the state, its diversity
        and fidelity, counts and events.
    dtype : {"float64", "float32"}
        Precision of what is computed for each image and of what is recorded; the state is in
        double precision in either case.
    chunk_size : int, optional
        Most replicates in memory at once besides the result (rounded up to a block); by
        default one block per core.
    progress : bool
        Show progress when it lasts more than two seconds.
    out : str or Path, optional
        A zarr store (``.zarr``) that the result is written into as it comes, so that it may be
        larger than memory, with checkpoints.
    resume : bool
        Go on from the checkpoints in ``out`` after this process was stopped or killed; begin
        where nothing is there. The result is the same bit for bit.
    overwrite : bool
        Replace what is at ``out``.

    Returns
    -------
    xr.Dataset
        Dims replicate, generation, text, feature, feature_alt. Its attributes are enough to
        run it again (:func:`simulate_again`). That of a store is read when it is used.

    Raises
    ------
    ValueError
        When an argument is outside its range or a variable unknown, or ``out`` was begun with
        other arguments or versions.
    FileExistsError
        When ``out`` exists and is neither to be gone on with nor replaced.
    MemoryError
        When not even one block of replicates fits.

    Warns
    -----
    UserWarning
        When new texts found no room (``corpus.capacity``).

    Examples
    --------
    >>> import toolkit as tk
    >>> system = tk.CoevolvingSystem.on_unit_circle(num_texts=5, variance=1.0, batch_size=100)
    >>> simulated = tk.simulate(system, generations=10, replicates=4, seed=1)
    >>> dict(simulated.text_diversity.sizes)
    {'replicate': 4, 'generation': 11}
    """
    if out is None and (resume or overwrite):
        raise ValueError("out names what is to be gone on with or overwritten; give it.")
    path = None if out is None else stores.check_store(out, resume=resume, overwrite=overwrite)
    plan, blank = _planned(
        system, generations, replicates, seed, method, every, record, dtype, chunk_size
    )
    running = partial(run, plan, chunk_size=chunk_size, progress=progress)
    if path is None:
        memory = Memory.empty(plan)
        running(memory)
        generation = blank[labels.GENERATION].values
        simulated = datasets.trajectory(memory.result, generation, blank.attrs)
    else:
        with checkpoints(path, plan, blank, resume=resume, overwrite=overwrite) as kept:
            if kept is not None:
                running(kept, patient=True)
        simulated = stores.opened(path)[list(plan.names)]
    _warn_of_capacity(plan, simulated)
    return simulated


def blank_of(
    system: Configuration,
    *,
    generations: int,
    replicates: int,
    method: Method = "exact",
    every: int = 1,
    record: Sequence[str] | None = None,
    dtype: Dtype = "float64",
) -> xr.Dataset:
    """What :func:`simulate` would return, all zeros, in no memory: its arguments are checked.

    Raises
    ------
    ValueError
        When an argument is outside its range or a variable unknown.

    Examples
    --------
    >>> import toolkit as tk
    >>> system = tk.CoevolvingSystem.on_unit_circle(num_texts=5, variance=1.0, batch_size=100)
    >>> blank_of(system, generations=10, replicates=10**6).image_cov.shape
    (1000000, 11, 5, 2, 2)
    """
    return _planned(system, generations, replicates, 0, method, every, record, dtype, None)[1]


def _planned(
    system: Configuration,
    generations: int,
    replicates: int,
    seed: int,
    method: Method,
    every: int,
    record: Sequence[str] | None,
    dtype: Dtype,
    chunk_size: int | None,
) -> tuple[Plan, xr.Dataset]:
    """The plan of a simulation, and its result without the numbers; the arguments checked."""
    generations = integer(generations, "generations", 1)
    replicates = integer(replicates, "replicates", 1)
    seed = integer(seed, "seed", 0)
    every = integer(every, "every", 1)
    if every > generations:
        raise ValueError(f"every must be at most generations = {generations}, not {every}.")
    for name, value, choices in (("method", method, Method), ("dtype", dtype, Dtype)):
        if value not in get_args(choices):
            raise ValueError(f"{name} must be one of {get_args(choices)}, not {value!r}.")
    if seed >= 2**63:
        raise ValueError(f"seed must be below 2**63, not {seed}.")
    if chunk_size is not None:
        integer(chunk_size, "chunk_size", 1)
    loop = loop_of(system, generations=generations, method=method, dtype=dtype)
    plan = plan_of(
        loop, record, generations=generations, every=every, replicates=replicates, seed=seed
    )
    arguments = {
        "generations": generations,
        "replicates": replicates,
        "seed": seed,
        "method": method,
        "every": every,
        "record": list(plan.names),
        "dtype": dtype,
    }
    generation = np.arange(plan.rows + 1) * every
    return plan, blank_result(plan, generation, datasets.provenance(system, arguments))


def simulate_again(simulated: xr.Dataset | str | Path, **changes: Any) -> xr.Dataset:
    """Run a simulation again from a dataset's (or file's) own attributes.

    Parameters
    ----------
    simulated : xr.Dataset, str or Path
    **changes
        Arguments of :func:`simulate` that are to differ.

    Raises
    ------
    ValueError
        When the dataset was not made by ``simulate``.
    """
    if not isinstance(simulated, xr.Dataset):
        simulated = datasets.read_simulated(simulated)
    arguments = datasets.arguments_of(simulated) | changes
    return simulate(datasets.system_of(simulated), **arguments)


def _warn_of_capacity(plan: Plan, simulated: xr.Dataset) -> None:
    """Say that injections did not take place for want of room."""
    if labels.CAPACITY_REACHED not in simulated:
        return
    number, ever = 0, np.zeros(plan.rows + 1, bool)
    for start in plan.starts:  # block by block: it may be larger than memory
        block = simulated[labels.CAPACITY_REACHED].isel(replicate=plan.block(start)).to_numpy()
        number += int(block.any(axis=1).sum())
        ever |= block.any(axis=0)
    if number:
        warnings.warn(
            f"the capacity was reached in {number} of {plan.replicates} replicates, first at "
            f"generation {int(simulated.generation[ever.argmax()])}: later injections did not "
            "take place; raise corpus.capacity, or leave it out.",
            stacklevel=3,
        )
