"""LaTeX of the names of symbols and functions, each given once."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sympy.printing.latex import greek_letters_set


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
    "tr_W": LatexName(r"\operatorname{tr}(W^{@})", alone=r"\operatorname{tr}W"),
    "Var_T": LatexName(rf"\operatorname{{Var}}{_TRACE}", "t"),
    "T2": LatexName("T", sup="2"),
    "tr_Sigma'": LatexName(_TRACE, sup=r"\prime"),
    # Fidelity and user content.
    "F2": LatexName("F", sup="2"),
    "F2'": LatexName("{F'}", sup="2"),
    "Delta2": LatexName(_OFFSET, sup="2"),
    "Delta2'": LatexName(r"\lVert\Delta'\rVert", sup="2"),
    # Retraining.
    "sigma2": LatexName(r"\sigma", sup="2"),
    "E_inv": LatexName(r"\mathbb{E}\operatorname{tr}(X'X)^{-1}"),
    "L_M": LatexName("L"),
    "i_M": LatexName("i"),
    "j_M": LatexName("j"),
    "k_M": LatexName("k"),
    "l_M": LatexName("l"),
    "beta_M": LatexName(r"\beta"),
    "W_M": LatexName("W"),
    "E_M": LatexName("E"),
    "E_M'": LatexName("E", sup=r"\prime"),
    "pi_M": LatexName(r"\pi"),
    # Corpus injection.
    "over_users": LatexName(r"\theta", r"\mathrm{u}"),
    "over_shrinkage": LatexName(r"\theta", r"\kappa"),
}
#: Functions whose first arguments are indices: how many.
INDEXED_FUNCTIONS = {"r": 1, "q": 1, "F": 2, "log_overlap": 1, "log_chi2": 1}
#: Functions of an image count that stand for a mean given that count: of what.
GIVEN_COUNT = {"E_D": "D'", "E_step": "step", "E_F2": "F2'"}
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
