"""Refits or reweighted draws: which posterior is calibrated as a running loop's generations land.

*Refits*: the posterior anew from all that has landed. *Reweighted*: the draws of the first fit,
each weighted by the likelihood of what landed since, and resampled. *Moved*: the same with a random
walk after each resampling (``studies/_sequential.py``). All three see the same loops, one replicate
each, from the model's own law at true values drawn from the priors: ranks of true values, coverage
of intervals, how many draws are left, what a landed generation costs.

Then what ``monitor`` reports: the probability that the loop is below a level now or within the
horizon. The level is a random share of the last score; the loops are continued, and it is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from studies import _landing, _study
from studies._counting import (
    CAME,
    KNOWN,
    LEVELS,
    SAID,
    WAY,
    calibration,
    calibration_p,
    crossings,
    share_inside,
)
from studies._study import FAILS, HOLDS, Result, Verdict
from toolkit import labels, plotting
from toolkit.forecast.scoring import binomial_interval


@dataclass(frozen=True, kw_only=True)
class Config:
    """Settings of the study; ``checkpoints`` are generations after the first state."""

    models: tuple[str, ...] = ("text_drift", "diversity_decay")
    num_datasets: int = 200
    checkpoints: tuple[int, ...] = (10, 20, 40, 80, 160)
    horizon: int = 20
    lowest_level: float = 0.5
    num_warmup: int = 150
    num_draws: int = 500
    moves: int = 5
    seed: int = 31


CONFIG = Config()
QUICK: Mapping[str, Any] = {
    "models": ("diversity_decay",),
    "num_datasets": 20,
    "checkpoints": (10, 40),
    "num_draws": 400,  # as many as paths of a forecast: fewer programs
}

REFITS, REWEIGHTED, MOVED = "refits", "reweighted", "reweighted and moved"
WAYS = (REFITS, REWEIGHTED, MOVED)
#: Not calibrated: something less probable than this, over all that is compared.
ALPHA = 0.01
_BINS = 6
#: Loops that a bin is drawn from.
_PER_BIN = 10


def run(config: Config) -> Result:
    """Follow loops of each model in three ways, and draw the figure.

    Parameters
    ----------
    config : Config

    Returns
    -------
    Result
    """
    found = {name: _of_model(config, name, index) for index, name in enumerate(config.models)}
    return Result(
        data=xr.DataTree.from_dict(found),
        figure=_figure(found),
        finding=_finding(config, found),
        verdicts=_verdicts(found, config.num_draws),
    )


def _of_model(config: Config, name: str, index: int) -> xr.Dataset:
    seed, points = config.seed + 100 * index, config.checkpoints
    loops = _landing.drawn(name, config.num_datasets, points[-1] + config.horizon, seed)
    again = _landing.refits(loops, points, seed, config.num_warmup, config.num_draws)
    first = again.draws[0]
    others = [_landing.carried_on(loops, points, first, seed, moves) for moves in (0, config.moves)]
    ways = dict(zip(WAYS, (again, *others), strict=True))
    told = crossings(
        loops, ways, points, horizon=config.horizon, lowest=config.lowest_level, seed=seed
    )
    dims = (WAY, labels.GENERATION)
    costs = {
        "effective": ((*dims, labels.DATASET), [way.effective for way in ways.values()]),
        "seconds": (dims, [way.seconds for way in ways.values()]),
        "evaluations": (dims, [way.evaluations for way in ways.values()]),
    }
    found = calibration(loops, ways, seed).merge(told).assign(costs)
    found.attrs = {"failed": again.failed, "fits": again.effective.size}
    return found.assign_coords({WAY: list(WAYS), labels.GENERATION: list(points)})


@plotting.styled
def _figure(found: Mapping[str, xr.Dataset]) -> Any:
    figure, axes = plotting.panels(len(found), 4, size=(16, 0.7 + 3.5 * len(found)))
    for row, (name, one) in zip(axes, found.items(), strict=True):
        _draw_coverage(row[0], one, name)
        _draw_effective(row[1], one, name)
        _draw_cost(row[2], one, name)
        _draw_crossing(row[3], one, name)
    plotting.legend_below(axes[-1][0], columns=3)
    return figure


def _marks() -> list[tuple[str, Any, str]]:
    return list(zip(WAYS, plotting.colours(len(WAYS)), "os^", strict=True))


def _along(ax: Any, one: xr.Dataset) -> None:
    """The axis of landed generations, marked at the checkpoints."""
    points = one[labels.GENERATION].values
    ax.set_xscale("log")
    ax.set_xticks(points, [str(point) for point in points])
    ax.minorticks_off()
    ax.set_xlabel("generations landed")


def _draw_coverage(ax: Any, one: xr.Dataset, name: str) -> None:
    """Both intervals, averaged over parameters, with standard errors over loops."""
    points = one[labels.GENERATION].values
    for level in LEVELS:
        ax.axhline(level, color="0.3", lw=1, ls=(0, (5, 1.5)))
        mean, error = share_inside(one, level)
        for shift, (way, colour, mark) in zip((0.96, 1, 1.04), _marks(), strict=True):
            ax.errorbar(
                points * shift, mean.sel(way=way), 1.96 * error.sel(way=way), fmt=mark, ls="-",
                color=colour, ms=4, lw=1, capsize=2, label=way if level == LEVELS[0] else None,
            )  # fmt: skip
    _along(ax, one)
    ax.set_ylim(0.25, 1.0)
    ax.set_ylabel("share of intervals that cover")
    ax.set_title(f"{name}: 50 % and 90 % intervals\n(mean over parameters)")


def _draw_effective(ax: Any, one: xr.Dataset, name: str) -> None:
    points = one[labels.GENERATION].values
    for way, colour, mark in _marks():
        left = one["effective"].sel({WAY: way})
        low, middle, high = left.quantile([0.05, 0.5, 0.95], labels.DATASET).values
        ax.fill_between(points, low, high, color=colour, alpha=0.12, lw=0)
        ax.plot(points, middle, marker=mark, ms=4, color=colour)
    ax.set_yscale("log")
    _along(ax, one)
    ax.set_ylabel("effective number of draws")
    ax.set_title(f"{name}: draws that are left\n(median; 90 % of loops)")


def _draw_cost(ax: Any, one: xr.Dataset, name: str) -> None:
    for way, colour, mark in _marks():
        spent = 1000 * one["seconds"].sel({WAY: way})
        ax.plot(one[labels.GENERATION], spent, marker=mark, ms=4, color=colour)
    ax.set_yscale("log")
    _along(ax, one)
    ax.set_ylabel("processor time (ms)")
    ax.set_title(f"{name}: cost of a landed generation\n(one loop, compiled)")


def _draw_crossing(ax: Any, one: xr.Dataset, name: str) -> None:
    """Shares of loops that crossed, by what was said of them; all checkpoints together."""
    ax.plot([0, 1], [0, 1], color="0.3", lw=1, ls=(0, (5, 1.5)))
    came = one[CAME].values.ravel()
    edges = np.linspace(0, 1, _BINS + 1)
    for shift, (way, colour, mark) in zip((-0.012, 0, 0.012), _marks(), strict=True):
        said = one[SAID].sel({WAY: way}).values.ravel()
        bin_of = np.clip(np.digitize(said, edges) - 1, 0, _BINS - 1)
        full = [b for b in range(_BINS) if (bin_of == b).sum() >= _PER_BIN]
        number = np.array([(bin_of == b).sum() for b in full])
        hits = np.array([came[bin_of == b].sum() for b in full])
        at = np.array([said[bin_of == b].mean() for b in full])
        low, high = binomial_interval(hits, number)
        bars = [hits / number - low, high - hits / number]
        ax.errorbar(at + shift, hits / number, bars, fmt=mark, color=colour, ms=4, lw=1, capsize=2)
    ax.set_xlim(-0.02, 1.02)
    ax.set_ylim(-0.02, 1.02)
    ax.set_xlabel("probability said")
    ax.set_ylabel("share that crossed")
    ax.set_title(f"{name}: below the level within the\nhorizon? (bars: 95 %)")


def _worst(one: xr.Dataset, way: str) -> float:
    """The smallest p-value of a way, times how many there are."""
    p = np.concatenate(
        [one[name].sel({WAY: way}).values.ravel() for name in (labels.ECDF_P, labels.COVERAGE_P)]
    )
    return min(1.0, float(p.min()) * p.size)


def _crossing_p(one: xr.Dataset, way: str, number: int) -> float:
    """The smallest p-value over the checkpoints, times their number."""
    said, came = one[SAID].sel({WAY: way}).values, one[CAME].values
    p = [calibration_p(*pair, number) for pair in zip(said, came, strict=True)]
    return min(1.0, min(p) * len(p))


def _ends(one: xr.Dataset, way: str) -> str:
    """Coverage at the last checkpoint, in words."""
    inner, outer = (float(share_inside(one, level)[0].sel({WAY: way})[-1]) for level in LEVELS)
    return f"{inner:.1%} and {outer:.1%}"


def _brier(said: xr.DataArray, came: xr.DataArray) -> float:
    return float(((said - came) ** 2).mean())


def _scores(one: xr.Dataset, way: str) -> str:
    """Brier's score, and how far from what known parameters would say, in words."""
    said = one[SAID].sel({WAY: way})
    off = (said - one[KNOWN]).mean(labels.GENERATION)  # one loop's checkpoints share its truth
    error = float(off.std(ddof=1)) / np.sqrt(off.size)
    return (
        f"Brier score {_brier(said, one[CAME]):.4f} ({_brier(one[KNOWN], one[CAME]):.4f} were the "
        f"parameters known), above what known ones say by {float(off.mean()):+.4f} +- {error:.4f}"
    )


