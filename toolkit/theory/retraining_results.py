"""What is known in advance of models that are retrained (theory, section 4).

The mean squared distance of a model's location from the real one and the mean of its variance
follow exact recursions wherever a model's location is the weighted mean of its training set. The
theorems say one generation; here they are iterated, for any schedule of sizes. Levels to which
errors tend are the theorems' closed forms.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from symbolic import Kind, Source
from toolkit import labels
from toolkit.systems import (
    Accumulate,
    Budget,
    Categorical,
    ExponentialFamily,
    Fresh,
    Gaussian,
    Injected,
    LinearRegression,
    Mix,
    Replace,
    RetrainingSystem,
)
from toolkit.theory.numbers import number
from toolkit.theory.results import GIVEN_DATA, Collector
from toolkit.theory.retraining_diversity import diversities
from toolkit.theory.retraining_levels import levels

FloatArray = npt.NDArray[np.float64]

ERROR, VARIANCE = "retraining_error", "retraining_variance"


class Noise(NamedTuple):
    """What the examples of a training set contribute to the error.

    Attributes
    ----------
    real : float
        Total variance V of a real example's contribution to the location.
    ddof : float or None
        The variance is fitted with denominator n - ddof; None: it is known.
    reported : float
        Of ``model_variance`` where it is known.
    """

    real: float
    ddof: float | None
    reported: float


class Course(NamedTuple):
    """Mean error and mean variance at a generation, and the rest of a recursion's state.

    Attributes
    ----------
    error, variance : float
    other : float
        Distance from the real data at hand (mix), second moment of the pool (accumulate), or its
        mean's error (budget).
    """

    error: float
    variance: float
    other: float


def retraining_results(system: RetrainingSystem, generations: int, found: Collector) -> None:
    """Collect the results about model_error, model_variance and model_diversity."""
    diversities(system, generations, found)
    reason = _why_not(system)
    if reason is not None:
        found.omit((ERROR, VARIANCE), reason)
        return
    noise = _noise_of(system)
    if noise is None:
        _regression(system, generations, found)
        return
    begin, step = _POLICIES[type(system.policy)]
    course = [begin(system, noise)]
    for generation in range(generations):
        course.append(step(system, noise, course[-1], generation))
    _add(system, noise, course, found)
    levels(system, noise.real, noise.ddof, found)


def _why_not(system: RetrainingSystem) -> str | None:
    """Why no recursion holds, if none does."""
    if system.temperature != 1:
        return f"temperature is {system.temperature:g}: locations are no longer unbiased."
    if system.network is not None and system.network.num_models > 1:
        return "several models train on one another: their errors are not followed apart."
    if type(system.policy) not in _POLICIES:
        return f"policy {system.policy.name!r}: no exact recursion of its error is known."
    if system.real_seed is not None or system.real_data is not None:
        return GIVEN_DATA
    if not system.first_fit and not isinstance(system.policy, (Replace, Fresh, Injected)):
        return "first_fit is false: the first model is not that of the real data at hand."
    if not isinstance(system.family, (Gaussian, Categorical, LinearRegression)) and not (
        isinstance(system.family, ExponentialFamily) and system.family.member == "poisson"
    ):
        return (
            f"family {system.family.name!r}: the variance of its models is no linear function of "
            "what is known."
        )
    if isinstance(system.family, (LinearRegression, ExponentialFamily)) and (
        type(system.truth) is not type(system.family)
    ):
        return "real data are of another family, whose variance is not the model's."
    if isinstance(system.family, Gaussian) and system.family.known_cov and _wider(system):
        return "the known covariance is not that of the real data."
    keeps = isinstance(system.policy, (Accumulate, Budget))
    if keeps and (system.num_real != system.num_generated or system.growth):
        return "batches that are kept differ in size; give num_real = num_generated, growth = 0."
    if isinstance(system.policy, Budget):
        return _why_no_budget(system, system.policy)
    return None


def _wider(system: RetrainingSystem) -> bool:
    """Whether real examples spread otherwise than those of the family as it is given."""
    own, real = (
        float(np.trace(one.law.moments(one.parameters).covariance))
        for one in (system.family, system.truth)
    )
    return not np.isclose(own, real, rtol=1e-12)


def _why_no_budget(system: RetrainingSystem, policy: Budget) -> str | None:
    """Why no recursion of a budget holds, if none does."""
    likeliest = isinstance(system.family, Categorical) or (
        isinstance(system.family, Gaussian)
        and system.family.ddof == 0
        and not system.family.known_cov
    )
    if not likeliest:
        return "a budget's theorems are for likeliest fits: categories, Gaussians with ddof = 0."
    if policy.keep == "latest":
        return "of the latest examples no recursion is known."
    if policy.keep == "reservoir" and policy.size != system.num_real:
        return "a reservoir's theorem is for one of num_real examples; give size = num_real."
    return None


def _noise_of(system: RetrainingSystem) -> Noise | None:
    """Variances of a system; None for a regression on random inputs."""
    family, truth = system.family, system.truth
    moments = truth.law.moments(truth.parameters)
    total = float(np.trace(moments.covariance))
    if isinstance(family, LinearRegression):
        if family.inputs != "orthogonal":
            return None
        return Noise(total * family.coef.size, None, total)
    if isinstance(family, ExponentialFamily):
        return Noise(total, None, total)
    if isinstance(family, Gaussian) and family.known_cov:
        return Noise(total, None, total)
    if isinstance(family, Gaussian):
        return Noise(total, float(family.ddof), total)
    return Noise(total, 0.0, total)


def _add(system: RetrainingSystem, noise: Noise, course: list[Course], found: Collector) -> None:
    words = f"policy {system.policy.name}, one generation after another"
    for name, variable, values in (
        (ERROR, labels.MODEL_ERROR, [one.error for one in course]),
        (VARIANCE, labels.MODEL_VARIANCE, [one.variance for one in course]),
    ):
        known = noise.ddof is None and variable == labels.MODEL_VARIANCE
        found.add(
            name,
            variable,
            np.full(len(values), noise.reported) if known else values,
            kind=Kind.EXACT,
            source=Source.OURS,
            description=f"Mean of {variable}, exactly: {words}.",
        )


# ------------------------------------------------------------------------- one policy each


def _first(system: RetrainingSystem, noise: Noise) -> Course:
    """The first fit, to real data alone, or the real parameters themselves."""
    if not system.first_fit:
        return Course(0.0, noise.real, 0.0)
    sizes = {"num_real": system.num_real, "real_variance": noise.real}
    error = number("first_location", **sizes)
    variance = noise.real
    if noise.ddof is not None:
        variance = number("first_variance", ddof=noise.ddof, **sizes)
    return Course(error, variance, 0.0)


def _replaced(system: RetrainingSystem, noise: Noise, before: Course, generation: int) -> Course:
    size = system.generated_in(generation)
    error = number(
        "replaced_location_step",
        num_generated=size,
        location_error=before.error,
        model_variance=before.variance,
    )
    variance = before.variance
    if noise.ddof is not None:
        variance = number(
            "replaced_variance_step",
            num_generated=size,
            ddof=noise.ddof,
            model_variance=before.variance,
        )
    return Course(error, variance, 0.0)


def _mixed(system: RetrainingSystem, noise: Noise, before: Course, generation: int) -> Course:
    size, real = system.generated_in(generation), system.num_real
    given = {
        "num_generated": size,
        "synthetic_ratio": size / real,
        "model_variance": before.variance,
        "data_distance": before.other,
    }
    distance = number("mixed_location_step", **given)
    error = number(
        "mixed_location_split", num_real=real, real_variance=noise.real, data_distance=distance
    )
    variance = before.variance
    if noise.ddof is not None:
        within = noise.real * (real - 1) / real
        variance = number(
            "mixed_variance_step", num_real=real, ddof=noise.ddof, data_variance=within, **given
        )
    return Course(error, variance, distance)


def _freshened(system: RetrainingSystem, noise: Noise, before: Course, generation: int) -> Course:
    policy, size = system.policy, system.generated_in(generation)
    assert isinstance(policy, (Fresh, Injected))
    # All examples of an event count alike, as fresh ones of no given weight.
    fresh = policy if isinstance(policy, Fresh) else Fresh(num_fresh=policy.num_fresh)
    weight = fresh.share(size)
    if weight == 0:
        return _replaced(system, noise, before, generation)
    given = {
        "num_real": policy.num_fresh,
        "num_generated": size,
        "fresh_weight": weight,
        "real_variance": noise.real,
        "location_error": before.error,
        "model_variance": before.variance,
    }
    variance = before.variance
    if noise.ddof is not None:
        variance = number("fresh_variance_step", ddof=noise.ddof, **given)
    return Course(number("fresh_location_step", **given), variance, 0.0)


def _injected(system: RetrainingSystem, noise: Noise, before: Course, generation: int) -> Course:
    """The steps are linear and events independent of the past: their means are averaged."""
    assert isinstance(system.policy, Injected)
    prob = system.policy.prob
    event = _freshened(system, noise, before, generation)
    none = _replaced(system, noise, before, generation)
    error, variance, _ = (
        prob * one + (1 - prob) * other for one, other in zip(event, none, strict=True)
    )
    return Course(error, variance, 0.0)


def _first_pool(system: RetrainingSystem, noise: Noise) -> Course:
    """The pool's second moment about the real mean is the real variance."""
    return _first(system, noise)._replace(other=noise.real)


