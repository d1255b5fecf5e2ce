"""The posterior confusion of many states at once, on fixed points and with an error estimate."""

from __future__ import annotations

import functools
import itertools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from scipy import special, stats

from toolkit.measures import factorise, text_diversity

FloatArray = npt.NDArray[np.float64]
IndexArray = npt.NDArray[Any]
Array = jax.Array

#: Up to so many texts every pair has its own coordinates; above, every text has.
_MOST_TEXTS_BY_PAIRS = 8
_MOST_FEATURES_ON_GRID = 3
#: Steps along the line between two texts (where posteriors change) and across it, and radius.
_GRIDS = {1: (0.15, 0.15, 6.5), 2: (0.3, 0.6, 5.5), 3: (0.4, 0.75, 5.0)}
_COARSER = 1.5
_RANDOMISATIONS, _LOG_POINTS = 8, 7
_FLOATS_PER_CHUNK = 500_000
_STATES_PER_CHUNK = 4096
#: Integrals below this are taken as zero.
_NEGLIGIBLE = 1e-9
_LOG_ZERO = -1e30  # finite, so that differences of two of them are numbers


class ConfusionAlong(NamedTuple):
    """Posterior confusion of many states.

    Attributes
    ----------
    value, mixed : ndarray, shape (num_states,)
        As in `toolkit.confusion.Confusion`.
    error : ndarray, shape (num_states,)
        Of ``value``: the difference from a coarser grid (an overestimate for smooth cases), or
        a standard error from independent randomisations above 3 features.
    """

    value: FloatArray
    mixed: FloatArray
    error: FloatArray


def confusion_along(
    text_probs: npt.ArrayLike, image_mean: npt.ArrayLike, image_cov: npt.ArrayLike
) -> ConfusionAlong:
    """Posterior confusion of many states of one shape.

    Parameters
    ----------
    text_probs : array_like, shape (num_states, num_texts)
    image_mean : array_like, shape (num_states, num_texts, num_features)
    image_cov : array_like, shape (num_states, num_texts, num_features, num_features)
        A covariance that underflowed counts as a very narrow one.

    Returns
    -------
    ConfusionAlong

    Raises
    ------
    ValueError
        When the shapes disagree.

    Examples
    --------
    >>> import numpy as np
    >>> probs = np.full((3, 2), 0.5)
    >>> mean = np.broadcast_to([[0.0], [1.0]], (3, 2, 1))
    >>> along = confusion_along(probs, mean, np.ones((3, 2, 1, 1)))
    >>> bool(np.allclose(along.value, 0.795946, atol=1e-6))
    True
    """
    probs = np.asarray(text_probs, dtype=np.float64)
    mean = np.asarray(image_mean, dtype=np.float64)
    cov = np.asarray(image_cov, dtype=np.float64)
    if mean.ndim != 3 or probs.shape != mean.shape[:2] or cov.shape != (*mean.shape, mean.shape[2]):
        raise ValueError(
            f"expected shapes (states, texts), (states, texts, features) and (states, texts, "
            f"features, features), not {probs.shape}, {mean.shape} and {cov.shape}."
        )
    num_states, num_texts, num_features = mean.shape
    diversity = np.asarray(text_diversity(jnp.asarray(probs)))
    if num_texts == 1 or num_states == 0:
        return ConfusionAlong(*(np.zeros(num_states) for _ in range(3)))
    values = _estimates(probs, mean, cov)
    mixed, error = _summary(values, num_features)
    mixed = np.minimum(mixed, diversity)
    safe = np.where(diversity > 0, diversity, 1.0)
    return ConfusionAlong(np.where(diversity > 0, mixed / safe, 0.0), mixed, error / safe)


