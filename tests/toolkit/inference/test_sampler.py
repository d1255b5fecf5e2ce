"""Laplace's approximation and NUTS on densities that are known, one by one and many at once."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from scipy import stats

from tests.statistics import level
from tests.toolkit.inference import toy
from toolkit import labels
from toolkit.inference import sampler
from toolkit.inference.laplace import laplace
from toolkit.models import Model


def program(spec: Any, priors: Any, data: Any) -> None:
    """A normal, a gamma and a simplex: bounded supports, and one of fewer dimensions."""
    numpyro.sample("normal", dist.MultivariateNormal(data["mean"], data["cov"]))
    numpyro.sample("gamma", dist.Gamma(2.0, data["rate"]))
    numpyro.sample("shares", dist.Dirichlet(jnp.array([1.0, 2.0, 3.0])))


MODEL = Model(
    name="known",
    summary="",
    parameters=(),
    prepare=toy.prepare,
    priors=toy.priors,
    program=program,
    replicate=toy.replicate,
    generate=toy.generate,
    design=None,
)
MEAN, COV = np.array([1.0, -2.0]), np.array([[4.0, 1.9e-3], [1.9e-3, 1e-6]])
DATA = {"mean": MEAN, "cov": COV, "rate": np.asarray(3.0)}


def test_draws_have_the_law_of_the_density() -> None:
    draws = sampler.Chains(MODEL, None, {}, DATA, seed=4).draw(1000)
    assert draws.stats["diverging"].sum() == 0
    every = 5  # nearly independent
    whitened = np.linalg.solve(np.linalg.cholesky(COV), (draws.values["normal"] - MEAN)[..., None])
    for sample, law in (
        (whitened[..., 0, 0], stats.norm()),
        (whitened[..., 1, 0], stats.norm()),
        (draws.values["gamma"], stats.gamma(2.0, scale=1 / 3)),
        (draws.values["shares"][..., 0], stats.beta(1, 5)),
        (draws.values["shares"][..., 2], stats.beta(3, 3)),
    ):
        thinned = sample[:, ::every].ravel()
        assert stats.kstest(thinned, law.cdf).pvalue > level("inference", 10)
        assert stats.kstest(thinned + 0.4 * law.std(), law.cdf).pvalue < level("inference", 10)
    np.testing.assert_allclose(draws.values["shares"].sum(axis=-1), 1)


def test_many_data_sets_are_sampled_apart() -> None:
    rng = np.random.default_rng(3)
    scores = [rng.normal(level, toy.NOISE_SD, (2, 6)) for level in np.linspace(-5, 5, 37)]
    evidence = [toy.prepare(toy.dataset(score)) for score in scores]
    draws = sampler.sample_many(
        toy.MODEL,
        evidence[0].spec,
        toy.priors(evidence[0]),
        sampler.stack([one.data for one in evidence]),
        seed=5,
        num_draws=400,
    )
    floor = draws.values[labels.FLOOR]
    assert floor.shape == (37, 1, 400)
    mean, sd = np.transpose([toy.exact(score) for score in scores])
    z = (floor.mean(axis=(1, 2)) - mean) / (sd / np.sqrt(100))
    assert np.abs(z).max() < 4.5
    assert np.abs(floor.std(axis=(1, 2)) / sd - 1).max() < 0.25


def test_priors_may_differ_between_data_sets() -> None:
    score = np.random.default_rng(3).normal(1, toy.NOISE_SD, (2, 6))
    evidence = toy.prepare(toy.dataset(score))
    draws = sampler.sample_many(
        toy.MODEL,
        evidence.spec,
        {labels.FLOOR: np.array([1.0, 2.0, 3.0])},
        sampler.stack([evidence.data] * 3),
        seed=5,
        per_data_set=(labels.FLOOR,),
        num_draws=50,
    )
    np.testing.assert_array_equal(draws.values[labels.FLOOR][:, 0, 0], [1, 2, 3])


def test_laplace_finds_mode_and_curvature_where_newton_alone_would_not() -> None:
    # exp(-energy) has a plateau far out, where the Hessian is not positive definite.
    def energy(at: Any) -> Any:
        return -jnp.log(jnp.exp(-0.5 * jnp.sum(jnp.square((at - 3) / scale))) + 1e-12)

    scale = jnp.array([0.5, 0.02])
    found, start = laplace(energy, jnp.array([[1.0, 2.9], [40.0, -3.0]]), jnp.ones(2))
    np.testing.assert_allclose(found.mode, [3, 3], atol=1e-6)
    np.testing.assert_allclose(found.root @ found.root.T, np.diag(scale**2), rtol=1e-5, atol=1e-9)
    at = found.mode + found.root @ start.at
    np.testing.assert_allclose(start.at, 1)
    np.testing.assert_allclose(start.value, energy(at), rtol=1e-12)
    np.testing.assert_allclose(start.slope, found.root.T @ jax.grad(energy)(at), rtol=1e-9)


def test_the_start_is_nearer_where_the_density_cannot_be_evaluated() -> None:
    def energy(at: Any) -> Any:
        return jnp.where(at[0] < 1.9, jnp.square(at[0] - 1) / 2, jnp.nan)

    _, start = laplace(energy, jnp.zeros((1, 1)), jnp.array([3.0]))
    np.testing.assert_allclose(start.at, [0.75], rtol=1e-6)


def test_laplace_survives_a_density_that_is_nowhere_finite_at_first() -> None:
    def energy(at: Any) -> Any:
        return jnp.where(at[0] > 0, at[0] - jnp.log(at[0]), jnp.nan)

    found, _ = laplace(energy, -jnp.ones((3, 1)), jnp.ones(1))
    assert found.mode.shape == (1,)
    assert np.isfinite(found.root).all()


def test_an_odd_number_of_chains() -> None:
    evidence = toy.prepare(toy.dataset(np.zeros((2, 6))))
    chains = sampler.Chains(
        toy.MODEL, evidence.spec, toy.priors(evidence), evidence.data, seed=4, num_chains=3
    )
    assert chains.draw(500).values[labels.FLOOR].shape == (3, 500)


def test_chains_that_are_carried_on_go_on_from_where_they_were() -> None:
    evidence = toy.prepare(toy.dataset(np.zeros((2, 6))))
    arguments = (toy.MODEL, evidence.spec, toy.priors(evidence), evidence.data)
    whole = sampler.Chains(*arguments, seed=4).draw(430).values[labels.FLOOR]
    chains = sampler.Chains(*arguments, seed=4)
    np.testing.assert_array_equal(chains.draw(120).values[labels.FLOOR], whole[:, :120])
    np.testing.assert_array_equal(chains.draw(430).values[labels.FLOOR], whole)
    assert len(np.unique(whole)) > 0.5 * whole.size
