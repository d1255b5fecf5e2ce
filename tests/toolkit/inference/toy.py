"""A model whose posterior is known: normal scores of unknown mean, known standard deviation."""

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
from toolkit.models import Evidence, Model, draw

NOISE_SD = 0.5
PRIOR_MEAN, PRIOR_SD = 1.0, 2.0


@dataclasses.dataclass(frozen=True)
class Design:
    replicates: int = 2
    generations: int = 5


def prepare(dataset: xr.Dataset, *, weight: float = 1.0) -> Evidence:
    score = dataset[labels.SCORE]
    data = {"score": np.asarray(score)[:, 1:], "weight": np.asarray(weight)}
    constant = xr.Dataset({"weight": weight})
    return Evidence("toy", data, dataset[[labels.SCORE]], constant, ("A toy.",))


def priors(evidence: Evidence) -> dict[str, Any]:
    del evidence
    return {labels.FLOOR: dist.Normal(PRIOR_MEAN, PRIOR_SD)}


def program(spec: Any, priors: Any, data: Any) -> None:
    del spec
    floor = draw(labels.FLOOR, priors[labels.FLOOR])
    numpyro.deterministic(labels.HALF_LIFE, 2 * floor)
    sd = NOISE_SD / jnp.sqrt(data["weight"])
    numpyro.factor(labels.SCORE, dist.Normal(floor, sd).log_prob(data["score"]))


def replicate(spec: Any, values: Any, rng_key: Any, data: Any) -> dict[str, Any]:
    del spec
    noise = jax.random.normal(rng_key, data["score"].shape)
    return {labels.SCORE: values[labels.FLOOR] + NOISE_SD * noise}


def generate(design: Design, values: Any, rng_key: Any) -> xr.Dataset:
    shape = (design.replicates, design.generations)
    score = values[labels.FLOOR] + NOISE_SD * jax.random.normal(rng_key, shape)
    return dataset(np.asarray(score))


def dataset(score: np.ndarray) -> xr.Dataset:
    coordinates = dict(zip(labels.dims(labels.SCORE), map(np.arange, score.shape), strict=True))
    return xr.Dataset({labels.SCORE: (labels.dims(labels.SCORE), score)}, coords=coordinates)


def exact(score: np.ndarray) -> tuple[float, float]:
    """Mean and sd of the posterior of the floor, from the scores after the first generation."""
    used = np.asarray(score)[:, 1:]
    precision = 1 / PRIOR_SD**2 + used.size / NOISE_SD**2
    mean = (PRIOR_MEAN / PRIOR_SD**2 + used.sum() / NOISE_SD**2) / precision
    return float(mean), float(precision**-0.5)


MODEL = Model(
    name="toy",
    summary="normal scores",
    parameters=(labels.FLOOR,),
    prepare=prepare,
    priors=priors,
    program=program,
    replicate=replicate,
    generate=generate,
    design=Design(),
    options=("weight",),
    derived=(labels.HALF_LIFE,),
)