def _estimates(probs: FloatArray, mean: FloatArray, cov: FloatArray) -> FloatArray:
    """Each of the rule's estimates of the mixed diversity, shape (num_states, estimates).

    The integrals of all states that are not negligible are put in one row and taken in chunks,
    all of one shape, so that one compiled program serves them.
    """
    num_states, num_texts, num_features = mean.shape
    points, log_weight, first = _rule(num_features)
    by_pairs = num_texts <= _MOST_TEXTS_BY_PAIRS
    features = _quadratic_features(points)
    chunk = max(8, _FLOATS_PER_CHUNK // (num_texts * len(points)))
    values = np.zeros((num_states, len(first) - 1))
    for start in range(0, num_states, _STATES_PER_CHUNK):
        # A power of two, so that calls of like size share a compiled program.
        size = min(_STATES_PER_CHUNK, max(8, 2 ** int(np.ceil(np.log2(num_states)))))
        here = np.minimum(np.arange(start, start + size), num_states - 1)
        terms = _terms(probs[here], mean[here], cov[here], by_pairs)
        mass = np.array(terms.mass)
        mass[num_states - start :] = 0.0
        state, which = np.nonzero(mass > _NEGLIGIBLE)
        for begin in range(0, len(state), chunk):
            part = np.arange(begin, begin + chunk)
            filled = np.minimum(part, len(state) - 1)
            of_state, of_term = state[filled], which[filled]
            coefficients = np.asarray(terms.coefficients)[of_state, of_term]
            sums = np.asarray(
                _sums(coefficients, of_term, features, log_weight, first, num_texts, by_pairs)
            )
            real = part < len(state)
            np.add.at(values, start + of_state[real], sums[real])
    return values


#: On crowded mixtures the plain difference fell short of the true error by up to three times.
_SAFETY = 4.0


def _summary(values: FloatArray, num_features: int) -> tuple[FloatArray, FloatArray]:
    if num_features <= _MOST_FEATURES_ON_GRID:
        return values[:, 0], _SAFETY * np.abs(values[:, 1] - values[:, 0])
    standard_error = values.std(axis=1, ddof=1) / np.sqrt(values.shape[1])
    return values.mean(axis=1), _SAFETY * standard_error


@functools.cache
def _rule(num_features: int) -> tuple[FloatArray, FloatArray, tuple[int, ...]]:
    """Points, log weights against ``dz``, and where each of the rule's estimates begins."""
    if num_features <= _MOST_FEATURES_ON_GRID:
        along, across, radius = _GRIDS[num_features]
        sets = [_ball(num_features, s * along, s * across, radius) for s in (1.0, _COARSER)]
    else:
        sets = [_random_points(num_features, seed) for seed in range(_RANDOMISATIONS)]
    first = np.concatenate([[0], np.cumsum([len(points) for points, _ in sets])])
    points = np.concatenate([points for points, _ in sets])
    log_weight = np.concatenate([weight for _, weight in sets])
    return points, log_weight, tuple(int(index) for index in first)


def _ball(
    num_features: int, along: float, across: float, radius: float
) -> tuple[FloatArray, FloatArray]:
    steps = [along] + [across] * (num_features - 1)
    axes = [np.arange(-int(radius / step), int(radius / step) + 1) * step for step in steps]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, num_features)
    points = points[np.sum(points**2, axis=1) <= radius**2]
    log_weight = np.sum(np.log(steps)) - 0.5 * num_features * np.log(2 * np.pi)
    return points, np.full(len(points), log_weight)


def _random_points(num_features: int, seed: int) -> tuple[FloatArray, FloatArray]:
    sobol = stats.qmc.Sobol(num_features, scramble=True, rng=np.random.default_rng(seed))
    points = special.ndtri(np.clip(sobol.random_base2(_LOG_POINTS), 1e-300, 1 - 1e-16))
    return points, 0.5 * np.sum(points**2, axis=1) - _LOG_POINTS * np.log(2.0)


def _quadratic_features(points: FloatArray) -> FloatArray:
    """1, z_a and z_a z_b (a <= b) of each point, shape (features, points)."""
    row, column = np.triu_indices(points.shape[1])
    ones = np.ones((len(points), 1))
    return np.concatenate([ones, points, points[:, row] * points[:, column]], axis=1).T


class _Terms(NamedTuple):
    """The integrals of one state, or of many (see `toolkit.confusion.terms`).

    ``log f_l`` is a quadratic polynomial of ``z`` with the given coefficients, shape
    (terms, num_texts, features); ``mass`` bounds each integral.
    """

    coefficients: Array
    mass: Array


@functools.partial(jax.jit, static_argnames="by_pairs")
def _terms(probs: Array, mean: Array, cov: Array, by_pairs: bool) -> _Terms:
    return jax.vmap(functools.partial(_of_state, by_pairs=by_pairs))(probs, mean, cov)


def _layout(num_texts: int, by_pairs: bool) -> tuple[IndexArray, IndexArray]:
    """The narrow text of each term, and its partners as a mask (terms, num_texts)."""
    if by_pairs:
        narrow, wide = np.tril_indices(num_texts, -1)
        return narrow, np.arange(num_texts)[None, :] == wide[:, None]
    narrow = np.arange(1, num_texts)
    return narrow, np.arange(num_texts)[None, :] < narrow[:, None]


