"""The map of one retraining with endless data: its Jacobian, fixed point and curvatures."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import toolkit as tk
from toolkit.systems import (
    Accumulate,
    Categorical,
    Curated,
    ExponentialFamily,
    Fresh,
    Gaussian,
    GaussianMixture,
    Injected,
    KernelDensity,
    LinearRegression,
    Mix,
    Network,
    Replace,
    RetrainingSystem,
)
from toolkit.systems.families import Family
from toolkit.theory import NoFixedPointError, map_of, number, stability
from toolkit.theory.retraining_network import (
    network_errors,
    network_radius,
    stationary_weights,
)
from toolkit.theory.retraining_stability import (
    fisher_information,
    real_curvature,
    wasserstein_misfit,
)

#: Rounding, through a quadrature of 64 nodes.
CLOSE = 1e-8
#: Central differences with a step of 1e-4: their own error, h^2, and rounding over h.
DIFFERENCED, STEP = 1e-6, 1e-4
RATIOS = (0.1, 1.0, 30.0)

NORMAL = Gaussian(mean=[0.4], cov=[[2.25]])
PLANE = Gaussian(mean=[0.4, -1.0], cov=[[2.25, 0.5], [0.5, 1.0]])
FAMILIES: dict[str, Family] = {
    "categorical": Categorical(probs=[0.5, 0.3, 0.2]),
    "gaussian": NORMAL,
    "plane": PLANE,
    "poisson": ExponentialFamily(member="poisson", values=[3.0]),
    "geometric": ExponentialFamily(member="geometric", values=[0.3]),
    "exponential": ExponentialFamily(member="exponential", values=[2.0]),
    "gamma": ExponentialFamily(member="gamma", values=[2.0, 1.5]),
    "beta": ExponentialFamily(member="beta", values=[2.0, 3.0]),
    "regression": LinearRegression(coef=[1.0, -0.5], noise_sd=1.0),
    # So far apart that ten steps of EM converge.
    "mixture": GaussianMixture(
        weights=[0.4, 0.6], means=[[-10.0], [10.0]], covs=[[[1.0]], [[1.5]]], em_steps=10
    ),
}


def system_of(family: Family = NORMAL, ratio: float = 1.0, **changes: Any) -> RetrainingSystem:
    """Return a system whose ratio of generated to real examples is that one."""
    values: dict[str, Any] = {"policy": Mix(), "num_real": 1000}
    values |= {"family": family, "num_generated": round(1000 * ratio)}
    return RetrainingSystem(**(values | changes))


@pytest.mark.parametrize("name", FAMILIES)
def test_well_specified_families_all_have_the_share_for_an_eigenvalue(name: str) -> None:
    for ratio in RATIOS:
        retraining = map_of(system_of(FAMILIES[name], ratio))
        best = retraining.optimum
        share = number("retraining_jacobian_well_specified", synthetic_ratio=ratio)
        np.testing.assert_allclose(retraining.jacobian(best), share * np.eye(best.size), atol=CLOSE)


def test_the_optimum_is_a_fixed_point_misspecified_or_not() -> None:
    """R2, where the real law is a mixture and the family Gaussian."""
    real = GaussianMixture(weights=[0.3, 0.7], means=[[-2.0], [1.0]], covs=[[[0.5]], [[2.0]]])
    for truth, ratio in ((None, 3.0), (real, 3.0)):
        retraining = map_of(system_of(NORMAL, ratio, real=truth))
        np.testing.assert_allclose(retraining(retraining.optimum), retraining.optimum, atol=CLOSE)
        np.testing.assert_allclose(retraining.fixed_point(), retraining.optimum, atol=CLOSE)


@pytest.mark.parametrize(
    ("policy", "share"),
    [(Replace(), 1.0), (Fresh(num_fresh=3000), 0.25), (Fresh(num_fresh=9, weight=0.2), 0.8)],
)
def test_a_policy_gives_its_share(policy: Any, share: float) -> None:
    retraining = map_of(system_of(policy=policy))
    jacobian = retraining.jacobian(retraining.optimum)
    np.testing.assert_allclose(jacobian, share * np.eye(2), atol=CLOSE)


@pytest.mark.parametrize(("ratio", "temperature"), [(2.0, 0.5), (2.0, 1.4), (0.5, 2.5)])
def test_temperature(ratio: float, temperature: float) -> None:
    found = stability(system_of(NORMAL, ratio, temperature=temperature))
    given = {"synthetic_ratio": ratio, "temperature": temperature}
    variance = number("tempered_stationary_variance", real_variance=2.25, **given)
    np.testing.assert_allclose(found.fixed_point_parameters, [0.4, variance], atol=1e-7)
    of_variance = number("tempered_retraining_eigenvalue", **given)
    expected = np.diag([ratio / (1 + ratio), of_variance])
    np.testing.assert_allclose(found.jacobian, expected, atol=CLOSE)
    # The condition of the paper knows nothing of the temperature.
    assert float(found.refit_radius) == pytest.approx(ratio / (1 + ratio), abs=CLOSE)


@pytest.mark.parametrize("ratio", [0.5, 1.5])
def test_the_better_of_two(ratio: float) -> None:
    """All four entries, written down by hand, beside the theorems' trace and determinant."""
    policy = Curated(choices=2, with_real=True)
    found = stability(system_of(NORMAL, ratio, policy=policy))
    e, c, share = 1 / math.sqrt(math.pi), 1 - 1 / math.pi, ratio / (1 + ratio)
    given = {"synthetic_ratio": ratio, "selected_mean": e, "selected_variance": c}
    variance = number("curated_stationary_variance", real_variance=2.25, **given)
    sd = math.sqrt(variance)
    shift = number("curated_stationary_shift", synthetic_ratio=ratio, selected_mean=e, fitted_sd=sd)
    np.testing.assert_allclose(found.fixed_point_parameters, [0.4 + shift, variance], rtol=CLOSE)
    apart, slope = shift + e * sd, e / (2 * sd)
    between = 2 * share / (1 + ratio) * apart
    expected = [[share, share * slope], [between, share * c + between * slope]]
    np.testing.assert_allclose(found.jacobian, expected, atol=CLOSE)
    jacobian = found.jacobian.values
    assert np.trace(jacobian) == pytest.approx(number("curated_jacobian_trace", **given), abs=CLOSE)
    del given["selected_mean"]
    determinant = number("curated_jacobian_determinant", **given)
    assert np.linalg.det(jacobian) == pytest.approx(determinant, abs=CLOSE)


