"""Gaussians of any dimension, fitted by mean and covariance (theory, R1)."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from toolkit.rng import bartlett, normals, split
from toolkit.systems import validation
from toolkit.systems.families import nodes
from toolkit.systems.families.protocol import Array, Family, Law, Moments, Points, Summary
from toolkit.systems.validation import FloatArray


class GaussianParams(NamedTuple):
    """Mean and lower triangular root: the covariance is ``root root'``."""

    mean: Array
    root: Array


class GaussianStatistics(NamedTuple):
    """Mean and covariance (denominator: their number) of examples.

    The covariance is kept about the mean: the second moment itself would lose a collapsed
    covariance in the rounding of the squared mean.
    """

    mean: Array
    cov: Array


@dataclasses.dataclass(frozen=True)
class GaussianLaw(Law):
    """The Gaussians of ``num_features`` features; covariances have denominator n - ``ddof``.

    With a ``known_root`` (its rows) the covariance is that of the root, and no fit changes it.
    """

    num_features: int
    ddof: int
    known_root: tuple[tuple[float, ...], ...] | None = None
    summarised: ClassVar[bool] = True
    draws_statistics: ClassVar[bool] = True
    tempers: ClassVar[bool] = True
    ranks: ClassVar[bool] = True

    @property
    def width(self) -> int:  # type: ignore[override]
        """Numbers of an example."""
        return self.num_features

    @property
    def fewest(self) -> int:
        """As many as make a covariance regular; one, where it is known."""
        return 1 if self.known_root is not None else max(self.num_features, self.ddof) + 1

    def sample(self, params: GaussianParams, key: Array, number: int) -> Array:
        """``mean + root z``."""
        z = normals(key, self.num_features, number, jnp.dtype(float))
        return params.mean + z.T @ params.root.T

    def log_prob(self, params: GaussianParams, values: Array) -> Array:
        """The multivariate normal density."""
        z = jax.scipy.linalg.solve_triangular(params.root, (values - params.mean).T, lower=True)
        scale = jnp.sum(jnp.log(jnp.diagonal(params.root)))
        constant = 0.5 * self.num_features * jnp.log(2 * jnp.pi)
        return -0.5 * jnp.sum(z**2, axis=0) - scale - constant

    def moments(self, params: GaussianParams) -> Moments:
        """Mean and covariance."""
        return Moments(params.mean, params.root @ params.root.T)

    def quadrature(self, params: GaussianParams, order: int) -> Points:
        """Gauss-Hermite nodes in each feature, exact for polynomials of degree 2 order - 1."""
        z, weight = nodes.standard_normal(self.num_features, order)
        return Points(params.mean + z @ params.root.T, weight)

    def vector(self, params: GaussianParams) -> Array:
        """The mean, then the lower triangle of the covariance row by row, unless it is known."""
        if self.known_root is not None:
            return params.mean
        cov = params.root @ params.root.T
        return jnp.concatenate([params.mean, cov[np.tril_indices(self.num_features)]])

    def of_vector(self, vector: Array) -> GaussianParams:
        """The inverse of ``vector``."""
        d = self.num_features
        if self.known_root is not None:
            return GaussianParams(vector, jnp.asarray(self.known_root))
        lower = jnp.zeros((d, d)).at[np.tril_indices(d)].set(vector[d:])
        return GaussianParams(vector[:d], _root(lower + jnp.tril(lower, -1).T))

    def names(self) -> tuple[str, ...]:
        """``mean[0]``, ..., ``cov[0,0]``, ``cov[1,0]``, ..."""
        d = self.num_features
        means = tuple(f"mean[{i}]" for i in range(d))
        if self.known_root is not None:
            return means
        lower = zip(*np.tril_indices(d), strict=True)
        return (*means, *(f"cov[{i},{j}]" for i, j in lower))

    def tempered(self, params: GaussianParams, temperature: Array) -> GaussianParams:
        """The covariance times the temperature."""
        return params._replace(root=params.root * jnp.sqrt(temperature))

    def score_cdf(self, params: GaussianParams, weights: Array, scores: Array) -> Array:
        """Of a normal score."""
        sd = jnp.sqrt(jnp.sum(jnp.square(weights @ params.root)))
        return jax.scipy.stats.norm.cdf((scores - params.mean @ weights) / sd)

    def usable(self, params: GaussianParams) -> Array:
        """Finite, with a covariance that is regular in floating point."""
        return super().usable(params) & jnp.all(jnp.diagonal(params.root) > 0)

    def statistics(self, values: Array, weight: Array) -> GaussianStatistics:
        """Weighted mean and covariance."""
        share = weight / jnp.sum(weight)
        mean = share @ values
        centred = values - mean
        return GaussianStatistics(mean, (share * centred.T) @ centred)

    def fit_statistics(self, data: Summary, previous: Any) -> GaussianParams:
        """Mean, and covariance times n / (n - ddof)."""
        mean, cov = data.statistics
        if self.known_root is not None:
            return GaussianParams(mean, jnp.asarray(self.known_root))
        return GaussianParams(mean, _root(cov * (data.weight / (data.weight - self.ddof))))

    def draw(self, params: GaussianParams, key: Array, number: Array, most: int) -> Summary:
        """Mean and covariance of ``number`` examples: normal and Wishart, independent."""
        if most:
            return super().draw(params, key, number, most)
        key_mean, key_scatter = split(key)
        z = normals(key_mean, self.num_features, 1, jnp.dtype(float))[:, 0]
        mean = params.mean + params.root @ z / jnp.sqrt(number)
        if self.known_root is not None:  # no fit looks at the scatter
            return Summary(number, GaussianStatistics(mean, jnp.zeros_like(params.root)))
        factor = params.root @ bartlett(key_scatter, number - 1.0, self.num_features)
        return Summary(number, GaussianStatistics(mean, factor @ factor.T / number))

    def join_statistics(self, first: Summary, second: Summary) -> Summary:
        """Means and covariances of two sets as those of their union."""
        joined = super().join_statistics(first, second)
        share = second.weight / jnp.where(joined.weight > 0, joined.weight, 1)
        apart = second.statistics.mean - first.statistics.mean
        between = share * (1 - share) * jnp.outer(apart, apart)
        # Of an empty set there is no mean to be apart from.
        both = (first.weight > 0) & (second.weight > 0)
        cov = joined.statistics.cov + jnp.where(both, between, 0)
        return joined._replace(statistics=joined.statistics._replace(cov=cov))


