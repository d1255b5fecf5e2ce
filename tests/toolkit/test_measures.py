"""Measures against dense algebra, exact rationals and high precision, also near collapse."""

from __future__ import annotations

from fractions import Fraction

import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from tests import cases, tolerances
from toolkit import measures
from toolkit.loops import gaussians
from toolkit.measures import ScaledFactor

RNG = np.random.default_rng(22)


def lower(num_features: int) -> np.ndarray:
    matrix = np.tril(RNG.standard_normal((4, num_features, num_features)), -1)
    return matrix + np.exp(RNG.standard_normal((4, num_features)))[..., None] * np.eye(num_features)


@pytest.mark.parametrize("num_features", [1, 2, 3, 6])
def test_factor_gives_the_covariance_back(num_features: int) -> None:
    cov = cases.unequal_covariances(4, num_features)
    factor = measures.factorise(cov)
    diagonal = np.diagonal(factor.unit, axis1=-2, axis2=-1)
    np.testing.assert_allclose(diagonal, 1.0, rtol=tolerances.ROUNDING)
    np.testing.assert_array_equal(factor.unit, np.tril(factor.unit))
    np.testing.assert_allclose(
        measures.covariance(factor), cov, rtol=0, atol=tolerances.LINEAR_ALGEBRA * np.max(cov)
    )


@pytest.mark.parametrize("num_features", [1, 2, 3, 6])
def test_composed_factor_is_the_product(num_features: int) -> None:
    factor = measures.factorise(cases.unequal_covariances(4, num_features))
    inner = lower(num_features)
    root = np.asarray(factor.unit) * np.exp(factor.log_scale)[:, None, :]
    expected = root @ inner @ inner.swapaxes(-1, -2) @ root.swapaxes(-1, -2)
    composed = measures.covariance(gaussians.compose(factor, jnp.asarray(inner)))
    np.testing.assert_allclose(
        composed, expected, rtol=0, atol=tolerances.LINEAR_ALGEBRA * np.max(expected)
    )


