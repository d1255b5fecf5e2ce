"""What every document shows of the theorems, whatever it is written in."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any, NamedTuple

import sympy as sp

import symbolic.theorems
from symbolic import THEOREMS, Kind, Source, Theorem
from symbolic.symbols import MEANINGS, SYMBOLS
from symbolic.witness import evaluate
from symbolic.witnesses import WITNESSES

#: What readers should know before the first theorem.
INTRODUCTION = (
    (
        "Each result is a value of the package symbolic: a statement, where it comes from, and a "
        "derivation whose every step is checked exactly. A step rests on earlier steps, on "
        "premises of the model, on cited lemmas (checked at small sizes only), or on earlier "
        "theorems. A witness holds the statement against values found without the derivation."
    ),
    (
        "Sources: 'paper' is stated in the paper; 'reconstructed' agrees with the paper's titles "
        "and captions, its exact wording being unknown; 'ours' goes beyond it. Indices run from "
        "0. In a one-step result E[...] is the expectation given the state before the update."
    ),
)
_MODULE_MARK = re.compile(
    r"[:,]\s+[TI]\d[^:]*$"
)  # "...: T1 and T2" at the end of a docstring's line


class Section(NamedTuple):
    """Theorems on one subject."""

    title: str
    theorems: tuple[Theorem, ...]


class Meaning(NamedTuple):
    """A symbol, the name under which numbers are passed for it, and what it is."""

    symbol: sp.Basic
    name: str
    words: str


class Example(NamedTuple):
    """A statement's numbers at the first case of its witness."""

    numbers: Mapping[str, Any]
    value: sp.Expr
    witnessed: Any
    error: Any


def select(
    part_of_name: str | None = None, *, kind: str | None = None, source: str | None = None
) -> tuple[Theorem, ...]:
    """Give the theorems that fit.

    Parameters
    ----------
    part_of_name : str, optional
        What their name contains.
    kind, source : str, optional
        A value of `symbolic.Kind`, of `symbolic.Source`.

    Returns
    -------
    tuple of Theorem
        In the library's order; a theorem of exactly that name comes alone.

    Raises
    ------
    ValueError
        If there is no such kind or source, or no name contains the part; with the nearest names.

    Examples
    --------
    >>> [theorem.name for theorem in select("contraction_second")]
    ['image_contraction_second_order']
    """
    found = tuple(THEOREMS.values())
    if kind is not None:
        wanted_kind = _member(Kind, kind)
        found = tuple(theorem for theorem in found if theorem.kind == wanted_kind)
    if source is not None:
        wanted_source = _member(Source, source)
        found = tuple(theorem for theorem in found if theorem.source == wanted_source)
    if part_of_name is None:
        return found
    if part_of_name in THEOREMS:
        return tuple(theorem for theorem in found if theorem.name == part_of_name)
    if not any(part_of_name in name for name in THEOREMS):
        near = difflib.get_close_matches(part_of_name, THEOREMS, n=3, cutoff=0.3)
        hint = f"nearest: {', '.join(map(repr, near))}" if near else "coevo theorems lists all"
        raise ValueError(f"unknown theorem {part_of_name!r}; {hint}.")
    return tuple(theorem for theorem in found if part_of_name in theorem.name)


def _member(values: type[Kind] | type[Source], text: str) -> Kind | Source:
    try:
        return values(text.replace("-", " ").replace("_", " ").lower())
    except ValueError:
        known = ", ".join(repr(value.value) for value in values)
        raise ValueError(
            f"unknown {values.__name__.lower()} {text!r}; expected one of {known}."
        ) from None


def sections(theorems: Iterable[Theorem] | None = None) -> Iterator[Section]:
    """Give the theorems by subject; a subject without theorems is left out."""
    wanted = set(THEOREMS if theorems is None else (theorem.name for theorem in theorems))
    modules = {
        id(theorem): module
        for module in vars(symbolic.theorems).values()
        if isinstance(module, ModuleType)
        for theorem in getattr(module, "THEOREMS", ())
    }
    by_title: dict[str, list[Theorem]] = {}
    for theorem in THEOREMS.values():
        if theorem.name in wanted:
            by_title.setdefault(_title(modules.get(id(theorem))), []).append(theorem)
    for title, ones in by_title.items():
        yield Section(title, tuple(ones))


