"""The scenarios themselves: loops of known causes, easy ones and those where models break."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpyro.distributions as dist
import xarray as xr

from toolkit import labels
from toolkit.calibration.scenarios import Scenario, Values
from toolkit.confusion import posterior_confusion
from toolkit.models import Prior
from toolkit.systems import (
    CoevolvingSystem,
    CorpusInjection,
    Fresh,
    Gaussian,
    Mix,
    RetrainingSystem,
    UserContent,
)
from toolkit.systems.policies import Policy

_TEXTS = 4
_STATE = (labels.TEXT_PROBS, labels.IMAGE_MEAN, labels.IMAGE_COV, labels.IMAGE_COUNT)
_NONE: Mapping[str, Prior] = {labels.INJECTION_PROB: 0.0, labels.INJECTION_FRACTION: 0.5}
_INJECTED: Mapping[str, Prior] = {
    labels.INJECTION_PROB: dist.Beta(2.0, 4.0),
    labels.INJECTION_FRACTION: dist.Beta(2.0, 8.0),
}


def _sized(batch_size: float, spread: float = 0.3) -> dict[str, Prior]:
    return {labels.EFFECTIVE_BATCH_SIZE: dist.LogNormal(np.log(batch_size), spread)}


def _batch_size(values: Values) -> int:
    return round(float(values[labels.EFFECTIVE_BATCH_SIZE]))


def _number(values: Values, name: str, default: float) -> float:
    return float(values.get(name, default))


def _texts_only(variance: float, **same: Any) -> Any:
    """A loop with a frozen image model."""

    def system(values: Values) -> CoevolvingSystem:
        prob = _number(values, labels.INJECTION_PROB, 0.0)
        fraction = _number(values, labels.INJECTION_FRACTION, 0.0)
        return CoevolvingSystem.on_unit_circle(
            num_texts=_TEXTS,
            variance=variance,
            batch_size=_batch_size(values),
            image_updates=0,
            text_temperature=_number(values, labels.TEXT_TEMPERATURE, 1.0),
            corpus=CorpusInjection(prob=prob, fraction=fraction) if prob > 0 else None,
            **same,
        )

    return system


def _images_only(values: Values) -> CoevolvingSystem:
    """A loop with a frozen text model of three texts, and as many real images as asked."""
    num_real = _real_images(values)
    return CoevolvingSystem.on_unit_circle(
        num_texts=3,
        variance=1.0,
        batch_size=_batch_size(values),
        text_updates=0,
        shrinkage_factor=_number(values, labels.SHRINKAGE_FACTOR, 1.0),
        user_content=UserContent(num_images=num_real) if num_real else None,
    )


def _real_images(values: Values, num_texts: int = 3) -> int:
    share = _number(values, labels.REAL_SHARE, 0.0)
    return round(_batch_size(values) / num_texts * share / (1 - share))


def _both(variance: float) -> Any:
    def system(values: Values) -> CoevolvingSystem:
        return CoevolvingSystem.on_unit_circle(
            num_texts=3,
            variance=variance,
            batch_size=_batch_size(values),
            text_temperature=_number(values, labels.TEXT_TEMPERATURE, 1.0),
            shrinkage_factor=_number(values, labels.SHRINKAGE_FACTOR, 1.0),
            corpus=CorpusInjection(
                prob=_number(values, labels.INJECTION_PROB, 0.0),
                fraction=_number(values, labels.INJECTION_FRACTION, 0.0),
            ),
        )

    return system


def _one_text(values: Values) -> CoevolvingSystem:
    """A Gaussian retrained on its own images and a fixed number of real ones."""
    return CoevolvingSystem.on_unit_circle(
        num_texts=1,
        variance=1.0,
        batch_size=_RETRAINED,
        text_updates=0,
        user_content=UserContent(num_images=_real_of(values)),
    )


def _retrained(policy: Callable[[int], Policy], **same: Any) -> Callable[[Values], Any]:
    """A Gaussian that starts beside the real law, under a policy with so many real examples."""

    def system(values: Values) -> RetrainingSystem:
        real = _real_of(values)
        return RetrainingSystem(
            family=Gaussian(mean=np.array([1.0, 0.5]), cov=np.eye(2)),
            real=Gaussian(mean=np.zeros(2), cov=np.eye(2)),
            policy=policy(real),
            num_real=max(real, 3),
            num_generated=_RETRAINED,
            **same,
        )

    return system


_RETRAINED = 100


def _real_of(values: Values) -> int:
    factor = float(values[labels.CONTRACTION_FACTOR])
    return max(1, round(_RETRAINED * (1 - factor) / factor))


def _whole_sizes(values: Values) -> dict[str, Any]:
    """The values themselves, with the sizes that the simulator could take."""
    size = _batch_size(values)
    truth = {**values, labels.EFFECTIVE_BATCH_SIZE: float(size)}
    if _number(values, labels.REAL_SHARE, 0.0) > 0:
        real = _real_images(values)
        truth[labels.REAL_SHARE] = real / (size / 3 + real)
    return truth


@functools.cache
def _distinct() -> float:
    """1 - C of overlapping images at the start, C their posterior confusion (theory, T1)."""
    start = _texts_only(1.0)({labels.EFFECTIVE_BATCH_SIZE: 2})
    return 1 - posterior_confusion(start.text_probs, start.image_mean, start.image_cov).value


def _unseen_overlap(values: Values) -> CoevolvingSystem:
    """A loop of so many images that its variance effective size, images/(1 - C), is the value's."""
    size = _batch_size(values) * _distinct()
    system: CoevolvingSystem = _texts_only(1.0)({**values, labels.EFFECTIVE_BATCH_SIZE: size})
    return system


