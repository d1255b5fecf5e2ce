"""The theorems as one page of HTML that needs nothing else; the mathematics is MathML."""

from __future__ import annotations

import functools
import html
import importlib.resources
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Iterator

import sympy as sp
from latex2mathml.converter import convert

from symbolic import LEMMAS, THEOREMS, Step, Theorem
from symbolic.model import MODEL
from symbolic.papers import COMPARISONS
from symbolic.printing import latex, plain
from symbolic.symbols import MEANINGS, SYMBOLS
from toolkit.theory.documents.parts import (
    INTRODUCTION,
    Section,
    meanings,
    prose,
    sections,
    status,
)

_TITLE = "Co-evolving generative models: the theorem library"
_SIGNS = {"<=": "≤", ">=": "≥", "!=": "≠", "->": "→", "<-": "←", "-": "−"}
_ANCHORS = {"model": "premise", "lemma": "lemma", "theorem": "theorem"}
_LINK = re.compile(r'<a href="#([^"]+)">(.*?)</a>')
_LETTERS = {"epsilon": "ε", "eps": "ε", "sum": "∑", "mubar": "μ̄", "chi2": "χ²"}
_NAMESPACE = ' xmlns="http://www.w3.org/1998/Math/MathML"'  # which a page of HTML need not say
_OVERLINE = "\u2015"
_LARGE = frozenset("∑∏")


def _greek(name: str) -> str:
    return _LETTERS.get(name) or convert(rf"\{name}").partition("<mi>")[2].partition("</mi>")[0]


def _base(name: str) -> str:
    bare = name.rstrip("'")
    return (_greek(bare) if len(bare) > 1 else bare) + "′" * (len(name) - len(bare))


_WRITE: dict[str, Callable[..., str]] = {
    "code": lambda name: f"<code>{html.escape(name)}</code>",
    "index": lambda base, sub: f"<i>{_base(base)}</i><sub>{html.escape(sub)}</sub>",
    "greek": lambda name: f"<i>{_greek(name)}</i>",
    "sup": lambda text: f"<sup>{html.escape(text)}</sup>",
    "sign": lambda sign: _SIGNS[sign],
    "other": html.escape,
}


def words(text: str) -> str:
    """Write words in which formulas are spoken of."""
    return prose(text, _WRITE)


@functools.cache
def mathml(expr: sp.Basic, *, block: bool = True) -> str:
    """Write a formula in MathML, with plain text for readers who cannot see it.

    Parameters
    ----------
    expr : sympy.Basic
        Made of the library's symbols.
    block : bool
        On a line of its own.

    Returns
    -------
    str
        A ``math`` element.

    Examples
    --------
    >>> from symbolic.symbols import batch_size
    >>> mathml(batch_size, block=False)
    '<math display="inline" alttext="N"><mrow><mi>N</mi></mrow></math>'
    """
    written = convert(latex(expr), display="block" if block else "inline")
    made = ET.fromstring(written.replace(_NAMESPACE, ""))
    for element in made.iter():
        _mend(element)
    made.set("alttext", plain(expr))
    return ET.tostring(made, encoding="unicode")


def _mend(element: ET.Element) -> None:
    """Mend what latex2mathml makes: overlines, limits of sums in brackets, semicolons."""
    if element.tag == "mi" and element.text == ";":
        element.tag = "mo"
    if element.tag == "msubsup" and element[0].text in _LARGE:
        element.tag = "munderover"  # beside the sign where there is no room, by default
    if element.tag == "mover" and element[1].text == _OVERLINE:
        element.tag = "mrow"
        element.set("class", "mean")  # the style sheet draws the line
        del element[1]


def _formula(expr: sp.Basic) -> str:
    return f'<div class="formula">{mathml(expr)}</div>'


def html_document(theorems: Iterable[Theorem]) -> str:
    """Write theorems as one page of HTML.

    Parameters
    ----------
    theorems : iterable of Theorem

    Returns
    -------
    str
        The page; it loads nothing from elsewhere.

    Examples
    --------
    >>> from symbolic import THEOREMS
    >>> html_document([THEOREMS["text_probs_martingale"]]).splitlines()[0]
    '<!DOCTYPE html>'
    """
    found = list(sections(theorems))
    page = "\n".join(
        (
            "<!DOCTYPE html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{_TITLE}</title>",
            f"<style>\n{html_style()}</style></head>",
            f"<body><main><h1>{_TITLE}</h1>",
            *(f"<p>{words(paragraph)}</p>" for paragraph in INTRODUCTION),
            *_contents(found),
            *(line for number, one in enumerate(found, 1) for line in _section(number, one)),
            *_lemmas(found),
            *_premises(),
            *_symbols(),
            *_papers(),
            "</main></body></html>\n",
        )
    )
    return _without_dead_links(page)


def html_style() -> str:
    """Give the style sheet of the page, for others that show theorems."""
    return importlib.resources.files(__package__).joinpath("document.css").read_text("utf-8")


def html_article(name: str) -> str:
    """Write one theorem without its derivation, as an article for another page.

    Parameters
    ----------
    name : str
        Of the library.

    Returns
    -------
    str
        An ``article`` element with the id ``theorem-NAME``, for `html_style`.

    Examples
    --------
    >>> html_article("text_half_life").partition(">")[0]
    '<article id="theorem-text_half_life"'
    """
    return _without_dead_links("\n".join(_theorem(THEOREMS[name], derived=False)))


def _without_dead_links(page: str) -> str:
    """A part of the library speaks of theorems that are not on its page."""
    return _LINK.sub(lambda link: link[0] if f'id="{link[1]}"' in page else link[2], page)


