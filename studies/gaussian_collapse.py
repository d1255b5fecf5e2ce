"""A Gaussian retrained on its own samples (Proposition 1 of Bertrand et al.), and what stops it.

How fast does it collapse, in the mean and in a typical run, while an unbiased covariance keeps
its mean; where does its own mean go; and which share of real data holds it? Each simulation
stands beside the theorems. Figure 3 of the paper (densities of diffusion models collapse on the
means of the modes) is asked of a mixture of Gaussians fitted by EM, which stands in for their
normalizing flows and diffusion models: it has modes, but no network.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from studies import _study
from studies._collapse import (
    DRIFT,
    MIXED,
    NARROW,
    OWN,
    Case,
    Modes,
    Runs,
    case,
    drift_limit,
    excess_of_roots,
    modes,
    rate,
    slope,
)
from studies._collapse_figure import figure
from studies._study import CAVEAT, FAILS, HOLDS, Result, Verdict
from toolkit import labels
from toolkit.judging import AGREES, DISAGREES, UNDECIDED
from toolkit.judging import HOLDS as BOUND_HOLDS
from toolkit.systems import Gaussian, Mix, Replace, RetrainingSystem
from toolkit.theory import retraining_diversity as names


@dataclass(frozen=True, kw_only=True)
class Config:
    """Settings of the study.

    ``counts`` are samples in each generation; ``narrow`` is the variance of the second feature of
    an anisotropic Gaussian whose first has 1; ``ratios`` are generated examples for each of
    ``num_real`` real ones. The modes stand on a circle of radius 1; ``mode_counts`` are examples
    in a generation, of which half are real in the mix.
    """

    counts: tuple[int, ...] = (10, 30, 100)
    narrow: float = 0.01
    generations: int = 200
    replicates: int = 1000
    num_real: int = 30
    ratios: tuple[int, ...] = (1, 4, 16)
    num_modes: int = 8
    mode_sd: float = 0.12
    mode_counts: tuple[int, ...] = (200, 800)
    mode_generations: int = 100
    mode_replicates: int = 30
    em_steps: int = 5
    seed: int = 41


CONFIG = Config()
QUICK: Mapping[str, Any] = {
    "counts": (10, 30),
    "generations": 120,
    "replicates": 200,
    "ratios": (1, 16),
    "mode_counts": (200,),
    "mode_replicates": 8,
}

#: Chance that any verdict of a comparison is a false alarm, over all comparisons.
_FALSE_ALARM = 0.01
#: Standard errors (and what skewed replicates add to them) beyond which a mean is apart.
_CRITICAL = 4.0
#: Of the diversity at the start; less is a collapse.
_COLLAPSED = 0.1
#: Of the standard deviation within modes; what has lost less has not begun to collapse.
_SHRUNK = 0.2


def run(config: Config) -> Result:
    """Simulate, compare and draw.

    Parameters
    ----------
    config : Config

    Returns
    -------
    Result
    """
    runs = _runs(config)
    groups = {
        f"{kind}_n_{count}_ddof_{ddof}": case.stored()
        for (kind, ddof, count), case in runs.own.items()
    }
    groups |= {f"mix_ratio_{ratio}": case.stored() for ratio, case in runs.mixed.items()}
    groups |= {f"modes_{policy}_n_{n}": one.stored() for (policy, n), one in runs.modes.items()}
    return Result(
        data=xr.DataTree.from_dict(groups),
        figure=figure(runs),
        finding=_finding(config, runs),
        verdicts=_verdicts(config, runs),
    )


def _runs(config: Config) -> Runs:
    plain = {
        "line": np.eye(1),
        "plane": np.eye(2),
        NARROW: np.diag([1.0, config.narrow]),
    }
    kinds = [("line", 1), ("line", 0), ("plane", 1), ("plane", 0), (NARROW, 1)]
    total = len(kinds) * len(config.counts) + len(config.ratios)

    seeds = itertools.count(config.seed)  # the noise of one case is not another's

    def of(system: RetrainingSystem) -> Case:
        return case(
            system,
            generations=config.generations,
            replicates=config.replicates,
            seed=next(seeds),
            false_alarm=_FALSE_ALARM / total,
        )

    def gaussian(kind: str, ddof: int) -> Gaussian:
        cov = plain[kind]
        return Gaussian(mean=np.zeros(len(cov)), cov=cov, ddof=ddof)

    own = {
        (kind, ddof, count): of(
            RetrainingSystem(
                family=gaussian(kind, ddof),
                policy=Replace(),
                num_real=count,
                num_generated=count,
                first_fit=False,
            )
        )
        for kind, ddof in kinds
        for count in config.counts
    }
    mixed = {
        ratio: of(
            RetrainingSystem(
                family=gaussian("line", 1),
                policy=Mix(),
                num_real=config.num_real,
                num_generated=ratio * config.num_real,
            )
        )
        for ratio in config.ratios
    }
    return Runs(own, mixed, modes(config))


def _ends(found: Case, variable: str) -> float:
    """Geometric mean over replicates at the last generation, relative to the start."""
    values = found.simulated[variable].isel(model=0).values
    return float(np.exp(np.mean(np.log(values[:, -1] / values[:, 0]))))


def _finding(config: Config, runs: Runs) -> str:
    parts = []
    for count in config.counts:
        line = runs.own["line", 1, count]
        got, error = slope(line)
        parts.append(
            f"n = {count}: {rate(line, names.MEAN):.5f}, {rate(line, names.LOG_MEAN):.5f} and "
            f"{-got:.5f} +- {error:.5f}"
        )
    count = config.counts[0]
    unbiased, likeliest = (runs.own["line", ddof, count] for ddof in (1, 0))
    kept = [
        f"{ratio} generated for each real one: {float(_stationary(one)[0]):.3f} +- "
        f"{float(_stationary(one)[1]):.3f} (exact {_exact_variance(one):.3f})"
        for ratio, one in runs.mixed.items()
    ]
    shown = [f"{_of_modes(one)} ({policy}, {n})" for (policy, n), one in runs.modes.items()]
    drift = unbiased.comparison[labels.SIMULATED].sel(result=DRIFT).values[-1, 0]
    return (
        f"A one-dimensional Gaussian retrained on n of its own samples loses its standard "
        f"deviation, in each generation, at these rates (-log c(n-1) of the mean, exactly; the "
        f"exponent of a typical run, exactly; the mean of its logarithm, measured over "
        f"{config.replicates} runs of {config.generations} generations): {'; '.join(parts)}. With "
        f"n = {count} and the unbiased covariance a typical run ends at "
        f"{_ends(unbiased, labels.MODEL_DIVERSITY):.2g} of its start, though the mean variance "
        f"should stay 1 for ever; with the likeliest covariance (denominator n) it ends at "
        f"{_ends(likeliest, labels.MODEL_DIVERSITY):.2g}. The mean drifts: "
        f"its squared distance from the start averages {drift:.2f} at the end "
        f"(unbiased; exactly V t/n = {config.generations / count:g}, by rare runs), "
        f"while half of all runs stay "
        f"within {_median_drift(unbiased, -1):.2f}, as after half the time "
        f"({_median_drift(unbiased, config.generations // 2):.2f}): each run comes to rest "
        f"where it collapses. With {config.num_real} real examples kept in the training set "
        f"the mean variance settles, over the second half; with {'; '.join(kept)}. A mixture of "
        f"{config.num_modes} Gaussians (in place of the paper's networks) keeps, of the "
        f"standard deviation within its modes, after {config.mode_generations} generations: "
        f"{', '.join(shown)}."
    )


def _of_modes(one: Modes) -> str:
    value, error = one.kept()
    return f"{value:.1%} +- {error:.1%}"


def _stationary(one: Case) -> tuple[float, float]:
    """Mean variance over the second half, and its standard error."""
    values = one.simulated[labels.MODEL_VARIANCE].isel(model=0)
    late = values.isel(generation=slice(values.sizes[labels.GENERATION] // 2, None))
    mean = late.mean(labels.GENERATION).values
    return float(mean.mean()), float(mean.std(ddof=1) / np.sqrt(len(mean)))


def _exact_variance(one: Case) -> float:
    values = one.comparison[labels.PREDICTED].sel(result="retraining_variance").isel(model=0)
    half = values.sizes[labels.GENERATION] // 2
    return float(values.isel(generation=slice(half, None)).mean())


def _median_drift(one: Case, generation: int) -> float:
    return float(one.simulated[labels.MODEL_ERROR].isel(model=0, generation=generation).median())


def _verdicts(config: Config, runs: Runs) -> dict[str, Verdict]:
    return (
        _proposition(config, runs)
        | _means_and_runs(config, runs)
        | _real_data(config, runs)
        | _of_figure_3(config, runs)
    )


def _proposition(config: Config, runs: Runs) -> dict[str, Verdict]:
    exact = [one.verdict(names.MEAN) for (kind, *_), one in runs.own.items() if kind == "line"]
    bounded = [one.verdict(names.UPPER) for (kind, *_), one in runs.own.items() if kind != "line"]
    worst = excess_of_roots(runs)
    ends = {count: _ends(one, labels.MODEL_DIVERSITY) for (kind, _, count), one in runs.own.items()
            if kind == NARROW}  # fmt: skip
    kept = bounded.count(BOUND_HOLDS) == len(bounded) and exact.count(AGREES) == len(exact)
    few = config.counts[0]
    lower = [one.verdict(names.LOWER) for (kind, *_), one in runs.own.items() if kind != "line"]
    return {
        "A Gaussian trained on its own samples collapses: E Sigma_t^(1/2) is at most "
        "c(n-1)^t Sigma_0^(1/2), from any start (Proposition 1)": Verdict(
            HOLDS if kept and worst < _CRITICAL and ends[few] < _COLLAPSED else FAILS,
            f"{len(exact)} settings in one dimension: the mean is c^t times the start in "
            f"{exact.count(AGREES)}; {len(bounded)} in the plane: the trace stays below the bound "
            f"in {bounded.count(BOUND_HOLDS)}; along 4 directions, from an isotropic and an "
            f"anisotropic start, the root is above it by at most {max(worst, 0):.1f} standard "
            f"errors beyond what skewness allows; typical runs of n = {few} end at "
            f"{ends[few]:.2g} of their diversity.",
        ),
        "c(n-1) is the rate of the mean, not just a bound": Verdict(
            HOLDS if lower.count(BOUND_HOLDS) == len(lower) else FAILS,
            f"In {lower.count(BOUND_HOLDS)} of {len(lower)} settings in the plane the mean stays "
            f"above c^t times the largest standard deviation; in one dimension it is an equality.",
        ),
    }


def _means_and_runs(config: Config, runs: Runs) -> dict[str, Verdict]:
    few, many = config.counts[0], config.counts[-1]
    line = {count: runs.own["line", 1, count] for count in config.counts}
    scores = {n: (-slope(one)[0] - rate(one, names.LOG_MEAN)) / slope(one)[1]
              for n, one in line.items()}  # fmt: skip
    worst = max(map(abs, scores.values()))
    ratio = [rate(line[n], names.LOG_MEAN) / rate(line[n], names.MEAN) for n in (few, many)]
    apart = line[few].comparison[labels.SIMULATED].sel(result="retraining_variance")
    of_runs = _ends(line[few], labels.MODEL_VARIANCE)
    linear = [one.verdict(DRIFT) for (_, ddof, _), one in runs.own.items() if ddof == 1]
    finite = [one.verdict(DRIFT) for (_, ddof, _), one in runs.own.items() if ddof == 0]
    limit, reached = drift_limit(runs.own["line", 0, few])
    early = int(line[few].first_undecidable("retraining_variance"))
    return {
        "A typical run collapses at the rate of the mean": Verdict(
            FAILS if worst < _CRITICAL else CAVEAT,
            f"It collapses at its Lyapunov exponent, {ratio[0]:.2f} times as fast with n = {few} "
            f"and {ratio[1]:.2f} times with n = {many}; measured slopes are within {worst:.1f} "
            f"standard errors of it.",
        ),
        "The mean covariance collapses with the model": Verdict(
            FAILS if of_runs < _COLLAPSED else CAVEAT,
            f"Not the unbiased one: its mean stays at the start for ever, borne by ever fewer runs "
            f"(with n = {few} a typical run ends at {of_runs:.1e} of it; {config.replicates} runs "
            f"bear the mean up to generation {early}, and average {float(apart[-1, 0]):.2g} at the "
            f"last). The likeliest one loses 1/n in each generation.",
        ),
        "The mean drifts without bound": Verdict(
            FAILS if DISAGREES in linear + finite else CAVEAT,
            f"With the unbiased covariance its mean square grows by V/n in each generation "
            f"({_share(linear)}), but each run comes to rest: with n = {few} the median is "
            f"{_median_drift(line[few], config.generations // 2):.2f} after half the time and "
            f"{_median_drift(line[few], -1):.2f} at the end. With the likeliest it tends to V: "
            f"{limit:.2f} for n = {few}, {reached:.3f} measured at the end ({_share(finite)}).",
        ),
    }


def _share(verdicts: Sequence[str]) -> str:
    """How many comparisons agree, and how many replicates were too few to tell."""
    open_ = verdicts.count(UNDECIDED)
    return f"{verdicts.count(AGREES)} of {len(verdicts)} agree, {open_} undecided"


def _real_data(config: Config, runs: Runs) -> dict[str, Verdict]:
    agreed = [one.verdict("retraining_variance") for one in runs.mixed.values()]
    typical = {ratio: _ends(one, labels.MODEL_VARIANCE) for ratio, one in runs.mixed.items()}
    least, most = min(config.ratios), max(config.ratios)
    stopped = agreed.count(AGREES) == len(agreed) and min(typical.values()) > _COLLAPSED
    return {
        "Real data kept in the training set stop the collapse": Verdict(
            HOLDS if stopped else FAILS,
            f"With {config.num_real} real examples and as many generated ones ({least} to 1) a "
            f"typical run ends at {typical[least]:.2f} of its variance; the exact means of all "
            f"generations: {_share(agreed)}.",
        ),
        "Retraining is stable if the proportion of real data is large enough (abstract)": Verdict(
            CAVEAT if stopped else FAILS,
            f"For a Gaussian any proportion is enough: with {most} generated for each real one, a "
            f"share of {1 / (1 + most):.1%}, a typical run ends at {typical[most]:.2f} of its "
            f"variance.",
        ),
    }


def _of_figure_3(config: Config, runs: Runs) -> dict[str, Verdict]:
    own = {n: one for (policy, n), one in runs.modes.items() if policy == OWN}
    mix = {n: one for (policy, n), one in runs.modes.items() if policy == MIXED}
    few, many = min(own), max(own)
    shrinks = max(one.kept()[0] for one in own.values()) < 1 - _SHRUNK
    ends = ", ".join(f"{one.kept()[0]:.1%} with {n} examples" for n, one in own.items())
    stays = ", ".join(f"{one.kept()[0]:.1%} with {n}" for n, one in mix.items())
    number = own[few].alive()
    return {
        "Solely on its own data a density collapses on the means of its modes in 100 retrainings "
        "(Figure 3; here a mixture of Gaussians)": Verdict(
            (HOLDS if own[many].kept()[0] < _COLLAPSED else CAVEAT) if shrinks else FAILS,
            f"After {config.mode_generations} retrainings a typical run keeps, of the standard "
            f"deviation within modes, {ends}: the time it takes grows with the number of examples. "
            f"Modes die, too: {number:.1f} of {config.num_modes} are left with {few} (effective "
            f"number).",
        ),
        "On a mix of true and generated data it does not collapse (Figure 3; likewise)": Verdict(
            HOLDS if min(one.kept()[0] for one in mix.values()) > 1 - _SHRUNK else FAILS,
            f"Half real, half generated, it keeps {stays}; "
            f"{min(one.alive() for one in mix.values()):.1f} of {config.num_modes} modes are left.",
        ),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    return _study.main("gaussian_collapse", argv)


if __name__ == "__main__":
    raise SystemExit(main())
