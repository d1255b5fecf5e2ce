"""Whole trajectories of images from the law of :mod:`toolkit.models.image_law`, for calibration."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import xarray as xr

from toolkit import labels, measures
from toolkit.labelled import labelled
from toolkit.machine import jit
from toolkit.models import image_law, image_special, image_statistics
from toolkit.models.image_law import Sizes, Spec
from toolkit.models.protocol import Values

Array = measures.Array


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageDesign:
    """Sizes of a generated data set.

    Attributes
    ----------
    replicates, generations, num_texts, num_features : int
        There are ``generations`` transitions.
    batch_size : int
        Images counted in an update.
    sizes : {"counts", "probs", "unknown"}
        Whether image_count, text_probs or neither is observed.
    options : mapping
        Of ``prepare``.

    Examples
    --------
    >>> ImageDesign().generations
    20
    """

    replicates: int = 3
    generations: int = 20
    num_texts: int = 3
    num_features: int = 2
    batch_size: int = 300
    sizes: Sizes = "counts"
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def spec(self) -> Spec:
        """The spec of the data that it generates."""
        return Spec(
            num_replicates=self.replicates,
            num_transitions=self.generations,
            num_texts=self.num_texts,
            num_features=self.num_features,
            sizes=self.sizes,
            replenishment=self.options.get("replenishment", "images"),
            has_mean=True,
            ddof=self.options.get("ddof", 1),
        )


def generate(design: ImageDesign, values: Values, rng_key: Array) -> xr.Dataset:
    """A trajectory from the model's own law, from unit Gaussians on.

    Text ``i`` of ``1 .. num_texts`` has probability proportional to ``i``.

    Parameters
    ----------
    design : ImageDesign
    values : mapping
        Of the parameters.
    rng_key : Array

    Examples
    --------
    >>> values = {"effective_batch_size": 300.0, "shrinkage_factor": 1.0, "real_share": 0.1}
    >>> generate(ImageDesign(generations=2), values, jax.random.key(0)).image_cov.shape
    (3, 3, 3, 2, 2)
    """
    if design.options.get("reference") is not None:
        raise ValueError("a generated trajectory starts at its reference; leave reference out.")
    spec = design.spec
    unknown = spec.sizes == "unknown"
    names = (labels.EFFECTIVE_IMAGE_COUNT if unknown else labels.EFFECTIVE_BATCH_SIZE,)
    batch, shrinkage = (values[name] for name in (*names, labels.SHRINKAGE_FACTOR))
    real_share = values.get(labels.REAL_SHARE, 0.0)
    drawn = _trajectory(spec, design.batch_size, rng_key, batch, shrinkage, real_share)
    return labelled(drawn)


def _applied(matrix: Array, vector: Array) -> Array:
    """``matrix vector``, both with leading axes."""
    return jnp.einsum("...ab,...b->...a", matrix, vector)


@jit(static_argnums=(0, 1))
def _trajectory(
    spec: Spec, total: int, rng_key: Array, batch: Array, shrinkage: Array, real_share: Array
) -> dict[str, Array]:
    """All states, and what is known of the sizes."""
    R, T, K, d = spec[:4]
    key_count, key_node, key_states = jax.random.split(rng_key, 3)
    probs = jnp.arange(1.0, K + 1) / (K * (K + 1) / 2)
    known: dict[str, Array] = {}
    kept = jnp.zeros((T, R, K), bool)
    if spec.sizes == "counts":
        count = jax.random.multinomial(key_count, float(total), probs, shape=(T, R))
        generated = count * batch / total
        if spec.replenishment == "none":
            kept = count < d + 1  # as many are needed for a covariance
        first = jnp.zeros((1, R, K))
        known[labels.IMAGE_COUNT] = jnp.concatenate([first, count]).astype(jnp.int64)
    elif spec.sizes == "probs":
        number, weight = image_special.binomial_nodes(batch, probs)
        heavy = jax.random.uniform(key_node, (T, R, K)) < weight[1]
        generated = jnp.where(heavy, number[1], number[0])
        known[labels.TEXT_PROBS] = jnp.broadcast_to(probs, (T + 1, R, K))
    else:
        generated = jnp.broadcast_to(batch, (T, R, K))
    per_text = jnp.mean(batch) if spec.sizes == "unknown" else batch / K
    mean = jnp.broadcast_to(jnp.arange(K)[:, None] * jnp.ones(d), (R, K, d))
    cov = jnp.broadcast_to(jnp.eye(d), (R, K, d, d))

    def step(state: tuple[Array, Array], inputs: tuple[Array, Array, Array]) -> Any:
        size, kept, key = inputs
        pooled = image_law.pool(spec, size, per_text, real_share)
        seen = image_statistics.frame(state[1], cov, jnp)
        offset = jnp.moveaxis(_applied(seen.inverse, mean - state[0]), -1, 0)
        spread = jnp.moveaxis(seen.spread, -1, 0)
        law = image_law.covariance_law(spec, pooled, shrinkage, spread, offset)
        moved, scatter = image_law.sample(key, pooled, law, offset)
        cov_new = seen.matrix @ scatter @ jnp.swapaxes(seen.matrix, -1, -2)
        new = (
            jnp.where(kept[..., None], state[0], state[0] + _applied(seen.matrix, moved)),
            jnp.where(kept[..., None, None], state[1], cov_new),
        )
        return new, new

    inputs = (generated, kept, jax.random.split(key_states, T))
    _, (means, covs) = jax.lax.scan(step, (mean, cov), inputs)
    known[labels.IMAGE_MEAN] = jnp.concatenate([mean[None], means])
    known[labels.IMAGE_COV] = jnp.concatenate([cov[None], covs])
    return {name: jnp.moveaxis(value, 0, 1) for name, value in known.items()}
