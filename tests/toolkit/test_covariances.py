"""Posterior covariances of many states, against slow integrals, limits and one another."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from toolkit.confusion import confusion_along, covariances_along, posterior_covariance
from toolkit.confusion import integrals as machinery

FloatArray = npt.NDArray[np.float64]
States = tuple[FloatArray, FloatArray, FloatArray]


def crowded(seed: int, num_texts: int, num_features: int, num_states: int = 3) -> States:
    """States whose texts overlap, of unequal and anisotropic covariances."""
    rng = np.random.default_rng(seed)
    freedom = num_features + 4
    root = rng.normal(size=(num_states, num_texts, num_features, freedom))
    scale = np.exp(0.5 * rng.normal(size=(num_states, num_texts, 1, 1))) / freedom
    mean = rng.normal(size=(num_states, num_texts, num_features))
    probs = rng.dirichlet(np.ones(num_texts), num_states)
    return probs, mean, np.einsum("skab,skcb->skac", root, root) * scale


def one_hot(probs: FloatArray) -> FloatArray:
    return np.eye(probs.shape[-1]) * probs[..., None] - probs[..., None] * probs[..., None, :]


def relative_error(found: FloatArray, expected: FloatArray) -> float:
    return float(np.abs(found - expected).max() / np.abs(expected).max())


@pytest.mark.parametrize(
    ("num_features", "num_texts", "tolerance"),
    [(1, 5, 1e-7), (2, 5, 5e-5), (2, 10, 1e-4), (3, 3, 2e-4), (4, 5, 5e-3)],
)
def test_each_state_is_what_the_slow_integral_gives(
    num_features: int, num_texts: int, tolerance: float
) -> None:
    states = crowded(3, num_texts, num_features)
    for found, *state in zip(covariances_along(*states), *states, strict=True):
        slow = posterior_covariance(*state, 1e-2 * tolerance, max_evaluations=2_000_000)
        assert relative_error(found, slow) < tolerance


@pytest.mark.parametrize(("num_features", "num_texts"), [(1, 5), (2, 5), (2, 10), (4, 5)])
def test_rows_sum_to_zero_and_the_trace_is_the_diversity_kept(
    num_features: int, num_texts: int
) -> None:
    """Theory, T1: the trace of Cov_y(r) is H - E_y[1 - sum r^2]."""
    states = crowded(5, num_texts, num_features)
    found = covariances_along(*states)
    np.testing.assert_allclose(found.sum(axis=-1), 0, atol=1e-15)
    np.testing.assert_array_equal(found, np.swapaxes(found, -1, -2))
    kept = 1 - np.sum(states[0] ** 2, axis=1) - confusion_along(*states).mixed
    np.testing.assert_allclose(np.trace(found, axis1=1, axis2=2), kept, rtol=1e-4)
    assert np.linalg.eigvalsh(found).min() > -1e-6


def test_texts_apart_are_one_hot_and_cost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    probs, mean, _ = crowded(1, 5, 2)
    mean = mean + 100 * np.arange(5)[:, None]
    monkeypatch.setattr(machinery, "_values", None)  # an integral would raise
    found = covariances_along(probs, mean, np.broadcast_to(np.eye(2), (3, 5, 2, 2)))
    np.testing.assert_allclose(found, one_hot(probs), atol=1e-16)


@pytest.mark.parametrize("variance", [1e4, 1e6, 1e8])
def test_flat_texts_to_leading_order(variance: float) -> None:
    """``r_i - p_i ~ p_i (mu_i - mubar)' S^{-1} (y - mubar)``, whose error is of order 1/S."""
    probs, mean, _ = crowded(2, 5, 2)
    cov = np.broadcast_to(variance * np.eye(2), (3, 5, 2, 2))
    found = covariances_along(probs, mean, cov)
    centred = mean - np.einsum("sk,ska->sa", probs, mean)[:, None]
    lever = probs[..., None] * centred
    expected = np.einsum("sia,sja->sij", lever, lever) / variance
    assert relative_error(found, expected) < 20 / variance + 1e-5


