"""Which causes drive a loop? Chance, sharpening, shrinkage and outside data, told apart.

Loops of one kind in which one cause after another is switched on, then all of them: captions
sharpened by a known temperature, covariances shrunk by a known factor, a corpus injected, real
images given back. ``coevolution`` is fitted to each, with the same priors and without being told
which it is; the posterior of every cause is laid beside the truth.

The full size took under four minutes on two cores that were busy otherwise, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from scipy import stats

from studies import _study
from studies._study import CAVEAT, FAILS, HOLDS, Result, Verdict
from toolkit import labels, plotting
from toolkit.inference import fit
from toolkit.simulate import simulate
from toolkit.systems import CoevolvingSystem, CorpusInjection, UserContent


@dataclass(frozen=True, kw_only=True)
class Config:
    """Settings of the study; the causes are those of the loops in which they act."""

    num_texts: int = 4
    variance: float = 0.05
    batch_size: int = 500
    generations: int = 50
    replicates: int = 6
    text_temperature: float = 0.98
    shrinkage_factor: float = 0.98
    injection_prob: float = 0.3
    injection_fraction: float = 0.1
    user_images: int = 20
    loops: tuple[str, ...] = (
        "chance alone",
        "sharpening",
        "shrinkage",
        "injection",
        "real images",
        "all of them",
    )
    num_warmup: int = 150
    num_draws: int = 500
    seed: int = 17


CONFIG = Config()
QUICK: Mapping[str, Any] = {
    "generations": 12,
    "replicates": 2,
    "num_texts": 3,
    "loops": ("chance alone", "shrinkage"),
    "num_draws": 200,
}

LEVEL = 0.9
CAUSE, LOOP, QUANTILE = "cause", "loop", "quantile"
_QUANTILES = (0.5 - LEVEL / 2, 0.5, 0.5 + LEVEL / 2)
#: The loops, and the causes that are switched on in each.
LOOPS: Mapping[str, tuple[str, ...]] = {
    "chance alone": (),
    "sharpening": ("sharpening",),
    "shrinkage": ("shrinkage",),
    "injection": ("injection",),
    "real images": ("real images",),
    "all of them": ("sharpening", "shrinkage", "injection", "real images"),
}
#: What is reported of each fit, in words, with the value of no effect where there is one.
CAUSES: Mapping[str, tuple[str, float | None]] = {
    labels.EFFECTIVE_BATCH_SIZE: ("effective batch size", None),
    labels.TEXT_TEMPERATURE: ("text temperature", 1.0),
    labels.SHRINKAGE_FACTOR: ("shrinkage factor", 1.0),
    "injected_share": ("injected share per generation", 0.0),
    labels.REAL_SHARE: ("share of real images", 0.0),
}


def run(config: Config) -> Result:
    """Simulate and fit every loop, and draw what was found beside what is true.

    Parameters
    ----------
    config : Config

    Returns
    -------
    Result
    """
    found = xr.concat(
        [_fitted(config, name, index) for index, name in enumerate(config.loops)], dim=LOOP
    ).assign_coords({LOOP: list(config.loops)})
    return Result(
        data=xr.DataTree.from_dict({"causes": found}),
        figure=_figure(config, found),
        finding=_finding(config, found),
        verdicts=_verdicts(found),
    )


def _system(config: Config, loop: str) -> CoevolvingSystem:
    on = LOOPS[loop]
    corpus = CorpusInjection(prob=config.injection_prob, fraction=config.injection_fraction)
    return CoevolvingSystem.on_unit_circle(
        num_texts=config.num_texts,
        variance=config.variance,
        batch_size=config.batch_size,
        text_temperature=config.text_temperature if "sharpening" in on else 1.0,
        shrinkage_factor=config.shrinkage_factor if "shrinkage" in on else 1.0,
        corpus=corpus if "injection" in on else None,
        user_content=UserContent(num_images=config.user_images) if "real images" in on else None,
    )


def _truth(config: Config, system: CoevolvingSystem) -> dict[str, float]:
    corpus, content = system.corpus, system.user_content
    real = 0 if content is None else content.num_images
    return {
        labels.EFFECTIVE_BATCH_SIZE: float(system.batch_size),
        labels.TEXT_TEMPERATURE: system.text_temperature,
        labels.SHRINKAGE_FACTOR: system.shrinkage_factor,
        "injected_share": 0.0 if corpus is None else corpus.prob * corpus.fraction,
        labels.REAL_SHARE: real / (real + system.batch_size / system.num_texts),
    }


def _fitted(config: Config, loop: str, index: int) -> xr.Dataset:
    """Quantiles of each cause's posterior, and the truth."""
    system = _system(config, loop)
    observed = simulate(
        system,
        generations=config.generations,
        replicates=config.replicates,
        seed=config.seed + index,
        record=(labels.TEXT_PROBS, labels.IMAGE_MEAN, labels.IMAGE_COV, labels.IMAGE_COUNT),
    )
    # One likelihood for all loops: sharpened probabilities are no counts.
    found = fit(
        observed,
        "coevolution",
        seed=config.seed,
        num_warmup=config.num_warmup,
        num_draws=config.num_draws,
        likelihood="moments",
        batch_size=config.batch_size,
    )
    posterior = found["posterior"].to_dataset()
    share = posterior[labels.INJECTION_PROB] * posterior[labels.INJECTION_FRACTION]
    draws = posterior.assign(injected_share=share)
    ends = np.stack([np.quantile(draws[name], _QUANTILES) for name in CAUSES])
    truth = _truth(config, system)
    return xr.Dataset(
        {
            "found": ((CAUSE, QUANTILE), ends),
            "true": (CAUSE, [truth[name] for name in CAUSES]),
            "converged": found.attrs["converged"] == "true",
        },
        coords={CAUSE: list(CAUSES), QUANTILE: list(_QUANTILES)},
    )