def _title(module: ModuleType | None) -> str:
    first = (module.__doc__ or "").partition("\n")[0] if module else ""
    return _MODULE_MARK.sub("", first.rstrip(".")) or "Further results"


def status(theorem: Theorem) -> str:
    """Say what stands behind a theorem, counted.

    Parameters
    ----------
    theorem : Theorem

    Returns
    -------
    str
        Steps, cited lemmas, and how it is witnessed.

    Examples
    --------
    >>> from symbolic import THEOREMS
    >>> status(THEOREMS["text_diversity_lower_bound"])
    '8 steps, 1 cited lemma, witnessed by enumeration'
    """
    steps = _count(len(theorem.derivation), "step")
    lemmas = f"{_count(len(theorem.lemmas), 'cited lemma')}, " if theorem.lemmas else ""
    witness = WITNESSES.get(theorem.name)
    return f"{steps}, {lemmas}" + (f"witnessed by {witness.method}" if witness else "no witness")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def meanings(theorem: Theorem) -> Iterator[Meaning]:
    """Give what the symbols of a statement mean; bound indices need no words."""
    used = _used(theorem.statement)
    for name, symbol in SYMBOLS.items():
        if symbol in used:
            yield Meaning(symbol, name, MEANINGS[name])


def _used(expr: sp.Basic) -> set[sp.Basic]:
    """What is free in an expression as it is written: of an indexed name not its shape."""
    if isinstance(expr, sp.Indexed):
        return {expr.base}.union(*map(_used, expr.indices))
    if isinstance(expr, sp.Symbol):
        return {expr}
    bound = set(getattr(expr, "variables", ()))
    return set().union(*map(_used, expr.args)) - bound


def example(theorem: Theorem) -> Example | None:
    """Evaluate a statement at the first case of its witness, if it has one."""
    witness = WITNESSES.get(theorem.name)
    if witness is None:
        return None
    case = witness.cases()[0]
    return Example(case.numbers, evaluate(theorem.rhs, case.numbers), case.value, case.error)


def number_words(value: Any, digits: int = 10) -> str:
    """Write a number as short as it can be read: a small fraction as it is, else its digits."""
    exact = sp.sympify(str(value))
    if isinstance(exact, sp.Rational) and len(str(exact)) <= 9:
        return str(exact)
    return str(sp.N(exact, digits))


def source_words(theorem: Theorem) -> str:
    """Say where a theorem comes from."""
    return f"{theorem.source.value}, {theorem.reference}"


_GREEK = (
    "alpha|beta|gamma|delta|epsilon|eps|zeta|eta|theta|kappa|lambda|mu|nu|xi|rho|sigma|tau|chi|psi|"
    "Delta|Sigma|Lambda|mubar"
)
_PROSE = re.compile(
    rf"(?P<base>\b(?:[A-Za-z]|sum|chi2|{_GREEK})'?)_(?P<sub>[A-Za-z0-9]{{1,4}}(?!\w)|\*)"
    r"|(?P<code>\b[A-Za-z]{2,}(?:_[A-Za-z0-9]+)+\b)"
    rf"|\b(?P<greek>{_GREEK})\b"
    r"|(?:\^|\s*\*\*\s*)(?P<sup>\([^()]*\)|-?\w+)"
    r"|(?P<sign><=|>=|!=|->|<-|(?<=\s)-(?=\s)|(?<![\w.])-(?=\d))"
    r"|(?P<other>.)",
    re.DOTALL,
)


def prose(text: str, write: Mapping[str, Callable[..., str]]) -> str:
    """Rewrite words in which formulas are spoken of: Greek letters, indices, powers, signs.

    Parameters
    ----------
    text : str
        Such as ``"at most c(nu)^t H_0"``.
    write : mapping
        What to make of ``code``, ``index`` (base and index), ``greek``, ``sup``, ``sign`` and any
        ``other`` character.
    """

    def one(match: re.Match[str]) -> str:
        if match["base"]:
            return write["index"](match["base"], match["sub"])
        kind = match.lastgroup or "other"
        text = match[kind]
        return write[kind](text.strip("()") if kind == "sup" else text)

    return _PROSE.sub(one, text)
