"""Witnesses of retraining on mixes with real examples, the same ones or fresh ones.

A stationary value is where the line through the outcomes of two enumerated retrainings meets the
diagonal; a best weight is searched for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import mpmath as mp

from symbolic.witness import Case, Witness
from symbolic.witnesses.retraining_errors import ROUNDED, STATES, given, in_time, one_step, sizes
from symbolic.witnesses.training_sets import (
    REAL_SD,
    VARIANCE,
    Model,
    Setting,
    average,
    courses,
    drawn,
    equal,
    expected,
    fitted,
    from_data,
    location,
    number,
    plus,
    spread,
    times,
    total,
)

F = Fraction
_DATA = {2: (F(4, 3), F(-1, 2)), 3: (F(1, 2), F(-5, 3), F(2, 7))}  # real examples at hand
_MIX = ("num_generated", "synthetic_ratio")
_MIXED = (
    (Setting("mixed", 2, 3, weight=F(3, 5)), 2),
    (Setting("mixed", 3, 2, weight=F(1, 4)), 3),
)
_FRESH = (
    (Setting("fresh", 2, 1, weight=F(3, 5)), 2),
    (Setting("fresh", 1, 2, weight=F(1, 4)), 2),
    (Setting("fresh", 2, 2, weight=F(2, 7)), 1),
)
_PLAIN = ("num_real", "num_generated", "real_variance")


def _known(settings: tuple[tuple[Setting, int], ...]) -> tuple[tuple[Setting, int], ...]:
    return tuple((setting._replace(known=True), times) for setting, times in settings)


# ------------------------------------------------------------------------- the same real examples


def _near(setting: Setting, step: Fraction, variance: Any) -> Model:
    """Write a model at a distance from the mean of the real examples at hand."""
    data = _DATA[setting.real]
    return Model(plus(average(data, equal(len(data))), step), variance, data, data)


def _mixed_step(value: Callable[[Model], Any], *known: str) -> Callable[[], Iterator[Case]]:
    def cases() -> Iterator[Case]:
        for (setting, _), (step, variance) in zip(_MIXED, STATES, strict=True):
            for ddof in (0, 1):
                used = setting._replace(ddof=ddof)
                plain = fitted(_DATA[used.real], equal(used.real), used._replace(ddof=0))[1]
                numbers = sizes(used, *known) | {"model_variance": variance}
                numbers |= {"data_distance": step**2, "data_variance": plain}
                found = expected(courses(used, 1, _near(used, step, variance)), value)
                yield Case(numbers=numbers, value=found)

    return cases


def _split() -> Iterator[Case]:
    """For the mean over all that may have happened, the real examples included."""
    for setting, times_ in _known(_MIXED):
        distance = expected(courses(setting, times_), from_data)
        numbers = sizes(setting, "num_real", "real_variance") | {"data_distance": distance}
        yield Case(numbers=numbers, value=expected(courses(setting, times_), location))


def _settled(first: tuple[Any, Any], second: tuple[Any, Any]) -> Any:
    """Where the line through two points meets the diagonal."""
    (a, at_a), (b, at_b) = first, second
    if all(isinstance(x, Fraction) for x in (a, at_a, b, at_b)):
        slope = (at_a - at_b) / (a - b)
    else:
        slope = (number(at_a) - number(at_b)) / number(a - b)
    return (plus(at_a, -times(slope, a))) / (1 - slope)


def _mixed_level(setting: Setting) -> Any:
    """Error of the real examples' mean, and the distance from it in the long run."""

    def of_data(chance: Fraction, data: tuple[Any, ...]) -> Any:
        centre, plain = average(data, equal(len(data))), fitted(data, equal(len(data)), setting)[1]
        points = []
        for step in (F(1, 10), F(1, 5)):
            start = step if setting.known else times(step, mp.sqrt(number(plain)))
            square = times(start, start)
            left = plain if setting.known else plus(plain, -square)
            model = Model(plus(centre, start), left, data, data)
            points.append((square, expected(courses(setting, 1, model), from_data)))
        distance = F(0) if points[0][0] == points[1][0] else _settled(*points)
        return times(chance, plus(times(centre, centre), distance))

    return total(of_data(c, data) for c, data in drawn(setting.real, F(0), REAL_SD))


def _mixed_levels(known: bool, *names: str) -> Callable[[], Iterator[Case]]:
    def cases() -> Iterator[Case]:
        for setting, _ in _MIXED:
            alike = "num_generated" not in names
            weight = F(setting.real, setting.real + setting.new) if alike else setting.weight
            used = setting._replace(known=known, weight=weight)
            with mp.workdps(40):
                found = _mixed_level(used)
            yield Case(numbers=sizes(used, *names), value=found, error=0 if known else ROUNDED)

    return cases


