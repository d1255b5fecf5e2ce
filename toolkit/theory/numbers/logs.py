"""Programs of signs and logarithms, with the factors and terms paired that nearly cancel."""

from __future__ import annotations

import functools
from typing import Any

import sympy as sp

from toolkit.theory.numbers import special
from toolkit.theory.numbers.core import ONE, Node, exp, log_of, signed_log, value
from toolkit.theory.numbers.forms import Pair, factors, is_risky, pairs_of_factors, terms_of
from toolkit.theory.numbers.frames import Frame
from toolkit.theory.numbers.special import elementwise, namespace, where


def joined(sign: Any, other: Any) -> Any:
    """Multiply two signs."""
    return other if sign is ONE else sign if other is ONE else sign * other


@log_of.register
def _(expr: sp.exp) -> Node:
    argument = value(expr.args[0])
    return lambda frame: (ONE, argument(frame))


@log_of.register
def _(expr: sp.Mul) -> Node:
    return log_of_factors(factors(expr.args))


@log_of.register
def _(expr: sp.Pow) -> Node:
    return log_of_factors(factors([expr]))


def log_of_factors(found: list[tuple[sp.Expr, sp.Expr]]) -> Node:
    """Compile the sign and log of a product, its factors paired where they nearly cancel."""
    pairs = pairs_of_factors(found)
    nodes = [_raised(signed_log(base), exponent) for base, exponent in pairs.alone]
    nodes += [_raised(_ratio(u, v, gap), e) for u, v, gap, e in pairs.ratios]
    nodes += [_raised(gamma_ratio(v, gap), e) for v, gap, e in pairs.gammas]
    nodes += [_weight(*weight) for weight in pairs.weights]

    def run(frame: Frame) -> Any:
        sign, log = ONE, 0.0
        for node in nodes:
            s, part = node(frame)
            sign, log = joined(sign, s), log + part
        return sign, log

    return run


def _raised(node: Node, exponent: sp.Expr) -> Node:
    if exponent == 1:
        return node
    power = value(exponent)
    even = exponent.is_Integer and exponent % 2 == 0
    odd = exponent.is_Integer and not even

    def run(frame: Frame) -> Any:
        (sign, log), p = node(frame), power(frame)
        xp = namespace(log, p)
        if exponent.is_Number:
            log = p * log
        else:  # 0**0 is 1, and derivatives stay finite
            infinite = xp.isinf(log)
            at_zero = xp.where(xp.equal(p, 0), 0.0, xp.where(infinite, log, 0.0) * xp.sign(p))
            at_zero = xp.where(xp.isnan(at_zero), 0.0, at_zero)
            log = xp.where(infinite, at_zero, p * xp.where(infinite, 0.0, log))
        if sign is ONE or even:
            return ONE, log
        if odd:
            return sign, log
        return where(
            sign > 0, 1.0, where(xp.isinf(log) | xp.equal(p, 0), 1.0, _alternating(p))
        ), log

    return run


def _alternating(power: Any) -> Any:
    """``(-1)**power``: NaN unless the power is whole."""
    xp = namespace(power)
    return xp.where(xp.equal(power, xp.round(power)), 1.0 - 2.0 * (power % 2), xp.nan)


def _ratio(u: sp.Expr, v: sp.Expr, gap: sp.Expr) -> Node:
    top, bottom, difference = value(u), value(v), value(gap)

    def run(frame: Frame) -> Any:
        below = bottom(frame)
        ratio = top(frame) / below
        return elementwise("sign")(ratio), special.near_one_log(difference(frame) / below, ratio)

    return run


def gamma_ratio(v: sp.Expr, gap: sp.Expr) -> Node:
    """Compile ``Gamma(v + gap)/Gamma(v)``."""
    argument, difference = value(v), value(gap)

    def run(frame: Frame) -> Any:
        x, d = argument(frame), difference(frame)
        sign = special.gamma_sign(x) * special.gamma_sign(x + d)
        return sign, special.log_gamma_ratio(x, d)

    return run


