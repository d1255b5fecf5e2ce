"""Where to start: the mode of the density and its curvature there (Laplace's approximation).

The mode is searched from the best of several prior draws with a damped Newton method on the
eigenvalues' absolute values, which cannot walk uphill where the density is not log-concave. Its
inverse Hessian whitens the coordinates, so that NUTS need not learn the scales and correlations.
The Hessian is a central difference of slopes: it need not be exact here, and second derivatives
of a program take longer to compile than all the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from toolkit.measures import Array

Energy = Callable[[Array], Array]

_STEPS = 60
_TOLERANCE = 1e-9
#: Along a direction that the data leave open the priors have a scale of about 1.
_LARGEST_VARIANCE = 4.0
_LARGEST_STEP = 2.0
#: Of the central difference; unconstrained coordinates are of order one.
_DIFFERENCE = 1e-4


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
    return _descend(energy, starts)


class _Point(NamedTuple):
    """Where the search is, where it may go next, and the curvature where it is."""

    at: Array
    value: Array
    gained: Array
    steps: Array
    candidates: Array
    root: Array


def _descend(energy: Energy, starts: Array) -> Laplace:
    """Newton's method with absolute eigenvalues, bounded steps and backtracking.

    Each turn takes the best of the candidates (at first the starts, then fractions of a Newton
    step). The program stands only twice in the loop, for values and for slopes: compiling it is
    what takes long.
    """
    number = len(starts)
    fractions = 0.5 ** jnp.arange(number)

    def improve(point: _Point) -> _Point:
        tried = jax.lax.map(energy, point.candidates)
        tried = jnp.where(jnp.isfinite(tried), tried, jnp.inf)
        best = jnp.argmin(tried)
        gained = point.value - tried[best]
        at = jnp.where(gained > 0, point.candidates[best], point.at)
        slope, values, vectors = _local(energy, at)
        newton = vectors.T @ slope / values
        newton *= jnp.minimum(1, _LARGEST_STEP / jnp.maximum(jnp.max(jnp.abs(newton)), 1e-300))
        candidates = at - fractions[:, None] * (vectors @ newton)
        value = jnp.minimum(tried[best], point.value)
        return _Point(at, value, gained, point.steps + 1, candidates, vectors / jnp.sqrt(values))

    def unfinished(point: _Point) -> Array:
        return (point.steps < _STEPS) & (point.gained > _TOLERANCE)

    infinite = jnp.asarray(jnp.inf)
    nowhere = jnp.eye(starts.shape[1], dtype=starts.dtype)
    begin = _Point(starts[0], infinite, infinite, jnp.asarray(0), starts, nowhere)
    end = jax.lax.while_loop(unfinished, improve, begin)
    return Laplace(end.at, end.root)


def _local(energy: Energy, at: Array) -> tuple[Array, Array, Array]:
    """Slope; the Hessian's eigenvalues, made positive and bounded below; its eigenvectors."""
    step = _DIFFERENCE * jnp.eye(at.size, dtype=at.dtype)
    points = jnp.concatenate([at[None], at + step, at - step])
    slope, above, below = jnp.split(jax.lax.map(jax.grad(energy), points), [1, 1 + at.size], axis=0)
    hessian = (above - below) / (2 * _DIFFERENCE)
    hessian = jnp.where(jnp.all(jnp.isfinite(hessian)), (hessian + hessian.T) / 2, jnp.eye(at.size))
    values, vectors = jnp.linalg.eigh(hessian)
    values = jnp.maximum(jnp.abs(values), 1 / _LARGEST_VARIANCE)
    return jnp.where(jnp.isfinite(slope[0]), slope[0], 0), values, vectors
