"""Relations that SymPy leaves as they are written."""

from __future__ import annotations

import sympy as sp


def eq(lhs: sp.Expr, rhs: sp.Expr) -> sp.Eq:
    """Write an equation as it stands, without letting SymPy evaluate it."""
    return sp.Eq(lhs, rhs, evaluate=False)


def le(lhs: sp.Expr, rhs: sp.Expr) -> sp.Le:
    """Write an upper bound as it stands."""
    return sp.Le(lhs, rhs, evaluate=False)


def ge(lhs: sp.Expr, rhs: sp.Expr) -> sp.Ge:
    """Write a lower bound as it stands."""
    return sp.Ge(lhs, rhs, evaluate=False)
