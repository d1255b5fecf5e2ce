"""The average posterior of a batch of images, in tiles of images that share a caption.

The average does not depend on the order of the images, so they are drawn sorted by caption, from
multinomial counts, and each caption's are cut into tiles of a few images. In a tile a text's log
posterior ratio to the caption is a quadratic form of the standard normals whose coefficients are
found once a tile:

    log(r_j / r_k) = log(p_j / p_k) - log(|B_j| / |B_k|) + (|z|^2 - |c + M z|^2) / 2,
    c = B_j^-1 (mu_k - mu_j),  M = B_j^-1 B_k,

for an image ``mu_k + B_k z`` of caption k. It is exact, and nothing cancels however far the
covariances have collapsed, as would in the difference of an image and its own mean. What remains
for each image and text are few multiplications and an exponential.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from toolkit.loops import gaussians
from toolkit.loops.gaussians import FEW_FEATURES
from toolkit.measures import ScaledFactor
from toolkit.rng import fold_in, normals

Array = jax.Array

#: Images of a tile: what the registers of a core hold, and little of it left empty.
_TILE = 16
#: With fewer images than so many a text, tiles would stand empty: each image is then its own.
_LEAST_PER_TEXT = 32
#: Up to here a sum over texts is written out.
_FEW_TEXTS = 16
#: Numbers (texts times images) of a replicate worked on at once.
LARGEST_BLOCK = 2**17
#: Coefficients beyond this give a density of zero all the same; their squares do not overflow.
_LARGEST_COEFFICIENT = {"float64": 1e150, "float32": 1e18}
#: log2 of the least ratio that is not taken for 0.
SMALLEST_LOG2 = {"float64": -1020.0, "float32": -124.0}
#: Degree of the polynomial for 2^x on [-1/2, 1/2]: relative error 1e-12 and 8e-8.
_DEGREE = {"float64": 8, "float32": 5}
#: Normals are multiplied by it, so that their squares are in binary digits.
UNIT = math.sqrt(1 / (2 * math.log(2)))


def tile_width(batch_size: int, num_texts: int) -> int:
    """Images of a tile: 1 where there are too few images a text."""
    return _TILE if batch_size >= _LEAST_PER_TEXT * num_texts else 1


def numbers_of_image(num_texts: int, num_features: int) -> int:
    """Numbers held for one image: of each text, and of its features where not written out."""
    return num_texts * (1 if num_features <= FEW_FEATURES else num_features)


def summed_posteriors(
    rng_key: Array,
    count: Array,
    text_probs: Array,
    image_mean: Array,
    factor: ScaledFactor,
    *,
    batch_size: int,
    dtype: jnp.dtype,
) -> Array:
    """Sum over images of the posterior of each text, shape (num_texts,), in double precision.

    Standard normals are drawn in single precision whatever ``dtype`` is (their distribution
    function is off by less than 1e-6 anywhere); ``dtype`` is that of all that is done for each
    image. Ratios below 2^-1020 (2^-124 in single precision) count as 0.

    Parameters
    ----------
    rng_key : Array
    count : Array, shape (num_texts,)
        Whole numbers, how many images have each caption.
    text_probs : Array, shape (num_texts,)
    image_mean : Array, shape (num_texts, d)
    factor : ScaledFactor
    batch_size : int
        At least the sum of ``count``.
    dtype : jnp.dtype
    """
    num_texts, num_features = image_mean.shape
    width = tile_width(batch_size, num_texts)
    tiles = (batch_size + num_texts * (width - 1)) // width
    held = width * numbers_of_image(num_texts, num_features)
    block = min(tiles, max(LARGEST_BLOCK // held, 1))
    tiles_of = -(-count // width)
    end = jnp.cumsum(tiles_of)
    #: What the images of a tile may still be, seen from its caption's first tile.
    room = count + (end - tiles_of) * width
    texts = texts_of(text_probs, image_mean, factor)

    def block_sum(index: Array, total: Array) -> Array:
        tile = index * block + jnp.arange(block)
        own = jnp.minimum(_position(end, tile), num_texts - 1)
        number = jnp.clip(_chosen(room, own) - tile * width, 0, width)
        z = normals(fold_in(rng_key, index), num_features, block * width, jnp.dtype("float32"))
        z = jax.lax.optimization_barrier(z.reshape(num_features, block, width) * UNIT)
        return total + _block_sum(own, number, z.astype(dtype), texts)

    nothing = jnp.zeros(num_texts, jnp.float64)
    if block == tiles:
        total = block_sum(jnp.asarray(0), nothing)
    else:
        total = jax.lax.fori_loop(0, -(-tiles // block), block_sum, nothing)
    # A text that is gone has no density, so that it stays so.
    return jnp.where(text_probs > 0, total, 0)


def _position(end: Array, tile: Array) -> Array:
    """How many of the ends are not beyond each tile."""
    if end.size <= _FEW_TEXTS:
        return jnp.sum(tile >= end[:, None], axis=0)
    return jnp.searchsorted(end, tile, side="right", method="scan_unrolled")


class Texts(NamedTuple):
    """What a text's density is made of.

    Attributes
    ----------
    mean : Array, shape (num_texts, d)
    root : Array, shape (num_texts, d, d)
    inverse : Array, shape (num_texts, d, d)
        Of the root.
    log_weight : Array, shape (num_texts,)
        Binary logarithm of the probability over the root's determinant.
    """

    mean: Array
    root: Array
    inverse: Array
    log_weight: Array


def texts_of(text_probs: Array, image_mean: Array, factor: ScaledFactor) -> Texts:
    """The texts of a state."""
    log_weight = jnp.log(text_probs) - jnp.sum(factor.log_scale, axis=-1)
    return Texts(
        mean=image_mean,
        root=factor.unit * jnp.exp(factor.log_scale)[:, None, :],
        inverse=gaussians.scaled_inverse(factor),
        log_weight=log_weight / math.log(2),
    )


def _chosen(values: Array, own: Array) -> Array:
    """``values[own]``; of few values by comparisons, which make vectors."""
    if len(values) > _FEW_TEXTS:
        return values[own]
    shape = (len(own), *[1] * (values.ndim - 1))
    result = jnp.broadcast_to(values[0], (len(own), *values.shape[1:]))
    for index in range(1, len(values)):
        result = jnp.where((own == index).reshape(shape), values[index], result)
    return result


def _block_sum(own: Array, number: Array, z: Array, texts: Texts) -> Array:
    """Sum of the posteriors of one block of tiles, shape (num_texts,).

    Every array of the size of texts times images is made in one pass over memory; barriers keep
    the compiler from computing it again in each place that uses it.
    """
    num_texts = len(texts.mean)
    if z.shape[-1] == 1:
        return _sum_of_single(own, number, z[..., 0], texts)
    ratio = jax.lax.optimization_barrier(exp2(_log2_ratios(own, z, texts)))
    if num_texts <= _FEW_TEXTS:
        total = sum((ratio[j] for j in range(1, num_texts)), ratio[0])
    else:
        total = jnp.sum(ratio, axis=0)
    within = jnp.arange(z.shape[-1]) < number[:, None]
    share = jax.lax.optimization_barrier(jnp.where(within, 1 / total, 0))
    posterior: Array = ratio.reshape(num_texts, -1) @ share.reshape(-1)
    return posterior.astype(jnp.float64)


def _sum_of_single(own: Array, number: Array, z: Array, texts: Texts) -> Array:
    """The same of images that are each a tile: vectors are made along the texts, which are many."""
    num_texts, num_features = texts.mean.shape
    offset = jnp.einsum("tab,bt->ta", texts.root[own], z.astype(texts.root.dtype))
    # (own mean - mean) first: the means are exact, what is added to it may be tiny.
    between = [
        (texts.mean[own, b, None] - texts.mean[:, b]) * UNIT + offset[:, b, None]
        for b in range(num_features)
    ]
    if num_features <= FEW_FEATURES:
        whitened: list[Array] = [
            sum((texts.inverse[:, a, b] * between[b] for b in range(a + 1)), jnp.zeros(()))
            for a in range(num_features)
        ]
    else:
        stacked = jnp.stack(between, axis=-1)
        whitened = list(jnp.einsum("kab,tkb->atk", texts.inverse, stacked))
    squares = [jnp.square(rounded(each, z.dtype)) for each in whitened]
    distance = sum(squares[1:], squares[0])
    weight = rounded(texts.log_weight - texts.log_weight[own][:, None], z.dtype)
    ratio = exp2(weight + (jnp.sum(jnp.square(z), axis=0)[:, None] - distance))
    ratio = jax.lax.optimization_barrier(jnp.where(own[:, None] == jnp.arange(num_texts), 1, ratio))
    share = jnp.where(number > 0, 1 / (ratio @ jnp.ones(num_texts, z.dtype)), 0)
    posterior: Array = share @ ratio
    return posterior.astype(jnp.float64)


def _log2_ratios(own: Array, z: Array, texts: Texts) -> Array:
    """Binary logarithm of each text's posterior over the caption's, (texts, tiles, images).

    Coefficients are found in the precision of the state, and rounded to that of ``z``.
    """
    num_texts, num_features = texts.mean.shape
    is_own = own == jnp.arange(num_texts)[:, None]
    mean, root = _chosen(texts.mean, own), _chosen(texts.root, own)
    # (own mean - mean) first: the means are exact, what is added to it may be tiny.
    between = (mean - texts.mean[:, None]) * UNIT
    weight = jnp.where(is_own, 0, texts.log_weight[:, None] - _chosen(texts.log_weight, own))
    length = sum(jnp.square(z[b]) for b in range(num_features))
    if num_features > FEW_FEATURES:
        offset = jnp.einsum("tab,btn->tna", root, z.astype(root.dtype))
        shifted = between[:, :, None] + offset
        whitened = jnp.einsum("kab,ktnb->aktn", texts.inverse, shifted)
        distance = jnp.sum(jnp.square(rounded(whitened, z.dtype)), axis=0)
        distance = jnp.where(is_own[..., None], length, distance)
        return rounded(weight, z.dtype)[..., None] + (length - distance)
    weight, centre, matrix = jax.lax.optimization_barrier(
        (
            rounded(weight, z.dtype),
            *_tile_coefficients(texts.inverse, between, root, is_own, z.dtype),
        )
    )
    ratio = weight[..., None] + length
    for a in range(num_features):
        turned = sum(matrix[a][b][..., None] * z[b] for b in range(a + 1))
        ratio = ratio - jnp.square(centre[a][..., None] + turned)
    return ratio


def rounded(coefficient: Array, dtype: jnp.dtype) -> Array:
    """In a precision, held where its square does not overflow."""
    limit = _LARGEST_COEFFICIENT[dtype.name]
    return jnp.clip(coefficient, -limit, limit).astype(dtype)


def _tile_coefficients(
    inverse: Array, between: Array, root: Array, is_own: Array, dtype: jnp.dtype
) -> tuple[list[Array], list[list[Array]]]:
    """``c`` and the lower triangle of ``M``, each entry of shape (texts, tiles)."""
    features = range(inverse.shape[-1])
    centre = [sum(inverse[:, a, b, None] * between[..., b] for b in range(a + 1)) for a in features]
    matrix = [
        [sum(inverse[:, a, e, None] * root[:, e, b] for e in range(b, a + 1)) for b in range(a + 1)]
        for a in features
    ]
    # The caption's own are exact, also where its scale is beyond what an inverse can hold.
    return (
        [rounded(jnp.where(is_own, 0, centre[a]), dtype) for a in features],
        [
            [rounded(jnp.where(is_own, float(a == b), matrix[a][b]), dtype) for b in range(a + 1)]
            for a in features
        ],
    )


def exp2(x: Array) -> Array:
    """``2^x`` for each x up to 1000 (120 in single precision), and 0 below ``SMALLEST_LOG2``.

    A polynomial for the fraction and the exponent's bits for the whole part: one pass without
    branches, which the compiler's own exponential is not wherever it is fused with other work.
    """
    name = x.dtype.name
    whole, bits = ("int64", 52) if name == "float64" else ("int32", 23)
    least, half = SMALLEST_LOG2[name], jnp.asarray(1.5 * 2.0**bits, x.dtype)
    held = jnp.maximum(x, least)
    # Adding 1.5 x 2^bits leaves the nearest whole number in the last bits.
    shifted = held + half
    fraction = held - (shifted - half)
    first, *rest = reversed(_exp2_coefficients(_DEGREE[name]))
    power = jnp.full_like(fraction, first)
    for coefficient in rest:
        power = power * fraction + jnp.asarray(coefficient, x.dtype)
    exponent = jax.lax.bitcast_convert_type(shifted, whole) << bits
    value = jax.lax.bitcast_convert_type(power, whole) + exponent
    # Where x was held the difference is exactly 0; from sixty digits above on it is nothing.
    return jax.lax.bitcast_convert_type(value, x.dtype) - jnp.asarray(2.0**least, x.dtype)


def _exp2_coefficients(degree: int) -> list[float]:
    """The polynomial that meets 2^x in the Chebyshev points of [-1/2, 1/2], and 1 in 0."""
    series = np.polynomial.Chebyshev.interpolate(np.exp2, degree, domain=[-0.5, 0.5])
    _, *rest = series.convert(kind=np.polynomial.Polynomial).coef
    return [1.0, *map(float, rest)]
