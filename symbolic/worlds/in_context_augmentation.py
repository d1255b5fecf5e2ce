"""A small world of augmentation: two real examples, and one input that the first fit labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple

from symbolic import symbols as s
from symbolic.model.in_context import coefficient
from symbolic.model.in_context_augmentation import (
    after_entry,
    batch_entry,
    endless_gap,
    first_entry,
    gain_gap,
)
from symbolic.model.in_context_loop import first_context_aim, first_context_square
from symbolic.worlds.in_context import (
    AXES,
    TRUE,
    Point,
    dot,
    examples,
    mean_product,
)
from symbolic.worlds.world import Outcome, World, small_world

F = Fraction
_GAIN, _NOISE_SD, _REAL_NOISE_SD = F(4, 5), F(2, 3), F(1, 2)
_REAL, _NEW = 2, 1
_SHARE = F(_REAL, _REAL + _NEW)


class _Run(NamedTuple):
    chance: Fraction
    first: Point
    batch: Point
    after: Point


def _less(one: Point, other: Point) -> Point:
    return tuple(x - y for x, y in zip(one, other, strict=True))


def _runs() -> Iterator[_Run]:
    for chance, rows in examples(_REAL, _REAL_NOISE_SD):
        first = mean_product(rows, TRUE)
        for share, new in examples(_NEW, _NOISE_SD):
            batch = mean_product(new, tuple(_GAIN * u for u in first))
            after = tuple(
                _GAIN * (_SHARE * u + (1 - _SHARE) * b) for u, b in zip(first, batch, strict=True)
            )
            yield _Run(chance * share, first, batch, after)


def _error(number: Fraction) -> Fraction:
    """Mean squared distance from the truth for any number of synthetic inputs.

    The mean product of so many has the mean ``eta u_0`` and the variance of one input over them.
    """
    share, found = _REAL / (_REAL + number), F(0)
    for chance, rows in examples(_REAL, _REAL_NOISE_SD):
        first = mean_product(rows, TRUE)
        labels = tuple(_GAIN * u for u in first)
        square = sum(
            (part * dot(b, b) for part, b in (
                (part, mean_product(new, labels)) for part, new in examples(1, _NOISE_SD)
            )),
            F(0),
        )  # fmt: skip
        middle = tuple(
            _GAIN * (share * u + (1 - share) * w) for u, w in zip(first, labels, strict=True)
        )
        apart = _less(middle, TRUE)
        own = square - dot(labels, labels)
        if number:
            found += chance * (_GAIN * (1 - share)) ** 2 * own / number
        found += chance * dot(apart, apart)
    return found


def _slope(number: Fraction) -> Fraction:
    step = F(1, 10**20)
    return (_error(number + step) - _error(number - step)) / (2 * step)


@small_world
def augmented() -> World:
    """The first retraining."""
    runs, outcomes, gap, endless = list(_runs()), [], F(0), F(0)
    mean = tuple(sum((run.chance * run.after[a] for run in runs), F(0)) for a in range(AXES))
    shift, spread = _less(mean, TRUE), F(0)
    for run in runs:
        around, apart = _less(run.after, mean), _less(run.after, TRUE)
        spread += run.chance * dot(around, around)
        lacking = _less(TRUE, tuple(_GAIN * u for u in run.first))
        gap += run.chance * dot(run.first, lacking)
        repeated = _less(tuple(_GAIN**2 * u for u in run.first), TRUE)
        endless += run.chance * dot(repeated, repeated)
        entries = {
            first_entry.base: run.first,
            batch_entry.base: run.batch,
            after_entry.base: run.after,
        }
        tables: dict[Any, Callable[[int], Fraction]] = {
            base.label: column.__getitem__ for base, column in entries.items()
        }
        tables[s.location_error_at.label] = {1: dot(apart, apart)}.__getitem__
        outcomes.append(Outcome(
            chance=run.chance,
            values={
                first_context_square: dot(run.first, run.first),
                first_context_aim: dot(run.first, TRUE),
            },
            tables=tables,
        ))  # fmt: skip
    return World(
        name="augmented real examples",
        values={
            s.num_features: F(AXES),
            s.num_real: F(_REAL),
            s.num_synthetic: F(_NEW),
            s.num_generated: F(_NEW),
            s.real_share: _SHARE,
            s.synthetic_ratio: F(_NEW, _REAL),
            s.attention_gain: _GAIN,
            s.augmentation_shift: dot(shift, shift),
            s.augmentation_sampling_error: spread,
            gain_gap: gap,
            s.squared_norm: dot(TRUE, TRUE),
            s.augmentation_limit: endless,
            endless_gap: endless - _error(F(0)),
        },
        tables={
            coefficient.label: TRUE.__getitem__,
            s.augmentation_error: lambda x: _error(F(x)),
            s.augmentation_slope: lambda x: _slope(F(x)),
        },
        outcomes=tuple(outcomes),
        ranges={s.feature: range(AXES)},
    )
