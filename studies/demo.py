"""The whole chain, small: simulate, predict, compare, then the quick version of every study.

``make demo`` runs this; it ends with a table of verdicts and the paths of the figures.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import xarray as xr
from rich.console import Console
from rich.table import Table

import toolkit as tk
from studies import _study
from studies._study import Result
from toolkit import labels

#: The paper's setting; its text model and its image model on each other's outputs.
_NUM_TEXTS, _VARIANCE, _BATCH_SIZE = 5, 1.0, 1000
_GENERATIONS, _REPLICATES, _SEED = 200, 100, 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; the exit status is 0 when everything could be run.

    Parameters
    ----------
    argv : sequence of str, optional
        The process's own arguments unless given.
    """
    parser = argparse.ArgumentParser(prog="python -m studies.demo", description=__doc__)
    parser.add_argument("--out", default="results/demo", help="folder (default: results/demo)")
    parser.add_argument("--only", action="append", metavar="NAME", help="run only this study")
    arguments = parser.parse_args(argv)
    try:
        run(Path(arguments.out), arguments.only or _study.names())
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def run(out: Path, studies: Sequence[str]) -> list[Path]:
    """Run the chain and the studies; earlier results in the folder are replaced.

    Parameters
    ----------
    out : Path
    studies : sequence of str

    Returns
    -------
    list of Path
        The figures.

    Raises
    ------
    ValueError
        When there is no study of a name.
    """
    console = Console(width=None if sys.stdout.isatty() else 120)
    for name in studies:
        _study.load(name)
    start = time.monotonic()
    comparison, figures = _first_look(out, console)
    results: dict[str, Result] = {}
    for name in studies:
        console.rule(f"study: {name}, quick")
        result, paths = _study.run_and_write(name, quick=True, out=out, overwrite=True)
        console.print(result.finding, highlight=False)
        results[name] = result
        figures.append(next(path for path in paths if path.suffix == ".png"))
    console.rule(f"verdicts, after {time.monotonic() - start:.0f} s")
    console.print(_theory_table(comparison))
    console.print(_studies_table(results))
    console.print("Figures (a PDF stands beside each):")
    for path in figures:
        console.print(f"  {path}", soft_wrap=True, highlight=False)
    return figures


def _first_look(out: Path, console: Console) -> tuple[xr.Dataset, list[Path]]:
    """Simulate, predict, compare the coupled system; its figure."""
    console.rule("the co-evolving system: simulate, predict, compare")
    out.mkdir(parents=True, exist_ok=True)
    system = tk.CoevolvingSystem.on_unit_circle(
        num_texts=_NUM_TEXTS, variance=_VARIANCE, batch_size=_BATCH_SIZE
    )
    simulated = tk.simulate(system, generations=_GENERATIONS, replicates=_REPLICATES, seed=_SEED)
    predicted = tk.predict(system, generations=_GENERATIONS)
    comparison = tk.compare(simulated, predicted)
    tk.save(simulated, out / "coevolving.nc", overwrite=True)
    figure, axes = tk.plotting.panels(size=(5.5, 5))
    ax = tk.plotting.plot_comparison(comparison, labels.TEXT_DIVERSITY, ax=axes[0, 0])
    ax.set_title("Text diversity of the coupled system, beside its theory", loc="left", size=9.5)
    png, _ = tk.plotting.save_figure(figure, out / "coevolving")
    console.print(
        f"{_REPLICATES} replicates of {_GENERATIONS} generations of {_NUM_TEXTS} texts, batches of "
        f"{_BATCH_SIZE}: {out / 'coevolving.nc'}",
        highlight=False,
    )
    console.print(_theory_table(comparison))
    return comparison, [png]


def _theory_table(comparison: xr.Dataset) -> Table:
    """The verdicts on the theory of the coupled system."""
    table = Table(title="Theory beside the simulation of the coupled system", title_justify="left")
    for column in ("result", "variable", "kind", "verdict", "worst z", "at generation"):
        table.add_column(column)
    for name, row in tk.verdict_table(comparison).iterrows():
        table.add_row(
            str(name),
            str(row[labels.VARIABLE]),
            str(row[labels.KIND]),
            str(row[labels.VERDICT]),
            f"{row[labels.WORST_Z]:+.1f}",
            str(row[labels.WORST_GENERATION]),
        )
    return table


def _studies_table(results: dict[str, Result]) -> Table:
    """The verdicts of the studies."""
    table = Table(title="Claims studied", title_justify="left", show_lines=True)
    for column, ratio in (("study", None), ("claim", 3), ("verdict", 2), ("because", 5)):
        table.add_column(column, ratio=ratio)
    for name, result in results.items():
        for index, (claim, verdict) in enumerate(result.verdicts.items()):
            table.add_row("" if index else name, claim, verdict.outcome, verdict.because)
    return table


if __name__ == "__main__":
    raise SystemExit(main())