@pytest.mark.parametrize("exchange", [0.0, 0.3, 0.5])
def test_two_models_that_learn_from_one_another(exchange: float) -> None:
    weights = [[1 - exchange, exchange], [exchange, 1 - exchange]]
    retraining = map_of(system_of(ratio=2.0, network=Network(weights=weights)))
    jacobian = retraining.jacobian(retraining.optimum)
    expected = np.kron(2 / 3 * np.asarray(weights), np.eye(2))
    np.testing.assert_allclose(jacobian, expected, atol=CLOSE)
    larger = number(
        "network_eigenvalue_two_models", first_share=2 / 3, second_share=2 / 3, exchange=exchange
    )
    assert np.max(np.abs(np.linalg.eigvals(jacobian))) == pytest.approx(larger, abs=CLOSE)


def test_the_jacobian_is_that_of_the_map_itself() -> None:
    """Differences of the map, at a point that is no fixed point, of an unconverged fit."""
    real = GaussianMixture(
        weights=[0.4, 0.3, 0.3], means=[[-2.0], [0.5], [3.0]], covs=[[[1.0]], [[0.5]], [[1.0]]]
    )
    model = GaussianMixture(
        weights=[0.5, 0.5], means=[[-1.5], [2.0]], covs=[[[1.2]], [[1.0]]], em_steps=2
    )
    retraining = map_of(system_of(model, 1.5, real=real))
    theta = np.asarray(model.law.vector(model.parameters))
    moved = np.stack([retraining(theta + step) - retraining(theta - step)
                      for step in STEP * np.eye(theta.size)], axis=1)  # fmt: skip
    # A generated law has its nodes elsewhere at each point, 64 in each component.
    np.testing.assert_allclose(retraining.jacobian(theta), moved / (2 * STEP), atol=1e-4)


