"""How many synthetic examples are best beside so many real ones? (Fu et al.; theory, F4).

A transformer that regresses in context labels fresh inputs from the real examples, and is given
both together: one retraining. Its error is held against the theorems on one layer, shift and
sampling error apart; two layers and softmax attention beside it; fits without a bias, of which
synthetic examples tell nothing; and the number that a bound on the error would recommend.

The full size was measured to take 184 s of processor time, 189 s on two busy cores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from studies import _in_context_cases as training
from studies import _study
from studies import _synthetic_size_cases as cases
from studies._contraction import within
from studies._study import CAVEAT, FAILS, HOLDS, Result, Verdict
from studies._synthetic_size_cases import ONE, SOFTMAX, TWO, Point
from studies._synthetic_size_figure import figure
from toolkit.theory import number
from toolkit.theory.in_context import BestSize, best_descent, size_by_bound


@dataclass(frozen=True, kw_only=True)
class Config:
    """Settings of the study.

    Transformers are trained at contexts of ``context`` examples; theory alone is also asked about
    those of ``short`` ones. ``real`` and ``sizes`` are numbers
    of real and of synthetic ones. ``shifts`` are what the shift of a bound is assumed to be, in
    units of the other term's constant.
    """

    num_inputs: int = 8
    prior_variance: float = 1.0
    noise_sd: float = 0.5
    context: int = 32
    short: int = 6
    num_seeds: int = 10
    steps: int = 1500
    batch_size: int = 256
    softmax_steps: int = 1000
    softmax_batch_size: int = 96
    real: tuple[int, ...] = (4, 8, 12, 16, 20, 24, 28, 32, 48)
    sizes: tuple[int, ...] = (1, 4, 16, 64, 256, 1024)
    softmax_real: tuple[int, ...] = (8, 16, 32, 48)
    softmax_sizes: tuple[int, ...] = (4, 16, 64)
    shown: tuple[int, ...] = (8, 20, 48)
    most: int = 100_000
    shifts: tuple[float, ...] = (0.1, 0.2, 0.4)
    unbiased_real: int = 40
    ratios: tuple[float, ...] = (0.25, 0.5, 1.0, 2.5, 10.0)
    replicates: int = 40_000
    softmax_replicates: int = 1000
    seed: int = 72


CONFIG = Config()
QUICK: Mapping[str, Any] = {
    "num_seeds": 3,
    "steps": 500,
    "softmax_steps": 250,
    "softmax_batch_size": 64,
    "real": (8, 20, 48),
    "sizes": (4, 64),
    "softmax_real": (8,),
    "softmax_sizes": (16,),
    "ratios": (0.25, 2.5),
    "replicates": 10_000,
    "softmax_replicates": 300,
}

#: Standard errors beyond which a number is apart; how far a trained gain may be from the best.
CRITICAL, SLACK = 4.0, 0.01


class _Runs(NamedTuple):
    """All that was computed; ``best`` by number of real examples, ``short`` for short contexts."""

    transformers: Mapping[str, Sequence[Point]]
    best: Mapping[int, BestSize]
    short: Mapping[int, BestSize]
    unbiased: Sequence[Point]
    bound: Mapping[float, Sequence[int]]


def run(config: Config) -> Result:
    """Train, retrain once, and draw.

    Parameters
    ----------
    config : Config

    Returns
    -------
    Result
    """
    one = training.trained(config, ONE, config.context)
    softmax = training.trained(config, SOFTMAX, config.context)
    each = config.replicates // config.num_seeds
    closed = [training.closed_form(config, config.context, 2)]
    runs = _Runs(
        transformers={
            ONE: list(cases.points(config, ONE, one.weights, config.sizes, each)),
            TWO: list(cases.points(config, TWO, closed, config.sizes, config.replicates)),
            SOFTMAX: list(
                cases.points(
                    config,
                    SOFTMAX,
                    softmax.weights,
                    config.softmax_sizes,
                    config.softmax_replicates,
                )
            ),
        },
        best={real: cases.best_of_one(config, real, config.context) for real in _all_real(config)},
        short={real: cases.best_of_one(config, real, config.short) for real in _all_real(config)},
        unbiased=list(cases.unbiased(config)),
        bound={
            shift: [
                size_by_bound(num_real=real, shift=shift, most=config.most)
                for real in _all_real(config)
            ]
            for shift in config.shifts
        },
    )
    return Result(
        data=_data(runs),
        figure=figure(config, runs),
        finding=_finding(config, runs),
        verdicts=_verdicts(config, runs),
    )


def _all_real(config: Config) -> range:
    """Numbers of real examples at which theory alone is asked."""
    return range(2, max(config.real) + 1)


def _data(runs: _Runs) -> xr.DataTree:
    groups = {
        name.replace(" ", "_"): xr.Dataset(
            {
                field: ("case", [getattr(one, field) for one in own])
                for field in Point._fields
                if field != "name"
            }
        )
        for name, own in runs.transformers.items()
    }
    groups["unbiased"] = xr.Dataset(
        {
            field: ("case", np.array([getattr(one, field) for one in runs.unbiased]))
            for field in Point._fields
        }
    )
    groups["best"] = xr.Dataset(
        {
            field: ("num_real", [getattr(one, field) for one in runs.best.values()])
            for field in BestSize._fields
        }
        | {"real": ("num_real", list(runs.best))}
        | {f"bound_{shift:g}".replace(".", "p"): ("num_real", list(found))
           for shift, found in runs.bound.items()}
    )  # fmt: skip
    return xr.DataTree.from_dict(groups)


def _score(config: Config, runs: _Runs) -> float:
    """Standard errors between trained layers and the theorem, beyond the slack."""
    own = runs.transformers[ONE]
    exact = np.array(
        [float(cases.predicted(config, "error", p.num_real, p.num_synthetic)) for p in own]
    )
    # In units of what is predicted, so that the slack is one number.
    after = np.array([p.after for p in own]) / exact
    error = np.array([p.after_error for p in own]) / exact
    return float(within(after, error, 1.0, SLACK).max())


def _threshold(config: Config) -> float:
    """Real examples from which no synthetic ones help one layer."""
    gain = training.closed_gain(config, config.context)
    values = cases.given(config, gain, config.context)
    names = ("num_features", "attention_gain", "squared_norm", "real_label_noise")
    return float(number("augmentation_threshold", **{key: values[key] for key in names}))


def _size(config: Config, number_of: int) -> str:
    return "ever more" if number_of >= config.most else str(number_of or "none")


def _best_words(config: Config, runs: _Runs) -> str:
    return "; ".join(
        f"{real} real: {_size(config, best.num_synthetic)}"
        + (f", error {1 - best.error / best.without:.1%} smaller" if best.num_synthetic else "")
        for real, best in ((real, runs.best[real]) for real in config.real)
    )


def _seen_words(config: Config, runs: _Runs, name: str) -> str:
    rows = []
    for real in config.softmax_real if name == SOFTMAX else config.real:
        best = cases.best_seen(runs.transformers[name], real, CRITICAL)
        rows.append(
            f"{real}: none" if best is None
            else f"{real}: {best.num_synthetic}, {-best.change / best.before:.1%} smaller"
        )  # fmt: skip
    return ", ".join(rows)


def _finding(config: Config, runs: _Runs) -> str:
    gain = training.closed_gain(config, config.context)
    at = config.shown[len(config.shown) // 2]
    bound = "; ".join(
        f"{shift:g}: {_size(config, found[list(runs.best).index(at)])}"
        for shift, found in runs.bound.items()
    )
    return (
        f"Trained at contexts of {config.context} (gain {gain:.3f}), one layer of linear attention "
        f"is given {config.num_inputs}-dimensional regressions of fewer or more real examples, and "
        f"synthetic inputs with its own answers beside them. Best number of synthetic ones, by "
        f"theory: {_best_words(config, runs)}; certainly none from {_threshold(config):.1f} real "
        f"ones on. Simulated errors of trained layers are at most {_score(config, runs):.1f} "
        f"standard errors from the theorem beyond {SLACK:.0%}. Among the sizes tried, best for two "
        f"layers: {_seen_words(config, runs, TWO)}; for softmax attention: "
        f"{_seen_words(config, runs, SOFTMAX)}. Synthetic examples only shrink the answers: they "
        f"help a gain that is too large for so few real examples, which another gain would serve "
        f"better. Of fits without a bias none helps: the error grows by up to "
        f"{max(p.change / p.before for p in runs.unbiased):.0%}. A bound of a shift and a term "
        f"like 1/sqrt(n) would recommend, beside {at} real ones, by its assumed shift: {bound}, "
        f"where {_size(config, runs.best[at].num_synthetic)} are best."
    )


def _verdicts(config: Config, runs: _Runs) -> dict[str, Verdict]:
    score = _score(config, runs)
    least = min(runs.unbiased, key=lambda p: p.change / p.change_error)
    helped = [real for real, best in runs.best.items() if best.num_synthetic > 0]
    between = {
        context: sum(0 < best.num_synthetic < config.most for best in found.values())
        for context, found in ((config.context, runs.best), (config.short, runs.short))
    }
    chosen = {
        shift: np.mean([
            _same(config, size, best.num_synthetic)
            for size, best in zip(found, runs.best.values(), strict=True)
        ])
        for shift, found in runs.bound.items()
    }  # fmt: skip
    served = max(
        best.error / best_descent(
            num_inputs=config.num_inputs, context=real, prior_variance=config.prior_variance,
            noise_sd=config.noise_sd).error
        for real, best in runs.best.items() if best.num_synthetic > 0
    )  # fmt: skip
    return {
        '"Optimal synthetic data sizing"': Verdict(
            CAVEAT if helped else FAILS,
            f"One layer trained at contexts of {config.context} is served best by ever more "
            f"synthetic examples beside up to {max(helped, default=0)} real ones, by none beside "
            f"more; a finite number is the best at {between[config.context]} of "
            f"{len(runs.best)} numbers of real examples (trained at contexts of {config.short}: "
            f"{between[config.short]}). And they only make up for a gain that is wrong for so few: "
            f"the best gain does better without any, by a factor of up to {served:.2f}. For two "
            f"layers the best of the sizes tried are, by number of real examples, "
            f"{_seen_words(config, runs, TWO)}.",
        ),
        "The error of one layer after a retraining, shift and sampling error": Verdict(
            HOLDS if score < CRITICAL else FAILS,
            f"{len(runs.transformers[ONE])} sizes, {config.num_seeds} trained transformers: at "
            f"most {score:.1f} standard errors from the theorem beyond {SLACK:.0%}.",
        ),
        "Of a fit without a bias no synthetic example helps": Verdict(
            HOLDS if least.change > CRITICAL * least.change_error else FAILS,
            f"{len(runs.unbiased)} sizes of three fits: the error grows by at least "
            f"{least.change / least.before:.2%} ({least.name}, {least.num_synthetic} beside "
            f"{least.num_real}), {least.change / least.change_error:.1f} standard errors.",
        ),
        "A bound of shift and 1/sqrt(n) recommends the best number": Verdict(
            HOLDS if min(chosen.values()) > 0.9 else FAILS,
            "It agrees with the best number to a factor of 2 at "
            + ", ".join(f"{share:.0%} (assumed shift {shift:g})" for shift, share in chosen.items())
            + f" of the numbers of real examples up to {max(config.real)}.",
        ),
    }  # fmt: skip


def _same(config: Config, first: int, second: int) -> bool:
    """Whether two numbers are within a factor of 2, or both none, or both without end."""
    if min(first, second) == 0 or max(first, second) >= config.most:
        return first == second or min(first, second) >= config.most
    return max(first, second) <= 2 * min(first, second)


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    return _study.main("synthetic_size", argv)


if __name__ == "__main__":
    raise SystemExit(main())