def _finding(config: Config, found: Mapping[str, xr.Dataset]) -> str:
    first = (
        f"{config.num_datasets} loops of each model, fitted from {config.checkpoints[0]} "
        f"generations on, to {config.checkpoints[-1]}."
    )
    parts = [first]
    for name, one in found.items():
        ways = []
        for way in WAYS:
            here = one.sel({WAY: way}).isel({labels.GENERATION: -1})
            ways.append(
                f"{way}: 50 % and 90 % intervals cover {_ends(one, way)}, effective draws "
                f"{float(here['effective'].median()):.0f}, a landed generation costs "
                f"{_plain(1000 * float(here['seconds']))} ms and {float(here['evaluations']):.0f} "
                f"density evaluations"
            )
        rate = float(one[CAME].mean())
        parts.append(
            f"{name}, in the end: {'; '.join(ways)}. Of its loops {rate:.0%} cross their level "
            f"within {config.horizon} generations (always saying so: Brier score "
            f"{rate * (1 - rate):.4f}); {one.attrs['failed']} of {one.attrs['fits']} chains of "
            "refits did not converge and stay in."
        )
    return " ".join(parts)


def _plain(number: float) -> str:
    """Two digits, without a power of ten."""
    return f"{float(f'{number:.2g}'):g}"


