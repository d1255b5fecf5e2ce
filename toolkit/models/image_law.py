"""The law of one image update: Wishart and normal, pooled with real images or not.

Given are a text's Gaussian ``N(mu, Sigma)``, its reference ``N(mu_0, Sigma_0)``, ``n`` generated
and ``n_0`` real images, ``m = n + n_0``, ``w = n/m`` and ``Delta = mu - mu_0``. The new mean is
the pool's, the new covariance its scatter ``S`` over ``m - ddof``, times the shrinkage factor.

- Mean: normal with mean ``w mu + (1-w) mu_0`` and covariance ``Sigma~/m``,
  ``Sigma~ = w Sigma + (1-w) Sigma_0``. Exact.
- Scatter: ``E S = (m-1) M``, ``M = Sigma~ + n n_0/(m(m-1)) Delta Delta'`` (theory, I10). Exact. Its
  law is taken to be Wishart with that mean and ``k`` degrees of freedom, such that the summed
  variance of the entries of ``Sigma~^-1/2 S Sigma~^-1/2`` is the exact one. ``S`` is a sum of
  ``Wishart(n-1, Sigma)``, ``Wishart(n_0-1, Sigma_0)`` and ``(n n_0/m) u u'`` with
  ``u ~ N(Delta, Sigma/n + Sigma_0/n_0)``, all independent, which gives ``k`` in closed form.
- Both are taken to be independent. They are where nothing is pooled; else they share ``u``, whose
  covariance with the mean is ``(Sigma - Sigma_0)/m``.

Without real images ``k = n - 1``, ``M = Sigma``, and the law is exact: I1 and its matrix form,
``Wishart(n-1, Sigma/(n-ddof))``. So it is where a text's Gaussian still is the reference.

Sizes need not be whole: an effective size is one that explains the fluctuations. With ``d`` pooled
images there would be no covariance, so that fewer than ``d + 1/2`` are taken to be so many, and
``k`` is at least ``d - 1/2``: where images were counted, ``d + 1`` of them the fewest, no kink of
the density is near the sizes that the data speak for. Everything is done in coordinates in which
``mu = 0``, ``Sigma = I`` and ``Sigma_0`` is diagonal (:mod:`toolkit.models.image_statistics`): a
gradient factorises no matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp

from toolkit import measures
from toolkit.models.image_special import log_multigamma

Array = measures.Array  # and with it JAX's 64-bit floats

#: What is known of the number of images of each text.
Sizes = Literal["counts", "probs", "unknown"]
#: Real images: as many for every text, the same share of every text, or none.
Replenishment = Literal["images", "share", "none"]


#: Images beyond the number of features that a covariance needs at least.
_LEAST = 0.5


class Spec(NamedTuple):
    """What is static: sizes of the data, and which law."""

    num_replicates: int
    num_transitions: int
    num_texts: int
    num_features: int
    sizes: Sizes
    replenishment: Replenishment
    has_mean: bool
    ddof: int


class Pool(NamedTuple):
    """Effective numbers of images: generated, real; and the real share's complement ``w``."""

    generated: Array
    real: Array
    total: Array

    @property
    def weight(self) -> Array:
        """Weight of the generated images."""
        return self.generated / self.total

    @property
    def real_weight(self) -> Array:
        """The rest, without a difference: next to a collapsed text 1e-16 of it is seen."""
        return self.real / self.total


class Covariance(NamedTuple):
    """Wishart law in the Gaussian's own coordinates: ``diag(scale) + rank_one offset offset'``."""

    df: Array
    scale: tuple[Array, ...]
    rank_one: Array
    shrink: Array


def pool(spec: Spec, generated: Array, per_text: Array, real_share: Array) -> Pool:
    """Numbers of generated and real images of each text.

    Parameters
    ----------
    spec : Spec
    generated : Array
        Effective number of each text.
    per_text : Array
        Its average over texts: ``real_share`` is that of a text with so many.
    real_share : Array
        At least 0, below 1. With ``replenishment="images"`` every text gets
        ``per_text * real_share / (1 - real_share)`` real images, whatever its own number; with
        ``"share"`` in proportion to its own.
    """
    least = spec.num_features + _LEAST
    if spec.replenishment == "none":
        generated = jnp.maximum(generated, least)
        return Pool(generated, jnp.zeros_like(generated), generated)
    odds = real_share / (1 - real_share)
    if spec.replenishment == "share":
        generated = jnp.maximum(generated, least * (1 - real_share))
        real = generated * odds
    else:
        real = jnp.broadcast_to(per_text * odds, jnp.shape(generated))
        generated = jnp.maximum(generated, least - real)
    return Pool(generated, real, generated + real)


