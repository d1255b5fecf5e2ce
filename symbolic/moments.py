"""Moments: how an expectation of a polynomial in random quantities is taken apart, exactly.

`normal` is linearity, for expectations, sums and integrals.  `sample_means` is the law of means
of independent draws: an index map ``{1..k} -> {1..N}`` with a given pattern of coincidences can
be chosen in ``N (N-1) ... `` ways, so that a product of ``k`` sample means has the mean
``N^-k sum over set partitions (N)_blocks prod over blocks E[prod in the block]``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

import sympy as sp
from sympy.utilities.iterables import multiset_partitions

from symbolic.symbols import (
    ChiSquare,
    Mean,
    RandomSymbol,
    SampleMean,
    feature,
    is_random,
    num_features,
    num_texts,
    text,
)


def falling(n: sp.Expr, k: int) -> sp.Expr:
    """Write out the falling factorial ``n (n-1) ... (n-k+1)``.

    Parameters
    ----------
    n : sympy.Expr
        Where it starts.
    k : int
        Number of factors.

    Returns
    -------
    sympy.Expr
        The product.

    Examples
    --------
    >>> falling(sp.Integer(5), 2)
    20
    """
    return sp.prod([n - m for m in range(k)])


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
    if isinstance(random, sp.Sum | sp.Integral):
        return fixed * normal(random.func(Mean(random.function), *random.limits))
    return fixed * Mean(random)


def _sum_of_term(term: sp.Expr, limit: sp.Tuple) -> sp.Expr:
    index, low, high = limit
    for factor in sp.Mul.make_args(term):
        if isinstance(factor, sp.KroneckerDelta) and index in factor.args and low == 0:
            # All ranges that start at 0 here are the full range of texts or features.
            (other,) = [arg for arg in factor.args if arg != index]
            return _put_index(term / factor, index, other)
    tied = {index} | low.free_symbols  # an inner range that depends on an outer index stays inside
    outside, inside = _split(term, lambda f: bool(tied & f.free_symbols))
    if index not in inside.free_symbols and tied == {index}:
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


def sample_means(expr: sp.Expr) -> sp.Expr:
    """Take expectations of products of sample means of independent draws.

    Parameters
    ----------
    expr : sympy.Expr
        An expression with ``Mean(...)`` of polynomials in `SampleMean`.

    Returns
    -------
    sympy.Expr
        The same through expectations of single draws.

    Examples
    --------
    >>> from symbolic.symbols import Mean, RandomSymbol, SampleMean, batch_size
    >>> x = RandomSymbol("x")
    >>> sample_means(Mean(SampleMean(x, batch_size) ** 2))
    Mean(x)**2 - Mean(x)**2/N + Mean(x**2)/N
    """
    expr = normal(expr)
    return normal(
        expr.replace(
            lambda e: isinstance(e, Mean) and e.has(SampleMean),
            lambda e: _mean_of_sample_means(e.args[0]),
        )
    )


def _factors(product: sp.Expr) -> Iterator[sp.Expr]:
    for factor in sp.Mul.make_args(product):
        base, power = factor.as_base_exp()
        yield from [base] * int(power) if power.is_Integer and power > 0 else [factor]


def _mean_of_sample_means(product: sp.Expr) -> sp.Expr:
    factors = list(_factors(product))
    if not all(isinstance(f, SampleMean) for f in factors):
        return Mean(product)
    result = sp.S.One
    for group in _independent_groups(factors):
        sizes = {f.args[1] for f in group}
        if len(sizes) != 1:
            return Mean(product)  # the same draws cannot be averaged over two sizes
        result *= _partition_sum([f.args[0] for f in group], sizes.pop())
    return result


def _independent_groups(factors: list[sp.Expr]) -> list[list[sp.Expr]]:
    groups: list[tuple[set[sp.Basic], list[sp.Expr]]] = []
    for factor in factors:
        draws, members = set(factor.atoms(RandomSymbol)), [factor]
        for other in [g for g in groups if g[0] & draws]:
            groups.remove(other)
            draws, members = draws | other[0], other[1] + members
        groups.append((draws, members))
    return [members for _, members in groups]


def _partition_sum(functions: list[sp.Expr], size: sp.Expr) -> sp.Expr:
    total = sp.S.Zero
    for blocks in multiset_partitions(list(range(len(functions)))):
        means = [Mean(sp.Mul(*(functions[m] for m in block))) for block in blocks]
        total += falling(size, len(blocks)) * sp.Mul(*means)
    return sp.expand(total / size ** len(functions))


def isserlis(expr: sp.Expr) -> sp.Expr:
    """Take expectations of products of independent standard normals ``z[a]``.

    Parameters
    ----------
    expr : sympy.Expr
        An expression with ``Mean`` of products of components of one standard normal vector.

    Returns
    -------
    sympy.Expr
        Each such mean as a sum over pairings of Kronecker deltas.

    Examples
    --------
    >>> from symbolic.symbols import Mean, feature, normal_draw
    >>> isserlis(Mean(normal_draw[feature] ** 4))
    3
    """
    return sp.expand(
        normal(expr).replace(lambda e: isinstance(e, Mean), lambda e: _pairings(e.args[0]))
    )


def _pairings(product: sp.Expr) -> sp.Expr:
    factors = list(_factors(product))
    if not all(
        isinstance(f, sp.Indexed) and isinstance(f.base.label, RandomSymbol) for f in factors
    ):
        return Mean(product)
    if len({f.base for f in factors}) > 1:
        return Mean(product)  # two vectors: independence is for another rule to say
    return _wick([f.indices[0] for f in factors])


def _wick(indices: list[sp.Expr]) -> sp.Expr:
    if len(indices) % 2:
        return sp.S.Zero
    if not indices:
        return sp.S.One
    first, rest = indices[0], indices[1:]
    return sp.Add(
        *(
            sp.KroneckerDelta(first, other) * _wick(rest[:m] + rest[m + 1 :])
            for m, other in enumerate(rest)
        )
    )


def chi_square_moment(dof: sp.Expr, power: sp.Expr) -> sp.Expr:
    """Integrate a power against the chi-square density.

    Parameters
    ----------
    dof : sympy.Expr
        Degrees of freedom, positive.
    power : sympy.Expr
        The power; more than ``-dof/2``.

    Returns
    -------
    sympy.Expr
        The Gamma integral that SymPy finds.

    Examples
    --------
    >>> chi_square_moment(sp.Integer(3), sp.Integer(1))
    3
    """
    x, shape = sp.Symbol("x", positive=True), sp.Symbol("k", positive=True)
    integral = sp.integrate(x ** (shape - 1) * sp.exp(-x / 2), (x, 0, sp.oo), conds="none")
    moment = integral.subs(shape, dof / 2 + power) / integral.subs(shape, dof / 2)
    return sp.gammasimp(moment)


def chi_square_means(expr: sp.Expr) -> sp.Expr:
    """Replace the means of powers and of the logarithm of a chi-square variable.

    Parameters
    ----------
    expr : sympy.Expr
        An expression with ``Mean(ChiSquare(...)**power)`` or ``Mean(log(ChiSquare(...)))``.

    Returns
    -------
    sympy.Expr
        The same with Gamma and digamma functions; the logarithm is the power's derivative at 0.

    Examples
    --------
    >>> from symbolic.symbols import ChiSquare, Mean, degrees_of_freedom
    >>> chi_square_means(Mean(ChiSquare(degrees_of_freedom)))
    nu
    """
    return normal(expr).replace(
        lambda e: isinstance(e, Mean) and e.has(ChiSquare), _chi_square_mean
    )


def _chi_square_mean(mean: Mean) -> sp.Expr:
    (inner,) = mean.args
    if isinstance(inner, sp.log) and isinstance(inner.args[0], ChiSquare):
        power = sp.Symbol("power")
        moment = chi_square_moment(inner.args[0].args[0], power)
        return sp.expand(sp.diff(moment, power).subs(power, 0).doit())
    base, power = inner.as_base_exp()
    if isinstance(base, ChiSquare) and not power.has(ChiSquare):
        return chi_square_moment(base.args[0], power)
    return mean
