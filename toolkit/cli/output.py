"""What the commands print: tables and verdicts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import xarray as xr

_PIPE_WIDTH = 200
#: Sentences are not wider, however wide the terminal.
WIDEST_TEXT = 100
#: Columns that a narrow terminal shows in full, besides the first.
_NEVER_CUT = ("verdict", "kind")
#: Columns of the verdicts that a terminal narrower than this goes without.
_LESS_THAN = {130: ["scale", "checked", "checkpoints"], 105: ["variable"]}
_STYLES = {
    "agrees": "green",
    "holds": "green",
    "departs": "yellow",
    "undecided": "yellow",
    "disagrees": "bold red",
    "violated": "bold red",
}


def print_table(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    """A table that a pipe gets in full width."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    table.columns[0].no_wrap = True
    for row in rows:
        cells = [f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in row]
        for column, cell in zip(table.columns, cells, strict=True):
            if column.no_wrap or column.header in _NEVER_CUT:
                column.min_width = max(column.min_width or 0, len(cell))
        table.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in cells))
    console = Console()
    console.width = terminal_width()
    console.print(table)


def terminal_width() -> int:
    """Width of the terminal; a pipe takes whole lines."""
    from rich.console import Console

    console = Console()
    return console.width if console.is_terminal else max(console.width, _PIPE_WIDTH)


def print_verdicts(verdicts: pd.DataFrame) -> None:
    """Print the verdicts; no score where nothing could be decided."""
    unchecked = verdicts["checked"] == 0
    shown = verdicts.astype({"worst_z": object, "worst_generation": object})
    shown.loc[unchecked, ["worst_z", "worst_generation"]] = "-"
    shown = shown.reset_index()
    for width, names in _LESS_THAN.items():
        if terminal_width() < width:
            shown = shown.drop(columns=names)
    columns = [str(column).replace("_", " ") for column in shown.columns]
    print_table(columns, shown.itertuples(index=False))


def prediction_rows(predicted: xr.Dataset) -> Iterator[tuple[str, ...]]:
    """Names and ends of each predicted curve."""
    for result in predicted.result.values:
        one = predicted.sel(result=result)
        first = int(one.valid_from)
        curve = one.predicted.sel(generation=slice(first, None))
        ends = [_span(curve.isel(generation=end).values) for end in (0, -1)] if curve.size else []
        yield (
            str(result),
            *(str(one[name].values) for name in ("variable", "kind", "scale")),
            str(first),
            *(ends or ["not reached"] * 2),
            str(one.source.values),
        )


def _span(values: np.ndarray) -> str:
    """One value, or the least and the greatest of several."""
    low, high = f"{values.min():.5g}", f"{values.max():.5g}"
    return low if low == high else f"{low} to {high}"


def print_omitted(predicted: xr.Dataset, why: bool) -> None:
    """Print the results that do not hold for the system, or only how many."""
    omitted = json.loads(predicted.attrs.get("omitted", "{}"))
    if why:
        print_table(("not predicted", "because"), omitted.items())
    elif omitted:
        typer.echo(f"{len(omitted)} results say nothing of this system; --why gives the reasons.")


def write(
    ctx: typer.Context, result: xr.Dataset | xr.DataTree, out: Path | None, *, overwrite: bool
) -> None:
    """Save a result where that is wanted, and say so."""
    if out is None:
        return
    from toolkit.datasets import save

    ctx.obj.append(save(result, out, overwrite=overwrite))
    typer.echo(f"saved: {out}")
