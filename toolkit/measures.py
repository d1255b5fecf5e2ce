"""Measures of diversity and fidelity (theory, section 1), on plain arrays, under jit or not.

Text measures take probabilities ``(..., num_texts)``; image measures take covariances
``(..., num_features, num_features)``, or, where a collapsed covariance would underflow, its
factor in scaled form (see :class:`ScaledFactor`). They are *descriptions* of a state; what
becomes of them in expectation is derived in ``symbolic`` and evaluated in ``toolkit.theory``.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)  # collapse is measured over many orders of magnitude

Array = jax.Array
ArrayLike = jax.typing.ArrayLike


class ScaledFactor(NamedTuple):
    """A covariance ``U diag(exp(2 log_scale)) U'`` with ``U`` unit lower triangular.

    The scale of each column stands apart, in logs, so that neither a collapse by hundreds
    of orders of magnitude nor a growing anisotropy loses digits.

    Attributes
    ----------
    unit : Array, shape (..., d, d)
        Unit lower triangular.
    log_scale : Array, shape (..., d)
    """

    unit: Array
    log_scale: Array


def factorise(image_cov: ArrayLike) -> ScaledFactor:
    """The scaled triangular factor of a positive definite covariance.

    Parameters
    ----------
    image_cov : Array, shape (..., d, d)

    Returns
    -------
    ScaledFactor

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> factor = factorise(4.0 * jnp.eye(2))
    >>> bool(jnp.allclose(covariance(factor), 4.0 * jnp.eye(2)))
    True
    """
    image_cov = jnp.asarray(image_cov)
    variance = jnp.max(jnp.diagonal(image_cov, axis1=-2, axis2=-1), axis=-1)
    lower = jnp.linalg.cholesky(image_cov / variance[..., None, None])
    diagonal = jnp.diagonal(lower, axis1=-2, axis2=-1)
    return ScaledFactor(
        unit=lower / diagonal[..., None, :],
        log_scale=jnp.log(diagonal) + 0.5 * jnp.log(variance)[..., None],
    )


def covariance(factor: ScaledFactor) -> Array:
    """The covariance of a scaled factor, shape (..., d, d); 0 where it underflows."""
    root = factor.unit * jnp.exp(factor.log_scale)[..., None, :]
    return root @ jnp.swapaxes(root, -1, -2)


def _normalised(factor: ScaledFactor) -> tuple[Array, Array, Array]:
    """The factor divided by its largest scale, that scale, and the remaining log scales."""
    largest = jnp.max(factor.log_scale, axis=-1)
    rest = factor.log_scale - largest[..., None]
    return factor.unit * jnp.exp(rest)[..., None, :], jnp.exp(largest), rest


def text_diversity(text_probs: ArrayLike) -> Array:
    """Gini-Simpson diversity ``H = 1 - sum p_i^2``, shape (...).

    Summed as ``2 sum_{i<j} p_i p_j``, which keeps its relative precision when one text has
    nearly all the mass.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> round(float(text_diversity(jnp.full(5, 0.2))), 12)
    0.8
    """
    text_probs = jnp.asarray(text_probs)
    before = jnp.cumsum(text_probs, axis=-1)[..., :-1]
    return 2 * jnp.sum(before * text_probs[..., 1:], axis=-1)


def text_entropy(text_probs: ArrayLike) -> Array:
    """Shannon entropy ``-sum p_i log p_i`` in nats, shape (...)."""
    text_probs = jnp.asarray(text_probs)
    return -jnp.sum(jax.scipy.special.xlogy(text_probs, text_probs), axis=-1)


def text_effective_number(text_probs: ArrayLike) -> Array:
    """Effective number of texts ``1 / sum p_i^2``, shape (...)."""
    return 1 / jnp.sum(jnp.square(text_probs), axis=-1)


def image_diversity(image_cov: ArrayLike) -> Array:
    """Image diversity ``tr Sigma^(1/2)``, shape (...).

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> float(image_diversity(jnp.diag(jnp.array([1.0, 4.0]))))
    3.0
    """
    eigenvalues = jnp.linalg.eigvalsh(jnp.asarray(image_cov))
    return jnp.sum(jnp.sqrt(jnp.maximum(eigenvalues, 0)), axis=-1)


def image_diversity_of_factor(factor: ScaledFactor) -> Array:
    """``tr Sigma^(1/2)`` (the sum of the factor's singular values), shape (...)."""
    root, scale, rest = _normalised(factor)
    num_features = root.shape[-1]
    if num_features == 1:
        total = jnp.ones_like(scale)
    elif num_features == 2:
        # (s_1 + s_2)^2 = tr Sigma + 2 sqrt(det Sigma), and the determinant is in the scales.
        determinant = jnp.exp(jnp.sum(rest, axis=-1))
        total = jnp.sqrt(jnp.sum(jnp.square(root), axis=(-2, -1)) + 2 * determinant)
    else:
        total = jnp.sum(jnp.linalg.svd(root, compute_uv=False), axis=-1)
    return total * scale


def image_total_sd(factor: ScaledFactor) -> Array:
    """``(tr Sigma)^(1/2)``, shape (...)."""
    root, scale, _ = _normalised(factor)
    return scale * jnp.sqrt(jnp.sum(jnp.square(root), axis=(-2, -1)))


def image_volume_scale(factor: ScaledFactor) -> Array:
    """``det(Sigma)^(1/(2 d))``, shape (...)."""
    return jnp.exp(jnp.mean(factor.log_scale, axis=-1))


def image_directional_sd(factor: ScaledFactor) -> Array:
    """``sqrt(v' Sigma v)`` for the first feature, ``v = (1, 0, ..)``, shape (...)."""
    root, scale, _ = _normalised(factor)
    return scale * jnp.sqrt(jnp.sum(jnp.square(root[..., 0, :]), axis=-1))


def image_fidelity(image_mean: Array, reference_mean: Array) -> Array:
    """Distance ``||mu - mu_0||`` of a text's images from their start, shape (...)."""
    return jnp.sqrt(jnp.sum(jnp.square(image_mean - reference_mean), axis=-1))


def image_wasserstein(
    image_mean: Array, image_cov: Array, reference_mean: Array, reference_cov: Array
) -> Array:
    """2-Wasserstein distance between two Gaussians, shape (...).

    ``W^2 = ||mu - mu_0||^2 + tr(Sigma + Sigma_0 - 2 (Sigma_0^{1/2} Sigma Sigma_0^{1/2})^{1/2})``
    (Dowson and Landau, 1982).

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> zero, one = jnp.zeros(2), jnp.eye(2)
    >>> round(float(image_wasserstein(zero, 4 * one, zero, one)), 12)
    1.414213562373
    """
    values, vectors = jnp.linalg.eigh(reference_cov)
    root = (vectors * jnp.sqrt(values)[..., None, :]) @ jnp.swapaxes(vectors, -1, -2)
    cross = image_diversity(root @ image_cov @ root)
    trace = jnp.trace(image_cov + reference_cov, axis1=-2, axis2=-1)
    squared = jnp.sum(jnp.square(image_mean - reference_mean), axis=-1) + trace - 2 * cross
    return jnp.sqrt(jnp.maximum(squared, 0))
