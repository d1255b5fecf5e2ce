"""Drift or injection: the generations and replicates that it takes to tell one from the other.

Loops whose causes are known, with an injected corpus and without, are observed for more or fewer
generations in more or fewer replicates, and ``text_drift`` is fitted. Injection outweighs drift
when what it brings back in a generation, ``prob fraction (2 - fraction)``, is more than what
chance takes, ``1/batch_size`` (both as shares of the text diversity; Theorem 6.1). The injected
fraction has a log-uniform prior, under which either is about as likely as not before any data. A
data set has told when its posterior is sure of the right answer with probability .95.

The full size takes about ten minutes on two cores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import numpyro.distributions as dist
import xarray as xr
from scipy import stats

from studies import _study
from studies._study import CAVEAT, FAILS, HOLDS, Result, Verdict
from toolkit import labels, plotting
from toolkit.calibration.fitting import Posteriors, posteriors
from toolkit.models import model_of
from toolkit.simulate import simulate
from toolkit.systems import CoevolvingSystem, CorpusInjection

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Config:
    """Settings of the study."""

    num_texts: int = 5
    variance: float = 0.01
    batch_size: int = 1000
    injection_prob: float = 0.2
    injection_fraction: float = 0.05
    generations: tuple[int, ...] = (10, 30, 100, 200)
    replicates: tuple[int, ...] = (1, 3, 10, 20)
    num_datasets: int = 20
    num_warmup: int = 150
    num_draws: int = 500
    seed: int = 11


CONFIG = Config()
QUICK: Mapping[str, Any] = {
    "generations": (10, 40),
    "replicates": (1, 4),
    "num_datasets": 6,
    "num_draws": 200,
}

SURE = 0.95
LEVEL = 0.9
INJECTED, CLOSED = "injected", "closed"
REPLICATES, GENERATIONS = "replicates", "generations"
#: Which a parameter's intervals are judged by; the temperature is 1 in both loops.
JUDGED = (
    labels.EFFECTIVE_BATCH_SIZE,
    labels.TEXT_TEMPERATURE,
    labels.INJECTION_PROB,
    labels.INJECTION_FRACTION,
)


def run(config: Config) -> Result:
    """Simulate both loops, fit every data set of every size, and draw the map.

    Parameters
    ----------
    config : Config

    Returns
    -------
    Result
    """
    maps = {loop: _map(config, loop) for loop in (INJECTED, CLOSED)}
    return Result(
        data=xr.DataTree.from_dict(dict(maps)),
        figure=_figure(config, maps),
        finding=_finding(config, maps),
        verdicts=_verdicts(config, maps),
    )


def _map(config: Config, loop: str) -> xr.Dataset:
    """Posterior summaries of every data set, dims (replicates, generations, dataset)."""
    prob = config.injection_prob if loop == INJECTED else 0.0
    corpus = CorpusInjection(prob=prob, fraction=config.injection_fraction) if prob else None
    system = CoevolvingSystem.on_unit_circle(
        num_texts=config.num_texts,
        variance=config.variance,
        batch_size=config.batch_size,
        image_updates=0,
        corpus=corpus,
    )
    most = max(config.replicates)
    simulated = simulate(
        system,
        generations=max(config.generations),
        replicates=most * config.num_datasets,
        seed=config.seed + (loop == CLOSED),
        record=(labels.TEXT_PROBS,),
    )
    rows = []
    for replicates in config.replicates:
        cells = []
        for generations in config.generations:
            data_sets = [
                simulated.isel(
                    {
                        labels.REPLICATE: slice(first, first + replicates),
                        labels.GENERATION: slice(generations + 1),
                    }
                )
                for first in range(0, most * config.num_datasets, most)
            ]
            cells.append(_summaries(config, data_sets))
        rows.append(xr.concat(cells, dim=GENERATIONS))
    whole = xr.concat(rows, dim=REPLICATES)
    return whole.assign_coords(
        {REPLICATES: list(config.replicates), GENERATIONS: list(config.generations)}
    )


def _summaries(config: Config, data_sets: Sequence[xr.Dataset]) -> xr.Dataset:
    """Of each data set: the odds of the causes, and each parameter's interval."""
    model = model_of("text_drift")
    given = {"batch_size": config.batch_size}
    even = {labels.INJECTION_FRACTION: dist.LogUniform(1e-5, 1.0)}
    found = posteriors(
        model,
        data_sets,
        {},
        model.priors(model.prepare(data_sets[0], **given)) | even,
        parameters=JUDGED,
        options=given,
        seed=config.seed,
        num_warmup=config.num_warmup,
        num_draws=config.num_draws,
    )
    size, _, prob, fraction = (found.draws[name] for name in JUDGED)
    outweighs = np.mean(prob * fraction * (2 - fraction) * size > 1, axis=1)
    ends = np.quantile(
        np.stack([found.draws[name] for name in JUDGED]),
        [0.5 - LEVEL / 2, 0.5 + LEVEL / 2],
        axis=-1,
    )
    return xr.Dataset(
        {
            "injection_outweighs": (labels.DATASET, np.where(_kept(found), outweighs, np.nan)),
            "relative_sd": (labels.DATASET, size.std(axis=1) / size.mean(axis=1)),
            "low": ((labels.PARAMETER, labels.DATASET), ends[0]),
            "high": ((labels.PARAMETER, labels.DATASET), ends[1]),
            "failed": (labels.DATASET, ~_kept(found)),
        },
        coords={labels.PARAMETER: list(JUDGED)},
    )


