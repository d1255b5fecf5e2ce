"""Gaussians and mixtures of them retrained on their own samples: runs, and numbers of runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import xarray as xr

from toolkit import labels, metrics
from toolkit.compare import compare
from toolkit.simulate import simulate
from toolkit.systems import Gaussian, GaussianMixture, Mix, Replace, RetrainingSystem
from toolkit.theory import number, predict
from toolkit.theory import retraining_diversity as names

FloatArray = npt.NDArray[np.float64]

#: The Gaussian whose second feature hardly varies, and the policies of the mixtures.
NARROW, OWN, MIXED = "narrow", "own", "mixed"
DRIFT, VARIANCE = "retraining_error", "retraining_variance"
#: Features of the root that are held against its bound: both axes and both diagonals.
DIRECTIONS = np.array([[1.0, 0.0], [0.0, 1.0], [0.5**0.5, 0.5**0.5], [0.5**0.5, -(0.5**0.5)]])
_RECORD = (labels.MODEL_DIVERSITY, labels.MODEL_VARIANCE, labels.MODEL_ERROR)
#: Generations between those at which roots are looked at.
_EVERY = 5
#: Standard errors beyond which skewness cannot be corrected for.
_CRITICAL = 4.0
MEDIAN, WITHIN, WEIGHT, SHARE = "median", "within_sd", "weight", "share"


class Case(NamedTuple):
    """One Gaussian under one policy."""

    system: RetrainingSystem
    simulated: xr.Dataset
    comparison: xr.Dataset

    def verdict(self, result: str) -> str:
        """Of a comparison's result."""
        return str(self.comparison[labels.VERDICT].sel(result=result).values)

    def first_undecidable(self, result: str) -> int:
        """The generation from which too few replicates bear a mean; the last if none does."""
        decidable = self.comparison[labels.DECIDABLE].sel(result=result).isel(model=0)
        generation = decidable[labels.GENERATION].values
        lost = np.flatnonzero(~decidable.values)
        return int(generation[lost[0]] if lost.size else generation[-1])

    def stored(self) -> xr.Dataset:
        """The comparison, with the median run of each variable."""
        medians = {
            f"{MEDIAN}_{name}": self.simulated[name].median(labels.REPLICATE) for name in _RECORD
        }
        return self.comparison.assign(medians)


class Modes(NamedTuple):
    """A mixture under one policy.

    Attributes
    ----------
    system : RetrainingSystem
    within : ndarray, shape (replicates, generations + 1)
        Standard deviation within the modes, relative to the real one.
    weights : ndarray, shape (replicates, generations + 1, num_components)
    first : GaussianMixture parameters
        Of the first replicate at all generations.
    """

    system: RetrainingSystem
    within: FloatArray
    weights: FloatArray
    first: Any

    def kept(self) -> tuple[float, float]:
        """Geometric mean of ``within`` at the end, and its standard error to first order."""
        log = metrics.mean_over_replicates(np.log(self.within[:, -1]))
        value = float(np.exp(log.value))
        return value, value * float(log.standard_error)

    def alive(self) -> float:
        """Mean effective number of modes at the end."""
        return float(np.mean(1 / np.sum(self.weights[:, -1] ** 2, axis=-1)))

    def stored(self) -> xr.Dataset:
        """As a dataset."""
        dims = (labels.REPLICATE, labels.GENERATION)
        return xr.Dataset(
            {WITHIN: (dims, self.within), WEIGHT: ((*dims, labels.COMPONENT), self.weights)},
            attrs={labels.SYSTEM: self.system.to_json()},
        )


class Runs(NamedTuple):
    """All that was computed: by kind, ddof and count; by ratio; by policy and count."""

    own: Mapping[tuple[str, int, int], Case]
    mixed: Mapping[int, Case]
    modes: Mapping[tuple[str, int], Modes]


def case(
    system: RetrainingSystem, *, generations: int, replicates: int, seed: int, false_alarm: float
) -> Case:
    """Simulate and compare with all that is known.

    Parameters
    ----------
    system : RetrainingSystem
        Of Gaussians.
    generations, replicates, seed : int
    false_alarm : float
        Of the comparison.
    """
    assert isinstance(system.family, Gaussian)
    several = system.family.mean.size > 1
    simulated = simulate(
        system,
        generations=generations,
        replicates=replicates,
        seed=seed,
        record=(*_RECORD, *((labels.MODEL_PARAMETERS,) if several else ())),
    )
    predicted = predict(system, generations=generations, variables=_RECORD)
    # Its logarithm is 0 at the start, which is no unit for a residual.
    predicted = predicted.sel(result=predicted[labels.RESULT] != names.LOG_LOWER)
    return Case(system, simulated, compare(simulated, predicted, false_alarm=false_alarm))