@pytest.mark.parametrize("shift", [-600.0, -150.0, 0.0, 150.0])
def test_scale_of_a_factor_is_free(shift: float) -> None:
    factor = measures.factorise(cases.unequal_covariances(4, 3))
    inner = jnp.asarray(lower(3))
    here = gaussians.compose(factor, inner)
    there = gaussians.compose(ScaledFactor(factor.unit, factor.log_scale + shift), inner)
    np.testing.assert_allclose(there.unit, here.unit, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(there.log_scale - shift, here.log_scale, rtol=0, atol=1e-12)
    for measure in (
        measures.image_diversity_of_factor,
        measures.image_total_sd,
        measures.image_volume_scale,
        measures.image_directional_sd,
    ):
        assert np.all(np.asarray(measure(there)) > 0)
        ratio = np.log(np.asarray(measure(there))) - np.log(np.asarray(measure(here)))
        np.testing.assert_allclose(ratio, shift, rtol=0, atol=1e-11)


@pytest.mark.parametrize("num_features", [1, 2, 3, 6])
def test_measures_of_a_factor_are_those_of_the_covariance(num_features: int) -> None:
    cov = cases.unequal_covariances(4, num_features)
    factor = measures.factorise(cov)
    values = np.linalg.eigvalsh(cov)
    expected = {
        measures.image_diversity_of_factor: np.sqrt(values).sum(-1),
        measures.image_total_sd: np.sqrt(np.trace(cov, axis1=-2, axis2=-1)),
        measures.image_volume_scale: np.linalg.det(cov) ** (1 / (2 * num_features)),
        measures.image_directional_sd: np.sqrt(cov[:, 0, 0]),
    }
    for measure, value in expected.items():
        np.testing.assert_allclose(measure(factor), value, rtol=tolerances.LINEAR_ALGEBRA)
    np.testing.assert_allclose(
        measures.image_diversity(cov), np.sqrt(values).sum(-1), rtol=tolerances.LINEAR_ALGEBRA
    )


@pytest.mark.parametrize("ratio", [-700.0, -300.0, -30.0, -1.0])
@pytest.mark.parametrize("num_features", [2, 3])
def test_diversity_of_an_anisotropic_factor(num_features: int, ratio: float) -> None:
    unit = np.tril(RNG.standard_normal((num_features, num_features)), -1) + np.eye(num_features)
    log_scale = np.linspace(0, ratio, num_features)[::-1].copy()
    with mpmath.workdps(700):
        root = mpmath.matrix(unit.tolist()) * mpmath.diag([mpmath.exp(x) for x in log_scale])
        eigenvalues = mpmath.eigsy(root * root.T, eigvals_only=True)
        expected = float(sum(mpmath.sqrt(abs(value)) for value in eigenvalues))
    factor = ScaledFactor(jnp.asarray(unit), jnp.asarray(log_scale))
    diversity = float(measures.image_diversity_of_factor(factor))
    assert diversity == pytest.approx(expected, rel=tolerances.LINEAR_ALGEBRA)


@pytest.mark.parametrize("exponent", [1, 8, 16, 40, 150, 300])
@pytest.mark.parametrize("num_texts", [2, 3, 6])
def test_text_diversity_near_collapse(num_texts: int, exponent: int) -> None:
    small = [10.0**-exponent * (k + 1) for k in range(num_texts - 1)]
    for place in (0, num_texts - 1):
        probs = np.insert(np.array(small), place, 1 - sum(small))
        exact = [Fraction(p) for p in probs.tolist()]
        expected = 2 * sum(exact[i] * exact[j] for j in range(num_texts) for i in range(j))
        diversity = float(measures.text_diversity(probs))
        assert abs(Fraction(diversity) - expected) <= Fraction(tolerances.ROUNDING) * expected


def test_text_measures_of_one_text() -> None:
    for probs in ([1.0], [0.0, 1.0, 0.0]):
        assert float(measures.text_diversity(np.array(probs))) == 0
        assert float(measures.text_entropy(np.array(probs))) == 0
        assert float(measures.text_effective_number(np.array(probs))) == 1


def test_text_measures_of_equal_texts() -> None:
    probs = np.full(6, 1 / 6)
    assert float(measures.text_diversity(probs)) == pytest.approx(5 / 6, rel=tolerances.ROUNDING)
    assert float(measures.text_entropy(probs)) == pytest.approx(np.log(6), rel=tolerances.ROUNDING)
    number = float(measures.text_effective_number(probs))
    assert number == pytest.approx(6, rel=tolerances.ROUNDING)


def test_wasserstein_distance_of_commuting_covariances() -> None:
    first, second = np.diag([4.0, 9.0]), np.diag([1.0, 25.0])
    mean = np.array([3.0, 4.0])
    distance = float(measures.image_wasserstein(mean, first, np.zeros(2), second))
    expected = np.sqrt(25 + (2 - 1) ** 2 + (3 - 5) ** 2)
    assert distance == pytest.approx(expected, rel=tolerances.LINEAR_ALGEBRA)
    same = float(measures.image_wasserstein(mean, first, mean, first))
    # A square root of a difference that cancels: half the digits.
    assert same == pytest.approx(0, abs=np.sqrt(1e3 * tolerances.EPSILON))


def test_singular_covariance_is_recognised() -> None:
    plane = np.array([[1.0, 2.0, 0.0], [2.0, 4.0, 0.0], [0.0, 0.0, 1.0]])
    cov = jnp.asarray(
        np.stack([plane, np.zeros((3, 3)), *cases.unequal_covariances(2, 3), 1e-300 * np.eye(3)])
    )
    found = gaussians.is_singular(cov, measures.factorise(cov))
    assert np.asarray(found).tolist() == [True, True, False, False, False]


def test_mixture_average_is_weighted_and_ignores_empty_slots() -> None:
    cov = cases.unequal_covariances(3, 2)
    mean = cases.means(3, 2)
    probs = np.array([0.25, 0.75, 0.0])
    factor = measures.factorise(cov)
    tiny = ScaledFactor(factor.unit, factor.log_scale.at[2].set(400.0) - 300.0)
    average_mean, average = gaussians.mixture_average(jnp.asarray(probs), jnp.asarray(mean), tiny)
    np.testing.assert_allclose(average_mean, probs @ mean, rtol=tolerances.LINEAR_ALGEBRA)
    back = ScaledFactor(average.unit, average.log_scale + 300.0)
    expected = np.einsum("k,kab->ab", probs, cov)
    np.testing.assert_allclose(measures.covariance(back), expected, rtol=1e-11)
