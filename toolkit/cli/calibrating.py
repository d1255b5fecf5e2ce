"""What ``coevo calibrate`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from toolkit.cli.output import print_table

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
