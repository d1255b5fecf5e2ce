"""The map of one retraining with endless data, its fixed point and its Jacobian (R2, R3).

With endless data a generation is a map of parameters, ``theta -> G(theta)``: the fit to the real
law with weight ``1 - b`` and to what ``theta`` generates with weight b, as it is chosen and at
the temperature that it is drawn at. Laws are integrated by quadrature, the map is that of the
very fit that the loop makes, and its Jacobian comes from automatic differentiation. Generated
examples stay at the nodes of the base point and are weighted by the ratio of densities: its
derivative is the score, so that no derivative of a node is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from toolkit.machine import jit
from toolkit.systems import Curated, Fresh, Mix, Replace, RetrainingSystem
from toolkit.systems.families import Law, Points, scaled

Array = jax.Array
FloatArray = npt.NDArray[np.float64]

#: Examples that endless data count for: what a fit subtracts from them is lost in rounding.
_ENDLESS = 1e15
#: Steps of the search for a fixed point, and how far it may be from one.
_ITERATIONS, _NEWTON, _CLOSE = 60, 30, 1e-10


class NoFixedPointError(ValueError):
    """The map has no fixed point within reach of the optimum."""


class RetrainingMap(NamedTuple):
    """The map with endless data of a system.

    Attributes
    ----------
    system : RetrainingSystem
    shares : ndarray, shape (num_models,)
        b, the weight of what is generated in each model's training sets.
    nodes : Points
        Of the real law.
    order : int
        Nodes of a generated law in each direction.
    """

    system: RetrainingSystem
    shares: FloatArray
    nodes: Points
    order: int

    @property
    def optimum(self) -> FloatArray:
        """Best parameters of every model in a row."""
        law = self.system.family.law
        vector = law.vector(self.system.optimum())
        assert vector is not None
        return np.tile(np.asarray(vector), self.system.num_models)

    def _at(self, theta: npt.ArrayLike, run: Callable[..., Array]) -> FloatArray:
        """``run`` at ``theta``; nodes of what is generated there are found outside of JAX."""
        law, system = self.system.family.law, self.system
        vector = jnp.asarray(theta, float)
        temperature = None if system.temperature == 1 else jnp.asarray(system.temperature)
        drawn = [
            law.quadrature(_drawn_from(law, one, temperature), self.order)
            for one in jnp.split(vector, system.num_models)
        ]
        shares = np.ones((1, 1)) if system.network is None else system.network.weights
        branches = _Branches(law, bool((self.shares < 1).any()), _selection(system))
        weights = jnp.asarray(self.shares[:, None] * shares)
        of_real = jnp.asarray(1 - self.shares)
        given = (vector, drawn, weights, self.nodes, of_real, temperature)
        return np.asarray(run(branches, *given))

    def __call__(self, theta: npt.ArrayLike) -> FloatArray:
        """``G(theta)``."""
        return self._at(theta, _applied)

    def jacobian(self, theta: npt.ArrayLike) -> FloatArray:
        """The Jacobian of G, by forward differentiation, shape (parameters, parameters)."""
        return self._at(theta, _differentiated)

    def fixed_point(self) -> FloatArray:
        """The fixed point that is reached from the optimum.

        Some retrainings, then Newton's method, which also finds one that repels.

        Raises
        ------
        NoFixedPointError
            When none is found.
        """
        theta = self.optimum
        for _ in range(_ITERATIONS):
            moved = self(theta)
            if not np.all(np.isfinite(moved)):
                break
            done = np.max(np.abs(moved - theta)) <= _CLOSE * (1 + np.max(np.abs(theta)))
            theta = moved
            if done:
                break
        for _ in range(_NEWTON):
            step = self(theta) - theta
            if not np.all(np.isfinite(step)):
                break
            if np.max(np.abs(step)) <= _CLOSE * (1 + np.max(np.abs(theta))):
                return theta
            slope = np.eye(theta.size) - self.jacobian(theta)
            theta = theta + np.linalg.lstsq(slope, step, rcond=None)[0]
        raise NoFixedPointError(
            "no fixed point was found from the optimum: the map with endless data runs away."
        )


class _Branches(NamedTuple):
    """What is compiled in."""

    law: Law
    with_real: bool
    selection: tuple[int, tuple[float, ...]] | None


def _apply(
    branches: _Branches,
    theta: Array,
    drawn: list[Points],
    weights: Array,
    real: Points,
    of_real: Array,
    temperature: Array | None,
) -> Array:
    """``G(theta)``, right at the point whose nodes were drawn, with its derivative there."""
    law = branches.law
    vectors = jnp.split(theta, len(drawn))

    def generated(vector: Array, nodes: Points) -> Points:
        params = _drawn_from(law, vector, temperature)
        here = law.log_prob(params, nodes.values)
        ratio = jnp.exp(here - jax.lax.stop_gradient(here))
        chosen = _chosen(branches, params, nodes.values)
        return nodes._replace(weight=nodes.weight * ratio * chosen)

    made = [generated(vector, nodes) for vector, nodes in zip(vectors, drawn, strict=True)]
    fitted = []
    for vector, row, share in zip(vectors, weights, of_real, strict=True):
        parts = [scaled(real, share)] if branches.with_real else []
        parts += [scaled(part, weight) for part, weight in zip(made, row, strict=True)]
        data = Points(*(jnp.concatenate(both) for both in zip(*parts, strict=True)))
        fit = law.vector(law.fit(scaled(data, _ENDLESS), law.of_vector(vector)))
        assert fit is not None
        fitted.append(fit)
    return jnp.concatenate(fitted)


_applied = jit(static_argnums=0)(_apply)
_differentiated = jit(static_argnums=0)(jax.jacfwd(_apply, argnums=1))


def _drawn_from(law: Law, vector: Array, temperature: Array | None) -> Any:
    params = law.of_vector(vector)
    return params if temperature is None else law.tempered(params, temperature)


def _selection(system: RetrainingSystem) -> tuple[int, tuple[float, ...]] | None:
    """Of how many the best is chosen, and by what weights."""
    policy = system.policy
    if not isinstance(policy, Curated) or policy.choices == 1:
        return None
    first = (1.0, *[0.0] * (system.family.law.width - 1))
    return policy.choices, policy.score or first


def _chosen(branches: _Branches, params: Any, values: Array) -> Array:
    """Density of the best of k relative to that of one: ``k F(score)^(k - 1)``."""
    if branches.selection is None:
        return jnp.ones(len(values))
    choices, score = branches.selection
    weights = jnp.asarray(score)
    below = branches.law.score_cdf(params, weights, values @ weights)
    return choices * below ** (choices - 1)


def map_of(system: RetrainingSystem, *, order: int | None = None) -> RetrainingMap:
    """The map of a system.

    Parameters
    ----------
    system : RetrainingSystem
        Under a policy whose training sets are alike in all generations: replace, mix, fresh or
        curated; of a family with a fixed number of parameters.
    order : int, optional
        Nodes in each direction; as many as make up to 4096 of them unless given.

    Raises
    ------
    ValueError
        When the policy is another one, or the family has no parameters in a row.

    Examples
    --------
    >>> import toolkit as tk
    >>> system = tk.RetrainingSystem(family=tk.Gaussian(mean=[0.0], cov=[[1.0]]),
    ...                              policy=tk.Mix(), num_real=100, num_generated=100)
    >>> retraining = map_of(system)
    >>> (retraining.jacobian(retraining.optimum).round(12) + 0.0).tolist()
    [[0.5, 0.0], [0.0, 0.5]]
    """
    shares = _shares(system)
    law = system.family.law
    if not law.names():
        raise ValueError(
            f"family {system.family.name!r} has no fixed number of parameters, so its map has no "
            "Jacobian; see the theorems on bandwidths."
        )
    if isinstance(system.policy, Curated) and system.policy.choices > 1 and not law.ranks:
        raise ValueError(
            f"of the family {system.family.name!r} the law of a score is not known; use a Gaussian "
            "or a mixture of them."
        )
    width = max(law.width, system.truth.law.width)
    chosen = order or int(min(max(4096 ** (1 / width), 3), 64))
    nodes = system.truth.law.quadrature(system.truth.parameters, chosen)
    return RetrainingMap(system, shares, nodes, chosen)


def _shares(system: RetrainingSystem) -> FloatArray:
    """The weight of what is generated in each model's training sets."""
    policy, ratio = system.policy, system.synthetic_ratio
    every = np.ones(system.num_models)
    with_real = isinstance(policy, Curated) and policy.with_real
    if isinstance(policy, Mix) or with_real:
        return ratio / (system.real_weights + ratio)
    if isinstance(policy, Fresh):
        return every * (1 - policy.share(system.num_generated))
    if isinstance(policy, (Replace, Curated)):
        return every
    raise ValueError(
        f"policy {policy.name!r} has another training set in each generation, so no one map; use "
        "replace, mix, fresh or curated."
    )
