"""Gaussians retrained on their own draws, in scaled triangular form.

A sample's mean and covariance enter relative to the Gaussian it was drawn from, so that no
digit is lost however far the covariance has collapsed.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from toolkit.measures import ScaledFactor, covariance, factorise
from toolkit.rng import bartlett, normals, split

Array = jax.Array

#: exp of more than this, squared, overflows; images so far out have density zero.
_LARGEST_EXPONENT = 350.0
#: Up to here products over features are written out, which makes vectors of what they are done for.
FEW_FEATURES = 6


class Sample(NamedTuple):
    """Mean and scatter of standard normal draws for each text, in the Gaussian's own units.

    Attributes
    ----------
    size : Array, shape (num_texts,)
        Whole numbers.
    mean : Array, shape (num_texts, d)
    root : Array, shape (num_texts, d, d)
        ``root root'`` is the scatter ``sum (z - mean)(z - mean)'``; lower triangular where there
        are more images than features.
    """

    size: Array
    mean: Array
    root: Array


def apply(factor: ScaledFactor, z: Array) -> Array:
    """``B z`` for the factor ``B``, shape (..., d)."""
    scaled = jnp.exp(factor.log_scale) * z
    return jnp.sum(factor.unit * scaled[..., None, :], axis=-1)


def compose(factor: ScaledFactor, lower: Array) -> ScaledFactor:
    """The factor of ``B A A' B'`` for a lower triangular ``A`` with positive diagonal.

    With ``B = U D`` and ``A = V E`` (unit triangular times diagonal) the product is
    ``U (D V D^-1) (D E)``: scales add up in logs, and only their ratios are exponentiated.
    """
    diagonal = jnp.diagonal(lower, axis1=-2, axis2=-1)
    num_features = lower.shape[-1]
    below = jnp.tril(jnp.ones((num_features, num_features), bool), -1)
    log_ratio = factor.log_scale[..., :, None] - factor.log_scale[..., None, :]
    ratio = jnp.where(below, jnp.exp(jnp.where(below, log_ratio, 0)), 0)
    inner = lower / diagonal[..., None, :] * ratio + jnp.eye(num_features, dtype=lower.dtype)
    return ScaledFactor(
        unit=_product(factor.unit, inner),
        log_scale=factor.log_scale + jnp.log(diagonal),
    )


def _product(left: Array, right: Array) -> Array:
    """Matrix products; small ones in one pass for all, which makes vectors."""
    if left.shape[-1] > FEW_FEATURES:
        return left @ right
    return jnp.sum(left[..., :, :, None] * right[..., None, :, :], axis=-2)


def scaled_inverse(factor: ScaledFactor) -> Array:
    """``B^-1``, with scales beyond 1e-152 held there, shape (..., d, d)."""
    scale = jnp.exp(jnp.minimum(-factor.log_scale, _LARGEST_EXPONENT))
    return _unit_inverse(factor.unit) * scale[..., :, None]


def _unit_inverse(unit: Array) -> Array:
    """Inverse of unit lower triangular matrices, written out where they are small."""
    num_features = unit.shape[-1]
    eye = jnp.eye(num_features, dtype=unit.dtype)
    if num_features > FEW_FEATURES:
        eye = jnp.broadcast_to(eye, unit.shape)
        return jax.scipy.linalg.solve_triangular(unit, eye, lower=True, unit_diagonal=True)
    rows: list[Array] = []
    for a in range(num_features):
        known = sum((unit[..., a, b, None] * rows[b] for b in range(a)), jnp.zeros(()))
        rows.append(jnp.broadcast_to(eye[a] - known, unit.shape[:-1]))
    return jnp.stack(rows, axis=-2)


def exact_sample(rng_key: Array, count: Array, num_features: int, dtype: jnp.dtype) -> Sample:
    """Mean and scatter of ``count`` draws, from their exact law (normal and Wishart)."""
    key_mean, key_root = split(rng_key)
    number = count.astype(dtype)
    z = jnp.moveaxis(normals(key_mean, num_features, count.size, dtype), 0, -1)
    return Sample(
        size=count,
        mean=z.reshape(*count.shape, num_features) / jnp.sqrt(jnp.maximum(number, 1))[..., None],
        root=bartlett(key_root, jnp.maximum(number - 1, 0), num_features),
    )


def literal_sample(own: Array, z: Array, num_texts: int) -> Sample:
    """Mean and scatter of the given draws, text by text.

    Parameters
    ----------
    own : Array, shape (num_images,)
        The text of each image.
    z : Array, shape (num_features, num_images)
    num_texts : int
    """
    member = (own == jnp.arange(num_texts)[:, None]).astype(z.dtype)
    size = jnp.sum(member, axis=-1)
    mean = (member @ z.T) / jnp.maximum(size, 1)[:, None]
    centred = (z[None] - mean[:, :, None]) * member[:, None, :]
    scatter = jnp.einsum("kan,kbn->kab", centred, centred)
    # With too few images the scatter is singular: no Cholesky factor, but it may be pooled.
    singular = (size < z.shape[0] + 1)[:, None, None]
    eye = jnp.eye(z.shape[0], dtype=z.dtype)
    values, vectors = jnp.linalg.eigh(jnp.where(singular, scatter, eye))
    root = jnp.where(
        singular,
        vectors * jnp.sqrt(jnp.maximum(values, 0))[:, None, :],
        jnp.linalg.cholesky(jnp.where(singular, eye, scatter)),
    )
    return Sample(size=size.astype(jnp.int64), mean=mean, root=root)


def pooled(
    image_mean: Array,
    factor: ScaledFactor,
    generated: Sample,
    fresh_mean: Array,
    fresh_scatter: Array,
    num_fresh: int | Array,
) -> tuple[Array, Array]:
    """Mean and scatter of generated images pooled with fresh ones, in the images' units."""
    size = generated.size.astype(image_mean.dtype)[..., None]
    total = jnp.maximum(size + num_fresh, 1)  # where there is no image, nothing is divided by 0
    mean = image_mean + apply(factor, generated.mean)
    between = jnp.where(size > 0, fresh_mean - mean, 0)
    scaled = jnp.exp(factor.log_scale)[..., :, None] * generated.root
    root = _product(factor.unit, scaled)
    scatter = root @ jnp.swapaxes(root, -1, -2) + fresh_scatter
    scatter += (size * num_fresh / total)[..., None] * between[..., :, None] * between[..., None, :]
    return jnp.where(size > 0, mean + between * num_fresh / total, fresh_mean), scatter