def _unseen_truth(values: Values) -> dict[str, Any]:
    """Where images are unknown, drift and confusion show in one size only."""
    size = _unseen_overlap(values).batch_size / _distinct()
    return {**values, labels.EFFECTIVE_BATCH_SIZE: size}


def _decay_truth(values: Values) -> dict[str, Any]:
    """Of a score: E H falls by 1 - 1/N per generation to nothing.

    It always starts from 1 - 1/K, the middle of its prior: intervals for the start are wider than
    they need be, and it is not judged.
    """
    factor = 1 - 1 / _decaying_size(values)
    return {
        labels.CONTRACTION_FACTOR: np.array(factor),
        labels.NOISE_SD: values[labels.NOISE_SD],
        labels.FLOOR: np.array(0.0),
    }


def _decaying_size(values: Values) -> int:
    return max(2, round(1 / (1 - float(values[labels.CONTRACTION_FACTOR]))))


def _decaying(values: Values) -> CoevolvingSystem:
    return CoevolvingSystem.on_unit_circle(
        num_texts=_TEXTS,
        variance=0.01,
        batch_size=_decaying_size(values),
        image_updates=0,
    )


def _measured(simulated: xr.Dataset, values: Values, rng: np.random.Generator) -> xr.Dataset:
    """The score with measurement noise."""
    exact = simulated[labels.TEXT_DIVERSITY]
    noise = float(values[labels.NOISE_SD]) * rng.standard_normal(exact.shape)
    return simulated.assign({labels.TEXT_DIVERSITY: exact.copy(data=exact.values + noise)})


def _retraining_truth(values: Values) -> dict[str, Any]:
    factor = _RETRAINED / (_RETRAINED + _real_of(values))
    return {
        labels.CONTRACTION_FACTOR: np.array(factor),
        labels.FIXED_POINT_VALUE: np.array([1.0, 0.0]),
    }


def _share_truth(values: Values) -> dict[str, Any]:
    """The share alone: the fixed point is the mean of real data that nobody has seen."""
    return {labels.CONTRACTION_FACTOR: np.array(_RETRAINED / (_RETRAINED + _real_of(values)))}


