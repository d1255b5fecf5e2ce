"""Small worlds of retraining: Gaussians whose means lie on a paraboloid, retrained by solving.

Matrices are differences of scores, the retraining map is solved for and differentiated; the bounds
on the misfit are attained.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath as mp

from symbolic import symbols as s
from symbolic.witnesses.retraining_map_family import (
    DIGITS,
    Family,
    derivative,
    eigenvalues,
    operator_norm,
    solve,
)
from symbolic.worlds.arithmetic import real
from symbolic.worlds.world import World, small_world

F = Fraction
RATIO, RATE, START, STEPS = F(5, 4), F(1, 5), F(3, 2), 4
_AXES, _BOTH = ((F(3, 5), F(4, 5)), (F(-4, 5), F(3, 5))), range(2)
_ROOTS, _VARIANCE = (F(3, 2), F(2)), F(2, 3)
_BENDS = (F(-1, 2), F(1, 3))  # most bent where the curvature is least


def _family(height: Fraction, variance: Fraction, bends: tuple[Fraction, ...] = _BENDS) -> Family:
    """Slopes and bends along turned axes."""
    slope = tuple(tuple(_ROOTS[k] * x for x in _AXES[k]) for k in _BOTH)
    bend = tuple(
        tuple(sum(bends[k] * _AXES[k][a] * _AXES[k][b] for k in _BOTH) for b in _BOTH)
        for a in _BOTH
    )
    return Family(_real(slope), _real(bend), real(height), real(variance))


def _real(rows: Any) -> Any:
    return tuple(tuple(map(real, row)) for row in rows)


def _along(unit: Any, vector: Any) -> Any:
    """Component along a direction."""
    return sum(v * x for v, x in zip(unit, vector, strict=True))


def _slope_table(of: Callable[[Any], Any]) -> Callable[[int, int], Any]:
    columns = [derivative(of, unit) for unit in ((1, 0), (0, 1))]
    return lambda a, b: columns[b][a]


def _powers(step: Callable[[Any], Any], unit: Any) -> list[Any]:
    """How far along a direction a map takes the parameters, repeated, per unit of the start."""

    def repeated(times: int) -> Callable[[Any], Any]:
        def of(theta: Any) -> Any:
            for _ in range(times):
                theta = step(theta)
            return theta

        return of

    return [_along(unit, derivative(repeated(times), unit)) for times in range(STEPS)]


def _world(
    name: str,
    height: Fraction,
    bends: tuple[Fraction, ...] = _BENDS,
    axis: int = 0,
    distance: Any = None,
) -> World:
    """Retrain; the real data are a Gaussian like the model's, unless their distance is given."""
    with mp.workdps(DIGITS):
        distance = height if distance is None else distance
        family, unit = _family(height, _VARIANCE, bends), tuple(map(real, _AXES[axis]))
        return with_matrices(name, family, unit, distance)


def with_matrices(name: str, family: Family, unit: Any, distance: Any) -> World:
    """Difference scores and the retraining map of a family, along a direction."""
    best, ratio = (mp.mpf(0), mp.mpf(0)), real(RATIO)
    real_matrix = _slope_table(lambda y: family.score(family.real, y))
    trained = _slope_table(lambda y: family.score(family.mean(best), y))
    sampled = _slope_table(lambda x: family.score(family.mean(x), best))
    moved = derivative(lambda x: family.retrained(x, ratio), unit)
    curved = tuple(tuple(-real_matrix(a, b) for b in _BOTH) for a in _BOTH)
    fisher = tuple(tuple(-trained(a, b) for b in _BOTH) for a in _BOTH)
    gap = tuple(tuple(fisher[a][b] - curved[a][b] for b in _BOTH) for a in _BOTH)
    misfit = solve(curved, fisher)  # type: ignore[arg-type]
    path = _powers(lambda x: family.retrained(x, ratio), unit)
    form = sum(curved[a][b] * unit[a] * unit[b] for a in _BOTH for b in _BOTH)

    def climbed(steps: int) -> Any:
        return _along(unit, derivative(lambda x: family.climbed(x, ratio, real(RATE), steps), unit))

    return World(
        name=name,
        values={
            s.num_parameters: F(2),
            s.synthetic_ratio: RATIO,
            s.learning_rate: RATE,
            s.transient_size: START,
            s.misfit_eigenvalue: _along(
                unit, [sum(row[b] * unit[b] for b in _BOTH) for row in misfit]
            ),
            s.retraining_eigenvalue: _along(unit, moved),
            s.curvature: form,
            s.smallest_curvature: eigenvalues(curved)[1],  # type: ignore[arg-type]
            s.wasserstein_misfit: distance,
            s.hessian_lipschitz: family.lipschitz,
            s.hessian_gap: operator_norm(gap),  # type: ignore[arg-type]
            s.misfit_norm: operator_norm(misfit),
        },
        tables={
            s.real_curvature.label: lambda a, b: curved[a][b],
            s.fisher_information.label: lambda a, b: fisher[a][b],
            s.trained_slope.label: trained,
            s.sampled_slope.label: sampled,
            s.parameter_direction.label: unit.__getitem__,
            s.mapped_direction.label: moved.__getitem__,
            s.deviation_at.label: lambda t: real(START) * path[t],
            s.gradient_eigenvalue_at.label: climbed,
        },
        ranges={s.parameter: _BOTH, s.other_parameter: _BOTH, s.generations: (1, 2)},
    )


@small_world
def misfit() -> World:
    """Real data above the vertex: the best model is not the real law."""
    return _world("misspecified model, retrained", F(3, 4))


@small_world
def across() -> World:
    """Along the other axis, and with bends that keep both norms from being attained."""
    return _world("misspecified model, across", F(3, 4), (F(1, 2), F(-1, 3)), 1)


@small_world
def at_a_point() -> World:
    """Real data that are all at one point: far from any Gaussian, with the same scores."""
    height, sd = F(3, 4), mp.sqrt(real(_VARIANCE))
    ratio = real(height) / sd
    size = mp.sqrt(2 / mp.pi) * mp.exp(-(ratio**2) / 2)
    size += (ratio + 1 / ratio) * mp.erf(ratio / mp.sqrt(2))  # mean of |ratio e + z| in space
    return _world("real data at a point", height, distance=sd * size)


@small_world
def well_specified() -> World:
    """Real data that the model can be."""
    return _world("well-specified model, retrained", F(0))


def _likelihoods(name: str, variance: Fraction, theta: tuple[Fraction, Fraction]) -> World:
    family, tried = _family(F(1, 20), variance), tuple(map(real, theta))
    best = (mp.mpf(0), mp.mpf(0))
    real_fit, own_fit = (
        family.likelihood(centre, tried) for centre in (family.real, family.mean(best))
    )
    return World(
        name=name,
        values={
            s.synthetic_ratio: RATIO,
            s.tried_likelihood: real_fit,
            s.tried_own_likelihood: own_fit,
            s.mixed_likelihood: real_fit + real(RATIO) * own_fit,
            s.real_likelihood: family.likelihood(family.real, best),
            s.own_likelihood: family.likelihood(family.mean(best), best),
        },
    )


@small_world
def narrow() -> World:
    """Positive log-likelihoods, at the best parameters."""
    return _likelihoods("narrow model, best parameters", F(1, 50), (F(0), F(0)))


@small_world
def wide() -> World:
    """Negative log-likelihoods, at the best parameters."""
    return _likelihoods("wide model, best parameters", F(3), (F(0), F(0)))


@small_world
def elsewhere() -> World:
    """At other parameters."""
    return _likelihoods("wide model, other parameters", F(3), (F(1, 3), F(-1, 2)))
