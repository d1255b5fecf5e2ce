"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

TrajectoryFile = Annotated[
    Path, typer.Argument(help="A trajectory: .nc, .zarr, or in long form .csv, .parquet.")
]
FitFile = Annotated[Path, typer.Argument(metavar="FIT", help="A fit: what coevo fit saved.")]
ModelName = Annotated[str, typer.Option(help="Which law; without a right one, they are listed.")]
Seed = Annotated[int, typer.Option(help="Fixes the result.")]
SeedOfFit = Annotated[int | None, typer.Option(help="That of the fit unless given.")]
Score = Annotated[str | None, typer.Option(metavar="COLUMN", help="The column that is the score.")]
Out = Annotated[Path | None, typer.Option(metavar="FILE", help="Save it: .nc or .zarr.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what exists there.")]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on with what an earlier run left there (.zarr).")
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="A known parameter (a number), a prior such as Beta(1, 9), or an option.",
    ),
]