def covariance_law(
    spec: Spec, pooled: Pool, shrinkage: Array, spread: Array | None, offset: Array | None
) -> Covariance:
    """The Wishart law of the new covariance in the Gaussian's own coordinates.

    Parameters
    ----------
    spec : Spec
    pooled : Pool
    shrinkage : Array
    spread : Array, shape (d, ...), optional
        Eigenvalues of ``Sigma^-1 Sigma_0``; not used where nothing is pooled.
    offset : Array, shape (d, ...), optional
        ``mu_0 - mu`` in these coordinates; zero where it is not known.
    """
    n, real, m = pooled
    d = spec.num_features
    shrink = shrinkage * (m - 1) / (m - spec.ddof) if spec.ddof != 1 else shrinkage
    if spec.replenishment == "none" or spread is None:
        none = jnp.zeros_like(m)
        return Covariance(m - 1, (jnp.ones_like(m),) * d, none, jnp.broadcast_to(shrink, m.shape))
    w, rest = pooled.weight, pooled.real_weight
    scale = tuple(w + rest * along for along in spread)
    both = n * real / m
    apart = [
        jnp.zeros_like(m) if offset is None else offset[i] * offset[i] / scale[i] for i in range(d)
    ]
    unequal = [(along - 1) / total for along, total in zip(spread, scale, strict=True)]
    df = _matched_df(pooled, unequal, apart)
    return Covariance(
        df=jnp.maximum(df, d + _LEAST - 1),
        scale=scale,
        rank_one=both / (m - 1),
        shrink=jnp.broadcast_to(shrink, m.shape),
    )


def _matched_df(pooled: Pool, unequal: Sequence[Array], apart: Sequence[Array]) -> Array:
    """Degrees of freedom that give the pool's scatter its summed variance.

    Where ``Sigma~ = I`` let ``g`` be the eigenvalues of ``Sigma_0 - Sigma`` (``unequal``) and ``z``
    the squared components of Delta (``apart``): ``Sigma = 1 - (1-w) g`` and ``Sigma_0 = 1 + w g``.
    With ``phi(A) = (tr A)^2 + tr A^2`` the summed variances of the scatter's three parts are
    ``(n-1) phi(Sigma)``, ``(n_0-1) phi(Sigma_0)`` and, ``C = Sigma/n + Sigma_0/n_0``,
    ``(n n_0/m)^2 [phi(C) + 2 Delta' C Delta + 2 |Delta|^2 tr C]``. They add up to::

        (m-1) (d^2 + d) + w (1-w) (m-2) phi(g) + 2 w (1-w) m [(d+1) sum z + (2w-1) psi],
        psi = sum g z + sum g sum z.

    A Wishart matrix of mean ``(m-1) M`` and ``k`` degrees of freedom has ``(m-1)^2 phi(M)/k``.
    """
    m, w, d = pooled.total, pooled.weight, len(unequal)
    both = w * pooled.real_weight
    g, z = _sum(unequal), _sum(apart)
    variance = (m - 1) * (d * d + d) + both * (m - 2) * (g * g + _dot(unequal, unequal))
    variance += 2 * both * m * ((d + 1) * z + (2 * w - 1) * (_dot(unequal, apart) + g * z))
    far = both * m / (m - 1) * z
    return (m - 1) * (m - 1) * (d * d + d + 2 * far * (d + 1 + far)) / variance


def _sum(parts: Sequence[Array]) -> Array:
    """Sum over the features, written out: one pass over long vectors."""
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _dot(first: Sequence[Array], second: Sequence[Array]) -> Array:
    return _sum([a * b for a, b in zip(first, second, strict=True)])


