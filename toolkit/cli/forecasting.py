"""``coevo forecast`` and ``coevo dose``, and what they print."""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolkit.cli.cache import use_compilation_cache
from toolkit.cli.options import FitFile, Out, Overwrite, SeedOfFit
from toolkit.cli.output import WIDEST_TEXT, print_table, terminal_width, write

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

#: Rows that are printed; a file holds all of them.
_MOST_ROWS = 12


def read_converged(path: Path) -> xr.DataTree:
    """The fit; a word of warning where its chains did not come to agree."""
    if path.suffix in (".csv", ".parquet"):
        raise ValueError(
            f"{path} is a table, not a fit: fit it first with coevo fit {path} --model MODEL "
            "--seed 1 --out fit.nc, and give fit.nc."
        )
    from toolkit.inference import read_fit

    found = read_fit(path)
    if str(found.attrs.get("converged", "true")) != "true":
        typer.echo("warning: the chains of this fit did not agree; do not trust what follows")
    return found


def overrides_of(given: Iterable[str]) -> dict[str, float]:
    """Numbers from ``NAME=VALUE``.

    Raises
    ------
    ValueError
        When one is not of that form.
    """
    found = {}
    for text in given:
        name, _, value = (part.strip() for part in text.partition("="))
        try:
            found[name] = float(value)
        except ValueError:
            raise ValueError(
                f"--set takes NAME=NUMBER, such as injection_prob=1, not {text!r}."
            ) from None
    return found


def print_forecast(forecasted: xr.Dataset) -> None:
    """Print where it is, where it is expected, and when it passes the level."""
    from toolkit.forecast import forecast_table

    attrs = forecasted.attrs
    last, ahead = forecasted["generation"].values[-1], forecasted.sizes["generation"]
    typer.echo(
        f"{attrs['variable']} (fit of {attrs['model']}): expected at generation {last}, {ahead} "
        "ahead; 5% to 95%: the central 90 % interval"
    )
    table = forecast_table(forecasted)
    print_table(_headers(table, attrs), _rows(table.head(_MOST_ROWS), ahead))
    if len(table) > _MOST_ROWS:
        typer.echo(f"{len(table) - _MOST_ROWS} more rows; --out saves everything")
    if "below" in attrs:
        typer.echo(
            f"below: probability to be below {attrs['below']:g} then; time: generations until "
            f"first below, from now (0: it is; > {ahead}: not within the horizon)"
        )
    if forecasted.sizes["replicate"] > 1:
        typer.echo("row any: a replicate drawn by lot")


def _headers(table: pd.DataFrame, attrs: Any) -> list[str]:
    names = {"below": f"below {attrs.get('below', 0):g}"}
    return ["replicate", *(names.get(name, name) for name in map(str, table.columns))]


def _rows(table: pd.DataFrame, horizon: int) -> list[list[Any]]:
    rows = []
    for label, row in zip(table.index, table.to_dict("records"), strict=True):
        cells = [
            _time(value, horizon) if str(name).startswith("time") else float(value)
            for name, value in row.items()
        ]
        rows.append([str(label).removeprefix("replicate "), *cells])
    return rows


def _time(value: float, horizon: int) -> str:
    return f"{value:.0f}" if math.isfinite(value) else f"> {horizon}"


def print_dose(found: xr.Dataset) -> None:
    """Print the answer, what happens as fitted, and the closed form where there is one."""
    width = min(WIDEST_TEXT, terminal_width())
    typer.echo(textwrap.fill(str(found.attrs["answer"]), width))
    kept, none = (
        f"{float(value):.3g}"
        for value in (found["probability_as_fitted"], found["probability_kept"].sel(dose=0))
    )
    given = {found.attrs["vary"]: 0, **json.loads(found.attrs["given"])}
    dosed = " and ".join(
        f"{name} {value:g}" for name, value in given.items() if not isinstance(value, list)
    )
    alone = f"kept with probability {kept} if nothing changes from the fit, {none} with {dosed}"
    typer.echo(textwrap.fill(alone, width))
    if "closed_form" in found:
        low, middle, high = found["closed_form"].values.tolist()
        ends = f" ({_number(low)} to {_number(high)})" if math.isfinite(low) else ""
        typer.echo(
            f"closed form, for the stationary mean under drift alone: {_number(middle)}{ends}"
        )
    for remark in json.loads(found.attrs["remarks"]):
        typer.echo(textwrap.fill(f"- {remark}", width, subsequent_indent="  "))


def _number(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) else "none does it"


def forecast(
    ctx: typer.Context,
    file: FitFile,
    generations: Annotated[int, typer.Option(help="How far ahead.")],
    variable: Annotated[
        str | None, typer.Option(help="What to forecast; without a right one, they are listed.")
    ] = None,
    below: Annotated[float | None, typer.Option(help="A level: when does it fall below?")] = None,
    seed: SeedOfFit = None,
    given: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=NUMBER", help="What is to be different from now on."),
    ] = None,
    out: Out = None,
    overwrite: Overwrite = False,
) -> None:
    """Forecast a fitted loop: where it will be, and when it falls below a level.

    Without --variable the fit's own: its score, or text_diversity, or image_diversity.
    """
    use_compilation_cache()
    from toolkit.datasets import check_output

    if out is not None:
        check_output(out, overwrite=overwrite)

    from toolkit.forecast import forecast as run
    from toolkit.forecast import own_variable

    found = read_converged(file)
    result = run(
        found,
        generations=generations,
        variable=variable or own_variable(found),
        below=below,
        seed=seed,
        overrides=overrides_of(given or ()),
    )
    print_forecast(result)
    write(ctx, result, out, overwrite=overwrite)


def dose(
    ctx: typer.Context,
    file: FitFile,
    target: Annotated[float, typer.Option(help="Where the variable is to stay at or above.")],
    horizon: Annotated[int, typer.Option(help="After how many generations.")],
    variable: Annotated[
        str | None, typer.Option(help="What to keep; without a right one, they are listed.")
    ] = None,
    probability: Annotated[float, typer.Option(help="How sure that is to be.")] = 0.9,
    vary: Annotated[
        str, typer.Option(help="injection_fraction, injection_prob or num_user_images.")
    ] = "injection_fraction",
    throughout: Annotated[
        bool, typer.Option("--throughout", help="In every generation up to the horizon.")
    ] = False,
    seed: SeedOfFit = None,
    given: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=NUMBER", help="What else is to be different."),
    ] = None,
    out: Out = None,
    overwrite: Overwrite = False,
) -> None:
    """Find the smallest dose of fresh data that keeps a variable at or above a target."""
    use_compilation_cache()
    from toolkit.datasets import check_output

    if out is not None:
        check_output(out, overwrite=overwrite)

    from toolkit.forecast import dose as run
    from toolkit.forecast import own_variable

    found = read_converged(file)
    result = run(
        found,
        target=target,
        horizon=horizon,
        variable=variable or own_variable(found),
        probability=probability,
        vary=vary,
        throughout=throughout,
        seed=seed,
        given=overrides_of(given or ()),
    )
    print_dose(result)
    write(ctx, result, out, overwrite=overwrite)
