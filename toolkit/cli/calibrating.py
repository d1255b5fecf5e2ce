"""``coevo calibrate``, and what it prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from toolkit.cli.cache import use_compilation_cache
from toolkit.cli.options import Out, Overwrite, Seed
from toolkit.cli.output import print_table, write
from toolkit.cli.shell import EXIT_CONTRADICTION

if TYPE_CHECKING:
    import xarray as xr

_COLUMNS = ("parameter", "ranks uniform, p", "covers 50 %", "covers 90 %", "bias", "verdict")


def print_calibration(result: xr.Dataset) -> bool:
    """Print a row for each parameter and the verdict; whether the fits are calibrated."""
    from toolkit.calibration import calibration_table

    table = calibration_table(result)
    rows = (
        (
            str(name),
            f"{row.ecdf_p:.3g}",
            f"{row.coverage_50:.3f} [{row.coverage_50_low:.3f}, {row.coverage_50_high:.3f}]",
            f"{row.coverage_90:.3f} [{row.coverage_90_low:.3f}, {row.coverage_90_high:.3f}]",
            f"{row.bias:+.2f} sd",
            row.verdict,
        )
        for name, row in zip(table.index, table.itertuples(), strict=True)
    )
    print_table(_COLUMNS, rows)
    attrs = result.attrs
    typer.echo(
        f"{attrs['model']}, simulator: {attrs['simulator']}, fitted: {attrs['fitted']}, "
        f"{attrs['num_datasets']} data sets: {attrs['verdict']}"
    )
    return bool(attrs["calibrated"])


def calibrate(
    ctx: typer.Context,
    model: Annotated[
        str, typer.Argument(help="Which model; without a right one, they are listed.")
    ],
    num_datasets: Annotated[int, typer.Option(help="Simulated data sets; 500 see most errors.")],
    seed: Seed,
    scenario: Annotated[
        str, typer.Option(help='A scenario of the exact simulator, or "own": the model\'s law.')
    ] = "own",
    mistake: Annotated[
        str | None, typer.Option(help="Fit with a deliberate mistake, to see that it is found.")
    ] = None,
    out: Out = None,
    overwrite: Overwrite = False,
) -> None:
    """Fit simulated data sets of known causes and count how often the intervals hold them.

    Exit status: 0 when the fits are calibrated, 3 when they are not.
    """
    use_compilation_cache()
    from toolkit.datasets import check_output

    if out is not None:
        check_output(out, overwrite=overwrite)

    from toolkit.calibration import calibrate as run

    result = run(model, num_datasets=num_datasets, seed=seed, simulator=scenario, fitted=mistake)
    calibrated = print_calibration(result)
    write(ctx, result, out, overwrite=overwrite)
    if not calibrated:
        raise typer.Exit(EXIT_CONTRADICTION)
