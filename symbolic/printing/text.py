"""Expressions and relations in plain text, on one line."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.core.relational import Relational
from sympy.printing.str import StrPrinter

from symbolic.printing.order import log_c_power, readable_order


class _Plain(StrPrinter):
    """Plain text: SymPy's own, but expectations and c(nu) as they are spoken of."""

    def _as_ordered_terms(self, expr: sp.Expr, order: str | None = None) -> list[sp.Expr]:
        return readable_order(super()._as_ordered_terms(expr, order=order))

    def _print_Mean(self, expr: sp.Expr) -> str:
        return f"E[{self._print(expr.args[0])}]"

    def _print_SampleMean(self, expr: sp.Expr) -> str:
        inner, size = map(self._print, expr.args)
        return f"average_{size}[{inner}]"

    def _print_KroneckerDelta(self, expr: sp.Expr) -> str:
        return f"1{{{self._print(expr.args[0])}={self._print(expr.args[1])}}}"

    def _print_exp(self, expr: sp.exp) -> str:
        power = log_c_power(expr)
        if power is None:
            return f"exp({self._print(expr.args[0])})"
        argument, times = power
        base = f"c({self._print(argument)})"
        return base if times == 1 else f"{base}**{self.parenthesize(times, 60)}"

    def _print_log_c(self, expr: sp.Expr) -> str:
        return f"log(c({self._print(expr.args[0])}))"

    def _print_Sum(self, expr: Any) -> str:
        # The outer index first, as the sum is read.
        over = ", ".join(
            f"{index}={self._print(low)}..{self._print(high)}".replace(" ", "")
            for index, low, high in reversed(expr.limits)
        )
        return f"{type(expr).__name__}({over}: {self._print(expr.function)})"

    _print_Product = _print_Sum  # noqa: N815 - SymPy looks for this name

    def _print_Relational(self, expr: Relational) -> str:
        sign = {sp.Eq: "=", sp.Le: "<=", sp.Ge: ">="}.get(type(expr), expr.rel_op)
        return f"{self._print(expr.lhs)} {sign} {self._print(expr.rhs)}"


def plain(expr: sp.Basic) -> str:
    """Write an expression or a relation as plain text.

    Parameters
    ----------
    expr : sympy.Basic
        Made of the library's symbols.

    Returns
    -------
    str
        One line.

    Examples
    --------
    >>> from symbolic import THEOREMS
    >>> plain(THEOREMS["directional_diversity_mean"].statement.lhs)
    'E[sqrt(sigma2_v[t])]'
    """
    return str(_Plain().doprint(expr))
