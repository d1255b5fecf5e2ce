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
    best = starts[jnp.argmin(jnp.where(jnp.isfinite(energies), energies, jnp.inf))]
    mode = _minimise(energy, best)
    values, vectors = _curvature(energy, mode)
    return Laplace(mode, vectors / jnp.sqrt(values))


def _curvature(energy: Energy, at: Array) -> tuple[Array, Array]:
    """Eigenvalues of the Hessian, made positive and bounded below, and eigenvectors."""
    # Column by column: a Hessian at once would hold the program's intermediates many times over.
    _, tangent = jax.linearize(jax.grad(energy), at)
    hessian = jax.lax.map(tangent, jnp.eye(at.size, dtype=at.dtype))
    hessian = jnp.where(jnp.all(jnp.isfinite(hessian)), (hessian + hessian.T) / 2, jnp.eye(at.size))
    values, vectors = jnp.linalg.eigh(hessian)
    return jnp.maximum(jnp.abs(values), 1 / _LARGEST_VARIANCE), vectors


def _minimise(energy: Energy, start: Array) -> Array:
    """Newton's method with absolute eigenvalues, bounded steps and backtracking."""

    def improve(carry: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
        at, value, _, step_number = carry
        values, vectors = _curvature(energy, at)
        slope = vectors.T @ jax.grad(energy)(at)
        slope = jnp.where(jnp.isfinite(slope), slope, 0)
        newton = slope / values
        newton *= jnp.minimum(1, _LARGEST_STEP / jnp.maximum(jnp.max(jnp.abs(newton)), 1e-300))
        step = vectors @ newton
        # All fractions of the step at once cost no more than a loop over the few that are needed.
        fractions = 0.5 ** jnp.arange(_HALVINGS)
        tried = jax.lax.map(lambda fraction: energy(at - fraction * step), fractions)
        tried = jnp.where(jnp.isfinite(tried), tried, jnp.inf)
        better = jnp.argmin(tried)
        gained = value - tried[better]
        at = jnp.where(gained > 0, at - fractions[better] * step, at)
        return at, jnp.minimum(tried[better], value), gained, step_number + 1

    def unfinished(carry: tuple[Array, Array, Array, Array]) -> Array:
        _, _, gained, step_number = carry
        return (step_number < _STEPS) & (gained > _TOLERANCE)

    value = energy(start)
    infinite = jnp.asarray(jnp.inf)
    value = jnp.where(jnp.isfinite(value), value, infinite)
    first = (start, value, infinite, jnp.asarray(0))
    mode, *_ = jax.lax.while_loop(unfinished, improve, first)
    return mode
