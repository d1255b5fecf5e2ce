"""Importance sampling of the mean image diversity: unbiased, exact where it can be."""

import numpy as np
import pytest
from scipy import stats

import toolkit as tk
from tests.statistics import level
from toolkit import theory

#: Largest z-score: three comparisons of one value, three of up to two.
LIMIT = float(stats.norm.isf(level("tilted means", 2 * 12)))


def frozen(**changes: object) -> tk.CoevolvingSystem:
    """One text and a frozen text model: every count is the batch size."""
    settings: dict[str, object] = {
        "num_texts": 1,
        "variance": 1.0,
        "batch_size": 10,
        "text_updates": 0,
    }
    return tk.CoevolvingSystem.on_unit_circle(**(settings | changes))  # type: ignore[arg-type]


def test_one_feature_is_exact() -> None:
    system = frozen(num_features=1, num_texts=3, batch_size=30, text_probs=[0.1, 0.3, 0.6])
    mean = tk.tilted_image_diversity(system, generations=200, replicates=10, seed=1)
    rates = theory.image_rates(system)
    expected = rates.exact_rate.values ** np.arange(201)[:, None]
    np.testing.assert_allclose(mean.image_diversity, expected, rtol=1e-10)
    assert (mean.standard_error < 1e-7 * mean.image_diversity).all()


@pytest.mark.parametrize(("nu", "ratio"), [(3, 0.873463981), (9, 0.958082085), (59, 0.993637464)])
def test_first_generation_of_two_features(nu: int, ratio: float) -> None:
    # Known in closed form (theory, I4): E D_1 / D_0 at an isotropic start with two features.
    system = frozen(batch_size=nu + 1)
    mean = tk.tilted_image_diversity(system, generations=1, replicates=20_000, seed=2)
    first = mean.isel(generation=1, text=0)
    z_score = (float(first.image_diversity) / 2 - ratio) / (float(first.standard_error) / 2)
    assert abs(z_score) < LIMIT
    # A ratio 3 % off would be seen.
    assert 0.03 * ratio > 9 * float(first.standard_error) / 2


@pytest.mark.parametrize(
    "changes",
    [
        {"batch_size": 60, "num_texts": 2, "text_probs": [0.2, 0.8]},
        {"num_features": 3, "batch_size": 25, "ddof": 0, "shrinkage_factor": 1.05},
        {"batch_size": 30, "num_texts": 2, "min_images": 14, "image_updates": 2},
    ],
)
def test_agrees_with_plain_simulation_while_that_can_be_trusted(changes: dict[str, object]) -> None:
    system = frozen(**changes)
    generations, replicates = 6, 4000
    mean = tk.tilted_image_diversity(
        system, generations=generations, replicates=replicates, seed=3
    ).isel(generation=-1)
    plain = tk.simulate(
        system,
        generations=generations,
        replicates=replicates,
        seed=4,
        every=generations,
        record=["image_diversity"],
    ).image_diversity.isel(generation=-1)
    error = np.hypot(plain.std("replicate", ddof=1) / replicates**0.5, mean.standard_error)
    z_score = (plain.mean("replicate") - mean.image_diversity) / error
    assert (abs(z_score) < LIMIT).all()
    assert (error < 0.02 * mean.image_diversity).all()


def test_an_anisotropic_start_turns_without_effect() -> None:
    turned = frozen(batch_size=20).replace(image_cov=[[[2.5, 1.5], [1.5, 2.5]]])
    straight = turned.replace(image_cov=[[[4.0, 0.0], [0.0, 1.0]]])
    values = [
        tk.tilted_image_diversity(system, generations=5, replicates=50, seed=5).image_diversity
        for system in (turned, straight)
    ]
    np.testing.assert_allclose(values[0], values[1], rtol=1e-12)
    assert float(values[0][0, 0]) == pytest.approx(3.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"text_updates": 1},
        {"corpus": tk.CorpusInjection(prob=0.1, fraction=0.1)},
        {"user_content": tk.UserContent(num_images=3)},
    ],
)
def test_other_loops_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="frozen text model"):
        tk.tilted_image_diversity(frozen(**changes), generations=2, replicates=4, seed=1)


def test_the_tilt_itself_is_seen() -> None:
    # Without the additional degree of freedom the mean here would be 1.6 % too large.
    system, generations, replicates = frozen(batch_size=10), 8, 100_000
    mean = tk.tilted_image_diversity(system, generations=generations, replicates=20_000, seed=6)
    last = mean.isel(generation=-1, text=0)
    plain = tk.simulate(
        system,
        generations=generations,
        replicates=replicates,
        seed=7,
        every=generations,
        record=["image_diversity"],
    ).image_diversity.isel(generation=-1, text=0)
    error = np.hypot(float(plain.std(ddof=1)) / replicates**0.5, float(last.standard_error))
    difference = float(plain.mean() - last.image_diversity)
    assert abs(difference) < LIMIT * error
    assert 0.016 * float(last.image_diversity) > (LIMIT + 0.5) * error
