"""Measure the speed of simulation, theory and inference: ``python -m tests.benchmarks [NAME ...]``.

Prints tables and writes the numbers as JSON; all sections together are also written into
docs/benchmarks.md. Contenders run in turns, so that their ratios are fair on a machine that has
other work.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.benchmarks import (
    calibration,
    growth,
    inference,
    measure,
    methods,
    profile,
    simulation,
    tables,
    theory,
)

Make = Callable[[argparse.Namespace], tables.Section]
SECTIONS: dict[str, Make] = {
    "coupled": lambda given: simulation.coupled(given.rounds, given.generations).section,
    "text_only": lambda given: (
        simulation.coupled(given.rounds, given.generations, text_only=True).section
    ),
    "images": lambda given: simulation.image_updates(given.rounds, 20 * given.generations).section,
    "growth": lambda given: growth.growth(quick=given.quick),
    "methods": lambda given: methods.methods(_fewer(given.rounds), quick=given.quick),
    "profile": lambda given: profile.profile(given.rounds),
    "theory": lambda given: theory.numbers(given.rounds).section,
    # Half a minute a round.
    "samplers": lambda given: inference.samplers(_fewer(given.rounds)).section,
    "calibration": lambda given: calibration.calibration(quick=given.quick),
}
PAGE = Path("docs/benchmarks.md")


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmarks; 1 when a target is missed."""
    given = _parsed(arguments)
    console = Console(width=140)
    machine = measure.machine()
    console.print(", ".join(f"{name}: {value}" for name, value in machine.items()), style="dim")
    sections, seconds = {}, {}
    for name in given.names:
        start = time.perf_counter()
        sections[name] = SECTIONS[name](given)
        seconds[name] = time.perf_counter() - start
        tables.show(console, sections[name])
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(
        json.dumps(_record(machine, sections, seconds), indent=1), encoding="utf-8"
    )
    console.print(f"written: {given.out}, after {sum(seconds.values()):.0f} s")
    if given.page is not None:
        tables.into_page(given.page, _text(machine, sections.values(), sum(seconds.values())))
        console.print(f"written: {given.page}")
    return (
        0 if all(met for section in sections.values() for met in section.verdicts.values()) else 1
    )


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"sections: {', '.join(SECTIONS)}; all by default"
    )
    parser.add_argument("--rounds", type=int, help="timed rounds of each contender (11, quick: 3)")
    parser.add_argument("--generations", type=int, help="generations per round (50, quick: 10)")
    parser.add_argument("--quick", action="store_true", help="small sizes: does everything run?")
    parser.add_argument("--out", type=Path, default=Path("results/benchmarks.json"), help="JSON")
    parser.add_argument("--page", type=Path, help=f"page to write the tables into (all: {PAGE})")
    given = parser.parse_args(arguments)
    if unknown := [name for name in given.names if name not in SECTIONS]:
        parser.error(f"unknown sections {', '.join(unknown)}; there are {', '.join(SECTIONS)}.")
    whole = not given.names and not given.quick
    given.page = given.page or (PAGE if whole else None)
    given.names = given.names or list(SECTIONS)
    given.rounds = given.rounds or (3 if given.quick else 11)
    given.generations = given.generations or (10 if given.quick else 50)
    if given.rounds < 2:
        parser.error("quartiles need --rounds 2 or more.")
    return given


def _fewer(rounds: int) -> int:
    """Rounds of what takes long."""
    return max(rounds // 3, 2)


def _text(machine: dict[str, Any], sections: Iterable[tables.Section], seconds: float) -> str:
    told = ", ".join(f"{name} {_shown(value)}" for name, value in machine.items())
    head = f"Measured in one run of {seconds / 60:.0f} minutes: {told}."
    return "\n\n".join([head, *map(tables.markdown, sections)])


def _shown(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _record(
    machine: dict[str, Any], sections: dict[str, tables.Section], seconds: dict[str, float]
) -> dict[str, Any]:
    return {
        "machine": machine,
        "sections": {
            name: section._asdict()
            | {"tables": [table._asdict() for table in section.tables], "seconds": seconds[name]}
            for name, section in sections.items()
        },
    }


if __name__ == "__main__":
    raise SystemExit(main())
