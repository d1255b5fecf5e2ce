"""What the law of an image update needs of the data: sufficient statistics of each transition.

A transition is seen in the coordinates of the Gaussian that it starts from: with ``Sigma = C C'``,
``C = B Q``, ``B`` its Cholesky factor and ``Q`` the eigenvectors of ``B^-1 Sigma_0 B'^-1``, points
are ``C^-1 (y - mu)``. There ``mu = 0``, ``Sigma = I`` and the reference's covariance is diagonal,
however small the images' scale has become: only ratios of scales enter. Where the reference
plays no part, the log determinant, the trace and the squared length are sufficient.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

#: A correlation matrix with a smaller eigenvalue, in units of rounding, holds no information
#: of that direction: the relative error of a ratio of scales would exceed 1e-4.
_SINGULAR = 1e4
#: Ratios beyond this could overflow in a gradient.
_LARGEST = 1e100


class Transitions(NamedTuple):
    """Statistics, each with trailing axes (replicate, transition, text).

    Attributes
    ----------
    use : array of bool
        Whether the transition has a law; where not, all others are harmless numbers.
    share : array, optional
        Of all images, or their number over the mean total: effective number per batch size.
    total : array, shape ()
        Mean number of images over all texts in an update; 0 where it is not known.
    log_det : array
        ``log det(Sigma^-1 Sigma')``.
    scatter : array
        ``Sigma'`` in the coordinates of Sigma, shape (d, d, ...); its trace without a reference.
    shift : array, optional
        ``mu' - mu`` in them, shape (d, ...); its squared length without a reference.
    spread : array, optional
        Eigenvalues of ``Sigma^-1 Sigma_0``, shape (d, ...).
    offset : array, optional
        ``mu_0 - mu`` in the coordinates, shape (d, ...).
    typical_share : array, shape ()
        The real share at which share times likelihood is largest; 1 where it was not looked for.
    base_cov, base_mean : array, optional
        What the log densities have besides, free of parameters.
    frame : array, shape (replicate, transition, text, d, d)
        The matrix ``C`` of the coordinates.
    start : array, optional, shape (replicate, transition, text, d)
        The means before.
    before : array, shape (replicate, transition, text, d, d)
        The covariances before.
    """

    use: Any
    share: Any
    total: Any
    log_det: Any
    scatter: Any
    shift: Any
    spread: Any
    offset: Any
    typical_share: Any
    base_cov: Any
    base_mean: Any
    frame: Any
    start: Any
    before: Any


class Frame(NamedTuple):
    """Coordinates in which a covariance is the identity and the reference's diagonal."""

    matrix: Any
    inverse: Any
    spread: Any


def usable(cov: Array, epsilon: float) -> Mask:
    """Whether covariances are positive definite beyond rounding, shape (...).

    Parameters
    ----------
    cov : array, shape (..., d, d)
    epsilon : float
        Relative rounding of the numbers.

    Examples
    --------
    >>> usable(np.array([np.eye(2), np.ones((2, 2)), 1e-200 * np.eye(2)]), 2e-16)
    array([ True, False,  True])
    """
    variance = np.diagonal(cov, axis1=-2, axis2=-1)
    fine = np.isfinite(cov).all(axis=(-1, -2)) & (variance > np.finfo(float).tiny).all(axis=-1)
    safe = np.where(fine[..., None, None], cov, np.eye(cov.shape[-1]))
    sd = np.sqrt(np.diagonal(safe, axis1=-2, axis2=-1))
    smallest = np.linalg.eigvalsh(safe / sd[..., :, None] / sd[..., None, :])[..., 0]
    good: Mask = fine & (smallest > _SINGULAR * epsilon)
    return good


def frame(cov: Any, reference: Any | None, xp: ModuleType = np) -> Frame:
    """The coordinates of each covariance.

    Parameters
    ----------
    cov : array, shape (..., d, d)
        Positive definite.
    reference : array, shape (..., d, d), optional
    xp : module
        ``numpy`` or ``jax.numpy``.

    Returns
    -------
    Frame
        ``matrix`` with ``matrix matrix' = cov``, its inverse, and ``spread``, shape (..., d), with
        ``matrix diag(spread) matrix' = reference``; None without a reference.

    Examples
    --------
    >>> seen = frame(np.diag([4.0, 1.0]), np.eye(2))
    >>> seen.spread
    array([0.25, 1.  ])
    """
    sd = xp.sqrt(xp.diagonal(cov, axis1=-2, axis2=-1))
    scales = sd[..., :, None] * xp.ones_like(cov)
    root = xp.linalg.cholesky(cov / scales / xp.swapaxes(scales, -1, -2))
    matrix, inverse = scales * root, xp.linalg.inv(root) / xp.swapaxes(scales, -1, -2)
    if reference is None:
        return Frame(matrix, inverse, None)
    seen = inverse @ reference @ xp.swapaxes(inverse, -1, -2)
    spread, axes = xp.linalg.eigh((seen + xp.swapaxes(seen, -1, -2)) / 2)
    # Rounding may take the smallest of very unequal ones below zero.
    spread = xp.maximum(spread, 0)
    return Frame(matrix @ axes, xp.swapaxes(axes, -1, -2) @ inverse, spread)


def half_log_det(cov: Array) -> Array:
    """Half the log determinant of positive definite matrices."""
    sd = np.sqrt(np.diagonal(cov, axis1=-2, axis2=-1))
    root = np.linalg.cholesky(cov / sd[..., :, None] / sd[..., None, :])
    logs = np.log(sd) + np.log(np.diagonal(root, axis1=-2, axis2=-1))
    total: Array = logs.sum(axis=-1)
    return total


def transitions(
    cov: Array,
    mean: Array | None,
    reference: tuple[Array | None, Array] | None,
    use: Mask,
    share: Array | None,
    total: float,
) -> Transitions:
    """The statistics of all transitions.

    Parameters
    ----------
    cov : array, shape (replicate, generation, text, d, d)
    mean : array, shape (replicate, generation, text, d), optional
    reference : (mean or None, covariance), optional
        Of shapes that broadcast with those of ``mean`` and ``cov``.
    use : array of bool, shape (replicate, generation - 1, text)
        Transitions between positive definite covariances that have a law.
    share : array, optional
    total : float
    """
    d = cov.shape[-1]
    eye = np.eye(d)

    def safe(matrix: Array) -> Array:
        return np.where(use[..., None, None], matrix, eye)

    before, after = safe(cov[:, :-1]), safe(cov[:, 1:])
    given = None if reference is None else safe(np.broadcast_to(reference[1], before.shape))
    seen = frame(before, given)
    scatter = seen.inverse @ after @ np.swapaxes(seen.inverse, -1, -2)
    steps = offset = None
    if mean is not None:
        steps = _seen(seen, np.where(use[..., None], np.diff(mean, axis=1), 0))
        if reference is not None and reference[0] is not None:
            apart = np.broadcast_to(reference[0], mean[:, :-1].shape) - mean[:, :-1]
            offset = _seen(seen, np.where(use[..., None], apart, 0))
    with np.errstate(over="ignore"):
        parts = [np.abs(scatter).max(axis=(-1, -2))]
        parts += [] if seen.spread is None else [seen.spread.max(axis=-1)]
        parts += [np.square(part).max(axis=-1) for part in (steps, offset) if part is not None]
    fine = use & (np.max(parts, axis=0) < _LARGEST)
    half_before, half_after = half_log_det(before), half_log_det(after)
    has = reference is not None
    shown = np.where(fine[..., None, None], scatter, eye)
    return Transitions(
        use=fine,
        share=share,
        total=np.asarray(total, float),
        log_det=np.where(fine, 2 * (half_after - half_before), 0),
        scatter=_leading(shown, 2) if has else np.trace(shown, axis1=-2, axis2=-1),
        shift=_lengths(steps, fine, as_vector=has),
        spread=_leading(np.where(fine[..., None], seen.spread, 1), 1) if has else None,
        offset=_lengths(offset, fine, as_vector=True),
        typical_share=np.asarray(1.0),
        base_cov=np.where(fine, -(d + 1) * half_after, 0),
        base_mean=None if mean is None else _base_mean(half_before, fine, d),
        frame=np.where(fine[..., None, None], seen.matrix, eye),
        start=None if mean is None else mean[:, :-1],
        before=cov[:, :-1],
    )


def _base_mean(half_log_det: Array, fine: Mask, num_features: int) -> Array:
    return np.where(fine, -half_log_det - num_features / 2 * np.log(2 * np.pi), 0)


def _seen(frame: Frame, vector: Array) -> Array:
    """A vector in a frame's coordinates."""
    rotated: Array = np.einsum("...ab,...b->...a", frame.inverse, vector)
    return rotated


def _lengths(vector: Array | None, fine: Mask, *, as_vector: bool) -> Array | None:
    """The vector with its axis in front, or its squared length; zero where it is not used."""
    if vector is None:
        return None
    vector = np.where(fine[..., None], vector, 0)
    return _leading(vector, 1) if as_vector else np.square(vector).sum(axis=-1)


def _leading(array: Array, axes: int) -> Array:
    """The last axes in front: sums over them are then sums of long vectors."""
    return np.ascontiguousarray(np.moveaxis(array, range(-axes, 0), range(axes)))
