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

import jax
import jax.numpy as jnp
import numpy as np

from toolkit.loops import gaussians
from toolkit.measures import ScaledFactor
from toolkit.rng import fold_in, normals

Array = jax.Array

#: Images of a tile: what the registers of a core hold, and little of it left empty.
_TILE = 16
#: With fewer images than so many a text, tiles would stand empty: each image is then its own.
_LEAST_PER_TEXT = 32
#: Up to here products over features are written out, which vectorises over images.
_FEW_FEATURES = 6
#: Up to here a sum over texts is written out.
_FEW_TEXTS = 16
#: Numbers (texts times images) of a replicate worked on at once.
LARGEST_BLOCK = 2**17
#: Coefficients beyond this give a density of zero all the same; their squares do not overflow.
_LARGEST_COEFFICIENT = {"float64": 1e150, "float32": 1e18}
#: log2 of the least ratio that is not taken for 0, and of the largest.
SMALLEST_LOG2 = {"float64": -1020.0, "float32": -124.0}
_LARGEST_LOG2 = {"float64": 1000.0, "float32": 120.0}
#: Degree of the polynomial for 2^x on [-1/2, 1/2]: relative error 3e-16 and 8e-8.
_DEGREE = {"float64": 10, "float32": 5}


def tile_width(batch_size: int, num_texts: int, num_features: int) -> int:
    """Images of a tile: 1 where there are too few images a text, or many features."""
    few = batch_size >= _LEAST_PER_TEXT * num_texts and num_features <= _FEW_FEATURES
    return _TILE if few else 1


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
    width = tile_width(batch_size, num_texts, num_features)
    tiles = (batch_size + num_texts * (width - 1)) // width
    block = min(tiles, max(LARGEST_BLOCK // (num_texts * width), 1))
    state = (text_probs, image_mean, factor, gaussians.scaled_inverse(factor))
    end = jnp.cumsum(-(-count // width))

    def block_sum(index: Array, total: Array) -> Array:
        tile = index * block + jnp.arange(block)
        own = jnp.minimum(_position(end, tile), num_texts - 1)
        first = jnp.where(own > 0, end[own - 1], 0)
        number = jnp.clip(count[own] - (tile - first) * width, 0, width)
        number = jnp.where(tile < end[-1], number, 0)
        key = fold_in(rng_key, index)
        z = normals(key, num_features, block * width, jnp.dtype("float32"))
        z = jax.lax.optimization_barrier(z.reshape(num_features, block, width))
        return total + _block_sum(own, number, z.astype(dtype), *state)

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


def _block_sum(
    own: Array,
    number: Array,
    z: Array,
    text_probs: Array,
    image_mean: Array,
    factor: ScaledFactor,
    inverse: Array,
) -> Array:
    """Sum of the posteriors of one block of tiles, shape (num_texts,).

    Every array of the size of texts times images is made in one pass over memory; barriers keep
    the compiler from computing it again in each place that uses it.
    """
    num_texts = len(text_probs)
    log_ratio = _log2_ratios(own, z, text_probs, image_mean, factor, inverse)
    ratio = jax.lax.optimization_barrier(exp2(log_ratio))
    if num_texts <= _FEW_TEXTS:
        total = sum((ratio[j] for j in range(1, num_texts)), ratio[0])
    else:
        total = jnp.sum(ratio, axis=0)
    within = jnp.arange(z.shape[-1]) < number[:, None]
    share = jax.lax.optimization_barrier(jnp.where(within, 1 / total, 0))
    posterior: Array = ratio.reshape(num_texts, -1) @ share.reshape(-1)
    return posterior.astype(jnp.float64)


def _log2_ratios(
    own: Array,
    z: Array,
    text_probs: Array,
    image_mean: Array,
    factor: ScaledFactor,
    inverse: Array,
) -> Array:
    """Binary logarithm of each text's posterior over the caption's, (texts, tiles, images).

    Coefficients are found in the precision of the state, and rounded to that of ``z``.
    """
    num_texts, num_features = image_mean.shape
    root = factor.unit * jnp.exp(factor.log_scale)[:, None, :]
    log_weight = jnp.log(text_probs) - jnp.sum(factor.log_scale, axis=-1)
    is_own = own == jnp.arange(num_texts)[:, None]
    # (own mean - mean) first: the means are exact, what is added to it may be tiny.
    between = image_mean[own] - image_mean[:, None]
    weight = jnp.where(is_own, 0, log_weight[:, None] - log_weight[own])
    limit = _LARGEST_COEFFICIENT[z.dtype.name]

    def rounded(coefficient: Array) -> Array:
        return jnp.clip(coefficient, -limit, limit).astype(z.dtype)

    if z.shape[-1] == 1:
        offset = jnp.einsum("tab,bt->ta", root[own], z[..., 0].astype(root.dtype))
        whitened = _whitened(inverse, between + offset)
        distance = jnp.sum(jnp.square(rounded(whitened)), axis=0)[..., None]
        length = jnp.sum(jnp.square(z), axis=0)
        distance = jnp.where(is_own[..., None], length, distance)
    else:
        centre, matrix = jax.lax.optimization_barrier(
            _tile_coefficients(inverse, between, root[own], is_own, rounded)
        )
        length = sum(jnp.square(z[b]) for b in range(num_features))
        distance = jnp.zeros((), z.dtype)
        for a in range(num_features):
            turned = sum(matrix[a][b][..., None] * z[b] for b in range(a + 1))
            distance += jnp.square(centre[a][..., None] + turned)
    scale = jnp.asarray(1 / math.log(2), z.dtype)
    weight = jax.lax.optimization_barrier(weight.astype(z.dtype))
    return (weight[..., None] + 0.5 * (length - distance)) * scale


def _whitened(inverse: Array, vector: Array) -> Array:
    """``B_j^-1 v`` for each text j and vector, shape (d, texts, images)."""
    num_features = inverse.shape[-1]
    if num_features > _FEW_FEATURES:
        return jnp.einsum("kab,ktb->akt", inverse, vector)
    return jnp.stack(
        [
            sum(inverse[:, a, b, None] * vector[..., b] for b in range(a + 1))
            for a in range(num_features)
        ]
    )


def _tile_coefficients(
    inverse: Array, between: Array, root: Array, is_own: Array, rounded: object
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
        [rounded(jnp.where(is_own, 0, centre[a])) for a in features],
        [
            [rounded(jnp.where(is_own, float(a == b), matrix[a][b])) for b in range(a + 1)]
            for a in features
        ],
    )


def exp2(x: Array) -> Array:
    """``2^x`` for each x, 0 below ``SMALLEST_LOG2``, held at 2^1000 (2^120) above.

    A polynomial for the fraction and the exponent's bits for the whole part: one pass without
    branches, which the compiler's own exponential is not wherever it is fused with other work.
    """
    name = x.dtype.name
    whole, bits = ("int64", 52) if name == "float64" else ("int32", 23)
    held = jnp.clip(x, SMALLEST_LOG2[name], _LARGEST_LOG2[name])
    # Adding 1.5 x 2^bits leaves the nearest whole number in the last bits.
    shifted = held + jnp.asarray(1.5 * 2.0**bits, x.dtype)
    fraction = held - (shifted - jnp.asarray(1.5 * 2.0**bits, x.dtype))
    power = jnp.zeros_like(fraction)
    for coefficient in reversed(_exp2_coefficients(_DEGREE[name])):
        power = power * fraction + jnp.asarray(coefficient, x.dtype)
    exponent = jax.lax.bitcast_convert_type(shifted, whole) << bits
    value = jax.lax.bitcast_convert_type(power, whole) + exponent
    return jnp.where(x < SMALLEST_LOG2[name], 0, jax.lax.bitcast_convert_type(value, x.dtype))


def _exp2_coefficients(degree: int) -> list[float]:
    """The polynomial that meets 2^x in the Chebyshev points of [-1/2, 1/2]."""
    series = np.polynomial.Chebyshev.interpolate(np.exp2, degree, domain=[-0.5, 0.5])
    return [float(each) for each in series.convert(kind=np.polynomial.Polynomial).coef]
