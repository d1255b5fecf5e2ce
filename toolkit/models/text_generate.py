"""Whole trajectories of text probabilities from ``text_drift``'s own law, for calibration."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

from toolkit import labels
from toolkit.labelled import labelled
from toolkit.measures import Array
from toolkit.models.double_multinomial import draw_counts
from toolkit.models.protocol import Values
from toolkit.models.text_cells import cells_of, on_cells
from toolkit.models.text_counts import tempered

#: Tries to draw averages none of which is negative.
_TRIES = 8


@dataclasses.dataclass(frozen=True, kw_only=True)
class TextDriftDesign:
    """Sizes of a data set that is drawn from the model.

    Attributes
    ----------
    replicates, generations, num_texts : int
        ``generations`` transitions; the first state has probabilities proportional to 1, 2, ...
    batch_size : int
        With counts a draw costs its square; with moments at least 300, since Gaussian averages
        are never to be negative.
    likelihood : {"counts", "moments"}
    infer_target : bool
    """

    replicates: int = 4
    generations: int = 25
    num_texts: int = 4
    batch_size: int = 60
    likelihood: str = "counts"
    infer_target: bool = False

    def __post_init__(self) -> None:
        if self.likelihood not in ("counts", "moments"):
            raise ValueError(f"likelihood must be 'counts' or 'moments', not {self.likelihood!r}.")
        if self.likelihood == "moments" and self.batch_size < 300:
            raise ValueError(
                f"a design with moments needs batch_size of 300 or more, not {self.batch_size}: "
                "Gaussian averages of fewer images would be negative now and then."
            )

    @property
    def options(self) -> Mapping[str, Any]:
        """Options of ``prepare`` for such data."""
        return {
            "batch_size": self.batch_size,
            "likelihood": self.likelihood,
            "target": "infer" if self.infer_target else None,
        }


def generate(design: TextDriftDesign, values: Values, rng_key: Array) -> xr.Dataset:
    """A data set of the design, drawn from the model's law at the given values.

    Counts are exact draws of the double multinomial. Averages are Gaussian with the exact
    covariance of one-hot images, drawn anew while a common text is negative; inside the pool of
    rare texts, whose total alone has a law, negative ones count as zero.

    Parameters
    ----------
    design : TextDriftDesign
    values : mapping
        Of all parameters; the target is uniform unless it is among them.
    rng_key : array

    Examples
    --------
    >>> import jax
    >>> values = dict(effective_batch_size=60.0, text_temperature=1.0, injection_prob=0.2,
    ...               injection_fraction=0.1)
    >>> data = generate(TextDriftDesign(generations=3), values, jax.random.key(0))
    >>> data.text_probs.dims, data.text_probs.shape
    (('replicate', 'generation', 'text'), (4, 4, 4))
    """
    target = values.get(labels.INJECTION_TARGET)
    numbers = {
        name: jnp.asarray(values[name], float)
        for name in (
            labels.EFFECTIVE_BATCH_SIZE,
            labels.TEXT_TEMPERATURE,
            labels.INJECTION_PROB,
            labels.INJECTION_FRACTION,
        )
    }
    uniform = np.full(design.num_texts, 1 / design.num_texts)
    numbers[labels.INJECTION_TARGET] = jnp.asarray(uniform if target is None else target, float)
    probs = np.asarray(_drawer(design)(numbers, rng_key))
    return labelled({labels.TEXT_PROBS: probs})


@functools.cache
def _drawer(design: TextDriftDesign) -> Callable[[Values, Array], Array]:
    start = jnp.arange(1.0, design.num_texts + 1)
    start = start / jnp.sum(start)
    update = _counted if design.likelihood == "counts" else _averaged

    def one(values: Values, rng_key: Array) -> Array:
        def step(before: Array, key: Array) -> tuple[Array, Array]:
            key_event, key_update = jax.random.split(key)
            event = jax.random.bernoulli(key_event, values[labels.INJECTION_PROB])
            share = jnp.where(event, values[labels.INJECTION_FRACTION], 0.0)
            mass = (1 - share) * before + share * values[labels.INJECTION_TARGET]
            after = update(design, values, key_update, before, mass)
            return after, after

        _, states = jax.lax.scan(step, start, jax.random.split(rng_key, design.generations))
        return jnp.concatenate([start[None], states])

    def all_of_them(values: Values, rng_key: Array) -> Array:
        return jax.vmap(lambda key: one(values, key))(jax.random.split(rng_key, design.replicates))

    return jax.jit(all_of_them)


def _counted(
    design: TextDriftDesign, values: Values, rng_key: Array, before: Array, mass: Array
) -> Array:
    log_phi = jnp.log(values[labels.EFFECTIVE_BATCH_SIZE] / design.batch_size)
    mean = tempered(mass, values[labels.TEXT_TEMPERATURE])
    return draw_counts(rng_key, log_phi, mean, design.batch_size) / design.batch_size


def _averaged(
    design: TextDriftDesign, values: Values, rng_key: Array, before: Array, mass: Array
) -> Array:
    cells = cells_of(before, before * (1 - before), float(design.batch_size))
    noise = jax.random.normal(rng_key, (_TRIES, design.num_texts))
    root = jnp.sqrt(mass)
    deviation = root * (noise - root * (noise @ root)[:, None])
    averages = mass + deviation / jnp.sqrt(values[labels.EFFECTIVE_BATCH_SIZE])
    positive = jnp.all(on_cells(cells, averages) >= 0, axis=-1)
    chosen = averages[jnp.argmax(positive)]
    # Inside the pool only the total has a law.
    total = jnp.maximum(jnp.sum(jnp.where(cells.alone, 0.0, chosen)), 0.0)
    rare = jnp.where(cells.alone, 0.0, jnp.maximum(chosen, 0.0))
    rare = rare * total / jnp.maximum(jnp.sum(rare), 1e-300)
    drawn = jnp.where(cells.alone, jnp.maximum(chosen, 0.0), rare)
    return tempered(drawn / jnp.sum(drawn), values[labels.TEXT_TEMPERATURE])
