"""Metamorphic tests: what a change of the input must do to the output, exactly or in law."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

import toolkit as tk
from tests import cases
from tests.statistics import level, same_law
from tests.tolerances import STANDARD_ERRORS
from toolkit.systems import CoevolvingSystem, CorpusInjection

SYSTEM = cases.SYSTEMS["rare text"]
GENERATIONS = cases.GENERATIONS


def simulate(system: CoevolvingSystem, replicates: int = 50, seed: int = 81) -> xr.Dataset:
    return tk.simulate(
        system, generations=GENERATIONS, replicates=replicates, seed=seed, progress=False
    )


def statistics(run: xr.Dataset) -> dict[str, np.ndarray]:
    return cases.statistics(run)


def permuted(system: CoevolvingSystem, order: list[int]) -> CoevolvingSystem:
    return system.replace(
        text_probs=system.text_probs[order],
        image_mean=system.image_mean[order],
        image_cov=system.image_cov[order],
    )


def moved(
    system: CoevolvingSystem, matrix: np.ndarray, shift: np.ndarray | float = 0.0
) -> CoevolvingSystem:
    """The system whose images are ``matrix y + shift``."""
    cov = matrix @ system.image_cov @ matrix.T
    return system.replace(
        image_mean=system.image_mean @ matrix.T + shift,
        image_cov=(cov + cov.swapaxes(-1, -2)) / 2,
    )


def test_permuting_texts_permutes_the_law_and_only_right_permutations_do() -> None:
    order = [2, 0, 1]
    straight = simulate(SYSTEM, 3000)
    turned = simulate(permuted(SYSTEM, order), 3000, seed=82)
    back = turned.isel(text=np.argsort(order))
    level_here = level("symmetry: permuted texts", 2)
    same_law(statistics(straight), statistics(back)).require(level_here)
    with pytest.raises(AssertionError):
        same_law(statistics(straight), statistics(turned)).require(level_here)


def test_rotating_images_rotates_the_law() -> None:
    angle = 0.7
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    straight = simulate(SYSTEM, 3000)
    turned = simulate(moved(SYSTEM, rotation), 3000, seed=83)
    back = turned.assign(
        image_mean=(turned.image_mean.dims, turned.image_mean.values @ rotation),
        image_cov=(turned.image_cov.dims, rotation.T @ turned.image_cov.values @ rotation),
    )
    verdict = same_law(statistics(straight), statistics(back))
    verdict.require(level("symmetry: permuted texts", 2))


@pytest.mark.parametrize(
    ("scale", "shift"), [(1.0, np.array([3.0, -5.0])), (1e-6, 0.0), (64.0, np.array([100.0, 0.0]))]
)
def test_scaling_and_translating_images_changes_nothing_else(
    scale: float, shift: np.ndarray | float
) -> None:
    straight = simulate(SYSTEM)
    other = simulate(moved(SYSTEM, scale * np.eye(2), shift))
    np.testing.assert_array_equal(other.image_count, straight.image_count)
    np.testing.assert_array_equal(other.image_kept, straight.image_kept)
    np.testing.assert_allclose(other.text_probs, straight.text_probs, rtol=1e-9)
    np.testing.assert_allclose(other.image_diversity, scale * straight.image_diversity, rtol=1e-11)
    np.testing.assert_allclose(
        other.image_mean, scale * straight.image_mean + shift, rtol=1e-11, atol=1e-11 * scale
    )


@pytest.mark.parametrize("corpus", [{"prob": 0.0, "fraction": 0.5}, {"prob": 1.0, "fraction": 0.0}])
def test_injection_of_nothing_is_the_closed_system(corpus: dict[str, Any]) -> None:
    closed = simulate(SYSTEM)
    opened = simulate(SYSTEM.replace(corpus=CorpusInjection(**corpus)))
    np.testing.assert_array_equal(opened.image_count, closed.image_count)
    for name in ("text_probs", "image_mean", "image_cov", "image_diversity"):
        np.testing.assert_allclose(opened[name], closed[name], rtol=1e-10, atol=1e-12)


def test_frozen_text_model_stays_to_the_bit() -> None:
    run = simulate(SYSTEM.replace(text_updates=0))
    assert np.all(run.text_probs == run.text_probs.isel(generation=0))
    assert np.all(run.text_diversity == run.text_diversity.isel(generation=0))
    assert np.any(run.image_cov != run.image_cov.isel(generation=0))


def test_frozen_image_model_stays_to_the_bit() -> None:
    run = simulate(SYSTEM.replace(image_updates=0))
    for name in ("image_mean", "image_cov", "image_diversity", "image_fidelity"):
        assert np.all(run[name] == run[name].isel(generation=0))
    assert not run.image_count.any()
    assert np.any(run.text_probs != run.text_probs.isel(generation=0))


def test_one_text_keeps_all_the_mass() -> None:
    run = simulate(SYSTEM.replace(text_probs=[0.0, 1.0, 0.0]))
    assert np.all(run.text_probs == [0, 1, 0])
    assert not run.text_diversity.any()
    assert np.all(run.image_count.isel(generation=slice(1, None)) == [0, 30, 0])


def test_text_of_probability_zero_stays_at_zero() -> None:
    run = simulate(SYSTEM.replace(text_probs=[0.6, 0.4, 0.0]))
    assert not run.text_probs.isel(text=2).any()
    assert not run.image_count.isel(text=2).any()
    assert np.all(run.image_mean.isel(text=2) == SYSTEM.image_mean[2])
    assert np.all(np.isfinite(run.text_probs))


def test_coupled_system_at_the_papers_setting() -> None:
    # Theory, section 2: mean text diversity at generation 100, known to .006.
    system = CoevolvingSystem.on_unit_circle(num_texts=5, variance=1.0, batch_size=1000)
    run = tk.simulate(
        system,
        generations=100,
        every=100,
        replicates=100,
        seed=84,
        record=["text_diversity"],
        progress=False,
    )
    sample = run.text_diversity.values[:, -1]
    error = np.hypot(sample.std(ddof=1) / 10, 0.006 / STANDARD_ERRORS)
    assert abs(sample.mean() - 0.770) < STANDARD_ERRORS * error