def _accumulated(system: RetrainingSystem, noise: Noise, before: Course, generation: int) -> Course:
    given = {
        "generations": generation,
        "num_generated": system.num_generated,
        "location_error": before.error,
        "model_variance": before.variance,
    }
    error = number("accumulated_location_step", **given)
    if noise.ddof is None:
        return Course(error, before.variance, before.other)
    moment = {"pool_moment": before.other, "generations": generation}
    moment |= {"location_error": before.error, "model_variance": before.variance}
    return Course(
        error,
        number(
            "accumulated_variance_step",
            ddof=noise.ddof,
            num_generated=system.num_generated,
            **moment,
        ),
        number("accumulated_moment_step", **moment),
    )


def _first_pooled(system: RetrainingSystem, noise: Noise) -> Course:
    """All real examples are the first pool, and the first model is fitted to all of them."""
    first = _first(system, noise)
    return first._replace(other=first.error)


def _budgeted(system: RetrainingSystem, noise: Noise, before: Course, generation: int) -> Course:
    policy, size = system.policy, system.num_generated
    assert isinstance(policy, Budget)
    if policy.keep == "reservoir":
        kept: dict[str, float] = {"num_generated": size, "training_budget": policy.size}
        kept |= {"generations": generation, "model_variance": before.variance}
        return Course(
            number("reservoir_location_step", location_error=before.error, **kept),
            number("reservoir_variance_step", **kept),
            0.0,
        )
    given = {"num_generated": size, "pool_moment": noise.real}
    # The first model was fitted to the whole pool.
    budget = policy.size if generation else size
    pool = number(
        "sampled_pool_step",
        generations=generation,
        training_budget=budget,
        pool_error=before.other,
        **given,
    )
    drawn = {"generations": generation + 1, "training_budget": policy.size, "pool_error": pool}
    return Course(
        number("sampled_location", **drawn, **given),
        number("sampled_variance", **drawn, **given),
        pool,
    )


