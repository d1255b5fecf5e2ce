"""Witnesses of iterative retraining: training sets written out, every draw listed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import mpmath as mp

from symbolic.witness import Case, Witness
from symbolic.witnesses.training_sets import (
    VARIANCE,
    Model,
    Setting,
    courses,
    expected,
    location,
    spread,
)

F = Fraction
ROUNDED = mp.mpf(10) ** -25
#: A model that is given: mean and variance.
STATES = ((F(2, 3), F(9, 4)), (F(-1, 5), F(4, 9)))
Value = Callable[[Model], Any]


def given(mean: Fraction, variance: Fraction) -> Model:
    """Write a model that was fitted to nothing known."""
    return Model(mean, variance, (), ())


def state(mean: Fraction, variance: Fraction) -> dict[str, Any]:
    """Name its errors."""
    return {"location_error": mean**2, "model_variance": variance}


def one_step(quantity: str, setting: Setting, value: Value, *known: str) -> Witness:
    """Witness one retraining from given models; of what the result depends on ``known``."""

    def cases() -> Iterator[Case]:
        for new, (mean, variance) in zip((2, 3), STATES, strict=True):
            for ddof in (0, 1):
                used = setting._replace(new=new, ddof=ddof)
                numbers = {**state(mean, variance), **sizes(used, *known)}
                keep = set(known) | {"model_variance", "location_error"}
                numbers = {key: x for key, x in numbers.items() if key in keep}
                found = expected(courses(used, 1, given(mean, variance)), value)
                yield Case(numbers=numbers, value=found)

    return Witness(quantity=quantity, method="enumeration", make=cases)


def sizes(setting: Setting, *known: str) -> dict[str, Any]:
    """Name what a setting says."""
    every = {
        "num_real": setting.real,
        "num_generated": setting.new,
        "ddof": setting.ddof,
        "fresh_weight": setting.weight,
        "synthetic_ratio": (1 - setting.weight) / setting.weight,
        "real_variance": VARIANCE,
    }
    return {key: x for key, x in every.items() if key in known}


def in_time(
    quantity: str, settings: tuple[tuple[Setting, int], ...], value: Value, *known: str
) -> Witness:
    """Witness what has become of a quantity after some generations."""

    def cases() -> Iterator[Case]:
        for setting, generations in settings:
            found = expected(courses(setting, generations), value)
            numbers = sizes(setting, *known) | {"generations": generations}
            yield Case(numbers=numbers, value=found, error=0 if setting.known else ROUNDED)

    return Witness(quantity=quantity, method="enumeration", make=cases)


def _first(value: Value) -> Iterator[Case]:
    for real, ddof in ((2, 0), (2, 1), (3, 1), (4, 2)):
        setting = Setting("replaced", real, 0, ddof)
        known = ("num_real", "real_variance") + (("ddof",) if value is spread else ())
        yield Case(numbers=sizes(setting, *known), value=expected(courses(setting, 0), value))


_SIZES = (("replaced", 2, 3), ("replaced", 3, 2))
_LIKELIHOOD = tuple((Setting(*size), t) for size, t in zip(_SIZES, (2, 3), strict=True))
_UNBIASED = tuple((setting._replace(ddof=1), t) for setting, t in _LIKELIHOOD)
_KNOWN = tuple((setting._replace(known=True), t) for setting, t in _LIKELIHOOD)
_ANY = (*_LIKELIHOOD, *_UNBIASED, (Setting("replaced", 4, 3, 2), 1))
_PLAIN = ("num_real", "num_generated", "real_variance")
_REPLACED = Setting("replaced", 2, 2)

WITNESSES: dict[str, Witness] = {
    "replaced_location_step": one_step("Mean(m')", _REPLACED, location, "num_generated"),
    "replaced_variance_step": one_step("Mean(v')", _REPLACED, spread, "num_generated", "ddof"),
    "first_location": Witness(
        quantity="Mean(m[0])", method="enumeration", make=functools.partial(_first, location)
    ),
    "first_variance": Witness(
        quantity="Mean(v[0])", method="enumeration", make=functools.partial(_first, spread)
    ),
    "replaced_variance": in_time("Mean(v[t])", _ANY, spread, *_PLAIN, "ddof"),
    "replaced_location": in_time("Mean(m[t])", _ANY, location, *_PLAIN, "ddof"),
    "replaced_location_unbiased": in_time("Mean(m[t])", _UNBIASED, location, *_PLAIN),
    "replaced_location_known": in_time("Mean(m[t])", _KNOWN, location, *_PLAIN),
    "replaced_variance_ml": in_time("Mean(v[t])", _LIKELIHOOD, spread, *_PLAIN),
    "replaced_location_ml": in_time("Mean(m[t])", _LIKELIHOOD, location, *_PLAIN),
}
