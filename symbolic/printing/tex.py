"""Expressions and relations in LaTeX, as a mathematician writes them."""

from __future__ import annotations

import functools
import re
from typing import Any

import sympy as sp
from sympy.core.relational import Relational
from sympy.printing.latex import LatexPrinter

from symbolic.printing.names import GIVEN_COUNT, INDEXED_FUNCTIONS, latex_name
from symbolic.printing.order import log_c_power, readable_order
from symbolic.special import log_c, log_chi
from symbolic.symbols import Mean


def _raised(tex: str, exp: str | None) -> str:
    return tex if exp is None else f"{tex}^{{{exp}}}"


def _raised_in_brackets(tex: str, exp: str | None) -> str:
    return tex if exp is None else rf"\left({tex}\right)^{{{exp}}}"


class _Latex(LatexPrinter):
    """LaTeX as a mathematician writes it."""

    def _print(self, expr: Any, **kwargs: Any) -> str:
        # These bring a LaTeX of their own, for notebooks, that cannot be raised to a power.
        if isinstance(expr, Mean | log_c | log_chi):
            return str(getattr(self, f"_print_{type(expr).__name__}")(expr, **kwargs))
        return str(super()._print(expr, **kwargs))

    def _as_ordered_terms(self, expr: sp.Expr, order: str | None = None) -> list[sp.Expr]:
        return readable_order(super()._as_ordered_terms(expr, order=order))

    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> str:
        return latex_name(expr.name).tex()

    def _print_RandomSymbol(self, expr: sp.Symbol) -> str:
        return self._print_Symbol(expr)  # SymPy has another class of this name

    def _print_IndexedBase(self, expr: sp.IndexedBase) -> str:
        return latex_name(str(expr.label)).tex()

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        return latex_name(str(expr.base.label)).tex(*map(self._print, expr.indices))

    def _helper_print_standard_power(self, expr: sp.Pow, template: str) -> str:
        base = expr.base
        if isinstance(base, sp.Symbol | sp.Indexed):
            name = latex_name(str(base.base.label) if isinstance(base, sp.Indexed) else base.name)
            tex = self._print(base)
            base_tex = rf"\left({tex}\right)" if name.needs_brackets else tex
            return str(template % (base_tex, self._print(expr.exp)))
        return str(super()._helper_print_standard_power(expr, template))

    # Expectations and random draws.

    def _print_Mean(self, expr: sp.Expr, exp: str | None = None) -> str:
        return _raised(rf"\mathbb{{E}}\left[{self._print(expr.args[0])}\right]", exp)

    def _print_SampleMean(self, expr: sp.Expr, exp: str | None = None) -> str:
        inner, size = map(self._print, expr.args)
        return _raised(rf"\overline{{{inner}}}_{{{size}}}", exp)

    def _print_ChiSquare(self, expr: sp.Expr, exp: str | None = None) -> str:
        return _raised_in_brackets(rf"\chi_{{{self._print(expr.args[0])}}}^{{2}}", exp)

    # Functions.

    def _print_log_c(self, expr: sp.Expr, exp: str | None = None) -> str:
        tex = rf"\log c\left({self._print(expr.args[0])}\right)"
        return _raised_in_brackets(tex, exp)

    def _print_log_chi(self, expr: sp.Expr, exp: str | None = None) -> str:
        x = self._print(expr.args[0])
        tex = rf"\mathbb{{E}}\left[\log\frac{{\chi_{{{x}}}}}{{\sqrt{{{x}}}}}\right]"
        return _raised(tex, exp)

    def _print_exp(self, expr: sp.exp, exp: str | None = None) -> str:
        power = log_c_power(expr)
        if power is not None:
            argument, times = power
            tex = rf"c\left({self._print(argument)}\right)"
            tex = tex if times == 1 else rf"{tex}^{{{self._print(times)}}}"
            return _raised(tex, exp) if times == 1 else _raised_in_brackets(tex, exp)
        inner = self._print(expr.args[0])
        short = "frac" not in inner and len(inner) < 30
        tex = f"e^{{{inner}}}" if short else rf"\exp\left({inner}\right)"
        return _raised_in_brackets(tex, exp)

    def _print_loggamma(self, expr: sp.Expr, exp: str | None = None) -> str:
        return _raised_in_brackets(rf"\log\Gamma\left({self._print(expr.args[0])}\right)", exp)

    def _print_polygamma(self, expr: sp.Expr, exp: str | None = None) -> str:
        order, x = expr.args
        above = "" if order == 0 else rf"^{{({self._print(order)})}}"
        return _raised_in_brackets(rf"\psi{above}\left({self._print(x)}\right)", exp)

    def _print_hyper(self, expr: sp.Expr, exp: str | None = None) -> str:
        upper, lower = (", ".join(map(self._print, part)) for part in (expr.ap, expr.bq))
        tex = (
            rf"{{}}_{{{len(expr.ap)}}}F_{{{len(expr.bq)}}}"
            rf"\left({upper}; {lower}; {self._print(expr.argument)}\right)"
        )
        return _raised_in_brackets(tex, exp)

    def _print_Function(self, expr: sp.Function, exp: str | None = None) -> str:
        if not isinstance(expr, sp.core.function.AppliedUndef):
            return str(super()._print_Function(expr, exp))
        name, args = str(expr.func), [self._print(arg) for arg in expr.args]
        if name in GIVEN_COUNT:
            of = latex_name(GIVEN_COUNT[name]).tex()
            return _raised(rf"\mathbb{{E}}\left[{of} \mid {args[0]}\right]", exp)
        indices = INDEXED_FUNCTIONS.get(name, 0)
        tex = latex_name(name).tex(*args[:indices])
        if args[indices:]:
            tex += rf"\left({', '.join(args[indices:])}\right)"
            return _raised(tex, exp)
        return _raised_in_brackets(tex, exp)

    # Sums: one sign for each index, the outer one first.

    def _over(self, sign: str, expr: Any) -> str:
        tex = "".join(
            rf"{sign}_{{{self._print(index)}={self._print(low)}}}^{{{self._print(high)}}} "
            for index, low, high in reversed(expr.limits)
        )
        body = self._print(expr.function)
        return tex + (rf"\left({body}\right)" if isinstance(expr.function, sp.Add) else body)

    def _print_Sum(self, expr: sp.Sum) -> str:
        return self._over(r"\sum", expr)

    def _print_Product(self, expr: sp.Product) -> str:
        return self._over(r"\prod", expr)


