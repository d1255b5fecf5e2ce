"""The theorems in LaTeX: a fragment for one, a document that compiles for all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from sympy.core.relational import Relational

from symbolic import LEMMAS, Step, Theorem
from symbolic.model import MODEL
from symbolic.papers import COMPARISONS
from symbolic.printing import latex, latex_lines
from symbolic.symbols import MEANINGS, SYMBOLS
from toolkit.theory.documents.parts import (
    INTRODUCTION,
    meanings,
    prose,
    sections,
    source_words,
    status,
)

_HEAD = r"""\documentclass[10pt,a4paper]{article}
\usepackage[T1]{fontenc}
\usepackage{amsmath,amssymb,amsthm,graphicx}
\setlength{\textwidth}{170mm}\setlength{\oddsidemargin}{-5mm}
\setlength{\textheight}{240mm}\setlength{\topmargin}{-12mm}
\allowdisplaybreaks
\newcommand{\fit}[1]{\sbox0{$\displaystyle #1$}%
  \ifdim\wd0>\linewidth\resizebox{\linewidth}{!}{\usebox0}\else\usebox0\fi}
\emergencystretch=3em
\newtheorem{theorem}{Theorem}[section]
\newtheorem{lemma}{Lemma}[section]
\title{Co-evolving generative models: the theorem library}
\author{}\date{}
\begin{document}
\maketitle
"""
_LONG = 160  # characters of LaTeX that may be too wide for a line
_NO_FIT = "\\providecommand{\\fit}[1]{#1}% a document may shrink what is too wide\n"
_SIGNS = {"<=": r"\leq", ">=": r"\geq", "!=": r"\neq", "->": r"\to", "<-": r"\gets", "-": "-"}
_LETTERS = {"eps": r"\epsilon", "mubar": r"\bar{\mu}", "chi2": r"\chi^{2}"}
_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "%": r"\%",
    "#": r"\#", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}",
}  # fmt: skip


def _greek(name: str) -> str:
    return _LETTERS.get(name, rf"\{name}")


def _base(name: str) -> str:
    bare = name.rstrip("'")
    return (_greek(bare) if len(bare) > 1 else bare) + name[len(bare) :]


def escape(text: str) -> str:
    """Write plain characters in LaTeX."""
    return "".join(_SPECIAL.get(character, character) for character in text)


def code(name: str) -> str:
    """Write a name of the library; it may be broken at its underscores."""
    return rf"\texttt{{{escape(name)}}}".replace(r"\_", r"\_\allowbreak{}")


_WRITE: dict[str, Callable[..., str]] = {
    "code": code,
    "index": lambda base, sub: f"${_base(base)}_{{{sub}}}$",
    "greek": lambda name: f"${_greek(name)}$",
    "sup": lambda text: f"$^{{{code(text) if '_' in text else text}}}$",
    "sign": lambda sign: f"${_SIGNS[sign]}$",
    "other": escape,
}


def words(text: str) -> str:
    """Write words in which formulas are spoken of."""
    return prose(text, _WRITE)


def _display(relation: Relational, width: int = 75) -> str:
    lines = latex_lines(relation, width)
    formula = lines[0]
    if len(lines) > 1:
        broken = " \\\\\n".join(lines)
        formula = f"\\begin{{aligned}}\n{broken}\n\\end{{aligned}}"
    if max(map(len, lines)) > _LONG:
        formula = rf"\fit{{{formula}}}"
    return f"\\[\n{formula}\n\\]"


def _items(kind: str, items: Iterable[str]) -> str:
    found = "\n".join(rf"\item {item}" for item in items)
    return f"\\begin{{{kind}}}\n{found}\n\\end{{{kind}}}" if found else ""


def latex_fragment(theorem: Theorem) -> str:
    r"""Write one theorem, its proof and its cited lemmas in LaTeX.

    Parameters
    ----------
    theorem : Theorem

    Returns
    -------
    str
        For a document with amsmath, amssymb, amsthm and environments ``theorem`` and ``lemma``.

    Examples
    --------
    >>> from symbolic import THEOREMS
    >>> latex_fragment(THEOREMS["text_probs_martingale"]).splitlines()[0]
    '\\begin{theorem}[Text probabilities are a martingale]'
    """
    where = [
        rf"${latex(symbol)}$: {words(meaning)} ({code(name)})"
        for symbol, name, meaning in meanings(theorem)
    ]
    cited = map(_lemma, theorem.lemmas)
    found = "\n".join(filter(None, (*_theorem(theorem), _where(where), *_proof(theorem), *cited)))
    return (_NO_FIT if r"\fit{" in found else "") + found + "\n"


def _where(items: list[str]) -> str:
    return rf"\noindent Here {'; '.join(items)}." + "\n" if items else ""


def _theorem(theorem: Theorem) -> Iterator[str]:
    yield rf"\begin{{theorem}}[{words(theorem.title)}]"
    yield rf"\label{{theorem:{theorem.name}}}"
    yield rf"{words(theorem.in_words)}"
    yield _display(theorem.statement)
    conditions = [f"${latex(condition)}$" for condition in theorem.conditions]
    yield _items("itemize", [*map(words, theorem.assumptions), *conditions])
    yield r"\end{theorem}"
    about = f"{theorem.kind.value}; {source_words(theorem)}; {status(theorem)}"
    yield (
        rf"\noindent{{\small {code(theorem.name)}. {words(about[0].upper() + about[1:])}.}}" + "\n"
    )


def _proof(theorem: Theorem) -> Iterator[str]:
    if not theorem.derivation:
        return
    yield r"\begin{proof}\small\leavevmode"
    yield _items("enumerate", (_step(step) for step in theorem.derivation))
    yield r"\end{proof}"


def _step(step: Step) -> str:
    because = f"By {words(step.rule)}"
    if step.uses:
        because += f", from {'; '.join(map(_use, step.uses))}"
    note = f" ({words(step.note)})" if step.note else ""
    label = rf" \emph{{[{escape(step.label)}]}}" if step.label else ""
    return f"{because}{note}:{label}\n{_display(step.claim)}"


def _use(use: str) -> str:
    """A premise, a lemma or a theorem by its name, an earlier step by its label."""
    group, colon, name = use.partition(":")
    if colon and group in ("model", "lemma", "theorem"):
        return f"{'premise' if group == 'model' else group} {code(name)}"
    return rf"\emph{{{escape(use)}}}"


def _lemma(name: str) -> str:
    lemma = LEMMAS[name]
    return (
        f"\\begin{{lemma}}[cited]\n{code(name)}: {words(lemma.in_words)}.\n"
        f"{_display(lemma.statement)}\n{words(lemma.reference)}. Checked at small sizes only.\n"
        "\\end{lemma}"
    )


def latex_document(theorems: Iterable[Theorem]) -> str:
    r"""Write theorems as a LaTeX document that compiles by itself.

    Parameters
    ----------
    theorems : iterable of Theorem

    Returns
    -------
    str
        All theorems with their proofs, then lemmas, premises, symbols and the paper table.

    Examples
    --------
    >>> from symbolic import THEOREMS
    >>> latex_document([THEOREMS["text_probs_martingale"]]).splitlines()[0]
    '\\documentclass[10pt,a4paper]{article}'
    """
    return "\n".join(_document(list(theorems))) + "\n"


def _document(theorems: list[Theorem]) -> Iterator[str]:
    yield _HEAD
    yield from (words(paragraph) + "\n" for paragraph in INTRODUCTION)
    yield r"\tableofcontents"
    for section in sections(theorems):
        yield rf"\section{{{words(section.title)}}}"
        for theorem in section.theorems:
            yield from (*_theorem(theorem), *_proof(theorem))
    yield r"\section{Cited lemmas}"
    yield from map(_lemma, dict.fromkeys(name for t in theorems for name in t.lemmas))
    yield r"\section{Premises}"
    yield from (_premise(name) for name in MODEL)
    yield r"\section{Symbols}"
    meaning = (
        f"${latex(SYMBOLS[name])}$ ({code(name)}): {words(what)}" for name, what in MEANINGS.items()
    )
    yield _items("itemize", meaning)
    yield r"\section{The paper says, we prove, they differ by}"
    for one in COMPARISONS:
        yield rf"\paragraph{{{words(one.place)}: {words(one.title)}.}}"
        yield rf"\emph{{The paper says:}} {words(one.says)}"
        named = f" ({', '.join(map(code, one.theorems))})" if one.theorems else ""
        yield rf"\emph{{We prove:}} {words(one.proved)}{named}"
        yield rf"\emph{{They differ by:}} {words(one.differ)}" + "\n"
    yield r"\end{document}"


def _premise(name: str) -> str:
    premise = MODEL[name]
    return rf"\paragraph{{{code(name)}}} {words(premise.in_words)}:" + "\n" + _display(
        premise.statement
    )  # fmt: skip
