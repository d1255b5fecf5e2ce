"""Measure the speed of simulation, theory and inference: ``python -m tests.benchmarks``.

Prints a table and writes the numbers as JSON. The toolkit and plain NumPy run in turns, so that
their ratio is fair on a machine that has other work.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks import inference, measure, simulation, theory


def main() -> int:
    """Run the benchmarks; 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=11, help="timed rounds of each contender")
    parser.add_argument("--generations", type=int, default=50, help="generations per round")
    parser.add_argument(
        "--out", type=Path, default=Path("results/benchmarks.json"), help="JSON file"
    )
    options = parser.parse_args()
    machine = measure.machine()
    results = [
        simulation.coupled(options.rounds, options.generations),
        simulation.image_updates(options.rounds, 20 * options.generations),
        theory.numbers(options.rounds),
        inference.samplers(options.rounds),
    ]
    console = Console(width=100)
    console.print(", ".join(f"{name}: {value}" for name, value in machine.items()), style="dim")
    for result in results:
        console.print(_table(result))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(_record(machine, results), indent=1), encoding="utf-8")
    console.print(f"written: {options.out}")
    return 0 if all(met for result in results for met in result.verdicts.values()) else 1


def _table(result: simulation.Result) -> Table:
    table = Table(title=result.title, title_justify="left", caption_justify="left")
    for heading in ("", "first call", "median", "spread (quartiles)", "core time"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, timing in result.timings.items():
        cores = sorted(timing.cores)[len(timing.cores) // 2]
        table.add_row(
            name,
            f"{result.first_calls[name]:.2f} s",
            f"{1e3 * timing.median:.1f} ms",
            f"{100 * timing.spread:.0f} %",
            f"{1e3 * cores:.1f} ms",
        )
    table.add_section()
    for name, (low, middle, high) in result.ratios.items():
        table.add_row(name, "", f"{middle:.2f} x", f"{low:.2f} to {high:.2f}", "")
    table.caption = "\n".join(
        f"{'met' if met else 'MISSED'}: {target}" for target, met in result.verdicts.items()
    )
    return table


def _record(machine: dict[str, object], results: list[simulation.Result]) -> dict[str, object]:
    return {
        "machine": machine,
        "benchmarks": [
            result._asdict()
            | {"timings": {name: timing._asdict() for name, timing in result.timings.items()}}
            for result in results
        ],
    }


if __name__ == "__main__":
    raise SystemExit(main())
