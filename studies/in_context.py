"""Transformers that regress in context, in a self-consuming loop (Fu et al.; theory, F4).

The paper says of linear attention that "even a constant-sized proportion of real data ensures
convergence". Transformers are trained, held against the best weights in closed form, and used in a
loop whose contexts hold a share of real examples, always the same, and for the rest examples that
the model labelled itself. Its own constants are not known here: all numbers are measured, or follow
from theorems of this project.

The full size was measured to take 236 s of processor time, 173 s on two cores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from studies import _in_context_cases as cases
from studies import _study
from studies._in_context_cases import (
    CLOSED,
    LONG,
    ONE,
    SOFTMAX,
    TWO,
    Agreement,
    Growth,
    Model,
    Path,
)
from studies._in_context_figure import figure
from studies._in_context_words import CRITICAL, finding, verdicts
from studies._study import Result
from toolkit import labels
from toolkit.systems import LinearRegression


@dataclass(frozen=True, kw_only=True)
class Config:
    """Settings of the study.

    Transformers are trained at each of ``lengths`` from ``num_seeds`` seeds, and used at contexts
    of ``context`` examples; the closed form at each of ``closed_lengths``, longer than training
    reaches; ``long`` is the length of the contexts of those that are used at
    shorter ones. ``real`` are numbers of real examples among ``context``.
    """

    num_inputs: int = 8
    prior_variance: float = 1.0
    noise_sd: float = 0.5
    context: int = 16
    long: int = 256
    lengths: tuple[int, ...] = (16, 64, 256)
    softmax_lengths: tuple[int, ...] = (16, 64)
    closed_lengths: tuple[int, ...] = (16, 256, 1024, 4096)
    num_seeds: int = 10
    steps: int = 1500
    batch_size: int = 256
    softmax_steps: int = 1000
    softmax_batch_size: int = 96
    tasks: int = 20_000
    real: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6, 8, 12)
    growth_generations: int = 10
    growth_replicates: int = 4000
    displacement: float = 1.5
    paths: tuple[int, ...] = (0, 2, 8)
    generations: int = 30
    replicates: int = 20_000
    late_real: tuple[int, ...] = (0, 1, 2, 4, 8, 12)
    late_replicates: int = 300
    shares: tuple[float, ...] = (0.5, 0.125)
    seed: int = 71


CONFIG = Config()
QUICK: Mapping[str, Any] = {
    "long": 256,
    "lengths": (16, 256),
    "closed_lengths": (256, 1024),
    "softmax_lengths": (16,),
    "num_seeds": 3,
    "steps": 400,
    "softmax_steps": 250,
    "softmax_batch_size": 64,
    "real": (2, 8),
    "paths": (2, 8),
    "growth_replicates": 2000,
    "late_real": (0, 8),
    "late_replicates": 100,
    "shares": (0.5,),
}


class _Runs(NamedTuple):
    """All that was computed.

    ``late`` holds, by model and number of real examples, the last errors of every seed's runs, and
    ``sizes`` by name, share and length of the contexts.
    """

    one: Sequence[Agreement]
    two: Agreement
    restricted: Agreement
    growth: Sequence[Growth]
    paths: Sequence[Path]
    designs: np.ndarray
    late: Mapping[tuple[str, int], np.ndarray]
    sizes: Mapping[tuple[str, float, int], np.ndarray]


def run(config: Config) -> Result:
    """Train, simulate, and draw.

    Parameters
    ----------
    config : Config

    Returns
    -------
    Result
    """
    one = {context: cases.trained(config, ONE, context) for context in config.lengths}
    softmax = {
        context: cases.trained(config, SOFTMAX, context) for context in config.softmax_lengths
    }
    two = cases.trained(config, TWO, config.context, layers=2)
    restricted = cases.trained(config, TWO, config.context, layers=2, restricted=True)
    long = one[config.long]._replace(name=LONG)
    here = (one[config.context], long, two, softmax[config.context])
    closed = cases.family(config, cases.closed_form(config, config.long))
    runs = _Runs(
        one=[cases.agreement(config, model, 1) for model in one.values()],
        two=cases.agreement(config, two, 2),
        restricted=cases.agreement(config, restricted, 2),
        growth=[cases.growth(config, long.weights, real) for real in config.real],
        paths=[
            cases.path(
                config, cases.loop(closed, real, config.context), real / config.context, CRITICAL
            )
            for real in config.paths
        ],
        designs=_designs(config),
        late={
            (model.name, real): cases.late(config, model, real, config.context)
            for model in here
            for real in config.late_real
        },
        sizes=dict(_sizes(config, (*one.values(), *softmax.values()))),
    )
    return Result(
        data=_data(config, runs),
        figure=figure(config, runs),
        finding=finding(config, runs),
        verdicts=verdicts(config, runs),
    )


def _designs(config: Config) -> np.ndarray:
    """A full step on orthogonal designs, which is unbiased, without real data."""
    coef = np.full(config.num_inputs, np.sqrt(config.prior_variance))
    model = LinearRegression(coef=coef, noise_sd=config.noise_sd, inputs="orthogonal")
    return cases.errors(
        cases.loop(model, 0, config.context),
        generations=config.generations,
        replicates=config.replicates,
        seed=config.seed,
    )


def _sizes(config: Config, models: Sequence[Model]) -> Any:
    """Every transformer at the length that it was trained at, at constant shares.

    The closed form too, at lengths beyond those of training: as many runs as there are seeds.
    """
    for model in models:
        for share in config.shares:
            real = round(share * model.context)
            yield (
                (model.name, share, model.context),
                cases.late(config, model, real, model.context).mean(axis=1),
            )
    for context in config.closed_lengths:
        closed = cases.Model(CLOSED, "linear", context, cases.repeated(config, context))
        for share in config.shares:
            real = round(share * context)
            yield (CLOSED, share, context), cases.late(config, closed, real, context).mean(axis=1)


def _data(config: Config, runs: _Runs) -> xr.DataTree:
    groups = {
        "agreement": xr.Dataset(
            {
                name: ((labels.MODEL, "seed"), [getattr(one, name) for one in _agreements(runs)])
                for name in ("error", "excess", "gain", "apart")
            }
            | {
                "best": (labels.MODEL, [one.best for one in _agreements(runs)]),
                "context": (labels.MODEL, [one.context for one in _agreements(runs)]),
                "layers": (labels.MODEL, [one.layers for one in _agreements(runs)]),
            }
        ),
        "growth": xr.Dataset(
            {
                name: ("share", [getattr(one, name) for one in runs.growth])
                for name in ("square", "square_error", "typical", "typical_error")
            }
            | {"num_real": ("share", [one.real for one in runs.growth])}
        ),
        "designs": xr.Dataset({"error": (labels.GENERATION, runs.designs.mean(axis=0))}),
    }
    for one in runs.paths:
        groups[f"paths/real_{round(one.share * config.context)}"] = xr.Dataset(
            {
                "mean": (labels.GENERATION, one.mean.value),
                "standard_error": (labels.GENERATION, one.mean.standard_error),
                "median": (labels.GENERATION, np.median(one.errors, axis=0)),
                "decidable": (labels.GENERATION, one.decidable),
            }
        )
    for (name, real), found in runs.late.items():
        place = f"late/{name.replace(' ', '_').replace(',', '')}_real_{real}"
        groups[place] = xr.Dataset({"error": (("seed", labels.REPLICATE), found)})
    for (name, share, context), found in runs.sizes.items():
        place = f"sizes/{name.replace(' ', '_')}_{share:g}_{context}".replace(".", "p")
        groups[place] = xr.Dataset({"error": ("seed", found)})
    return xr.DataTree.from_dict(groups)


def _agreements(runs: _Runs) -> list[Agreement]:
    return [*runs.one, runs.restricted, runs.two]


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    return _study.main("in_context", argv)


if __name__ == "__main__":
    raise SystemExit(main())
