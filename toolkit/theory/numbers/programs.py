"""A SymPy expression as a program on NumPy or JAX arrays.

Values and logarithms are compiled hand in hand.  Where digits would be lost, a value is found
through logarithms: ``(1 - 1/N)**t`` is ``exp(t log1p(-1/N))``, and ``1 - (1 - 1/N)**t`` is
``-expm1(t log1p(-1/N))``.  Where a value would under- or overflow, its sign and logarithm are kept
apart.  The rules look at the form of the expression only; they know no theorem.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy as sp

from toolkit.theory.numbers import logs, plain, sums  # noqa: F401 - they register what they know
from toolkit.theory.numbers.core import NoNumberError, signed_log, value
from toolkit.theory.numbers.frames import Frame

__all__ = ["NoNumberError", "evaluate", "index_ranks"]


def evaluate(expr: sp.Expr, values: Mapping[Any, Any], *, log: bool = False) -> Any:
    """Evaluate an expression.

    Parameters
    ----------
    expr : sympy.Expr
    values : mapping of sympy symbol (or IndexedBase) to array
    log : bool
        The pair of sign and logarithm of the absolute value instead.

    Returns
    -------
    array, or pair of arrays

    Raises
    ------
    NoNumberError
        When a part of the expression has no form in numbers.

    Examples
    --------
    >>> x = sp.Symbol("x")
    >>> float(evaluate(1 - (1 - x) ** 3, {x: 1e-20})).__round__(30)
    3e-20
    """
    ranks = index_ranks(expr)
    axes = max((np.ndim(v) - ranks.get(s, 0) for s, v in values.items()), default=0)
    frame = Frame(values, max(axes, 0), ranks)
    return (signed_log if log else value)(expr)(frame)


@functools.cache
def index_ranks(expr: sp.Expr) -> dict[sp.Basic, int]:
    """How many indices each indexed base of an expression takes."""
    return {entry.base: len(entry.indices) for entry in expr.atoms(sp.Indexed)}
