"""Exact one-step expectations along a trajectory, on trajectories written by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from toolkit.confusion import posterior_confusion
from toolkit.systems import CoevolvingSystem, CorpusInjection
from toolkit.theory import predict

DIVERSITY, PROBS = "text_diversity_recursion", "text_probs_martingale"


def system_of(**changes: Any) -> CoevolvingSystem:
    """Return five texts on the unit circle."""
    values: dict[str, Any] = {"num_texts": 5, "variance": 0.3, "batch_size": 50, **changes}
    return CoevolvingSystem.on_unit_circle(**values)


def trajectory(system: CoevolvingSystem, every: int = 1) -> xr.Dataset:
    """Return two replicates and three generations of any states whatever."""
    rng = np.random.default_rng(3)
    lead = (2, 3)
    size, features = system.num_texts, system.num_features
    root = rng.normal(size=(*lead, size, features, 4))
    dims = ("replicate", "generation", "text")
    return xr.Dataset(
        {
            "text_probs": (dims, rng.dirichlet(np.ones(size), lead)),
            "image_mean": ((*dims, "feature"), rng.normal(size=(*lead, size, features))),
            "image_cov": (
                (*dims, "feature", "feature_alt"),
                np.einsum("...ab,...cb->...ac", root, root) / 4,
            ),
        },
        coords={"replicate": [0, 1], "generation": every * np.arange(3), "text": np.arange(size)},
        attrs={"system": system.to_json()},
    )


def expected_diversity(system: CoevolvingSystem, state: xr.Dataset, probs: np.ndarray) -> float:
    """T1 at one state, with the slow and exact confusion."""
    confusion = posterior_confusion(probs, state.image_mean.values, state.image_cov.values)
    return float((1 - np.sum(probs**2)) * (1 - (1 - confusion.value) / system.batch_size))


def test_closed_system() -> None:
    system = system_of()
    dataset = trajectory(system)
    predicted = predict(dataset)
    assert predicted.predicted.dims == ("result", "replicate", "generation", "text")
    assert set(predicted.result.values) == {DIVERSITY, PROBS}
    assert set(predicted.kind.values) == {"exact"}
    values = predicted.predicted.sel(result=PROBS).values
    np.testing.assert_allclose(values[:, 1:], dataset.text_probs.values[:, :-1])
    assert predicted.attrs["confusion_error"] < 1e-4
    for replicate in range(2):
        for generation in range(2):
            state = dataset.isel(replicate=replicate, generation=generation)
            found = predicted.predicted.sel(result=DIVERSITY, text=0)
            expected = expected_diversity(system, state, state.text_probs.values)
            error = abs(float(found[replicate, generation + 1]) - expected)
            assert error < predicted.attrs["confusion_error"] + 1e-6


def test_injection_is_averaged_over_its_two_branches() -> None:
    corpus = CorpusInjection(prob=0.3, fraction=0.4, target=(0.6, 0.1, 0.1, 0.1, 0.1))
    system = system_of(corpus=corpus)
    dataset = trajectory(system)
    predicted = predict(dataset)
    state = dataset.isel(replicate=1, generation=1)
    probs = state.text_probs.values
    mixed = 0.6 * probs + 0.4 * np.array(corpus.target)
    expected = 0.7 * expected_diversity(system, state, probs)
    expected += 0.3 * expected_diversity(system, state, mixed)
    found = float(predicted.predicted.sel(result=DIVERSITY, text=0)[1, 2])
    assert abs(found - expected) < predicted.attrs["confusion_error"] + 1e-6
    means = predicted.predicted.sel(result=PROBS)[1, 2].values
    np.testing.assert_allclose(means, 0.7 * probs + 0.3 * mixed)


def test_frozen_text_model_and_filter() -> None:
    dataset = trajectory(system_of(text_updates=0))
    predicted = predict(dataset, variables=["text_diversity"])
    assert predicted.predicted.dims == ("result", "replicate", "generation")
    before = 1 - (dataset.text_probs**2).sum("text").values
    np.testing.assert_allclose(predicted.predicted.values[0, :, 1:], before[:, :-1])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"text_updates": 2}, "not recorded"),
        ({"text_temperature": 0.9}, "unbiased"),
        ({"corpus": CorpusInjection(prob=0.1, fraction=0.1, reading="new_text")}, "new texts"),
        ({"corpus": CorpusInjection(prob=0.1, fraction=0.1, concentration=2.0)}, "enumerated"),
    ],
)
def test_no_exact_expectation(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        predict(trajectory(system_of(**changes)))


def test_bad_datasets() -> None:
    dataset = trajectory(system_of())
    with pytest.raises(ValueError, match="every=1"):
        predict(trajectory(system_of(), every=5))
    with pytest.raises(ValueError, match="lacks image_cov"):
        predict(dataset.drop_vars("image_cov"))
    with pytest.raises(ValueError, match="attrs"):
        predict(dataset.assign_attrs(system="").drop_attrs())
    with pytest.raises(ValueError, match="its own"):
        predict(dataset, generations=3)
