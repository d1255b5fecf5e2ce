"""Means over replicates: right, honest about heavy tails, and scale-free."""

import numpy as np
import pytest
import xarray as xr
from scipy import linalg, stats

import toolkit as tk
from toolkit import labels, metrics
from toolkit.systems import GaussianMixture


def lognormal(log_variance: float, shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Log-normal draws of mean one."""
    normal = np.random.default_rng(seed).standard_normal(shape)
    return np.exp(np.sqrt(log_variance) * normal - log_variance / 2)


def test_mean_and_standard_error_are_the_textbook_ones() -> None:
    values = np.random.default_rng(1).gamma(2.0, size=(50, 3))
    mean = metrics.mean_over_replicates(values)
    np.testing.assert_allclose(mean.value, values.mean(axis=0))
    np.testing.assert_allclose(mean.standard_error, stats.sem(values, axis=0))
    scaled = (values - values.mean(axis=0)) / values.std(axis=0, ddof=1)
    np.testing.assert_allclose(mean.skewness, (scaled**3).mean(axis=0))


@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e150])
def test_nothing_but_the_scale_depends_on_the_scale(scale: float) -> None:
    values = lognormal(0.3, (40,))
    plain = metrics.mean_over_replicates(values, values, tail=values)
    scaled = metrics.mean_over_replicates(values * scale, values * scale, tail=values * scale)
    np.testing.assert_allclose(scaled.value, plain.value * scale)
    np.testing.assert_allclose(scaled.standard_error, plain.standard_error * scale)
    np.testing.assert_allclose(scaled.effective_replicates, plain.effective_replicates)
    np.testing.assert_allclose(scaled.skewness, plain.skewness)


def test_effective_replicates_of_equal_and_of_one_dominant() -> None:
    equal = np.ones(30)
    assert metrics.mean_over_replicates(equal, equal).effective_replicates == pytest.approx(30)
    dominant = np.array([1.0] + [1e-9] * 29)
    mean = metrics.mean_over_replicates(dominant, dominant)
    assert mean.effective_replicates == pytest.approx(1, rel=1e-6)
    # 400 log-normal replicates of log-variance 2 are worth about 400 exp(-2) = 54.
    values = lognormal(2.0, (400,))
    mean = metrics.mean_over_replicates(values, values, tail=values)
    assert 25 < mean.effective_replicates < 80


def test_one_replicate_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2 replicates"):
        metrics.mean_over_replicates(np.ones((1, 3)))


@pytest.mark.parametrize("log_variance", [0.02, 0.2, 0.8])
def test_the_widened_test_keeps_its_level_and_the_plain_one_does_not(log_variance: float) -> None:
    replicates, level, tests = 100, 1e-3, 40_000
    values = lognormal(log_variance, (replicates, tests), seed=7)
    mean = metrics.mean_over_replicates(values - 1, values, tail=values)
    z_score = np.abs(mean.value / mean.standard_error)
    critical = float(stats.t.isf(level / 2, replicates - 1))
    widened = critical + metrics.widening(mean, replicates, critical)
    most = stats.binom.isf(1e-5, tests, level)
    assert (z_score > widened).sum() <= most
    if log_variance > 0.5:
        assert (z_score > critical).sum() > 3 * most


def test_a_hopeless_tail_is_undecidable() -> None:
    fine, hopeless = (
        metrics.mean_over_replicates(values, values, tail=values)
        for values in (lognormal(0.05, (200, 1)), lognormal(6.0, (200, 1)))
    )
    assert metrics.is_decidable(fine, 200, 4.0).all()
    assert not metrics.is_decidable(hopeless, 200, 4.0).any()


def test_derived_variables_equal_the_recorded_ones() -> None:
    names = (
        labels.TEXT_PROBS,
        labels.IMAGE_COV,
        labels.TEXT_DIVERSITY,
        labels.TEXT_ENTROPY,
        labels.TEXT_EFFECTIVE_NUMBER,
        labels.IMAGE_DIVERSITY,
        labels.IMAGE_TOTAL_SD,
        labels.IMAGE_TOTAL_VARIANCE,
        labels.IMAGE_DIRECTIONAL_SD,
        labels.IMAGE_FIDELITY,
        labels.IMAGE_FIDELITY_SQUARED,
    )
    system = tk.CoevolvingSystem.on_unit_circle(num_texts=3, variance=0.5, batch_size=60)
    simulated = tk.simulate(system, generations=4, replicates=3, seed=5, record=names)
    sources = simulated[[labels.TEXT_PROBS, labels.IMAGE_COV, labels.IMAGE_FIDELITY]]
    for name in set(names) - set(sources):
        derived = metrics.variable(sources, name)
        assert derived is not None
        xr.testing.assert_allclose(derived, simulated[name], rtol=1e-10)
        assert derived.attrs == simulated[name].attrs
    assert metrics.variable(sources, labels.IMAGE_WASSERSTEIN) is None


def test_root_forms_are_those_of_scipys_root() -> None:
    rng = np.random.default_rng(1)
    factor = rng.normal(size=(4, 3, 3))
    cov = factor @ factor.transpose(0, 2, 1)
    directions = rng.normal(size=(5, 3))
    for one, forms in zip(cov, metrics.root_forms(cov, directions), strict=True):
        root = linalg.sqrtm(one)
        np.testing.assert_allclose(forms, np.einsum("vi,ij,vj->v", directions, root, directions))
    assert metrics.root_forms(np.diag([1.0, 0.0]), np.eye(2)).tolist() == [1.0, 0.0]


def test_variance_within_and_between_components_add_up() -> None:
    law = GaussianMixture(
        weights=[0.2, 0.8],
        means=[[0.0, 1.0], [3.0, -1.0]],
        covs=[[[1.0, 0.3], [0.3, 2.0]], [[0.5, 0.0], [0.0, 0.1]]],
    )
    weights, means, roots = map(np.asarray, law.parameters)
    apart = means - weights @ means
    between = float(weights @ np.sum(apart**2, axis=1))
    total = float(np.trace(law.law.moments(law.parameters).covariance))
    assert metrics.within_variance(weights, roots) == pytest.approx(total - between)


def test_the_least_place_is_found_within_its_standard_error() -> None:
    """Of 400 estimates 3 standard errors hold all but about one."""
    rng = np.random.default_rng(2)
    x = np.linspace(0.2, 0.8, 7)
    scores = []
    for _ in range(400):
        curves = 3 * (x - 0.45) ** 2 + rng.normal(0, 0.1, (100, 1)) + rng.normal(0, 0.3, (100, 7))
        place, error = metrics.least_along(curves, x)
        scores.append((place - 0.45) / error)
    assert np.std(scores) == pytest.approx(1, abs=0.15)
    assert abs(np.mean(scores)) < 0.25
    with pytest.raises(ValueError, match="no minimum"):
        metrics.least_along(-np.stack([x**2, x**2]), x)
