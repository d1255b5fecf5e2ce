"""What a benchmark hands back, on a screen, as Markdown and between the marks of a page."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table as Screen

from tests.benchmarks.measure import Timing

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
_FEWEST_DIGITS = 3


class Table(NamedTuple):
    """Headings and rows of words; all columns but the first stand to the right."""

    title: str
    headings: tuple[str, ...]
    rows: list[tuple[str, ...]]


class Section(NamedTuple):
    """One benchmark.

    Attributes
    ----------
    title : str
    tables : tuple of Table
    verdicts : dict
        What was asked for, and whether it was met.
    numbers : object
        What goes into the JSON file beside the tables.
    notes : tuple of str
    """

    title: str
    tables: tuple[Table, ...]
    verdicts: dict[str, bool]
    numbers: Any
    notes: tuple[str, ...] = ()


class Result(NamedTuple):
    """Contenders that were timed in turns, what is compared, and what was asked for.

    ``per_round`` is what each contender does in one round (generations of one replicate), where
    that makes a rate.
    """

    title: str
    first_calls: dict[str, float]
    timings: dict[str, Timing]
    ratios: dict[str, tuple[float, float, float]]
    verdicts: dict[str, bool]
    per_round: dict[str, float] | None = None
    notes: tuple[str, ...] = ()

    @property
    def section(self) -> Section:
        """Times, rates and ratios, as tables."""
        times = [self._row(name) for name in self.timings]
        ratios = [
            (name, f"{middle:.2f}", f"{low:.2f} to {high:.2f}")
            for name, (low, middle, high) in self.ratios.items()
        ]
        rate = () if self.per_round is None else ("a second",)
        headings = ("", "first call, s", "median, ms", "quartiles, ms", "core time, ms", *rate)
        tables = [Table("times", headings, times)]
        if ratios:
            tables.append(Table("ratios of times", ("", "median", "quartiles"), ratios))
        timings = {name: timing._asdict() for name, timing in self.timings.items()}
        numbers = self._asdict() | {"timings": timings}
        return Section(self.title, tuple(tables), self.verdicts, numbers, self.notes)

    def _row(self, name: str) -> tuple[str, ...]:
        timing = self.timings[name]
        low, middle, high = timing.quartiles
        rate = () if self.per_round is None else (f"{self.per_round[name] / middle:.3g}",)
        return (
            name,
            f"{self.first_calls[name]:.2f}",
            f"{1e3 * middle:.1f}",
            f"{1e3 * low:.1f} to {1e3 * high:.1f}",
            f"{1e3 * timing.median_of_cores:.1f}",
            *rate,
        )


def show(console: Console, section: Section) -> None:
    """Print a section."""
    console.print(f"\n[bold]{section.title}[/bold]")
    for table in section.tables:
        screen = Screen(title=table.title, title_justify="left")
        for heading in table.headings:
            screen.add_column(heading, justify="right" if screen.columns else "left")
        for row in table.rows:
            screen.add_row(*row)
        console.print(screen)
    for line in _lines(section):
        console.print(line, markup=False)


def markdown(section: Section) -> str:
    """A section of a page."""
    parts = [f"### {section.title[0].upper()}{section.title[1:]}"]
    for table in section.tables:
        rule = "|".join(["---", *["---:"] * (len(table.headings) - 1)])
        rows = [f"| {' | '.join(row)} |" for row in (table.headings, *table.rows)]
        parts.append("\n".join([f"*{table.title}*\n", rows[0], f"|{rule}|", *rows[1:]]))
    if lines := _lines(section):
        parts.append("\n".join(f"- {line}" for line in lines))
    return "\n\n".join(parts)


def _lines(section: Section) -> list[str]:
    told = [f"{'met' if met else 'MISSED'}: {target}" for target, met in section.verdicts.items()]
    return [*section.notes, *told]


def into_page(page: Path, text: str) -> None:
    """Put a text between the marks of a page; the rest stays.

    Raises
    ------
    ValueError
        When the page has not one pair of marks.
    """
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no place for a table: put {BEGIN} and {END} into it.")
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def number(value: float) -> str:
    """Three digits, without an exponent where that is short."""
    return f"{value:.{_FEWEST_DIGITS}g}"
