"""The true mean of a collapsing image diversity, by importance sampling.

``E tr Sigma_t^{1/2}`` is borne by rare runs that a plain mean over replicates misses (theory,
I6). Write ``B_t`` for the lower triangular factor of ``Sigma_t`` and ``b_t`` for its first
diagonal entry, so that ``b_t^2 = v' Sigma_t v`` in the first direction ``v``. An image update
from ``n`` images multiplies ``B_t`` by a Bartlett factor of ``nu = n - 1`` degrees of freedom,
hence ``b_t`` by ``(chi^2_nu / (n - ddof))^{1/2}`` times the root of the shrinkage factor, of
mean ``m(n)``. Size-biased by that factor, the chi-square has ``nu + 1`` degrees of freedom, and
the count has the weights ``P(n) m(n)``; nothing else changes. Under the tilted law, exactly,

    E D_t = b_0 (E m(n))^t E~[ D_t / b_t ],        D_t / b_t >= 1,

where the ratio is of order one however small ``D_t`` has become.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from scipy import stats

from toolkit import labels, measures, theory
from toolkit.loops import gaussians
from toolkit.measures import ScaledFactor
from toolkit.rng import bartlett
from toolkit.systems import CoevolvingSystem
from toolkit.systems.validation import FloatArray, integer

Array = jax.Array

#: Probability left out at each end of the counts' law.
_TAIL = 1e-15
_LARGEST_CHUNK = 2**17


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
    if system.text_updates or system.corpus is not None or system.user_content is not None:
        raise ValueError(
            "the tilted mean is for a frozen text model without outside content: set "
            "text_updates=0, corpus=None, user_content=None."
        )
    counts, cumulative, log_mean = _tilted_counts(system)
    turned = _widest_first(system.image_cov)
    factor = measures.factorise(turned)
    chunk = max(_LARGEST_CHUNK // system.num_texts, 1)
    sums = np.zeros((2, generations + 1, system.num_texts))
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
                cumulative,
                jnp.asarray(system.shrinkage_factor),
            )
        )
    steps = system.image_updates * np.arange(generations + 1)
    scale = np.exp(np.asarray(factor.log_scale)[:, 0] + steps[:, None] * log_mean)
    return _estimate(sums, replicates, scale, system, seed)


def _estimate(
    sums: FloatArray, replicates: int, scale: FloatArray, system: CoevolvingSystem, seed: int
) -> xr.Dataset:
    mean, square = sums / replicates
    variance = np.maximum(square - mean**2, 0) * replicates / (replicates - 1)
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
            labels.EFFECTIVE_REPLICATES: (dims, replicates * mean**2 / square),
        },
        coords={
            labels.GENERATION: np.arange(mean.shape[0]),
            labels.TEXT: np.arange(mean.shape[1]),
        },
        attrs={"system": system.to_json(), "replicates": replicates, "seed": seed},
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


def _widest_first(image_cov: FloatArray) -> FloatArray:
    """The covariances in axes whose first is the widest; the diversity does not change."""
    values = np.linalg.eigvalsh(image_cov)[:, ::-1]
    return np.asarray(values[:, :, None] * np.eye(values.shape[-1]))


@partial(jax.jit, static_argnums=(0, 1, 2, 3))
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
    """Sums over tilted runs of ``D_t / b_t`` and its square, shape (2, generations + 1, texts)."""
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
        relative = factor.log_scale - factor.log_scale[..., :1]
        value = measures.image_diversity_of_factor(ScaledFactor(factor.unit, relative))
        return jnp.stack([jnp.sum(value, axis=0), jnp.sum(jnp.square(value), axis=0)])

    def generation(factor: ScaledFactor, key: Array) -> tuple[ScaledFactor, Array]:
        for index in range(updates):
            factor = update(factor, jax.random.fold_in(key, index))
        return factor, ratio(factor)

    start = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (number, *leaf.shape)), initial)
    _, sums = jax.lax.scan(generation, start, jax.random.split(rng_key, generations))
    return jnp.moveaxis(jnp.concatenate([ratio(start)[None], sums]), 1, 0)
