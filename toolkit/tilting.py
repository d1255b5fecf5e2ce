"""The true mean of a collapsing image diversity, by importance sampling.

``E tr Sigma_t^{1/2}`` is borne by rare runs that a plain mean over replicates misses (theory,
I6). Write ``b_j^2`` for the variance ``(Sigma_t)_jj`` along axis ``j``, in axes where the initial
covariance is diagonal with roots ``s_j``. Turn axis ``j`` to the first place: an image update
from ``n`` images multiplies ``Sigma_t``'s lower triangular factor by a Bartlett factor of
``nu = n - 1`` degrees of freedom, hence ``b_j`` by ``(chi^2_nu / (n - ddof))^{1/2}`` times the
root of the shrinkage factor, of mean ``m(n)``. Size-biased by that factor, the chi-square has
``nu + 1`` degrees of freedom, and the count has the weights ``P(n) m(n)``; nothing else changes.
Write ``E~_j`` for this law. With ``1 = sum_j b_j / sum_k b_k`` under the mean, exactly,

    E D_t = (E m(n))^t sum_j s_j E~_j[ D_t / sum_k b_k ],      1/d <= D_t / sum_k b_k <= 1,

and a bounded ratio has an honest standard error however small ``D_t`` has become. (Its upper
bound is that ``tr f(A) <= sum f(A_jj)`` for concave ``f``; its lower bound that no ``b_k`` exceeds
the largest root.) Where the initial covariances are isotropic all axes are alike, and one is
enough.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from scipy import stats

from toolkit import labels, measures, theory
from toolkit.loops import gaussians
from toolkit.machine import jit
from toolkit.measures import ScaledFactor
from toolkit.rng import bartlett
from toolkit.systems import CoevolvingSystem
from toolkit.systems.validation import FloatArray, integer

Array = jax.Array

#: Probability left out at each end of the counts' law.
_TAIL = 1e-15
_LARGEST_CHUNK = 2**17
#: Initial covariances count as isotropic below this relative difference of their eigenvalues.
_ISOTROPIC = 1e-12


def tilted_image_diversity(
    system: CoevolvingSystem, *, generations: int, replicates: int, seed: int
) -> xr.Dataset:
    """The mean image diversity of each text under a frozen text model, with its error.

    Parameters
    ----------
    system : CoevolvingSystem
        With ``text_updates=0``, without corpus injection and user content.
    generations : int
    replicates : int
        Tilted runs; a thousand give a few percent.
    seed : int

    Returns
    -------
    xr.Dataset
        ``image_diversity`` (the estimate of the mean) and ``standard_error``, dims
        generation, text; and ``effective_replicates``.

    Raises
    ------
    ValueError
        When the text model is not frozen or images come from outside.

    Examples
    --------
    >>> import toolkit as tk
    >>> system = tk.CoevolvingSystem.on_unit_circle(
    ...     num_texts=2, variance=1.0, batch_size=20, text_updates=0
    ... )
    >>> mean = tk.tilted_image_diversity(system, generations=5, replicates=100, seed=1)
    >>> dict(mean.image_diversity.sizes)
    {'generation': 6, 'text': 2}
    """
    generations = integer(generations, "generations", 1)
    replicates = integer(replicates, "replicates", 2)
    seed = integer(seed, "seed", 0)
    system.require_images_alone("tilted means")
    counts, cumulative, log_mean = _tilted_counts(system)
    roots, factor = _axes(system.image_cov)
    num_axes = roots.shape[1]
    chunk = max(_LARGEST_CHUNK // roots.size, 1)
    sums = np.zeros((2, generations + 1, roots.size))
    for start in range(0, replicates, chunk):
        number = min(chunk, replicates - start)
        key = jax.random.fold_in(jax.random.key(seed), start)
        sums += np.asarray(
            _tilted_sums(
                number,
                generations,
                system.image_updates,
                (system.ddof, system.min_images),
                key,
                factor,
                counts,
                jnp.repeat(cumulative, num_axes, axis=0),
                jnp.asarray(system.shrinkage_factor),
            )
        )
    steps = system.image_updates * np.arange(generations + 1)
    scale = np.exp(steps[:, None] * log_mean)
    of_axes = sums.reshape(2, generations + 1, *roots.shape) / replicates
    return _estimate(of_axes, replicates, scale, roots, system, seed)


def _estimate(
    moments: FloatArray,
    replicates: int,
    scale: FloatArray,
    roots: FloatArray,
    system: CoevolvingSystem,
    seed: int,
) -> xr.Dataset:
    """The estimate from the ratio's first two moments, shape (2, generations + 1, texts, axes)."""
    first, second = moments
    of_axis = np.maximum(second - first**2, 0) * replicates / (replicates - 1)
    mean, variance = np.sum(roots * first, axis=-1), np.sum(roots**2 * of_axis, axis=-1)
    dims = (labels.GENERATION, labels.TEXT)
    label = labels.variable(labels.IMAGE_DIVERSITY)
    return xr.Dataset(
        {
            labels.IMAGE_DIVERSITY: (dims, scale * mean, label.attrs),
            labels.STANDARD_ERROR: (
                dims,
                scale * np.sqrt(variance / replicates),
                {"long_name": "standard error", "units": label.units},
            ),
            labels.EFFECTIVE_REPLICATES: (dims, replicates * mean**2 / (mean**2 + variance)),
        },
        coords={
            labels.GENERATION: np.arange(mean.shape[0]),
            labels.TEXT: np.arange(mean.shape[1]),
        },
        attrs={labels.SYSTEM: system.to_json(), "replicates": replicates, "seed": seed},
    )


