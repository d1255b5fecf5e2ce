"""Captions, images and their posteriors: the text update (theory, section 1)."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from toolkit.loops import gaussians
from toolkit.measures import ScaledFactor
from toolkit.rng import normals

Array = jax.Array

#: Numbers (texts times images) worked on at once; more images are taken in turns.
_LARGEST_BLOCK = 2**21
#: Up to here products over features are written out, which vectorises over images.
_FEW_FEATURES = 6


def captions(rng_key: Array, text_probs: Array, count: int) -> Array:
    """The text of each of ``count`` images, shape (count,)."""
    return jax.random.categorical(rng_key, jnp.log(text_probs), shape=(count,))


def caption_counts(rng_key: Array, text_probs: Array, count: int | Array) -> Array:
    """How many of ``count`` images have each text, at a cost independent of ``count``."""
    total = jnp.asarray(count, text_probs.dtype)
    return jax.random.multinomial(rng_key, total, text_probs).astype(jnp.int64)


def mean_posterior(
    rng_key: Array,
    text_probs: Array,
    image_mean: Array,
    factor: ScaledFactor,
    *,
    batch_size: int,
    literal: bool,
    number: Array | None = None,
) -> Array:
    """Average over ``batch_size`` images of the posterior of each text, shape (num_texts,).

    Of a ``number`` N of images that is not compiled in, n, the lesser of N and ``batch_size``, are
    drawn, and their average r becomes ``p + sqrt(n/N) (r - p)``. Since its mean is p and its
    covariance is one image's over n (theory, T1), this has the mean and the covariance of an
    average over N, and so the exact mean diversity; it is never negative. Where N > n its higher
    cumulants are those of n images, and a rare text fades instead of getting no caption.

    Parameters
    ----------
    rng_key : Array
    text_probs : Array, shape (num_texts,)
    image_mean : Array, shape (num_texts, d)
    factor : ScaledFactor
    batch_size : int
    literal : bool
        Draw each image's caption, and its normals from JAX's generator; otherwise draw the
        counts of the captions (the average does not depend on the images' order) and use the
        faster generator.
    number : Array, optional
        A whole number, as floating point; not with ``literal``.
    """
    num_texts, num_features = image_mean.shape
    key_text, key_image = jax.random.split(rng_key)
    inverse = gaussians.scaled_inverse(factor)
    block = min(batch_size, max(_LARGEST_BLOCK // num_texts, 1))
    num_blocks = -(-batch_size // block)
    if literal:
        own_all = captions(key_text, text_probs, batch_size)
    else:
        drawn = batch_size if number is None else jnp.minimum(number, batch_size)
        ends = jnp.cumsum(caption_counts(key_text, text_probs, drawn))

    def block_sum(total: Array, index: Array) -> tuple[Array, None]:
        image = index * block + jnp.arange(block)
        key = jax.random.fold_in(key_image, index)
        if literal:
            own = own_all[jnp.minimum(image, batch_size - 1)]
            z = jax.random.normal(key, (num_features, block), text_probs.dtype)
        else:
            # Images stand in the order of their captions: the first ends[0] have text 0.
            own = jnp.sum(image >= ends[:-1, None], axis=0)
            z = normals(key, num_features, block, text_probs.dtype)
        r = posteriors(own, z, text_probs, image_mean, factor, inverse)
        within = image < (batch_size if number is None else drawn)
        return total + jnp.sum(jnp.where(within, r, 0), axis=-1), None

    total = jnp.zeros_like(text_probs)
    if num_blocks == 1:
        total, _ = block_sum(total, jnp.asarray(0))
    else:
        total, _ = jax.lax.scan(block_sum, total, jnp.arange(num_blocks))
    if number is None:
        return total / batch_size
    return text_probs + jnp.sqrt(drawn / number) * (total / drawn - text_probs)


def posteriors(
    own: Array,
    z: Array,
    text_probs: Array,
    image_mean: Array,
    factor: ScaledFactor,
    inverse: Array,
) -> Array:
    """Posterior of each text given each image, shape (num_texts, num_images).

    The density under a draw's own text comes from its standard normal ``z``, since the
    difference of image and mean cancels once the covariance is tiny. It is also the reference
    of the logarithms: exceeding it by 700 has probability below exp(-700).

    Parameters
    ----------
    own : Array, shape (num_images,)
    z : Array, shape (d, num_images)
    text_probs, image_mean, factor
        The state.
    inverse : Array, shape (num_texts, d, d)
        Of the factor.
    """
    num_texts, num_features = image_mean.shape
    root = factor.unit * jnp.exp(factor.log_scale)[:, None, :]
    log_weight = jnp.log(text_probs) - jnp.sum(factor.log_scale, axis=-1)
    of_own = jnp.concatenate(
        [image_mean.T, root.transpose(1, 2, 0).reshape(-1, num_texts), log_weight[None]]
    )[:, own]
    mean_own, log_weight_own = of_own[:num_features], of_own[-1]
    root_own = of_own[num_features:-1].reshape(num_features, num_features, -1)
    offset = jnp.sum(root_own * z[None], axis=1)
    # (own mean - mean) + offset, in this order: the means are exact, the offset may be tiny.
    image = (mean_own[:, None, :] - image_mean.T[:, :, None]) + offset[:, None, :]
    if num_features <= _FEW_FEATURES:
        squares = [
            jnp.square(sum(inverse[:, a, b, None] * image[b] for b in range(a + 1)))
            for a in range(num_features)
        ]
        distance = sum(squares[1:], squares[0])
    else:
        whitened = jnp.einsum("kab,bkn->akn", inverse, image)
        distance = jnp.sum(jnp.square(whitened), axis=0)
    own_distance = jnp.sum(jnp.square(z), axis=0)
    log_ratio = log_weight[:, None] - log_weight_own + 0.5 * (own_distance - distance)
    is_own = own == jnp.arange(num_texts)[:, None]
    ratio = jnp.where(is_own, 1, jnp.exp(log_ratio))
    return ratio / jnp.sum(ratio, axis=0)
