"""A model whose posterior is known exactly: one mean, a handful of normal observations."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import xarray as xr

from toolkit import labels
from toolkit.inference.sampler import Draws
from toolkit.models import Evidence, Model, draw

PRIORS = {labels.START: dist.Normal(0.0, 1.0)}


@dataclasses.dataclass(frozen=True)
class Design:
    observations: int = 4


def prepare(dataset: xr.Dataset) -> Evidence:
    scores = dataset[labels.SCORE].values[0]
    if scores.mean() > 100:
        raise ValueError("the scores must be below 100 on average.")
    return Evidence(len(scores), np.asarray(scores), dataset, xr.Dataset())


def program(spec: Any, priors: Any, data: Any) -> None:
    start = draw(labels.START, priors[labels.START])
    numpyro.sample(labels.SCORE, dist.Normal(start, 1.0), obs=data)


def generate(design: Design, values: Any, rng_key: Any) -> xr.Dataset:
    noise = jax.random.normal(rng_key, (1, design.observations))
    scores = np.asarray(values[labels.START] + noise)
    return xr.Dataset({labels.SCORE: (labels.dims(labels.SCORE), scores)})


MODEL = Model(
    name="toy",
    summary="a mean",
    parameters=(labels.START,),
    prepare=prepare,
    priors=lambda evidence: dict(PRIORS),
    program=program,
    replicate=lambda spec, values, rng_key, data: {},
    generate=generate,
    design=Design(),
)


def exact(shift: float = 0.0, scale: float = 1.0, broken: int = 0) -> Any:
    """A sampler of independent draws from the posterior, moved and scaled by its sd.

    The first ``broken`` data sets get chains that never move.
    """

    def sampler(
        model: Model,
        spec: Any,
        priors: Any,
        data: Any,
        *,
        seed: int,
        per_data_set: tuple[str, ...] = (),
        **settings: Any,
    ) -> Draws:
        rng = np.random.default_rng(seed)
        sd = 1 / np.sqrt(spec + 1)
        mean = data.sum(axis=1) / (spec + 1)
        shape = (len(data), 1, settings["num_draws"])
        draws = mean[:, None, None] + sd * (shift + scale * rng.standard_normal(shape))
        draws[:broken] = draws[:broken, :, :1]
        return Draws({labels.START: draws}, {"diverging": np.zeros(shape, bool)})

    return sampler


def too_quiet(spec: Any, priors: Any, data: Any) -> None:
    """The program with a noise that is 30 % too small."""
    start = draw(labels.START, priors[labels.START])
    numpyro.sample(labels.SCORE, dist.Normal(start, jnp.asarray(0.7)), obs=data)
