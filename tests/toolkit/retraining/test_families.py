"""Families: densities, quadratures, moments and fits against SciPy, scikit-learn and NumPy."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, stats
from sklearn import mixture

from tests import retraining_twin as twin
from tests import tolerances
from toolkit.systems import (
    Categorical,
    ExponentialFamily,
    Gaussian,
    GaussianMixture,
    KernelDensity,
    LinearRegression,
)
from toolkit.systems.families import Family, Law, Points, Summary, scaled, total

COV = np.array([[1.0, 0.3], [0.3, 0.5]])
FAMILIES: dict[str, Family] = {
    "categorical": Categorical(probs=[0.5, 0.3, 0.2]),
    "gaussian": Gaussian(mean=[0.5, 1.0], cov=COV, ddof=0),
    "poisson": ExponentialFamily(member="poisson", values=[1.7]),
    "geometric": ExponentialFamily(member="geometric", values=[0.4]),
    "exponential": ExponentialFamily(member="exponential", values=[2.5]),
    "gamma": ExponentialFamily(member="gamma", values=[3.0, 2.0]),
    "beta": ExponentialFamily(member="beta", values=[3.0, 2.0]),
    "gaussian_mixture": GaussianMixture(
        weights=[0.3, 0.7], means=[[-1.0], [2.0]], covs=[[[0.5]], [[1.5]]], em_steps=1
    ),
    "kernel_density": KernelDensity(points=[[0.0], [1.0], [1.5], [4.0]], bandwidth=0.4),
    "linear_regression": LinearRegression(coef=[1.0, -2.0], noise_sd=0.5),
}
#: Of one-dimensional laws the same in SciPy.
SCIPY: dict[str, Any] = {
    "poisson": stats.poisson(1.7),
    "geometric": stats.geom(0.4, -1),
    "exponential": stats.expon(scale=0.4),
    "gamma": stats.gamma(3.0, scale=0.5),
    "beta": stats.beta(3.0, 2.0),
}
MEMBERS = tuple(SCIPY)
NUMBER = 40


def log_densities(name: str, x: np.ndarray) -> np.ndarray:
    """By SciPy."""
    if name in SCIPY:
        law = SCIPY[name]
        return np.asarray((law.logpmf if hasattr(law, "pmf") else law.logpdf)(x[:, 0]))
    if name == "categorical":
        return np.log(np.array([0.5, 0.3, 0.2])[x[:, 0].astype(int)])
    if name == "gaussian":
        return np.asarray(stats.multivariate_normal([0.5, 1.0], COV).logpdf(x))
    if name == "gaussian_mixture":
        parts = stats.norm([-1.0, 2.0], np.sqrt([0.5, 1.5])).pdf(x)
        return np.log(parts @ [0.3, 0.7])
    if name == "kernel_density":
        points = np.array([0.0, 1.0, 1.5, 4.0])
        return np.log(stats.norm(points, 0.4 * points.std()).pdf(x).mean(axis=1))
    return np.asarray(stats.norm(x[:, :2] @ [1.0, -2.0], 0.5).logpdf(x[:, 2]))


def examples(name: str, seed: int = 1) -> np.ndarray:
    """Examples drawn by NumPy or SciPy, shape (NUMBER, width)."""
    rng = np.random.default_rng(seed)
    if name in SCIPY:
        return np.asarray(SCIPY[name].rvs(NUMBER, random_state=rng), float)[:, None]
    return np.asarray(twin.model_of(FAMILIES[name]).sample(rng, NUMBER))


def integers(seed: int = 2) -> np.ndarray:
    """Weights, some of them 0."""
    return np.random.default_rng(seed).integers(0, 4, NUMBER).astype(float)


@partial(jax.jit, static_argnums=(0, 1))
def call(law: Law, method: str, *arguments: Any) -> Any:
    """A method of a law, as one program."""
    return getattr(law, method)(*arguments)


def points_of(name: str) -> Points:
    return Points(jnp.asarray(examples(name)), jnp.asarray(integers()))


@pytest.mark.parametrize("name", FAMILIES)
def test_log_density_is_scipys(name: str) -> None:
    family, x = FAMILIES[name], examples(name)
    ours = call(family.law, "log_prob", family.parameters, jnp.asarray(x))
    np.testing.assert_allclose(ours, log_densities(name, x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", FAMILIES)
def test_quadrature_integrates_to_one_and_gives_the_moments(name: str) -> None:
    family = FAMILIES[name]
    law, params = family.law, family.parameters
    nodes = law.quadrature(params, 32)
    weight = np.asarray(nodes.weight)
    assert weight.sum() == pytest.approx(1, abs=tolerances.LINEAR_ALGEBRA)
    features, rtol = features_of(name, np.asarray(nodes.values)), tolerances.LINEAR_ALGEBRA
    mean = weight @ features
    cov = (weight * (features - mean).T) @ (features - mean)
    expected = call(law, "moments", params)
    if name in ("gamma", "beta"):
        rtol = 1e-3  # a logarithm is no polynomial; below they are SciPy's
    np.testing.assert_allclose(mean, expected.location, rtol, rtol)
    if name == "linear_regression":
        residual = nodes.values[:, 2] - nodes.values[:, :2] @ params.coef
        cov = np.array([[weight @ residual**2]])
    np.testing.assert_allclose(cov, expected.covariance, rtol, rtol)


def features_of(name: str, values: np.ndarray) -> np.ndarray:
    """What a family's location is the mean of."""
    x = values[:, 0]
    if name == "categorical":
        return np.eye(3)[x.astype(int)]
    if name == "gamma":
        return np.column_stack([np.log(x), x])
    if name == "beta":
        return np.log(np.column_stack([x, 1 - x]))
    if name == "linear_regression":
        return values[:, :2] * values[:, 2:]  # of inputs with unit covariance
    return values


