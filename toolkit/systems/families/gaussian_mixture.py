"""Mixtures of Gaussians, fitted by so many steps of EM from the mixture before."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from toolkit.rng import normals, split, uniforms
from toolkit.systems import validation
from toolkit.systems.families import nodes
from toolkit.systems.families.protocol import Array, Family, Law, Moments, Points
from toolkit.systems.validation import FloatArray


class MixtureParams(NamedTuple):
    """Weights (k,), means (k, d) and lower triangular roots of the covariances (k, d, d)."""

    weights: Array
    means: Array
    roots: Array


@dataclasses.dataclass(frozen=True)
class GaussianMixtureLaw(Law):
    """Mixtures of so many Gaussians; a fit is ``em_steps`` steps of EM, a warm start.

    A component to which fewer than ``num_features + 1`` examples belong, or whose examples lie
    in a plane, keeps its Gaussian; its weight is updated.
    """

    num_components: int
    num_features: int
    em_steps: int
    ranks: ClassVar[bool] = True

    @property
    def width(self) -> int:  # type: ignore[override]
        """Numbers of an example."""
        return self.num_features

    def sample(self, params: MixtureParams, key: Array, number: int) -> Array:
        """A component, then its Gaussian."""
        key_component, key_normal = split(key)
        cumulative = jnp.cumsum(params.weights)
        point = uniforms(key_component, number) * cumulative[-1]
        chosen = jnp.minimum(
            jnp.searchsorted(cumulative, point, side="right"), self.num_components - 1
        )
        z = normals(key_normal, self.num_features, number, jnp.dtype(float)).T
        return params.means[chosen] + jnp.einsum("nij,nj->ni", params.roots[chosen], z)

    def _log_joint(self, params: MixtureParams, values: Array) -> Array:
        """Log density of each example with each component, shape (number, k)."""

        def component(weight: Array, mean: Array, root: Array) -> Array:
            z = jax.scipy.linalg.solve_triangular(root, (values - mean).T, lower=True)
            scale = jnp.sum(jnp.log(jnp.diagonal(root)))
            constant = 0.5 * self.num_features * jnp.log(2 * jnp.pi)
            return jnp.log(weight) - 0.5 * jnp.sum(z**2, axis=0) - scale - constant

        return jax.vmap(component, out_axes=1)(*params)

    def log_prob(self, params: MixtureParams, values: Array) -> Array:
        """Of the mixture."""
        return jax.scipy.special.logsumexp(self._log_joint(params, values), axis=1)

    def moments(self, params: MixtureParams) -> Moments:
        """Mean and covariance of the mixture."""
        mean = params.weights @ params.means
        apart = params.means - mean
        within = jnp.einsum("k,kij,klj->il", params.weights, params.roots, params.roots)
        return Moments(mean, within + (params.weights * apart.T) @ apart)

    def quadrature(self, params: MixtureParams, order: int) -> Points:
        """Gauss-Hermite nodes of every component."""
        z, weight = nodes.standard_normal(self.num_features, order)
        values = params.means[:, None] + jnp.einsum("kij,nj->kni", params.roots, z)
        weights = params.weights[:, None] * weight
        return Points(values.reshape(-1, self.num_features), weights.ravel())

    def score_cdf(self, params: MixtureParams, weights: Array, scores: Array) -> Array:
        """Of a mixture of normal scores."""
        sds = jnp.sqrt(jnp.sum(jnp.square(jnp.einsum("i,kij->kj", weights, params.roots)), axis=1))
        z = (scores[:, None] - params.means @ weights) / sds
        return jax.scipy.stats.norm.cdf(z) @ params.weights

    def vector(self, params: MixtureParams) -> Array:
        """All but the last weight, the means, and the lower triangles of the covariances."""
        cov = params.roots @ jnp.swapaxes(params.roots, -1, -2)
        lower = np.tril_indices(self.num_features)
        parts = (params.weights[:-1], params.means.ravel(), cov[:, *lower].ravel())
        return jnp.concatenate(parts)

    def of_vector(self, vector: Array) -> MixtureParams:
        """The inverse of ``vector``."""
        k, d = self.num_components, self.num_features
        weights, means, cov = jnp.split(vector, (k - 1, k - 1 + k * d))
        rows, columns = np.tril_indices(d)
        full = jnp.zeros((k, d, d)).at[:, rows, columns].set(cov.reshape(k, -1))
        full = full.at[:, columns, rows].set(cov.reshape(k, -1))
        return MixtureParams(
            weights=jnp.append(weights, 1 - jnp.sum(weights)),
            means=means.reshape(k, d),
            roots=jnp.linalg.cholesky(full),
        )

    def names(self) -> tuple[str, ...]:
        """``weight[0]``, ..., ``mean[0,0]`` (component, feature), ..., ``cov[0,0,0]``, ..."""
        k, d = self.num_components, self.num_features
        lower = list(zip(*np.tril_indices(d), strict=True))
        return (
            *(f"weight[{c}]" for c in range(k - 1)),
            *(f"mean[{c},{i}]" for c in range(k) for i in range(d)),
            *(f"cov[{c},{i},{j}]" for c in range(k) for i, j in lower),
        )

    def fit_points(self, data: Points, previous: MixtureParams) -> MixtureParams:
        """``em_steps`` steps of EM from the mixture before."""

        def step(_: Array, params: MixtureParams) -> MixtureParams:
            return self._em_step(params, data)

        fitted: MixtureParams = jax.lax.fori_loop(0, self.em_steps, step, previous)
        return fitted

    def _em_step(self, params: MixtureParams, data: Points) -> MixtureParams:
        belongs = jax.nn.softmax(self._log_joint(params, data.values), axis=1)
        belongs = belongs * data.weight[:, None]
        count = jnp.sum(belongs, axis=0)
        share = belongs / jnp.maximum(count, 1e-300)
        means = share.T @ data.values
        apart = data.values[:, None] - means
        cov = jnp.einsum("nk,nki,nkj->kij", share, apart, apart)
        scale = jnp.maximum(jnp.trace(cov, axis1=-2, axis2=-1), 1e-300)[:, None, None]
        roots = jnp.linalg.cholesky(cov / scale) * jnp.sqrt(scale)
        regular = jnp.all(jnp.isfinite(roots), axis=(-2, -1)) & (count >= self.num_features + 1)
        return MixtureParams(
            weights=count / jnp.sum(count),
            means=jnp.where(regular[:, None], means, params.means),
            roots=jnp.where(regular[:, None, None], roots, params.roots),
        )


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class GaussianMixture(Family):
    """A mixture of Gaussians.

    Parameters
    ----------
    weights : array_like, shape (num_components,)
    means : array_like, shape (num_components, num_features)
    covs : array_like, shape (num_components, num_features, num_features)
    em_steps : int
        Steps of EM of a fit, begun at the mixture before: few of them leave it unconverged.

    Raises
    ------
    ValueError
        When shapes disagree or a covariance is not positive definite.

    Examples
    --------
    >>> two = GaussianMixture(weights=[0.5, 0.5], means=[[-2.0], [2.0]], covs=[[[1.0]], [[1.0]]])
    >>> two.law.names()
    ('weight[0]', 'mean[0,0]', 'mean[1,0]', 'cov[0,0,0]', 'cov[1,0,0]')
    """

    name: ClassVar[str] = "gaussian_mixture"
    weights: FloatArray
    means: FloatArray
    covs: FloatArray
    em_steps: int = 20

    def __post_init__(self) -> None:
        self._set("weights", validation.probabilities(self.weights, "weights"))
        self._set("means", validation.frozen_array(self.means, "means", 2))
        k, d = self.means.shape
        if k != self.weights.size or d == 0:
            raise ValueError(
                f"means must have shape (num_components, num_features) with num_components = "
                f"{self.weights.size} as in weights, but it has {self.means.shape}."
            )
        self._set("covs", validation.covariances(self.covs, "covs", (k, d, d)))
        self._set("em_steps", validation.integer(self.em_steps, "em_steps", 1))

    @property
    def law(self) -> GaussianMixtureLaw:
        """The mixtures of so many Gaussians."""
        k, d = self.means.shape
        return GaussianMixtureLaw(k, d, self.em_steps)

    @property
    def parameters(self) -> Any:
        """Weights, means and roots."""
        return MixtureParams(
            jnp.asarray(self.weights / self.weights.sum()),
            jnp.asarray(self.means),
            jnp.asarray(np.linalg.cholesky(self.covs)),
        )
