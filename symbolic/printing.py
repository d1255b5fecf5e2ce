"""How the library's symbols and inert functions are written: LaTeX, and plain text.

`LATEX_NAMES` gives the LaTeX of every name that is not simply a letter with an index; all other
names are taken apart (``H_u``, ``lambda_j``, ``D'``) by `latex_name`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import sympy as sp
from sympy.core.relational import Relational
from sympy.printing.latex import LatexPrinter, greek_letters_set
from sympy.printing.str import StrPrinter

from symbolic.special import log_c, log_chi
from symbolic.symbols import Mean

__all__ = ["LATEX_NAMES", "LatexName", "latex", "latex_lines", "latex_name", "plain"]


@dataclass(frozen=True)
class LatexName:
    r"""LaTeX of a name, in parts, so that an index or a power finds its place.

    Parameters
    ----------
    letter : str
        What carries the index; an ``@`` in it is where the index goes instead.
    sub, sup : str
        Below and above it.
    alone : str
        All of it where there is no index, if that is not simply the letter.

    Examples
    --------
    >>> LatexName(r"\sigma", "v", "2").tex("t")
    '\\sigma_{v,t}^{2}'
    """

    letter: str
    sub: str = ""
    sup: str = ""
    alone: str = ""

    def tex(self, *indices: str) -> str:
        """Write the name, with indices after what is already below it."""
        if self.alone and not indices:
            return self.alone
        if "@" in self.letter:
            return self.letter.replace("@", ",".join(indices))
        below = ",".join(filter(None, (self.sub, *indices)))
        return self.letter + (f"_{{{below}}}" if below else "") + (
            f"^{{{self.sup}}}" if self.sup else ""
        )  # fmt: skip

    @property
    def needs_brackets(self) -> bool:
        """Whether a power must not be put on it as it stands."""
        return bool(self.sup) or self.letter.startswith(_PREFIXES)


_PREFIXES = (r"\log", r"\det", r"\operatorname", r"\lVert")
_TRACE = r"\operatorname{tr}\Sigma"
_OFFSET = r"\lVert\Delta\rVert"
#: LaTeX of the names that are more than a letter with an index.
LATEX_NAMES: dict[str, LatexName] = {
    # Texts.
    "e": LatexName(r"\overline{CH}"),
    "R_ik": LatexName("R", "ik"),
    "Cov_r": LatexName(r"\operatorname{Cov}(r_{i}, r_{k})"),
    "Cov_p": LatexName(
        r"\operatorname{Cov}(p_{@,i}, p_{@,k})", alone=r"\operatorname{Cov}(p_{i}', p_{k}')"
    ),
    "Var_H": LatexName(r"\operatorname{Var}H", alone=r"\operatorname{Var}H'"),
    "chi2": LatexName("D", r"\chi^{2}"),
    "log_chi2": LatexName(r"\log(1 + D_{\chi^{2}})"),
    "logdet_ex": LatexName(r"\log\det\Sigma", r"\mathrm{ex}"),
    "BC": LatexName(r"\mathrm{BC}"),
    "log_BC": LatexName(r"\log\mathrm{BC}"),
    "Delta_M": LatexName(r"\Delta", "M"),
    "logdet_1": LatexName(r"\log\det\Sigma", "1"),
    "logdet_2": LatexName(r"\log\det\Sigma", "2"),
    "logdet_avg": LatexName(r"\log\det\bar{\Sigma}"),
    "q_mix": LatexName(r"\bar{q}"),
    "log_overlap": LatexName(r"\log o"),
    # Images.
    "ddof": LatexName(r"\mathrm{ddof}"),
    "l": LatexName(r"\ell"),
    "sigma2_v": LatexName(r"\sigma", "v", "2"),
    "lambda_max": LatexName(r"\lambda", r"\max"),
    "rho_bar": LatexName(r"\bar{\rho}"),
    "n_min": LatexName("n", r"\min"),
    "P_below": LatexName(r"\mathbb{P}(n < n_{\min})"),
    "E_inv_nu": LatexName(r"\mathbb{E}[1/\nu]"),
    "sd_0": LatexName("s", sup="(0)"),
    "tr_Sigma": LatexName(_TRACE),
    "tr_Sigma_0": LatexName(_TRACE, "0"),
    "tr_Sigma_t": LatexName(_TRACE, "t"),
    "det": LatexName(r"\det\Sigma"),
    "det_0": LatexName(r"\det\Sigma", "0"),
    "det_W": LatexName(r"\det W"),
    "Var_T": LatexName(rf"\operatorname{{Var}}{_TRACE}", "t"),
    "T2": LatexName("T", sup="2"),
    "tr_Sigma'": LatexName(_TRACE, sup=r"\prime"),
    # Fidelity and user content.
    "F2": LatexName("F", sup="2"),
    "F2'": LatexName("{F'}", sup="2"),
    "Delta2": LatexName(_OFFSET, sup="2"),
    "Delta2'": LatexName(r"\lVert\Delta'\rVert", sup="2"),
    # Corpus injection.
    "over_users": LatexName(r"\theta", r"\mathrm{u}"),
    "over_shrinkage": LatexName(r"\theta", r"\kappa"),
}
#: Functions whose first arguments are indices: how many.
_INDEXED_FUNCTIONS = {"r": 1, "q": 1, "F": 2, "log_overlap": 1, "log_chi2": 1}
#: Functions of an image count that stand for a mean given that count: of what.
_GIVEN_COUNT = {"E_D": "D'", "E_step": "step", "E_F2": "F2'"}
_GREEK = greek_letters_set | {
    "Gamma",
    "Delta",
    "Theta",
    "Lambda",
    "Sigma",
    "Phi",
    "Psi",
    "Omega",
    "ell",
}
_ACCENTS = {"bar": r"\bar", "hat": r"\hat", "tilde": r"\tilde"}
_PARTS = {"inf": r"\infty", "half": "1/2", "max": r"\max", "min": r"\min", "*": "*"}


def _part(word: str) -> str:
    """One part of a name: a letter, a Greek letter, a number or a word."""
    if word in _PARTS:
        return _PARTS[word]
    if word in _GREEK:
        return rf"\{word}"
    return word if len(word) == 1 or word.isdigit() else rf"\mathrm{{{word}}}"


def latex_name(name: str) -> LatexName:
    r"""Give the LaTeX of a symbol's printed name.

    Parameters
    ----------
    name : str
        As SymPy prints it.

    Returns
    -------
    LatexName
        From `LATEX_NAMES`, or taken apart at underscores, digits and primes.

    Examples
    --------
    >>> latex_name("H_u").tex("t"), latex_name("D'").tex(), latex_name("g_half").tex()
    ('H_{u,t}', 'D^{\\prime}', 'g_{1/2}')
    """
    if name in LATEX_NAMES:
        return LATEX_NAMES[name]
    bare = name.rstrip("'")
    primes = r"\prime" * (len(name) - len(bare))
    head, *below = bare.split("_")
    match = re.fullmatch(r"([A-Za-z]+)(\d+)", head)
    if match:
        head, below = match[1], [match[2], *below]
    letter = _part(head)
    if below and below[0] in _ACCENTS:
        letter = f"{_ACCENTS[below.pop(0)]}{{{letter}}}"
    return LatexName(letter, ",".join(map(_part, below)), primes)


def _raised(tex: str, exp: str | None) -> str:
    return tex if exp is None else f"{tex}^{{{exp}}}"


def _raised_in_brackets(tex: str, exp: str | None) -> str:
    return tex if exp is None else rf"\left({tex}\right)^{{{exp}}}"


def _log_c_power(expr: sp.exp) -> tuple[sp.Expr, sp.Expr] | None:
    """Read ``exp(k log c(x))`` as ``c(x)`` to the power k."""
    factors = sp.Mul.make_args(expr.args[0])
    inert = [factor for factor in factors if isinstance(factor, log_c)]
    if len(inert) != 1:
        return None
    return inert[0].args[0], sp.Mul(*(factor for factor in factors if factor != inert[0]))


def _readable_order(terms: list[sp.Expr]) -> list[sp.Expr]:
    """Put what is subtracted after what is added, and sums at the end, where they are not cut."""
    return sorted(terms, key=lambda t: (t.could_extract_minus_sign(), t.has(sp.Sum)))


class _Latex(LatexPrinter):
    """LaTeX as a mathematician writes it."""

    def _print(self, expr: Any, **kwargs: Any) -> str:
        # These bring a LaTeX of their own, for notebooks, that cannot be raised to a power.
        if isinstance(expr, Mean | log_c | log_chi):
            return str(getattr(self, f"_print_{type(expr).__name__}")(expr, **kwargs))
        return str(super()._print(expr, **kwargs))

    def _as_ordered_terms(self, expr: sp.Expr, order: str | None = None) -> list[sp.Expr]:
        return _readable_order(super()._as_ordered_terms(expr, order=order))

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
        power = _log_c_power(expr)
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
        if name in _GIVEN_COUNT:
            of = latex_name(_GIVEN_COUNT[name]).tex()
            return _raised(rf"\mathbb{{E}}\left[{of} \mid {args[0]}\right]", exp)
        indices = _INDEXED_FUNCTIONS.get(name, 0)
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
    return str(_PRINTER.doprint(expr))


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


class _Plain(StrPrinter):
    """Plain text: SymPy's own, but expectations and c(nu) as they are spoken of."""

    def _as_ordered_terms(self, expr: sp.Expr, order: str | None = None) -> list[sp.Expr]:
        return _readable_order(super()._as_ordered_terms(expr, order=order))

    def _print_Mean(self, expr: sp.Expr) -> str:
        return f"E[{self._print(expr.args[0])}]"

    def _print_SampleMean(self, expr: sp.Expr) -> str:
        inner, size = map(self._print, expr.args)
        return f"average_{size}[{inner}]"

    def _print_KroneckerDelta(self, expr: sp.Expr) -> str:
        return f"1{{{self._print(expr.args[0])}={self._print(expr.args[1])}}}"

    def _print_exp(self, expr: sp.exp) -> str:
        power = _log_c_power(expr)
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
