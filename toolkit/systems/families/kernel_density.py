"""Kernel density estimates: the model is its own training set, blurred by a Gaussian kernel."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from toolkit.rng import normals, split, uniforms
from toolkit.systems import validation
from toolkit.systems.families import nodes
from toolkit.systems.families.protocol import Array, Family, Law, Moments, Points
from toolkit.systems.validation import FloatArray


class KernelParams(NamedTuple):
    """Centres (number, d), their weights, and the kernel's lower triangular root (d, d)."""

    centres: Array
    weight: Array
    root: Array


@dataclasses.dataclass(frozen=True)
class KernelDensityLaw(Law):
    """Kernel densities; ``relative``: the kernel's covariance is ``bandwidth^2`` times the data's.

    Otherwise it is ``bandwidth^2`` times the identity, whatever the data. A bandwidth of 0 is the
    empirical law: examples are drawn again.
    """

    num_features: int
    bandwidth: float
    relative: bool

    @property
    def width(self) -> int:  # type: ignore[override]
        """Numbers of an example."""
        return self.num_features

    @property
    def fewest(self) -> int:
        """As many as make the data's covariance regular, where it is the kernel's."""
        return self.num_features + 1 if self.relative and self.bandwidth else 1

    def sample(self, params: KernelParams, key: Array, number: int) -> Array:
        """A centre drawn again, and noise."""
        key_centre, key_noise = split(key)
        cumulative = jnp.cumsum(params.weight)
        point = uniforms(key_centre, number) * cumulative[-1] * (1 - 2.0**-52)
        chosen = params.centres[jnp.searchsorted(cumulative, point, side="right")]
        if not self.bandwidth:
            return chosen
        return chosen + normals(key_noise, self.num_features, number, jnp.dtype(float)).T @ (
            params.root.T
        )

    def log_prob(self, params: KernelParams, values: Array) -> Array:
        """Log of the weighted average of kernels; for the empirical law there is none."""
        if not self.bandwidth:
            raise ValueError("a kernel density of bandwidth 0 has no density; give a bandwidth.")
        apart = values[:, None] - params.centres
        z = jax.scipy.linalg.solve_triangular(
            params.root, apart.reshape(-1, self.num_features).T, lower=True
        )
        log_kernel = -0.5 * jnp.sum(z**2, axis=0).reshape(apart.shape[:2])
        log_weight = jnp.log(params.weight / jnp.sum(params.weight))
        constant = jnp.sum(jnp.log(jnp.diagonal(params.root)))
        constant += 0.5 * self.num_features * jnp.log(2 * jnp.pi)
        return jax.scipy.special.logsumexp(log_kernel + log_weight, axis=1) - constant

    def supports(self, params: KernelParams, values: FloatArray) -> npt.NDArray[np.bool_]:
        """All: other centres generate other examples."""
        return np.ones(len(values), bool)

    def moments(self, params: KernelParams) -> Moments:
        """Mean and covariance: the centres' plus the kernel's."""
        mean, cov = _moments(params.centres, params.weight)
        return Moments(mean, cov + params.root @ params.root.T)

    def quadrature(self, params: KernelParams, order: int) -> Points:
        """The centres, each with Gauss-Hermite nodes of the kernel."""
        weight = params.weight / jnp.sum(params.weight)
        if not self.bandwidth:
            return Points(params.centres, weight)
        z, node_weight = nodes.standard_normal(self.num_features, order)
        values = params.centres[:, None] + z @ params.root.T
        return Points(
            values.reshape(-1, self.num_features), (weight[:, None] * node_weight).ravel()
        )

    def vector(self, params: KernelParams) -> None:
        """None: there are as many parameters as data."""
        return

    def room(self, params: KernelParams) -> int:
        """The number of centres."""
        return len(params.weight)

    def with_room(self, params: KernelParams, number: int) -> KernelParams:
        """With centres of weight 0 appended."""
        more = max(number - len(params.weight), 0)
        return params._replace(
            centres=jnp.pad(params.centres, ((0, more), (0, 0))),
            weight=jnp.pad(params.weight, (0, more)),
        )

    def fit_points(self, data: Points, previous: Any) -> KernelParams:
        """The data themselves, with the kernel that their covariance asks for."""
        if self.relative and self.bandwidth:
            cov = _moments(data.values, data.weight)[1]
            root = self.bandwidth * jnp.linalg.cholesky(cov)
        else:
            root = self.bandwidth * jnp.eye(self.num_features)
        return KernelParams(data.values, data.weight, root)


def _moments(values: Array, weight: Array) -> tuple[Array, Array]:
    share = weight / jnp.sum(weight)
    mean = share @ values
    centred = values - mean
    return mean, (share * centred.T) @ centred


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class KernelDensity(Family):
    """A kernel density of given points; with bandwidth 0 the points themselves, drawn again.

    Parameters
    ----------
    points : array_like, shape (number, num_features)
    bandwidth : float
    relative : bool
        Whether the bandwidth is in units of the data's standard deviation (the kernel has their
        covariance times ``bandwidth^2``), or in the features' own.

    Raises
    ------
    ValueError
        When the points are too few or the bandwidth is negative.

    Examples
    --------
    >>> KernelDensity(points=[[0.0], [1.0], [4.0]], bandwidth=0.2).law.width
    1
    """

    name: ClassVar[str] = "kernel_density"
    points: FloatArray
    bandwidth: float
    relative: bool = True

    def __post_init__(self) -> None:
        self._set("points", validation.frozen_array(self.points, "points", 2))
        self._set("bandwidth", validation.real(self.bandwidth, "bandwidth", 0))
        if not isinstance(self.relative, bool):
            raise ValueError(f"relative must be true or false, not {self.relative!r}.")
        number, d = self.points.shape
        if d == 0 or number < self.law.fewest:
            raise ValueError(
                f"points must have shape (at least {self.law.fewest}, num_features), not "
                f"{self.points.shape}."
            )
        spread = np.atleast_2d(np.cov(self.points.T, ddof=0))
        if self.relative and self.bandwidth and np.linalg.matrix_rank(spread) < d:
            raise ValueError("points lie in a plane: a relative bandwidth needs them to spread.")

    @property
    def law(self) -> KernelDensityLaw:
        """The kernel densities of so many features."""
        return KernelDensityLaw(int(self.points.shape[1]), self.bandwidth, self.relative)

    @property
    def parameters(self) -> KernelParams:
        """Points, equal weights and the kernel."""
        points = Points(jnp.asarray(self.points), jnp.ones(len(self.points)))
        return self.law.fit_points(points, None)