@pytest.mark.parametrize("name", MEMBERS)
def test_moments_of_an_exponential_family_are_scipys(name: str) -> None:
    family, law = FAMILIES[name], SCIPY[name]
    location, covariance = call(family.law, "moments", family.parameters)
    statistic = {"gamma": (np.log, lambda x: x), "beta": (np.log, lambda x: np.log1p(-x))}
    for index, of in enumerate(statistic.get(name, (lambda x: x,))):
        mean = law.expect(of)
        assert float(location[index]) == pytest.approx(mean, rel=1e-7)
        second = law.expect(lambda x, of=of, mean=mean: (of(x) - mean) ** 2)
        assert float(covariance[index, index]) == pytest.approx(second, rel=1e-7)


@pytest.mark.parametrize("name", sorted(set(FAMILIES) - {"kernel_density"}))
def test_vector_there_and_back(name: str) -> None:
    family = FAMILIES[name]
    law, params = family.law, family.parameters
    vector = law.vector(params)
    assert vector is not None
    assert len(law.names()) == len(set(law.names())) == vector.size
    again = law.of_vector(vector)
    if name == "linear_regression":
        again = again._replace(noise_sd=params.noise_sd)  # known, and no free parameter
    for one, other in zip(jax.tree.leaves(again), jax.tree.leaves(params), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-14, atol=1e-15)


def test_what_a_vector_holds_is_what_its_names_say() -> None:
    vector = FAMILIES["gaussian"].law.vector(FAMILIES["gaussian"].parameters)
    np.testing.assert_allclose(vector, [0.5, 1.0, 1.0, 0.3, 0.5], rtol=1e-14)
    two = GaussianMixture(weights=[0.2, 0.8], means=[[0, 1], [2, 3]], covs=[COV, 2 * COV])
    named = dict(zip(two.law.names(), np.asarray(two.law.vector(two.parameters)), strict=True))
    assert named["weight[0]"] == pytest.approx(0.2)
    assert named["mean[1,0]"] == 2
    assert named["cov[1,1,0]"] == pytest.approx(0.6)


def test_of_one_law_there_is_no_vector_and_of_one_no_density() -> None:
    family = FAMILIES["kernel_density"]
    assert family.law.vector(family.parameters) is None
    assert family.law.names() == ()
    bare = KernelDensity(points=[[0.0]], bandwidth=0.0)
    with pytest.raises(ValueError, match="bandwidth 0 has no density; give a bandwidth"):
        bare.law.log_prob(bare.parameters, jnp.zeros((1, 1)))


# ------------------------------------------------------------------------------------------ fits


def test_categories_are_fitted_by_frequencies() -> None:
    data = points_of("categorical")
    expected = np.bincount(examples("categorical")[:, 0].astype(int), integers()) / integers().sum()
    np.testing.assert_allclose(FAMILIES["categorical"].law.fit(data, None), expected, rtol=1e-14)


@pytest.mark.parametrize("ddof", [0, 1])
def test_gaussians_are_fitted_by_mean_and_covariance(ddof: int) -> None:
    law = Gaussian(mean=[0, 0], cov=COV, ddof=ddof).law
    mean, root = call(law, "fit", points_of("gaussian"), None)
    x, weights = examples("gaussian"), integers().astype(int)
    np.testing.assert_allclose(mean, np.average(x, axis=0, weights=weights), rtol=1e-13)
    np.testing.assert_allclose(root @ root.T, np.cov(x.T, fweights=weights, ddof=ddof), rtol=1e-12)


