"""The domain of each value, stated once in ``symbolic``, and the error that tells of it.

A symbol's assumptions (positive, whole, ...), `symbolic.domains.LIMITS` and a theorem's own
``conditions`` are all there is.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy as sp
from sympy.core.relational import Relational

from symbolic import Theorem
from symbolic.domains import LIMITS
from symbolic.symbols import MEANINGS, design_name
from toolkit.theory.numbers.programs import evaluate

#: Shares that were added up in floating point may pass a limit by this much.
_SLACK = 1e-12


def checked(name: str, key: str, value: Any, symbol: sp.Basic) -> Any:
    """Turn a value into numbers within its symbol's domain.

    Parameters
    ----------
    name : str
        Of the theorem, for the message.
    key : str
        Design name of the symbol.
    value : array_like
    symbol : sympy.Symbol or sympy.IndexedBase

    Returns
    -------
    ndarray, or int

    Raises
    ------
    ValueError
        When it is no number, or outside the domain.

    Examples
    --------
    >>> from symbolic.symbols import generations
    >>> checked("a theorem", "generations", 3, generations)
    array(3.)
    """
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{key} in {name!r} must be a number or an array of numbers.") from None
    base = symbol.label if isinstance(symbol, sp.IndexedBase) else symbol
    wrong, expected = ~np.isfinite(array), "finite"
    if symbol.is_positive:
        wrong, expected = wrong | (array <= 0), "positive"
    elif base.is_nonnegative or symbol.is_nonnegative:
        wrong, expected = wrong | (array < 0), "not negative"
    if symbol.is_integer and not isinstance(symbol, sp.IndexedBase):
        wrong, expected = wrong | (array != np.round(array)), f"a whole number, {expected}"
    if np.any(wrong):
        worst = float(array[wrong].flat[0]) if array.ndim else float(array)
        raise ValueError(
            f"{key} ({MEANINGS[key]}) in the theorem {name!r} must be {expected}, not {worst:g}."
        )
    return array


def check_conditions(theorem: Theorem, values: Mapping[sp.Basic, Any]) -> None:
    """Hold values against the limits of their symbols and the conditions of the theorem.

    Parameters
    ----------
    theorem : Theorem
    values : mapping of sympy symbol to array

    Raises
    ------
    ValueError
        Naming the value, what it must be, and what to change.
    """
    for condition, excess in _conditions(theorem.conditions, frozenset(values)):
        _check(theorem.name, condition, excess, values)


@functools.cache
def _conditions(
    own: tuple[Relational, ...], symbols: frozenset[sp.Basic]
) -> tuple[tuple[Relational, sp.Expr], ...]:
    """List the conditions with what must not be negative in each."""
    found = [c for c in (*LIMITS, *own) if c.free_symbols <= symbols]
    return tuple((c, c.gts - c.lts) for c in found)


def _check(
    name: str, condition: Relational, difference: sp.Expr, values: Mapping[sp.Basic, Any]
) -> None:
    with np.errstate(all="ignore"):
        excess = np.asarray(evaluate(difference, values), dtype=np.float64)
        left = np.asarray(evaluate(condition.lhs, values), dtype=np.float64)
    holds = excess >= -_SLACK if condition.rel_op in ("<=", ">=") else excess > 0
    if np.all(holds):
        return
    left = np.broadcast_to(left, excess.shape)[~holds].flat[0]
    words = {"<": "below", "<=": "at most", ">": "above", ">=": "at least"}[condition.rel_op]
    what, mend = _named(condition.lhs), "smaller" if condition.rel_op[0] == "<" else "larger"
    limit = _named(condition.rhs)
    if condition.lhs.is_Symbol:
        what = f"{what} ({MEANINGS[what]})"
    others = "".join(
        f", or another {_named(s)}" for s in sorted(condition.rhs.free_symbols, key=str)
    )
    raise ValueError(
        f"{what} in the theorem {name!r} must be {words} {limit}, not {left:g}: give a {mend} one"
        f"{others}."
    )


def _named(expr: sp.Expr) -> str:
    names = {symbol: sp.Symbol(design_name(symbol)) for symbol in expr.free_symbols}
    return str(expr.xreplace(names))


def conditions_in_words(theorem: Theorem) -> tuple[str, ...]:
    """Every condition on a theorem's values, by design names.

    Parameters
    ----------
    theorem : Theorem

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> from symbolic import THEOREMS
    >>> conditions_in_words(THEOREMS["image_fidelity_bound"])
    ('contraction_factor < 1',)
    """
    symbols = set(theorem.symbols.values())
    every = [c for c in LIMITS if c.free_symbols <= symbols] + list(theorem.conditions)
    return tuple(f"{_named(c.lhs)} {c.rel_op} {_named(c.rhs)}" for c in every)
