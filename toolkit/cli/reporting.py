"""``coevo report``: one page of HTML on a fit, or on a trajectory that is fitted first."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli.cache import use_compilation_cache
from toolkit.cli.options import Overwrite, Score, Settings
from toolkit.cli.shell import EXIT_NOT_CONVERGED


def report(
    ctx: typer.Context,
    path: Annotated[
        Path,
        typer.Argument(help="A fit (.nc, .zarr), or a trajectory: .csv, .parquet, .nc, .zarr."),
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The page; ends in .html.")],
    model: Annotated[
        str | None, typer.Option(help="Which law to fit to a trajectory, which needs one.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of the fit of a trajectory (1); for a fit, its own.")
    ] = None,
    variable: Annotated[str | None, typer.Option(help="What is lost; the fit's own.")] = None,
    below: Annotated[
        float | None, typer.Option(help="The level not to be passed; half of the present one.")
    ] = None,
    target: Annotated[
        float | None, typer.Option(help="What the dose is to keep; the level unless given.")
    ] = None,
    horizon: Annotated[
        int | None, typer.Option(help="Generations ahead; as many as were observed.")
    ] = None,
    score: Score = None,
    given: Settings = None,
    overwrite: Overwrite = False,
) -> None:
    """Write a page on a loop: the answers, the fit, its checks, the forecast and the dose.

    The page needs nothing else and can be handed to somebody else as it is.
    Exit status: 0, or 4 when the chains did not come to agree (the page is written and says so).
    """
    use_compilation_cache()
    from toolkit.datasets import check_output

    check_output(out, overwrite=overwrite, suffixes=(".html",))

    from toolkit.cli.fitting import settings_of
    from toolkit.models import model_of

    settings = settings_of(given, model_of(_needed(model))) if given else {}

    from toolkit.report import Request, write_report

    request = Request(
        source=path,
        model=model,
        seed=seed,
        variable=variable,
        below=below,
        target=target,
        horizon=horizon,
        score=score,
        settings=settings,
    )
    written, found = write_report(request, out, overwrite=overwrite)
    ctx.obj.append(written)
    typer.echo(f"saved: {written}")
    if not found.converged:
        raise typer.Exit(EXIT_NOT_CONVERGED)


def _needed(model: str | None) -> str:
    if model is None:
        raise ValueError("--set goes with --model: it is about the fit of a trajectory.")
    return model
