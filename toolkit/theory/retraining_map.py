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

from toolkit.systems import Curated, Fresh, Mix, Replace, RetrainingSystem
from toolkit.systems.families import Points

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
    share : float
        b, the weight of what is generated.
    nodes : Points
        Of the real law.
    order : int
        Nodes of a generated law in each direction.
    """

    system: RetrainingSystem
    share: float
    nodes: Points
    order: int

    @property
    def optimum(self) -> FloatArray:
        """Best parameters of every model in a row."""
        law = self.system.family.law
        vector = law.vector(self.system.optimum())
        assert vector is not None
        return np.tile(np.asarray(vector), self.system.num_models)

    def around(self, base: FloatArray) -> Callable[[Array], Array]:
        """``theta -> G(theta)``, to be evaluated or differentiated at ``base`` and nowhere else."""
        system, law = self.system, self.system.family.law
        shares = np.ones((1, 1)) if system.network is None else system.network.weights
        at_base = jnp.split(jnp.asarray(base), system.num_models)
        # Nodes of some laws are found outside JAX: they are taken once, at the base point.
        drawn = [law.quadrature(self._drawn_from(one), self.order) for one in at_base]

        def generated(model: int, vector: Array) -> Points:
            values, weight = drawn[model]
            params = self._drawn_from(vector)
            here = law.log_prob(params, values)
            ratio = jnp.exp(here - jax.lax.stop_gradient(here))
            return Points(values, weight * ratio * self._chosen(params, values))

        def apply(theta: Array) -> Array:
            vectors = jnp.split(theta, system.num_models)
            made = [generated(model, one) for model, one in enumerate(vectors)]
            fitted = []
            for vector, row in zip(vectors, shares, strict=True):
                parts = [_scaled(self.nodes, 1 - self.share)] if self.share < 1 else []
                parts += [_scaled(p, self.share * w) for p, w in zip(made, row, strict=True) if w]
                data = Points(*(jnp.concatenate(both) for both in zip(*parts, strict=True)))
                fit = law.fit(_scaled(data, _ENDLESS), law.of_vector(vector))
                fitted.append(law.vector(fit))
            return jnp.concatenate(fitted)

        return apply

    def _drawn_from(self, vector: Array) -> Any:
        law, system = self.system.family.law, self.system
        params = law.of_vector(vector)
        return params if system.temperature == 1 else law.tempered(params, system.temperature)

    def _chosen(self, params: Any, values: Array) -> Array:
        """Density of the best of k relative to that of one: ``k F(score)^(k - 1)``."""
        policy, law = self.system.policy, self.system.family.law
        if not isinstance(policy, Curated) or policy.choices == 1:
            return jnp.ones(len(values))
        weights = jnp.asarray(policy.score or (1.0, *[0.0] * (law.width - 1)))
        below = law.score_cdf(params, weights, values @ weights)
        return policy.choices * below ** (policy.choices - 1)

    def __call__(self, theta: npt.ArrayLike) -> FloatArray:
        """``G(theta)``."""
        base = np.asarray(theta, float)
        return np.asarray(self.around(base)(jnp.asarray(base)))

    def jacobian(self, theta: npt.ArrayLike) -> FloatArray:
        """The Jacobian of G, by forward differentiation, shape (parameters, parameters)."""
        base = np.asarray(theta, float)
        return np.asarray(jax.jacfwd(self.around(base))(jnp.asarray(base)))

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
    >>> retraining.jacobian(retraining.optimum).round(12).tolist()
    [[0.5, 0.0], [0.0, 0.5]]
    """
    share = _share(system)
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
    return RetrainingMap(system, share, nodes, chosen)


def _share(system: RetrainingSystem) -> float:
    """The weight of what is generated in a training set."""
    policy, ratio = system.policy, system.synthetic_ratio
    with_real = isinstance(policy, Curated) and policy.with_real
    if isinstance(policy, Mix) or with_real:
        return ratio / (1 + ratio)
    if isinstance(policy, Fresh):
        natural = system.num_generated / (system.num_generated + policy.num_fresh)
        return natural if policy.weight is None else 1 - policy.weight
    if isinstance(policy, (Replace, Curated)):
        return 1.0
    raise ValueError(
        f"policy {policy.name!r} has another training set in each generation, so no one map; use "
        "replace, mix, fresh or curated."
    )


def _scaled(data: Points, factor: float) -> Points:
    return data._replace(weight=data.weight * factor)