def covariance_terms(
    spec: Spec,
    law: Covariance,
    log_det: Array,
    scatter: Array,
    offset: Array | None,
) -> Array:
    """Log density of the new covariance, less ``(d+1)/2`` times its log determinant.

    Parameters
    ----------
    spec : Spec
    law : Covariance
    log_det : Array
        ``log det(Sigma^-1 Sigma')``.
    scatter : Array
        ``Sigma'`` in these coordinates, shape (d, d, ...); its trace alone where nothing is pooled.
    offset : Array, shape (d, ...), optional
    """
    d, df, shrink = spec.num_features, law.df, law.shrink
    if spec.replenishment == "none":
        log_scale: Array | float = 0.0
        trace = scatter
    else:
        log_scale = _sum([jnp.log(along) for along in law.scale])
        trace = _sum([scatter[i, i] / law.scale[i] for i in range(d)])
        if offset is not None:
            # Sherman and Morrison: the rank-one part needs no factorisation.
            relative = [offset[i] / law.scale[i] for i in range(d)]
            length = law.rank_one * _sum([offset[i] * relative[i] for i in range(d)])
            along = _sum(
                [
                    (1 if i == j else 2) * relative[i] * scatter[i, j] * relative[j]
                    for i in range(d)
                    for j in range(i + 1)
                ]
            )
            trace = trace - law.rank_one * along / (1 + length)
            log_scale = log_scale + jnp.log1p(length)
    half = 0.5 * df
    return (
        half * (log_det - log_scale + d * jnp.log(half / shrink) - trace / shrink)
    ) - log_multigamma(df, d)


def mean_terms(
    spec: Spec, pooled: Pool, scale: Sequence[Array], shift: Array, offset: Array | None
) -> Array:
    """Log density of the new mean in these coordinates, less its constant ``-d/2 log(2 pi)``.

    Parameters
    ----------
    spec : Spec
    pooled : Pool
    scale : sequence of d arrays
    shift : Array, shape (d, ...)
        ``mu' - mu``; its squared length alone where nothing is pooled.
    offset : Array, shape (d, ...), optional
    """
    m, d = pooled.total, spec.num_features
    if spec.replenishment == "none" or offset is None:
        return 0.5 * (d * jnp.log(m) - m * shift)
    real = pooled.real_weight
    residual = [shift[i] - real * offset[i] for i in range(d)]
    square = _sum([residual[i] * residual[i] / scale[i] for i in range(d)])
    return 0.5 * (d * jnp.log(m) - m * square - _sum([jnp.log(along) for along in scale]))


def sample(
    rng_key: Array, pooled: Pool, law: Covariance, offset: Array | None
) -> tuple[Array, Array]:
    """A new mean and covariance from the law, in these coordinates.

    Parameters
    ----------
    rng_key : Array
    pooled : Pool
        Each of some shape ``(...)``.
    law : Covariance
    offset : Array, shape (d, ...), optional

    Returns
    -------
    mean : Array, shape (..., d)
    covariance : Array, shape (..., d, d)
    """
    key_mean, key_square, key_below = jax.random.split(rng_key, 3)
    scale = jnp.stack(law.scale, axis=-1)
    d = scale.shape[-1]
    far = jnp.zeros_like(scale) if offset is None else jnp.moveaxis(offset, 0, -1)
    z = jax.random.normal(key_mean, scale.shape)
    mean = pooled.real_weight[..., None] * far + jnp.sqrt(scale / pooled.total[..., None]) * z
    # Bartlett's decomposition; its degrees of freedom need not be whole.
    each = law.df[..., None] - jnp.arange(d)
    diagonal = jnp.sqrt(2 * jax.random.gamma(key_square, each / 2))
    below = jnp.tril(jax.random.normal(key_below, (*scale.shape, d)), -1)
    root = below + diagonal[..., None] * jnp.eye(d)
    expected = scale[..., None] * jnp.eye(d)
    expected += law.rank_one[..., None, None] * far[..., :, None] * far[..., None, :]
    root = jnp.linalg.cholesky(expected) @ root
    factor = (law.shrink / law.df)[..., None, None]
    return mean, factor * (root @ jnp.swapaxes(root, -1, -2))