# ---------------------------------------------------------------------------- fresh real examples


def _fresh_level(setting: Setting) -> Any:
    points = []
    for mean in (F(1, 5), F(3, 5)):
        left = VARIANCE if setting.known else VARIANCE - mean**2
        points.append((mean**2, expected(courses(setting, 1, given(mean, left)), location)))
    return _settled(*points)


def _fresh_levels(known: bool) -> Iterator[Case]:
    for setting, _ in _FRESH:
        used = setting._replace(known=known)
        with mp.workdps(40):
            found = _fresh_level(used)
        numbers = sizes(used, *_PLAIN, "fresh_weight")
        yield Case(numbers=numbers, value=found, error=0 if known else ROUNDED)


_NEAR = F(1, 10**12)  # around the best weight the error is flat: it is found to the square of this


def _best(real: int, new: int) -> tuple[Fraction, Fraction]:
    """Narrow the best weight down by comparing enumerated stationary errors."""
    low, high, share = F(0), F(1), F(2, 5)

    def level(weight: Fraction) -> Fraction:
        return _fresh_level(Setting("fresh", real, new, known=True, weight=weight))

    while high - low > _NEAR:
        left, right = low + share * (high - low), high - share * (high - low)
        if level(left) < level(right):
            high = right.limit_denominator(10**20)
        else:
            low = left.limit_denominator(10**20)
    weight = ((low + high) / 2).limit_denominator(10**14)
    return weight, level(weight)


def _best_cases(part: int, *names: str) -> Callable[[], Iterator[Case]]:
    def cases() -> Iterator[Case]:
        for real, new in ((2, 1), (1, 3)) if names else ((1, 1), (2, 2)):
            setting = Setting("fresh", real, new)
            found = _best(real, new)[part]
            yield Case(numbers=sizes(setting, *names), value=found, error=10 * _NEAR)

    return cases


def _counted(quantity: str, make: Callable[[], Iterator[Case]]) -> Witness:
    return Witness(quantity=quantity, method="enumeration", make=make)


_FRESH_STEP = Setting("fresh", 2, 2, weight=F(2, 7))
_FRESH_KNOWN = ("num_real", "num_generated", "real_variance", "fresh_weight")
WITNESSES: dict[str, Witness] = {
    "mixed_location_step": _counted("Mean(D_R')", _mixed_step(from_data, *_MIX)),
    "mixed_variance_step": _counted(
        "Mean(v')", _mixed_step(spread, *_MIX, "num_real", "ddof")
    ),
    "mixed_location_split": _counted("Mean(m[t])", _split),
    "mixed_location": in_time(
        "Mean(m[t])", _known(_MIXED), location, *_PLAIN, "synthetic_ratio"
    ),
    "mixed_location_stationary": _counted(
        "m_*", _mixed_levels(True, *_PLAIN, "synthetic_ratio")
    ),
    "mixed_location_floor": _counted(
        "m_*", _mixed_levels(True, "num_real", "real_variance", "synthetic_ratio")
    ),
    "mixed_location_ml": in_time("Mean(m[t])", _MIXED, location, *_PLAIN, "synthetic_ratio"),
    "mixed_variance_ml": in_time("Mean(v[t])", _MIXED, spread, *_PLAIN, "synthetic_ratio"),
    "mixed_location_floor_ml": _counted(
        "m_*", _mixed_levels(False, *_PLAIN, "synthetic_ratio")
    ),
    "fresh_location_step": one_step("Mean(m')", _FRESH_STEP, location, *_FRESH_KNOWN),
    "fresh_variance_step": one_step("Mean(v')", _FRESH_STEP, spread, *_FRESH_KNOWN, "ddof"),
    "fresh_location": in_time("Mean(m[t])", _known(_FRESH), location, *_FRESH_KNOWN),
    "fresh_location_stationary": _counted("m_*", lambda: _fresh_levels(True)),
    "fresh_location_ml": in_time("Mean(m[t])", _FRESH, location, *_FRESH_KNOWN),
    "fresh_variance_ml": in_time("Mean(v[t])", _FRESH, spread, *_FRESH_KNOWN),
    "fresh_location_stationary_ml": _counted("m_*", lambda: _fresh_levels(False)),
    "best_fresh_weight": _counted("w_*", _best_cases(0, "num_real", "num_generated")),
    "best_fresh_error": _counted("m_best", _best_cases(1, *_PLAIN)),
    "golden_weight": _counted("w_*", _best_cases(0)),
}  # fmt: skip
