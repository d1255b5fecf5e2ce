"""Where to start: the mode of the density and its curvature there (Laplace's approximation).

The mode is searched from the best of several prior draws with a damped Newton method on the
eigenvalues' absolute values, which cannot walk uphill where the density is not log-concave. Its
inverse Hessian whitens the coordinates, so that NUTS need not learn the scales and correlations.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from toolkit.measures import Array

Energy = Callable[[Array], Array]

_STEPS = 60
_HALVINGS = 12
_TOLERANCE = 1e-9
#: Along a direction that the data leave open the priors have a scale of about 1.
_LARGEST_VARIANCE = 4.0
_LARGEST_STEP = 2.0


class Laplace(NamedTuple):
    """A normal approximation.

    Attributes
    ----------
    mode : Array, shape (dimension,)
    root : Array, shape (dimension, dimension)
        ``root root'`` is the covariance.
    """

    mode: Array
    root: Array


def laplace(energy: Energy, starts: Array) -> Laplace:
    """The normal approximation at a mode of ``exp(-energy)``.

    Parameters
    ----------
    energy : callable
        Of a flat vector.
    starts : Array, shape (num_starts, dimension)
        The search begins at the best of them.

    Returns
    -------
    Laplace

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> found = laplace(lambda x: 0.5 * jnp.sum((x - 1) ** 2) / 0.25, jnp.zeros((1, 2)))
    >>> [round(float(x), 6) for x in (found.mode[0], found.root[0, 0])]
    [1.0, 0.5]
    """
    energies = jax.lax.map(energy, starts)
    energies = jnp.where(jnp.isfinite(energies), energies, jnp.inf)
    best = jnp.argmin(energies)
    return _descend(energy, starts[best], energies[best])


class _Point(NamedTuple):
    """Where the search is, and the curvature where its last step began."""

    at: Array
    value: Array
    gained: Array
    steps: Array
    found: Laplace


def _descend(energy: Energy, start: Array, value: Array) -> Laplace:
    """Newton's method with absolute eigenvalues, bounded steps and backtracking.

    The last step gains next to nothing, so that the curvature at its beginning is that at the
    mode. The program stands only twice in the loop (slope with curvature, and value): it is what
    takes long to compile.
    """
    fractions = 0.5 ** jnp.arange(_HALVINGS)

    def improve(point: _Point) -> _Point:
        slope, values, vectors = _local(energy, point.at)
        newton = vectors.T @ slope / values
        newton *= jnp.minimum(1, _LARGEST_STEP / jnp.maximum(jnp.max(jnp.abs(newton)), 1e-300))
        step = vectors @ newton
        # All fractions of the step at once cost no more than a loop over the few that are needed.
        tried = jax.lax.map(lambda fraction: energy(point.at - fraction * step), fractions)
        tried = jnp.where(jnp.isfinite(tried), tried, jnp.inf)
        better = jnp.argmin(tried)
        gained = point.value - tried[better]
        at = jnp.where(gained > 0, point.at - fractions[better] * step, point.at)
        found = Laplace(at, vectors / jnp.sqrt(values))
        return _Point(at, jnp.minimum(tried[better], point.value), gained, point.steps + 1, found)

    def unfinished(point: _Point) -> Array:
        return (point.steps < _STEPS) & (point.gained > _TOLERANCE)

    nowhere = Laplace(start, jnp.eye(start.size, dtype=start.dtype))
    begin = _Point(start, value, jnp.asarray(jnp.inf), jnp.asarray(0), nowhere)
    return jax.lax.while_loop(unfinished, improve, begin).found


def _local(energy: Energy, at: Array) -> tuple[Array, Array, Array]:
    """Slope; the Hessian's eigenvalues, made positive and bounded below; its eigenvectors."""
    slope, tangent = jax.linearize(jax.grad(energy), at)
    # Column by column: a Hessian at once would hold the program's intermediates many times over.
    hessian = jax.lax.map(tangent, jnp.eye(at.size, dtype=at.dtype))
    hessian = jnp.where(jnp.all(jnp.isfinite(hessian)), (hessian + hessian.T) / 2, jnp.eye(at.size))
    values, vectors = jnp.linalg.eigh(hessian)
    values = jnp.maximum(jnp.abs(values), 1 / _LARGEST_VARIANCE)
    return jnp.where(jnp.isfinite(slope), slope, 0), values, vectors
