"""Programs of plain values: arithmetic, functions, comparisons."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp
from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanAtom, BooleanFunction

from symbolic.special import log_c, log_chi
from toolkit.theory.numbers import special
from toolkit.theory.numbers.constants import constant
from toolkit.theory.numbers.core import (
    ONE,
    Node,
    NoNumberError,
    exp,
    exponential,
    reduced,
    signed_log,
    value,
    value_of,
)
from toolkit.theory.numbers.forms import Pair, factors, hyper_form, is_risky, terms_of, tidy
from toolkit.theory.numbers.frames import Frame, look_up
from toolkit.theory.numbers.logs import gap_of, log_of_factors
from toolkit.theory.numbers.special import elementwise, where


@value_of.register
def _(expr: sp.Number | sp.NumberSymbol) -> Node:
    number = int(expr) if expr.is_Integer and abs(expr) < 2**53 else float(expr)
    return lambda frame: number


@value_of.register
def _(expr: sp.Symbol | sp.IndexedBase) -> Node:
    return lambda frame: frame.values[expr]


@value_of.register
def _(expr: sp.Indexed) -> Node:
    base, index = expr.base, [value(i) for i in expr.indices]
    return lambda frame: look_up(frame.values[base], tuple(i(frame) for i in index))


@value_of.register
def _(expr: sp.Add) -> Node:
    rewritten = tidy(expr)
    if rewritten != expr:
        return value(rewritten)
    terms = terms_of(expr)
    return reduced(
        operator.add, [difference(t) if isinstance(t, Pair) else value(t) for t in terms]
    )


def difference(pair: Pair) -> Node:
    """Compile ``q (P - Q)`` of two products that may be almost equal."""
    factor, first, second = value(pair.factor), signed_log(pair.first), signed_log(pair.second)
    plain = value(pair.first), value(pair.second)

    def run(frame: Frame) -> Any:
        (s, a), (z, b) = first(frame), second(frame)
        gap, larger = gap_of(a, b)
        through_logs = where(a <= b, 1.0, -1.0) * exp(larger) * elementwise("expm1")(gap)
        if s is not ONE or z is not ONE:
            through_logs = where((s > 0) & (z > 0), through_logs, plain[0](frame) - plain[1](frame))
        return factor(frame) * through_logs

    return run


@value_of.register
def _(expr: sp.Mul) -> Node:
    risky = [f for f in expr.args if is_risky(f)]
    plain = [value(f) for f in expr.args if not is_risky(f)]
    if not risky:
        return reduced(operator.mul, plain)
    through_logs = exponential(log_of_factors(factors(risky)))
    return reduced(operator.mul, [*plain, through_logs])


@value_of.register
def _(expr: sp.Pow) -> Node:
    if not expr.exp.is_Number:
        return exponential(signed_log(expr))
    base, power = value(expr.base), expr.exp
    if power == -1:
        return lambda frame: 1.0 / base(frame)
    if power.is_Integer:
        whole = int(power)
        if whole < 0:
            return lambda frame: 1.0 / base(frame) ** -whole
        return lambda frame: base(frame) ** whole
    if power == sp.Rational(1, 2):
        return lambda frame: elementwise("sqrt")(base(frame))
    broken = float(power)
    return lambda frame: base(frame) ** broken


@value_of.register
def _(expr: sp.exp) -> Node:
    argument = value(expr.args[0])
    return lambda frame: exp(argument(frame))


@value_of.register
def _(expr: sp.log) -> Node:
    argument = signed_log(expr.args[0])

    def run(frame: Frame) -> Any:
        sign, log = argument(frame)
        return log if sign is ONE else where(sign < 0, np.nan, log)

    return run


@value_of.register
def _(expr: Relational) -> Node:
    compare = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le,
               ">": operator.gt, ">=": operator.ge}[expr.rel_op]  # fmt: skip
    left, right = value(expr.lhs), value(expr.rhs)
    return lambda frame: compare(left(frame), right(frame))


@value_of.register
def _(expr: BooleanAtom) -> Node:
    truth = bool(expr)
    return lambda frame: truth


@value_of.register
def _(expr: BooleanFunction) -> Node:
    if expr.func is sp.Not:
        (inner,) = (value(a) for a in expr.args)
        return lambda frame: elementwise("logical_not")(inner(frame))
    combine = {sp.And: operator.and_, sp.Or: operator.or_}.get(expr.func)
    if combine is None:
        raise NoNumberError(f"{expr!r} has no form in numbers")
    return reduced(combine, [value(a) for a in expr.args])


_FUNCTIONS: dict[Any, Callable[..., Any]] = {
    log_c: constant(log_c),
    log_chi: constant(log_chi),
    sp.loggamma: special.log_gamma,
    sp.digamma: special.digamma,
    sp.trigamma: lambda x: special.polygamma(1, x),
    sp.polygamma: special.polygamma,
    sp.harmonic: lambda x: special.digamma(x + 1) + float(sp.EulerGamma),
    sp.zeta: special.zeta,
    sp.erf: special.erf,
    sp.erfc: special.erfc,
    sp.Abs: elementwise("abs"),
    sp.sign: elementwise("sign"),
    sp.floor: elementwise("floor"),
    sp.ceiling: elementwise("ceil"),
    sp.Mod: elementwise("mod"),
    sp.KroneckerDelta: lambda a, b: where(elementwise("equal")(a, b), 1.0, 0.0),
    sp.Max: lambda *of: functools.reduce(elementwise("maximum"), of),
    sp.Min: lambda *of: functools.reduce(elementwise("minimum"), of),
    **{getattr(sp, name): elementwise(name) for name in ("sin", "cos", "tan", "sinh", "cosh")},
    **{getattr(sp, name): elementwise(name) for name in ("tanh",)},
    sp.asin: elementwise("arcsin"),
    sp.acos: elementwise("arccos"),
    sp.atan: elementwise("arctan"),
    sp.asinh: elementwise("arcsinh"),
    sp.acosh: elementwise("arccosh"),
    sp.atanh: elementwise("arctanh"),
}


@value_of.register
def _(expr: sp.Function) -> Node:
    if is_risky(expr):
        return exponential(signed_log(expr))
    if expr.func not in _FUNCTIONS:
        raise NoNumberError(f"the function {expr.func.__name__} has no form in numbers")
    function, arguments = _FUNCTIONS[expr.func], [value(a) for a in expr.args]
    return lambda frame: function(*(argument(frame) for argument in arguments))


@value_of.register
def _(expr: sp.Max | sp.Min) -> Node:
    function, arguments = _FUNCTIONS[expr.func], [value(a) for a in expr.args]
    return lambda frame: function(*(argument(frame) for argument in arguments))


@value_of.register
def _(expr: sp.hyper) -> Node:
    form = hyper_form(expr)
    if form is None:
        raise NoNumberError(f"{expr} is summed only at a fixed argument of size below 1")
    upper, lower = [value(a) for a in form.upper], [value(b) for b in form.lower]
    front, z = value(form.front), value(form.argument)

    def run(frame: Frame) -> Any:
        above, below = (tuple(p(frame) for p in side) for side in (upper, lower))
        return front(frame) * special.hypergeometric(above, below, z(frame), form.terms)

    return run
