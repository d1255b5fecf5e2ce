"""The posterior confusion of many states at once, on fixed points and with an error estimate."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from toolkit.confusion.integrals import Densities, check_shapes, integrals
from toolkit.confusion.points import MOST_FEATURES_ON_GRID, rule
from toolkit.confusion.states import Array, FloatArray
from toolkit.measures import text_diversity

#: Integrals below this are taken as zero.
_NEGLIGIBLE = 1e-9
#: On crowded mixtures the plain difference fell short of the true error by up to three times.
_SAFETY = 4.0


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
    check_shapes(probs, mean, cov)
    num_states, num_texts, num_features = mean.shape
    diversity = np.asarray(text_diversity(jnp.asarray(probs)))
    if num_texts == 1 or num_states == 0:
        return ConfusionAlong(*(np.zeros(num_states) for _ in range(3)))
    values = np.zeros((num_states, len(rule(num_features).first) - 1))
    for part in integrals(_mixed, _matters, probs[:, None], mean, cov, rule(num_features)):
        np.add.at(values, part.state, part.sums[:, 0])
    mixed, error = _summary(values, num_features)
    mixed = np.minimum(mixed, diversity)
    safe = np.where(diversity > 0, diversity, 1.0)
    return ConfusionAlong(np.where(diversity > 0, mixed / safe, 0.0), mixed, error / safe)


def _matters(narrow: FloatArray, wide: FloatArray, overlap: FloatArray) -> npt.NDArray[np.bool_]:
    """Unless the bound of theory, T4, is negligible (or could not be computed)."""
    return ~(np.sqrt(narrow * wide) * overlap <= _NEGLIGIBLE)


def _mixed(at: Densities) -> Array:
    """``int f_m f_k / F_m (1 + sum_{l<m} s_l^2)``, one term of the mixed diversity."""
    total = jnp.sum(at.wider, axis=1)
    shares = jnp.square(at.wider / jnp.maximum(total, 1e-300)[:, None])
    pairs = jnp.sum(at.partners, axis=1) * at.narrow / jnp.maximum(total + at.narrow, 1e-300)
    value = pairs * (1 + jnp.sum(shares, axis=1))
    return jnp.sum(value * at.weight, axis=-1)


def _summary(values: FloatArray, num_features: int) -> tuple[FloatArray, FloatArray]:
    if num_features <= MOST_FEATURES_ON_GRID:
        return values[:, 0], _SAFETY * np.abs(values[:, 1] - values[:, 0])
    standard_error = values.std(axis=1, ddof=1) / np.sqrt(values.shape[1])
    return values.mean(axis=1), _SAFETY * standard_error
