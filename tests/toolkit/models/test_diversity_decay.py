"""A score that decays: its density against a dense one, its own draws, what it says of data."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
import xarray as xr
from numpyro.distributions.transforms import biject_to
from scipy import integrate, stats

import toolkit as tk
from tests import statistics
from toolkit.inference.density import Target, log_likelihoods
from toolkit.models.coordinates import tilted
from toolkit.models.decay_data import RESOLUTION
from toolkit.models.distributions import DecayFactor
from toolkit.models.diversity_decay import MODEL

GENERATION = np.array([0, 1, 2, 4, 7, 8, 9, 15])
VALUES = {
    "contraction_factor": 0.9,
    "start": 0.8,
    "floor": 0.15,
    "noise_sd": 0.03,
    "drift_sd": 0.04,
    "start_sd": 0.05,
}
FORMS = [
    {"form": "stochastic", "scale": "linear", "common_start": False},
    {"form": "stochastic", "scale": "log", "common_start": False},
    {"form": "stochastic", "scale": "log", "common_start": True},
    {"form": "deterministic", "scale": "linear", "common_start": True},
    {"form": "deterministic", "scale": "log", "common_start": False},
]


def trajectory(values: Any, generation: Any = None) -> xr.Dataset:
    values = np.asarray(values, float)
    at = np.arange(values.shape[1]) if generation is None else np.asarray(generation)
    coords = {"replicate": np.arange(len(values)), "generation": at}
    return xr.Dataset({"score": (("replicate", "generation"), values)}, coords=coords)


def noisy(rng: np.random.Generator, missing: float = 0.3) -> xr.Dataset:
    """Scores with gaps in every replicate, all positive."""
    curve = 0.2 + 0.6 * 0.9**GENERATION
    values = curve + 0.05 * rng.standard_normal((4, GENERATION.size))
    values[rng.random(values.shape) < missing] = np.nan
    return trajectory(values, GENERATION)


def dense_law(options: dict[str, Any], spread: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of (log) scores, by recursion over every single generation."""
    rho, drift = VALUES["contraction_factor"], VALUES["drift_sd"]
    since = np.arange(GENERATION[-1] + 1)
    mean = VALUES["floor"] + (VALUES["start"] - VALUES["floor"]) * rho**since
    log = options["scale"] == "log"
    gain = rho * mean[:-1] / mean[1:] if log else np.full(since.size - 1, rho)
    drift *= options["form"] == "stochastic"
    # The state as a linear map of the start's deviation and of each generation's drift.
    rows = [np.eye(since.size)[0] * VALUES["start_sd"] * (not options["common_start"])]
    for step, factor in enumerate(gain):
        rows.append(factor * rows[-1] + drift * np.eye(since.size)[step + 1])
    chosen = np.array(rows)[GENERATION]
    noise = VALUES["noise_sd"] ** 2 + (RESOLUTION * spread) ** 2
    covariance = chosen @ chosen.T + noise * np.eye(GENERATION.size)
    return (np.log(mean) if log else mean)[GENERATION], covariance


@pytest.mark.parametrize("options", FORMS, ids=lambda o: "-".join(map(str, o.values())))
def test_the_density_is_that_of_the_whole_trajectory(options: dict[str, Any]) -> None:
    dataset = noisy(np.random.default_rng(1))
    evidence = MODEL.prepare(dataset, **options)
    values = {name: jnp.asarray(VALUES[name]) for name in evidence.spec.parameters}
    target = Target(MODEL.program, evidence.spec)
    terms = log_likelihoods(target, values, MODEL.priors(evidence), evidence.data)["score"]
    assert terms.shape == (4, GENERATION.size)

    score = dataset.score.values
    on_scale = np.log(score) if options["scale"] == "log" else score
    mean, covariance = dense_law(options, np.nanmax(on_scale) - np.nanmin(on_scale))
    for row, found in zip(on_scale, np.asarray(terms), strict=True):
        seen = ~np.isnan(row)
        law = stats.multivariate_normal(mean[seen], covariance[np.ix_(seen, seen)])
        jacobian = row[seen].sum() if options["scale"] == "log" else 0.0
        np.testing.assert_allclose(found.sum(), law.logpdf(row[seen]) - jacobian, rtol=1e-9)
        assert (found[~seen] == 0).all()