def modes(config: Any) -> dict[tuple[str, int], Modes]:
    """Mixtures on a circle, trained on their own samples or on as many real ones beside them."""
    angle = 2 * np.pi * np.arange(config.num_modes) / config.num_modes
    family = GaussianMixture(
        weights=np.full(config.num_modes, 1 / config.num_modes),
        means=np.stack([np.cos(angle), np.sin(angle)], axis=1),
        covs=np.tile(config.mode_sd**2 * np.eye(2), (config.num_modes, 1, 1)),
        em_steps=config.em_steps,
    )
    found = {}
    for count in config.mode_counts:
        for policy, real, generated in (
            (OWN, count, count),
            (MIXED, count // 2, count - count // 2),
        ):
            system = RetrainingSystem(
                family=family,
                policy=Replace() if policy == OWN else Mix(),
                num_real=real,
                num_generated=generated,
            )
            found[policy, count] = _modes(config, system)
    return found


def _modes(config: Any, system: RetrainingSystem) -> Modes:
    simulated = simulate(
        system,
        generations=config.mode_generations,
        replicates=config.mode_replicates,
        seed=config.seed,
        record=(labels.MODEL_PARAMETERS,),
    )
    vectors = jnp.asarray(simulated[labels.MODEL_PARAMETERS].isel(model=0).values)
    of_vector = jax.vmap(jax.vmap(system.family.law.of_vector))
    parameters = jax.tree.map(np.asarray, of_vector(vectors))
    within = metrics.within_variance(parameters.weights, parameters.roots)
    return Modes(
        system,
        np.sqrt(within / (2 * config.mode_sd**2)),
        parameters.weights,
        jax.tree.map(lambda leaf: leaf[0], parameters),
    )


# ----------------------------------------------------------------------------- numbers of runs


def rate(one: Case, result: str) -> float:
    """Predicted decay of diversity in one generation, of the mean or of the mean logarithm."""
    found = one.comparison.sel(result=result)
    first, second = found[labels.PREDICTED].isel(model=0).values[:2]
    if str(found[labels.SCALE].values) == labels.LOG:
        return float(first - second)
    return float(np.log(first / second))


def slope(one: Case) -> tuple[float, float]:
    """Mean growth of log diversity in one generation, and its standard error."""
    values = np.log(one.simulated[labels.MODEL_DIVERSITY].isel(model=0).values)
    mean = metrics.mean_over_replicates((values[:, -1] - values[:, 0]) / (values.shape[1] - 1))
    return float(mean.value), float(mean.standard_error)


def drift_limit(one: Case) -> tuple[float, float]:
    """To what the mean squared drift of a likeliest Gaussian tends, and where it ended."""
    assert isinstance(one.system.family, Gaussian)
    reached = one.comparison[labels.SIMULATED].sel(result=DRIFT).values[-1, 0]
    return float(np.trace(one.system.family.cov)), float(reached)


def roots(one: Case) -> tuple[FloatArray, metrics.Mean, FloatArray]:
    """Generations, means of ``v' Sigma^(1/2) v`` less their bounds along v, and the bounds."""
    assert isinstance(one.system.family, Gaussian)
    few = one.simulated.isel({labels.GENERATION: slice(_EVERY, None, _EVERY)})
    lower = few[labels.MODEL_PARAMETERS].isel(model=0).values[..., 2:]
    cov = lower[..., [[0, 1], [1, 2]]]
    forms = metrics.root_forms(cov, DIRECTIONS)
    generation = few[labels.GENERATION].values
    bound = number(
        "image_root_trajectory",
        generations=generation[:, None],
        image_count=one.system.num_generated,
        ddof=one.system.family.ddof,
        shrinkage_factor=1,
        root_form=metrics.root_forms(one.system.family.cov, DIRECTIONS),
    )
    return generation, metrics.mean_over_replicates(forms - bound, forms, tail=forms), bound


def excess_of_roots(runs: Runs) -> float:
    """By how many standard errors a mean root is above its bound at most, where decidable.

    What the skewness of the replicates may add is taken off.
    """
    worst = -np.inf
    for (kind, *_), one in runs.own.items():
        if kind == "line":
            continue
        _, mean, _ = roots(one)
        replicates = one.simulated.sizes[labels.REPLICATE]
        score = mean.value / mean.standard_error
        score = score - metrics.widening(mean, replicates, _CRITICAL)
        decidable = metrics.is_decidable(mean, replicates, _CRITICAL)
        worst = max(worst, float(score[decidable].max(initial=-np.inf)))
    return worst