_TEXT_SCENARIOS = (
    Scenario(
        model="text_drift",
        name="well_separated",
        summary="captions are certain, batches of about 200, injected corpora",
        system=_texts_only(0.01),
        priors={**_sized(200), **_INJECTED, labels.TEXT_TEMPERATURE: 1.0},
        record=(labels.TEXT_PROBS,),
        truth=_whole_sizes,
        sizes={labels.EFFECTIVE_BATCH_SIZE: 3},
    ),
    Scenario(
        model="text_drift",
        name="sharpened",
        summary="captions are certain, batches of about 200, sharpened, no injection",
        system=_texts_only(0.01),
        priors={**_sized(200), **_NONE, labels.TEXT_TEMPERATURE: dist.LogNormal(0.0, 0.05)},
        record=(labels.TEXT_PROBS,),
        truth=_whole_sizes,
        sizes={labels.EFFECTIVE_BATCH_SIZE: 3},
        generations=20,
    ),
    Scenario(
        model="text_drift",
        name="small_batch",
        summary="batches of about 30, sharpened: texts are lost early",
        system=_texts_only(0.01),
        priors={**_sized(30), **_NONE, labels.TEXT_TEMPERATURE: dist.LogNormal(0.0, 0.05)},
        record=(labels.TEXT_PROBS,),
        truth=_whole_sizes,
        sizes={labels.EFFECTIVE_BATCH_SIZE: 3},
        generations=20,
        breaks=True,
    ),
    Scenario(
        model="text_drift",
        name="near_extinction",
        summary="three rare texts beside a common one, batches of about 100",
        system=_texts_only(0.01, text_probs=(0.9, 0.06, 0.03, 0.01)),
        priors={**_sized(100), **_NONE, labels.TEXT_TEMPERATURE: dist.LogNormal(0.0, 0.05)},
        record=(labels.TEXT_PROBS,),
        truth=_whole_sizes,
        sizes={labels.EFFECTIVE_BATCH_SIZE: 3},
        generations=20,
        breaks=True,
    ),
    Scenario(
        model="text_drift",
        name="overlapping_known",
        summary="overlapping images of known Gaussians, batches of about 200",
        system=_texts_only(1.0),
        priors={**_sized(200), **_INJECTED, labels.TEXT_TEMPERATURE: 1.0},
        record=_STATE[:3],
        truth=_whole_sizes,
        sizes={labels.EFFECTIVE_BATCH_SIZE: 3},
        generations=20,
    ),
    Scenario(
        model="text_drift",
        name="overlapping_unknown",
        summary="overlapping images of Gaussians that are not known, batches of about 200",
        system=_unseen_overlap,
        priors={**_sized(700), **_INJECTED, labels.TEXT_TEMPERATURE: 1.0},
        record=(labels.TEXT_PROBS,),
        truth=_unseen_truth,
        sizes={labels.EFFECTIVE_BATCH_SIZE: 3},
        generations=20,
        breaks=True,
    ),
)

_SHRUNK: Mapping[str, Prior] = {labels.SHRINKAGE_FACTOR: dist.LogNormal(0.0, 0.05)}
#: Without real images the law of a covariance is exact.
_CLOSED: Mapping[str, str] = {"replenishment": "none"}
_IMAGE_SCENARIOS = (
    Scenario(
        model="image_contraction",
        name="well_sampled",
        summary="about 100 images of each text, counted",
        system=_images_only,
        priors={**_sized(300), **_SHRUNK, labels.REAL_SHARE: 0.0},
        options=_CLOSED,
        record=_STATE[1:],
        truth=_whole_sizes,
        sizes={labels.EFFECTIVE_BATCH_SIZE: 3},
    ),
    Scenario(
        model="image_contraction",
        name="counts_unknown",
        summary="about 100 images of each text, not counted",
        system=_images_only,
        priors={**_sized(300), **_SHRUNK, labels.REAL_SHARE: 0.0},
        options=_CLOSED,
        record=_STATE[:3],
        truth=_whole_sizes,
        sizes={labels.EFFECTIVE_BATCH_SIZE: 3},
    ),
    Scenario(
        model="image_contraction",
        name="small_batch",
        summary="about 10 images of each text, counted",
        system=_images_only,
        priors={**_sized(30), **_SHRUNK, labels.REAL_SHARE: 0.0},
        options=_CLOSED,
        record=_STATE[1:],
        truth=_whole_sizes,
        sizes={labels.EFFECTIVE_BATCH_SIZE: 3},
        breaks=True,
    ),
    Scenario(
        model="image_contraction",
        name="real_images",
        summary="about 100 images of each text and a share of real ones",
        system=_images_only,
        priors={**_sized(300, 0.2), **_SHRUNK, labels.REAL_SHARE: dist.Beta(2.0, 10.0)},
        record=_STATE[1:],
        truth=_whole_sizes,
        sizes={labels.EFFECTIVE_BATCH_SIZE: 1, labels.REAL_SHARE: 4},
        breaks=True,
    ),
)

_COUPLED: Mapping[str, Prior] = {
    **_INJECTED,
    **_SHRUNK,
    labels.TEXT_TEMPERATURE: dist.LogNormal(0.0, 0.05),
    labels.REAL_SHARE: 0.0,
}


def _coupled_truth(values: Values) -> dict[str, Any]:
    """All replicates share one batch size: their spread is 0, known or not, and not judged."""
    truth = _whole_sizes(values)
    return {name: one for name, one in truth.items() if name != labels.REPLICATE_SPREAD}