def _of_state(probs: Array, mean: Array, cov: Array, *, by_pairs: bool) -> _Terms:
    num_texts = probs.shape[0]
    probs, mean, factor, log_det = _ordered(probs, mean, cov)
    narrow, partners = _layout(num_texts, by_pairs)
    matrix = jnp.linalg.solve(factor[None, :], factor[narrow][:, None])
    shift = mean[narrow][:, None] - mean[None, :]
    offset = jnp.linalg.solve(factor[None, :], shift[..., None])[..., 0]
    log_probs = jnp.where(probs > 0, jnp.log(jnp.where(probs > 0, probs, 1.0)), _LOG_ZERO)
    log_scale = log_probs + log_det[narrow][:, None] - log_det
    log_mass = jnp.log(2.0) + log_probs[narrow]
    if by_pairs:
        wide = np.argmax(partners, axis=1)
        matrix, offset, log_jacobian, log_overlap = jax.vmap(_pair_coordinates)(
            matrix, offset, jnp.asarray(wide)
        )
        log_scale = log_scale + log_jacobian[:, None]
        log_mass = 0.5 * (log_probs[narrow] + log_probs[wide]) + log_overlap
    return _Terms(_coefficients(matrix, offset, log_scale), jnp.exp(log_mass))


def _coefficients(matrix: Array, offset: Array, log_scale: Array) -> Array:
    """Of ``log_scale - |matrix z + offset|^2 / 2`` as a polynomial of ``z``."""
    row, column = np.triu_indices(matrix.shape[-1])
    constant = log_scale - 0.5 * jnp.sum(jnp.square(offset), axis=-1)
    linear = -jnp.einsum("tlab,tla->tlb", matrix, offset)
    gram = jnp.einsum("tlab,tlac->tlbc", matrix, matrix)[..., row, column]
    quadratic = -jnp.where(row == column, 0.5, 1.0) * gram
    return jnp.concatenate([constant[..., None], linear, quadratic], axis=-1)


@functools.partial(jax.jit, static_argnames=("first", "num_texts", "by_pairs"))
def _sums(
    coefficients: Array,
    term: Array,
    features: Array,
    log_weight: Array,
    first: tuple[int, ...],
    num_texts: int,
    by_pairs: bool,
) -> Array:
    """Each estimate of each integral, shape (integrals, estimates)."""
    narrow, partners = _layout(num_texts, by_pairs)
    last = jnp.asarray(narrow)[term][:, None, None]
    partner = jnp.asarray(partners)[term][:, :, None]
    index = np.arange(num_texts)[None, :, None]
    log_f = jnp.clip(jnp.nan_to_num(coefficients @ features, nan=_LOG_ZERO), _LOG_ZERO, None)
    largest = jnp.max(jnp.where(index <= last, log_f, _LOG_ZERO), axis=1)
    density = jnp.where(index <= last, jnp.exp(log_f - largest[:, None]), 0.0)
    wider = jnp.where(index < last, density, 0.0)
    narrowest = jnp.sum(jnp.where(index == last, density, 0.0), axis=1)
    total = jnp.sum(wider, axis=1)
    shares = jnp.square(wider / jnp.maximum(total, 1e-300)[:, None])
    pairs = jnp.sum(jnp.where(partner, density, 0.0), axis=1)
    value = pairs * narrowest / (total + narrowest) * (1 + jnp.sum(shares, axis=1))
    weighted = value * jnp.exp(largest + log_weight)
    parts = [weighted[:, a:b].sum(axis=1) for a, b in itertools.pairwise(first)]
    return jnp.stack(parts, axis=1)


def _ordered(probs: Array, mean: Array, cov: Array) -> tuple[Array, Array, Array, Array]:
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
    return probs[order], mean[order], factor[order], log_det[order]


def _pair_coordinates(
    matrix: Array, offset: Array, wide: Array | IndexArray
) -> tuple[Array, Array, Array, Array]:
    """Coordinates in which ``sqrt(q_m q_k)`` is standard normal, the first across the boundary."""
    left, singular, right_t = jnp.linalg.svd(matrix[wide])
    reach = jnp.hypot(1.0, singular)
    seen = left.T @ offset[wide]
    # The gradient of log f_m - log f_k at the centre, up to a factor.
    turn = _householder(singular * seen / reach**3)
    centre = -right_t.T @ (singular / reach * (seen / reach))
    to_narrow = (right_t.T * (jnp.sqrt(2.0) / reach)) @ turn
    turned = matrix @ to_narrow
    moved = offset + matrix @ centre
    # Written out for k itself: the general formula cancels where k is much narrower than m.
    turned = turned.at[wide].set((left * (jnp.sqrt(2.0) * singular / reach)) @ turn)
    moved = moved.at[wide].set(left @ (seen / jnp.square(reach)))
    log_jacobian = jnp.sum(0.5 * jnp.log(2.0) - jnp.log(reach))
    exponent = jnp.log(2.0) + jnp.log(singular) - 2 * jnp.log(reach)
    log_overlap = 0.5 * jnp.sum(exponent - 0.5 * jnp.square(seen / reach))
    return turned, moved, log_jacobian, log_overlap


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
