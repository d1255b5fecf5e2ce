"""What an expression is worth in a small world, and whether a relation is true there.

`value_of` works an expression out by plain definitions (a sum is added up, an expectation is
averaged over the outcomes, an integral over the image is added up over the possible images), in
rationals as long as roots and logarithms do not appear, otherwise with forty digits.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import mpmath as mp
import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational

from symbolic.special import log_c
from symbolic.symbols import Mean, RandomSymbol, SampleMean, is_random
from symbolic.worlds.arithmetic import (
    DIGITS,
    Value,
    add,
    agree,
    line_total,
    power,
    real,
    slope,
    times,
)
from symbolic.worlds.world import OfIndices, Outcome, UnknownError, World

__all__ = ["holds", "value_of"]


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
            if not agree(type(statement), *sides):
                return False
    return True


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


class _Reader:
    def __init__(self, world: World, outcome: Outcome | None) -> None:
        self.world, self.outcome = world, outcome

    def __call__(self, expr: sp.Basic, bound: Mapping[Any, Value]) -> Value:
        with mp.workdps(DIGITS):
            return self._read(expr, bound)

    def _read(self, expr: sp.Basic, bound: Mapping[Any, Value]) -> Value:
        if isinstance(expr, sp.Rational):
            return Fraction(int(expr.p), int(expr.q))
        if isinstance(expr, sp.NumberSymbol):
            return mp.mpf(expr.evalf(DIGITS))
        if isinstance(expr, sp.Symbol):
            return self._symbol(expr, bound)
        if isinstance(expr, sp.Indexed):
            return self._entry(expr.base.label, expr.indices, bound)
        if isinstance(expr, AppliedUndef):
            return self._entry(expr.func, expr.args, bound)
        if isinstance(expr, sp.Derivative):
            return self._slope(expr, bound)
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
                entry = values[head]
                try:
                    return entry(bound, *at) if isinstance(entry, OfIndices) else entry(*at)
                except (IndexError, KeyError):
                    break
        raise UnknownError(f"{head} has no value at {at} in the world {self.world.name!r}.")

    def _total(self, total: sp.Expr, limits: list[sp.Tuple], bound: dict[Any, Value]) -> Value:
        """Add (or multiply) up, outermost limit first; nothing over an empty range."""
        if not limits:
            return self._read(total.function, bound)
        *inner, (variable, *ends) = limits

        def term(at: Value) -> Value:
            return self._total(total, inner, {**bound, variable: at})

        if isinstance(total, sp.Integral):
            if tuple(ends) == (-sp.oo, sp.oo):
                return line_total(term)
            if variable not in self.world.points or ends:
                raise UnknownError(f"no integral over {variable} in {self.world.name!r}.")
            return add(map(term, self.world.points[variable]))
        low, high = ends
        last = self.world.last if high is sp.oo else int(self._read(high, bound))
        terms = [term(Fraction(k)) for k in range(int(self._read(low, bound)), last + 1)]
        if high is sp.oo and (not terms or terms[-1] != 0):
            raise UnknownError(f"{total} goes on and on in {self.world.name!r}.")
        return math.prod(terms, start=Fraction(1)) if isinstance(total, sp.Product) else add(terms)

    def _slope(self, derivative: sp.Derivative, bound: Mapping[Any, Value]) -> Value:
        ((variable, order),) = derivative.variable_count
        if order != 1:
            raise UnknownError(f"{derivative} has no value in the world {self.world.name!r}.")
        return slope(
            lambda x: self._read(derivative.expr, {**bound, variable: x}),
            self._symbol(variable, bound),
        )

    def _mean(self, inner: sp.Expr, bound: Mapping[Any, Value]) -> Value:
        return add(
            times(outcome.chance, _Reader(self.world, outcome)._read(inner, bound))
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
        return times(Fraction(1, size), add(values))

    def _operation(self, expr: sp.Basic, args: list[Value]) -> Value:
        if isinstance(expr, sp.Add):
            return add(args)
        if isinstance(expr, sp.Mul):
            product: Value = Fraction(1)
            for arg in args:
                product = times(product, arg)
            return product
        if isinstance(expr, sp.Pow):
            return power(*args)
        if isinstance(expr, sp.Abs):
            return abs(args[0])
        if isinstance(expr, sp.KroneckerDelta):
            return Fraction(args[0] == args[1])
        if isinstance(expr, sp.binomial):
            n, k = map(int, args)
            return Fraction(math.comb(n, k) if k >= 0 else 0)
        if isinstance(expr, sp.log | sp.exp):
            return (mp.log if isinstance(expr, sp.log) else mp.exp)(real(args[0]))
        if isinstance(expr, log_c):  # log E chi_nu / sqrt(nu)
            (freedom,) = map(real, args)
            ratio = mp.gammaprod([(freedom + 1) / 2], [freedom / 2])
            return mp.log(ratio * mp.sqrt(2 / freedom))
        raise UnknownError(f"{expr.func} has no value in the world {self.world.name!r}.")