def _tilted_counts(system: CoevolvingSystem) -> tuple[Array, Array, FloatArray]:
    """Counts, their tilted cumulative weights for each text, and ``log E m(n)``."""
    low, high = stats.binom.interval(1 - _TAIL, system.batch_size, system.text_probs)
    counts = np.arange(int(low.min()), int(high.max()) + 1)
    updated = counts >= system.min_images
    log_factor = np.zeros(counts.size)
    log_factor[updated] = theory.log_directional_factor(
        counts[updated], ddof=system.ddof, shrinkage_factor=system.shrinkage_factor
    )
    weight = stats.binom.pmf(counts, system.batch_size, system.text_probs[:, None])
    weight /= weight.sum(axis=-1, keepdims=True)
    weight *= np.exp(log_factor)
    mean = weight.sum(axis=-1)
    cumulative = np.cumsum(weight, axis=-1) / mean[:, None]
    return jnp.asarray(counts), jnp.asarray(cumulative), np.log(mean)


def _axes(image_cov: FloatArray) -> tuple[FloatArray, ScaledFactor]:
    """Weights of the axes to tilt, shape (texts, axes), and the covariances with each one first.

    The covariances are taken in their principal axes; the diversity does not change.
    """
    values = np.linalg.eigvalsh(image_cov)[:, ::-1]
    num_features = values.shape[-1]
    roots = np.sqrt(values)
    isotropic = np.all(values[:, -1] >= (1 - _ISOTROPIC) * values[:, 0])
    num_axes = 1 if isotropic else num_features
    turned = np.stack([np.roll(values, -axis, axis=-1) for axis in range(num_axes)], axis=1)
    diagonal = turned.reshape(-1, num_features)[:, :, None] * np.eye(num_features)
    weights = roots.sum(axis=-1, keepdims=True) if isotropic else roots
    return np.asarray(weights), measures.factorise(diagonal)


@jit(static_argnums=(0, 1, 2, 3))
def _tilted_sums(
    number: int,
    generations: int,
    updates: int,
    rule: tuple[int, int],
    rng_key: Array,
    initial: ScaledFactor,
    counts: Array,
    cumulative: Array,
    shrinkage_factor: Array,
) -> Array:
    """Sums over tilted runs of ``D_t / sum_k b_k`` and its square.

    Returns
    -------
    Array, shape (2, generations + 1, num_texts * num_axes)
    """
    ddof, min_images = rule
    num_texts, num_features = initial.log_scale.shape

    def update(factor: ScaledFactor, key: Array) -> ScaledFactor:
        key_count, key_root, key_tilt = jax.random.split(key, 3)
        uniform = jax.random.uniform(key_count, (num_texts, number))
        position = jax.vmap(jnp.searchsorted)(cumulative, uniform).T
        count = counts[jnp.minimum(position, counts.size - 1)]
        nu = jnp.maximum(count - 1, 1).astype(jnp.float64)
        root = bartlett(key_root, nu, num_features)
        tilted = jnp.sqrt(jax.random.chisquare(key_tilt, nu + 1))
        root = root.at[..., 0, 0].set(tilted)
        root *= jnp.sqrt(shrinkage_factor / jnp.maximum(count - ddof, 1))[..., None, None]
        kept = (count < min_images)[..., None, None]
        return gaussians.compose(factor, jnp.where(kept, jnp.eye(num_features), root))

    def ratio(factor: ScaledFactor) -> Array:
        largest = jnp.max(factor.log_scale, axis=-1, keepdims=True)
        relative = ScaledFactor(factor.unit, factor.log_scale - largest)
        root = relative.unit * jnp.exp(relative.log_scale)[..., None, :]
        along_axes = jnp.sqrt(jnp.sum(jnp.square(root), axis=-1))
        value = measures.image_diversity_of_factor(relative) / jnp.sum(along_axes, axis=-1)
        return jnp.stack([jnp.sum(value, axis=0), jnp.sum(jnp.square(value), axis=0)])

    def generation(factor: ScaledFactor, key: Array) -> tuple[ScaledFactor, Array]:
        for index in range(updates):
            factor = update(factor, jax.random.fold_in(key, index))
        return factor, ratio(factor)

    start = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (number, *leaf.shape)), initial)
    _, sums = jax.lax.scan(generation, start, jax.random.split(rng_key, generations))
    return jnp.moveaxis(jnp.concatenate([ratio(start)[None], sums]), 1, 0)