@pytest.mark.parametrize("options", FORMS, ids=lambda o: "-".join(map(str, o.values())))
def test_draws_have_the_law_of_the_density(options: dict[str, Any]) -> None:
    left_out = tuple(set(range(16)) - set(GENERATION.tolist()))
    design = dataclasses.replace(
        MODEL.design, replicates=20_000, generations=15, left_out=left_out, options=options
    )
    made = MODEL.generate(design, VALUES, jax.random.key(5))
    np.testing.assert_array_equal(made.generation, GENERATION)
    drawn = made.score.values if options["scale"] == "linear" else np.log(made.score.values)
    mean, covariance = dense_law(options, 0.0)
    white = np.linalg.solve(np.linalg.cholesky(covariance), (drawn - mean).T).T
    alpha = statistics.level("models: diversity_decay", 2 * len(FORMS))
    statistics.means_are(white, np.zeros(GENERATION.size)).require(alpha)
    products = np.einsum("ri,rj->rij", white, white)
    statistics.means_are(products, np.eye(GENERATION.size)).require(alpha)
    wrong = 1.05 * white
    second = statistics.means_are(np.einsum("ri,rj->rij", wrong, wrong), np.eye(GENERATION.size))
    assert second.p_value < alpha


def test_one_step_predictions_are_of_the_observed_shape_and_scale() -> None:
    for options in FORMS:
        evidence = MODEL.prepare(noisy(np.random.default_rng(1)), **options)
        drawn = MODEL.replicate(evidence.spec, VALUES, jax.random.key(1), evidence.data)["score"]
        assert drawn.shape == evidence.observed.score.shape
        assert np.isfinite(drawn).all()
        error = drawn - evidence.observed.score.values
        assert np.nanstd(error) < 0.3


@pytest.mark.parametrize("options", FORMS, ids=lambda o: "-".join(map(str, o.values())))
@pytest.mark.parametrize("factor", [1 - 1e-13, 1e-30])
def test_gradients_are_finite_at_the_ends_of_the_range(
    options: dict[str, Any], factor: float
) -> None:
    evidence = MODEL.prepare(noisy(np.random.default_rng(1)), **options)
    priors = MODEL.priors(evidence)
    known = {name: jnp.asarray(VALUES[name]) for name in evidence.spec.parameters}
    known |= {"contraction_factor": jnp.asarray(factor), "noise_sd": jnp.asarray(0.0)}
    target = Target(MODEL.program, evidence.spec)

    def total(values: Any) -> Any:
        return jnp.sum(log_likelihoods(target, values, priors, evidence.data)["score"])

    gradient = jax.grad(total)(known)
    assert all(np.isfinite(value) for value in gradient.values())


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_the_unit_of_the_score_does_not_matter(scale: str) -> None:
    dataset, unit, found = noisy(np.random.default_rng(2)), 1000.0, []
    for by in (1.0, unit):
        evidence = MODEL.prepare(dataset * by, scale=scale)
        alike = () if scale == "linear" else ("noise_sd", "drift_sd", "start_sd")
        values = {
            name: jnp.asarray(value * (1 if name in ("contraction_factor", *alike) else by))
            for name, value in VALUES.items()
        }
        priors = MODEL.priors(evidence)
        target = Target(MODEL.program, evidence.spec)
        terms = log_likelihoods(target, values, priors, evidence.data)["score"]
        density = {name: prior.log_prob(values[name]) for name, prior in priors.items()}
        found.append((terms.sum(), density))
    count = int(dataset.score.notnull().sum())
    np.testing.assert_allclose(found[0][0] - found[1][0], count * np.log(unit), rtol=1e-9)
    for name, density in found[0][1].items():
        shift = 0.0 if name in ("contraction_factor", *alike) else np.log(unit)
        np.testing.assert_allclose(density - found[1][1][name], shift, rtol=1e-9, atol=1e-9)