_PRINTER = _Latex()
_write = functools.cache(_PRINTER.doprint)  # several documents show the same formulas


def latex(expr: sp.Basic) -> str:
    r"""Write an expression or a relation in LaTeX.

    Parameters
    ----------
    expr : sympy.Basic
        Made of the library's symbols.

    Returns
    -------
    str
        LaTeX for mathematics mode.

    Examples
    --------
    >>> from symbolic import THEOREMS
    >>> latex(THEOREMS["text_probs_martingale"].statement)
    '\\mathbb{E}\\left[p_{i}^{\\prime}\\right] = p_{i}'
    """
    return str(_write(expr))


_SIGNS = {sp.Eq: "=", sp.Le: r"\leq", sp.Ge: r"\geq"}


def latex_lines(relation: Relational, width: int = 70) -> tuple[str, ...]:
    r"""Write a relation in LaTeX, broken at its sign and between the terms of its right-hand side.

    Parameters
    ----------
    relation : sympy Relational
        ``Eq``, ``Le`` or ``Ge``.
    width : int
        Roughly how many signs a line holds.

    Returns
    -------
    tuple of str
        Lines, with the alignment mark ``&`` where there are several.

    Examples
    --------
    >>> import sympy as sp
    >>> x, y = sp.symbols("x y")
    >>> latex_lines(sp.Le(x, y + 1)), latex_lines(sp.Le(x, y + 1), width=2)
    (('x \\leq y + 1',), ('&x', '&\\quad \\leq y', '&\\qquad + 1'))
    """
    whole = latex(relation)
    if _width(whole) <= width:
        return (whole,)
    sign = _SIGNS[type(relation)]
    lines = [latex(relation.lhs), rf"\quad {sign} "]
    if _width(lines[0]) < width / 4:
        lines = [f"{lines[0]} {sign} "]
    fresh = True  # the line has no term yet
    for term in _PRINTER._as_ordered_terms(relation.rhs, order=None):
        tex = latex(term)
        joined = tex if fresh else (f" {tex}" if tex.startswith("-") else f" + {tex}")
        if not fresh and _width(lines[-1] + joined) > width:
            lines.append(r"\qquad" + joined)
        else:
            lines[-1] += joined
        fresh = False
    return tuple(f"&{line}" for line in lines) if len(lines) > 1 else tuple(lines)


def _width(tex: str) -> int:
    """Count the signs that will be seen, roughly: a fraction counts as its longer part."""
    while (match := re.search(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", tex)) is not None:
        longer = max(match.groups(), key=_width)
        tex = tex[: match.start()] + longer + tex[match.end() :]
    tex = re.sub(r"\\(left|right|mathbb|mathrm|overline|bar|operatorname)\b", "", tex)
    return len(re.sub(r"\\[A-Za-z]+|\S", "x", re.sub(r"[{}^_]", "", tex)).replace(" ", ""))
