"""Loops: the order of effects, collapse over hundreds of orders of magnitude, growing systems."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

import toolkit as tk
from tests import cases, tolerances
from toolkit import measures
from toolkit.loops import gaussians, loop_of
from toolkit.systems import CorpusInjection, UserContent


@pytest.mark.parametrize("num_features", [1, 2, 3])
def test_composed_factors_against_high_precision(num_features: int) -> None:
    """Thousands of updates; the product's singular values, to hundreds of digits, in mpmath."""
    generations, df = 2500, num_features + 3
    rng = np.random.default_rng(71)
    roots = np.tril(rng.standard_normal((generations, num_features, num_features)), -1)
    for j in range(num_features):
        roots[:, j, j] = np.sqrt(rng.chisquare(df - j, generations))
    roots /= np.sqrt(df)
    start = cases.unequal_covariances(1, num_features)[0]

    def update(factor: measures.ScaledFactor, root: Any) -> tuple[measures.ScaledFactor, None]:
        return gaussians.compose(factor, root), None

    factor, _ = jax.lax.scan(update, measures.factorise(start), jnp.asarray(roots))
    with mpmath.workdps(1500):
        product = mpmath.cholesky(mpmath.matrix(start.tolist()))
        for root in roots:
            product = product * mpmath.matrix(root.tolist())
        eigenvalues = mpmath.eigsy(product * product.T, eigvals_only=True)
        exact = mpmath.log(sum(mpmath.sqrt(abs(value)) for value in eigenvalues))
        determinant = sum(mpmath.log(abs(product[j, j])) for j in range(num_features))
        size = float(sum(np.sum(np.abs(np.log(roots[:, j, j]))) for j in range(num_features)))
    diversity = float(jnp.log(measures.image_diversity_of_factor(factor)))
    assert diversity < -100
    assert diversity == pytest.approx(float(exact), abs=tolerances.ACCUMULATED * size)
    log_det = float(jnp.sum(factor.log_scale))
    assert log_det == pytest.approx(float(determinant), abs=tolerances.ACCUMULATED * size)


@pytest.mark.parametrize("num_features", [1, 2, 3])
def test_image_diversity_down_to_1e_minus_150(num_features: int) -> None:
    system = cases.system([1.0], num_features, batch_size=5, text_updates=0)
    names = ("image_diversity", "image_total_sd", "image_volume_scale", "image_cov", "image_mean")
    run = tk.simulate(
        system, generations=3600, replicates=20, seed=72, every=100, record=names, progress=False
    )
    for name in names:
        assert np.all(np.isfinite(run[name])), name
    relative = run.image_diversity / run.image_diversity.isel(generation=0)
    assert np.all(relative > 0)
    assert float(relative.isel(generation=-1).median()) < 1e-150
    # Between the bounds that hold for every covariance, to the last digits.
    total, volume = run.image_total_sd, run.image_volume_scale
    slack = 1 + tolerances.LINEAR_ALGEBRA
    assert np.all(run.image_diversity >= total / slack)
    assert np.all(run.image_diversity <= np.sqrt(num_features) * total * slack)
    assert np.all(run.image_diversity >= num_features * volume / slack)
    if num_features == 2:
        # (s_1 + s_2)^2 = tr + 2 sqrt(det), on numbers that are within range.
        expected = total * np.sqrt(1 + 2 * (volume / total) ** 2)
        np.testing.assert_allclose(run.image_diversity, expected, rtol=tolerances.LINEAR_ALGEBRA)
    mean = run.image_mean.values
    assert np.ptp(mean[:, -10:], axis=1).max() < 1e-100 * np.abs(mean).max() or np.all(
        mean[:, -10] == mean[:, -1]
    )


def test_injection_comes_before_the_captions_of_the_generation() -> None:
    corpus = CorpusInjection(prob=1.0, fraction=1.0, target=[0.0, 0.0, 1.0])
    system = cases.SYSTEMS["rare text"].replace(text_updates=0, corpus=corpus)
    run = tk.simulate(system, generations=1, replicates=5, seed=73, progress=False)
    assert np.all(run.text_probs.isel(generation=1) == [0, 0, 1])
    assert np.all(run.image_count.isel(generation=1) == [0, 0, 30])
    assert np.all(run.image_kept.isel(generation=1) == [True, True, False])


