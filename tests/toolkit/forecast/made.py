"""Fits whose posterior is known: made of draws that are given, with no sampler."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from toolkit import labels
from toolkit.inference import tree
from toolkit.models import model_of

DRAWS = 2000
TEXT: dict[str, Any] = {
    "text_temperature": 1.0,
    "injection_prob": 0.0,
    "injection_fraction": 0.5,
}


def fit_of(
    model: str, data: xr.Dataset, posterior: dict[str, Any], draws: int = DRAWS, **options: Any
) -> xr.DataTree:
    """A fit with these draws; a parameter that is one number has it in every draw."""
    evidence = model_of(model).prepare(data, **options)
    lead = {labels.CHAIN: np.arange(1), labels.DRAW: np.arange(draws)}
    shapes = {
        name: tuple(evidence.observed.sizes[dim] for dim in labels.PARAMETERS[name].dims)
        for name in posterior
    }
    values = {
        name: np.broadcast_to(value, (draws, *shapes[name]))[None]
        for name, value in posterior.items()
    }
    found = xr.DataTree.from_dict(
        {
            "posterior": tree.draws_dataset(values, evidence, lead),
            "sample_stats": xr.Dataset({"diverging": (tuple(lead), np.zeros((1, draws), bool))}),
            "observed_data": evidence.observed,
            "constant_data": evidence.constant,
        }
    )
    found.attrs = tree.attributes(
        model=model, seed=0, options=options, remarks=evidence.remarks, converged=True
    )
    return found


def counts_from(
    probs: Any, batch_size: int, generations: int = 3, replicates: int = 1, seed: int = 0
) -> xr.Dataset:
    """Counts of captions that end in exactly these probabilities, in every replicate."""
    probs = np.asarray(probs, float)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(batch_size, probs, size=(replicates, generations)) / batch_size
    states = np.concatenate([drawn, np.broadcast_to(probs, (replicates, 1, probs.size))], axis=1)
    return xr.Dataset(
        {labels.TEXT_PROBS: (labels.dims(labels.TEXT_PROBS), states)},
        coords={
            labels.REPLICATE: np.arange(replicates),
            labels.GENERATION: np.arange(generations + 1),
            labels.TEXT: np.arange(probs.size),
        },
    )
