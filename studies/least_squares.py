"""What the usual log-linear fit of averaged curves gets wrong.

Average the text diversity over replicates, regress its log on the generation, report the slope:
how far is it from the true decay rate, and how often does its 90 % interval cover that? The
averages of successive generations are no independent points around a line: they are one drifting
trajectory, and with injected corpora the curve bends to a floor. Beside it, on the same data:
``diversity_decay``, which sees the same scores, and ``text_drift``, which sees the probabilities.

The truth is exact: posteriors are one-hot (narrow, frozen images), so that the mean diversity
follows the linear recursion of Theorem 6.1, of which the closed loop is a special case. Each fit
is one chain under the first data set's default priors; chains that fail are left out and counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy import stats

from studies import _study
from studies._study import CAVEAT, FAILS, HOLDS, Result, Verdict
from toolkit import labels, measures, plotting
from toolkit.calibration.fitting import posteriors
from toolkit.models import model_of
from toolkit.simulate import simulate
from toolkit.systems import CoevolvingSystem, CorpusInjection
from toolkit.theory import number

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Config:
    """Settings of the study; a data set is ``replicates`` of ``generations`` each."""

    num_texts: int = 5
    variance: float = 0.005
    batch_size: int = 100
    injection_prob: float = 0.2
    injection_fraction: float = 0.05
    generations: int = 100
    replicates: int = 5
    num_datasets: int = 100
    num_warmup: int = 500
    num_draws: int = 1000
    fits: tuple[str, ...] = ("diversity_decay", "text_drift")
    seed: int = 7


CONFIG = Config()
QUICK: Mapping[str, Any] = {
    "batch_size": 50,
    "generations": 40,
    "num_datasets": 10,
    "num_warmup": 150,
    "num_draws": 150,
    "fits": ("diversity_decay",),
}

LEVEL = 0.9
LINE, SCORES, PROBS = "least squares", "diversity_decay", "text_drift"
LOOPS = ("closed", "injected")
METHOD, QUANTILE = "method", "quantile"
_QUANTILES = (0.5 - LEVEL / 2, 0.5, 0.5 + LEVEL / 2)


class _Case(NamedTuple):
    """A loop, its truth and what each method says of each data set.

    ``estimates`` holds quantiles of the decay rate and of the diversity in the end (dims method,
    dataset, quantile; NaN where a fit failed); ``by_length`` the coverage of least squares.
    """

    loop: str
    curve: FloatArray
    rate: float
    stationary: float
    average: FloatArray
    estimates: xr.Dataset
    by_length: xr.DataArray

    @property
    def methods(self) -> list[str]:
        """Least squares first."""
        return [str(name) for name in self.estimates[METHOD].values]


def run(config: Config) -> Result:
    """Simulate both loops, fit every data set in three ways, and draw.

    Parameters
    ----------
    config : Config

    Returns
    -------
    Result
    """
    cases = [_case(config, loop) for loop in LOOPS]
    groups: dict[str, xr.Dataset] = {}
    for case in cases:
        truth = {"true_rate": case.rate, "true_end": case.stationary}
        groups[f"{case.loop}/estimates"] = case.estimates.assign_attrs(truth)
        groups[f"{case.loop}/least_squares_coverage"] = case.by_length.to_dataset(name="coverage")
    return Result(
        data=xr.DataTree.from_dict(groups),
        figure=_figure(config, cases),
        finding=_finding(config, cases),
        verdicts=_verdicts(cases),
    )


def _case(config: Config, loop: str) -> _Case:
    prob = config.injection_prob if loop == "injected" else 0.0
    fraction = config.injection_fraction
    corpus = CorpusInjection(prob=prob, fraction=fraction) if prob else None
    system = CoevolvingSystem.on_unit_circle(
        num_texts=config.num_texts,
        variance=config.variance,
        batch_size=config.batch_size,
        image_updates=0,
        corpus=corpus,
    )
    simulated = simulate(
        system,
        generations=config.generations,
        replicates=config.replicates * config.num_datasets,
        seed=config.seed,
        record=(labels.TEXT_PROBS, labels.TEXT_DIVERSITY),
    )
    data_sets = [
        simulated.isel({labels.REPLICATE: slice(first, first + config.replicates)})
        for first in range(0, simulated.sizes[labels.REPLICATE], config.replicates)
    ]
    average = np.stack(
        [one[labels.TEXT_DIVERSITY].mean(labels.REPLICATE).values for one in data_sets]
    )
    after = np.arange(3 * config.generations + 1)
    curve = _mean_diversity(config, config.batch_size, prob, fraction, after)
    rate = float(_rate(config, config.batch_size, prob, fraction))
    found = {LINE: _lines(average)}
    found |= {name: _FITTED[name](config, data_sets) for name in config.fits}
    both = np.stack(list(found.values()))
    dims, coords = (
        (METHOD, labels.DATASET, QUANTILE),
        {METHOD: list(found), QUANTILE: [*_QUANTILES]},
    )
    estimates = xr.Dataset(
        {labels.DECAY_RATE: (dims, both[:, :, 0]), "end": (dims, both[:, :, 1])}, coords=coords
    )
    stationary = float(_end(config, config.batch_size, prob, fraction))
    return _Case(loop, curve, rate, stationary, average, estimates, _by_length(average, rate))


def _injection(config: Config, size: Any, prob: Any, fraction: Any) -> dict[str, Any]:
    return {
        "batch_size": size,
        "text_updates": 1,
        "injection_prob": prob,
        "injection_fraction": fraction,
    }


def _mean_diversity(
    config: Config, size: Any, prob: Any, fraction: Any, generation: Any
) -> FloatArray:
    """Exact mean diversity of a loop that starts at its corpus."""
    uniform = float(measures.text_diversity(np.full(config.num_texts, 1 / config.num_texts)))
    values = _injection(config, size, prob, fraction) | {"generations": generation}
    start = {"initial_text_diversity": uniform, "target_diversity": uniform}
    return np.asarray(number("corpus_injection_recursion_before", **values, **start))


def _rate(config: Config, size: Any, prob: Any, fraction: Any) -> Any:
    """Rate at which the mean diversity nears its end: of the recursion without its source."""
    values = _injection(config, size, prob, fraction) | {"generations": 1}
    without = {"initial_text_diversity": 1.0, "target_diversity": 0.0}
    return -np.log(number("corpus_injection_recursion_before", **values, **without))


def _end(config: Config, size: Any, prob: Any, fraction: Any) -> Any:
    """Mean diversity in the long run."""
    values = _injection(config, size, prob, fraction)
    uniform = float(measures.text_diversity(np.full(config.num_texts, 1 / config.num_texts)))
    return number("corpus_injection_stationary_before", **values, target_diversity=uniform)


def _line(average: FloatArray) -> FloatArray:
    """Low, middle and high decay rate of a line through the logs, by ordinary least squares."""
    generation = np.flatnonzero(average > 0)
    line = stats.linregress(generation, np.log(average[generation]))
    reach = stats.t.ppf(0.5 + LEVEL / 2, len(generation) - 2) * line.stderr
    return -line.slope + np.array([-reach, 0.0, reach])


def _lines(average: FloatArray) -> FloatArray:
    """Of each data set; the end of an exponential is nothing."""
    rate = np.stack([_line(one) for one in average])
    return np.stack([rate, np.zeros_like(rate)], axis=1)


def _by_length(average: FloatArray, rate: float) -> xr.DataArray:
    """Share of data sets whose least-squares interval covers, by the generations used."""
    last = average.shape[1] - 1
    lengths = np.unique(np.linspace(min(10, last), last, 10).astype(int))
    covers = []
    for length in lengths:
        found = np.stack([_line(one[: length + 1]) for one in average])
        covers.append(np.mean((found[:, 0] <= rate) & (rate <= found[:, 2])))
    return xr.DataArray(covers, {labels.GENERATION: lengths}, labels.GENERATION)


def _draws(
    config: Config,
    name: str,
    data_sets: Sequence[xr.Dataset],
    parameters: tuple[str, ...],
    **options: Any,
) -> dict[str, FloatArray]:
    """Posterior draws of every data set, NaN where the chain failed."""
    model = model_of(name)
    prior = model.priors(model.prepare(data_sets[0], **options))
    found = posteriors(
        model,
        data_sets,
        {},
        prior,
        parameters=parameters,
        options=options,
        seed=config.seed,
        num_warmup=config.num_warmup,
        num_draws=config.num_draws,
    )
    failed = found.failed[:, None]
    return {name: np.where(failed, np.nan, found.draws[name]) for name in parameters}


def _summary(rate: FloatArray, end: FloatArray) -> FloatArray:
    """Quantiles over the draws of each data set, shape (data sets, 2, quantiles)."""
    both = np.stack([rate, end], axis=1)
    return np.moveaxis(np.quantile(both, _QUANTILES, axis=-1), 0, -1)


def _fitted_scores(config: Config, data_sets: Sequence[xr.Dataset]) -> FloatArray:
    wanted = (labels.CONTRACTION_FACTOR, labels.FLOOR)
    draws = _draws(config, SCORES, data_sets, wanted, variable=labels.TEXT_DIVERSITY)
    return _summary(-np.log(draws[labels.CONTRACTION_FACTOR]), draws[labels.FLOOR])


def _fitted_probs(config: Config, data_sets: Sequence[xr.Dataset]) -> FloatArray:
    """Rate and end that follow from the causes, by the theorems."""
    wanted = (labels.EFFECTIVE_BATCH_SIZE, labels.INJECTION_PROB, labels.INJECTION_FRACTION)
    draws = _draws(config, PROBS, data_sets, wanted, images=False)
    size, prob, fraction = (draws[name] for name in wanted)
    failed = np.isnan(size)
    # The theorems are on whole numbers of images.
    size = np.round(np.where(failed, 2.0, size)).astype(int)
    prob, fraction = (np.where(failed, 0.5, array) for array in (prob, fraction))
    values = [function(config, size, prob, fraction) for function in (_rate, _end)]
    return _summary(*(np.where(failed, np.nan, array) for array in values))


_FITTED = {SCORES: _fitted_scores, PROBS: _fitted_probs}


class _Score(NamedTuple):
    """How a method does on a loop: medians against the truth, and intervals that hold it."""

    ratio: float
    error: float
    covered: int
    number: int
    width: float

    @property
    def coverage(self) -> str:
        """In words."""
        return f"{self.covered} of {self.number}"

    @property
    def p_value(self) -> float:
        """Of the intervals covering as often as they promise."""
        if not self.number:
            return 0.0
        return float(stats.binomtest(self.covered, self.number, LEVEL).pvalue)


def _score(case: _Case, method: str, variable: str = labels.DECAY_RATE) -> _Score:
    truth = case.rate if variable == labels.DECAY_RATE else case.stationary
    found = case.estimates[variable].sel({METHOD: method}).values
    found = found[np.isfinite(found).all(axis=1)]
    low, middle, high = found.T
    covered = int(np.sum((low <= truth) & (truth <= high)))
    scale = truth if truth > 0 else 1.0
    error = float(np.std(middle, ddof=1) / scale / np.sqrt(len(middle)))
    width = float(np.median(high - low) / scale)
    return _Score(float(np.mean(middle) / scale), error, covered, len(found), width)


@plotting.styled
def _figure(config: Config, cases: Sequence[_Case]) -> Any:
    figure, axes = plotting.panels(1, 3, size=(14.5, 4.4))
    one, estimates, coverage = axes[0]
    _draw_one(config, one, cases[-1])
    _draw_estimates(estimates, cases)
    _draw_coverage(config, coverage, cases)
    return figure


def _draw_one(config: Config, ax: Any, case: _Case) -> None:
    """The first data set of the injected loop, and the line through its logs, carried on."""
    grey, blue, red = "0.45", *plotting.colours(2)
    after = np.arange(case.curve.size)
    ax.plot(np.arange(case.average.shape[1]), case.average[0], color=grey, lw=1)
    ax.plot(after, case.curve, color=blue, label="exact mean")
    # The line itself, for its height; its slope is the estimate's.
    first = case.average[0]
    line = np.polynomial.Polynomial.fit(np.arange(first.size), np.log(first), 1)
    ax.plot(after, np.exp(line(after)), color=red, ls=(0, (4, 2)), label="least squares")
    ax.axvspan(0, config.generations, color="0.93", zorder=0)
    plotting.log_axis(ax)
    ax.set_xlim(0, after[-1])
    ax.set_xlabel(labels.COORDINATES[labels.GENERATION].long_name)
    ax.set_ylabel(f"average over {config.replicates} replicates")
    ax.set_title("A line through the logs sees no floor\n(one injected data set, shaded; grey)")
    plotting.label_ends(ax)


def _draw_estimates(ax: Any, cases: Sequence[_Case]) -> None:
    """Middle estimates of all data sets, and a typical interval, against the truth."""
    ax.axvline(1, color="0.4", lw=0.8)
    names = []
    for row, (case, method) in enumerate((c, m) for c in cases for m in c.methods):
        colour = plotting.colours(3)[case.methods.index(method)]
        found = case.estimates[labels.DECAY_RATE].sel({METHOD: method}).values / case.rate
        found = found[np.isfinite(found).all(axis=1)]
        offset = np.linspace(-0.3, 0.1, len(found)) if len(found) > 1 else np.zeros(1)
        ax.plot(found[:, 1], row + offset, ".", color=colour, markersize=3, alpha=0.6)
        low, high = np.median(found[:, 0]), np.median(found[:, 2])
        ax.plot([low, high], [row + 0.28] * 2, color=colour, lw=2.5)
        names.append(f"{case.loop}:\n{method}")
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.set_xscale("log")
    ax.set_xlabel("decay rate / true decay rate")
    ax.set_ylabel("loop: method")
    ax.set_title(
        "Least squares is sure of wrong rates\n(dots: data sets; bar: median 90 % interval)"
    )


def _draw_coverage(config: Config, ax: Any, cases: Sequence[_Case]) -> None:
    """Coverage of least squares by length, and of the fits at full length."""
    ax.axhline(LEVEL, color="0.4", lw=0.8)
    for case, style in zip(cases, ("-", (0, (4, 2))), strict=True):
        line = case.by_length
        colour = plotting.colours(3)[0]
        words = f"{LINE}, {case.loop}"
        ax.plot(line[labels.GENERATION], line, color=colour, ls=style, label=words)
    for shift, (case, method) in enumerate((c, m) for m in cases[0].methods[1:] for c in cases):
        score = _score(case, method)
        share = score.covered / max(score.number, 1)
        low, high = stats.binomtest(score.covered, max(score.number, 1)).proportion_ci(0.95)
        colour = plotting.colours(3)[case.methods.index(method)]
        at = config.generations * (1 + 0.03 * (shift + 1))
        ax.errorbar(
            [at],
            [share],
            [[share - low], [high - share]],
            fmt="o" if case.loop == "closed" else "s",
            mfc=colour if case.loop == "closed" else "white",
            color=colour,
            capsize=2,
            label=f"{method}, {case.loop}",
        )
    ax.set_ylim(0, 1.02)
    ax.set_xlabel("generations observed")
    ax.set_ylabel("share of 90 % intervals that cover")
    ax.set_title("More generations do not help the line:\nits errors are not independent")
    plotting.legend_below(ax, columns=2)


def _finding(config: Config, cases: Sequence[_Case]) -> str:
    parts = []
    for case in cases:
        methods = []
        for method in case.methods:
            score = _score(case, method)
            methods.append(
                f"{method} {score.ratio:.2f} +- {score.error:.2f} times the truth, its interval "
                f"(median width {score.width:.2f}) covers in {score.coverage}"
            )
        parts.append(f"{case.loop} loop, true rate {case.rate:.5f}: {'; '.join(methods)}")
    injected = cases[-1]
    ends = "".join(
        f", {method} on average {_score(injected, method, 'end').ratio * injected.stationary:.3f}"
        for method in injected.methods[1:]
    )
    failed = sum(
        config.num_datasets - _score(case, method).number
        for case in cases
        for method in case.methods
    )
    return (
        f"{config.num_datasets} data sets of {config.replicates} replicates and "
        f"{config.generations} generations of {config.num_texts} texts, batches of "
        f"{config.batch_size}, closed or with a corpus injected (probability "
        f"{config.injection_prob:g}, fraction {config.injection_fraction:g}). Decay rate of mean "
        f"text diversity, mean estimate: {'. '.join(parts)}. In the long run the injected loop "
        f"keeps {injected.stationary:.3f}; a line through the logs says 0{ends}. "
        f"Chains that failed and were left out: {failed}."
    )


def _verdicts(cases: Sequence[_Case]) -> dict[str, Verdict]:
    verdicts = {}
    for case in cases:
        score = _score(case, LINE)
        apart = abs(score.ratio - 1) / score.error
        verdicts[f"Least squares on log averages is unbiased ({case.loop} loop)"] = Verdict(
            FAILS if apart > 4 else CAVEAT if apart > 2 else HOLDS,
            f"Its mean is {score.ratio:.2f} +- {score.error:.2f} times the true rate.",
        )
    for method in cases[0].methods:
        scores = [_score(case, method) for case in cases]
        right = [score.p_value > 0.01 for score in scores]
        verdicts[f"90 % intervals of {method} cover the true rate in 90 % of data sets"] = Verdict(
            HOLDS if all(right) else CAVEAT if any(right) else FAILS,
            ", ".join(
                f"{case.loop}: {score.coverage} (p = {score.p_value:.2g})"
                for case, score in zip(cases, scores, strict=True)
            )
            + ".",
        )
    shares = [case.by_length.values for case in cases]
    verdicts["More generations mend the intervals of least squares"] = Verdict(
        FAILS if all(share[-1] <= max(share[0], LEVEL / 2) for share in shares) else CAVEAT,
        "Coverage with the fewest and with all generations: "
        + ", ".join(
            f"{case.loop} {share[0]:.2f} and {share[-1]:.2f}"
            for case, share in zip(cases, shares, strict=True)
        )
        + ".",
    )
    return verdicts


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    return _study.main("least_squares", argv)


if __name__ == "__main__":
    raise SystemExit(main())
