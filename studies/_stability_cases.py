"""The systems of the study of stability: what theory predicts of each, and what is observed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import xarray as xr
from scipy import stats

from studies._contraction import Contraction, contraction, normal
from toolkit import labels, metrics
from toolkit.simulate import simulate
from toolkit.systems import (
    Curated,
    Gaussian,
    GaussianMixture,
    KernelDensity,
    Mix,
    Replace,
    RetrainingSystem,
)
from toolkit.theory import map_of, number, stability

WELL, MISFIT, EM = "Gaussian, well specified", "Gaussian on a mixture", "mixture of 2 on 3, by EM"
TEMPERATURE, CURATED, BANDWIDTH = "temperature", "best of 2", "kernel bandwidth"
STEPS, DEGENERATE, FINITE = "unconverged EM", "degenerate optimum", "no real data, ddof 0"
NORMAL = normal(0.0, 1.0)
#: Quadrature nodes of a mixture's component: with 64 the radius is off in the second digit.
ORDER = 250
#: A displacement that is small beside a weight of a half.
_SMALL = 0.03
_NEAR = (normal(0.1, 1.2), normal(-0.1, 0.9))


class Case(NamedTuple):
    """One system beside its prediction.

    ``predicted`` is the factor of a generation, NaN where theory has no fixed point.
    """

    kind: str
    setting: float
    predicted: float
    observed: float
    error: float


class Claim(NamedTuple):
    """A system of the paper's setting at one ratio."""

    kind: str
    ratio: float
    system: RetrainingSystem
    found: xr.Dataset
    measured: Contraction


class Transient(NamedTuple):
    """A distance over its start, generation by generation: of the map itself, and linearised."""

    claim: Claim
    distance: np.ndarray
    linear: np.ndarray


class Basins(NamedTuple):
    """Where mixtures end, by how they began: shares of the replicates."""

    names: tuple[str, ...]
    right: np.ndarray
    swapped: np.ndarray


class Envelope(NamedTuple):
    """Theorem 2 with measured constants.

    ``errors`` (replicates, generations + 1) beside ``bound``; ``covered`` is the share of
    replicates below it at every generation.
    """

    scale: float
    factor: float
    rho: float
    errors: np.ndarray
    bound: np.ndarray
    covered: float


def of_kind(claims: Sequence[Claim], kind: str) -> list[Claim]:
    """The claims of one kind."""
    return [claim for claim in claims if claim.kind == kind]


def value(claim: Claim, name: str) -> float:
    """A number of its stability, NaN where it is not known."""
    return float(claim.found[name]) if name in claim.found else np.nan


def mixture(
    weights: Sequence[float], means: Sequence[float], variances: Sequence[float], steps: int
) -> GaussianMixture:
    """A mixture in one dimension."""
    return GaussianMixture(
        weights=np.asarray(weights),
        means=np.reshape(means, (-1, 1)),
        covs=np.reshape(variances, (-1, 1, 1)),
        em_steps=steps,
    )


def _of_vector(model: GaussianMixture, vector: np.ndarray) -> GaussianMixture:
    weights, means, roots = model.law.of_vector(jnp.asarray(vector))
    return dataclasses.replace(
        model,
        weights=np.asarray(weights),
        means=np.asarray(means),
        covs=np.asarray(roots @ np.swapaxes(roots, -1, -2)),
    )


def _system(config: Any, family: Any, ratio: float, real: Any, size: int, **changes: Any) -> Any:
    values = {"policy": Mix(), "num_real": size, "real_seed": config.seed} | changes
    return RetrainingSystem(family=family, real=real, num_generated=round(size * ratio), **values)


def claims(config: Any) -> Iterator[Claim]:
    """The paper's setting: no bias, a full refit; three families, every ratio."""
    real = mixture(config.weights, config.means, config.variances, 1)
    runs: dict[str, Any] = {"replicates": config.replicates, "seed": config.seed}
    for ratio in config.ratios:
        system = _system(config, NORMAL, ratio, NORMAL, config.endless)
        measured = contraction(system, _NEAR, generations=config.generations, **runs)
        yield Claim(WELL, ratio, system, stability(system), measured)
    for ratio in config.point_ratios:
        best = float(real.weights @ real.means[:, 0])
        starts = (
            normal(best + 1, 40.0),
            normal(best - 1, 60.0),
        )
        system = _system(config, starts[0], ratio, real, config.points, real_seed=None)
        measured = contraction(system, starts, generations=12, **runs)
        yield Claim(MISFIT, ratio, system, stability(system), measured)
    for ratio in config.em_ratios:
        yield em_claim(config, ratio, config.em_steps)


