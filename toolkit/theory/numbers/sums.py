"""Programs of sums, products over an index, and cases."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp

from toolkit.theory.numbers import special
from toolkit.theory.numbers.core import (
    ONE,
    Node,
    exp,
    exponential,
    log_of,
    signed_log,
    value,
    value_of,
)
from toolkit.theory.numbers.forms import weight_over
from toolkit.theory.numbers.frames import Frame, any_jax, free, is_known, one_by_one
from toolkit.theory.numbers.ranges import Range, total
from toolkit.theory.numbers.special import elementwise, namespace, where


@value_of.register
def _(expr: sp.Product) -> Node:
    return exponential(signed_log(expr))


@value_of.register
def _(expr: sp.Sum) -> Node:
    def nest(body: Node, over: Range) -> Node:
        return lambda frame: total(frame, over, body)

    return functools.reduce(nest, _ranges(expr), value(expr.function))


def _ranges(expr: sp.Sum | sp.Product) -> list[Range]:
    """Ranges of a sum, the innermost first."""
    inner, ranges = expr.function, []
    for position, (index, low, high) in enumerate(expr.limits):
        symbols = (free(inner) | free(low) | free(high)) - {index}
        weight = weight_over(inner, index) if isinstance(expr, sp.Sum) and not position else None
        ends = value(low), value(high)
        if weight is not None:
            ends = _where_it_matters(weight, ends)
        ranges.append(Range(index, *ends, symbols=symbols))
        inner = sp.Tuple(inner, low, high).xreplace({index: sp.Dummy()})
    return ranges


def _where_it_matters(weight: tuple[sp.Expr, ...], ends: tuple[Node, Node]) -> tuple[Node, Node]:
    """Leave out of a binomial sum what weighs below 1e-19 of the heaviest term within the bounds.

    By Bernstein's inequality, and by log-concavity also when the mode is out of bounds.
    """
    size, x, y = (value(w) for w in weight)
    low, high = ends

    def within(frame: Frame) -> tuple[Any, Any, Any]:
        n, p, q = size(frame), x(frame), y(frame)
        xp = namespace(n, p, q)
        share = p / (p + q)
        reach = xp.ceil(15 + xp.sqrt(225 + 90 * n * share * (1 - share)))
        at = xp.floor((n + 1) * share)
        a, b = low(frame), high(frame)
        return reach, namespace(at, a, b).clip(at, a, namespace(a, b).maximum(a, b)), (a, b)

    def new_low(frame: Frame) -> Any:
        reach, at, (a, _) = within(frame)
        return namespace(a, at, reach).maximum(a, at - reach)

    def new_high(frame: Frame) -> Any:
        reach, at, (_, b) = within(frame)
        return namespace(b, at, reach).minimum(b, at + reach)

    return new_low, new_high


@value_of.register
def _(expr: sp.Piecewise) -> Node:
    return _by_cases(expr, value)


def _by_cases(expr: sp.Piecewise, part: Callable[[Any], Node]) -> Node:
    cases = [(part(of), value(condition)) for of, condition in expr.args]
    symbols = free(expr)

    def choose(frame: Frame) -> Any:
        result: Any = np.nan
        for of, condition in reversed(cases):
            holds = condition(frame)
            if is_known(holds) and np.ndim(holds) == 0:
                result = of(frame) if holds else result
            else:
                result = where(holds, of(frame), result)
        return result

    def run(frame: Frame) -> Any:
        # One by one, a branch that is not taken has no part in a derivative.
        return one_by_one(frame, symbols, choose) if any_jax(frame, symbols) else choose(frame)

    return run


@log_of.register
def _(expr: sp.Product) -> Node:
    node = signed_log(expr.function)
    for over in _ranges(expr):
        node = _log_of_product(node, over)
    return node


def _log_of_product(body: Node, over: Range) -> Node:
    def negative(frame: Frame) -> Any:
        sign = body(frame)[0]
        return 0.0 if sign is ONE else where(sign < 0, 1.0, 0.0)

    def run(frame: Frame) -> Any:
        log = total(frame, over, lambda inner: body(inner)[1])
        return 1.0 - 2.0 * (total(frame, over, negative) % 2), log

    return run


@log_of.register
def _(expr: sp.Sum) -> Node:
    node = signed_log(expr.function)
    for over in _ranges(expr):
        node = _log_of_total(node, over)
    return node


def _log_of_total(body: Node, over: Range) -> Node:
    at = sp.Dummy("largest")
    beside = over._replace(symbols=(*over.symbols, at))

    def scaled(frame: Frame) -> Any:
        sign, log = body(frame)
        return sign * exp(log - frame.values[at])

    def run(frame: Frame) -> Any:
        largest = total(frame, over, lambda inner: body(inner)[1], largest=True)
        xp = namespace(largest)
        largest = xp.where(xp.isfinite(largest), largest, 0.0)
        found = total(frame.extended({at: largest}), beside, scaled)
        return elementwise("sign")(found), largest + special.log_abs(found)

    return run


@log_of.register
def _(expr: sp.Piecewise) -> Node:
    def part(which: int) -> Node:
        def of(branch: Any) -> Node:
            node = signed_log(branch)
            return lambda frame: 1.0 * node(frame)[which]

        return _by_cases(expr, of)

    sign, log = part(0), part(1)
    return lambda frame: (sign(frame), log(frame))
