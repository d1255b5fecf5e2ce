"""Priors given by a user: their shapes, and the ranges they must stay in."""

from typing import Any

import numpy as np
import numpyro.distributions as dist
import pytest

import toolkit as tk
from toolkit.inference.priors import merged_priors, prior_words
from toolkit.models import model_of

RNG = np.random.default_rng(1)
WALK = tk.read_trajectory(image_mean=RNG.normal(size=(2, 8, 1, 2)).cumsum(axis=1))
COUNTS = tk.read_trajectory(text_probs=RNG.multinomial(50, [0.5, 0.3, 0.2], (2, 8)) / 50)


def merged(model: str, given: dict[str, Any], **options: Any) -> dict[str, Any]:
    data = COUNTS if model == "text_drift" else WALK
    chosen = model_of(model)
    return merged_priors(chosen, chosen.prepare(data, **options), given)


@pytest.mark.parametrize(
    ("model", "name", "prior", "options"),
    [
        ("text_drift", "injection_target", dist.Dirichlet(np.ones(3)), {"target": "infer"}),
        ("retraining", "fixed_point", dist.Normal(np.zeros(2), 1.0).to_event(1), {}),
        ("retraining", "contraction_factor", dist.Uniform(0.0, 1.5), {}),
    ],
)
def test_a_prior_of_several_numbers_or_beyond_the_default_is_taken(
    model: str, name: str, prior: dist.Distribution, options: dict[str, Any]
) -> None:
    assert merged(model, {name: prior}, **options)[name] is prior


def test_a_known_number_stands_for_all_components() -> None:
    assert merged("retraining", {"fixed_point": 0.5})["fixed_point"].tolist() == [0.5, 0.5]
    given = {"injection_target": [0.2, 0.3, 0.5]}
    assert merged("text_drift", given, target="infer")["injection_target"].shape == (3,)


@pytest.mark.parametrize(
    ("model", "given", "message"),
    [
        ("text_drift", {"injection_target": dist.Dirichlet(np.ones(4))}, r"shape \(3,\).*\(4,\)"),
        ("text_drift", {"injection_target": [0.5, 0.5]}, r"shape \(3,\).*\(2,\)"),
        ("text_drift", {"injection_target": [0.5, 0.5, 0.5]}, "outside its range"),
        ("text_drift", {"text_temperature": [1.0, 1.0]}, r"shape \(\).*\(2,\)"),
        ("retraining", {"fixed_point": dist.Normal(0.0, 1.0)}, r"shape \(2,\).*\(\); give as many"),
        ("retraining", {"component_noise_sd": [1.0, -1.0]}, "is 1, -1, outside its range"),
        ("retraining", {"contraction_factor": -0.5}, "outside its range"),
    ],
)
def test_wrong_shapes_and_ranges_are_told(model: str, given: Any, message: str) -> None:
    options = {"target": "infer"} if model == "text_drift" else {}
    with pytest.raises(ValueError, match=message):
        merged(model, given, **options)


def test_priors_are_written_with_all_their_numbers() -> None:
    assert prior_words(dist.LogNormal(1.0, 0.5)) == "LogNormal(loc=1.0, scale=0.5)"
    assert prior_words(dist.TruncatedNormal(0.3, 2.0, low=0.0)) == (
        "LeftTruncatedDistribution(low=0.0) of Normal(loc=0.3, scale=2.0)"
    )
    vector = dist.Normal(0.0, 1.0).expand([2]).to_event(1)
    assert prior_words(vector).endswith("of Normal(loc=0.0, scale=1.0)")
    assert prior_words(np.array([0.5, 0.25])) == "known: [0.5, 0.25]"
