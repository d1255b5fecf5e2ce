"""What the form of an expression tells about numbers: where digits cancel, where it overflows."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import sympy as sp

#: Functions that overflow long before the products that they stand in.
_RISKY = (
    sp.gamma,
    sp.factorial,
    sp.binomial,
    sp.beta,
    sp.RisingFactorial,
    sp.FallingFactorial,
    sp.Product,
)
#: Hypergeometric series are summed to this size of the last term.
_PRECISION, _MOST_TERMS = 1e-18, 2000


class Pair(NamedTuple):
    """Two terms ``factor * (first - second)`` that may almost cancel."""

    factor: sp.Expr
    first: sp.Expr
    second: sp.Expr


class Pairs(NamedTuple):
    """The factors of a product: alone, as ratios, as ratios of Gammas, as binomial terms."""

    alone: list[tuple[sp.Expr, sp.Expr]]
    ratios: list[tuple[sp.Expr, sp.Expr, sp.Expr, sp.Expr]]
    gammas: list[tuple[sp.Expr, sp.Expr, sp.Expr]]
    weights: list[tuple[sp.Expr, sp.Expr, sp.Expr, sp.Expr]]


class Hyper(NamedTuple):
    """``front`` times a hypergeometric series at a fixed argument."""

    front: sp.Expr
    upper: tuple[sp.Expr, ...]
    lower: tuple[sp.Expr, ...]
    argument: sp.Expr
    terms: int


def is_risky(expr: sp.Basic) -> bool:
    """Tell whether an expression is, or has a factor, that may under- or overflow."""
    if isinstance(expr, sp.Pow) and not isinstance(expr, sp.exp):
        return not expr.exp.is_Number or is_risky(expr.base)
    if isinstance(expr, sp.Mul):
        return any(is_risky(factor) for factor in expr.args)
    return isinstance(expr, _RISKY)


def terms_of(expr: sp.Add) -> list[sp.Expr | Pair]:
    """Terms of a sum, with those paired that a power may bring close to one another.

    Examples
    --------
    >>> x, t = sp.symbols("x t", positive=True)
    >>> terms_of(1 - (1 - x) ** t)
    [Pair(factor=1, first=1, second=(1 - x)**t)]
    """
    left = [term.as_coeff_Mul() for term in expr.args]
    found: list[sp.Expr | Pair] = []
    while left:
        c, term = left.pop(0)
        partner = next((o for o in left if o[0] == -c and _may_cancel(term, o[1])), None)
        if partner is None:
            found.append(c * term)
            continue
        left.remove(partner)
        # Written with a positive factor; common factors stand outside the difference.
        first, second = (term, partner[1]) if c > 0 else (partner[1], term)
        common, first, second = _common(first, second)
        found.append(Pair(abs(c) * common, first, second))
    return found


def _may_cancel(first: sp.Expr, second: sp.Expr) -> bool:
    _, first, second = _common(first, second)
    return all(_is_power(side) or side == 1 for side in (first, second))


def _common(first: sp.Expr, second: sp.Expr) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    shared = set(sp.Mul.make_args(first)) & set(sp.Mul.make_args(second)) - {sp.S.One}
    common = sp.Mul(*shared)
    return common, first / common, second / common


def _is_power(expr: sp.Expr) -> bool:
    """Tell whether an expression is a product with a power or an exponential in it."""
    return any(
        isinstance(part, sp.exp) or (isinstance(part, sp.Pow) and _is_near_one(part.base, part.exp))
        for part in sp.Mul.make_args(expr)
    )


def _is_near_one(base: sp.Expr, exponent: sp.Expr) -> bool:
    """Tell whether a power may be close to 1: any symbolic one, or such as ``(1 - x)**2``."""
    if not exponent.is_Number:
        return True
    return bool(exponent > 1 and base.is_Add and sp.S.One in base.args)


def tidy(expr: sp.Add) -> sp.Expr:
    """Write a sum ``1 - u/v`` as ``(v - u)/v`` where ``v - u`` has fewer terms.

    Examples
    --------
    >>> n, m = sp.symbols("n m", positive=True)
    >>> tidy(1 - n / (n + m))
    m/(m + n)
    """
    c, term = expr.as_coeff_Add()
    if c == 0 or isinstance(term, sp.Add):
        return expr
    top, bottom = (-term / c).as_numer_denom()
    if not bottom.has(sp.Add) or not (top.is_polynomial() and bottom.is_polynomial()):
        return expr
    gap = sp.expand(bottom - top)
    if len(sp.Add.make_args(gap)) < len(sp.Add.make_args(sp.expand(bottom))):
        return c * sp.factor_terms(gap) / bottom
    return expr


def factors(parts: Iterable[sp.Expr]) -> list[tuple[sp.Expr, sp.Expr]]:
    """Bases and exponents of a product, real exponents of positive factors multiplied out."""
    found: dict[sp.Expr, sp.Expr] = {}

    def add(part: sp.Expr, exponent: sp.Expr) -> None:
        if isinstance(part, sp.Mul):
            for inner in part.args:
                add(inner, exponent)
        elif isinstance(part, sp.Pow) and not isinstance(part, sp.exp):
            if exponent == 1 or (exponent.is_Number and part.exp.is_Number):
                add(part.base, part.exp * exponent)
            else:
                found[part] = found.get(part, sp.S.Zero) + exponent
        else:
            found[part] = found.get(part, sp.S.Zero) + exponent

    for part in parts:
        if isinstance(part, sp.Pow) and isinstance(part.base, sp.Mul) and not part.exp.is_Integer:
            # A product under a broken or symbolic power may have negative factors: keep it whole,
            # its own logarithm is taken as one.
            found[part.base] = found.get(part.base, sp.S.Zero) + part.exp
        else:
            add(part, sp.S.One)
    return list(found.items())


def pairs_of_factors(found: list[tuple[sp.Expr, sp.Expr]]) -> Pairs:
    """Pair the factors of a product whose logarithms nearly cancel."""
    left, result = list(found), Pairs([], [], [], [])
    _take_weights(left, result)
    while left:
        base, exponent = left.pop(0)
        partner = next(
            (o for o in left if o[1] == -exponent and _gap(base, o[0]) is not None), None
        )
        if partner is None:
            result.alone.append((base, exponent))
            continue
        left.remove(partner)
        gap = _gap(base, partner[0])
        if isinstance(base, sp.gamma):
            result.gammas.append((partner[0].args[0], gap, exponent))
        else:
            result.ratios.append((base, partner[0], gap, exponent))
    return result


def _gap(first: sp.Expr, second: sp.Expr) -> sp.Expr | None:
    """Difference of two bases (or of two Gammas' arguments) if a symbol drops out of it."""
    if isinstance(first, sp.gamma) != isinstance(second, sp.gamma):
        return None
    if isinstance(first, sp.gamma):
        first, second = first.args[0], second.args[0]
    if not (first.is_polynomial() and second.is_polynomial()):
        return None
    gap = sp.expand(first - second)
    shared = first.free_symbols & second.free_symbols
    return gap if shared - gap.free_symbols else None


def _take_weights(left: list[tuple[sp.Expr, sp.Expr]], result: Pairs) -> None:
    for base, exponent in list(left):
        if not isinstance(base, sp.binomial) or exponent != 1:
            continue
        size, count = base.args
        x = next((o for o in left if o[1] == count), None)
        y = next((o for o in left if sp.expand(o[1] - size + count) == 0), None)
        if x is not None and y is not None and x != y:
            for used in ((base, exponent), x, y):
                left.remove(used)
            result.weights.append((size, count, x[0], y[0]))


def weight_over(expr: sp.Expr, index: sp.Symbol) -> tuple[sp.Expr, sp.Expr, sp.Expr] | None:
    """Size and the two shares of a binomial weight over an index, if an expression has one.

    Examples
    --------
    >>> m, n = sp.symbols("m n", integer=True, positive=True)
    >>> p = sp.Symbol("p", positive=True)
    >>> weight_over(sp.binomial(n, m) * p**m * (1 - p) ** (n - m) / m, m)
    (n, p, 1 - p)
    """
    if not isinstance(expr, sp.Mul):
        return None
    for size, count, x, y in pairs_of_factors(factors(expr.args)).weights:
        if count == index and not any(part.has(index) for part in (size, x, y)):
            return size, x, y
    return None


def hyper_form(expr: sp.hyper) -> Hyper | None:
    """Bring a hypergeometric function to a series that converges fast, if there is one."""
    upper, lower, z = tuple(expr.args[0]), tuple(expr.args[1]), expr.args[2]
    front: sp.Expr = sp.S.One
    if not z.is_Number:
        return None
    if z < 0 and len(upper) == 2 and len(lower) == 1:  # Pfaff (DLMF 15.8.1)
        c = lower[0]
        a, b = min(itertools.permutations(upper), key=lambda ab: _length(c - ab[1]))
        front, upper, z = (1 - z) ** (-a), (a, sp.expand(c - b)), sp.Rational(z) / (z - 1)
    growing = len(upper) > len(lower)
    if len(upper) > len(lower) + 1 or (growing and not abs(z) < 1):
        return None
    terms = math.ceil(math.log(_PRECISION) / math.log(abs(z))) + 30 if growing else 200
    return Hyper(front, upper, lower, z, terms) if terms <= _MOST_TERMS else None


def _length(expr: sp.Expr) -> Any:
    expanded = sp.expand(expr)
    return len(expanded.free_symbols), expanded.count_ops()
