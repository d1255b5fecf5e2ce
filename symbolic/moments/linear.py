"""Linearity of expectations, sums and integrals: one normal form for all three."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

import sympy as sp

from symbolic.ranges import covers, has_length
from symbolic.symbols import Mean, feature, is_random, num_features, num_texts, text


def normal(expr: sp.Expr) -> sp.Expr:
    """Apply linearity of expectations, sums and integrals throughout.

    Parameters
    ----------
    expr : sympy.Expr
        Any expression.

    Returns
    -------
    sympy.Expr
        An equal expression: expanded, constants outside, one term per expectation, sum, integral.

    Examples
    --------
    >>> from symbolic.symbols import Mean, RandomSymbol, batch_size
    >>> x = RandomSymbol("x")
    >>> normal(Mean(batch_size * (x + 1)))
    N*Mean(x) + N
    """
    if not isinstance(expr, sp.Expr) or expr.is_Atom or isinstance(expr, sp.Indexed):
        return expr
    if isinstance(expr, Mean):
        return _over_terms(normal(expr.args[0]), _mean_of_term)
    if isinstance(expr, sp.Sum):
        inner = normal(expr.function)
        for limit in expr.limits:
            inner = _over_terms(inner, functools.partial(_sum_of_term, limit=limit))
        return inner
    if isinstance(expr, sp.Integral):
        inner = normal(expr.function)
        return _over_terms(inner, lambda term: _integral_of_term(term, expr.limits))
    return sp.expand(expr.func(*(normal(arg) for arg in expr.args)))


def _over_terms(expr: sp.Expr, rule: Callable[[sp.Expr], sp.Expr]) -> sp.Expr:
    return sp.expand(sp.Add(*(rule(term) for term in sp.Add.make_args(sp.expand(expr)))))


def _split(term: sp.Expr, inside: Callable[[sp.Expr], bool]) -> tuple[sp.Expr, sp.Expr]:
    factors = sp.Mul.make_args(term)
    return (
        sp.Mul(*(f for f in factors if not inside(f))),
        sp.Mul(*(f for f in factors if inside(f))),
    )


def _mean_of_term(term: sp.Expr) -> sp.Expr:
    fixed, random = _split(term, is_random)
    if isinstance(random, sp.Sum | sp.Integral) and not any(map(is_random, random.limits)):
        return fixed * normal(random.func(Mean(random.function), *random.limits))
    return fixed * Mean(random)


def _sum_of_term(term: sp.Expr, limit: sp.Tuple) -> sp.Expr:
    index, low, high = limit
    for factor in sp.Mul.make_args(term):
        if isinstance(factor, sp.KroneckerDelta) and index in factor.args:
            (other,) = [arg for arg in factor.args if arg != index]
            if not covers(low, high, other):
                continue
            return _put_index(term / factor, index, other)
    tied = {index} | low.free_symbols  # an inner range that depends on an outer index stays inside
    outside, inside = _split(term, lambda f: bool(tied & f.free_symbols))
    if index not in inside.free_symbols and tied == {index} and has_length(low, high):
        return outside * (high - low + 1)
    weight, nested = _split(inside, lambda f: isinstance(f, sp.Sum))
    if isinstance(nested, sp.Sum) and not set(nested.variables) & weight.free_symbols:
        # Keep nested sums flat, innermost first.
        return outside * sp.Sum(sp.expand(weight * nested.function), *nested.limits, limit)
    first = _FIRST_INDEX.get(high)
    if first is not None and low == 0 and first not in inside.atoms(sp.Symbol):
        inside, limit = inside.xreplace({index: first}), (first, low, high)
    return outside * sp.Sum(inside, limit)


# Single sums over all texts or features use one index, whatever they were written with.
_FIRST_INDEX = {num_texts - 1: text, num_features - 1: feature}


def _put_index(term: sp.Expr, index: sp.Symbol, value: sp.Expr) -> sp.Expr:
    """Replace a free index, out of the way of sums that bind the new one."""

    def make_way(total: sp.Sum) -> sp.Expr:
        names = {old: sp.Dummy(old.name, integer=True, nonnegative=True) for old in total.variables}
        return total.xreplace(names) if value in names else total

    return term.replace(sp.Sum, lambda *args: make_way(sp.Sum(*args))).xreplace({index: value})


def _integral_of_term(term: sp.Expr, limits: tuple[sp.Tuple, ...]) -> sp.Expr:
    variables = [limit[0] for limit in limits]
    outside, inside = _split(term, lambda f: bool(set(variables) & f.free_symbols))
    return outside * sp.Integral(inside, *limits)


def factors(product: sp.Expr) -> Iterator[sp.Expr]:
    """List the factors of a product, integer powers written out.

    Parameters
    ----------
    product : sympy.Expr
        A product.

    Yields
    ------
    sympy.Expr
        One factor after the other.

    Examples
    --------
    >>> x, y = sp.symbols("x y")
    >>> sorted(factors(x**2 * y), key=str)
    [x, x, y]
    """
    for factor in sp.Mul.make_args(product):
        base, power = factor.as_base_exp()
        yield from [base] * int(power) if power.is_Integer and power > 0 else [factor]
