"""Small worlds of distribution shift: laws over two or three outcomes, fitted and sent on."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from fractions import Fraction

from symbolic import symbols as s
from symbolic.model.distribution_shift import (
    batch_law,
    batch_law_next,
    channel,
    law_at,
    num_outcomes,
    other_batch_law,
    other_batch_law_next,
    outcome,
)
from symbolic.worlds.world import World, small_world

F = Fraction
Law = tuple[Fraction, ...]
_LAWS: tuple[Law, ...] = (
    (F(1, 2), F(1, 3), F(1, 6)),
    (F(2, 5), F(1, 5), F(2, 5)),
    (F(3, 7), F(1, 7), F(3, 7)),
    (F(1, 9), F(4, 9), F(4, 9)),
)
_TIMES = (0, 1, 2)


def apart(first: Law, second: Law) -> Fraction:
    """Total variation: the largest difference of the probabilities of a set."""
    return sum((max(p - q, F(0)) for p, q in zip(first, second, strict=True)), F(0))


def _fitted(name: str, share: Fraction, laws: Sequence[Law]) -> World:
    """Laws that are whatever they are; each misses the mixture before it by something."""
    errors = []
    for before, after in itertools.pairwise(laws):
        mixed = tuple(share * p + (1 - share) * q for p, q in zip(laws[0], before, strict=True))
        errors.append(apart(after, mixed))
    count = len(laws[0])
    return World(
        name=name,
        values={
            s.real_share: share,
            num_outcomes: F(count),
            s.generation_error: max(errors),
        },
        tables={
            law_at.label: lambda t, k: laws[t][k],
            s.distribution_shift_at.label: lambda t: apart(laws[t], laws[0]),
            s.generation_error_at.label: errors.__getitem__,
        },
        ranges={s.generations: _TIMES, outcome: range(count)},
    )


@small_world
def mixed() -> World:
    """Real data in every fit."""
    return _fitted("fits to a mixture", F(2, 7), _LAWS)


@small_world
def alone() -> World:
    """No real data after the first fit."""
    return _fitted("fits to the last law alone", F(0), _LAWS)


@small_world
def two() -> World:
    """Each fit moves a twelfth to the second outcome."""
    share, moved = F(1, 4), F(1, 12)
    laws: list[Law] = [(F(1), F(0))]
    for _ in range(3):
        second = (1 - share) * laws[-1][1] + moved
        laws.append((1 - second, second))
    return _fitted("two outcomes", share, laws)


def _sent(name: str, rows: tuple[Law, ...]) -> World:
    """Two laws through one channel, whose rows are the laws that each outcome is sent to."""
    first, second = _LAWS[0], _LAWS[3]

    def sent(law: Law) -> Law:
        return tuple(sum((p * row[k] for p, row in zip(law, rows, strict=True)), F(0))
                     for k in range(3))  # fmt: skip

    laws = {
        batch_law: first,
        other_batch_law: second,
        batch_law_next: sent(first),
        other_batch_law_next: sent(second),
    }
    return World(
        name=name,
        values={
            num_outcomes: F(3),
            s.recursive_stability: apart(first, second),
            s.next_recursive_stability: apart(sent(first), sent(second)),
        },
        tables={base.label: law.__getitem__ for base, law in laws.items()}
        | {channel.label: lambda k, j: rows[j][k]},
        ranges={outcome: range(3)},
    )


@small_world
def mixing() -> World:
    """A channel that confuses outcomes."""
    return _sent("a channel", (_LAWS[1], _LAWS[2], _LAWS[0]))


@small_world
def renaming() -> World:
    """A channel that tells every outcome."""
    one, none = F(1), F(0)
    return _sent("a renaming", ((none, one, none), (none, none, one), (one, none, none)))
