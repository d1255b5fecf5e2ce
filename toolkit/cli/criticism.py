"""``coevo summary``, ``coevo check`` and ``coevo compare-models``: causes in words."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from toolkit.cli.cache import use_compilation_cache
from toolkit.cli.options import (
    FitFile,
    ModelName,
    Out,
    Overwrite,
    Score,
    Seed,
    SeedOfFit,
    Settings,
    TrajectoryFile,
)
from toolkit.cli.output import WIDEST_TEXT, print_table, terminal_width, write
from toolkit.cli.shell import EXIT_CONTRADICTION

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


def summary(
    ctx: typer.Context,
    file: FitFile,
    horizon: Annotated[
        int | None, typer.Option(help="Generations; as many as were observed unless given.")
    ] = None,
    variable: Annotated[
        str | None, typer.Option(help="Whose loss; text_diversity or else image_diversity.")
    ] = None,
    start: Annotated[
        str, typer.Option(help='"first": since the first state; "last": from now on.')
    ] = "first",
    seed: SeedOfFit = None,
    out: Out = None,
    overwrite: Overwrite = False,
) -> None:
    """Tell in words how fast diversity is lost, and to what.

    One cause after another is switched off in the fitted loop.
    """
    use_compilation_cache()
    from toolkit.cli.forecasting import read_converged
    from toolkit.datasets import check_output
    from toolkit.forecast.summary import summary as run

    if out is not None:
        check_output(out, overwrite=overwrite)
    result = run(
        read_converged(file),
        horizon,
        variable=variable,
        start=start,  # type: ignore[arg-type]  # checked there
        seed=seed,
    )
    print_summary(result)
    write(ctx, result, out, overwrite=overwrite)


def check(
    ctx: typer.Context,
    file: FitFile,
    level: Annotated[
        float, typer.Option(help="Chance of an alarm when the model is right.")
    ] = 0.05,
    out: Out = None,
    overwrite: Overwrite = False,
) -> None:
    """Compare the data with data drawn from their fit, and say what deviates.

    Exit status: 0, or 3 when a test statistic contradicts the model.
    """
    from toolkit.cli.forecasting import read_converged
    from toolkit.criticism import check_fit
    from toolkit.datasets import check_output

    if out is not None:
        check_output(out, overwrite=overwrite)
    result = check_fit(read_converged(file), level=level)
    fits = print_check(result)
    write(ctx, result, out, overwrite=overwrite)
    if not fits:
        raise typer.Exit(EXIT_CONTRADICTION)


def compare_models(
    ctx: typer.Context,
    file: TrajectoryFile,
    model: ModelName,
    seed: Seed,
    score: Score = None,
    refit: Annotated[
        str, typer.Option(help='Fit anew without a replicate: "where needed", "never", "always".')
    ] = "where needed",
    given: Settings = None,
    out: Out = None,
    overwrite: Overwrite = False,
) -> None:
    """Which causes do the data need? Fit the model without one after another, and compare.

    Each is judged by how well it predicts replicates that were left out.
    """
    use_compilation_cache()
    from toolkit.cli.fitting import settings_of
    from toolkit.datasets import check_output
    from toolkit.models import model_of

    if out is not None:
        check_output(out, overwrite=overwrite)

    from toolkit.criticism import compare_models as run
    from toolkit.trajectories import read_trajectory

    chosen = model_of(model)
    settings = settings_of(given or (), chosen)
    data = read_trajectory(file, score=score)
    result = run(data=data, model=chosen, seed=seed, refit=refit, **settings)
    print_models(result)
    write(ctx, result, out, overwrite=overwrite)


def print_summary(result: xr.Dataset) -> None:
    """Print the table of causes, and the same in sentences."""
    from toolkit.forecast.summary import summary_table

    _print(summary_table(result), "quantity")
    _sentences([result.attrs["answer"]])


def print_check(result: xr.Dataset) -> bool:
    """Print the statistics and what they suggest; whether there is no alarm."""
    from toolkit.criticism import check_table

    _print(check_table(result), "statistic")
    _sentences([result.attrs["answer"]])
    return str(result.attrs["alarm"]) == "false"


def print_models(result: xr.Dataset) -> None:
    """Print the variants, the best first, with what they say and what must not be trusted."""
    from toolkit.criticism import comparison_table

    typer.echo(f"left out at once: a {result.attrs['left_out']}; elpd in nats, higher is better")
    _print(comparison_table(result), "variant")
    _sentences([result.attrs["answer"]])
    _sentences(f"warning: {words}" for words in json.loads(result.attrs["warnings"]))


def _print(table: pd.DataFrame, index: str) -> None:
    columns = [index, *(str(column).replace("_", " ") for column in table.columns)]
    rows = (
        [str(name), *("-" if cell != cell else cell for cell in row)]
        for name, row in zip(table.index, table.itertuples(index=False), strict=True)
    )
    print_table(columns, rows)


def _sentences(words: Iterable[str]) -> None:
    width = min(WIDEST_TEXT, terminal_width())
    for one in words:
        typer.echo(textwrap.fill(one, width))
