"""The posterior covariance of many states at once: what a text update's noise looks like.

``Cov p_{t+1} = Cov_y(r) / batch_size`` in a text update (theory, section 2, T1), of which
`toolkit.confusion.confusion_along` has the trace. Off the diagonal, with ``S_ij = E_y[r_i r_j]``,
``Cov_ij = S_ij - p_i p_j``; the rows sum to zero, which gives the diagonal. Where no two texts
overlap, ``S = 0`` and this is the one-hot covariance ``diag(p) - p p'``, at no cost.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from toolkit.confusion.integrals import Densities, check_shapes, integrals
from toolkit.confusion.points import even_rule
from toolkit.confusion.states import Array, FloatArray

#: A pair's integral is left out where its bound is below this, or so small a share of the
#: smaller probability of the two.
_NEGLIGIBLE, _NEGLIGIBLE_SHARE = 1e-9, 1e-5


def covariances_along(
    text_probs: npt.ArrayLike, image_mean: npt.ArrayLike, image_cov: npt.ArrayLike
) -> FloatArray:
    r"""Posterior covariance ``Cov_y(r(y))`` of many states of one shape.

    Each ``E_y[r_i r_j]`` is a sum of integrals (see `toolkit.confusion.terms`) that are taken on
    a fixed grid up to 3 features and with 1024 random points above. The error was at most 1e-4 of
    a state's largest variance on crowded, anisotropic mixtures of up to 3 features (a median of
    2e-5, less for texts of nearly equal shape, however flat) and 2e-3 with random points; relative
    to the variances of two texts that are both rare it can be ten times that.

    Vectors of probabilities for the same Gaussians share the densities: it is much cheaper to pass
    several of them for a state than to repeat the state, and states that all have the same
    Gaussians are recognised.

    Parameters
    ----------
    text_probs : array_like, shape (num_states, num_texts) or (num_states, num_versions, num_texts)
        Zeros are allowed. With three dimensions, several vectors for the same Gaussians.
    image_mean : array_like, shape (num_states, num_texts, num_features)
    image_cov : array_like, shape (num_states, num_texts, num_features, num_features)
        A covariance that underflowed counts as a very narrow one.

    Returns
    -------
    ndarray, shape (\*text_probs.shape, num_texts)
        Symmetric, with rows that sum to zero; positive semidefinite up to the error.

    Raises
    ------
    ValueError
        When the shapes disagree.

    Examples
    --------
    >>> import numpy as np
    >>> mean = np.broadcast_to([[0.0], [1.0]], (3, 2, 1))
    >>> cov = covariances_along(np.full((3, 2), 0.5), mean, np.ones((3, 2, 1, 1)))
    >>> np.round(cov[0], 5).tolist()
    [[0.05101, -0.05101], [-0.05101, 0.05101]]
    """
    probs = np.asarray(text_probs, dtype=np.float64)
    mean = np.asarray(image_mean, dtype=np.float64)
    cov = np.asarray(image_cov, dtype=np.float64)
    several = probs.ndim == 3 and probs.shape[1] > 0
    check_shapes(probs[:, 0] if several else probs, mean, cov)
    shaped = probs if several else probs[:, None]
    if len(mean) > 1 and np.all(mean == mean[0]) and np.all(cov == cov[0]):
        products = _products(shaped.reshape(1, -1, mean.shape[1]), mean[:1], cov[:1])
    else:
        products = _products(shaped, mean, cov)
    products = products.reshape(*probs.shape, mean.shape[1])
    result = products - probs[..., :, None] * probs[..., None, :]
    index = np.arange(mean.shape[1])
    result = 0.5 * (result + np.swapaxes(result, -1, -2))  # sums may differ in the last bit
    result[..., index, index] = 0.0
    result[..., index, index] = -result.sum(axis=-1)
    return result


def _products(probs: FloatArray, mean: FloatArray, cov: FloatArray) -> FloatArray:
    """``E_y[r_i r_j]`` off the diagonal, shape (num_states, num_versions, num_texts, num_texts)."""
    result = np.zeros((*probs.shape, probs.shape[2]))
    for part in integrals(_shares, _matters, probs, mean, cov, even_rule(mean.shape[2])):
        row, column = part.text[:, None, :, None], part.text[:, None, None, :]
        version = np.arange(part.versions.start, part.versions.stop)[:, None, None]
        where = (part.state[:, None, None, None], version, row, column)
        np.add.at(result, where, part.sums.mean(axis=2))
    return result


def _matters(narrow: FloatArray, wide: FloatArray, overlap: FloatArray) -> npt.NDArray[np.bool_]:
    """Unless ``sqrt(p_m p_k) BC``, twice a bound of the pair's product (T4), is negligible."""
    threshold = np.maximum(_NEGLIGIBLE, _NEGLIGIBLE_SHARE * np.minimum(narrow, wide))
    return ~(np.sqrt(narrow * wide) * overlap <= threshold)


def _shares(at: Densities) -> Array:
    """Terms of ``E[r_i r_j]``, ``i != j``: ``f_m f_k / F_m`` and ``-(f_m f_k / F_m) s_i s_j``."""
    total = jnp.sum(at.wider, axis=1)
    scale = at.weight * at.narrow / jnp.maximum(total + at.narrow, 1e-300)
    pairs = jnp.sum(at.partners * scale[:, None], axis=-1)
    column = jnp.pad(pairs, ((0, 0), (0, at.wider.shape[1] - pairs.shape[1])))
    shares = at.wider / jnp.maximum(total, 1e-300)[:, None]
    weight = scale * jnp.sum(at.partners, axis=1)
    among = -jnp.einsum("tip,tjp->tij", shares, shares * weight[:, None])
    corner = jnp.zeros((*column.shape[:1], 1, 1))
    return jnp.concatenate(
        [
            jnp.concatenate([among, column[:, :, None]], axis=2),
            jnp.concatenate([column[:, None, :], corner], axis=2),
        ],
        axis=1,
    )