def em_claim(config: Any, ratio: float, steps: int) -> Claim:
    """A mixture of two on one of three, begun on two sides along the slowest direction.

    Runs whose weights differ take some examples from different components: the distance must
    stay above that noise, so it is begun large and followed until a third of it is left.
    """
    real = mixture(config.weights, config.means, config.variances, 1)
    model = mixture(config.model_weights, config.model_means, config.model_variances, steps)
    system = _system(config, model, ratio, real, config.em_points, real_seed=None)
    found = stability(system, order=ORDER)
    values, vectors = np.linalg.eig(found[labels.JACOBIAN].values)
    slowest = np.real(vectors[:, np.argmax(np.abs(values))])
    point = found[labels.FIXED_POINT_PARAMETERS].values
    starts = [_of_vector(model, point + sign * config.displacement * slowest) for sign in (1, -1)]
    needed = np.log(0.33) / np.log(float(found[labels.SPECTRAL_RADIUS]))
    measured = contraction(
        system,
        (starts[0], starts[1]),
        generations=int(np.clip(np.round(needed), 2, 10)),
        replicates=config.em_replicates,
        seed=config.seed,
        first=0,
    )
    return Claim(EM, ratio, system, found, measured)


def transient(claim: Claim, generations: int = 12) -> Transient:
    """The distance that the Jacobian stretches most, followed by the map and by its linear part."""
    retraining = map_of(claim.system, order=ORDER)
    jacobian = claim.found[labels.JACOBIAN].values
    stretched = np.linalg.svd(jacobian)[2][0]
    linear = [stretched]
    point = claim.found[labels.FIXED_POINT_PARAMETERS].values
    paths = [[point + sign * _SMALL * stretched] for sign in (1, -1)]
    for _ in range(generations):
        linear.append(jacobian @ linear[-1])
        for path in paths:
            path.append(retraining(path[-1]))
    apart = np.linalg.norm(np.subtract(*map(np.asarray, paths)), axis=1)
    return Transient(claim, apart / apart[0], np.linalg.norm(linear, axis=1))


def boundary(config: Any) -> Iterator[Case]:
    """Systems whose boundary is elsewhere: each on both sides, where it has two."""
    runs: dict[str, Any] = {"replicates": config.replicates, "seed": config.seed}
    for temperature in config.temperatures:
        ratio = config.tempered_ratio
        system = _system(config, NORMAL, ratio, NORMAL, config.endless, temperature=temperature)
        measured = contraction(
            system, _NEAR, generations=12, variable=labels.MODEL_VARIANCE, **runs
        )
        predicted = number(
            "tempered_retraining_eigenvalue", synthetic_ratio=ratio, temperature=temperature
        )
        yield _case(TEMPERATURE, temperature, predicted, measured)
    yield from _curated(config, runs)
    points = stats.norm.ppf((np.arange(400) + 0.5) / 400)[:, None]
    for bandwidth in config.bandwidths:
        ratio = config.bandwidth_ratio
        wide, narrow = (
            KernelDensity(points=scale * points, bandwidth=bandwidth) for scale in (1.2, 0.9)
        )
        system = _system(config, wide, ratio, NORMAL, config.points)
        measured = contraction(
            system, (wide, narrow), generations=10, variable=labels.MODEL_VARIANCE, **runs
        )
        predicted = number(
            "bandwidth_retraining_eigenvalue", synthetic_ratio=ratio, bandwidth=bandwidth
        )
        yield _case(BANDWIDTH, bandwidth, predicted, measured)
    for steps in config.few_steps:
        claim = em_claim(config, 1.0, steps)
        yield _case(STEPS, steps, claim.found[labels.SPECTRAL_RADIUS], claim.measured)
    yield _degenerate(config, runs)
    yield _finite(config)


def _case(kind: str, setting: float, predicted: Any, measured: Contraction) -> Case:
    return Case(kind, setting, float(predicted), measured.factor, measured.standard_error)


def selection() -> dict[str, float]:
    """Mean and variance of the better of two."""
    return {
        "selected_mean": float(number("best_of_two_mean")),
        "selected_variance": float(number("best_of_two_variance")),
    }


def _curated(config: Any, runs: dict[str, Any]) -> Iterator[Case]:
    threshold = number("curated_threshold", **selection())
    for ratio in config.curated_ratios:
        policy = Curated(choices=2, with_real=True)
        system = _system(config, NORMAL, ratio, NORMAL, config.points, policy=policy)
        start = (0.5, 1.5)
        if ratio < threshold:
            # Contraction is local: begun beside the fixed point.
            start = tuple(map_of(system).fixed_point())
        above, below = (normal(start[0] * scale, start[1] * scale) for scale in (1.03, 0.97))
        predicted = np.nan
        if ratio < threshold:
            predicted = number("curated_radius", synthetic_ratio=ratio, **selection())
        measured = contraction(system, (above, below), generations=16, first=6, **runs)
        yield _case(CURATED, ratio, predicted, measured)


