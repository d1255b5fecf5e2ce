r"""Text probabilities of overlapping images: a likelihood of their two first moments (theory, T1).

A text update averages the posteriors of N images, so that whatever the images

    E q = p~,    Cov q = Cov_y(r)/N,    p~ = (1 - eps) p + eps u after an injection, else p,

exactly; then it is sharpened, ``p'_i = q_i^(1/tau) / sum``. The density of ``p'`` is that of
``q_i = p'_i^tau / sum`` times the Jacobian ``tau^(M-1) prod_c q_c / p'_c``. Given the first two
moments ``q`` is taken for Gaussian, which averages of many images are, on *cells*: the texts that
are common enough, and one pool of the rest. A text is common when its relative variance is at most
that of 5 counts, ``N_ref p_i^2 / Var_y r_i >= 5``; the rare ones, and of the others the rarest,
are pooled until the pool is as common. So lost texts, with an exact 0 too, are handled by the law
of their total. With fewer than two cells a transition says nothing (log density 0). The pattern is
fixed beforehand from the state before.

Approximations: the Gaussian tails (worst with cells of about 5 counts, where a lucky handful of
captions looks like a small injection); how the mass is distributed inside the pool is not used.

**Covariance on the cells.** Write ``D = diag(p~_c)``, ``s_c = sqrt(p~_c)``, ``z = (q - p~)/s`` and
``S = D^(-1/2) Cov_y(r) D^(-1/2) + s s'``. As ``Cov_y(r)`` has the null vector 1,

    log f = -(M-1)/2 log(2 pi / N) - 1/2 sum_c log p~_c - 1/2 log det S - N/2 z' S^(-1) z,

with M cells. Where images are unknown ``S = I``, the multinomial's chi-square: N is then the
*variance effective* size, (number of images)/(1 - C) with C the posterior confusion. Where they
are known, ``S`` is integrated at a few values of eps, and its inverse and determinant are
interpolated in ``sqrt(eps)``: they are smooth, since the factors ``p~`` are taken out.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from toolkit.confusion import covariances_along
from toolkit.measures import Array

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

#: A cell is as common as so many counts.
COMMON = 5.0
#: Values of sqrt(eps) at which the images' covariance is integrated: Chebyshev's, ends included.
_NODES = 6
#: Variances below this share of the largest are lost in the quadrature's error.
_RESOLVED = 1e-3


class Cells(NamedTuple):
    """Which texts stand alone and which are pooled, axes (replicate, transition, text).

    Attributes
    ----------
    alone : array of bool
    pool : array of bool
        At most one per transition: the place in which the pool's total is kept.
    """

    alone: Any
    pool: Any


class Shape(NamedTuple):
    """``S`` at each node of sqrt(eps), on the cells.

    Attributes
    ----------
    precision : array, shape (node, replicate, transition, text, text)
    log_det : array, shape (node, replicate, transition)
    root : array, shape (replicate, transition, text, text)
        A root of ``D^(-1/2) Cov D^(-1/2)`` of all texts without injection, to draw from.
    """

    precision: Array
    log_det: Array
    root: Array


class Moments(NamedTuple):
    """What the likelihood of moments needs.

    Attributes
    ----------
    before, after, log_after : array, shape (replicate, transition, text)
        ``log_after`` is 0 where the probability is.
    cells : Cells
    shape : Shape or None
        None where images are unknown.
    batch_size : array, shape ()
        Images per update where it was given, else the rough estimate that made the cells.
    """

    before: Array
    after: Array
    log_after: Array
    cells: Cells
    shape: Shape | None
    batch_size: Array


def cells_of(before: Any, variance: Any, batch_size: Any) -> Cells:
    """Cells from the state before, in NumPy or JAX as the state is.

    Parameters
    ----------
    before, variance : array, shape (..., num_texts)
        Probabilities, and the variance of one image's posterior.
    batch_size : float

    Examples
    --------
    >>> import numpy as np
    >>> p = np.array([0.6, 0.39, 0.007, 0.003])
    >>> cells = cells_of(p, p * (1 - p), 600.0)
    >>> cells.alone.tolist(), cells.pool.tolist()
    ([True, True, False, False], [False, False, True, False])
    """
    xp = jnp if isinstance(before, jax.Array) else np
    safe = xp.where(variance > 0, variance, 1.0)
    certain = xp.where(before > 0, 1e300, 0.0)  # all mass on one text: it does not vary
    common = xp.where(variance > 0, xp.minimum(batch_size * before**2 / safe, 1e300), certain)
    order = xp.argsort(common, axis=-1, stable=True)
    ranked = xp.take_along_axis(common, order, axis=-1)
    rare = xp.sum(ranked < COMMON, axis=-1, keepdims=True)
    # The pool: all rare ones, and on until its total is common.
    position = xp.arange(before.shape[-1])
    closed = (xp.cumsum(ranked, axis=-1) >= COMMON) & (position >= rare - 1)
    closed_before = xp.cumsum(closed, axis=-1) - closed > 0
    pooled_rank = (rare > 0) & ~closed_before
    pooled = xp.take_along_axis(pooled_rank, xp.argsort(order, axis=-1), axis=-1)
    return Cells(~pooled, pooled & (xp.cumsum(pooled, axis=-1) == 1))


def on_cells(cells: Cells, values: Any) -> Any:
    """Totals of the cells; 0 where a text is in the pool but does not keep its total.

    Parameters
    ----------
    cells : Cells
    values : array, shape (..., num_texts)

    Examples
    --------
    >>> import numpy as np
    >>> cells = Cells(np.array([True, False, False]), np.array([False, True, False]))
    >>> on_cells(cells, np.array([0.5, 0.3, 0.2])).tolist()
    [0.5, 0.5, 0.0]
    """
    xp = jnp if isinstance(values, jax.Array) else np
    pooled = xp.sum(xp.where(cells.alone, 0.0, values), axis=-1, keepdims=True)
    return xp.where(cells.alone, values, xp.where(cells.pool, pooled, 0.0))


@functools.cache
def _nodes() -> FloatArray:
    return np.asarray((1 - np.cos(np.pi * np.arange(_NODES) / (_NODES - 1))) / 2)


@functools.cache
def _lagrange() -> FloatArray:
    """Row k: monomial coefficients of the polynomial that is 1 at node k, 0 at the others."""
    return np.linalg.inv(np.vander(_nodes(), increasing=True)).T


def image_covariances(
    before: FloatArray, image_mean: FloatArray, image_cov: FloatArray, target: FloatArray | None
) -> tuple[FloatArray, FloatArray]:
    """Probabilities and covariance of one image's posterior at every node of sqrt(eps).

    Parameters
    ----------
    before : ndarray, shape (replicate, transition, text)
    image_mean, image_cov : ndarray
        Of the generation before, shapes (replicate, transition, text, feature) and so on.
    target : ndarray, shape (text,), optional
        Where it is None (to be inferred), the covariance without injection stands for all.

    Returns
    -------
    ndarray, shape (node, replicate, transition, text)
    ndarray, shape (node, replicate, transition, text, text)

    Examples
    --------
    >>> import numpy as np
    >>> mean, cov = np.array([[[[0.0], [99.0]]]]), np.ones((1, 1, 2, 1, 1))
    >>> probs, covs = image_covariances(np.array([[[0.5, 0.5]]]), mean, cov, None)
    >>> covs.shape, float(covs[0, 0, 0, 0, 0])
    ((1, 1, 1, 2, 2), 0.25)
    """
    fractions = np.square(_nodes()) if target is not None else np.zeros(1)
    toward = before if target is None else target
    probs = np.stack([(1 - share) * before + share * toward for share in fractions], axis=2)
    states = int(np.prod(before.shape[:2]))
    flat = [array.reshape(states, *array.shape[2:]) for array in (probs, image_mean, image_cov)]
    covs = covariances_along(*flat).reshape(*probs.shape, probs.shape[-1])
    return np.moveaxis(probs, 2, 0), np.moveaxis(covs, 2, 0)


def shape_on_cells(cells: Cells, probs: FloatArray, covs: FloatArray) -> Shape:
    """Inverse and determinant of ``S`` on the cells, from the covariances of all texts.

    Parameters
    ----------
    cells : Cells
    probs, covs : ndarray
        As :func:`image_covariances` returns them.

    Examples
    --------
    >>> import numpy as np
    >>> p = np.full((1, 1, 1, 2), 0.5)
    >>> cells = Cells(np.ones((1, 1, 2), bool), np.zeros((1, 1, 2), bool))
    >>> one_hot = np.array([[0.25, -0.25], [-0.25, 0.25]])[None, None, None]
    >>> bool(np.allclose(shape_on_cells(cells, p, one_hot).precision, np.eye(2)))
    True
    """
    size = probs.shape[-1]
    total = cells.alone[..., :, None] * np.eye(size)
    total = total + (cells.pool[..., :, None] & ~cells.alone[..., None, :])
    masses, spread = on_cells(cells, probs), total @ covs @ np.swapaxes(total, -1, -2)
    scaled = _scaled(spread, masses)
    value, vector = np.linalg.eigh(scaled)
    value = np.maximum(value, _RESOLVED * value[..., -1:])
    # s is the null vector: S adds the eigenvalue 1 along it; where there is no cell, 1 as well.
    null = np.sqrt(masses / masses.sum(axis=-1, keepdims=True))
    inner = (vector * value[..., None, :]) @ np.swapaxes(vector, -1, -2)
    project = np.eye(size) - null[..., :, None] * null[..., None, :]
    none = (masses <= 0)[..., :, None] * np.eye(size)
    live = 1.0 - (masses <= 0)
    inner = project @ (inner * live[..., :, None] * live[..., None, :]) @ project
    whole = inner + null[..., :, None] * null[..., None, :] + none
    value, vector = np.linalg.eigh(_scaled(covs[0], probs[0]))
    return Shape(
        jnp.asarray(np.linalg.inv(whole)),
        jnp.asarray(np.linalg.slogdet(whole)[1]),
        jnp.asarray(vector * np.sqrt(np.maximum(value, 0.0))[..., None, :]),
    )


def _scaled(cov: FloatArray, probs: FloatArray) -> FloatArray:
    inverse = np.where(probs > 0, 1 / np.sqrt(np.where(probs > 0, probs, 1.0)), 0.0)
    return np.asarray(cov * inverse[..., :, None] * inverse[..., None, :])


def moments(
    before: FloatArray,
    after: FloatArray,
    cells: Cells,
    shape: Shape | None,
    batch_size: float,
) -> Moments:
    """Arrays of the likelihood; see :class:`Moments`.

    Examples
    --------
    >>> import numpy as np
    >>> p = np.array([[[0.5, 0.5]]])
    >>> moments(p, p, cells_of(p, p * (1 - p), 100.0), None, 100.0).after.shape
    (1, 1, 2)
    """
    log_after = np.log(np.where(after > 0, after, 1.0))
    return Moments(
        before=jnp.asarray(before),
        after=jnp.asarray(after),
        log_after=jnp.asarray(log_after),
        cells=Cells(*(jnp.asarray(array) for array in cells)),
        shape=shape,
        batch_size=jnp.asarray(float(batch_size)),
    )


class Averaged(NamedTuple):
    """The cells' averages before they were sharpened, and the log Jacobian."""

    cells: Array
    log_jacobian: Array


