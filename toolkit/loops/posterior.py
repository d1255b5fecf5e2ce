"""Captions, images and their posteriors: the text update (theory, section 1)."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from toolkit.loops import certainty, gaussians, sparse
from toolkit.loops.tiles import summed_posteriors
from toolkit.measures import ScaledFactor
from toolkit.rng import fold_in, multinomial, split

Array = jax.Array

#: Numbers (texts times images) worked on at once; more images are taken in turns.
_LARGEST_BLOCK = 2**21
#: With fewer images than so many a text, or more texts than so many, comparing all pairs of texts
#: costs more than it can save.
_WORTH_LOOKING = 8
_MOST_COMPARED = 512


def captions(rng_key: Array, text_probs: Array, count: int) -> Array:
    """The text of each of ``count`` images, shape (count,)."""
    return jax.random.categorical(rng_key, jnp.log(text_probs), shape=(count,))


def caption_counts(rng_key: Array, text_probs: Array, count: int | Array) -> Array:
    """How many of ``count`` images have each text, at a cost independent of ``count``."""
    most = count if isinstance(count, int) else None
    return multinomial(rng_key, count, text_probs, most=most).astype(jnp.int64)


def mean_posterior(
    rng_key: Array,
    text_probs: Array,
    image_mean: Array,
    factor: ScaledFactor,
    *,
    batch_size: int,
    dtype: jnp.dtype,
    number: Array | float | None = None,
) -> tuple[Array, Array]:
    """Average over ``batch_size`` images of the posterior of each text, shape (num_texts,).

    Where posteriors are one-hot (:mod:`toolkit.loops.certainty`) the average is the captions'
    counts over ``batch_size``, and no image is drawn; the second value says whether they are.

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
    dtype : jnp.dtype
        Of what is computed for each image; the average is in double precision.
    number : Array or float, optional
        A whole number, as floating point.

    Returns
    -------
    average : Array, shape (num_texts,)
    one_hot : Array, bool
    """
    key_text, key_image = split(rng_key)
    drawn = batch_size if number is None else jnp.minimum(number, batch_size)
    count = caption_counts(key_text, text_probs, drawn)
    state = (text_probs, image_mean, factor)

    def certain() -> Array:
        return count.astype(jnp.float64)

    def uncertain() -> Array:
        return summed_posteriors(key_image, count, *state, batch_size=batch_size, dtype=dtype)

    if len(text_probs) <= min(batch_size // _WORTH_LOOKING, _MOST_COMPARED):
        one_hot = certainty.is_one_hot(*state, drawn, dtype.name)
        total = jax.lax.cond(certainty.everywhere(one_hot), certain, uncertain)
    else:
        one_hot, total = jnp.asarray(False), uncertain()
    if number is None:
        return total / batch_size, one_hot
    return text_probs + jnp.sqrt(drawn / number) * (total / drawn - text_probs), one_hot


def sparse_mean_posterior(
    rng_key: Array,
    text_probs: Array,
    image_mean: Array,
    factor: ScaledFactor,
    reference_mean: Array,
    *,
    batch_size: int,
    neighbours: int,
    dtype: jnp.dtype,
) -> tuple[Array, Array]:
    """The same from the posteriors of each caption and its neighbours, and the mass left out.

    See :func:`toolkit.loops.sparse.summed_posteriors`.
    """
    key_text, key_image = split(rng_key)
    count = caption_counts(key_text, text_probs, batch_size)
    total, dropped = sparse.summed_posteriors(
        key_image,
        count,
        text_probs,
        image_mean,
        factor,
        reference_mean,
        batch_size=batch_size,
        neighbours=neighbours,
        dtype=dtype,
    )
    return total / batch_size, dropped


def literal_mean_posterior(
    rng_key: Array,
    text_probs: Array,
    image_mean: Array,
    factor: ScaledFactor,
    *,
    batch_size: int,
    dtype: jnp.dtype,
) -> Array:
    """The same as the algorithm is written: a caption and normals for every image in turn."""
    num_texts, num_features = image_mean.shape
    key_text, key_image = split(rng_key)
    inverse = gaussians.scaled_inverse(factor)
    block = min(batch_size, max(_LARGEST_BLOCK // num_texts, 1))
    own_all = captions(key_text, text_probs, batch_size)

    def block_sum(total: Array, index: Array) -> tuple[Array, None]:
        image = index * block + jnp.arange(block)
        own = own_all[jnp.minimum(image, batch_size - 1)]
        z = jax.random.normal(fold_in(key_image, index), (num_features, block), dtype)
        r = posteriors(own, z, text_probs, image_mean, factor, inverse)
        return total + jnp.sum(jnp.where(image < batch_size, r, 0), axis=-1), None

    blocks = jnp.arange(-(-batch_size // block))
    return jax.lax.scan(block_sum, jnp.zeros_like(text_probs), blocks)[0] / batch_size


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
    whitened = jnp.einsum("kab,bkn->akn", inverse, image)
    distance = jnp.sum(jnp.square(whitened), axis=0)
    own_distance = jnp.sum(jnp.square(z), axis=0)
    log_ratio = log_weight[:, None] - log_weight_own + 0.5 * (own_distance - distance)
    is_own = own == jnp.arange(num_texts)[:, None]
    ratio = jnp.where(is_own, 1, jnp.exp(log_ratio))
    return ratio / jnp.sum(ratio, axis=0)