_COUPLED_SCENARIOS = tuple(
    Scenario(
        model="coevolution",
        name=name,
        summary=summary,
        system=_both(variance),
        priors={**_sized(batch_size), **_COUPLED, labels.REPLICATE_SPREAD: spread},
        record=_STATE,
        truth=_coupled_truth,
        sizes={labels.EFFECTIVE_BATCH_SIZE: 3},
        generations=15,
        options=_CLOSED,
        breaks=breaks,
    )
    for name, summary, variance, batch_size, spread, breaks in (
        ("well_separated", "captions are certain, batches of about 200", 0.01, 200, 0.0, False),
        ("overlapping", "overlapping images, batches of about 200", 1.0, 200, 0.0, False),
        ("small_batch", "captions are certain, batches of about 30", 0.01, 30, 0.0, True),
        (
            "spread_allowed",
            "batches of about 200; replicates are allowed to differ, but do not",
            0.01,
            200,
            dist.HalfNormal(0.1),
            True,
        ),
    )
)

_SCORE: Mapping[str, Prior] = {
    labels.START: dist.Normal(0.75, 0.05),
    labels.START_SD: dist.LogNormal(-4.0, 1.0),
    labels.FLOOR: 0.0,
    labels.NOISE_SD: dist.LogNormal(-4.0, 0.5),
    labels.DRIFT_SD: dist.LogNormal(-4.0, 1.0),
}
_SCORE_SCENARIOS = tuple(
    Scenario(
        model="diversity_decay",
        name=name,
        summary=summary,
        system=_decaying,
        priors={**_SCORE, labels.CONTRACTION_FACTOR: factor},
        record=(labels.TEXT_DIVERSITY,),
        truth=_decay_truth,
        sizes={labels.CONTRACTION_FACTOR: 3},
        observe=_measured,
        options=options,
        generations=generations,
        breaks=breaks,
    )
    for name, summary, factor, generations, options, breaks in (
        ("drift", "batches of about 100, 40 generations", dist.Beta(100.0, 1.5), 40, {}, True),
        ("lost", "batches of about 15: most texts are lost", dist.Beta(30.0, 2.0), 40, {}, True),
        (
            "drift_ignored",
            "batches of about 100; drift taken for noise",
            dist.Beta(100.0, 1.5),
            40,
            {"form": "deterministic"},
            True,
        ),
    )
)

_PULLED: Mapping[str, Prior] = {
    labels.CONTRACTION_FACTOR: dist.Beta(8.0, 2.0),
    labels.NOISE_SD: dist.LogNormal(-2.0, 0.5),
    labels.FIXED_POINT_VALUE: dist.Normal(0.0, 1.0).expand([2]).to_event(1),
}

_RETRAINING_SCENARIOS = (
    Scenario(
        model="retraining",
        name="gaussian",
        summary="a Gaussian retrained on 100 own images and a share of real ones",
        system=_one_text,
        priors=_PULLED,
        record=(labels.IMAGE_MEAN,),
        options={"noise": "common"},
        truth=_retraining_truth,
        sizes={labels.CONTRACTION_FACTOR: 4},
    ),
    *(
        Scenario(
            model="retraining",
            name=name,
            summary=summary,
            system=system,
            priors=_PULLED,
            record=(labels.MODEL_LOCATION,),
            options={"noise": "common"} | options,
            truth=_share_truth,
            # These sizes are not compiled in.
            sizes={labels.CONTRACTION_FACTOR: 50},
        )
        for name, summary, system, options in (
            (
                "fresh",
                "a Gaussian retrained on 100 own examples and fresh real ones",
                _retrained(lambda real: Fresh(num_fresh=real), first_fit=False),
                {},
            ),
            (
                "mixed",
                "a Gaussian retrained on 100 own examples and the same real ones",
                _retrained(lambda real: Mix(), first_fit=False, real_seed=1),
                {},
            ),
            (
                "own_real_data",
                "as mixed, each replicate with real data of its own",
                _retrained(lambda real: Mix()),
                {"fixed_points": "start"},
            ),
        )
    ),
)

#: All scenarios.
SCENARIOS: tuple[Scenario, ...] = (
    *_TEXT_SCENARIOS,
    *_IMAGE_SCENARIOS,
    *_COUPLED_SCENARIOS,
    *_SCORE_SCENARIOS,
    *_RETRAINING_SCENARIOS,
)