def test_two_texts_of_one_law_are_told_apart_by_nothing() -> None:
    probs, mean, cov = crowded(6, 5, 2)
    mean[:, 1], cov[:, 1] = mean[:, 0], cov[:, 0]
    found = covariances_along(probs, mean, cov)
    ratio = (probs[:, 0] / probs[:, 1])[:, None]
    np.testing.assert_allclose(found[:, 0], ratio * found[:, 1], atol=1e-5)


def test_texts_without_probability_have_no_covariance() -> None:
    probs, mean, cov = crowded(7, 5, 2)
    probs[:, 2] = 0.0
    probs /= probs.sum(axis=1, keepdims=True)
    found = covariances_along(probs, mean, cov)
    np.testing.assert_array_equal(found[:, 2], 0)
    np.testing.assert_array_equal(found[:, :, 2], 0)
    for found_here, *state in zip(found, probs, mean, cov, strict=True):
        assert relative_error(found_here, posterior_covariance(*state)) < 5e-5


@pytest.mark.parametrize("num_texts", [5, 10])
def test_permuting_texts_permutes_the_result(num_texts: int) -> None:
    probs, mean, cov = crowded(8, num_texts, 2)
    order = np.random.default_rng(0).permutation(num_texts)
    found = covariances_along(probs, mean, cov)
    permuted = covariances_along(probs[:, order], mean[:, order], cov[:, order])
    np.testing.assert_allclose(permuted, found[:, order][:, :, order], atol=1e-13)


def test_versions_of_a_state_are_states() -> None:
    """With a vector that lacks a text, and one with a single text, among them."""
    probs, mean, cov = crowded(9, 5, 2)
    versions = np.stack([0.9 * probs + 0.02, probs, np.eye(5)[:3], one_without(probs)], axis=1)
    found = covariances_along(versions, mean, cov)
    assert found.shape == (3, 4, 5, 5)
    for version in range(4):
        alone = covariances_along(versions[:, version], mean, cov)
        np.testing.assert_allclose(found[:, version], alone, atol=1e-8)


def one_without(probs: FloatArray) -> FloatArray:
    rest = probs.copy()
    rest[:, 0] = 0
    return np.asarray(rest / rest.sum(axis=1, keepdims=True))


def test_frozen_images_are_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    """More states than are taken at once, all of the same Gaussians."""
    _, mean, cov = crowded(10, 5, 2, 1)
    probs = np.random.default_rng(1).dirichlet(np.ones(5), 300)
    all_mean, all_cov = np.repeat(mean, 300, axis=0), np.repeat(cov, 300, axis=0)
    seen = []
    terms_of = machinery.terms_of
    monkeypatch.setattr(
        machinery, "terms_of", lambda mean, cov: seen.append(len(mean)) or terms_of(mean, cov)
    )
    found = covariances_along(probs, all_mean, all_cov)
    assert max(seen) < 300
    all_mean[0] += 1e-9  # no longer the same
    np.testing.assert_allclose(found, covariances_along(probs, all_mean, all_cov), atol=1e-8)
    assert max(seen) >= 300


def test_covariances_of_every_size() -> None:
    """Narrow texts inside wide ones, underflowed ones and flat ones: numbers, and one-hot."""
    probs, mean = np.full((2, 5), 0.2), np.zeros((2, 5, 2))
    mean[:, 1, 0] = 1
    sizes = np.array([[1.0, 1e-120, 1e-250, 1e40, 1e-30], [1.0, 0.0, 0.0, 1e10, 1e-10]])
    cov = sizes[..., None, None] * np.eye(2)
    np.testing.assert_allclose(covariances_along(probs, mean, cov), one_hot(probs), atol=1e-6)


@pytest.mark.parametrize("shape", [(5,), (2, 5), (3, 4), (3, 0, 5), (3, 2, 4)])
def test_shapes_that_disagree(shape: tuple[int, ...]) -> None:
    _, mean, cov = crowded(0, 5, 2)
    with pytest.raises(ValueError, match="expected shapes"):
        covariances_along(np.full(shape, 0.2), mean, cov)


def test_no_states() -> None:
    empty = covariances_along(np.zeros((0, 5)), np.zeros((0, 5, 2)), np.zeros((0, 5, 2, 2)))
    assert empty.shape == (0, 5, 5)