def test_scores_of_texts_are_taken_one_at_a_time() -> None:
    rng = np.random.default_rng(3)
    dims = ("replicate", "generation", "text")
    simulated = xr.Dataset(
        {
            "image_diversity": (dims, rng.lognormal(size=(2, 5, 3))),
            "text_probs": (dims, rng.dirichlet(np.ones(3), (2, 5))),
        },
        coords={"generation": np.arange(5)},
    )
    simulated = simulated.assign_coords(text=np.arange(3), replicate=np.arange(2))
    with pytest.raises(ValueError, match=r"expected one of them as text=.*choose from: 0, 1, 2"):
        MODEL.prepare(simulated, variable="image_diversity")
    evidence = MODEL.prepare(simulated, variable="image_diversity", text=1)
    np.testing.assert_array_equal(
        evidence.observed.image_diversity, simulated.image_diversity.sel(text=1)
    )
    assert "log-normal tails" in " ".join(evidence.remarks)
    np.testing.assert_allclose(
        MODEL.prepare(simulated).observed.text_diversity, 1 - (simulated.text_probs**2).sum("text")
    )


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([[1.0, 0.5]], {}, "at 3 generations or more, but it is known at 2"),
        ([[0.5, 0.5, 0.5]], {}, "every score is 0.5"),
        ([[np.nan] * 3], {}, "holds no number"),
        ([[1.0, 0.5, 0.3], [np.nan] * 3], {}, "replicate 1 has no number"),
        ([[1.0, 0.5, np.inf]], {}, "infinite"),
        (
            [[1.0, 0.5, -2e100]],
            {},
            r"as large as 2e\+100, expected at most",
        ),
        ([[1.0, 0.5, 0.0]], {"scale": "log"}, "needs positive scores, but score has 0"),
        ([[1.0, 0.5, 0.3]], {"scale": "cubic"}, "scale must be 'linear' or 'log', not 'cubic'"),
        ([[1.0, 0.5, 0.3]], {"form": "wild"}, "form must be 'stochastic' or 'deterministic'"),
        ([[1.0, 0.5, 0.3]], {"variable": "recall"}, "'recall' in the dataset; .* from: score"),
        ([[1.0, 0.5, 0.3]], {"text": 1}, "score has no dim text"),
    ],
)
def test_data_that_do_not_suit_are_refused(
    values: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        MODEL.prepare(trajectory(values), **options)


def test_what_a_reader_must_know_is_said() -> None:
    said = MODEL.prepare(trajectory([[0.1, 0.2, np.nan, 0.4]])).remarks
    assert "1 of 4 scores are missing" in said[0]
    assert "score rises, from 0.1 to 0.4" in said[1]
    zeros = MODEL.prepare(trajectory([[0.9, 0.5, 0, 0, 0], [0.8, 0, 0.2, 0, 0.1]]))
    assert "1 of 2 replicates end in zeros" in zeros.remarks[0]
    np.testing.assert_array_equal(zeros.data.seen[0], [True, True, True, False, False])
    assert zeros.data.seen[1].all()  # a zero that is left again absorbs nothing


def test_a_first_score_common_to_all_is_the_known_start() -> None:
    evidence = MODEL.prepare(trajectory([[0.8, 0.5, 0.3], [0.8, 0.6, 0.2]]))
    assert evidence.spec.common_start
    assert float(MODEL.priors(evidence)["start"]) == 0.8
    np.testing.assert_array_equal(evidence.data.seen, [[False, True, True]])
    assert not MODEL.prepare(trajectory([[0.8, 0.5, 0.3], [0.7, 0.6, 0.2]])).spec.common_start


def test_default_priors_cover_what_can_be_observed() -> None:
    evidence = MODEL.prepare(trajectory([[0.9, 0.8, 0.6, 0.5]], [0, 10, 20, 50]))
    draws = MODEL.priors(evidence)["contraction_factor"].sample(jax.random.key(1), (4000,))
    half_life = np.log(2) / -np.log(np.asarray(draws))
    low, high = np.quantile(half_life, [0.05, 0.95])
    assert 0.5 < low < 5  # one twentieth of the time observed, by itself and not by a bound
    assert 500 < high < 2000
    assert MODEL.priors(evidence)["floor"].support(0.0)
    below = MODEL.prepare(trajectory([[0.9, 0.8, -0.6]]))
    assert MODEL.priors(below)["floor"].support(-1.0)


def test_the_prior_of_factors_is_a_density_and_that_of_its_draws() -> None:
    prior = DecayFactor(-np.log(20.0), 1.0)
    at = np.linspace(0, 1, 20_001)[1:-1]
    density = np.exp(np.asarray(prior.log_prob(at)))
    cdf = integrate.cumulative_trapezoid(density, at, initial=0)
    np.testing.assert_allclose(cdf[-1], 1, atol=2e-3)
    draws = np.asarray(prior.sample(jax.random.key(2), (20_000,)))
    below = np.searchsorted(np.sort(draws), at) / draws.size
    assert np.abs(below - cdf).max() < 0.02


def test_coordinates_of_a_floor_lead_everywhere_and_back() -> None:
    numbers = {"middle": jnp.asarray(0.4), "slope": jnp.asarray(0.3), "bend": jnp.asarray(0.02)}
    for prior in (dist.Normal(0.0, 1.0), MODEL.priors(noisy_evidence())["floor"]):
        transform = biject_to(tilted(prior, **numbers).support)
        at = jnp.linspace(-3.0, 3.0, 7)
        there = transform(at)
        np.testing.assert_allclose(transform.inv(there), at, rtol=1e-9, atol=1e-9)
        slope = jnp.abs(jax.vmap(jax.grad(transform))(at))
        np.testing.assert_allclose(transform.log_abs_det_jacobian(at, there), jnp.log(slope))
        np.testing.assert_allclose(there[at < 1], (0.4 - 0.3 * at)[at < 1], rtol=1e-3)


def noisy_evidence() -> Any:
    return MODEL.prepare(noisy(np.random.default_rng(1)))


def test_the_diversity_of_a_simulated_loop_falls_by_one_over_its_batch_size() -> None:
    system = tk.CoevolvingSystem.on_unit_circle(
        num_texts=5, variance=0.01, batch_size=200, image_updates=0
    )
    simulated = tk.simulate(
        system, generations=100, replicates=10, seed=4, record=["text_diversity"]
    )
    found = tk.fit(simulated, model="diversity_decay", seed=1, floor=0.0)
    low, high = found.posterior.contraction_factor.quantile([0.025, 0.975])
    assert low < 1 - 1 / 200 < high
    assert 0.001 < high - low < 0.01
    assert "known start" in found.attrs["remarks"]


@pytest.mark.slow
@pytest.mark.parametrize("options", FORMS, ids=lambda o: "-".join(map(str, o.values())))
def test_parameters_are_recovered(options: dict[str, Any]) -> None:
    design = dataclasses.replace(MODEL.design, replicates=20, generations=80, options=options)
    made = MODEL.generate(design, VALUES, jax.random.key(7))
    found = tk.fit(made, model="diversity_decay", seed=1, **options)
    for name in MODEL.prepare(made, **options).spec.parameters:
        low, high = found.posterior[name].quantile([0.0005, 0.9995])
        assert low < VALUES[name] < high, name
    assert float(found.posterior.contraction_factor.std()) < 0.02
