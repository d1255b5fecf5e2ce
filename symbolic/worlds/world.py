"""Small worlds: every symbol has a value or a law in them, so a relation is true or false there.

A world lists all outcomes of what is random, with exact probabilities.  `value_of` works an
expression out by plain definitions (a sum is added up, an expectation is averaged over the
outcomes, an integral over the image is added up over the possible images), in rationals as long
as roots and logarithms do not appear, otherwise with forty digits.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import mpmath as mp
import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational

from symbolic.symbols import Mean, RandomSymbol, SampleMean, is_random

__all__ = ["Outcome", "UnknownError", "World", "holds", "value_of"]

Value = Any  # Fraction or mpf
_DIGITS = 40
_SMALL = mp.mpf(10) ** -25


class UnknownError(ValueError):
    """A symbol has no value in a world."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What chance may bring: values of random quantities, and draws for sample means.

    Parameters
    ----------
    chance : Fraction
        Its probability.
    values, tables : mapping
        As in `World`, for what is random.
    draws : tuple of mapping
        Values of the random symbols of each independent draw, one mapping a draw.

    Examples
    --------
    >>> Outcome(chance=Fraction(1, 2)).draws
    ()
    """

    chance: Fraction
    values: Mapping[sp.Symbol, Value] = field(default_factory=dict)
    tables: Mapping[Any, Callable[..., Value]] = field(default_factory=dict)
    draws: tuple[Mapping[Any, Any], ...] = ()


@dataclass(frozen=True, kw_only=True)
class World:
    """One small system with all that can happen in it.

    Parameters
    ----------
    name : str
        What kind of system it is.
    values : mapping of Symbol to number
        Plain numbers; a callable gets the values of the free indices.
    tables : mapping of label or function to callable
        What is indexed (by the base's label) or applied (by its function).
    outcomes : tuple of Outcome
        All that can happen; the chances add up to one.
    ranges : mapping of Symbol to integers
        Values that a free index takes; a relation must hold at all of them.
    points : mapping of Symbol to numbers
        Values over which an integral adds up.

    Examples
    --------
    >>> x = sp.Symbol("x")
    >>> value_of(x**2, World(name="one number", values={x: Fraction(2, 3)}))
    Fraction(4, 9)
    """

    name: str
    values: Mapping[sp.Symbol, Value] = field(default_factory=dict)
    tables: Mapping[Any, Callable[..., Value]] = field(default_factory=dict)
    outcomes: tuple[Outcome, ...] = (Outcome(chance=Fraction(1)),)
    ranges: Mapping[sp.Symbol, Iterable[int]] = field(default_factory=dict)
    points: Mapping[sp.Symbol, tuple[Value, ...]] = field(default_factory=dict)


def holds(statement: Relational, world: World) -> bool:
    """Tell whether a relation is true in a world: at every free index and every outcome.

    Parameters
    ----------
    statement : sympy Relational
        ``Eq``, ``Le`` or ``Ge``.
    world : World
        Where.

    Returns
    -------
    bool
        False if it fails anywhere, or divides by zero.

    Raises
    ------
    UnknownError
        If a symbol has no value there.

    Examples
    --------
    >>> x = sp.Symbol("x")
    >>> holds(sp.Ge(x**2, x), World(name="one number", values={x: Fraction(1, 2)}))
    False
    """
    free = statement.free_symbols
    names = [name for name in world.ranges if name in free]
    random = is_random(statement.lhs) or is_random(statement.rhs)
    outcomes: tuple[Outcome | None, ...] = world.outcomes if random else (None,)
    for indices in itertools.product(*(world.ranges[name] for name in names)):
        bound = dict(zip(names, map(Fraction, indices), strict=True))
        for outcome in outcomes:
            try:
                sides = [
                    _Reader(world, outcome)(side, bound) for side in (statement.lhs, statement.rhs)
                ]
            except ZeroDivisionError:
                return False
            if not _agrees(type(statement), *sides):
                return False
    return True


def _agrees(relation: type[Relational], left: Value, right: Value) -> bool:
    with mp.workdps(_DIGITS):
        return _compares(relation, left, right)


def _compares(relation: type[Relational], left: Value, right: Value) -> bool:
    exact = isinstance(left, Fraction) and isinstance(right, Fraction)
    room = 0 if exact else _SMALL * (1 + abs(_real(right)))
    apart = left - right if exact else _real(left) - _real(right)
    if relation is sp.Eq:
        return bool(abs(apart) <= room)
    return bool(apart <= room if relation is sp.Le else apart >= -room)


def value_of(expr: sp.Expr, world: World) -> Value:
    """Work out an expression in a world.

    Parameters
    ----------
    expr : sympy.Expr
        With nothing random outside expectations, and no free index.
    world : World
        Where.

    Returns
    -------
    Fraction or mpf
        Its value.
    """
    return _Reader(world, None)(expr, {})


def _real(value: Value) -> Any:
    if isinstance(value, Fraction):
        return mp.mpf(value.numerator) / value.denominator
    return value


class _Reader:
    def __init__(self, world: World, outcome: Outcome | None) -> None:
        self.world, self.outcome = world, outcome

    def __call__(self, expr: sp.Basic, bound: Mapping[Any, Value]) -> Value:
        with mp.workdps(_DIGITS):
            return self._read(expr, bound)

    def _read(self, expr: sp.Basic, bound: Mapping[Any, Value]) -> Value:
        if isinstance(expr, sp.Rational):
            return Fraction(int(expr.p), int(expr.q))
        if isinstance(expr, sp.NumberSymbol):
            return mp.mpf(expr.evalf(_DIGITS))
        if isinstance(expr, sp.Symbol):
            return self._symbol(expr, bound)
        if isinstance(expr, sp.Indexed):
            return self._entry(expr.base.label, expr.indices, bound)
        if isinstance(expr, AppliedUndef):
            return self._entry(expr.func, expr.args, bound)
        if isinstance(expr, sp.Sum | sp.Product | sp.Integral):
            return self._total(expr, list(expr.limits), dict(bound))
        if isinstance(expr, Mean):
            return self._mean(expr.args[0], bound)
        if isinstance(expr, SampleMean):
            return self._sample_mean(expr, bound)
        return self._operation(expr, [self._read(arg, bound) for arg in expr.args])

    def _symbol(self, symbol: sp.Symbol, bound: Mapping[Any, Value]) -> Value:
        for values in (bound, self.outcome.values if self.outcome else {}, self.world.values):
            if symbol in values:
                value = values[symbol]
                return value(bound) if callable(value) else value
        raise UnknownError(f"{symbol} has no value in the world {self.world.name!r}.")

    def _entry(self, head: Any, args: Iterable[sp.Basic], bound: Mapping[Any, Value]) -> Value:
        at = [self._read(arg, bound) for arg in args]
        at = [int(x) if isinstance(x, Fraction) and x.denominator == 1 else x for x in at]
        drawn: Mapping[Any, Any] = bound.get("draw", {})
        tables = self.outcome.tables if self.outcome else {}
        for values in (drawn, tables, self.world.tables):
            if head in values:
                try:
                    return values[head](*at)
                except (IndexError, KeyError):
                    break
        raise UnknownError(f"{head} has no value at {at} in the world {self.world.name!r}.")

    def _total(self, total: sp.Expr, limits: list[sp.Tuple], bound: dict[Any, Value]) -> Value:
        """Add (or multiply) up, outermost limit first; nothing over an empty range."""
        if not limits:
            return self._read(total.function, bound)
        *inner, (variable, *ends) = limits
        if isinstance(total, sp.Integral):
            if variable not in self.world.points or ends:
                raise UnknownError(f"no integral over {variable} in {self.world.name!r}.")
            range_: Iterable[Value] = self.world.points[variable]
        else:
            low, high = (self._read(end, bound) for end in ends)
            range_ = [Fraction(k) for k in range(int(low), int(high) + 1)]
        terms = [self._total(total, inner, {**bound, variable: at}) for at in range_]
        return math.prod(terms, start=Fraction(1)) if isinstance(total, sp.Product) else _add(terms)

    def _mean(self, inner: sp.Expr, bound: Mapping[Any, Value]) -> Value:
        return _add(
            _times(outcome.chance, _Reader(self.world, outcome)._read(inner, bound))
            for outcome in self.world.outcomes
        )

    def _sample_mean(self, mean: SampleMean, bound: Mapping[Any, Value]) -> Value:
        function, size = mean.args[0], int(self._read(mean.args[1], bound))
        draws = self.outcome.draws if self.outcome else ()
        symbols = function.atoms(RandomSymbol)
        draws = tuple(draw for draw in draws if symbols & draw.keys())
        if not 0 < size <= len(draws):
            raise UnknownError(f"there are {len(draws)} draws in {self.world.name!r}, not {size}.")
        values = [self._read(function, {**bound, **draw, "draw": draw}) for draw in draws[:size]]
        return _times(Fraction(1, size), _add(values))

    def _operation(self, expr: sp.Basic, args: list[Value]) -> Value:
        if isinstance(expr, sp.Add):
            return _add(args)
        if isinstance(expr, sp.Mul):
            product: Value = Fraction(1)
            for arg in args:
                product = _times(product, arg)
            return product
        if isinstance(expr, sp.Pow):
            return _power(*args)
        if isinstance(expr, sp.KroneckerDelta):
            return Fraction(args[0] == args[1])
        if isinstance(expr, sp.binomial):
            n, k = map(int, args)
            return Fraction(math.comb(n, k) if k >= 0 else 0)
        if isinstance(expr, sp.log | sp.exp):
            return (mp.log if isinstance(expr, sp.log) else mp.exp)(_real(args[0]))
        raise UnknownError(f"{expr.func} has no value in the world {self.world.name!r}.")


def _add(terms: Iterable[Value]) -> Value:
    total: Value = Fraction(0)
    for term in terms:
        both = isinstance(total, Fraction) and isinstance(term, Fraction)
        total = total + term if both else _real(total) + _real(term)
    return total


def _times(first: Value, second: Value) -> Value:
    both = isinstance(first, Fraction) and isinstance(second, Fraction)
    return first * second if both else _real(first) * _real(second)


def _power(base: Value, power: Value) -> Value:
    if isinstance(power, Fraction) and power.denominator == 1:
        return base ** int(power)
    if isinstance(base, Fraction) and isinstance(power, Fraction) and power.denominator == 2:
        exact = _exact_root(base)
        if exact is not None:
            return exact ** int(power.numerator)
    return mp.power(_real(base), _real(power))


def root(value: Fraction) -> Value:
    """Take a square root: exact where it is rational."""
    with mp.workdps(_DIGITS):
        return _power(value, Fraction(1, 2))


def _exact_root(value: Fraction) -> Fraction | None:
    if value < 0:
        return None
    top, bottom = math.isqrt(value.numerator), math.isqrt(value.denominator)
    exact = Fraction(top, bottom)
    return exact if exact * exact == value else None