def _kept(found: Posteriors) -> npt.NDArray[np.bool_]:
    refused = np.isin(np.arange(len(found.failed)), list(found.refusals))
    return np.asarray(~(found.failed | refused))


def _told(maps: Mapping[str, xr.Dataset], loop: str) -> tuple[FloatArray, FloatArray]:
    """Shares of data sets that are sure of the right answer, and of the wrong one."""
    odds = maps[loop]["injection_outweighs"]
    right, wrong = (odds >= SURE, odds <= 1 - SURE)
    if loop == CLOSED:
        right, wrong = wrong, right
    return right.mean(labels.DATASET).values, wrong.mean(labels.DATASET).values


def _covered(config: Config, maps: Mapping[str, xr.Dataset]) -> tuple[int, int]:
    """How many of the injected loop's intervals hold the truth, over all sizes."""
    truth = xr.DataArray(
        [config.batch_size, 1.0, config.injection_prob, config.injection_fraction],
        {labels.PARAMETER: list(JUDGED)},
        labels.PARAMETER,
    )
    one = maps[INJECTED]
    counted = ~one["failed"] & (one["low"] == one["low"])
    inside = (one["low"] <= truth) & (truth <= one["high"]) & counted
    return int(inside.sum()), int(counted.sum())


@plotting.styled
def _figure(config: Config, maps: Mapping[str, xr.Dataset]) -> Any:
    figure, axes = plotting.panels(1, 3, size=(13.5, 4.2))
    injected, closed, size = axes[0]
    _draw(config, injected, _told(maps, INJECTED)[0], "{:.0%}")
    injected.set_title(
        f"Injection is told in {_first(config, _told(maps, INJECTED)[0])}\n"
        f"(share of data sets sure of it, {config.injection_prob:g} x "
        f"{config.injection_fraction:g} per generation)"
    )
    _draw(config, closed, _told(maps, CLOSED)[0], "{:.0%}")
    closed.set_title(
        f"Its absence is told in {_first(config, _told(maps, CLOSED)[0])}\n"
        "(share of data sets of a closed loop sure of that)"
    )
    spread = maps[INJECTED]["relative_sd"].median(labels.DATASET).values
    _draw(config, size, spread, "{:.1%}", reverse=True)
    size.set_title(
        f"The batch size is known to {spread[-1, -1]:.1%} at best\n"
        "(median posterior sd of effective_batch_size)"
    )
    return figure


