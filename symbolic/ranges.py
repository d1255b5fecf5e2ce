"""The ranges of sums: which are full, which may be empty, and writing short ones out.

A sum over an empty range is zero here.  A closed form (``high - low + 1`` terms) holds only where
the range is not run backwards, which must be seen from its limits.
"""

from __future__ import annotations

from collections.abc import Collection

import sympy as sp

from symbolic.symbols import (
    SYMBOLS,
    feature,
    model,
    num_features,
    num_models,
    num_texts,
    other_feature,
    other_model,
    other_text,
    text,
)

_INDICES = {
    num_texts - 1: {text, other_text},
    num_features - 1: {feature, other_feature},
    num_models - 1: {model, other_model},
}
_NAMED = {symbol for symbol in SYMBOLS.values() if isinstance(symbol, sp.Symbol)}


def has_length(low: sp.Expr, high: sp.Expr, below: Collection[sp.Symbol] = ()) -> bool:
    """Tell whether a range surely has ``high - low + 1`` terms (that this is not negative).

    Parameters
    ----------
    low, high : sympy.Expr
        The limits of a sum, both included.
    below : collection of sympy.Symbol
        Indices known to be at most ``high``.

    Returns
    -------
    bool
        True only if the limits show it; an index of a text is below the number of texts.

    Examples
    --------
    >>> import sympy as sp
    >>> has_length(text + 1, num_texts - 1), has_length(sp.Integer(5), sp.Integer(2))
    (True, False)
    """
    length = high - low + 1
    for last, indices in _INDICES.items():
        size = last + 1
        inside = [index for index in {*indices, *below} if length.has(index)]
        if len(inside) <= 1 and length.has(size):
            rest = sp.Dummy(integer=True, nonnegative=True)
            length = length.subs(size, sp.Add(1, rest, *inside))
    return bool(sp.expand(length).is_nonnegative)


def covers(low: sp.Expr, high: sp.Expr, index: sp.Expr) -> bool:
    """Tell whether a range surely contains an index: all texts, or all features.

    Parameters
    ----------
    low, high : sympy.Expr
        The limits of a sum, both included.
    index : sympy.Expr
        Another index.

    Returns
    -------
    bool
        True only if the range is full and the index is one of that kind (or of none known).

    Examples
    --------
    >>> import sympy as sp
    >>> covers(sp.S.Zero, num_texts - 1, text), covers(sp.S.Zero, num_texts - 1, feature)
    (True, False)
    """
    if low != 0 or high not in _INDICES or not isinstance(index, sp.Symbol):
        return False
    counts = bool(index.is_integer and index.is_nonnegative)
    return counts and (index in _INDICES[high] or index not in _NAMED)


def written_out(expr: sp.Expr, *, longest: int | None = None) -> sp.Expr:
    """Write sums and products out term by term, from the outermost on.

    Parameters
    ----------
    expr : sympy.Expr
        Any expression.
    longest : int, optional
        Leave ranges of more terms as they are.

    Returns
    -------
    sympy.Expr
        The same, with the sums and products whose limits are numbers written out; others stay.

    Examples
    --------
    >>> import sympy as sp
    >>> i, k = sp.symbols("i k", integer=True)
    >>> written_out(sp.Sum(i * k, (k, i + 1, 3), (i, 1, 2)))
    11
    """
    if not expr.has(sp.Sum, sp.Product):
        return expr
    if not isinstance(expr, sp.Sum | sp.Product):
        return expr.func(*(written_out(arg, longest=longest) for arg in expr.args))
    *inner, (index, low, high) = expr.limits
    known = low.is_Integer and high.is_Integer
    if not known or (longest is not None and high - low + 1 > longest):
        return expr
    body = expr.func(expr.function, *inner) if inner else expr.function
    values = range(int(low), int(high) + 1)
    terms = [written_out(body.subs(index, value), longest=longest) for value in values]
    return sp.Add(*terms) if isinstance(expr, sp.Sum) else sp.Mul(*terms)
