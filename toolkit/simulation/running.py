"""Blocks side by side on the cores, each through its chunks of rows, with progress."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Any, NamedTuple, Protocol

import jax
import numpy as np
from tqdm.auto import tqdm

from toolkit.machine import cores
from toolkit.simulation.planning import Plan
from toolkit.simulation.segments import Block, row_like

_PROGRESS_AFTER_SECONDS = 2.0
_TICK_SECONDS = 0.25


class Sink(Protocol):
    """Where the rows of a simulation go."""

    def rows_kept(self, start: int) -> int:
        """How many rows of a block are there already."""

    def state(self, start: int) -> Any:
        """The state after them; None where there are none."""

    def space(self, replicates: slice, rows: slice) -> dict[str, np.ndarray]:
        """Arrays to be filled, by name, axes (replicate, row, ...)."""

    def keep(self, block: Block, rows: slice, filled: dict[str, np.ndarray]) -> None:
        """Take what was filled; the block's state is the one after it."""


class Memory(NamedTuple):
    """The result as arrays, by name."""

    result: dict[str, np.ndarray]

    @classmethod
    def empty(cls, plan: Plan) -> Memory:
        """Arrays for all rows of a plan."""
        lead = (plan.replicates, plan.rows + 1)
        rows = row_like(plan).items()
        return cls({name: np.empty((*lead, *row.shape), row.dtype) for name, row in rows})

    def rows_kept(self, start: int) -> int:
        """None."""
        return 0

    def state(self, start: int) -> Any:
        """None."""
        return None

    def space(self, replicates: slice, rows: slice) -> dict[str, np.ndarray]:
        """Views of the result."""
        return {name: values[replicates, rows] for name, values in self.result.items()}

    def keep(self, block: Block, rows: slice, filled: dict[str, np.ndarray]) -> None:
        """It is kept as soon as it is filled."""


def run(
    plan: Plan, sink: Sink, *, chunk_size: int | None, progress: bool, patient: bool = False
) -> None:
    """Run all blocks.

    Parameters
    ----------
    plan : Plan
    sink : Sink
    chunk_size : int, optional
        Most replicates in memory at once besides the sink (rounded up to a block); by default one
        block per core.
    progress : bool
    patient : bool
        After an error or an interrupt wait, for a segment at most, until no block computes any
        more: none may write into a store that somebody else goes on with.

    Raises
    ------
    MemoryError
        When not even one block fits.
    """
    in_flight = cores() if chunk_size is None else min(-(-chunk_size // plan.width), cores())
    kept = {start: sink.rows_kept(start) for start in plan.starts}
    bar = tqdm(
        total=plan.rows * plan.every * plan.replicates,
        initial=sum(_generations(plan, start, rows) for start, rows in kept.items()),
        desc="simulate",
        unit=" generations",
        unit_scale=True,
        delay=_PROGRESS_AFTER_SECONDS,
        disable=not progress,
        leave=False,
    )
    starts = (start for start in plan.starts if kept[start] <= plan.rows)
    # Only this thread touches the bar: an interrupt must not find its lock held by a worker.
    advanced: deque[int] = deque()

    def show() -> None:
        while advanced:
            bar.update(advanced.popleft())

    pool, stop = ThreadPoolExecutor(max_workers=in_flight), [False]
    block = partial(_run_block, plan, sink, advanced.append, stop)
    with bar:
        try:
            _keep_busy(partial(pool.submit, block), starts, in_flight, show)
            pool.shutdown()
        except jax.errors.JaxRuntimeError as error:
            if "RESOURCE_EXHAUSTED" not in str(error):
                raise
            raise MemoryError(
                "one block of replicates does not fit: give a smaller batch_size, fewer texts or "
                "features, or record less"
            ) from None
        finally:
            stop[0] = True
            pool.shutdown(wait=patient, cancel_futures=True)


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


def _run_block(
    plan: Plan, sink: Sink, advance: Callable[[int], Any], stop: list[bool], start: int
) -> None:
    """One block of replicates, chunk by chunk, each filled segment by segment."""
    block = Block(plan, start, sink.state(start))
    here, end = block.replicates, plan.rows + 1
    for low in range(sink.rows_kept(start), end, plan.chunk):
        rows = slice(low, min(low + plan.chunk, end))
        filled = sink.space(here, rows)
        for first in range(low, rows.stop, plan.segment):
            if stop[0]:
                return
            last = min(first + plan.segment, rows.stop)
            part = {name: out[:, first - low : last - low] for name, out in filled.items()}
            block.record(first, last, part)
            advance((last - max(first, 1)) * plan.every * (here.stop - here.start))
        if not stop[0]:
            sink.keep(block, rows, filled)


def _generations(plan: Plan, start: int, rows: int) -> int:
    """Generations that a block went through for so many recorded rows."""
    here = plan.block(start)
    return max(rows - 1, 0) * plan.every * (here.stop - here.start)
