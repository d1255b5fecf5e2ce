r"""The confusion as a sum of well-behaved integrals.

Write ``f_i = p_i q_i`` and order the texts from the widest Gaussian to the narrowest. With
``F_m = f_1 + .. + f_m``, ``s_l = f_l / F_{m-1}`` and adding one text after the other,

    E_y[1 - sum r_i^2] = sum_m sum_{k<m} int f_m f_k / F_m (1 + sum_{l<m} s_l^2) dy,
    E_y[r_i r_j]       = int f_i f_j / F_j - sum_{m>j} int (f_m / F_m) F_{m-1} s_i s_j dy  (i < j).

No integrand sees a text narrower than ``m``, so that a narrow Gaussian inside a wide one leaves
no hole in it that a grid could miss, and all terms of the first sum are positive. The pair
``(m, k)`` is integrated in the coordinates of ``sqrt(q_m q_k)`` (which bounds it: its mass is
their Bhattacharyya coefficient), or, where ``k`` is about as wide as ``m`` or wider in every
direction, together with all such ``k`` in the coordinates of ``q_m``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

#: A text goes into the joint integral over ``q_m`` unless narrower than this share of its sd.
_NARROWEST_IN_GROUP = 0.5
#: On a grid, structure of third texts finer than this is not chased but bounded.
_FINEST = {1: 1e-3, 2: 1 / 32, 3: 1 / 8}


class Mixture(NamedTuple):
    """A mixture ordered from wide to narrow, with the triangular factors of its covariances."""

    order: npt.NDArray[np.intp]
    text_probs: FloatArray
    image_mean: FloatArray
    factor: FloatArray
    log_det: FloatArray


class Term(NamedTuple):
    """One integral over standard coordinates ``z``.

    Attributes
    ----------
    partners : array of int
        The texts ``k`` of the pairs ``(m, k)``; ``m`` is the last text of ``log_weight``.
    matrix, offset : arrays, shapes (m + 1, d, d) and (m + 1, d)
        ``matrix[l] @ z + offset[l]`` is the image in the standard coordinates of text ``l``.
    log_weight : array, shape (m + 1,)
        ``f_l = exp(log_weight[l] - |matrix[l] z + offset[l]|^2 / 2) / (2 pi)^(d/2)`` per ``dz``.
    mass : float
        A bound: the integrand is at most ``mass`` times the standard normal density.
    step : float
        A grid must not be coarser than this to see the texts taken into account.
    neglected : float
        A bound on what a grid of that step misses: third texts that are finer.
    """

    partners: npt.NDArray[np.intp]
    matrix: FloatArray
    offset: FloatArray
    log_weight: FloatArray
    mass: float
    step: float
    neglected: float


def ordered_mixture(
    text_probs: FloatArray, image_mean: FloatArray, image_cov: FloatArray
) -> Mixture:
    """The texts of positive probability, from the widest to the narrowest."""
    alive = np.flatnonzero(text_probs > 0)
    scale = np.max(np.diagonal(image_cov[alive], axis1=1, axis2=2), axis=1)
    factor = np.linalg.cholesky(image_cov[alive] / scale[:, None, None])
    factor *= np.sqrt(scale)[:, None, None]
    log_det = np.sum(np.log(np.diagonal(factor, axis1=1, axis2=2)), axis=1)
    rank = np.argsort(-log_det, kind="stable")
    order = alive[rank]
    return Mixture(order, text_probs[order], image_mean[order], factor[rank], log_det[rank])


def terms(mixture: Mixture, negligible: float) -> tuple[list[Term], float]:
    """All integrals that matter, and a bound on the sum of those left out.

    Parameters
    ----------
    mixture : Mixture
    negligible : float
        Pairs whose bounds add up to at most this are left out.
    """
    views = [_view(mixture, m) for m in range(1, len(mixture.order))]
    bounds = np.concatenate([view.mass for view in views])
    rising = np.sort(bounds)
    within = np.searchsorted(np.cumsum(rising), negligible, side="right")
    threshold = rising[within - 1] if within else -1.0
    left_out = float(bounds[bounds <= threshold].sum())
    found = [term for view in views for term in _terms_of(view, view.mass > threshold)]
    return found, left_out


class _View(NamedTuple):
    """The wider texts as seen from the standard coordinates of text ``m``."""

    matrix: FloatArray
    offset: FloatArray
    log_weight: FloatArray
    left: FloatArray
    singular: FloatArray
    right: FloatArray
    seen: FloatArray
    mass: FloatArray


def _view(mixture: Mixture, m: int) -> _View:
    wider = mixture.factor[:m]
    num_features = wider.shape[-1]
    matrix = np.linalg.solve(wider, np.broadcast_to(mixture.factor[m], wider.shape))
    shift = mixture.image_mean[m] - mixture.image_mean[:m]
    with np.errstate(over="ignore"):
        offset = np.linalg.solve(wider, shift[..., None])[..., 0]
        left, singular, right = np.linalg.svd(matrix)
        seen = np.einsum("lba,lb->la", left, offset)
        # The Bhattacharyya coefficient of the pair, from the singular values of the map.
        exponent = np.log(2) + np.log(singular) - 2 * np.log(np.hypot(1, singular))
        exponent = exponent - 0.5 * np.square(seen / np.hypot(1, singular))
    log_mass = 0.5 * (np.log(mixture.text_probs[m] * mixture.text_probs[:m]) + exponent.sum(-1))
    log_weight = np.log(mixture.text_probs[: m + 1]) + (
        mixture.log_det[m] - mixture.log_det[: m + 1]
    )
    return _View(
        matrix=np.concatenate([matrix, np.eye(num_features)[None]]),
        offset=np.concatenate([offset, np.zeros((1, num_features))]),
        log_weight=log_weight,
        left=left,
        singular=singular,
        right=right,
        seen=seen,
        mass=np.exp(log_mass),
    )


def _terms_of(view: _View, matters: npt.NDArray[np.bool_]) -> Iterator[Term]:
    narrower = view.singular.max(axis=-1, initial=0.0) > 1 / _NARROWEST_IN_GROUP
    group = np.flatnonzero(matters & ~narrower)
    if group.size:
        mass = float(2 * np.exp(view.log_weight[-1]))
        yield _resolved(view, group, view.matrix, view.offset, view.log_weight, mass)
    for k in np.flatnonzero(matters & narrower):
        yield _pair(view, k)


def _pair(view: _View, k: np.intp) -> Term:
    """The pair in the coordinates in which ``sqrt(q_m q_k)`` is standard normal."""
    left, singular, right, seen = view.left[k], view.singular[k], view.right[k], view.seen[k]
    reach = np.hypot(1, singular)
    to_narrow = right.T * (np.sqrt(2) / reach)
    centre = -right.T @ (singular / reach * (seen / reach))
    matrix = view.matrix @ to_narrow
    offset = view.offset + view.matrix @ centre
    # Written out for k itself: the general formula cancels where k is much narrower than m.
    matrix[k] = left * (np.sqrt(2) * singular / reach)
    offset[k] = left @ (seen / np.square(reach))
    log_weight = view.log_weight + np.sum(0.5 * np.log(2) - np.log(reach))
    return _resolved(view, np.array([k]), matrix, offset, log_weight, float(view.mass[k]))


def _resolved(
    view: _View,
    partners: npt.NDArray[np.intp],
    matrix: FloatArray,
    offset: FloatArray,
    log_weight: FloatArray,
    mass: float,
) -> Term:
    """The term with the step that its texts need; third texts beyond _FINEST are bounded.

    A third text changes the integrand only where its ``f_l`` is not below ``f_m``, hence the
    integral by at most ``2 int min(f_m, f_l)``.
    """
    steepness = np.linalg.norm(matrix[:-1], ord=2, axis=(1, 2))
    fine = steepness > 1 / _FINEST.get(matrix.shape[-1], 1.0)
    fine[partners] = False
    reachable = np.max(np.where(fine, 0.0, steepness), initial=1.0)
    neglected = min(float(2 * view.mass[fine].sum()), 2 * mass) if fine.any() else 0.0
    return Term(partners, matrix, offset, log_weight, mass, float(0.7 / reachable), neglected)
