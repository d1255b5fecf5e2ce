"""Transformers of the studies of regression in context, and the loops that they are used in."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from studies._contraction import contraction
from toolkit import labels, metrics
from toolkit.simulate import simulate
from toolkit.systems import InContextRegression, Mix, Replace, RetrainingSystem
from toolkit.systems.families import Family
from toolkit.theory.in_context import best_descent, closed_form_transformer
from toolkit.transformers import Tasks, Trained, Weights, train
from toolkit.transformers.tasks import evaluated, gain

ONE, CLOSED, LONG, TWO, SOFTMAX = (
    "one layer",
    "one layer, closed form",
    "one layer, trained at long contexts",
    "two layers",
    "softmax attention",
)


class Model(NamedTuple):
    """A transformer trained from several seeds at one length of contexts."""

    name: str
    attention: Any
    context: int
    trained: Trained

    @property
    def weights(self) -> list[Weights]:
        """Of each seed."""
        return [self.trained.of(index) for index in range(len(self.trained.seeds))]


class Agreement(NamedTuple):
    """Trained transformers beside the closed form, over the same tasks.

    Attributes
    ----------
    context, layers : int
    error : ndarray, shape (seeds,)
        Of the trained ones.
    best : float
        The closed form's, by theory.
    excess : ndarray, shape (seeds,)
        Trained over closed form, task by task, as a share of the latter.
    gain : ndarray, shape (seeds,)
    apart : ndarray, shape (seeds,)
        What a step of that gain leaves of the coefficients.
    """

    context: int
    layers: int
    error: np.ndarray
    best: float
    excess: np.ndarray
    gain: np.ndarray
    apart: np.ndarray


class Growth(NamedTuple):
    """What a generation multiplies a squared difference of two runs by.

    Means over seeds, with standard errors: in the mean, and of a typical run.
    """

    real: int
    square: float
    square_error: float
    typical: float
    typical_error: float


class Path(NamedTuple):
    """Errors by generation at one share."""

    share: float
    errors: np.ndarray
    mean: metrics.Mean
    decidable: np.ndarray


def tasks(config: Any, context: int) -> Tasks:
    """Tasks with contexts of one length."""
    return Tasks.of_length(config.num_inputs, context, config.prior_variance, config.noise_sd)


def trained(
    config: Any, name: str, context: int, *, layers: int = 1, restricted: bool = False
) -> Model:
    """Train from every seed."""
    softmax = name == SOFTMAX
    found = train(
        tasks(config, context),
        seeds=tuple(config.seed + index for index in range(config.num_seeds)),
        attention="softmax" if softmax else "linear",
        layers=layers,
        restricted=restricted,
        steps=config.softmax_steps if softmax else config.steps,
        batch_size=config.softmax_batch_size if softmax else config.batch_size,
    )
    return Model(name, "softmax" if softmax else "linear", context, found)


def agreement(config: Any, model: Model, layers: int) -> Agreement:
    """How near the closed form training has come."""
    task, key = tasks(config, model.context), jax.random.key(config.seed)
    given = _given(config, model.context, layers)
    number = config.tasks
    closed = evaluated("linear", closed_form_transformer(**given), task, key, number)
    own = [evaluated("linear", one, task, key, number) for one in model.weights]
    gains = [gain(one, task, key, number) for one in model.weights]
    return Agreement(
        context=model.context,
        layers=layers,
        error=np.array([float(one.mean()) for one in own]),
        best=best_descent(**given).error,
        excess=np.array([float((one - closed).mean() / closed.mean()) for one in own]),
        gain=np.array([float(one[0]) for one in gains]),
        apart=np.array([float(one[1]) for one in gains]),
    )


def _given(config: Any, context: int, layers: int) -> dict[str, Any]:
    return {
        "num_inputs": config.num_inputs,
        "context": context,
        "layers": layers,
        "prior_variance": config.prior_variance,
        "noise_sd": config.noise_sd,
    }


def closed_form(config: Any, context: int, layers: int = 1) -> Weights:
    """The best weights that descend a gradient."""
    return closed_form_transformer(**_given(config, context, layers))


def repeated(config: Any, context: int) -> Trained:
    """The closed form of one layer in the place of every seed."""
    once, seeds = closed_form(config, context), tuple(range(config.num_seeds))
    weights = Weights(*(np.stack([np.asarray(leaf)] * len(seeds)) for leaf in once))  # type: ignore[arg-type]
    return Trained(weights, np.zeros((len(seeds), 0)), seeds)


def closed_gain(config: Any, context: int) -> float:
    """Of one layer."""
    return float(best_descent(**_given(config, context, 1)).steps[0])


def squared_norm(config: Any) -> float:
    """Of the coefficients, which are all of the prior's size."""
    return float(config.num_inputs * config.prior_variance)