def test_a_collapsed_covariance_keeps_its_digits() -> None:
    # Of second moments about 0 nothing would be left of it.
    x = 1e6 + 1e-6 * examples("gaussian")
    data = Points(jnp.asarray(x), jnp.ones(NUMBER))
    root = call(FAMILIES["gaussian"].law, "fit", data, None).root
    np.testing.assert_allclose(root @ root.T, np.cov(x.T, ddof=0), rtol=1e-3)


@pytest.mark.parametrize("name", MEMBERS)
@pytest.mark.parametrize("far", [1e-2, 1.0, 30.0])
def test_exponential_families_are_fitted_to_the_likeliest_member(name: str, far: float) -> None:
    """SciPy's optimizer on SciPy's density, from wherever the fit before was."""
    family, data, x = FAMILIES[name], points_of(name), examples(name)[:, 0]
    laws: dict[str, Callable[..., Any]] = {
        "poisson": stats.poisson.logpmf,
        "geometric": lambda x, p: stats.geom.logpmf(x, p, -1),
        "exponential": lambda x, rate: stats.expon.logpdf(x, scale=1 / rate),
        "gamma": lambda x, shape, rate: stats.gamma.logpdf(x, shape, scale=1 / rate),
        "beta": stats.beta.logpdf,
    }

    def loss(logs: np.ndarray) -> float:
        inside = 1 / (1 + np.exp(-logs)) if name == "geometric" else np.exp(logs)
        return -float(np.average(laws[name](x, *inside), weights=integers()))

    size = len(family.law.names())
    best = optimize.minimize(loss, np.zeros(size), method="Nelder-Mead", tol=1e-12).x
    expected = 1 / (1 + np.exp(-best)) if name == "geometric" else np.exp(best)
    start = family.parameters + np.log(far) if name == "poisson" else far * family.parameters
    fitted = call(family.law, "fit", data, start)
    member = family.law._member  # type: ignore[attr-defined]
    np.testing.assert_allclose(member.usual(np.asarray(fitted)), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "values"),
    [("poisson", 0), ("geometric", 0), ("exponential", 0), ("gamma", 1 / 3), ("beta", 0.1)],
)
def test_data_at_the_edge_have_no_likeliest_member(name: str, values: float) -> None:
    law, params = FAMILIES[name].law, FAMILIES[name].parameters
    data = Points(jnp.full((NUMBER, 1), values), jnp.ones(NUMBER))
    assert not law.usable(call(law, "fit", data, params))
    assert law.usable(call(law, "fit", points_of(name), params))


def test_a_step_of_em_is_scikit_learns() -> None:
    family, x = FAMILIES["gaussian_mixture"], examples("gaussian_mixture")
    weights = integers().astype(int)
    peer = mixture.GaussianMixture(
        2,
        max_iter=1,
        reg_covar=0,
        weights_init=[0.3, 0.7],
        means_init=[[-1.0], [2.0]],
        precisions_init=[[[1 / 0.5]], [[1 / 1.5]]],
    )
    with pytest.warns(match="did not converge"):
        peer.fit(np.repeat(x, weights, axis=0))
    fitted = call(family.law, "fit", points_of("gaussian_mixture"), family.parameters)
    np.testing.assert_allclose(fitted.weights, peer.weights_, rtol=1e-12)
    np.testing.assert_allclose(fitted.means, peer.means_, rtol=1e-12)
    np.testing.assert_allclose(fitted.roots**2, peer.covariances_, rtol=1e-12)


def test_steps_of_em_are_the_twins_and_never_go_down() -> None:
    """Two features, and a component to which nothing belongs: it keeps its Gaussian."""
    family = GaussianMixture(
        weights=[0.4, 0.4, 0.2],
        means=[[0.0, 0.0], [1.0, 2.0], [90.0, 90.0]],
        covs=[COV, COV, COV],
        em_steps=3,
    )
    x, weights = examples("gaussian"), integers()
    data = Points(jnp.asarray(x), jnp.asarray(weights))
    fitted = call(family.law, "fit", data, family.parameters)
    peer = twin.model_of(family).fit(x, weights)
    np.testing.assert_allclose(fitted.weights, peer.probs, rtol=1e-11, atol=1e-300)
    np.testing.assert_allclose(fitted.means, peer.means, rtol=1e-11)
    covs = fitted.roots @ jnp.swapaxes(fitted.roots, -1, -2)
    np.testing.assert_allclose(covs, peer.covs, rtol=1e-11, atol=1e-13)
    np.testing.assert_array_equal(fitted.means[2], [90.0, 90.0])
    likelihood = [
        weights @ call(family.law, "log_prob", one, data.values)
        for one in (family.parameters, fitted)
    ]
    assert likelihood[1] > likelihood[0]