def is_singular(image_cov: Array, factor: ScaledFactor) -> Array:
    """Whether a covariance is singular within rounding, by its factor's pivots, shape (...).

    A pivot is what is left of a feature's variance given the features before it.
    """
    variance = jnp.diagonal(image_cov, axis1=-2, axis2=-1)
    left = 2 * factor.log_scale - jnp.log(variance)
    limit = 64 * image_cov.shape[-1] * jnp.finfo(image_cov.dtype).eps
    # A failed factorisation is NaN, which compares as singular.
    return ~jnp.all(left > jnp.log(limit), axis=-1)


def mixture_average(
    probs: Array, image_mean: Array, factor: ScaledFactor
) -> tuple[Array, ScaledFactor]:
    """The mixture's overall mean and its average covariance (within texts), as a factor."""
    weight = probs[:, None]
    largest = jnp.max(jnp.where(weight > 0, factor.log_scale, -jnp.inf))
    relative = jnp.where(weight > 0, factor.log_scale - largest, -jnp.inf)
    shifted = ScaledFactor(factor.unit, relative)
    average = factorise(jnp.sum(weight[..., None] * covariance(shifted), axis=0))
    return (
        jnp.sum(weight * image_mean, axis=0),
        ScaledFactor(average.unit, average.log_scale + largest),
    )