def _contents(found: list[Section]) -> Iterator[str]:
    yield '<nav aria-label="Contents"><h2>Contents</h2><ol>'
    for number, section in enumerate(found, 1):
        yield f'<li><a href="#section-{number}">{words(section.title)}</a><ul>'
        for theorem in section.theorems:
            yield f'<li><a href="#theorem-{theorem.name}">{words(theorem.title)}</a></li>'
        yield "</ul></li>"
    for anchor, title in (
        ("lemmas", "Cited lemmas"),
        ("premises", "Premises"),
        ("symbols", "Symbols"),
        ("papers", "The paper says, we prove, they differ by"),
    ):
        yield f'<li><a href="#{anchor}">{title}</a></li>'
    yield "</ol></nav>"


def _section(number: int, section: Section) -> Iterator[str]:
    yield f'<section><h2 id="section-{number}">{words(section.title)}</h2>'
    for theorem in section.theorems:
        yield from _theorem(theorem)
    yield "</section>"


def _theorem(theorem: Theorem, *, derived: bool = True) -> Iterator[str]:
    kind, source = theorem.kind.value, theorem.source.value
    yield f'<article id="theorem-{theorem.name}"><h3>{words(theorem.title)}</h3>'
    yield (
        f'<p class="about"><span class="badge {kind.replace(" ", "-")}">{kind}</span> '
        f'<span class="badge {source}">{source}</span> {words(theorem.reference)} · '
        f'<a href="#theorem-{theorem.name}"><code>{theorem.name}</code></a></p>'
    )
    yield f"<p>{words(theorem.in_words)}</p>{_formula(theorem.statement)}"
    conditions = [mathml(one, block=False) for one in theorem.conditions]
    assumptions = [*map(words, theorem.assumptions), *conditions]
    if assumptions:
        yield "<p>Assumptions:</p><ul>"
        yield from (f"<li>{one}</li>" for one in assumptions)
        yield "</ul>"
    yield f'<p class="about">{words(status(theorem))}{_cited(theorem)}</p>'
    yield "<details><summary>Symbols</summary><dl>"
    for symbol, name, meaning in meanings(theorem):
        yield f"<dt>{mathml(symbol, block=False)} <code>{name}</code></dt><dd>{words(meaning)}</dd>"
    yield "</dl></details>"
    if theorem.derivation and derived:
        yield "<details><summary>Derivation</summary><ol>"
        yield from (f"<li>{_step(step)}</li>" for step in theorem.derivation)
        yield "</ol></details>"
    yield "</article>"


def _cited(theorem: Theorem) -> str:
    links = (f'<a href="#lemma-{name}">{name}</a>' for name in theorem.lemmas)
    return f"; cited: {', '.join(links)}" if theorem.lemmas else ""


def _step(step: Step) -> str:
    rests_on = f", from {'; '.join(map(_use, step.uses))}" if step.uses else ""
    note = f" ({words(step.note)})" if step.note else ""
    label = f' <span class="label">[{html.escape(step.label)}]</span>' if step.label else ""
    return f"{_formula(step.claim)}<p>by {words(step.rule)}{rests_on}{note}{label}</p>"


def _use(use: str) -> str:
    group, colon, name = use.partition(":")
    if colon and group in _ANCHORS:
        kind = _ANCHORS[group]
        return f'{kind} <a href="#{kind}-{name}">{html.escape(name)}</a>'
    return f'<span class="label">{html.escape(use)}</span>'


def _lemmas(found: list[Section]) -> Iterator[str]:
    yield '<section><h2 id="lemmas">Cited lemmas</h2>'
    yield "<p>Proved elsewhere, and checked exactly at small sizes only.</p>"
    cited = (n for section in found for theorem in section.theorems for n in theorem.lemmas)
    for name in dict.fromkeys(cited):
        lemma = LEMMAS[name]
        yield f'<article id="lemma-{name}"><h3><code>{name}</code></h3>'
        yield f"<p>{words(lemma.in_words)}</p>"
        yield _formula(lemma.statement)
        yield f'<p class="about">{words(lemma.reference)}</p></article>'
    yield "</section>"


def _premises() -> Iterator[str]:
    yield '<section><h2 id="premises">Premises</h2>'
    yield "<p>What the system does; the derivations rest on nothing else but cited lemmas.</p>"
    for name, premise in MODEL.items():
        yield f'<article id="premise-{name}"><p><code>{name}</code>: {words(premise.in_words)}</p>'
        yield f"{_formula(premise.statement)}</article>"
    yield "</section>"


def _symbols() -> Iterator[str]:
    yield '<section><h2 id="symbols">Symbols</h2><dl>'
    for name, meaning in MEANINGS.items():
        written = mathml(SYMBOLS[name], block=False)
        yield f"<dt>{written} <code>{name}</code></dt><dd>{words(meaning)}</dd>"
    yield "</dl></section>"


def _papers() -> Iterator[str]:
    yield '<section><h2 id="papers">The paper says, we prove, they differ by</h2>'
    yield '<div class="formula"><table><thead><tr>'
    columns = ("Where", "The paper says", "We prove", "They differ by")
    yield from (f'<th scope="col">{column}</th>' for column in columns)
    yield "</tr></thead><tbody>"
    for one in COMPARISONS:
        links = ", ".join(f'<a href="#theorem-{name}">{name}</a>' for name in one.theorems)
        yield f'<tr><th scope="row">{words(one.place)}<br>{words(one.title)}</th>'
        yield f"<td>{words(one.says)}</td><td>{words(one.proved)} {links}</td>"
        yield f"<td>{words(one.differ)}</td></tr>"
    yield "</tbody></table></div></section>"