def test_curvature_and_information_of_gaussians() -> None:
    """``1/v`` and ``1/(2 v^2)``; in the plane Fisher's form ``tr(S^-1 dS S^-1 dS') / 2``."""
    for family in (NORMAL, PLANE):
        law, size = family.law, family.mean.size
        best = law.vector(family.parameters)
        nodes = law.quadrature(family.parameters, 20)
        inverse = np.linalg.inv(family.cov)
        rows, columns = np.tril_indices(size)
        slopes = np.zeros((len(rows), size, size))
        for slope, row, column in zip(slopes, rows, columns, strict=True):
            slope[row, column] = slope[column, row] = 1
        expected = np.zeros((size + len(rows),) * 2)
        expected[:size, :size] = inverse
        expected[size:, size:] = (
            np.einsum("ij,ajk,kl,bli->ab", inverse, slopes, inverse, slopes) / 2
        )
        np.testing.assert_allclose(real_curvature(law, best, nodes), expected, atol=CLOSE)
        np.testing.assert_allclose(fisher_information(law, best, nodes), expected, atol=CLOSE)


def test_curvature_and_information_by_differences() -> None:
    """Of a mixture under another law; the score and the Hessian by differences."""
    family = GaussianMixture(weights=[0.4, 0.6], means=[[-1.0], [1.5]], covs=[[[0.8]], [[1.2]]])
    law = family.law
    best = np.asarray(law.vector(family.parameters))
    real = NORMAL.law.quadrature(NORMAL.parameters, 40)
    own = law.quadrature(family.parameters, 40)

    def log_prob(theta: np.ndarray, values: Any) -> np.ndarray:
        return np.asarray(law.log_prob(law.of_vector(jnp.asarray(theta)), values))

    steps = STEP * np.eye(best.size)
    scores = np.stack([log_prob(best + h, own.values) - log_prob(best - h, own.values)
                       for h in steps]) / (2 * STEP)  # fmt: skip
    information = (scores * np.asarray(own.weight)) @ scores.T
    found = fisher_information(law, best, own)
    np.testing.assert_allclose(found, information, atol=DIFFERENCED)
    signs = [(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)]
    hessian = [[sum(sign * np.asarray(real.weight) @ log_prob(best + a * g + b * h, real.values)
                    for a, b, sign in signs) for h in steps] for g in steps]  # fmt: skip
    curvature = -np.asarray(hessian) / (4 * STEP**2)
    # Second differences lose twice the digits.
    np.testing.assert_allclose(real_curvature(law, best, real), curvature, atol=1e-5)


def test_the_paper_condition_measures_a_misfit_within_one_family() -> None:
    """Two real components, one in the model: a mixture of two is no member of its family."""
    real = GaussianMixture(weights=[0.5, 0.5], means=[[-2.0], [2.0]], covs=[[[1.0]], [[1.0]]])
    model = GaussianMixture(weights=[1.0], means=[[0.0]], covs=[[[5.0]]], em_steps=1)
    gaussian = Gaussian(mean=[0.0], cov=[[5.0]])
    as_mixture, as_gaussian = (
        wasserstein_misfit(system_of(family, real=real), family.law.vector(family.parameters))
        for family in (model, gaussian)
    )
    assert as_mixture == pytest.approx(as_gaussian, rel=1e-6)
    # The real law is symmetric: the area between the distribution functions, by hand.
    x = np.linspace(-15, 15, 20_001)
    gap = (stats.norm.cdf(x + 2) + stats.norm.cdf(x - 2)) / 2 - stats.norm.cdf(x / np.sqrt(5))
    assert as_mixture == pytest.approx(np.sum(np.abs(gap)) * (x[1] - x[0]), rel=0.01)
    assert wasserstein_misfit(system_of(model), [0.0, 5.0]) == 0


@pytest.mark.parametrize("policy", [Accumulate(), Injected(prob=0.5, num_fresh=5)])
def test_policies_without_one_map(policy: Any) -> None:
    with pytest.raises(ValueError, match="so no one map; use replace, mix, fresh or curated"):
        map_of(system_of(policy=policy))


