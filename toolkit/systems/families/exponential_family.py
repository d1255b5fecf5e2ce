"""Exponential families through their sufficient statistics: a fit solves ``grad A(eta) = tau``."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from toolkit.systems import validation
from toolkit.systems.families.members import MEMBERS, Member
from toolkit.systems.families.protocol import Array, Family, Law, Moments, Points, Summary
from toolkit.systems.validation import FloatArray

#: Newton steps of a fit, and quarterings tried of each: from a model that has all but collapsed
#: the whole step is out of the domain by many orders of magnitude.
_STEPS, _QUARTERINGS = 25, 20


@dataclasses.dataclass(frozen=True)
class ExponentialFamilyLaw(Law):
    """A one-dimensional exponential family; parameters are the natural ones."""

    member: str
    width: ClassVar[int] = 1  # type: ignore[misc]
    summarised: ClassVar[bool] = True

    @property
    def _member(self) -> Member:
        return MEMBERS[self.member]

    @property
    def fewest(self) -> int:
        """Two parameters need two examples."""
        return len(self._member.parameters)

    def sample(self, params: Array, key: Array, number: int) -> Array:
        """So many examples."""
        return self._member.sample(params, key, number)[:, None]

    def log_prob(self, params: Array, values: Array) -> Array:
        """``log h(x) + eta . T(x) - A(eta)``."""
        x, member = values[:, 0], self._member
        return member.log_base(x) + member.statistic(x) @ params - member.log_partition(params)

    def supports(self, params: Array, values: FloatArray) -> npt.NDArray[np.bool_]:
        """Numbers of the member's range, whole ones where it counts."""
        x, member = values[:, 0], self._member
        inside = (x >= 0) & (x < member.highest) & (not member.whole or x == np.round(x))
        return inside & super().supports(params, values)

    def moments(self, params: Array) -> Moments:
        """Of the sufficient statistics: the gradient and the Hessian of A."""
        log_partition = self._member.log_partition
        return Moments(jax.grad(log_partition)(params), jax.hessian(log_partition)(params))

    def quadrature(self, params: Array, order: int) -> Points:
        """Gauss nodes, or all values of a discrete law."""
        values, weight = self._member.nodes(self._member.usual(np.asarray(params)), order)
        return Points(jnp.asarray(values)[:, None], jnp.asarray(weight))

    def vector(self, params: Array) -> Array:
        """The natural parameters."""
        return params

    def of_vector(self, vector: Array) -> Array:
        """The inverse of ``vector``."""
        return vector

    def names(self) -> tuple[str, ...]:
        """``natural[0]``, ..."""
        return tuple(f"natural[{index}]" for index in range(len(self._member.parameters)))

    def statistics(self, values: Array, weight: Array) -> Array:
        """Weighted average of T(x); examples of weight 0 may be anything."""
        share = weight / jnp.sum(weight)
        statistic = self._member.statistic(values[:, 0])
        return jnp.sum(jnp.where(weight[:, None] > 0, share[:, None] * statistic, 0), axis=0)

    def fit_statistics(self, data: Summary, previous: Array) -> Array:
        """Natural parameters with ``grad A = tau``, by Newton steps that never go up.

        The likelihood is concave: what is maximised is ``eta . tau - A(eta)``.
        """
        log_partition, target = self._member.log_partition, data.statistics
        shorter = 0.25 ** jnp.arange(_QUARTERINGS)

        def loss(eta: Array) -> Array:
            value = log_partition(eta) - eta @ target
            return jnp.where(jnp.isfinite(value), value, jnp.inf)

        def newton(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
            steps, eta, _ = state
            gradient = jax.grad(log_partition)(eta) - target
            step = jnp.linalg.solve(jax.hessian(log_partition)(eta), gradient)
            tried = eta - shorter[:, None] * step
            losses = jax.vmap(loss)(tried)
            # Of equals the whole step: near the optimum rounding hides that it is better.
            slack = 1e-13 * (1 + jnp.abs(jnp.min(losses)))
            best = jnp.argmax(losses <= jnp.min(losses) + slack)
            moved = jnp.where(jnp.isfinite(losses[best]), tried[best], eta)
            small = jnp.max(jnp.abs(moved - eta)) <= 1e-14 * jnp.max(jnp.abs(eta))
            return steps + 1, moved, small

        def unsettled(state: tuple[Array, Array, Array]) -> Array:
            return (state[0] < _STEPS) & ~state[2]

        begin = (jnp.asarray(0), previous, jnp.asarray(False))
        eta: Array = jax.lax.while_loop(unsettled, newton, begin)[1]
        # In units of the statistics' standard deviations, which have no fixed scale.
        sd = jnp.sqrt(jnp.diagonal(jax.hessian(log_partition)(eta)))
        gradient = jax.grad(log_partition)(eta) - target
        solved = jnp.all(jnp.abs(gradient) <= 1e-6 * sd) & self._member.attained(target)
        return jnp.where(solved, eta, jnp.nan)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ExponentialFamily(Family):
    """A member of an exponential family in one dimension.

    Parameters
    ----------
    member : {"poisson", "geometric", "exponential", "gamma", "beta"}
    values : array_like
        As usual: rate; probability (of counts from 0); rate; shape and rate; both shapes.

    Raises
    ------
    ValueError
        When the family is unknown or a parameter is outside its range.

    Examples
    --------
    >>> ExponentialFamily(member="gamma", values=[2.0, 1.0]).law.names()
    ('natural[0]', 'natural[1]')
    """

    name: ClassVar[str] = "exponential_family"
    member: str
    values: FloatArray

    def __post_init__(self) -> None:
        if self.member not in MEMBERS:
            raise ValueError(f"member must be one of {', '.join(MEMBERS)}, not {self.member!r}.")
        wanted = MEMBERS[self.member]
        self._set("values", validation.frozen_array(self.values, "values", 1))
        if self.values.shape != (len(wanted.parameters),):
            raise ValueError(
                f"values must hold {' and '.join(wanted.parameters)} of a {self.member} law, but "
                f"its shape is {self.values.shape}."
            )
        if (self.values <= 0).any() or (wanted.below_one and (self.values >= 1).any()):
            high = "1" if wanted.below_one else "infinity"
            raise ValueError(
                f"values must lie between 0 and {high} for a {self.member} law, not "
                f"{self.values.tolist()}."
            )

    @property
    def law(self) -> ExponentialFamilyLaw:
        """The family."""
        return ExponentialFamilyLaw(self.member)

    @property
    def parameters(self) -> Any:
        """Natural parameters."""
        return jnp.atleast_1d(jnp.asarray(MEMBERS[self.member].natural(self.values)))
