"""``coevo theorems --check`` and ``--mutate``: what is printed of a check of the library."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import typer

from toolkit.cli.output import print_table


def run_checks(names: Sequence[str]) -> bool:
    """Re-derive theorems, print what was checked of each, and tell whether all held."""
    from toolkit.theory.checks import check_theorems

    start = time.perf_counter()
    checked = {done.name: done for done in _with_progress(check_theorems(names), len(names))}
    in_order = [checked[name] for name in names]
    rows = [
        (c.name, "fails" if c.problem else "holds", c.steps, c.lemmas, c.cases, f"{c.seconds:.2f}")
        for c in in_order
    ]
    columns = ("theorem", "status", "steps", "cited lemmas", "witness cases", "seconds")
    print_table(columns, rows)
    for one in in_order:
        if one.problem:
            typer.echo(one.problem)
    held = sum(not one.problem for one in in_order)
    steps, cases = sum(c.steps for c in in_order), sum(c.cases for c in in_order)
    typer.echo(
        f"{held} of {len(in_order)} theorems hold: {steps} steps re-derived, {cases} values found "
        f"independently, in {time.perf_counter() - start:.0f} s."
    )
    return held == len(in_order)


def run_mutations(names: Sequence[str], *, thorough: bool) -> bool:
    """Plant errors in theorems, print the shares that were found, and tell whether all were."""
    from toolkit.theory.checks import plant_errors, shares

    start = time.perf_counter()
    per_theorem = _with_progress(plant_errors(names, thorough=thorough), len(names))
    judged = [mutant for mutants in per_theorem for mutant in mutants]
    columns = (
        "planted in",
        "mutants",
        "false",
        "rejected",
        "derivation",
        "support",
        "witness",
        "weaker",
        "sharpness",
        "same",
        "survived",
    )
    counted = shares(judged)
    print_table(columns, counted)
    total = counted[-1]
    for mutant in judged:
        if mutant.fate == "survived":
            typer.echo(f"survived: {mutant.words}")
    unseen = [m for m in judged if m.fate == "a weaker bound" and "witness" not in m.rejected_by]
    for mutant in unseen:
        typer.echo(f"no sharpness case sees it: {mutant.words}")
    share = total.rejected / total.false if total.false else 1.0
    typer.echo(
        f"{total.rejected} of {total.false} false mutants rejected ({share:.2%}); "
        f"{total.sharpness} of {total.weaker} weaker bounds seen by a sharpness case; "
        f"{total.same} say the same in another way; {time.perf_counter() - start:.0f} s."
    )
    return not (total.survived or unseen)


def _with_progress(results: Iterable[Any], total: int) -> Iterator[Any]:
    """Show how far it is, on a terminal only."""
    from tqdm import tqdm

    yield from tqdm(
        results, total=total, unit="theorem", leave=False, disable=not sys.stderr.isatty()
    )