_Begin = Callable[[RetrainingSystem, Noise], Course]
_Step = Callable[[RetrainingSystem, Noise, Course, int], Course]
_POLICIES: dict[type, tuple[_Begin, _Step]] = {
    Replace: (_first, _replaced),
    Mix: (_first, _mixed),
    Fresh: (_first, _freshened),
    Injected: (_first, _injected),
    Accumulate: (_first_pool, _accumulated),
    Budget: (_first_pooled, _budgeted),
}


def _regression(system: RetrainingSystem, generations: int, found: Collector) -> None:
    """Linear regression on inputs drawn at random: the theorems of inverse Wishart matrices."""
    names = {Replace: "regression_replaced", Accumulate: "regression_accumulated"}
    name = names.get(type(system.policy))
    family = system.truth
    assert isinstance(family, LinearRegression)
    variance = np.full(generations + 1, family.noise_sd**2)
    found.add(
        VARIANCE,
        labels.MODEL_VARIANCE,
        variance,
        kind=Kind.EXACT,
        source=Source.OURS,
        description="The noise of the labels is known and never fitted.",
    )
    if name is None or not system.first_fit or system.growth:
        reason = (
            "inputs are drawn at random: exact for the policies replace and accumulate alone, from "
            'a first fit and without growth; give inputs="orthogonal".'
        )
        found.omit(ERROR, reason)
        return
    if min(system.num_real, system.num_generated) <= family.coef.size + 1:
        found.omit(ERROR, "with so few examples the mean squared error is infinite.")
        return
    sizes = {"num_real": system.num_real} if isinstance(system.policy, Replace) else {}
    values = number(
        name,
        generations=np.arange(generations + 1),
        num_generated=system.num_generated,
        num_features=family.coef.size,
        label_noise=family.noise_sd**2,
        **sizes,
    )
    found.add(ERROR, labels.MODEL_ERROR, values, rests_on=name)
