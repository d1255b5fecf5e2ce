"""What LaTeX and plain text have in common."""

from __future__ import annotations

import sympy as sp

from symbolic.special import log_c


def log_c_power(expr: sp.exp) -> tuple[sp.Expr, sp.Expr] | None:
    """Read ``exp(k log c(x))`` as ``c(x)`` to the power k."""
    factors = sp.Mul.make_args(expr.args[0])
    inert = [factor for factor in factors if isinstance(factor, log_c)]
    if len(inert) != 1:
        return None
    return inert[0].args[0], sp.Mul(*(factor for factor in factors if factor != inert[0]))


def readable_order(terms: list[sp.Expr]) -> list[sp.Expr]:
    """Put what is subtracted after what is added, and sums at the end, where they are not cut."""
    return sorted(terms, key=lambda t: (t.could_extract_minus_sign(), t.has(sp.Sum)))
