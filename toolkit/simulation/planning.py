"""A simulation cut into blocks of replicates, segments and chunks of recorded rows.

The cut depends on the loop and the arguments alone, never on the machine: that one program
computes every block is why the bits are the same on any number of cores, and that chunks lie
where they lay before is why a simulation can be gone on with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from toolkit import labels
from toolkit.loops import Loop

#: Numbers held by the replicates of one block in one step: what stays near a core.
_BLOCK_NUMBERS = 2**19
_WIDEST_BLOCK = 64
#: Recorded rows of one compiled segment, and of a chunk of such segments that is kept at once.
_SEGMENT_ROWS = 64
_CHUNK_ROWS = 1024
#: Numbers that a segment or chunk may hold.
_SEGMENT_NUMBERS = 2**22
#: Numbers worked through in one segment or chunk: about a second, so that an interrupt is soon
#: heard and little is lost when a process is killed.
_SEGMENT_WORK = 2**27


class Plan(NamedTuple):
    """One simulation, cut into pieces.

    Attributes
    ----------
    loop : Loop
    names : tuple of str
        What is recorded.
    rows : int
        Recorded generations besides generation 0.
    every : int
        Generations between two of them.
    replicates, seed : int
    width : int
        Replicates of a block; the last one may be part empty.
    segment : int
        Rows that one call of the compiled program records at most.
    chunk : int
        Rows that are kept at once, a multiple of ``segment``.
    """

    loop: Loop
    names: tuple[str, ...]
    rows: int
    every: int
    replicates: int
    seed: int
    width: int
    segment: int
    chunk: int

    @property
    def starts(self) -> range:
        """The first replicate of each block."""
        return range(0, self.replicates, self.width)

    def block(self, start: int) -> slice:
        """The replicates of a block."""
        return slice(start, min(start + self.width, self.replicates))


def plan_of(
    loop: Loop,
    record: Sequence[str] | None,
    *,
    generations: int,
    every: int,
    replicates: int,
    seed: int,
) -> Plan:
    """Cut a simulation into pieces.

    Raises
    ------
    ValueError
        When a variable to record is not known.

    Examples
    --------
    >>> from toolkit.loops import loop_of
    >>> from toolkit.systems import CoevolvingSystem
    >>> system = CoevolvingSystem.on_unit_circle(num_texts=3, variance=1.0, batch_size=100)
    >>> plan = plan_of(loop_of(system), None, generations=10, every=1, replicates=150, seed=1)
    >>> plan.block(100)
    slice(100, 150, None)
    """
    names = _recorded(loop, record)
    widest = int(np.clip(_BLOCK_NUMBERS // loop.cost, 1, _WIDEST_BLOCK))
    num_blocks = -(-replicates // widest)
    width = -(-replicates // num_blocks)
    row_numbers = sum(
        np.prod([loop.sizes[dim] for dim in labels.variable(name).dims]) for name in names
    )
    most = min(
        _SEGMENT_NUMBERS // max(width * int(row_numbers), 1),
        _SEGMENT_WORK // (width * loop.work * every),
    )
    return Plan(
        loop=loop,
        names=names,
        rows=generations // every,
        every=every,
        replicates=replicates,
        seed=seed,
        width=width,
        segment=_power_of_two(most, _SEGMENT_ROWS),
        chunk=_power_of_two(most, _CHUNK_ROWS),
    )


def _power_of_two(most: int, limit: int) -> int:
    """Rows of a piece: powers of two, so that few lengths are ever compiled."""
    return int(2 ** (min(max(most, 1), limit).bit_length() - 1))


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