def _degenerate(config: Any, runs: dict[str, Any]) -> Case:
    """Two components where one suffices: nothing pulls their weights anywhere."""
    starts = [mixture([w, 1 - w], [0.0, 0.0], [1.0, 1.0], 5) for w in (0.6, 0.4)]
    system = _system(config, starts[0], 1.0, NORMAL, 500)
    retraining = map_of(system)
    theta = np.asarray(starts[0].law.vector(starts[0].parameters))
    radius = np.max(np.abs(np.linalg.eigvals(retraining.jacobian(theta))))
    measured = contraction(
        system,
        (starts[0], starts[1]),
        generations=8,
        variable=labels.MODEL_PARAMETERS,
        **runs,
    )
    return _case(DEGENERATE, 1.0, radius, measured)


def _finite(config: Any) -> Case:
    """Mean variance of the likeliest Gaussian of few examples, none of them real."""
    size = config.few_examples
    system = RetrainingSystem(
        family=dataclasses.replace(NORMAL, ddof=0),
        policy=Replace(),
        num_real=size,
        num_generated=size,
        first_fit=False,
    )
    last = 10
    simulated = simulate(
        system,
        generations=last,
        replicates=config.many_replicates,
        seed=config.seed,
        record=(labels.MODEL_VARIANCE,),
        progress=False,
    )
    mean = metrics.mean_over_replicates(simulated[labels.MODEL_VARIANCE].values[:, last, 0])
    observed = float(mean.value) ** (1 / last)
    error = observed * float(mean.standard_error / mean.value) / last
    predicted = number("replaced_variance_step", num_generated=size, ddof=0, model_variance=1.0)
    return Case(FINITE, size, float(predicted), observed, error)


def basins(config: Any) -> Basins:
    """A well-specified mixture, two standard deviations apart, from good and bad starts."""
    real = mixture([0.3, 0.7], [-2.0, 2.0], [1.0, 1.0], 10)
    begun = {
        "in order": [-1.5, 1.5],
        "swapped": [1.5, -1.5],
        "nearly merged": [0.02, -0.02],
        "merged": [0.0, 0.0],
    }
    right, swapped = [], []
    for means in begun.values():
        start = mixture([0.5, 0.5], means, [4.0, 4.0], 10)
        system = _system(config, start, 1.0, real, 400, first_fit=False, real_seed=None)
        simulated = simulate(
            system,
            generations=12,
            replicates=2 * config.replicates,
            seed=config.seed,
            record=(labels.MODEL_PARAMETERS,),
            progress=False,
        )
        ends = simulated[labels.MODEL_PARAMETERS].values[:, -1, 0, 1:3]
        right.append(np.mean(np.all(np.abs(ends - [-2, 2]) < 0.7, axis=1)))
        swapped.append(np.mean(np.all(np.abs(ends - [2, -2]) < 0.7, axis=1)))
    return Basins(tuple(begun), np.asarray(right), np.asarray(swapped))


def envelope(config: Any, rho: float) -> Envelope:
    """Constants of Theorem 2 from one generation; its bound against many.

    The error of one fit at the best parameters has quantiles ``q(delta)`` with
    ``n q^2 = a^2 (log b + log 1/delta)``; a and b are a line's through those of rare errors.
    """
    size = config.envelope_size
    best = np.array([0.0, 1.0])

    def errors(start: Gaussian, generations: int, replicates: int, seed: int) -> np.ndarray:
        simulated = simulate(
            RetrainingSystem(
                family=start,
                real=NORMAL,
                policy=Mix(),
                num_real=size,
                num_generated=size,
                first_fit=False,
            ),
            generations=generations,
            replicates=replicates,
            seed=seed,
            record=(labels.MODEL_PARAMETERS,),
            progress=False,
        )
        apart = simulated[labels.MODEL_PARAMETERS].values[:, :, 0] - best
        return np.asarray(np.linalg.norm(apart, axis=-1))

    once = errors(NORMAL, 1, config.many_replicates, config.seed)[:, 1]
    rare = np.geomspace(0.2, 20 / len(once), 20)
    slope, offset = np.polyfit(-np.log(rare), size * np.quantile(once, 1 - rare) ** 2, 1)
    scale, factor = float(np.sqrt(slope)), float(np.exp(offset / slope))
    start = normal(0.3, 1.3)
    later = errors(
        start, config.envelope_generations, config.many_replicates // 10, config.seed + 1
    )
    generation = np.arange(1, later.shape[1])
    sums = np.cumsum(rho ** np.arange(len(generation)))
    noise = scale / np.sqrt(size) * np.sqrt(np.log(factor * generation / config.delta))
    bound = np.append(later[0, 0], noise * sums + rho**generation * later[0, 0])
    # The theorem is of one generation at a time.
    covered = float(np.min(np.mean(later <= bound + 1e-12, axis=0)))
    return Envelope(scale, factor, rho, later, bound, covered)
