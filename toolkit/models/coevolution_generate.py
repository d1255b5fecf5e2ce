"""Whole trajectories from ``coevolution``'s own law, for calibration.

Texts are exact draws of the double multinomial, images of the Wishart and normal law of
:mod:`toolkit.models.image_law`, both with the replicate's effective batch size. It need not be
whole, so these are not draws of the process site by site; where it is ``batch_size`` and no real
images are pooled, the law is the process's own with one-hot posteriors.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

from toolkit import labels, measures
from toolkit.labelled import labelled
from toolkit.machine import jit
from toolkit.models import image_law, image_statistics
from toolkit.models.double_multinomial import draw_counts
from toolkit.models.image_law import Replenishment, Spec
from toolkit.models.protocol import Values
from toolkit.models.text_counts import tempered

Array = measures.Array


@dataclasses.dataclass(frozen=True, kw_only=True)
class CoevolutionDesign:
    """Sizes of a generated data set.

    Attributes
    ----------
    replicates, generations, num_texts, num_features : int
        There are ``generations`` transitions.
    batch_size : int
        Captions, and images counted, in an update.
    replenishment : {"images", "share", "none"}

    Examples
    --------
    >>> CoevolutionDesign().options["batch_size"]
    200
    """

    replicates: int = 4
    generations: int = 15
    num_texts: int = 3
    num_features: int = 2
    batch_size: int = 200
    replenishment: Replenishment = "images"

    @property
    def options(self) -> Mapping[str, Any]:
        """Options of ``prepare`` for such data."""
        return {
            "batch_size": self.batch_size,
            "likelihood": "counts",
            "replenishment": self.replenishment,
        }


class _State(NamedTuple):
    text_probs: Array
    image_mean: Array
    image_cov: Array
    image_count: Array


def generate(design: CoevolutionDesign, values: Values, rng_key: Array) -> xr.Dataset:
    """A data set of the design, drawn from the model's law at the given values.

    Text ``i`` of ``1 .. num_texts`` starts with a probability proportional to ``i`` and a unit
    Gaussian, 2 apart from the next.

    Parameters
    ----------
    design : CoevolutionDesign
    values : mapping
        Of all parameters; the target is uniform unless it is among them.
    rng_key : Array

    Examples
    --------
    >>> values = dict(effective_batch_size=200.0, replicate_spread=0.1, text_temperature=1.0,
    ...               injection_prob=0.2, injection_fraction=0.1, shrinkage_factor=1.0,
    ...               real_share=0.1)
    >>> data = generate(CoevolutionDesign(generations=2), values, jax.random.key(0))
    >>> data.image_cov.shape, int(data.image_count[0, 1].sum())
    ((4, 3, 3, 2, 2), 200)
    """
    uniform = np.full(design.num_texts, 1 / design.num_texts)
    numbers = {
        labels.REPLICATE_SPREAD: 0.0,
        labels.REAL_SHARE: 0.0,
        labels.INJECTION_TARGET: uniform,
        **values,
    }
    drawn = _trajectories(design, {k: jnp.asarray(v, float) for k, v in numbers.items()}, rng_key)
    return labelled(drawn._asdict())


@jit(static_argnums=0)
def _trajectories(design: CoevolutionDesign, values: Values, rng_key: Array) -> _State:
    """All replicates, axes (replicate, generation, ...)."""
    key_size, key_states = jax.random.split(rng_key)
    spread = values[labels.REPLICATE_SPREAD] if design.replicates > 1 else 0.0
    normal = jax.random.normal(key_size, (design.replicates,))
    sizes = values[labels.EFFECTIVE_BATCH_SIZE] * jnp.exp(spread * normal)
    keys = jax.random.split(key_states, design.replicates)
    one = partial(_trajectory, design, values)
    states: _State = jax.vmap(one)(sizes, keys)
    return states


def _trajectory(design: CoevolutionDesign, values: Values, size: Array, rng_key: Array) -> _State:
    """One replicate of the given effective batch size."""
    K, d = design.num_texts, design.num_features
    position = jnp.arange(1.0, K + 1)
    start = _State(
        text_probs=position / jnp.sum(position),
        image_mean=2 * position[:, None] * jnp.eye(d)[0],
        image_cov=jnp.broadcast_to(jnp.eye(d), (K, d, d)),
        image_count=jnp.zeros(K, int),
    )

    def step(state: _State, key: Array) -> tuple[_State, _State]:
        key_text, key_image = jax.random.split(key)
        probs = _text_update(design, values, size, key_text, state.text_probs)
        state = state._replace(text_probs=probs)
        state = _image_update(design, values, size, key_image, start, state)
        return state, state

    _, states = jax.lax.scan(step, start, jax.random.split(rng_key, design.generations))
    return _State(*(jnp.concatenate([a[None], b]) for a, b in zip(start, states, strict=True)))


def _text_update(
    design: CoevolutionDesign, values: Values, size: Array, rng_key: Array, probs: Array
) -> Array:
    """Injection or none, then counts of captions."""
    key_event, key_counts = jax.random.split(rng_key)
    event = jax.random.bernoulli(key_event, values[labels.INJECTION_PROB])
    share = jnp.where(event, values[labels.INJECTION_FRACTION], 0.0)
    mass = (1 - share) * probs + share * values[labels.INJECTION_TARGET]
    mean = tempered(mass, values[labels.TEXT_TEMPERATURE])
    log_phi = jnp.log(size / design.batch_size)
    return draw_counts(key_counts, log_phi, mean, design.batch_size) / design.batch_size


def _image_update(
    design: CoevolutionDesign,
    values: Values,
    size: Array,
    rng_key: Array,
    start: _State,
    state: _State,
) -> _State:
    """Counts of images, then each text's mean and covariance."""
    key_count, key_state = jax.random.split(rng_key)
    total, K = float(design.batch_size), design.num_texts
    count = jax.random.multinomial(key_count, total, state.text_probs)
    spec = Spec(
        num_replicates=1,
        num_transitions=1,
        num_texts=K,
        num_features=design.num_features,
        sizes="counts",
        replenishment=design.replenishment,
        has_mean=True,
        ddof=1,
    )
    pooled = image_law.pool(spec, count * size / total, size / K, values[labels.REAL_SHARE])
    seen = image_statistics.frame(state.image_cov, start.image_cov, jnp)
    apart = jnp.einsum("kab,kb->ka", seen.inverse, start.image_mean - state.image_mean)
    offset, spread = apart.T, seen.spread.T
    law = image_law.covariance_law(spec, pooled, values[labels.SHRINKAGE_FACTOR], spread, offset)
    moved, cov = image_law.sample(key_state, pooled, law, offset)
    mean = state.image_mean + jnp.einsum("kab,kb->ka", seen.matrix, moved)
    cov = seen.matrix @ cov @ jnp.swapaxes(seen.matrix, -1, -2)
    # Without real images a covariance needs more images than features.
    kept = (count < design.num_features + 1) & (design.replenishment == "none")
    return _State(
        text_probs=state.text_probs,
        image_mean=jnp.where(kept[:, None], state.image_mean, mean),
        image_cov=jnp.where(kept[:, None, None], state.image_cov, cov),
        image_count=count.astype(int),
    )