def _verdicts(found: Mapping[str, xr.Dataset], number: int) -> dict[str, Verdict]:
    verdicts = {}
    for way in WAYS:
        worst = {name: _worst(one, way) for name, one in found.items()}
        ends = "; ".join(f"{name} {_ends(one, way)}" for name, one in found.items())
        verdicts[f"Posteriors are calibrated as generations land: {way}"] = Verdict(
            _outcome(worst),
            f"Smallest p-value of ranks and coverage, over all that is compared: {_words(worst)}; "
            f"50 % and 90 % intervals cover in the end: {ends}.",
        )
    for way in WAYS:
        worst = {name: _crossing_p(one, way, number) for name, one in found.items()}
        scores = "; ".join(f"{name} {_scores(one, way)}" for name, one in found.items())
        verdicts[f"The probability of a crossing is calibrated: {way}"] = Verdict(
            _outcome(worst),
            f"Smallest p-value over the checkpoints: {_words(worst)}; {scores}.",
        )
    return verdicts


def _outcome(worst: Mapping[str, float]) -> str:
    return HOLDS if min(worst.values()) * len(worst) >= ALPHA else FAILS


def _words(worst: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {p:.2g}" for name, p in worst.items())


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    return _study.main("monitoring", argv)


if __name__ == "__main__":
    raise SystemExit(main())