def _weight(size: sp.Expr, count: sp.Expr, x: sp.Expr, y: sp.Expr) -> Node:
    nodes = [value(part) for part in (size, count, x, y, sp.expand(x + y - 1))]
    return lambda frame: (ONE, special.log_binomial_term(*(node(frame) for node in nodes)))


@log_of.register
def _(expr: sp.Add) -> Node:
    terms = terms_of(expr)
    rest = sp.Add(*(t for t in expr.args if t != 1)) if 1 in expr.args else None
    parts = [log_difference(t) if isinstance(t, Pair) else signed_log(t) for t in terms]
    if len(parts) == 1:
        return parts[0]
    if any(isinstance(t, Pair) or is_risky(t) for t in terms):
        return lambda frame: log_of_sum([part(frame) for part in parts])
    node, positive = value(expr), expr.is_positive
    beside = value(rest) if rest is not None else None

    def run(frame: Frame) -> Any:
        found = node(frame)
        log = (
            special.log_abs(found) if beside is None else special.near_one_log(beside(frame), found)
        )
        return (ONE if positive else elementwise("sign")(found)), log

    return run


def log_difference(pair: Pair) -> Node:
    """Compile the log of ``q (P - Q)`` of two products that may be almost equal."""
    factor = signed_log(pair.factor)
    first, second = signed_log(pair.first), signed_log(pair.second)

    def run(frame: Frame) -> Any:
        (f, c), (s, a), (z, b) = factor(frame), first(frame), second(frame)
        if s is not ONE or z is not ONE:
            minus = -1.0 if z is ONE else -z
            sign, log = log_of_sum([(s, a), (minus, b)])
        gap, larger = gap_of(a, b)
        xp = namespace(gap)
        close = gap > -0.7
        near = xp.log(-xp.expm1(xp.where(close & (gap < 0), gap, -1.0)))
        far = xp.log1p(-xp.exp(xp.where(close, -1.0, gap)))
        through = larger + xp.where(gap == 0, -xp.inf, xp.where(close, near, far))
        direction = elementwise("sign")(where(a <= b, gap, -gap))
        if s is not ONE or z is not ONE:
            both = (s > 0) & (z > 0)
            direction, through = where(both, direction, sign), where(both, through, log)
        return joined(f, direction), c + through

    return run


def log_of_sum(parts: list[tuple[Any, Any]]) -> tuple[Any, Any]:
    """Add numbers given by signs and logarithms."""
    largest = functools.reduce(elementwise("maximum"), [log for _, log in parts])
    xp = namespace(largest)
    largest = xp.where(xp.isfinite(largest), largest, 0.0)
    found = sum(sign * exp(log - largest) for sign, log in parts)
    positive = all(sign is ONE for sign, _ in parts)
    return (ONE if positive else elementwise("sign")(found)), largest + special.log_abs(found)


def gap_of(a: Any, b: Any) -> tuple[Any, Any]:
    """``-|a - b|`` with the derivative of its branch, and the larger of the two."""
    infinite = namespace(a, b).isinf(a) & namespace(a, b).isinf(b)
    down = where(infinite, -1.0, a - b)
    return where(a <= b, down, -down), where(a <= b, b, a)


@log_of.register
def _(expr: sp.gamma) -> Node:
    argument = value(expr.args[0])
    return lambda frame: (
        special.gamma_sign(argument(frame)),
        special.log_gamma(argument(frame)),
    )


@log_of.register
def _(expr: sp.factorial) -> Node:
    return signed_log(sp.gamma(expr.args[0] + 1))


@log_of.register
def _(expr: sp.beta) -> Node:
    a, b = expr.args[0], expr.args[-1]
    return log_of_factors([(sp.gamma(a), sp.S.One), (sp.gamma(b), sp.S.One),
                            (sp.gamma(a + b), -sp.S.One)])  # fmt: skip


@log_of.register
def _(expr: sp.binomial) -> Node:
    size, count = (value(a) for a in expr.args)
    return lambda frame: (ONE, special.log_binomial(size(frame), count(frame)))


@log_of.register
def _(expr: sp.RisingFactorial | sp.FallingFactorial) -> Node:
    x, k = expr.args
    rising = expr.func is sp.RisingFactorial
    start = x if rising else x - k + 1
    return gamma_ratio(start, k)