def test_families_without_a_map() -> None:
    points = KernelDensity(points=[[0.0], [1.0], [3.0]], bandwidth=0.3)
    with pytest.raises(ValueError, match="'kernel_density' has no fixed number of parameters"):
        map_of(system_of(points))
    scored = Curated(choices=2, with_real=True)
    with pytest.raises(ValueError, match="the law of a score is not known"):
        map_of(system_of(FAMILIES["gamma"], policy=scored))


@pytest.mark.parametrize("factor", [0.97, 1.03])
def test_no_fixed_point_beyond_a_threshold(factor: float) -> None:
    """On this side of the temperature's and the selection's there is one, on that there is none."""
    temperature = number("tempered_threshold", synthetic_ratio=2.0)
    e = 1 / math.sqrt(math.pi)
    ratio = number("curated_threshold", selected_mean=e, selected_variance=1 - e**2)
    for system in (
        system_of(ratio=2.0, temperature=factor * temperature),
        system_of(ratio=factor * ratio, policy=Curated(choices=2, with_real=True)),
    ):
        if factor < 1:
            assert float(stability(system).spectral_radius) < 1
            continue
        with pytest.raises(NoFixedPointError, match="no fixed point"):
            map_of(system).fixed_point()
        found = stability(system)
        assert "no fixed point" in found.attrs["omitted"]
        assert "spectral_radius" not in found


def test_networks_by_hand() -> None:
    """A chain that ends in a model of its own, the only one with real data."""
    weights = np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0.0, 0.0, 1.0]])
    shares = [1.0, 1.0, 0.8]
    assert network_radius(weights, shares) == pytest.approx(0.8)
    np.testing.assert_allclose(stationary_weights(weights), [0, 0, 1], atol=1e-12)
    with pytest.raises(ValueError, match="several stationary laws"):
        stationary_weights(np.eye(2))
    found = network_errors(weights, shares, num_generated=10, real_variance=2.0, generations=60)
    jacobian, noise = np.diag(shares) @ weights, np.diag(np.square(shares)) * 0.2
    errors = np.zeros((3, 3))
    for _ in range(60):
        errors = jacobian @ errors @ jacobian.T + noise
    np.testing.assert_allclose(found[-1], errors, rtol=1e-12, atol=1e-15)
    assert found[-1, 2, 2] == pytest.approx(0.64 * 0.2 / (1 - 0.64))


def test_one_model_with_real_data_holds_a_network() -> None:
    weights = np.array([[0.5, 0.5], [0.25, 0.75]])
    network = tk.Network(weights=weights, real_weights=[2.0, 0.0])
    system = tk.RetrainingSystem(
        family=tk.Gaussian(mean=[0.0], cov=[[1.0]]),
        policy=tk.Mix(),
        num_real=100,
        num_generated=100,
        network=network,
    )
    retraining = tk.theory.map_of(system)
    shares = np.diag([1 / 3, 1.0])
    expected = np.kron(shares @ weights, np.eye(2))
    np.testing.assert_allclose(retraining.jacobian(retraining.optimum), expected, atol=1e-8)
    simulated = tk.simulate(
        system.replace(num_real=10**8, num_generated=10**8), generations=3, replicates=2, seed=1
    )
    assert simulated.training_size.isel(generation=-1, replicate=0).values.tolist() == [3e8, 1e8]


@pytest.mark.parametrize(
    ("real_weights", "policy", "message"),
    [
        ([1.0], tk.Mix(), "must hold 2 weights"),
        ([1.0, -1.0], tk.Mix(), "none negative"),
        ([1.0, 0.0], tk.Accumulate(), "go with the policy 'mix'"),
    ],
)
def test_weights_of_real_data_are_checked(
    real_weights: list[float], policy: tk.systems.policies.Policy, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        tk.RetrainingSystem(
            family=tk.Gaussian(mean=[0.0], cov=[[1.0]]),
            policy=policy,
            num_real=100,
            num_generated=100,
            network=tk.Network(weights=np.eye(2), real_weights=real_weights),
        )