@pytest.mark.parametrize("relative", [True, False])
def test_a_kernel_density_is_fitted_by_its_data(relative: bool) -> None:
    family = KernelDensity(points=[[0.0], [1.0]], bandwidth=0.3, relative=relative)
    data = points_of("kernel_density")
    fitted = call(family.law, "fit", data, None)
    np.testing.assert_array_equal(fitted.centres, data.values)
    np.testing.assert_array_equal(fitted.weight, data.weight)
    weights = integers().astype(int)
    spread = np.cov(examples("kernel_density").T, fweights=weights, ddof=0) if relative else 1.0
    np.testing.assert_allclose(fitted.root, 0.3 * np.sqrt([[spread]]), rtol=1e-13)
    # Room for more changes no moment.
    roomy = family.law.with_room(fitted, NUMBER + 5)
    assert family.law.room(roomy) == NUMBER + 5
    for one, other in zip(family.law.moments(roomy), family.law.moments(fitted), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-13)


def test_a_regression_is_fitted_by_least_squares() -> None:
    family, x = FAMILIES["linear_regression"], examples("linear_regression")
    root = np.sqrt(integers())
    expected = np.linalg.lstsq(root[:, None] * x[:, :2], root * x[:, 2])[0]
    fitted = call(family.law, "fit", points_of("linear_regression"), family.parameters)
    np.testing.assert_allclose(fitted.coef, expected, rtol=1e-12)
    assert float(fitted.noise_sd) == 0.5


# ------------------------------------------------------------------------------- training sets


SUMMARISED = [name for name, family in FAMILIES.items() if family.law.summarised]


@pytest.mark.parametrize("name", SUMMARISED)
def test_statistics_join_as_their_examples_do(name: str) -> None:
    law = FAMILIES[name].law
    first, second = points_of(name), points_of(name)._replace(values=jnp.asarray(examples(name, 3)))
    one, other = (call(law, "summary", part) for part in (first, second))
    both = call(law, "join", one, scaled(other, 2.5))
    pooled = call(law, "summary", law.join(first, scaled(second, 2.5)))
    assert float(total(both)) == pytest.approx(3.5 * integers().sum())
    for one, other in zip(jax.tree.leaves(both), jax.tree.leaves(pooled), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", SUMMARISED)
def test_an_empty_set_changes_no_bit_of_what_it_is_joined_with(name: str) -> None:
    law = FAMILIES[name].law
    some = call(law, "summary", points_of(name))
    nothing = Summary(jnp.zeros(()), jax.tree.map(lambda leaf: leaf * jnp.nan, some.statistics))
    for both in (call(law, "join", some, nothing), call(law, "join", nothing, some)):
        jax.tree.map(np.testing.assert_array_equal, both, some)


@pytest.mark.parametrize("name", ["categorical", "gaussian"])
def test_a_tempered_density_is_the_power_normalised(name: str) -> None:
    family, x = FAMILIES[name], jnp.asarray(examples(name))
    assert family.law.tempers
    law, params = family.law, family.parameters
    tempered = law.tempered(params, jnp.asarray(1.7))
    apart = call(law, "log_prob", tempered, x) - call(law, "log_prob", params, x) / 1.7
    np.testing.assert_allclose(apart, apart[0], rtol=1e-12)
    assert float(jnp.sum(law.quadrature(tempered, 8).weight)) == pytest.approx(1)


@pytest.mark.parametrize("name", FAMILIES)
def test_parameters_that_are_not_finite_are_of_no_use(name: str) -> None:
    family = FAMILIES[name]
    assert family.law.usable(family.parameters)
    leaves, shape = jax.tree.flatten(family.parameters)
    leaves[0] = leaves[0].at[(0,) * leaves[0].ndim].set(jnp.nan)
    assert not family.law.usable(jax.tree.unflatten(shape, leaves))


@pytest.mark.parametrize("values", [np.ones((NUMBER, 2)), np.outer(np.arange(NUMBER), [1.0, 0.0])])
def test_a_gaussian_of_examples_in_a_line_is_of_no_use(values: np.ndarray) -> None:
    law = FAMILIES["gaussian"].law
    fitted = call(law, "fit", Points(jnp.asarray(values), jnp.ones(NUMBER)), None)
    assert not law.usable(fitted)
