"""What is known of the ranges of sums: which are full, and which may be empty.

A sum over an empty range is zero here.  A closed form (``high - low + 1`` terms) holds only where
the range is not run backwards, which must be seen from its limits.
"""

from __future__ import annotations

from collections.abc import Collection

import sympy as sp

from symbolic.symbols import (
    SYMBOLS,
    feature,
    num_features,
    num_texts,
    other_feature,
    other_text,
    text,
)

_INDICES = {num_texts - 1: {text, other_text}, num_features - 1: {feature, other_feature}}
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
