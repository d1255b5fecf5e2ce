"""Where to start: the mode of the density and its curvature there (Laplace's approximation).

The mode is searched from the best of several prior draws with a damped Newton method on the
eigenvalues' absolute values, which cannot walk uphill where the density is not log-concave. Its
inverse Hessian whitens the coordinates, so that NUTS need not learn the scales and correlations.
The Hessian is a central difference of slopes: it need not be exact here, and second derivatives
of a program take longer to compile than all the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
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
#: What the search does with the points that it has just evaluated.
_CHOOSE, _CURVE, _START, _DONE = range(4)


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


class Start(NamedTuple):
    """A point in whitened coordinates, ``mode + root at``, with the energy there.

    Attributes
    ----------
    at : Array, shape (dimension,)
    value : Array, shape ()
    slope : Array, shape (dimension,)
        In whitened coordinates.
    """

    at: Array
    value: Array
    slope: Array


class _Search(NamedTuple):
    """The points to be evaluated next, what they are for, and what is known.

    ``points`` are always as many: the program of the energy stands only once in the loop, since
    compiling it is what takes long.
    """

    phase: Array
    points: Array
    at: Array
    value: Array
    gained: Array
    steps: Array
    root: Array
    start: Start


def laplace(energy: Energy, starts: Array, away: Array) -> tuple[Laplace, Start]:
    """The normal approximation at a mode of ``exp(-energy)``, and a point apart from it.

    Parameters
    ----------
    energy : callable
        Of a flat vector.
    starts : Array, shape (num_starts, dimension)
        The search begins at the best of them.
    away : Array, shape (dimension,)
        How far the point is to be from the mode, in sds: it comes nearer by halves where the
        density cannot be evaluated.

    Returns
    -------
    Laplace
    Start

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> energy = lambda x: 0.5 * jnp.sum((x - 1) ** 2) / 0.25
    >>> found, start = laplace(energy, jnp.zeros((1, 2)), jnp.ones(2))
    >>> [round(float(x), 6) for x in (found.mode[0], found.root[0, 0], start.value)]
    [1.0, 0.5, 1.0]
    """
    dimension = starts.shape[1]
    number = max(len(starts), 2 * dimension + 1, 5)
    nothing = jnp.asarray(jnp.inf)
    begin = _Search(
        phase=jnp.asarray(_CHOOSE),
        points=_filled(starts, number),
        at=starts[0],
        value=nothing,
        gained=nothing,
        steps=jnp.asarray(0),
        root=jnp.eye(dimension),
        start=Start(jnp.zeros(dimension), nothing, jnp.zeros(dimension)),
    )
    turns = [partial(do, away=away) for do in (_choose, _curve, _begin)]

    def turn(search: _Search) -> _Search:
        values, slopes = jax.lax.map(jax.value_and_grad(energy), search.points)
        found: _Search = jax.lax.switch(search.phase, turns, search, values, slopes)
        return found

    end = jax.lax.while_loop(lambda search: search.phase != _DONE, turn, begin)
    return Laplace(end.at, end.root), end.start


def _filled(points: Array, number: int) -> Array:
    """So many points, the first one repeated."""
    rest = jnp.broadcast_to(points[0], (number - len(points), points.shape[1]))
    return jnp.concatenate([points, rest])


def _choose(search: _Search, values: Array, slopes: Array, away: Array) -> _Search:
    """Go to the best of the points if it is better; look around there next."""
    tried = jnp.where(jnp.isfinite(values), values, jnp.inf)
    best = jnp.argmin(tried)
    gained = search.value - tried[best]
    at = jnp.where(gained > 0, search.points[best], search.at)
    step = _DIFFERENCE * jnp.eye(at.size)
    around = jnp.concatenate([at[None], at + step, at - step])
    return search._replace(
        phase=jnp.asarray(_CURVE),
        points=_filled(around, len(values)),
        at=at,
        value=jnp.minimum(tried[best], search.value),
        gained=jnp.where(jnp.isnan(gained), 0.0, gained),
    )


def _curve(search: _Search, values: Array, slopes: Array, away: Array) -> _Search:
    """From the slopes around a point the next candidates, or the end of the search.

    They are fractions of Newton's step with absolute eigenvalues, which is bounded.
    """
    dimension, at = search.at.size, search.at
    slope, above, below = jnp.split(slopes[: 2 * dimension + 1], [1, 1 + dimension])
    hessian = (above - below) / (2 * _DIFFERENCE)
    finite = jnp.all(jnp.isfinite(hessian))
    hessian = jnp.where(finite, (hessian + hessian.T) / 2, jnp.eye(dimension))
    eigenvalues, vectors = jnp.linalg.eigh(hessian)
    eigenvalues = jnp.maximum(jnp.abs(eigenvalues), 1 / _LARGEST_VARIANCE)
    newton = vectors.T @ jnp.where(jnp.isfinite(slope[0]), slope[0], 0) / eigenvalues
    newton *= jnp.minimum(1, _LARGEST_STEP / jnp.maximum(jnp.max(jnp.abs(newton)), 1e-300))
    candidates = at - (0.5 ** jnp.arange(len(values)))[:, None] * (vectors @ newton)
    root = vectors / jnp.sqrt(eigenvalues)
    going_on = (search.steps < _STEPS) & (search.gained > _TOLERANCE)
    apart = _filled(at + _nearer(away) @ root.T, len(values))
    return search._replace(
        phase=jnp.where(going_on, _CHOOSE, _START),
        points=jnp.where(going_on, candidates, apart),
        steps=search.steps + 1,
        root=root,
    )


def _begin(search: _Search, values: Array, slopes: Array, away: Array) -> _Search:
    """The farthest of the points apart from the mode at which the density can be evaluated."""
    points = _nearer(away)
    finite = jnp.isfinite(values) & jnp.all(jnp.isfinite(slopes), axis=1)
    usable = jnp.argmax(finite[: len(points)])
    start = Start(points[usable], values[usable], search.root.T @ slopes[usable])
    return search._replace(phase=jnp.asarray(_DONE), start=start)


def _nearer(away: Array) -> Array:
    """At full distance, at a half, ..., at none."""
    return away * jnp.array([1.0, 0.5, 0.25, 0.125, 0.0])[:, None]
