"""The theorems on a terminal: lines of at most a hundred characters."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator

import sympy as sp

from symbolic import LEMMAS, Theorem
from symbolic.model import MODEL
from symbolic.papers import COMPARISONS
from symbolic.printing import plain
from symbolic.witnesses import WITNESSES
from toolkit.theory.checks import check_theorems
from toolkit.theory.documents.parts import (
    example,
    meanings,
    number_words,
    sections,
    source_words,
    status,
)

WIDTH = 100
_BREAK = "\0"  # where a long product may be broken


def overview(theorems: Iterable[Theorem], width: int = WIDTH) -> Iterator[str]:
    r"""Give each theorem's name, kind, source, status and statement in words.

    Parameters
    ----------
    theorems : iterable of Theorem
    width : int
        Of the lines.

    Yields
    ------
    str
        A line.

    Examples
    --------
    >>> from symbolic import THEOREMS
    >>> print("\n".join(overview([THEOREMS["text_probs_martingale"]])))  # doctest: +ELLIPSIS
    <BLANKLINE>
    The text model under a frozen or moving image model
    <BLANKLINE>
    text_probs_martingale...exact; reconstructed, Theorem 3.1 (T1)
        One text update leaves every text's probability unchanged in the mean.
        4 steps, witnessed by enumeration
    <BLANKLINE>
    1 theorem: 1 exact.
    """
    kinds: Counter[str] = Counter()
    for section in sections(theorems):
        yield from ("", *_wrap(section.title, width, ""), "")
        for theorem in section.theorems:
            kinds[theorem.kind.value] += 1
            yield from _heading(theorem.name, f"{theorem.kind}; {source_words(theorem)}", width)
            yield from _wrap(theorem.in_words, width)
            yield from _wrap(status(theorem), width)
    total = kinds.total()
    counts = ", ".join(f"{number} {kind}" for kind, number in kinds.most_common()) or "none"
    yield ""
    yield from _wrap(f"{total} theorem{'' if total == 1 else 's'}: {counts}.", width, "", "  ")


def _heading(name: str, right: str, width: int) -> tuple[str, ...]:
    gap = width - len(name) - len(right)
    return (name + " " * gap + right,) if gap >= 2 else (name, *_wrap(right, width))


def theorem_page(theorem: Theorem, width: int = WIDTH, *, check: bool = True) -> Iterator[str]:
    """Give all of a theorem, and check it.

    Parameters
    ----------
    theorem : Theorem
    width : int
        Of the lines.
    check : bool
        Re-derive it now, hold it against its witness, and say what was found.

    Yields
    ------
    str
        A line.

    Examples
    --------
    >>> from symbolic import THEOREMS
    >>> next(theorem_page(THEOREMS["text_probs_martingale"]))
    'text_probs_martingale: Text probabilities are a martingale'
    """
    yield from _wrap(f"{theorem.name}: {theorem.title}", width, "", "  ")
    yield from _wrap(f"{theorem.kind}; {source_words(theorem)}", width, "")
    yield ""
    yield from _wrap(theorem.in_words, width, "")
    yield from _listing("Assumptions", theorem.assumptions, width)
    conditions = map(plain, theorem.conditions)
    yield from _listing("Conditions", conditions, width)
    yield from ("", "Statement:", *wrap_formula(plain(theorem.statement), width, "  "))
    yield from _symbols(theorem, width)
    yield from _derivation(theorem, width)
    yield from _rests_on(theorem, width)
    yield from _checks(theorem, width, check)
    if check:
        yield from _numbers(theorem, width)


def _listing(title: str, items: Iterable[str], width: int) -> Iterator[str]:
    lines = [line for item in items for line in _wrap(item, width, "  - ", "    ")]
    if lines:
        yield from ("", f"{title}:", *lines)


def _symbols(theorem: Theorem, width: int) -> Iterator[str]:
    found = list(meanings(theorem))
    if not found:
        return
    yield from ("", "Symbols:")
    first = max(len(plain(symbol)) for symbol, _, _ in found)
    second = max(len(name) for _, name, _ in found)
    for symbol, name, words in found:
        lead = f"  {plain(symbol):<{first}}  {name:<{second}}  "
        yield from _wrap(words, width, lead, " " * len(lead))


def _derivation(theorem: Theorem, width: int) -> Iterator[str]:
    yield from ("", "Derivation:" if theorem.derivation else "No derivation yet.")
    for number, step in enumerate(theorem.derivation, 1):
        lead = f"  {number:>2}. "
        yield from wrap_formula(plain(step.claim), width, lead, " " * (len(lead) + 2))
        because = step.rule + (f", from {'; '.join(step.uses)}" if step.uses else "")
        note = f" ({step.note})" if step.note else ""
        label = f" [{step.label}]" if step.label else ""
        yield from _wrap(f"by {because}{note}{label}", width, " " * len(lead), " " * 10)


def _rests_on(theorem: Theorem, width: int) -> Iterator[str]:
    used = dict.fromkeys(use for step in theorem.derivation for use in step.uses)
    premises = [use.removeprefix("model:") for use in used if use.startswith("model:")]
    yield from _listing("Premises", (f"{name}: {MODEL[name].in_words}" for name in premises), width)
    cited = (
        f"{name}: {LEMMAS[name].in_words} [{LEMMAS[name].reference}]" for name in theorem.lemmas
    )
    yield from _listing("Cited lemmas (checked at small sizes)", cited, width)


def _checks(theorem: Theorem, width: int, check: bool) -> Iterator[str]:
    items = [status(theorem)]
    witness = WITNESSES.get(theorem.name)
    if witness is not None and check:
        cases = witness.cases()
        sharp = sum(case.sharp for case in cases)
        items.append(
            f"witness: {witness.method}, {len(cases)} case{'' if len(cases) == 1 else 's'} of "
            f"{witness.quantity}" + (f", the bound attained in {sharp}" if sharp else "")
        )
    if check:
        (done,) = check_theorems([theorem.name], processes=1)
        found = f"DOES NOT HOLD: {done.problem}" if done.problem else "all of this holds"
        items.append(f"checked just now: {found} ({done.seconds:.1f} s)")
    yield from _listing("Checks", items, width)


def _numbers(theorem: Theorem, width: int) -> Iterator[str]:
    shown = example(theorem)
    if shown is None:
        return
    given = ", ".join(f"{name} = {_given(value)}" for name, value in shown.numbers.items())
    error = f" +- {number_words(shown.error, 2)}" if shown.error else ""
    items = (
        f"at {given}",
        f"the left-hand side, found independently: {_both(shown.witnessed)}{error}",
        f"the right-hand side, from the statement: {_both(shown.value)}",
    )
    yield from _listing("Numbers", items, width)


def _both(value: object) -> str:
    """A fraction and its digits, so that it can be compared with either."""
    written = number_words(value)
    return f"{written} = {sp.N(sp.Rational(written), 10)}" if "/" in written else written


def _given(value: object) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(map(_given, value))})"
    return number_words(value)


def papers(width: int = WIDTH) -> Iterator[str]:
    """Give the table "the paper says, we prove, they differ by".

    Parameters
    ----------
    width : int
        Of the lines.

    Yields
    ------
    str
        A line.

    Examples
    --------
    >>> next(papers())
    'Theorem 3.1: Recursion of text model diversity under frozen image model'
    """
    for number, one in enumerate(COMPARISONS):
        if number:
            yield ""
        yield from _wrap(f"{one.place}: {one.title}", width, "", "  ")
        for lead, words in (
            ("the paper says", one.says),
            ("we prove", one.proved + (f" ({', '.join(one.theorems)})" if one.theorems else "")),
            ("they differ by", one.differ),
        ):
            yield from _wrap(words, width, f"  {lead + ':':<16}", " " * 18)


def _wrap(text: str, width: int, first: str = "    ", later: str | None = None) -> list[str]:
    indent = first if later is None else later
    return textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def wrap_formula(text: str, width: int, first: str = "", later: str | None = None) -> list[str]:
    """Break a formula at spaces, and inside a long product where it must be.

    Parameters
    ----------
    text : str
    width : int
    first, later : str
        What the first line and the others start with; two more spaces if ``later`` is left out.

    Returns
    -------
    list of str

    Examples
    --------
    >>> wrap_formula("x = a*b + c*d", 8)
    ['x = a*b', '  + c*d']
    """
    later = " " * (len(first) + 2) if later is None else later
    room = width - len(later)
    lines, glue = [first], ""
    for word in _with_signs(text.split(" ")):
        parts = [word] if len(word) <= room else re.split(r"(?<=[*,/(])(?![*])", word)
        for part in parts:
            if glue != "" and len(lines[-1] + glue + part) > width:
                lines.append(later + part)
            else:
                lines[-1] += glue + part
            glue = _BREAK
        glue = " "
    return [line.replace(_BREAK, "") for line in lines]


def _with_signs(pieces: list[str]) -> list[str]:
    """Keep a sign with what follows it, so that no line ends in one."""
    joined: list[str] = []
    sign = ""
    for piece in pieces:
        if piece in {"+", "-", "=", "<=", ">="}:
            sign = piece + " "
        else:
            joined.append(sign + piece)
            sign = ""
    return joined
