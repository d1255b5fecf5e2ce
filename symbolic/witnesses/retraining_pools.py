"""Witnesses of retraining on pools of many generations: training sets written out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import mpmath as mp

from symbolic.witness import Case, Witness
from symbolic.witnesses.retraining_errors import ROUNDED, in_time, sizes
from symbolic.witnesses.training_sets import (
    VARIANCE,
    Model,
    Setting,
    average,
    courses,
    equal,
    expected,
    location,
    number,
    spread,
    times,
)

F = Fraction
_POOLS = {1: (F(1, 2), F(-2, 3), F(3), F(-1, 5)), 2: (F(1, 3), F(2), F(-7, 4))}  # batches of 2, 1
_VARIANCE = F(9, 4)


def _given(generations: int) -> Model:
    pool = _POOLS[generations]
    return Model(average(pool, equal(len(pool))), _VARIANCE, (), pool)


def _square(points: tuple[Any, ...]) -> Any:
    return average([times(x, x) for x in points], equal(len(points)))


def _moment(model: Model) -> Any:
    return _square(model.pool)


def _one_step(quantity: str, value: Callable[[Model], Any], *known: str) -> Witness:
    def cases() -> Iterator[Case]:
        for generations, new, ddof in ((1, 2, 0), (1, 2, 1), (2, 1, 0), (2, 1, 2)):
            model, setting = _given(generations), Setting("accumulated", new, new, ddof)
            numbers = {
                "generations": generations,
                "location_error": location(model),
                "model_variance": model.variance,
                "pool_moment": _moment(model),
            } | sizes(setting, "num_generated", "ddof")
            found = expected(courses(setting, 1, model), value)
            yield Case(numbers={key: numbers[key] for key in known}, value=found)

    return Witness(quantity=quantity, method="enumeration", make=cases)


def _limits(value: Callable[[Any], Any]) -> Callable[[], Iterator[Case]]:
    def cases() -> Iterator[Case]:
        with mp.workdps(40):
            for size in (2, 3, 50):
                numbers = {"num_generated": size, "real_variance": VARIANCE}
                found = number(VARIANCE) * value(mp.mpf(size))
                yield Case(numbers=numbers, value=found, error=ROUNDED)

    return cases


def _in_gammas(size: Any) -> Any:
    """Write the product of 1 - x^2/k^2 in Gamma functions, by their reflection."""
    x = 1 / mp.sqrt(size)
    return 1 / (mp.gamma(1 + x) * mp.gamma(1 - x))


_LIKELIHOOD = (
    (Setting("accumulated", 2, 2), 2),
    (Setting("accumulated", 3, 3), 1),
    (Setting("accumulated", 2, 2), 0),
)
_KNOWN = tuple((setting._replace(known=True), t) for setting, t in _LIKELIHOOD)
_PLAIN = ("num_generated", "real_variance")
_STEP = ("generations", "num_generated", "location_error", "model_variance")
WITNESSES: dict[str, Witness] = {
    "accumulated_location_step": _one_step("Mean(m')", location, *_STEP),
    "accumulated_moment_step": _one_step("Mean(q')", _moment, *_STEP, "pool_moment"),
    "accumulated_variance_step": _one_step("Mean(v')", spread, *_STEP, "pool_moment", "ddof"),
    "accumulated_location": in_time("Mean(m[t])", _KNOWN, location, *_PLAIN),
    "accumulated_location_limit": Witness(
        quantity="m_inf",
        method="zeta function",
        make=_limits(lambda size: mp.zeta(2) / size),
    ),
    "accumulated_variance_ml": in_time("Mean(v[t])", _LIKELIHOOD, spread, *_PLAIN),
    "accumulated_location_ml": in_time("Mean(m[t])", _LIKELIHOOD, location, *_PLAIN),
    "accumulated_variance_limit": Witness(
        quantity="v_inf", method="Gamma functions", make=_limits(_in_gammas)
    ),
}