def family(config: Any, weights: Weights, attention: str = "linear") -> InContextRegression:
    """A transformer in the task of all loops."""
    return InContextRegression(
        coef=np.full(config.num_inputs, np.sqrt(config.prior_variance)),
        noise_sd=config.noise_sd,
        attention=attention,  # type: ignore[arg-type]
        projection=np.asarray(weights.projection),
        key_query=np.asarray(weights.key_query),
    )


def loop(model: Family, num_real: int, context: int) -> RetrainingSystem:
    """Contexts of one length, so many of whose examples are real ones, always the same.

    Without any, the first context alone is real.
    """
    if num_real == 0:
        return RetrainingSystem(
            family=model, policy=Replace(), num_real=context, num_generated=context
        )
    return RetrainingSystem(
        family=model, policy=Mix(), num_real=num_real, num_generated=context - num_real
    )


def errors(system: RetrainingSystem, *, generations: int, replicates: int, seed: int) -> np.ndarray:
    """Squared errors of the coefficients, shape (replicates, generations + 1)."""
    simulated = simulate(
        system,
        generations=generations,
        replicates=replicates,
        seed=seed,
        record=(labels.MODEL_LOCATION,),
        progress=False,
    )
    apart = simulated[labels.MODEL_LOCATION].values[:, :, 0] - system.truth.parameters.coef
    with np.errstate(over="ignore"):  # a run that has run away may have an infinite square
        return np.asarray(np.sum(np.square(apart), axis=2))


def path(config: Any, system: RetrainingSystem, share: float, critical: float) -> Path:
    """Errors of many replicates, their mean, and where it can be relied on."""
    found = errors(
        system, generations=config.generations, replicates=config.replicates, seed=config.seed
    )
    mean = metrics.mean_over_replicates(found, found, tail=found)
    return Path(share, found, mean, metrics.is_decidable(mean, len(found), critical))


def growth(config: Any, weights: Sequence[Weights], num_real: int) -> Growth:
    """Two runs of the same random numbers, begun apart: seed by seed, and over the seeds."""
    square, typical = [], []
    for index, one in enumerate(weights):
        start = family(config, one)
        beside = dataclasses.replace(start, coef=start.coef * config.displacement)
        system = loop(start, num_real, config.context).replace(real=start)
        measured = contraction(
            system,
            (start, beside),
            generations=config.growth_generations,
            replicates=config.growth_replicates,
            seed=config.seed + index,
            variable=labels.MODEL_LOCATION,
            first=0,
        )
        typical.append(measured.factor**2)
        # One generation: of several the mean rests on few replicates.
        square.append(np.mean(np.square(measured.distance[:, 1])))
    return Growth(num_real, *_over_seeds(np.array(square)), *_over_seeds(np.array(typical)))


def _over_seeds(values: np.ndarray) -> tuple[float, float]:
    """Mean and standard error."""
    mean = metrics.mean_over_replicates(values)
    return float(mean.value), float(mean.standard_error)


def late(config: Any, model: Model, num_real: int, context: int) -> np.ndarray:
    """Errors of each seed's runs in the last generation, shape (seeds, replicates)."""
    return np.array(
        [
            errors(
                loop(family(config, one, model.attention), num_real, context),
                generations=config.generations,
                replicates=config.late_replicates,
                seed=config.seed + index,
            )[:, -1]
            for index, one in enumerate(model.weights)
        ]
    )
