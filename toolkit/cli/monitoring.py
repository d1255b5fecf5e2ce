"""``coevo monitor``: follow the file of a loop that is still running."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolkit.cli.cache import use_compilation_cache
from toolkit.cli.options import ModelName, Score, Settings
from toolkit.cli.shell import EXIT_CROSSING, EXIT_MISTAKE, EXIT_NOT_CONVERGED, tell

if TYPE_CHECKING:
    import xarray as xr

    from toolkit.forecast.monitoring import Report


def monitor(
    file: Annotated[
        Path, typer.Argument(help="A trajectory that grows: .csv, .parquet, .nc or .zarr.")
    ],
    model: ModelName,
    below: Annotated[float, typer.Option(help="The level that is not to be passed.")],
    variable: Annotated[
        str | None, typer.Option(help="What is watched; the model's own unless given.")
    ] = None,
    horizon: Annotated[int, typer.Option(help="Generations ahead that matter.")] = 20,
    probability: Annotated[
        float, typer.Option(help="Alarm when the level is passed within the horizon this surely.")
    ] = 0.5,
    score: Score = None,
    given: Settings = None,
    window: Annotated[int, typer.Option(help="How many of the last generations are used.")] = 200,
    every: Annotated[float, typer.Option(help="Seconds between two looks at the file.")] = 5.0,
    patience: Annotated[
        float | None,
        typer.Option(help="Stop when nothing new came for so many seconds; never unless given."),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Look once, answer and stop.")] = False,
    seed: Annotated[int, typer.Option(help="Of every fit and forecast.")] = 1,
) -> None:
    """Watch a running loop, and say when it falls below a level.

    Each time generations have landed the model is fitted anew and the loop continued. A file that
    is cut off, being written or gone is waited for; one that was rewritten is read anew.
    Exit status: 5 as soon as some replicate falls below the level within the horizon with the
    probability asked for; when stopped by --once or --patience without such an alarm, 4 when the
    chains did not agree, 2 when the file could not be read; 2 for a mistake.
    """
    use_compilation_cache()
    from toolkit.cli.fitting import settings_of
    from toolkit.forecast.monitoring import monitor as looks_at
    from toolkit.models import model_of

    if not every > 0 or (patience is not None and not patience > 0):
        raise ValueError("--every and --patience are seconds above 0.")
    looks = looks_at(
        file,
        model=model,
        below=below,
        variable=variable,
        horizon=horizon,
        probability=probability,
        seed=seed,
        window=window,
        score=score,
        every=every,
        **settings_of(given or (), model_of(model)),
    )
    typer.echo(
        f"{file}: {model}; alarm when below {below:g} within {horizon} generations is at least "
        f"{probability:.0%} probable"
    )
    raise typer.Exit(_follow(looks, horizon, probability, once, patience))


def _follow(
    looks: Iterator[Report], horizon: int, probability: float, once: bool, patience: float | None
) -> int:
    """Print what is new; the exit status."""
    latest, said, since = EXIT_MISTAKE, "", time.monotonic()
    for report in looks:
        if report.kind == "answer":
            print_report(report, horizon)
            if report.alarm:
                return EXIT_CROSSING
            latest, said, since = 0, "", time.monotonic()
        elif report.kind == "waiting":
            # What was right before need not be so now.
            latest = EXIT_MISTAKE if report.fitted is None else EXIT_NOT_CONVERGED
            if report.words != said:
                tell(f"no answer now, waiting: {report.words}")
            said = report.words
        if once:
            return latest
        if patience is not None and time.monotonic() - since > patience:
            typer.echo(f"nothing new for {patience:g} seconds")
            return latest
    raise AssertionError("monitor goes on for ever")


def print_report(report: Report, horizon: int) -> None:
    """One line on where the loop is and where it is heading, and one more for an alarm."""
    from toolkit.forecast.monitoring import crossing_probability

    assert report.forecast is not None
    ahead = report.forecast
    chance = crossing_probability(ahead, horizon)
    soonest = {str(dim): int(at) for dim, at in chance.argmax(...).items()}
    name = _name(ahead, soonest)
    when = _when(ahead, soonest)
    last = ahead["observed_generation"].values[-1]
    changed = ", the file was rewritten" if report.change == "rewritten" else ""
    number = chance.size
    typer.echo(
        f"generation {last}{changed}: {ahead.attrs['variable']} now "
        f"{float(ahead['current'].mean()):.3g}{' on average' if number > 1 else ''}; "
        f"{f'{name} is soonest: ' if name else ''}below {ahead.attrs['below']:g} {when}; within "
        f"{horizon}: probability {float(chance.max()):.2f}"
    )
    if report.alarm:
        level = f"below {ahead.attrs['below']:g}"
        said = f"is {level} now" if when == "now" else f"falls {level} within {horizon} generations"
        typer.echo(f"ALARM: {name or ahead.attrs['variable']} {said}")


def _name(ahead: xr.Dataset, at: dict[str, int]) -> str:
    """The replicate (and text), where there are several."""
    return ", ".join(
        f"{dim} {ahead[dim].values[i]}" for dim, i in at.items() if ahead.sizes[dim] > 1
    )


def _when(ahead: xr.Dataset, at: dict[str, int]) -> str:
    """The time to the level with its central 90 % interval; what lies beyond is not known."""
    end = ahead.sizes["generation"]
    quantiles = ahead["time_quantile"].isel(at).sel(quantile=[0.05, 0.5, 0.95]).values
    low, middle, high = (f"{q:.0f}" if math.isfinite(q) else f"beyond {end}" for q in quantiles)
    if quantiles[1] == 0:
        return "now"
    if not math.isfinite(quantiles[0]):
        return f"not within {end} generations (95 %)"
    if not math.isfinite(quantiles[1]):
        return f"more probably than not after more than {end} generations [{low}, {high}]"
    return f"in {middle} generations [{low}, {high}]"
