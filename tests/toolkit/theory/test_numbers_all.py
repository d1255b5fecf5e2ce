"""Every theorem as a number: against many digits, under jit, with its derivative.

A theorem that is added later is covered from then on, at the first case of its witness.
"""

from __future__ import annotations

import functools
from fractions import Fraction
from typing import Any

import jax
import numpy as np
import pytest
import sympy as sp

from symbolic import THEOREMS
from symbolic.symbols import SYMBOLS
from symbolic.witness import evaluate
from symbolic.witnesses import WITNESSES
from toolkit.theory import function, number, theorem

Numbers = dict[str, Any]
DIGITS = 40
#: Of the central difference; its error is the square, far below what is asked for.
STEP = "1e-12"
WITNESSED = [name for name in THEOREMS if name in WITNESSES]


def some_slow(names: list[str]) -> list[Any]:
    """All names, most of them for `make verify`: to compile each under JAX takes a second."""
    slow = pytest.mark.slow
    return [
        name if at % 10 == 0 else pytest.param(name, marks=slow) for at, name in enumerate(names)
    ]


def needed(name: str) -> Numbers:
    """The numbers of the theorem's first case that its right-hand side speaks of."""
    symbols = theorem(name).symbols
    numbers = WITNESSES[name].cases()[0].numbers
    return {key: value for key, value in numbers.items() if key in symbols}


def floats(numbers: Numbers) -> Numbers:
    return {key: as_float(value) for key, value in numbers.items()}


def as_float(value: Any) -> Any:
    if isinstance(value, tuple):
        return np.array([as_float(entry) for entry in value])
    return float(value)


def many_digits(name: str, numbers: Numbers) -> Any:
    return sp.N(evaluate(theorem(name).rhs, numbers), DIGITS)


def close(found: Any, expected: Any, tolerance: float) -> None:
    assert float(found) == pytest.approx(float(expected), rel=tolerance, abs=1e-300)


@pytest.mark.parametrize("name", WITNESSED)
def test_number(name: str) -> None:
    values = floats(needed(name))
    expected = many_digits(name, needed(name))
    found = number(name, **values)
    close(found, expected, 1e-10)
    if expected > 0:
        close(np.exp(number(name, log=True, **values)), expected, 1e-10)
    else:
        with pytest.raises(ValueError, match="no logarithm"):
            number(name, log=True, **values)


@pytest.mark.parametrize("name", WITNESSED)
def test_every_case_is_within_the_conditions(name: str) -> None:
    symbols = theorem(name).symbols
    for case in WITNESSES[name].cases():
        numbers = {key: value for key, value in case.numbers.items() if key in symbols}
        assert np.isfinite(number(name, **floats(numbers)))


@pytest.mark.parametrize("name", some_slow(WITNESSED))
def test_traced_number_and_derivative(name: str) -> None:
    """All values traced: sizes, bounds of sums and indices too."""
    values = floats(needed(name))
    along = direction(name)

    @jax.jit
    def at(step: Any, values: Numbers) -> Any:
        return function(name)(**moved(values, along, step))

    found, slope = jax.jit(jax.value_and_grad(at))(0.0, values)
    close(found, number(name, **values), 1e-12)
    if along:
        close(slope, difference(name, along), 1e-6)


@pytest.mark.parametrize("name", WITNESSED[::20])
def test_mapped_number(name: str) -> None:
    values = floats(needed(name))
    arrays = {key: np.stack([value, value]) for key, value in values.items()}
    found = jax.vmap(lambda of: function(name)(**of))(arrays)
    np.testing.assert_allclose(found, [number(name, **values)] * 2, rtol=1e-12)


def direction(name: str) -> tuple[str, ...]:
    """What may vary: every value that is not whole, the first entry of what is indexed."""
    return tuple(key for key in needed(name) if not SYMBOLS[key].is_integer)


def moved(values: Numbers, along: tuple[str, ...], step: Any) -> Numbers:
    """Each value grows by another multiple of the step, so that every slope has a part."""
    numbers = dict(values)
    for weight, key in enumerate(along, 1):
        numbers[key] = added(values[key], step * weight)
    return numbers


def added(value: Any, step: Any) -> Any:
    if isinstance(value, tuple):
        return (added(value[0], step), *value[1:])
    if np.ndim(value):
        return value.at[(0,) * np.ndim(value)].add(step)
    return value + step


@functools.cache
def difference(name: str, along: tuple[str, ...]) -> Any:
    numbers = {key: precise(v) if key in along else v for key, v in needed(name).items()}
    step = sp.Float(STEP, 2 * DIGITS)
    above, below = (many_digits(name, moved(numbers, along, h)) for h in (step, -step))
    return (above - below) / (2 * step)


def precise(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(precise(entry) for entry in value)
    exact = sp.Rational(value) if isinstance(value, Fraction) else value
    return sp.Float(exact, 2 * DIGITS)