def test_growing_system_fills_its_slots_in_order_and_says_when_full() -> None:
    corpus = CorpusInjection(
        prob=1.0,
        fraction=0.25,
        reading="new_text",
        capacity=4,
        new_text_mean=[7.0, -7.0],
        new_text_cov=[[2.0, 0.5], [0.5, 1.0]],
    )
    system = cases.system([0.5, 0.5], 2, batch_size=30, text_updates=0, image_updates=0)
    with pytest.warns(UserWarning, match="reached in 2 of 2 replicates, first at generation 3"):
        run = tk.simulate(
            system.replace(corpus=corpus), generations=3, replicates=2, seed=74, progress=False
        ).isel(replicate=0)
    expected = [
        [0.5, 0.5, 0.0, 0.0],
        [0.375, 0.375, 0.25, 0.0],
        [0.28125, 0.28125, 0.1875, 0.25],
        [0.28125, 0.28125, 0.1875, 0.25],
    ]
    np.testing.assert_allclose(run.text_probs, expected, rtol=tolerances.ROUNDING)
    np.testing.assert_array_equal(run.text_active, np.array(expected) > 0)
    assert run.text_injected.values.tolist() == [False, True, True, False]
    assert run.capacity_reached.values.tolist() == [False, False, False, True]
    np.testing.assert_array_equal(run.image_mean[1:, 2], np.full((3, 2), [7.0, -7.0]))
    np.testing.assert_allclose(run.image_cov[1, 2], corpus.new_text_cov, rtol=1e-14)
    assert not run.image_mean[1, 3].any()
    assert not run.image_kept.any()


def test_default_capacity_is_for_the_length_and_a_bare_loop_needs_one() -> None:
    corpus = CorpusInjection(prob=0.1, fraction=0.1, reading="new_text")
    system = cases.system([0.5, 0.5], 2, batch_size=30, corpus=corpus)
    assert loop_of(system, generations=1000).sizes["text"] > 2 + 100 + 5 * np.sqrt(90)
    assert loop_of(system, generations=1).sizes["text"] == 3
    with pytest.raises(ValueError, match=r"give corpus\.capacity, or say how many generations"):
        loop_of(system)


def test_step_is_one_generation_of_simulate() -> None:
    loop = loop_of(cases.SYSTEMS["rare text"])
    key = jax.random.fold_in(jax.random.fold_in(jax.random.key(75), 0), 0)
    state, info = jax.jit(loop.step)(key, loop.initial)
    run = tk.simulate(
        cases.SYSTEMS["rare text"], generations=1, replicates=50, seed=75, progress=False
    )
    np.testing.assert_allclose(run.text_probs[0, 1], state.text_probs, rtol=1e-12)
    np.testing.assert_allclose(run.image_mean[0, 1], state.image_mean, rtol=1e-11)
    np.testing.assert_array_equal(run.image_count[0, 1], info.image_count)


def test_cost_counts_images_only_where_they_are_drawn() -> None:
    frozen = cases.SYSTEMS["rare text"].replace(text_updates=0)
    small, large = (loop_of(frozen.replace(batch_size=n)).cost for n in (10**3, 10**6))
    assert small == large
    assert loop_of(frozen.replace(batch_size=10**6), method="literal").cost > 10**6
    coupled = cases.SYSTEMS["rare text"].replace(batch_size=10**6)
    assert loop_of(coupled).work > 10**6 > loop_of(coupled).cost


@pytest.mark.parametrize("num_features", [1, 2])
def test_one_real_image_drawn_again_and_again_keeps_the_gaussian(num_features: int) -> None:
    # The rare text has no generated image in most generations, and its real images are one.
    images = [np.full((1, num_features), value) for value in (0.1, 1 / 3)]
    system = cases.system(
        [0.99, 0.01],
        num_features,
        batch_size=10,
        text_updates=0,
        user_content=UserContent(num_images=5, images=images),
    )
    run = tk.simulate(system, generations=20, replicates=20, seed=76, progress=False)
    for name in run.data_vars:
        assert np.all(np.isfinite(run[name])), name
    none = run.image_count.values[:, 1:, 1] == 0
    np.testing.assert_array_equal(run.image_kept.values[:, 1:, 1][none], True)
    same = np.all(run.image_cov.values[:, 1:, 1] == run.image_cov.values[:, :-1, 1], axis=(-2, -1))
    np.testing.assert_array_equal(same[none], True)
    if num_features == 1:
        np.testing.assert_array_equal(run.image_kept.values[:, 1:, 1], none)