def _root(cov: Array) -> Array:
    """Lower triangular root, of the covariance at unit scale: a collapsed one keeps its digits."""
    if cov.shape == (1, 1):
        return jnp.sqrt(cov)
    scale = jnp.max(jnp.diagonal(cov))
    safe = jnp.where(scale > 0, scale, 1)
    return jnp.linalg.cholesky(cov / safe) * jnp.sqrt(safe)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Gaussian(Family):
    """A Gaussian.

    Parameters
    ----------
    mean : array_like, shape (num_features,)
    cov : array_like, shape (num_features, num_features)
    ddof : int
        A fitted covariance has denominator n - ddof: 1 is the unbiased one, 0 the likeliest.
    known_cov : bool
        Whether the covariance is known: only the mean is fitted then.

    Raises
    ------
    ValueError
        When shapes disagree or the covariance is not positive definite.

    Examples
    --------
    >>> Gaussian(mean=[0.0, 1.0], cov=[[1.0, 0.0], [0.0, 2.0]]).law.names()
    ('mean[0]', 'mean[1]', 'cov[0,0]', 'cov[1,0]', 'cov[1,1]')
    """

    name: ClassVar[str] = "gaussian"
    mean: FloatArray
    cov: FloatArray
    ddof: int = 1
    known_cov: bool = False

    def __post_init__(self) -> None:
        self._set("mean", validation.frozen_array(self.mean, "mean", 1))
        size = self.mean.size
        if size == 0:
            raise ValueError("mean is empty; give one number per feature.")
        self._set("cov", validation.covariances(self.cov, "cov", (size, size)))
        self._set("ddof", validation.integer(self.ddof, "ddof", 0))
        if not isinstance(self.known_cov, bool):
            raise ValueError(f"known_cov must be true or false, not {self.known_cov!r}.")

    @property
    def law(self) -> GaussianLaw:
        """The Gaussians of so many features."""
        rows = np.linalg.cholesky(self.cov).tolist() if self.known_cov else None
        known = None if rows is None else tuple(tuple(row) for row in rows)
        return GaussianLaw(int(self.mean.size), self.ddof, known)

    @property
    def parameters(self) -> GaussianParams:
        """Mean and root."""
        return GaussianParams(jnp.asarray(self.mean), jnp.asarray(np.linalg.cholesky(self.cov)))
