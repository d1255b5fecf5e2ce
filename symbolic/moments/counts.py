"""Moments of counts: how often each text is drawn in ``size`` independent draws.

Counts of a multinomial law are sums of indicators; a product of ``k`` counts sums over index maps
``{1..k} -> {1..size}``, and the draws that coincide must show the same text.  With symbolic
indices that is a Kronecker delta, so that one formula holds whether texts are the same or not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sympy as sp
from sympy.utilities.iterables import multiset_partitions

from symbolic.moments.draws import falling
from symbolic.moments.linear import factors, normal
from symbolic.symbols import Mean


def multinomial_factorial_moment(
    size: sp.Expr, probs: Sequence[sp.Expr], orders: Sequence[int]
) -> sp.Expr:
    """Joint factorial moment ``E prod (n_i)_{k_i}`` of the counts of different texts.

    Parameters
    ----------
    size : sympy.Expr
        Number of draws, may be symbolic.
    probs : sequence of sympy.Expr
        Probability of each text that is counted.
    orders : sequence of int
        Order ``k_i`` of each falling factorial.

    Returns
    -------
    sympy.Expr
        ``(size)_{sum k} prod p_i^{k_i}``.

    Examples
    --------
    >>> from symbolic.symbols import batch_size, text_prob
    >>> multinomial_factorial_moment(batch_size, [text_prob], [2])
    N*p**2*(N - 1)
    """
    powers = [p**k for p, k in zip(probs, orders, strict=True)]
    return falling(size, sum(orders)) * sp.Mul(*powers)


def multinomial_moment(
    size: sp.Expr, prob: Callable[[sp.Expr], sp.Expr], texts: Sequence[sp.Expr]
) -> sp.Expr:
    """Raw moment ``E prod n[i]`` of multinomial counts, over any list of texts.

    Parameters
    ----------
    size : sympy.Expr
        Number of draws, may be symbolic.
    prob : callable
        Gives a text's probability.
    texts : sequence of sympy.Expr
        The texts, by index; a text listed twice is a squared count, and symbolic indices may
        turn out to be the same.

    Returns
    -------
    sympy.Expr
        The sum over set partitions, coincidences as Kronecker deltas.

    Examples
    --------
    >>> from symbolic.symbols import batch_size, text_prob
    >>> sp.factor(multinomial_moment(batch_size, lambda i: text_prob, [0, 0]))
    N*p*(N*p - p + 1)
    """
    total = sp.S.Zero
    for blocks in multiset_partitions(list(range(len(texts)))):
        term = falling(size, len(blocks))
        for block in blocks:
            first, *others = (texts[m] for m in block)
            term *= prob(first) * sp.Mul(*(sp.KroneckerDelta(first, i) for i in others))
        total += term
    return sp.expand(total)


def binomial_moment(size: sp.Expr, prob: sp.Expr, order: int) -> sp.Expr:
    """Raw moment of a binomial count.

    Parameters
    ----------
    size, prob : sympy.Expr
        Number of trials and probability of success.
    order : int
        Which moment.

    Returns
    -------
    sympy.Expr
        ``sum over k of S(order, k) (size)_k prob^k``, S the Stirling numbers of the second kind.

    Examples
    --------
    >>> binomial_moment(sp.Integer(2), sp.Rational(1, 2), 3)
    5/2
    """
    return multinomial_moment(size, lambda _: prob, [sp.S.Zero] * order)


def count_means(
    expr: sp.Expr, counts: sp.IndexedBase, size: sp.Expr, probs: sp.IndexedBase
) -> sp.Expr:
    """Take expectations of products of multinomial counts.

    Parameters
    ----------
    expr : sympy.Expr
        An expression with ``Mean`` of polynomials in ``counts[i]``.
    counts : sympy.IndexedBase
        The counts, random.
    size : sympy.Expr
        Number of draws.
    probs : sympy.IndexedBase
        Probabilities of the texts.

    Returns
    -------
    sympy.Expr
        The same with each such mean written out; other means are left alone.

    Examples
    --------
    >>> from symbolic.symbols import batch_size, text, text_counts, text_probs
    >>> count_means(Mean(text_counts[text]), text_counts, batch_size, text_probs)
    N*p[i]
    """

    def one(mean: sp.Expr) -> sp.Expr:
        listed = list(factors(mean.args[0]))
        if not all(isinstance(f, sp.Indexed) and f.base == counts for f in listed):
            return mean
        return multinomial_moment(size, lambda i: probs[i], [f.indices[0] for f in listed])

    return sp.expand(normal(expr).replace(lambda e: isinstance(e, Mean), one))