def _draw(
    config: Config, ax: Any, values: FloatArray, words: str, *, reverse: bool = False
) -> None:
    """A map with its numbers."""
    top = max(float(np.nanmax(values)), 1e-9) if reverse else 1.0
    ax.imshow(
        values,
        origin="lower",
        aspect="auto",
        cmap="viridis_r" if reverse else "viridis",
        vmin=0,
        vmax=top,
    )
    for (row, column), value in np.ndenumerate(values):
        dark = (value / top < 0.55) != reverse
        ax.text(
            column,
            row,
            words.format(value),
            ha="center",
            va="center",
            color="white" if dark else "black",
        )
    ax.set_xticks(range(len(config.generations)), map(str, config.generations))
    ax.set_yticks(range(len(config.replicates)), map(str, config.replicates))
    ax.set_xlabel("generations observed")
    ax.set_ylabel("replicates observed")
    ax.grid(visible=False)


def _first(config: Config, shares: FloatArray) -> str:
    """The cheapest size at which nine data sets in ten have told, in words."""
    cost = np.multiply.outer(config.replicates, config.generations).astype(float)
    cost[shares < 0.9] = np.inf
    if not np.isfinite(cost).any():
        return "none of these sizes"
    row, column = np.unravel_index(np.argmin(cost), cost.shape)
    return f"{config.replicates[row]} x {config.generations[column]} transitions"


def _finding(config: Config, maps: Mapping[str, xr.Dataset]) -> str:
    (right, wrong), (absent, mistaken) = _told(maps, INJECTED), _told(maps, CLOSED)
    spread = maps[INJECTED]["relative_sd"].median(labels.DATASET).values
    inside, number = _covered(config, maps)
    failed = int(sum(one["failed"].sum() for one in maps.values()))
    total = sum(one["failed"].size for one in maps.values())
    return (
        f"With {config.num_texts} texts and {config.batch_size} images per generation, an injected "
        f"corpus (probability {config.injection_prob:g}, share {config.injection_fraction:g}) is "
        f"told from drift by at least nine data sets in ten from {_first(config, right)} on, its "
        f"absence from {_first(config, absent)} on (replicates x generations). Of "
        f"{config.num_datasets} data sets in each size, at most {wrong.max():.0%} of the injected "
        f"and {mistaken.max():.0%} of the closed ones were sure of the wrong answer. The posterior "
        f"sd of effective_batch_size falls from {spread[0, 0]:.1%} to {spread[-1, -1]:.1%}. "
        f"{inside} of {number} 90 % intervals cover the truth ({inside / max(number, 1):.1%}); "
        f"{failed} of {total} chains failed and are left out."
    )


def _verdicts(config: Config, maps: Mapping[str, xr.Dataset]) -> dict[str, Verdict]:
    inside, number = _covered(config, maps)
    # Intervals of one data set's parameters, and nested data sets, are dependent: the least
    # number of independent ones is that of the data sets.
    independent = stats.binomtest(
        round(inside / max(number, 1) * config.num_datasets), config.num_datasets, LEVEL
    )
    spread = float(maps[INJECTED]["relative_sd"].median(labels.DATASET).values[-1, -1])
    wrong = max(float(_told(maps, loop)[1].max()) for loop in (INJECTED, CLOSED))
    cost = f"{config.replicates[-1]} replicates x {config.generations[-1]} generations"
    return {
        "90 % intervals cover": Verdict(
            HOLDS if independent.pvalue > 0.01 else FAILS, f"{inside} of {number} over all sizes."
        ),
        f"effective_batch_size is known to 5 % with {cost}": Verdict(
            HOLDS if spread < 0.05 else FAILS, f"median posterior sd {spread:.1%}."
        ),
        "a data set that is sure is right": Verdict(
            HOLDS if wrong <= 1 - SURE else CAVEAT,
            f"at most {wrong:.0%} of the data sets of a size were sure of the wrong answer.",
        ),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    return _study.main("recover_rates", argv)


if __name__ == "__main__":
    raise SystemExit(main())
