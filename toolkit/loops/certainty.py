"""How sure captions are: a bound on the confusion of texts, and the limit in which there is none.

For an image drawn from text k let ``rho = p_j N_j(y) / (p_k N_k(y))`` be the ratio of text j's
posterior to the caption's. Then

    E[sqrt(rho)] = sqrt(p_j / p_k) BC_jk,   BC_jk <= exp(-|mu_j - mu_k|^2 / (4 (tr S_j + tr S_k))),

with the Bhattacharyya coefficient BC of two Gaussians with covariances S, whose factor of
determinants is at most 1 and whose average covariance is at most ``(tr S_j + tr S_k) / 2`` times
the identity. Two things follow.

*Total variation.* A posterior and the one-hot vector of its caption differ by ``1 - r_k`` in total
variation, and ``r_j <= sqrt(rho) / 2``: in the mean over images by at most
``sum_{j != k} sqrt(p_j p_k) BC_jk / 2`` (:func:`confusion_bound`).

*When nothing is lost.* The kernel takes ratios below some d for 0 (``tiles.SMALLEST_LOG2``). By
Markov's inequality the chance that one of N images has a ratio above it is at most
``N d^(-1/2) sum_{j != k} sqrt(p_j p_k) BC_jk``. Where that is below ``LARGEST_VARIATION`` the
average posterior is, but for an event of that probability, the captions' counts over N bit for
bit, and no image need be drawn (:func:`is_one_hot`).
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_batching import custom_vmap

from toolkit.loops.tiles import SMALLEST_LOG2
from toolkit.measures import ScaledFactor, image_total_sd

Array = jax.Array

#: Total variation by which one text update may differ in law from one that draws its images.
LARGEST_VARIATION = 1e-12


def confusion_bound(text_probs: Array, image_mean: Array, factor: ScaledFactor) -> Array:
    """Bound on the mean total variation between an image's posterior and its caption.

    Parameters
    ----------
    text_probs : Array, shape (num_texts,)
    image_mean : Array, shape (num_texts, d)
    factor : ScaledFactor

    Returns
    -------
    Array
        At most 1.
    """
    return jnp.minimum(_overlap(text_probs, image_mean, factor) / 2, 1)


def is_one_hot(
    text_probs: Array, image_mean: Array, factor: ScaledFactor, number: Array | int, dtype: str
) -> Array:
    """Whether the posteriors of ``number`` images are one-hot in the arithmetic of ``dtype``.

    That is, but for a probability of ``LARGEST_VARIATION``.
    """
    overlap = _overlap(text_probs, image_mean, factor)
    return number * 2.0 ** (-SMALLEST_LOG2[dtype] / 2) * overlap <= LARGEST_VARIATION


def _overlap(text_probs: Array, image_mean: Array, factor: ScaledFactor) -> Array:
    """``sum_{j != k} sqrt(p_j p_k) BC_jk``, from above."""
    variance = jnp.square(image_total_sd(factor))
    between = jnp.sum(jnp.square(image_mean[:, None] - image_mean), axis=-1)
    # A variance so small that it is 0 in floating point leaves no overlap between two means.
    spread = 4 * (variance[:, None] + variance)
    coefficient = jnp.exp(-between / jnp.maximum(spread, jnp.finfo(spread.dtype).tiny))
    root = jnp.sqrt(text_probs)
    others = ~jnp.eye(len(root), dtype=bool)
    return jnp.sum(jnp.where(others, root[:, None] * root * coefficient, 0))


def everywhere(yes: Array) -> Array:
    """Whether it holds in every member of a batch: under ``vmap`` one answer for them all.

    A ``lax.cond`` on it takes one branch for the batch, where one on ``yes`` itself would take
    both. Only for branches whose results agree.

    Examples
    --------
    >>> import jax, jax.numpy as jnp
    >>> print(jax.vmap(everywhere, out_axes=None)(jnp.asarray([True, False])))
    False
    """
    answer: Array = _everywhere(yes)
    return answer


_everywhere: Any = custom_vmap(lambda yes: yes)


@_everywhere.def_vmap  # type: ignore[untyped-decorator]
def _over_batch(size: int, batched: list[bool], yes: Array) -> tuple[Array, bool]:
    del size
    return _everywhere(jnp.all(yes, axis=0) if batched[0] else yes), False