def averaged(data: Moments, temperature: Array) -> Averaged:
    """Undo the sharpening.

    Parameters
    ----------
    data : Moments
    temperature : array, shape ()

    Examples
    --------
    >>> import numpy as np
    >>> p = np.array([[[0.8, 0.2]]])
    >>> data = moments(p, p, cells_of(p, p * (1 - p), 100.0), None, 100.0)
    >>> [round(float(mass), 4) for mass in averaged(data, 0.5).cells[0, 0]]
    [0.6667, 0.3333]
    """
    weight = jnp.where(data.after > 0, jnp.exp(temperature * data.log_after), 0.0)
    mass = on_cells(data.cells, weight / jnp.sum(weight, axis=-1, keepdims=True))
    after = on_cells(data.cells, data.after)
    known = (after > 0) & (mass > 0)
    ratio = jnp.where(known, mass, 1.0) / jnp.where(known, after, 1.0)
    count = jnp.sum(data.cells.alone | data.cells.pool, axis=-1)
    jacobian = (count - 1) * jnp.log(temperature) + jnp.sum(jnp.log(ratio), axis=-1)
    return Averaged(mass, jacobian)


def log_density(
    data: Moments, seen: Averaged, size: Array, probs: Array, fraction: Array | None
) -> Array:
    """Log density of each transition, shape (replicate, transition).

    Parameters
    ----------
    data : Moments
    seen : Averaged
    size : array, shape ()
        Effective batch size.
    probs : array, shape (replicate, transition, text)
        ``p~``, that the images were drawn from.
    fraction : array, shape (), optional
        That was injected; None for no injection.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import stats
    >>> p, q = np.array([[[0.6, 0.4]]]), np.array([[[0.7, 0.3]]])
    >>> data = moments(p, q, cells_of(p, p * (1 - p), 100.0), None, 100.0)
    >>> value = log_density(data, averaged(data, 1.0), 100.0, p, None)
    >>> bool(np.isclose(value[0, 0], stats.norm.logpdf(0.7, 0.6, np.sqrt(0.24 / 100))))
    True
    """
    active = data.cells.alone | data.cells.pool
    mean = jnp.where(active, on_cells(data.cells, jnp.asarray(probs)), 1.0)
    residual = jnp.where(active, seen.cells - mean, 0.0) / jnp.sqrt(mean)
    if data.shape is None:
        square, log_det = jnp.sum(jnp.square(residual), axis=-1), jnp.zeros(())
    else:
        precision, log_det = _at(data.shape, fraction)
        square = jnp.sum(residual * jnp.sum(precision * residual[..., None, :], axis=-1), axis=-1)
    count = jnp.sum(active, axis=-1)
    value = 0.5 * (count - 1) * jnp.log(size / (2 * jnp.pi)) - 0.5 * size * square
    value = value - 0.5 * (jnp.sum(jnp.log(mean), axis=-1) + log_det) + seen.log_jacobian
    return jnp.where(count >= 2, value, 0.0)


def _at(shape: Shape, fraction: Array | None) -> tuple[Array, Array]:
    """Inverse and log determinant of S after an injection of this fraction, or without one."""
    if fraction is None or shape.log_det.shape[0] == 1:
        return shape.precision[0], shape.log_det[0]
    root = jnp.sqrt(jnp.maximum(fraction, 1e-12))
    weights = jnp.asarray(_lagrange()) @ jnp.stack([root**power for power in range(_NODES)])
    return jnp.tensordot(weights, shape.precision, 1), jnp.tensordot(weights, shape.log_det, 1)
