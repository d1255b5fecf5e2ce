"""Run any loop: replicates side by side, generations one after another, memory bounded.

Replicates run in blocks of a width that the system alone fixes, so that one compiled program
computes every block and the result is the same bit for bit however many blocks are in memory
at once and on however many cores they run.
"""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from tqdm.auto import tqdm

from toolkit import datasets, labels
from toolkit.loops import Dtype, Loop, Method, loop_of
from toolkit.machine import cores
from toolkit.systems import Configuration
from toolkit.systems.validation import integer

Array = jax.Array

#: Numbers held by the replicates of one block in one step: what stays near a core.
_BLOCK_NUMBERS = 2**19
_WIDEST_BLOCK = 64
#: Recorded rows of one compiled segment, and the numbers it may hold.
_SEGMENT_ROWS = 64
_SEGMENT_NUMBERS = 2**22
#: Numbers worked through in one segment: about a second, so that an interrupt is soon heard.
_SEGMENT_WORK = 2**27
_PROGRESS_AFTER_SECONDS = 2.0
_TICK_SECONDS = 0.25


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
    method : {"exact", "literal"}
        ``"literal"`` draws every image; ``"exact"`` (same law) draws sufficient statistics
        where their law is known.
    every : int
        Record every so many generations; generation 0, the start, is always recorded.
    record : sequence of str, optional
        Names of variables (``toolkit.labels.VARIABLES``); by default the state, its diversity
        and fidelity, counts and events.
    dtype : {"float64", "float32"}
        Precision of the kernel.
    chunk_size : int, optional
        Most replicates in memory at once besides the result (rounded up to a block); by
        default one block per core.
    progress : bool
        Show progress when it lasts more than two seconds.

    Returns
    -------
    xr.Dataset
        Dims replicate, generation, text, feature, feature_alt. Its attributes are enough to
        run it again (:func:`simulate_again`).

    Raises
    ------
    ValueError
        When an argument is outside its range or a variable unknown.
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
    loop = loop_of(system, generations=generations, method=method, dtype=dtype)
    names = _recorded(loop, record)
    plan = _plan(loop, names, generations // every, every, replicates, seed)
    in_flight = (
        cores() if chunk_size is None else -(-integer(chunk_size, "chunk_size", 1) // plan.width)
    )
    result = _run(plan, min(in_flight, cores()), progress)
    arguments = {
        "generations": generations,
        "replicates": replicates,
        "seed": seed,
        "method": method,
        "every": every,
        "record": list(names),
        "dtype": dtype,
    }
    generation = np.arange(plan.rows + 1) * every
    if labels.CAPACITY_REACHED in result:
        _warn_of_capacity(result[labels.CAPACITY_REACHED], generation)
    return datasets.trajectory(result, generation, datasets.provenance(system, arguments))


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


def _warn_of_capacity(reached: np.ndarray, generation: np.ndarray) -> None:
    """Say that injections did not take place for want of room."""
    if reached.any():
        first = int(generation[reached.any(axis=0).argmax()])
        warnings.warn(
            f"the capacity was reached in {int(reached.any(axis=1).sum())} of {len(reached)} "
            f"replicates, first at generation {first}: later injections did not take place; "
            "raise corpus.capacity, or leave it out.",
            stacklevel=3,
        )


class _Plan(NamedTuple):
    """One simulation, cut into blocks of replicates and segments of generations."""

    loop: Loop
    names: tuple[str, ...]
    rows: int
    every: int
    replicates: int
    seed: int
    width: int
    segment: int


def _plan(
    loop: Loop, names: tuple[str, ...], rows: int, every: int, replicates: int, seed: int
) -> _Plan:
    widest = int(np.clip(_BLOCK_NUMBERS // loop.cost, 1, _WIDEST_BLOCK))
    num_blocks = -(-replicates // widest)
    width = -(-replicates // num_blocks)
    row_numbers = sum(
        np.prod([loop.sizes[dim] for dim in labels.variable(name).dims]) for name in names
    )
    most = min(
        _SEGMENT_NUMBERS // max(width * int(row_numbers), 1),
        _SEGMENT_WORK // (width * loop.cost * every),
    )
    # A power of two, so that few lengths are ever compiled.
    segment = 2 ** (min(max(most, 1), _SEGMENT_ROWS).bit_length() - 1)
    return _Plan(loop, names, rows, every, replicates, seed, width, segment)


def _recorded(loop: Loop, record: Sequence[str] | None) -> tuple[str, ...]:
    if record is None:
        return loop.record
    if isinstance(record, str) or not record:
        raise ValueError(f"record must be a sequence of names of variables, not {record!r}.")
    for name in record:
        if name not in loop.available:
            labels.variable(name)
            raise ValueError(f"{name} cannot be recorded from this loop.")
    return tuple(dict.fromkeys(record))


def _run(plan: _Plan, in_flight: int, progress: bool) -> dict[str, np.ndarray]:
    """All blocks, at most ``in_flight`` of them at once."""
    result = _allocate(plan)
    bar = tqdm(
        total=plan.rows * plan.every * plan.replicates,
        desc="simulate",
        unit=" generations",
        unit_scale=True,
        delay=_PROGRESS_AFTER_SECONDS,
        disable=not progress,
        leave=False,
    )
    starts = iter(range(0, plan.replicates, plan.width))
    # Only this thread touches the bar: an interrupt must not find its lock held by a worker.
    advanced: deque[int] = deque()

    def show() -> None:
        while advanced:
            bar.update(advanced.popleft())

    pool, stop = ThreadPoolExecutor(max_workers=in_flight), [False]
    run = partial(_run_block, plan, result, advanced.append, stop)
    with bar:
        try:
            _keep_busy(partial(pool.submit, run), starts, in_flight, show)
            pool.shutdown()
        except jax.errors.JaxRuntimeError as error:
            if "RESOURCE_EXHAUSTED" not in str(error):
                raise
            raise MemoryError(
                "one block of replicates does not fit: give a smaller batch_size, fewer texts or "
                "features, or record less"
            ) from None
        finally:
            # After an error or an interrupt nobody waits for the blocks that still compute.
            stop[0] = True
            pool.shutdown(wait=False, cancel_futures=True)
    return result


def _keep_busy(
    submit: Callable[[int], Future[None]],
    starts: Iterator[int],
    number: int,
    show: Callable[[], None],
) -> None:
    """Keep so many blocks running until none is left; raise what one of them raised."""
    running = {submit(start) for _, start in zip(range(number), starts, strict=False)}
    while running:
        done, running = wait(running, timeout=_TICK_SECONDS, return_when=FIRST_COMPLETED)
        show()
        for future in done:
            future.result()
            running |= {submit(start) for start in [next(starts, None)] if start is not None}


def _allocate(plan: _Plan) -> dict[str, np.ndarray]:
    """Empty arrays of the result, by name."""
    first = jax.eval_shape(
        partial(plan.loop.measure, plan.loop.spec, plan.loop.params, plan.names),
        plan.loop.initial,
        plan.loop.no_info(plan.loop.spec),
    )
    lead = (plan.replicates, plan.rows + 1)
    return {name: np.empty((*lead, *first[name].shape), first[name].dtype) for name in plan.names}


def _run_block(
    plan: _Plan,
    result: dict[str, np.ndarray],
    advance: Callable[[int], Any],
    stop: list[bool],
    start: int,
) -> None:
    """One block of replicates, written into the result segment by segment."""
    loop = plan.loop
    static = (loop.spec, loop.kernel, loop.measure, loop.no_info, loop.merge_info, plan.names)
    here = slice(start, min(start + plan.width, plan.replicates))
    keys = _replicate_keys(plan.seed, start + np.arange(plan.width))
    state, first = _begin(static, plan.width, loop.params, loop.initial)
    for name, values in first.items():
        result[name][here, 0] = np.asarray(values)[: here.stop - start]
    for row in range(0, plan.rows, plan.segment):
        if stop[0]:
            return
        state, recorded = _advance(
            static, plan.segment, loop.params, keys, state, row, plan.rows, plan.every
        )
        number = min(plan.segment, plan.rows - row)
        for name, values in recorded.items():
            block = np.asarray(values)[:number, : here.stop - start]
            result[name][here, row + 1 : row + 1 + number] = np.moveaxis(block, 0, 1)
        advance(number * plan.every * (here.stop - start))


@jax.jit
def _replicate_keys(seed: Array, replicate: Array) -> Array:
    return jax.vmap(partial(jax.random.fold_in, jax.random.key(seed)))(replicate)


@partial(jax.jit, static_argnums=(0, 1))
def _begin(static: Any, width: int, params: Any, initial: Any) -> tuple[Any, dict[str, Array]]:
    """The block's initial states and what is recorded of them."""
    spec, _, measure, no_info, _, names = static
    state = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (width, *leaf.shape)), initial)
    first = measure(spec, params, names, initial, no_info(spec))
    return state, jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (width, *leaf.shape)), first)


@partial(jax.jit, static_argnums=(0, 1))
def _advance(
    static: Any,
    segment: int,
    params: Any,
    keys: Array,
    state: Any,
    first_row: Array,
    rows: Array,
    every: Array,
) -> tuple[Any, dict[str, Array]]:
    """Up to ``segment`` recorded rows of a block; rows beyond the last are skipped."""
    spec, kernel, measure, no_info, merge_info, names = static

    def one(key: Array, state: Any, row: Array) -> tuple[Any, Any]:
        def generation(index: Array, carry: tuple[Any, Any]) -> tuple[Any, Any]:
            state, info = carry
            step_key = jax.random.fold_in(key, row * every + index)
            state, new = kernel(spec, params, step_key, state)
            return state, merge_info(info, new)

        return jax.lax.fori_loop(0, every, generation, (state, no_info(spec)))

    def record(state: Any, info: Any) -> dict[str, Array]:
        measured: dict[str, Array] = measure(spec, params, names, state, info)
        return measured

    def take(state: Any, row: Array) -> tuple[Any, dict[str, Array]]:
        state, info = jax.vmap(one, in_axes=(0, 0, None))(keys, state, row)
        return state, jax.vmap(record)(state, info)

    def skip(state: Any, row: Array) -> tuple[Any, dict[str, Array]]:
        shapes = jax.eval_shape(take, state, row)[1]
        return state, jax.tree.map(lambda one: jnp.zeros(one.shape, one.dtype), shapes)

    def body(state: Any, row: Array) -> tuple[Any, dict[str, Array]]:
        return jax.lax.cond(row < rows, take, skip, state, row)

    return jax.lax.scan(body, state, first_row + jnp.arange(segment))
