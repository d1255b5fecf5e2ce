"""The page: the sections in order, a table of contents, one style sheet, nothing from elsewhere."""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from toolkit.inference.checks import TAILS
from toolkit.report import sections
from toolkit.report.again import again
from toolkit.report.gathering import Findings
from toolkit.report.grounds import quick_answers, theorems_of
from toolkit.report.markup import Html, joined, table, tag
from toolkit.report.words import name_of
from toolkit.theory.documents import html_article, html_style

_QUANTILES = (TAILS[0], 0.5, TAILS[1])


def page(found: Findings, out: Path) -> str:
    """The report as one page of HTML.

    Parameters
    ----------
    found : Findings
    out : Path
        Where it will be; the command that makes it again says so.
    """
    name = Path(found.source.name).name or "a fitted loop"
    title = f"{name}: {name_of(found.variable)}, by {found.model}"
    parts = (
        ("answer", "The answer", sections.answer(found)),
        ("observed", "What was observed", sections.observed(found)),
        ("fit", "The fit", sections.fitted(found)),
        ("checks", "The checks", sections.checks(found)),
        ("forecast", "The forecast", sections.ahead(found)),
        ("dose", "The dose", sections.dosing(found)),
        ("mathematics", "The mathematics behind the numbers", mathematics(found)),
        ("again", "How to make this page again", again(found, out)),
    )
    body = tag(
        "main",
        tag("h1", title),
        tag("p", "A report of coevo on a loop of generative models.", class_="about"),
        _contents((anchor, heading) for anchor, heading, _ in parts),
        *(_section(*part) for part in parts),
    )
    head = joined(
        (
            tag("meta", charset="utf-8"),
            tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
            tag("title", f"Report: {title}"),
            tag("style", Html(f"\n{html_style()}{_style()}")),
        )
    )
    whole = tag("html", tag("head", head), tag("body", body), lang="en")
    return f"<!DOCTYPE html>\n{whole}\n"


def _contents(parts: Iterable[tuple[str, str]]) -> Html:
    lines = (tag("li", tag("a", heading, href=f"#{anchor}")) for anchor, heading in parts)
    return tag("nav", tag("ol", *lines), aria_label="Contents")


def _section(anchor: str, heading: str, content: Iterable[Html]) -> Html:
    return tag("section", tag("h2", heading, id=anchor), joined(content, "\n"))


def mathematics(found: Findings) -> Iterator[Html]:
    """What the theorems say in numbers, and every theorem that the page names."""
    yield tag(
        "p",
        "The numbers above come from the fitted loop with all its causes. The theorems say what "
        "one cause does alone, or what one step does; coevo theorems NAME shows how each is "
        "derived, and --check derives it again.",
    )
    rows = []
    for one in quick_answers(found):
        # Never between a number and none: an order statistic.
        values = np.quantile(one.values, _QUANTILES, method="inverted_cdf").tolist()
        rows.append([one.words, sections.theorem_link(one.theorem), *values, one.beside])
    if rows:
        columns = ["closed form", "theorem", "5%", "50%", "95%", "beside"]
        yield table(columns, rows, "Theorems at the draws of the posterior, beside what was found")
    for name in theorems_of(found):
        yield Html(html_article(name))


def _style() -> str:
    return importlib.resources.files(__package__).joinpath("report.css").read_text("utf-8")
