r"""The covariance of known images' posteriors on the cells, for any injected fraction.

With ``D = diag(p~_c)`` and ``s_c = sqrt(p~_c)``, ``S = D^(-1/2) Cov_y(r) D^(-1/2) + s s'`` (see
:mod:`toolkit.models.text_moments`) is smooth in the injected fraction eps, but for a rare cell of
probability p it changes while eps grows from p/10 to 10 p. So each transition has nodes of its
own, Chebyshev's in ``log(1 + eps/delta)`` with delta the probability of its rarest cell over that
of an average text. There the Cholesky factor of ``S^(-1)`` is interpolated, its diagonal in logs:
it stays positive. The relative error of ``S^(-1)`` was at most 2e-3 with cells of 1 % and images of
variance 1 on the unit circle of five, 2e-2 with cells of .1 %.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from toolkit.confusion import covariances_along
from toolkit.measures import Array
from toolkit.models.text_cells import Cells, on_cells

FloatArray = npt.NDArray[np.float64]

_NODES = 8
#: Variances below this share of the largest are lost in the quadrature's error.
_RESOLVED = 1e-3
_SMALLEST_DELTA, _LARGEST_DELTA = 1e-6, 0.5


class Shape(NamedTuple):
    """``S`` of each transition.

    Attributes
    ----------
    lower : array, shape (node, entry, replicate, transition)
        Lower triangle of the factor of ``S^(-1)``, by rows; logs on the diagonal. A single node
        stands for every fraction.
    delta : array, shape (replicate, transition)
    root : array, shape (replicate, transition, text, text)
        A root of ``D^(-1/2) Cov D^(-1/2)`` of all texts without injection, to draw from.
    """

    lower: Array
    delta: Array
    root: Array


@functools.cache
def _nodes() -> FloatArray:
    return np.asarray((1 - np.cos(np.pi * np.arange(_NODES) / (_NODES - 1))) / 2)


@functools.cache
def _lagrange() -> FloatArray:
    """Row k: monomial coefficients of the polynomial that is 1 at node k, 0 at the others."""
    return np.linalg.inv(np.vander(_nodes(), increasing=True)).T


def covariances(probs: FloatArray, image_mean: FloatArray, image_cov: FloatArray) -> FloatArray:
    """Covariance of one image's posterior for several probabilities of each state.

    Parameters
    ----------
    probs : ndarray, shape (node, replicate, transition, text)
    image_mean, image_cov : ndarray
        Shapes (replicate, transition, text, feature) and (..., feature, feature).

    Returns
    -------
    ndarray, shape (node, replicate, transition, text, text)

    Examples
    --------
    >>> import numpy as np
    >>> mean, cov = np.array([[[[0.0], [99.0]]]]), np.ones((1, 1, 2, 1, 1))
    >>> covariances(np.array([[[[0.5, 0.5]]]]), mean, cov)[0, 0, 0].round(6).tolist()
    [[0.25, -0.25], [-0.25, 0.25]]
    """
    _, replicates, times, texts = probs.shape
    versions = np.moveaxis(probs, 0, 2).reshape(replicates * times, -1, texts)
    flat = [
        array.reshape(replicates * times, *array.shape[2:]) for array in (image_mean, image_cov)
    ]
    found = covariances_along(versions, *flat)
    return np.moveaxis(found.reshape(replicates, times, -1, texts, texts), 2, 0)


def shape_on_cells(
    cells: Cells,
    before: FloatArray,
    image_mean: FloatArray,
    image_cov: FloatArray,
    target: FloatArray | None,
) -> Shape:
    """``S`` on the cells, ready to be interpolated.

    Parameters
    ----------
    cells : Cells
    before : ndarray, shape (replicate, transition, text)
    image_mean, image_cov : ndarray
    target : ndarray, shape (text,), optional
        Where it is None (to be inferred), ``S`` without injection stands for all.

    Examples
    --------
    >>> import numpy as np
    >>> p, cells = np.full((1, 1, 2), 0.5), Cells(*(np.full((1, 1, 2), x) for x in (True, False)))
    >>> mean, cov = np.array([[[[0.0], [99.0]]]]), np.ones((1, 1, 2, 1, 1))
    >>> shape_on_cells(cells, p, mean, cov, None).lower.shape
    (1, 3, 1, 1)
    """
    masses = on_cells(cells, before)
    rarest = np.where(masses > 0, masses, 1.0).min(axis=-1)
    delta = np.clip(rarest * before.shape[-1], _SMALLEST_DELTA, _LARGEST_DELTA)
    if target is None:
        probs = before[None]
    else:
        shares = delta * np.expm1(_nodes()[:, None, None] * np.log1p(1 / delta))
        probs = before + shares[..., None] * (target - before)
    covs = covariances(probs, image_mean, image_cov)
    value, vector = np.linalg.eigh(_scaled(covs[0], before))
    root = vector * np.sqrt(np.maximum(value, 0.0))[..., None, :]
    return Shape(jnp.asarray(_factors(cells, probs, covs)), jnp.asarray(delta), jnp.asarray(root))


def _factors(cells: Cells, probs: FloatArray, covs: FloatArray) -> FloatArray:
    """Lower triangles of the factors of ``S^(-1)``, entries second, logs on the diagonal."""
    size = probs.shape[-1]
    total = cells.alone[..., :, None] * np.eye(size)
    total = total + (cells.pool[..., :, None] & ~cells.alone[..., None, :])
    masses = on_cells(cells, probs)
    value, vector = np.linalg.eigh(_scaled(total @ covs @ np.swapaxes(total, -1, -2), masses))
    value = np.maximum(value, _RESOLVED * value[..., -1:])
    inner = (vector * value[..., None, :]) @ np.swapaxes(vector, -1, -2)
    # s is the null vector: S has the eigenvalue 1 along it, and 1 as well where there is no cell.
    null = np.sqrt(masses / masses.sum(axis=-1, keepdims=True))
    live = masses > 0
    inner = np.where(live[..., :, None] & live[..., None, :], inner, 0.0)
    along = null[..., :, None] * null[..., None, :]
    project = np.eye(size) - along
    whole = project @ inner @ project + along + ~live[..., :, None] * np.eye(size)
    lower = np.linalg.cholesky(np.linalg.inv(whole))
    diagonal = np.arange(size)
    lower[..., diagonal, diagonal] = np.log(lower[..., diagonal, diagonal])
    row, column = np.tril_indices(size)
    return np.moveaxis(lower[..., row, column], -1, 1)


def _scaled(cov: FloatArray, probs: FloatArray) -> FloatArray:
    inverse = np.where(probs > 0, 1 / np.sqrt(np.where(probs > 0, probs, 1.0)), 0.0)
    return np.asarray(cov * inverse[..., :, None] * inverse[..., None, :])


def square_and_log_det(
    shape: Shape, residual: Array, fraction: Array | None
) -> tuple[Array, Array]:
    """``z' S^(-1) z`` and ``log det S``, each of shape (replicate, transition).

    Parameters
    ----------
    shape : Shape
    residual : array, shape (text, replicate, transition)
    fraction : array, shape (), optional
        That was injected; None for none.

    Examples
    --------
    >>> import numpy as np
    >>> one_hot = Shape(np.zeros((1, 3, 1, 1)), np.full((1, 1), 0.5), np.eye(2)[None, None])
    >>> square, log_det = square_and_log_det(one_hot, np.array([[[0.3]], [[0.4]]]), None)
    >>> round(float(square[0, 0]), 6), float(log_det[0, 0])
    (0.25, 0.0)
    """
    lower = shape.lower[0]
    if fraction is not None and shape.lower.shape[0] > 1:
        at = jnp.log1p(fraction / shape.delta) / jnp.log1p(1 / shape.delta)
        powers = jnp.stack([at**power for power in range(_NODES)])
        weights = jnp.tensordot(jnp.asarray(_lagrange()), powers, 1)
        lower = jnp.sum(weights[:, None] * shape.lower, axis=0)
    size = residual.shape[0]
    row, column = np.tril_indices(size)
    entries = {(int(i), int(j)): k for k, (i, j) in enumerate(zip(row, column, strict=True))}
    square, log_det = jnp.zeros(lower.shape[1:]), jnp.zeros(lower.shape[1:])
    for j in range(size):
        diagonal = lower[entries[j, j]]
        turned = jnp.exp(diagonal) * residual[j]
        for i in range(j + 1, size):
            turned = turned + lower[entries[i, j]] * residual[i]
        square, log_det = square + jnp.square(turned), log_det - 2 * diagonal
    return square, log_det