def _covers(found: xr.Dataset) -> xr.DataArray:
    """Which intervals hold the truth; of a share that is 0 it is enough to come near."""
    low, high = (found["found"].sel({QUANTILE: q}) for q in (_QUANTILES[0], _QUANTILES[2]))
    return (low <= found["true"]) & (found["true"] <= high)


def _at_zero(found: xr.Dataset) -> xr.DataArray:
    """Where the truth lies on the edge of the prior, which no central interval can hold."""
    return found["true"] == 0


@plotting.styled
def _figure(config: Config, found: xr.Dataset) -> Any:
    figure, axes = plotting.panels(1, len(CAUSES), size=(2.7 * len(CAUSES), 3.6))
    height = np.arange(len(config.loops))[::-1]
    for ax, (name, (words, neutral)) in zip(axes[0], CAUSES.items(), strict=True):
        one = found.sel({CAUSE: name})
        low, middle, high = one["found"].transpose(QUANTILE, LOOP).values
        blue, red = plotting.colours(2)
        if neutral is not None:
            ax.axvline(neutral, color="0.6", lw=0.8)
        ax.hlines(height, low, high, color=blue, lw=2.5)
        ax.plot(middle, height, "o", color=blue, ms=4, label="median and 90 % interval")
        ax.plot(one["true"], height, "|", color=red, ms=13, mew=2, label="truth")
        ax.set_xlabel(words)
        ax.set_ylim(-0.6, len(config.loops) - 0.4)
        ax.set_yticks(height, list(config.loops) if ax is axes[0][0] else [])
        ax.set_ylabel("loop" if ax is axes[0][0] else "same loops")
        ax.set_title(_panel_title(one))
        ax.grid(axis="y", visible=False)
    plotting.legend_below(axes[0][0], columns=1)
    return figure


def _panel_title(one: xr.Dataset) -> str:
    """How many of a cause's intervals hold the truth; where it is 0, how near they come."""
    right, number = _counts(one)
    zero = float(one["found"].sel({QUANTILE: _QUANTILES[2]}).where(_at_zero(one)).max())
    held = f"holds the truth in {right} of {number}" if number else "absent"
    return held if np.isnan(zero) else f"{held};\nat most {zero:.2g} where it is 0"


def _counts(found: xr.Dataset) -> tuple[int, int]:
    counted = ~_at_zero(found) & found["converged"]
    return int((_covers(found) & counted).sum()), int(counted.sum())


def _largest_at_zero(found: xr.Dataset) -> dict[str, float]:
    """The largest upper end of a share that is truly 0, by cause."""
    high = found["found"].sel({QUANTILE: _QUANTILES[2]}).where(_at_zero(found) & found["converged"])
    most = high.max(LOOP)
    return {str(n): float(most.sel({CAUSE: n})) for n in CAUSES if np.isfinite(most.sel(cause=n))}


def _finding(config: Config, found: xr.Dataset) -> str:
    right, number = _counts(found)
    zero = _largest_at_zero(found)
    failed = [
        loop for loop, ok in zip(config.loops, found["converged"].values, strict=True) if not ok
    ]
    bounds = "; ".join(f"{CAUSES[name][0]} below {high:.3g}" for name, high in zero.items())
    low, high = (found["found"].sel({QUANTILE: q}) for q in (_QUANTILES[0], _QUANTILES[2]))
    width = (high - low).median(LOOP)
    widths = "; ".join(
        f"{words} {float(width.sel({CAUSE: name})):.3g}" for name, (words, _) in CAUSES.items()
    )
    text = (
        f"From {config.replicates} replicates of {config.generations} generations, {right} of "
        f"{number} central 90 % intervals of the causes hold the truth. Where a cause is absent, "
        f"the fit says so with an upper bound (95 %): {bounds}. Median widths of the "
        f"intervals: {widths}."
    )
    return text + (f" The chains did not come to agree for: {', '.join(failed)}." if failed else "")


def _verdicts(found: xr.Dataset) -> dict[str, Verdict]:
    right, number = _counts(found)
    covered = stats.binomtest(right, number, LEVEL).pvalue if number else 0.0
    high = found["found"].sel({QUANTILE: _QUANTILES[2]})
    told = {
        "sharpening": (labels.TEXT_TEMPERATURE, high < 1),
        "shrinkage": (labels.SHRINKAGE_FACTOR, high < 1),
    }
    verdicts = {
        "90 % intervals cover": Verdict(
            HOLDS if covered > 0.01 else FAILS, f"{right} of {number} intervals hold the truth."
        )
    }
    for cause, (name, seen) in told.items():
        loops = [loop for loop in found[LOOP].values if cause in LOOPS[loop]]
        others = [loop for loop in found[LOOP].values if loop not in loops]
        there = int(seen.sel({CAUSE: name, LOOP: loops}).sum())
        falsely = int(seen.sel({CAUSE: name, LOOP: others}).sum())
        outcome = HOLDS if there == len(loops) and not falsely else CAVEAT
        verdicts[f"{cause} is seen where it is, and only there"] = Verdict(
            outcome,
            f"the 90 % interval is below 1 in {there} of {len(loops)} loops with it and in "
            f"{falsely} of {len(others)} without.",
        )
    return verdicts


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    return _study.main("causes", argv)


if __name__ == "__main__":
    raise SystemExit(main())
