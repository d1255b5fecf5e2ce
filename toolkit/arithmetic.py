"""The same image updates in several ways of computing them, to tell round-off from dynamics.

The straightforward program stores each text's mean and covariance, takes the covariance's
Cholesky factor, adds the mean to the scaled normals, and computes mean and covariance of the
images anew. In single precision its rounding might be taken for a law of the collapse. Here
that program, in single and in double precision, runs beside the kernel that carries a
triangular factor with its scales in logs, all three on the same captions and normals.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

from toolkit import datasets, labels, measures
from toolkit.loops import gaussians, posterior
from toolkit.measures import ScaledFactor
from toolkit.systems import CoevolvingSystem
from toolkit.systems.validation import integer

Array = jax.Array

#: The ways of computing, by name; the first is the reference.
LOG_SCALE, FLOAT64, FLOAT32 = "log_scale", "float64", "float32"
ARITHMETICS = (LOG_SCALE, FLOAT64, FLOAT32)


class _Plain(NamedTuple):
    """The state of the straightforward program."""

    image_mean: Array
    image_cov: Array


def in_each_arithmetic(
    system: CoevolvingSystem, *, generations: int, replicates: int, seed: int
) -> dict[str, xr.Dataset]:
    """Image diversity of the same runs, computed in each arithmetic.

    Parameters
    ----------
    system : CoevolvingSystem
        With ``text_updates=0``, without corpus injection and user content.
    generations : int
    replicates : int
    seed : int

    Returns
    -------
    dict of xr.Dataset
        A trajectory with ``image_diversity`` for each of ``ARITHMETICS``. It is NaN from where
        a Cholesky factorisation fails.

    Raises
    ------
    ValueError
        When the text model is not frozen or images come from outside.

    Examples
    --------
    >>> import toolkit as tk
    >>> system = tk.CoevolvingSystem.on_unit_circle(
    ...     num_texts=2, variance=1.0, batch_size=50, text_updates=0
    ... )
    >>> runs = in_each_arithmetic(system, generations=3, replicates=2, seed=1)
    >>> error = abs(runs["float64"] / runs["log_scale"] - 1).image_diversity
    >>> bool(error.max() < 1e-13)
    True
    """
    generations = integer(generations, "generations", 1)
    replicates = integer(replicates, "replicates", 1)
    seed = integer(seed, "seed", 0)
    system.require_images_alone("the arithmetics")
    rule = (system.batch_size, system.image_updates, system.ddof, int(system.min_images or 0))
    values = _run(
        rule,
        generations,
        jax.vmap(partial(jax.random.fold_in, jax.random.key(seed)))(jnp.arange(replicates)),
        jnp.asarray(system.text_probs),
        jnp.asarray(system.image_mean),
        jnp.asarray(system.image_cov),
        jnp.asarray(system.shrinkage_factor),
    )
    arguments = {"generations": generations, "replicates": replicates, "seed": seed}
    return {
        name: datasets.trajectory(
            {labels.IMAGE_DIVERSITY: np.asarray(values[name])},
            np.arange(generations + 1),
            datasets.provenance(system, {**arguments, "arithmetic": name}),
        )
        for name in ARITHMETICS
    }


@partial(jax.jit, static_argnums=(0, 1))
def _run(
    rule: tuple[int, int, int, int],
    generations: int,
    keys: Array,
    text_probs: Array,
    image_mean: Array,
    image_cov: Array,
    shrinkage_factor: Array,
) -> dict[str, Array]:
    """Image diversity by arithmetic, shape (replicates, generations + 1, texts)."""
    batch_size, updates, ddof, min_images = rule
    num_features = image_mean.shape[1]

    def draws(key: Array) -> tuple[Array, Array]:
        key_text, key_image = jax.random.split(key)
        own = posterior.captions(key_text, text_probs, batch_size)
        return own, jax.random.normal(key_image, (num_features, batch_size))

    def update(states: dict[str, Any], key: Array) -> dict[str, Any]:
        own, z = draws(key)
        new: dict[str, Any] = {
            LOG_SCALE: _log_scale(states[LOG_SCALE], own, z, ddof, min_images, shrinkage_factor)
        }
        for name in (FLOAT64, FLOAT32):
            new[name] = _plain(
                states[name],
                own,
                z.astype(name),
                ddof,
                min_images,
                shrinkage_factor.astype(name),
            )
        return new

    def diversities(states: dict[str, Any]) -> dict[str, Array]:
        plain = {
            name: measures.image_diversity(states[name].image_cov) for name in (FLOAT64, FLOAT32)
        }
        return {LOG_SCALE: measures.image_diversity_of_factor(states[LOG_SCALE]), **plain}

    def generation(states: dict[str, Any], key: Array) -> tuple[dict[str, Any], dict[str, Array]]:
        for index in range(updates):
            states = update(states, jax.random.fold_in(key, index))
        return states, diversities(states)

    initial = {
        LOG_SCALE: measures.factorise(image_cov),
        FLOAT64: _Plain(image_mean, image_cov),
        FLOAT32: _Plain(image_mean.astype(FLOAT32), image_cov.astype(FLOAT32)),
    }

    def one(key: Array) -> dict[str, Array]:
        _, later = jax.lax.scan(generation, initial, jax.random.split(key, generations))
        first = diversities(initial)
        return {name: jnp.concatenate([first[name][None], later[name]]) for name in ARITHMETICS}

    # One replicate after another: a batch of images each is enough to keep a core busy.
    every: Callable[[Array], dict[str, Array]] = partial(jax.lax.map, one)
    return every(keys)


def _log_scale(
    factor: ScaledFactor, own: Array, z: Array, ddof: int, min_images: int, shrinkage_factor: Array
) -> ScaledFactor:
    """An image update that carries the factor, its scales in logs."""
    num_texts, num_features = factor.log_scale.shape
    sample = gaussians.literal_sample(own, z, num_texts)
    scale = jnp.sqrt(shrinkage_factor / jnp.maximum(sample.size - ddof, 1))
    kept = (sample.size < min_images)[:, None, None]
    eye = jnp.eye(num_features)
    return gaussians.compose(factor, jnp.where(kept, eye, sample.root * scale[:, None, None]))


def _plain(
    state: _Plain, own: Array, z: Array, ddof: int, min_images: int, shrinkage_factor: Array
) -> _Plain:
    """An image update as anyone would write it, in the precision of ``z``."""
    num_texts = state.image_mean.shape[0]
    root = jnp.linalg.cholesky(state.image_cov)
    image = (state.image_mean[own] + jnp.einsum("nab,bn->na", root[own], z)).T
    member = own == jnp.arange(num_texts)[:, None]
    size = jnp.sum(member, axis=-1)
    # Chosen, not multiplied by 0: a failed factorisation must not spread to other texts.
    total = jnp.sum(jnp.where(member[:, None], image, 0), axis=-1)
    mean = total / jnp.maximum(size, 1)[:, None].astype(z.dtype)
    centred = jnp.where(member[:, None], image - mean[..., None], 0)
    scatter = jnp.einsum("kan,kbn->kab", centred, centred)
    denominator = jnp.maximum(size - ddof, 1).astype(z.dtype)
    cov = scatter * (shrinkage_factor / denominator)[:, None, None]
    kept = size < min_images
    return _Plain(
        image_mean=jnp.where(kept[:, None], state.image_mean, mean),
        image_cov=jnp.where(kept[:, None, None], state.image_cov, cov),
    )
