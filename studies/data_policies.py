"""Data policies for retrained models, all on the same families and the same axes.

What is trained on decides what becomes of a model that trains on its own samples: nothing else,
the same real data, all generations so far, a budget of them, fresh real data, a selection. Errors
are squared distances from the real location in units of the first fit's; exact predictions stand
beside them where they exist. Then the numbers of a policy: the best weight of fresh data (one
over the golden ratio for as many fresh examples as generated ones), and batches that grow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from studies import _policies as parts
from studies import _study
from studies._policies import (
    ACCUMULATE,
    BEST,
    CLOSED,
    CURATED,
    CURATED_REAL,
    EVERYTHING,
    GAUSSIAN,
    INJECTED,
    LATEST,
    MIX,
    NATURAL,
    OPEN,
    REPLACE,
    RESERVOIR,
    Cell,
    Sweep,
)
from studies._policies_figure import figure
from studies._study import CAVEAT, FAILS, HOLDS, Result, Verdict
from toolkit import labels
from toolkit.judging import AGREES
from toolkit.theory import number


@dataclass(frozen=True, kw_only=True)
class Config:
    """Settings of the study.

    ``size`` is the number of real examples and of those generated in each generation; families
    in ``slow`` run for ``slow_generations`` and ``slow_replicates``. Weights of fresh data are
    swept on the families ``weighed``, with ``fresh_shares`` of ``size`` fresh examples; around
    each predicted minimum a parabola spans the share ``nearness`` of the way to 0 or 1.
    """

    families: tuple[str, ...] = (
        GAUSSIAN,
        parts.REGRESSION,
        "categorical",
        "Poisson",
        "Gaussian mixture",
        "kernel density",
    )
    slow: tuple[str, ...] = ("Gaussian mixture", "kernel density")
    size: int = 50
    generations: int = 60
    replicates: int = 600
    slow_generations: int = 40
    slow_replicates: int = 100
    em_steps: int = 5
    bandwidth: float = 0.2
    injection_prob: float = 0.2
    weighed: tuple[str, ...] = (parts.REGRESSION, GAUSSIAN)
    fresh_shares: tuple[float, ...] = (0.2, 1.0, 5.0)
    nearness: float = 0.25
    ratios: tuple[float, ...] = (0.5, 1.0, 4.0)
    growths: tuple[float, ...] = (0.5, 1.0, 1.5, 2.0)
    sweep_generations: int = 40
    sweep_replicates: int = 3000
    schedule_generations: int = 200
    seed: int = 42


CONFIG = Config()
QUICK: Mapping[str, Any] = {
    "families": (GAUSSIAN,),
    "generations": 40,
    "replicates": 400,
    "weighed": (parts.REGRESSION,),
    "fresh_shares": (1.0,),
    "ratios": (1.0, 4.0),
    "sweep_replicates": 1000,
    "schedule_generations": 80,
}

#: Standard errors beyond which a number is apart from another.
_CRITICAL = 4.0
#: Relative distance from a limit of many samples, or from a straight line, that is none.
_FEW = 0.1
#: How far the minimum of a parabola may be from that of the exact curve that it stands for.
_PARABOLA = 0.01


class _Runs(NamedTuple):
    """All that was computed."""

    cells: Mapping[tuple[str, str], Cell]
    sweeps: list[Sweep]
    schedules: Mapping[float, Cell]
    ratios: Mapping[float, Cell]

    def of(self, policy: str) -> dict[str, Cell]:
        """A policy on all families."""
        return {family: cell for (family, one), cell in self.cells.items() if one == policy}


def run(config: Config) -> Result:
    """Simulate all policies and sweeps, compare, and draw.

    Parameters
    ----------
    config : Config

    Returns
    -------
    Result
    """
    runs = _Runs(
        parts.cells(config), parts.sweeps(config), parts.schedules(config), parts.ratios(config)
    )
    groups: dict[str, xr.Dataset] = (
        parts.stored(runs.cells)
        | parts.stored_sweeps(runs.sweeps)
        | parts.stored_growths(runs.schedules, "schedules")
        | parts.stored_growths(runs.ratios, "mix_ratios")
    )
    return Result(
        data=xr.DataTree.from_dict(groups),
        figure=figure(runs.cells, runs.sweeps, runs.schedules, runs.ratios),
        finding=_finding(config, runs),
        verdicts=_verdicts(config, runs),
    )


def _end(cell: Cell) -> str:
    """Error and variance at the end, and what the comparisons say."""
    verdict = cell.verdicts.get(labels.MODEL_ERROR)
    words = "" if verdict is None else f", {verdict}"
    return (
        f"{_short(cell.error.value[-1])} +- {_short(cell.error.standard_error[-1])} "
        f"({cell.variance.value[-1]:.2f}{words})"
    )


def _short(value: float) -> str:
    return f"{value:.2f}" if value < 1000 else f"{value:.2e}"


def _grows(cell: Cell) -> bool:
    return bool(cell.growth.value > _CRITICAL * cell.growth.standard_error)


def _is_linear(cell: Cell) -> bool:
    """Whether the error grows by one first fit's in each generation of the second half.

    By the exact curve where it agrees with the simulation, else within errors.
    """
    half = len(cell.generation) // 2
    if cell.verdicts.get(labels.MODEL_ERROR) == AGREES:
        exact = cell.predicted[labels.MODEL_ERROR]
        return bool(abs((exact[-1] - exact[half]) / half - 1) < _FEW)
    return bool(abs(cell.growth.value - half) < _CRITICAL * cell.growth.standard_error)


def _growth(cell: Cell) -> str:
    return f"{float(cell.growth.value):+.2f} +- {float(cell.growth.standard_error):.2f}"


def _finding(config: Config, runs: _Runs) -> str:
    rows = []
    for family in config.families:
        own = [f"{policy} {_end(runs.cells[family, policy])}" for policy in CLOSED + OPEN]
        rows.append(f"{family}: {', '.join(own)}")
    equal = _equal(runs.sweeps[0].family, runs)
    slow = [family for family in config.slow if family in config.families]
    few = f" ({config.slow_generations} for {' and '.join(slow)})" if slow else ""
    compared = [
        cell.verdicts[labels.MODEL_ERROR]
        for cell in runs.cells.values()
        if labels.MODEL_ERROR in cell.verdicts
    ]
    return (
        f"With {config.size} real examples and {config.size} generated in each generation, the "
        f"squared error of a model's location after {config.generations} generations{few}, in "
        f"units of the first fit's, is, with the variance relative to the real one and the "
        f"verdict on the exact prediction of the error in brackets: {'; '.join(rows)}. Of "
        f"{len(compared)} exact curves of errors {compared.count(AGREES)} agree with the "
        f"simulations. Fresh real examples are best given the weight {equal.least:.3f} +- "
        f"{equal.least_error:.3f} where as many are generated ({equal.family}; one over the "
        f"golden ratio is {number('golden_weight'):.3f}, one half the natural weight), for an "
        f"error of {equal.error.min():.3f}. With batches that grow like (t+1)^a and "
        f"nothing else the error ends, after {config.schedule_generations} generations, at "
        + ", ".join(f"{c.error.value[-1]:.2f} (a = {a:g})" for a, c in runs.schedules.items())
        + "."
    )


def _equal(family: str, runs: _Runs) -> Sweep:
    """The sweep with as many fresh examples as generated ones."""
    (found,) = [
        one for one in runs.sweeps if one.family == family and one.num_fresh == one.num_generated
    ]
    return found


def _verdicts(config: Config, runs: _Runs) -> dict[str, Verdict]:
    return (
        _own_data(config, runs)
        | _budgets(config, runs)
        | _fresh(config, runs)
        | _growing(config, runs)
        | _selected(config, runs)
    )


def _told(cells: Mapping[str, Cell]) -> str:
    return ", ".join(f"{_growth(cell)} ({family})" for family, cell in cells.items())


def _own_data(config: Config, runs: _Runs) -> dict[str, Verdict]:
    replaced, pooled, mixed = (runs.of(policy) for policy in (REPLACE, ACCUMULATE, MIX))
    steady = {
        family: float(cell.growth.value) / (len(cell.generation) // 2)
        for family, cell in replaced.items()
    }
    linear = [family for family, cell in replaced.items() if _is_linear(cell)]
    ends = {family: cell.error.value[-1] for family, cell in pooled.items()}
    over = {
        f: c.error.value[-1] - _CRITICAL * c.error.standard_error[-1] for f, c in pooled.items()
    }
    limit = number("accumulated_location_limit", num_generated=1, real_variance=1)
    floor = number("mixed_location_floor", num_real=1, synthetic_ratio=1, real_variance=1)
    kept = [
        family
        for family, cell in mixed.items()
        if cell.error.value[-1] - _CRITICAL * cell.error.standard_error[-1] < floor
        and not _grows(cell)
    ]
    return {
        "Training on one's own samples alone, the error grows linearly without bound": Verdict(
            (HOLDS if len(linear) == len(replaced) else CAVEAT)
            if any(map(_grows, replaced.values()))
            else FAILS,
            "Growth for each generation of the second half, in errors of a first fit: "
            + ", ".join(f"{rate:.2f} ({family})" for family, rate in steady.items())
            + f"; it is 1 (exactly, or within errors) for {len(linear)} of "
            f"{len(steady)} families. A fit that takes the variance, too, loses what the "
            f"error gains: likeliest Gaussians and categories end at an error of V, the "
            f"real variance.",
        ),
        "Accumulating all generations the error stays below pi^2/6 of the first fit's": Verdict(
            HOLDS
            if max(over.values()) < limit
            else CAVEAT
            if not any(map(_grows, pooled.values()))
            else FAILS,
            f"The limit is {limit:.3f}; at the end the error is "
            + ", ".join(f"{value:.2f} ({family})" for family, value in ends.items())
            + f"; growth over the second half {_told(pooled)}.",
        ),
        "With the same real data in every training set the error settles at a floor": Verdict(
            HOLDS if len(kept) == len(mixed) else CAVEAT if kept else FAILS,
            f"{floor:.3f} for as many generated as real examples, where the variance is known; at "
            f"the end "
            + ", ".join(f"{cell.error.value[-1]:.2f} ({family})" for family, cell in mixed.items())
            + f"; growth over the second half {_told(mixed)}.",
        ),
    }


def _budgets(config: Config, runs: _Runs) -> dict[str, Verdict]:
    everything, reservoir, latest = (runs.of(p) for p in (EVERYTHING, RESERVOIR, LATEST))
    bounded = [family for family, cell in everything.items() if not _grows(cell)]
    growing = [family for family, cell in reservoir.items() if _grows(cell)]
    moving = [family for family, cell in latest.items() if _grows(cell)]
    return {
        "A budget of training examples, drawn from all generations, keeps the error bounded": (
            Verdict(
                HOLDS if len(bounded) == len(everything) else CAVEAT if bounded else FAILS,
                f"Growth over the second half: {_told(everything)}.",
            )
        ),
        "A reservoir of all generations keeps the error bounded": Verdict(
            FAILS if growing else CAVEAT,
            f"It grows, like a logarithm (a share 1/t of it is replaced in each generation): over "
            f"the second half by {_told(reservoir)}; beyond {_CRITICAL:g} standard errors in "
            f"{len(growing)} of {len(reservoir)} families.",
        ),
        "The latest examples within the budget serve as well": Verdict(
            FAILS if moving else CAVEAT,
            f"The error grows as without real data: over the second half by {_told(latest)}; "
            f"beyond {_CRITICAL:g} standard errors in {len(moving)} of {len(latest)} families.",
        ),
    }


def _near(one: Sweep, place: float) -> bool:
    """Whether a measured minimum is at a place, but for what the parabola is off."""
    bias = abs(one.of_exact - one.predicted)
    return bias < _PARABOLA and abs(one.least - place) < _CRITICAL * one.least_error + bias


def _golden(one: Sweep) -> Verdict:
    """On the weight for as many fresh examples as generated ones."""
    golden = number("golden_weight")
    gain = one.error.min() / np.interp(0.5, one.weights, one.error)
    return Verdict(
        HOLDS if _near(one, golden) else FAILS,
        f"The measured minimum is {one.least:.3f} +- {one.least_error:.3f}, the reciprocal of the "
        f"golden ratio {golden:.3f} (a parabola through exact errors has its minimum at "
        f"{one.of_exact:.3f}); the error there is {gain:.3f} of that at the natural weight 1/2.",
    )


def _fresh(config: Config, runs: _Runs) -> dict[str, Verdict]:
    golden = number("golden_weight")
    others = [one for one in runs.sweeps if one.num_fresh != one.num_generated]
    agree = max(
        float(np.max(np.abs(one.error - one.exact) / one.standard_error)) for one in runs.sweeps
    )
    places = ", ".join(
        f"{one.least:.3f} +- {one.least_error:.3f} (predicted {one.predicted:.3f}, {one.family}, "
        f"{one.num_fresh} fresh)"
        for one in runs.sweeps
    )
    bounded = {f"{family}, {policy}": runs.cells[family, policy] for family in config.families
               for policy in (NATURAL, BEST, INJECTED)}  # fmt: skip
    growing = [name for name, cell in bounded.items() if _grows(cell)]
    noisier = all(
        cell.error.value[-1] - 1 > _CRITICAL * cell.error.standard_error[-1]
        for cell in runs.ratios.values()
    )
    return {
        "Fresh real examples are best given the weight 1/golden ratio (as many as generated)": (
            _golden(_equal(runs.sweeps[0].family, runs))
        ),
        "That weight is best whatever the numbers of examples, and for fixed real data": Verdict(
            FAILS if noisier or any(not _near(one, golden) for one in others) else CAVEAT,
            f"Minima: {places}. With the same real data every time generated examples only add "
            f"noise: "
            + ", ".join(
                f"{cell.error.value[-1]:.2f} with {ratio:g} for each real one"
                for ratio, cell in runs.ratios.items()
            )
            + ", 1 with none.",
        ),
        "The exact error at every weight of fresh data": Verdict(
            HOLDS if agree < _CRITICAL else FAILS,
            f"{len(runs.sweeps)} sweeps: at most {agree:.1f} standard errors apart.",
        ),
        "Fresh real data in every generation, or in some, keep the error bounded": Verdict(
            HOLDS if not growing else CAVEAT,
            f"{len(bounded) - len(growing)} of {len(bounded)} settings do not grow over the "
            f"second half; the largest error at the end is "
            f"{max(cell.error.value[-1] for cell in bounded.values()):.2f}"
            + (f"; growing: {', '.join(growing)}." if growing else "."),
        ),
    }


def _growing(config: Config, runs: _Runs) -> dict[str, Verdict]:
    n = config.size
    limits = {
        growth: float(
            number("power_schedule_limit", num_real=n, num_generated=n, schedule_power=growth,
                   real_variance=n)
        )
        for growth in runs.schedules
        if growth > 1
    }  # fmt: skip
    above = {
        growth: (cell.error.value[-1] - limits[growth]) / cell.error.standard_error[-1]
        for growth, cell in runs.schedules.items()
        if growth > 1
    }
    slow = {growth: cell for growth, cell in runs.schedules.items() if growth <= 1}
    grown = all(map(_grows, slow.values()))
    agreed = [cell.verdicts[labels.MODEL_ERROR] for cell in runs.schedules.values()]
    ends = ", ".join(
        f"{runs.schedules[growth].error.value[-1]:.3f} +- "
        f"{runs.schedules[growth].error.standard_error[-1]:.3f}, with the limit {limit:.3f} "
        f"(a = {growth:g})"
        for growth, limit in limits.items()
    )
    told = ", ".join(f"{_growth(cell)} (a = {growth:g})" for growth, cell in slow.items())
    return {
        "Batches that grow faster than linearly keep the error bounded, others do not": Verdict(
            HOLDS if max(above.values()) < _CRITICAL and grown else FAILS,
            f"n (t+1)^a examples in generation t, nothing real but the first: {ends}; growth over "
            f"the second half {told}. {agreed.count(AGREES)} of {len(agreed)} exact curves agree.",
        )
    }


def _selected(config: Config, runs: _Runs) -> dict[str, Verdict]:
    """Held against the theorems on Gaussians, of which there is one in the study."""
    alone, held = runs.cells[GAUSSIAN, CURATED], runs.cells[GAUSSIAN, CURATED_REAL]
    moments = {
        "selected_mean": number("best_of_two_mean"),
        "selected_variance": number("best_of_two_variance"),
    }
    total = number("selected_total_shift", initial_sd=1, **moments)
    stationary = number(
        "curated_stationary_variance", synthetic_ratio=1, real_variance=1, **moments
    )
    shift = number(
        "curated_stationary_shift",
        synthetic_ratio=1,
        selected_mean=moments["selected_mean"],
        fitted_sd=stationary**0.5,
    )
    late = len(held.generation) // 2
    ended, settled = float(alone.location[-1, 0]), float(held.location[late:, 0].mean())
    lost = {family: cell.variance.value[-1] for family, cell in runs.of(CURATED).items()}
    kept = {family: cell.variance.value[-1] for family, cell in runs.of(CURATED_REAL).items()}
    close = abs(ended / total - 1) < _FEW, abs(settled / shift - 1) < _FEW
    return {
        "Selecting the better of two samples, without real data, ends at a point a few standard "
        "deviations away": Verdict(
            HOLDS if close[0] and max(lost.values()) <= 1 else CAVEAT,
            f"Gaussian: the mean moves by {ended:.2f} standard deviations along the score, "
            f"{total:.2f} in the limit of many samples; variances end at "
            + ", ".join(f"{value:.2f} ({family})" for family, value in lost.items())
            + " of the real ones (where it rises with the mean, selection runs away).",
        ),
        "Real data beside the selected samples hold them": Verdict(
            HOLDS if close[1] else CAVEAT,
            f"Gaussian: the shift settles at {settled:.2f} standard deviations, {shift:.2f} in the "
            f"limit of many samples; variances end at "
            + ", ".join(f"{value:.2f} ({family})" for family, value in kept.items())
            + " of the real ones. The bias stays: errors end at "
            + ", ".join(f"{cell.error.value[-1]:.1f} ({family})"
                        for family, cell in runs.of(CURATED_REAL).items())
            + " first fits'.",
        ),
    }  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    return _study.main("data_policies", argv)


if __name__ == "__main__":
    raise SystemExit(main())
