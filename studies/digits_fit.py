"""The loop on handwritten digits, fitted to its first half: forecast, score, and find the dose.

The answers a user wants of a loop on real images. The texts are fitted by ``text_drift``, the
images by ``coevolution``, to the first half of closed loops. How well do the forecasts of text and
image diversity cover what came? Which dose of a corpus, how many real images given back, hold
them, and do these doses keep their promise when the loop itself is carried on with them?
``image_contraction`` takes the texts to stand still. To see what that costs where they drift, it
answers for the images twice: in the whole loop, and in one whose text model is frozen.

The full size was measured to take five minutes on two busy cores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from studies import _study
from studies._study import CAVEAT, FAILS, HOLDS, Result, Verdict
from toolkit import labels, metrics, plotting
from toolkit.forecast import dose, forecast, forecast_scores
from toolkit.inference import fit
from toolkit.simulate import simulate
from toolkit.systems import CoevolvingSystem, CorpusInjection, UserContent

TEXTS, BOTH = "texts", "images and texts"
IMAGES, STILL = "images alone", "images alone, texts frozen"


@dataclass(frozen=True, kw_only=True)
class Config:
    """Settings of the study.

    ``generations`` are simulated, the first half fitted. A dose is to keep ``text_target``, or
    the share ``image_target`` of the least diverse digit's image diversity, for ``horizon``
    generations with ``probability``; it is tried ``checks`` times on every replicate.
    """

    digits: tuple[int, ...] = tuple(range(10))
    parts: tuple[str, ...] = (TEXTS, BOTH, STILL, IMAGES)
    num_features: int = 4
    batch_size: int = 500
    generations: int = 60
    replicates: int = 20
    num_draws: int = 250
    injection_prob: float = 0.2
    text_target: float = 0.8
    image_target: float = 0.8
    horizon: int = 60
    probability: float = 0.9
    dose_draws: int = 400
    checks: int = 10
    seed: int = 10


CONFIG = Config()
QUICK: Mapping[str, Any] = {
    "digits": (0, 1, 2),
    "parts": (IMAGES,),
    "batch_size": 150,
    "generations": 30,
    "replicates": 6,
    "num_draws": 100,
    "horizon": 20,
    "dose_draws": 100,
    "checks": 3,
}

VARIABLES: Mapping[str, str] = {
    TEXTS: labels.TEXT_DIVERSITY,
    BOTH: labels.IMAGE_DIVERSITY,
    IMAGES: labels.IMAGE_DIVERSITY,
    STILL: labels.IMAGE_DIVERSITY,
}
#: What the name of a variable does not tell.
_HOW: Mapping[str, str] = {
    TEXTS: "",
    BOTH: " (coevolution)",
    IMAGES: " (image_contraction, as if texts stood still)",
    STILL: " (image_contraction, texts frozen)",
}
#: Standard errors from which a verdict is doubted, and is denied.
DOUBTFUL, CRITICAL = 2.0, 3.0


class _Part(NamedTuple):
    """One fitted half; ``kept`` is the share of runs that kept the target, by replicate."""

    name: str
    fitted: xr.DataTree
    ahead: xr.Dataset
    scores: xr.Dataset
    still: float
    found: xr.Dataset
    kept: np.ndarray | None

    @property
    def answer(self) -> float:
        """The dose that was found; 0 where none is needed, NaN where none does it."""
        return float(self.found[labels.DOSE_ANSWER])

    def coverage(self) -> metrics.Mean:
        """By nominal probability, averaged over the second half; replicates are the units."""
        covered = self.scores[labels.COVERED].astype(float)
        rest = set(covered.dims) - {labels.REPLICATE, labels.PROBABILITY}
        each = covered.mean(rest).transpose(labels.REPLICATE, labels.PROBABILITY)
        return metrics.mean_over_replicates(each.values)


def run(config: Config) -> Result:
    """Simulate, fit the first half, forecast the second, find doses and try them.

    Parameters
    ----------
    config : Config

    Returns
    -------
    Result
    """
    system, real = _system(config)
    frozen = system.replace(text_updates=0)
    parts = [
        _part(config, name, frozen if name == STILL else system, real) for name in config.parts
    ]
    groups: dict[str, xr.Dataset] = {}
    for part in parts:
        of_part = part.name.replace(", ", "_").replace(" ", "_")
        groups[f"{of_part}/posterior"] = part.fitted["posterior"].to_dataset()
        groups[f"{of_part}/forecast"] = part.ahead.drop_vars(labels.FORECAST)
        groups[f"{of_part}/scores"] = part.scores
        groups[f"{of_part}/dose"] = part.found
    return Result(
        data=xr.DataTree.from_dict(groups),
        figure=_figure(config, parts),
        finding=_finding(config, parts),
        verdicts=_verdicts(config, parts),
    )


def _system(config: Config) -> tuple[CoevolvingSystem, list[np.ndarray]]:
    """The closed loop on the chosen digits, and the real images of each as features."""
    from sklearn.datasets import load_digits

    pixels, digit = load_digits(return_X_y=True)
    chosen = np.isin(digit, config.digits)
    pixels, digit = pixels[chosen], digit[chosen]
    system = CoevolvingSystem.from_labelled_images(
        pixels, digit, num_features=config.num_features, batch_size=config.batch_size
    )
    assert system.feature_map is not None
    features = system.feature_map.to_features(pixels)
    return system, [features[digit == one] for one in np.unique(digit)]


def _part(config: Config, name: str, system: CoevolvingSystem, real: list[np.ndarray]) -> _Part:
    simulated = simulate(
        system, generations=config.generations, replicates=config.replicates, seed=config.seed
    )
    half = config.generations // 2
    seen = simulated.sel({labels.GENERATION: slice(0, half)})
    variable = VARIABLES[name]
    same: dict[str, Any] = {"seed": config.seed, "num_draws": config.num_draws}
    if name == TEXTS:
        fitted = fit(seen, "text_drift", batch_size=config.batch_size, images=False, **same)
        asked: dict[str, Any] = {
            "target": config.text_target,
            "vary": labels.INJECTION_FRACTION,
            "given": {labels.INJECTION_PROB: config.injection_prob},
        }
    else:
        model = "coevolution" if name == BOTH else "image_contraction"
        fitted = fit(seen, model, replenishment="none", **same)
        start = float(simulated[variable].isel({labels.GENERATION: 0}).min())
        target = float(f"{config.image_target * start:.3g}")
        asked = {"target": target, "vary": labels.NUM_USER_IMAGES}
    ahead = forecast(fitted, generations=config.generations - half, variable=variable)
    scores = forecast_scores(ahead, simulated)
    still = float(abs(scores[labels.HELD_OUT] - ahead[labels.CURRENT]).mean())
    found = dose(
        fitted,
        variable=variable,
        horizon=config.horizon,
        probability=config.probability,
        num_draws=config.dose_draws,
        **asked,
    )
    kept = None
    if float(found[labels.DOSE_ANSWER]) > 0:
        last = seen.isel({labels.GENERATION: -1})
        kept = _tried(config, _dosed(config, name, system, real, found), last, found)
    return _Part(name, fitted, ahead, scores, still, found, kept)


def _dosed(
    config: Config,
    name: str,
    system: CoevolvingSystem,
    real: list[np.ndarray],
    found: xr.Dataset,
) -> CoevolvingSystem:
    """The loop with the dose that was found."""
    answer = float(found[labels.DOSE_ANSWER])
    if name == TEXTS:
        return system.replace(corpus=CorpusInjection(prob=config.injection_prob, fraction=answer))
    return system.replace(user_content=UserContent(num_images=int(answer), images=real))


def _tried(
    config: Config, dosed: CoevolvingSystem, last: xr.Dataset, found: xr.Dataset
) -> np.ndarray:
    """Share of runs that keep the target, each replicate carried on from its last state."""
    variable, target = str(found.attrs[labels.VARIABLE]), float(found.attrs["target"])
    kept = []
    for replicate in range(config.replicates):
        state = last.isel({labels.REPLICATE: replicate})
        probs = state[labels.TEXT_PROBS].values
        carried_on = simulate(
            dosed.replace(
                text_probs=probs / probs.sum(),
                image_mean=state[labels.IMAGE_MEAN].values,
                image_cov=state[labels.IMAGE_COV].values,
            ),
            generations=config.horizon,
            replicates=config.checks,
            seed=config.seed + replicate,
            every=config.horizon,
            record=(variable,),
        )
        end = carried_on[variable].isel({labels.GENERATION: -1}).values
        kept.append((end >= target).reshape(config.checks, -1).all(axis=1).mean())
    return np.array(kept)


@plotting.styled
def _figure(config: Config, parts: Sequence[_Part]) -> Any:
    figure, axes = plotting.panels(len(parts), 3, size=(17, 4.4 * len(parts)))
    for row, part in zip(axes, parts, strict=True):
        variable = VARIABLES[part.name].replace("_", " ")
        where = "" if part.name == TEXTS else " of the first digit"
        plotting.plot_forecast(
            part.ahead,
            ax=row[0],
            title=f"{variable.capitalize()}{where} in one run,\nfitted and forecast"
            f"{_HOW[part.name]}",
        )
        came = part.scores[labels.HELD_OUT].isel({labels.REPLICATE: 0})
        if labels.TEXT in came.dims:
            came = came.isel({labels.TEXT: 0})
        row[0].plot(came[labels.GENERATION], came, color="black", lw=1, ls=(0, (1, 1.2)))
        row[0].lines[-1].set_label("what came")
        row[0].legend(loc="lower left")
        _coverage_panel(row[1], part)
        plotting.plot_dose_response(part.found, ax=row[2])
        if part.kept is not None:
            mean = metrics.mean_over_replicates(part.kept)
            row[2].errorbar(
                [part.answer], [float(mean.value)], [plotting.BAND * float(mean.standard_error)],
                fmt="D", color="black", capsize=3, label="the loop itself", zorder=5,
            )  # fmt: skip
        row[2].legend(loc="best")
        row[2].set_title(_dose_title(config, part))
    return figure


def _dose_title(config: Config, part: _Part) -> str:
    if part.kept is None:
        return "There was no dose to try"
    mean = float(metrics.mean_over_replicates(part.kept).value)
    return (
        f"The dose promised to keep it with {config.probability:.0%};\n"
        f"the loop, carried on with that, kept it in {mean:.0%}"
    )


def _coverage_panel(ax: Any, part: _Part) -> None:
    shares = part.scores[labels.COVERAGE]
    generation = shares[labels.GENERATION].values
    for nominal, colour in zip(shares[labels.PROBABILITY].values, plotting.colours(2), strict=True):
        of = part.scores.sel({labels.PROBABILITY: nominal})
        ax.fill_between(generation, of[labels.COVERAGE_LOW], of[labels.COVERAGE_HIGH],
                        color=colour, alpha=0.2, lw=0)  # fmt: skip
        ax.plot(generation, of[labels.COVERAGE], color=colour, label=f"{nominal:.0%} intervals")
        ax.axhline(nominal, color=colour, lw=0.9, ls=(0, (5, 1.5)))
    ax.set_ylim(0, 1.02)
    ax.set_xlim(generation[0], generation[-1])
    ax.set_xlabel(labels.COORDINATES[labels.GENERATION].long_name)
    ax.set_ylabel("share of runs covered")
    mean = part.coverage().value
    nominal = shares[labels.PROBABILITY].values
    found = " and ".join(f"{one:.0%}" for one in mean)
    meant = " and ".join(f"{one:.0%}" for one in nominal)
    ax.set_title(
        f"Forecast intervals of {meant} cover {found}\nof what came (bands: 95 %, binomial)"
    )
    ax.legend(loc="lower left")


def _finding(config: Config, parts: Sequence[_Part]) -> str:
    rows = []
    for part in parts:
        mean, nominal = part.coverage(), part.scores[labels.PROBABILITY].values
        covered = ", ".join(
            f"{one:.1%} +- {error:.1%} by intervals of {level:.0%}"
            for one, error, level in zip(mean.value, mean.standard_error, nominal, strict=True)
        )
        words = VARIABLES[part.name].replace("_", " ").capitalize()
        rows.append(
            f"{words}{_HOW[part.name]} in generations "
            f"{config.generations // 2 + 1} to {config.generations} is covered {covered}; its "
            f"mean CRPS is {_crps(part):.4f}, that of the forecast that nothing changes "
            f"{part.still:.4f}. {part.found.attrs['answer']} {_checked(config, part)}"
        )
    sizes = "; ".join(_sizes(part) for part in parts)
    return (
        f"{config.replicates} closed loops on {len(config.digits)} digits in {config.num_features} "
        f"principal components, batches of {config.batch_size}, were fitted up to generation "
        f"{config.generations // 2} ({sizes}). {' '.join(rows)}{_lesson(parts)}"
    )


def _lesson(parts: Sequence[_Part]) -> str:
    """What the answers for images differ by, where all were sought."""
    widest = {part.name: float(part.coverage().value[-1]) for part in parts}
    if not {IMAGES, STILL, BOTH} <= set(widest):
        return ""
    return (
        f" image_contraction takes the texts to stand still: its widest intervals cover "
        f"{widest[STILL]:.1%} where they do and {widest[IMAGES]:.1%} where they drift, and so with "
        f"its dose; those of coevolution, which lets them drift, cover {widest[BOTH]:.1%}."
    )


def _sizes(part: _Part) -> str:
    size = part.fitted["posterior"][labels.EFFECTIVE_BATCH_SIZE]
    words = f"effective batch size by the {part.name}"
    return f"{words} {float(size.mean()):.1f} +- {float(size.std()):.1f}"


def _crps(part: _Part) -> float:
    return float(part.scores[labels.CRPS].mean())


def _checked(config: Config, part: _Part) -> str:
    """What came of the dose in the loop itself, in words."""
    if part.kept is None:
        return "There was no dose to try."
    mean = metrics.mean_over_replicates(part.kept)
    return (
        f"With that dose the loop itself, {config.checks} times from each replicate's state, kept "
        f"it in {float(mean.value):.1%} +- {float(mean.standard_error):.1%} of the runs."
    )


def _verdicts(config: Config, parts: Sequence[_Part]) -> dict[str, Verdict]:
    verdicts = {}
    for part in parts:
        mean, nominal = part.coverage(), part.scores[labels.PROBABILITY].values
        words = f"{VARIABLES[part.name].replace('_', ' ')}{_HOW[part.name]}"
        score = (mean.value - nominal) / np.maximum(mean.standard_error, 1e-3)
        verdicts[f"The forecast of {words} covers what came as often as it says"] = Verdict(
            HOLDS
            if (abs(score) < CRITICAL).all()
            else FAILS
            if (score < -CRITICAL).any()
            else CAVEAT,
            "Covered: "
            + ", ".join(
                f"{one:.1%} by {level:.0%} ({z:+.1f} standard errors)"
                for one, level, z in zip(mean.value, nominal, score, strict=True)
            )
            + f"; {config.replicates} replicates are the units.",
        )
        verdicts[f"The forecast of {words} is better than that nothing changes"] = Verdict(
            HOLDS if _crps(part) < part.still else FAILS,
            f"Mean CRPS {_crps(part):.4f} against {part.still:.4f}.",
        )
        verdicts[f"The dose keeps its promise in the loop itself ({part.name})"] = _promise(
            config, part
        )
    return verdicts


def _promise(config: Config, part: _Part) -> Verdict:
    if part.kept is None:
        return Verdict(CAVEAT, str(part.found.attrs["answer"]))
    mean = metrics.mean_over_replicates(part.kept)
    # Where all runs keep it the replicates show no error: that of so many coins is the least.
    least = np.sqrt(config.probability * (1 - config.probability) / part.kept.size / config.checks)
    error = max(float(mean.standard_error), float(least))
    short = (config.probability - float(mean.value)) / error
    return Verdict(
        HOLDS if short < DOUBTFUL else CAVEAT if short < CRITICAL else FAILS,
        f"Wanted {config.probability:.0%}, kept in {float(mean.value):.1%} +- {error:.1%} of "
        f"{part.kept.size * config.checks} runs.",
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    return _study.main("digits_fit", argv)


if __name__ == "__main__":
    raise SystemExit(main())
