"""Witnesses of growing numbers of generated examples: training sets written out; zeta values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import mpmath as mp

from symbolic.witness import Case, Witness
from symbolic.witnesses.retraining_errors import ROUNDED
from symbolic.witnesses.training_sets import (
    VARIANCE,
    Setting,
    courses,
    expected,
    location,
    number,
    plus,
    retrained,
    times,
)

F = Fraction


def _error(real: int, schedule: tuple[int, ...]) -> Any:
    """Location error after fits to as many generated examples as the schedule says."""
    law = list(courses(Setting("replaced", real, 0, 1), 0))
    for size in schedule:
        setting = Setting("replaced", real, size, 1)
        law = [(times(c, share), later) for c, m in law for share, later in retrained(m, setting)]
    return expected(iter(law), location)


def _numbers(real: int, schedule: tuple[int, ...]) -> dict[str, Any]:
    return {"num_real": real, "real_variance": VARIANCE, "generations": len(schedule)}


def _scheduled() -> Iterator[Case]:
    with mp.workdps(40):
        for real, schedule in ((3, (2, 4)), (2, (4, 3, 2)), (4, (5,))):
            numbers = _numbers(real, schedule) | {"generated_at": schedule}
            yield Case(numbers=numbers, value=_error(real, schedule), error=ROUNDED)


def _powers() -> Iterator[Case]:
    with mp.workdps(40):
        for real, size, power, when in ((3, 2, 1, 2), (2, 2, 2, 2), (2, 3, 1, 2), (3, 2, 0, 3)):
            schedule = tuple(size * (k + 1) ** power for k in range(when))
            numbers = _numbers(real, schedule) | {"num_generated": size, "schedule_power": power}
            yield Case(numbers=numbers, value=_error(real, schedule), error=ROUNDED)


def _limits() -> Iterator[Case]:
    """Zeta by the Dirichlet eta function: an alternating series, extrapolated."""
    with mp.workdps(40):
        for real, size, power in ((10, 5, F(3, 2)), (7, 20, F(5, 2)), (3, 2, F(2))):
            a = number(power)
            zeta = mp.altzeta(a) / (1 - 2 ** (1 - a))
            numbers = {"num_real": real, "num_generated": size, "real_variance": VARIANCE}
            found = number(VARIANCE) * (mp.mpf(1) / real + zeta / size)
            numbers |= {"schedule_power": power}
            yield Case(numbers=numbers, value=found, error=ROUNDED)


def _linear() -> Iterator[Case]:
    """What the logarithm gives away: the sum of the steps above their integral, in digammas."""
    with mp.workdps(40):
        for real, size, when in ((3, 2, 0), (3, 2, 2), (2, 3, 2)):
            schedule = tuple(size * (k + 1) for k in range(when))
            numbers = _numbers(real, schedule) | {"num_generated": size}
            above = mp.digamma(when + 1) + mp.euler - mp.log(when + 1) if when else 0
            yield Case(
                numbers=numbers,
                value=plus(_error(real, schedule), F(0)),
                error=ROUNDED,
                sharp=True,
                slack=number(VARIANCE) / size * above,
            )


def _witness(quantity: str, method: str, make: Callable[[], Iterator[Case]]) -> Witness:
    return Witness(quantity=quantity, method=method, make=make)


WITNESSES: dict[str, Witness] = {
    "scheduled_location": _witness("Mean(m[t])", "enumeration", _scheduled),
    "power_schedule_location": _witness("Mean(m[t])", "enumeration", _powers),
    "power_schedule_limit": _witness("m_inf", "alternating series", _limits),
    "linear_schedule_lower_bound": _witness("Mean(m[t])", "enumeration", _linear),
}
