"""The integrals of many states of one shape at once (see `toolkit.confusion.terms` for them).

A term is one text ``m`` against wider ones, in coordinates ``z`` that depend on the Gaussians
alone, so that any number of vectors of text probabilities ("versions" of a state) share its
densities. Up to 8 texts each pair has its own term, in the coordinates of ``sqrt(q_m q_k)``;
above, the term of ``m`` takes all wider texts together, in those of ``q_m``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from toolkit.measures import factorise

FloatArray = npt.NDArray[np.float64]
IndexArray = npt.NDArray[Any]
Array = jax.Array

#: Up to so many texts every pair has its own coordinates; above, every text has.
_MOST_TEXTS_BY_PAIRS = 8
#: Of a density that is zero:
LOG_ZERO = -1e30  # finite, so that differences of two of them are numbers


class Terms(NamedTuple):
    """The integrals of states, arrays with leading dimensions (states, terms).

    Attributes
    ----------
    text : shape (..., num_texts)
        Which text each slot holds: the narrowest, ``m``, the last slot, its partner ``k`` the
        first where there is but one; between them the other texts.
    log_overlap : shape (..., num_texts)
        Log Bhattacharyya coefficient with ``m`` of each partner; minus infinity for the others.
    coefficients : shape (..., num_texts, features)
        ``log q_l`` of each slot as a quadratic polynomial of ``z``; in effect minus infinity
        for texts narrower than ``m``, which the integrand does not see.
    """

    text: IndexArray
    log_overlap: FloatArray
    coefficients: FloatArray


def by_pairs(num_texts: int) -> bool:
    """Whether each pair of texts has its own integral."""
    return num_texts <= _MOST_TEXTS_BY_PAIRS


def num_terms(num_texts: int) -> int:
    """How many integrals a state has."""
    return num_texts * (num_texts - 1) // 2 if by_pairs(num_texts) else num_texts - 1


def terms_of(mean: FloatArray, cov: FloatArray) -> Terms:
    """The terms of states, from arrays with a leading dimension of states."""
    return Terms(*(np.asarray(part) for part in _of_states(mean, cov)))


def _layout(num_texts: int) -> tuple[IndexArray, IndexArray]:
    """The text in each slot of each term, and whether it is a partner, from wide to narrow."""
    everyone = np.arange(num_texts)
    if not by_pairs(num_texts):
        last = everyone[1:]
        slots = np.stack([np.append(np.delete(everyone, m), m) for m in last])
        return slots, slots < last[:, None]
    pairs = [(m, k) for m in everyone for k in everyone[:m]]
    slots = np.stack([np.concatenate([[k], np.delete(everyone, [k, m]), [m]]) for m, k in pairs])
    return slots, np.broadcast_to(everyone == 0, slots.shape)


def _of_state(mean: Array, cov: Array) -> tuple[Array, Array, Array]:
    num_texts = len(mean)
    order, mean, factor, log_det = _ordered(mean, cov)
    slots, partner = _layout(num_texts)
    narrow = slots[:, -1]
    matrix = jnp.linalg.solve(factor[None, :], factor[narrow][:, None])
    shift = mean[narrow][:, None] - mean[None, :]
    offset = jnp.linalg.solve(factor[None, :], shift[..., None])[..., 0]
    rows = np.arange(len(slots))[:, None]
    matrix, offset = matrix[rows, slots], offset[rows, slots]
    log_scale = (log_det[narrow][:, None] - log_det)[rows, slots]
    log_overlap = jnp.where(partner, _log_overlap(matrix, offset, log_scale), -jnp.inf)
    if by_pairs(num_texts):
        matrix, offset, log_jacobian = jax.vmap(_pair_coordinates)(matrix, offset)
        log_scale = log_scale + log_jacobian[:, None]
    log_scale = jnp.where(slots <= narrow[:, None], log_scale, LOG_ZERO)
    return order[slots], log_overlap, _coefficients(matrix, offset, log_scale)


_of_states = jax.jit(jax.vmap(_of_state))


def _coefficients(matrix: Array, offset: Array, log_scale: Array) -> Array:
    """Of ``log_scale - |matrix z + offset|^2 / 2`` as a polynomial of ``z``."""
    row, column = np.triu_indices(matrix.shape[-1])
    constant = log_scale - 0.5 * jnp.sum(jnp.square(offset), axis=-1)
    linear = -jnp.einsum("tlab,tla->tlb", matrix, offset)
    gram = jnp.einsum("tlab,tlac->tlbc", matrix, matrix)[..., row, column]
    quadratic = -jnp.where(row == column, 0.5, 1.0) * gram
    return jnp.concatenate([constant[..., None], linear, quadratic], axis=-1)


def _log_overlap(matrix: Array, offset: Array, log_det: Array) -> Array:
    """Log Bhattacharyya coefficient of a standard normal ``z`` and the text of each slot.

    With ``M = matrix``, ``BC^2 = 2^d |det M| / det(I + M M') exp(-o' (I + M M')^{-1} o / 2)``.
    """
    num_features = matrix.shape[-1]
    total = jnp.eye(num_features) + matrix @ jnp.swapaxes(matrix, -1, -2)
    lower = jnp.linalg.cholesky(total)
    seen = jax.scipy.linalg.solve_triangular(lower, offset[..., None], lower=True)[..., 0]
    log_total = 2 * jnp.sum(jnp.log(jnp.diagonal(lower, axis1=-2, axis2=-1)), axis=-1)
    exponent = num_features * jnp.log(2.0) + log_det - log_total
    return 0.5 * exponent - 0.25 * jnp.sum(jnp.square(seen), axis=-1)


def _ordered(mean: Array, cov: Array) -> tuple[Array, Array, Array, Array]:
    """The texts from the widest to the narrowest, with factors that are never singular."""
    num_features = mean.shape[-1]
    eye = jnp.eye(num_features)
    largest = jnp.max(jnp.diagonal(cov, axis1=-2, axis2=-1), axis=-1)[:, None, None]
    safe = jnp.where(largest > 0, cov, 1e-300 * eye)
    scaled = factorise(safe)
    bad = ~jnp.all(jnp.isfinite(scaled.unit) & jnp.isfinite(scaled.log_scale)[:, None], (1, 2))
    # Rounding made a very flat covariance indefinite: its thin direction counts as 1e-7 thin.
    mended = factorise(safe + jnp.where(bad, 1e-14, 0.0)[:, None, None] * largest * eye)
    factor = mended.unit * jnp.exp(mended.log_scale)[:, None, :]
    log_det = jnp.sum(mended.log_scale, axis=-1)
    order = jnp.argsort(-log_det)
    return order, mean[order], factor[order], log_det[order]


def _pair_coordinates(matrix: Array, offset: Array) -> tuple[Array, Array, Array]:
    """Coordinates in which ``sqrt(q_m q_k)`` is standard normal, the first across the boundary.

    Of a term of one partner ``k``, which is in slot 0; the log Jacobian besides.
    """
    left, singular, right_t = jnp.linalg.svd(matrix[0])
    reach = jnp.hypot(1.0, singular)
    seen = left.T @ offset[0]
    # The gradient of log f_m - log f_k at the centre, up to a factor.
    turn = _householder(singular * seen / reach**3)
    centre = -right_t.T @ (singular / reach * (seen / reach))
    to_narrow = (right_t.T * (jnp.sqrt(2.0) / reach)) @ turn
    turned = matrix @ to_narrow
    moved = offset + matrix @ centre
    # Written out for k itself: the general formula cancels where k is much narrower than m.
    turned = turned.at[0].set((left * (jnp.sqrt(2.0) * singular / reach)) @ turn)
    moved = moved.at[0].set(left @ (seen / jnp.square(reach)))
    return turned, moved, jnp.sum(0.5 * jnp.log(2.0) - jnp.log(reach))


def _householder(direction: Array) -> Array:
    """A reflection whose first column is along the direction; the identity without one."""
    size = direction.shape[0]
    largest = jnp.max(jnp.abs(direction))
    unit = direction / jnp.where(largest > 0, largest, 1.0)
    norm = jnp.sqrt(jnp.sum(jnp.square(unit)))
    unit = unit / jnp.where(norm > 0, norm, 1.0)
    sign = jnp.where(unit[0] > 0, 1.0, -1.0)
    mirror = unit + sign * jnp.eye(size)[0]
    reflection = jnp.eye(size) - 2 * jnp.outer(mirror, mirror) / jnp.sum(jnp.square(mirror))
    return jnp.where(norm > 0, reflection, jnp.eye(size))
