"""One retraining on real examples and on synthetic ones beside them, and what it changes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from studies import _in_context_cases as cases
from toolkit import labels, metrics
from toolkit.simulate import simulate
from toolkit.systems import Gaussian, LinearRegression, Mix, RetrainingSystem
from toolkit.systems.families import Family
from toolkit.theory import number
from toolkit.theory.in_context import BestSize, best_size
from toolkit.transformers import Weights

ONE, TWO, SOFTMAX = "one layer", "two layers", "softmax attention"
MEAN, DESIGN, LEAST_SQUARES = "mean", "regression on designs", "least squares, random inputs"


class Point(NamedTuple):
    """One retraining: the mean error before and after, and their difference run by run.

    ``change_error`` is the standard error of the difference.
    """

    name: str
    num_real: int
    num_synthetic: int
    before: float
    after: float
    after_error: float
    change: float
    change_error: float


def point(
    name: str,
    families: Sequence[Family],
    real: Family | None,
    num_real: int,
    num_synthetic: int,
    *,
    replicates: int,
    seed: int,
) -> Point:
    """Simulate one retraining of each of some models, all runs alike."""
    found = [
        simulate(
            RetrainingSystem(
                family=one, policy=Mix(), real=real, num_real=num_real, num_generated=num_synthetic
            ),
            generations=1,
            replicates=replicates,
            seed=seed + index,
            record=(labels.MODEL_ERROR,),
            progress=False,
        )[labels.MODEL_ERROR].values[:, :, 0]
        for index, one in enumerate(families)
    ]
    errors = np.concatenate(found)
    after = metrics.mean_over_replicates(errors[:, 1])
    change = metrics.mean_over_replicates(errors[:, 1] - errors[:, 0])
    return Point(
        name,
        num_real,
        num_synthetic,
        float(errors[:, 0].mean()),
        float(after.value),
        float(after.standard_error),
        float(change.value),
        float(change.standard_error),
    )


def answering(config: Any, weights: Weights, attention: str) -> tuple[Family, Family]:
    """A transformer whose synthetic labels are its bare answers, and the real law."""
    real = cases.family(config, weights, attention)
    return dataclasses.replace(real, noise_sd=0.0), real


def points(
    config: Any, name: str, weights: Sequence[Weights], sizes: Sequence[int], replicates: int
) -> Iterator[Point]:
    """A transformer at every number of real and of synthetic examples."""
    attention = "softmax" if name == SOFTMAX else "linear"
    pairs = [answering(config, one, attention) for one in weights]
    for num_real in config.real if name != SOFTMAX else config.softmax_real:
        for num_synthetic in sizes:
            yield point(
                name,
                [model for model, _ in pairs],
                pairs[0][1],
                num_real,
                num_synthetic,
                replicates=replicates,
                seed=config.seed,
            )


def unbiased(config: Any) -> Iterator[Point]:
    """Fits without a bias, whose generated examples have the noise of the real ones."""
    coef = np.full(config.num_inputs, np.sqrt(config.prior_variance))
    noise = {"noise_sd": config.noise_sd}
    families: dict[str, Family] = {
        MEAN: Gaussian(mean=np.zeros(1), cov=np.eye(1)),
        DESIGN: LinearRegression(coef=coef, inputs="orthogonal", **noise),
        LEAST_SQUARES: LinearRegression(coef=coef, **noise),
    }
    for name, family in families.items():
        for ratio in config.ratios:
            yield point(
                name,
                [family],
                None,
                config.unbiased_real,
                round(ratio * config.unbiased_real),
                replicates=config.replicates,
                seed=config.seed,
            )


def given(config: Any, gain: float, num_real: int) -> dict[str, Any]:
    """What the theorems on augmentation take."""
    return {
        "num_features": config.num_inputs,
        "num_real": num_real,
        "attention_gain": gain,
        "squared_norm": cases.squared_norm(config),
        "label_noise": 0.0,
        "real_label_noise": config.noise_sd**2,
    }


def predicted(config: Any, part: str, num_real: int, num_synthetic: Any) -> np.ndarray:
    """The error of one layer after the retraining, or its shift."""
    values = given(config, cases.closed_gain(config, config.context), num_real)
    if part == "shift":
        values = {key: values[key] for key in ("num_real", "attention_gain", "squared_norm")}
    return np.asarray(number(f"augmentation_{part}", num_synthetic=num_synthetic, **values))


def without_bias(config: Any, ratio: Any) -> np.ndarray:
    """Change of the error of a fit without a bias, by theory, as a share of the error."""
    real = config.unbiased_real
    one = {"num_real": real, "real_variance": 1.0}
    after = number("augmentation_useless", num_synthetic=np.asarray(ratio) * real, **one)
    return np.asarray(after) * real - 1


def best_of_one(config: Any, num_real: int, context: int) -> BestSize:
    """The best number of synthetic examples for a layer of contexts so long, by theory."""
    return best_size(
        num_inputs=config.num_inputs,
        num_real=num_real,
        gain=cases.closed_gain(config, context),
        squared_norm=cases.squared_norm(config),
        noise_sd=0.0,
        real_noise_sd=config.noise_sd,
        most=config.most,
    )


def best_seen(points: Sequence[Point], num_real: int, critical: float) -> Point | None:
    """The point of the smallest error, where it is surely below that without synthetic examples."""
    own = [one for one in points if one.num_real == num_real]
    best = min(own, key=lambda one: one.change)
    return best if best.change < -critical * best.change_error else None
