"""Means of independent draws: products of sample means by set partitions.

An index map ``{1..k} -> {1..N}`` with a given pattern of coincidences can be chosen in
``N (N-1) ... `` ways, so that a product of ``k`` sample means has the mean
``N^-k sum over set partitions (N)_blocks prod over blocks E[prod in the block]``.
"""

from __future__ import annotations

import sympy as sp
from sympy.utilities.iterables import multiset_partitions

from symbolic.moments.linear import factors, normal
from symbolic.symbols import Mean, RandomSymbol, SampleMean


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


def _mean_of_sample_means(product: sp.Expr) -> sp.Expr:
    means = list(factors(product))
    if not all(isinstance(f, SampleMean) for f in means):
        return Mean(product)
    result = sp.S.One
    for group in _independent_groups(means):
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
