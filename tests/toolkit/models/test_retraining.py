"""A loop with a fixed share of real data: its density, its own draws, what it says of data."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from scipy import stats

import toolkit as tk
from tests import statistics
from toolkit.inference.density import Target, log_likelihoods, prior_draw
from toolkit.models.retraining import MODEL

GENERATION = np.array([0, 1, 2, 5, 6, 9, 10])
FACTOR = 0.8
FIXED_POINT = np.array([0.5, -1.0])
NOISE = np.array([0.2, 2.0])
VALUES = {
    "contraction_factor": FACTOR,
    "fixed_point": FIXED_POINT,
    "component_noise_sd": NOISE,
}


def means(values: Any) -> xr.Dataset:
    """States of shape (replicate, generation, feature) as the image means of one text."""
    values = np.asarray(values, float)
    dims = ("replicate", "generation", "text", "feature")
    coords = {
        "replicate": np.arange(values.shape[0]),
        "generation": GENERATION[: values.shape[1]],
        "text": [0],
        "feature": np.arange(values.shape[2]),
    }
    return xr.Dataset({"image_mean": (dims, values[:, :, None])}, coords=coords)


def dense_law(start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of each component's recorded states after the first, given the first."""
    since = np.arange(GENERATION[-1] + 1)
    mean = FIXED_POINT + FACTOR ** since[:, None] * (start - FIXED_POINT)
    rows = np.zeros((since.size, since.size))
    for step in since[1:]:
        rows[step] = FACTOR * rows[step - 1]
        rows[step, step] += 1
    chosen = rows[GENERATION[1:]]
    return mean[GENERATION[1:]], chosen @ chosen.T


def terms(evidence: Any, values: dict[str, Any]) -> np.ndarray:
    target = Target(MODEL.program, evidence.spec)
    known = {name: jnp.asarray(value, float) for name, value in values.items()}
    found = compiled_log_likelihoods(target, known, MODEL.priors(evidence), evidence.data)
    return np.asarray(found[evidence.spec.variable])


#: One program instead of one for each operation.
compiled_log_likelihoods = jax.jit(log_likelihoods, static_argnums=0)


def test_the_density_is_that_of_the_whole_trajectory() -> None:
    values = np.random.default_rng(1).standard_normal((3, GENERATION.size, 2))
    values[1, 2] = np.nan
    values[1, 4, 0] = np.nan  # one component missing: no state
    values[2, 0] = np.nan
    found = terms(MODEL.prepare(means(values)), VALUES)
    assert found.shape == (3, GENERATION.size - 1)
    assert found[1, 1] == found[1, 3] == found[2, 0] == 0

    for replicate in (0, 1):
        mean, unit = dense_law(values[replicate, 0])
        seen = ~np.isnan(values[replicate, 1:]).any(axis=1)
        expected = sum(
            stats.multivariate_normal(
                mean[seen, component], NOISE[component] ** 2 * unit[np.ix_(seen, seen)]
            ).logpdf(values[replicate, 1:][seen, component])
            for component in range(2)
        )
        np.testing.assert_allclose(found[replicate].sum(), expected, rtol=1e-10)


def test_draws_have_the_law_of_the_density() -> None:
    left_out = tuple(set(range(11)) - set(GENERATION.tolist()))
    design = dataclasses.replace(MODEL.design, replicates=20_000, generations=10, left_out=left_out)
    made = MODEL.generate(design, VALUES, jax.random.key(5))
    np.testing.assert_array_equal(made.generation, GENERATION)
    drawn = made.image_mean.values[:, 1:, 0]
    mean, unit = dense_law(np.ones(2))
    alpha = statistics.level("models: retraining", 4)
    for component in range(2):
        root = NOISE[component] * np.linalg.cholesky(unit)
        white = np.linalg.solve(root, (drawn[..., component] - mean[:, component]).T).T
        statistics.means_are(white, np.zeros(len(root))).require(alpha)
        products = np.einsum("ri,rj->rij", white, white)
        statistics.means_are(products, np.eye(len(root))).require(alpha)
        assert statistics.means_are(1.05**2 * products, np.eye(len(root))).p_value < alpha


def test_one_step_predictions_start_from_the_state_before() -> None:
    values = np.random.default_rng(1).standard_normal((3, GENERATION.size, 2))
    values[1, 2] = np.nan
    evidence = MODEL.prepare(means(values))
    quiet = VALUES | {"component_noise_sd": np.zeros(2)}
    drawn = MODEL.replicate(evidence.spec, quiet, jax.random.key(1), evidence.data)["image_mean"]
    assert drawn.shape == (3, GENERATION.size - 1, 2)
    assert np.isnan(drawn[1, 1]).all()
    expected = FIXED_POINT + FACTOR**4 * (values[1, 1] - FIXED_POINT)  # generations 1 to 5
    np.testing.assert_allclose(drawn[1, 2], expected)
    np.testing.assert_allclose(drawn[0, 2], FIXED_POINT + FACTOR**3 * (values[0, 2] - FIXED_POINT))


def test_what_derives_is_what_it_says() -> None:
    evidence = MODEL.prepare(means(np.random.default_rng(1).standard_normal((3, 5, 2))))
    target = Target(MODEL.program, evidence.spec)
    drawn, _ = prior_draw(target, jax.random.key(1), MODEL.priors(evidence), evidence.data)
    factor = float(drawn["contraction_factor"])
    assert drawn["real_share"] == 1 - factor
    np.testing.assert_allclose(drawn["half_life"], np.log(0.5) / np.log(factor))
    last = evidence.observed.image_mean.values[:, -1].mean(axis=0)
    distance = np.linalg.norm(last - drawn["fixed_point"])
    np.testing.assert_allclose(drawn["fixed_point_distance"], distance)
    np.testing.assert_allclose(
        drawn["noise_sd"] ** 2, np.mean(np.square(drawn["component_noise_sd"]))
    )
    free = MODEL.prepare(evidence.observed.rename(image_mean="score"), relation=None)
    found, _ = prior_draw(
        Target(MODEL.program, free.spec), jax.random.key(1), MODEL.priors(free), free.data
    )
    assert "real_share" not in found


@pytest.mark.parametrize("factor", [1.0, 1 - 1e-13, 1e-30, 1.2])
def test_gradients_are_finite_at_the_ends_of_the_range(factor: float) -> None:
    values = np.random.default_rng(1).standard_normal((3, GENERATION.size, 2))
    values[1, 2] = np.nan
    evidence = MODEL.prepare(means(values))
    target = Target(MODEL.program, evidence.spec)

    def total(known: Any) -> Any:
        return jnp.sum(
            log_likelihoods(target, known, MODEL.priors(evidence), evidence.data)["image_mean"]
        )

    known = {name: jnp.asarray(value) for name, value in VALUES.items()}
    gradient = jax.grad(total)(known | {"contraction_factor": jnp.asarray(factor)})
    assert all(np.isfinite(value).all() for value in gradient.values())


def test_a_reference_is_the_known_fixed_point() -> None:
    values = np.random.default_rng(1).standard_normal((3, 5, 2))
    values[..., 0] = 7.0
    evidence = MODEL.prepare(means(values), reference=[[7.0, 0.25]])
    assert evidence.observed.component.values.tolist() == ["text 0, feature 1"]
    assert MODEL.priors(evidence)["fixed_point"].tolist() == [0.25]
    assert "1 components never vary and are left out: text 0, feature 0" in evidence.remarks[0]
    with pytest.raises(ValueError, match=r"reference has shape \(2,\); expected \(1, 2\)"):
        MODEL.prepare(means(values), reference=[7.0, 0.25])


def test_the_last_text_is_determined_by_the_others() -> None:
    probs = np.random.default_rng(1).dirichlet(np.ones(3), (2, 4))
    dataset = xr.Dataset(
        {"text_probs": (("replicate", "generation", "text"), probs)},
        coords={"replicate": [0, 1], "generation": np.arange(4), "text": ["cat", "dog", "cow"]},
    )
    evidence = MODEL.prepare(dataset)
    assert evidence.observed.component.values.tolist() == ["text cat", "text dog"]


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        (np.ones((2, 4, 2)), {}, "no component of image_mean varies"),
        (np.ones((2, 1, 2)), {}, "expected two or more that increase"),
        (np.full((1, 4, 2), np.inf), {}, "infinite"),
        (np.eye(4)[None, :, :2] * 1e101, {}, "Divide image_mean by a constant"),
        (np.full((1, 4, 2), np.nan), {}, "replicate 0 has no number of image_mean"),
        ([[[1.0], [np.nan]], [[np.nan], [2.0]]], {}, "no replicate has image_mean at two"),
        (np.eye(4)[None], {"relation": "linear"}, "relation must be 'well_specified' or None"),
        (np.eye(4)[None], {"noise": "none"}, "noise must be 'common' or 'per_component'"),
        (np.eye(4)[None], {"variable": "score"}, "expected 'score' .* from: image_mean"),
    ],
)
def test_data_that_do_not_suit_are_refused(
    values: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        MODEL.prepare(means(values), **options)


def test_the_real_share_of_a_simulated_loop_is_found() -> None:
    # Each image update pools 80 generated images with 20 fresh real ones (theory, I10).
    system = tk.CoevolvingSystem.on_unit_circle(
        num_texts=1,
        variance=1.0,
        batch_size=80,
        text_updates=0,
        user_content=tk.UserContent(num_images=20),
    )
    simulated = tk.simulate(system, generations=60, replicates=20, seed=4, record=["image_mean"])
    found = tk.fit(simulated, model="retraining", seed=1)
    low, high = found.posterior.real_share.quantile([0.025, 0.975])
    assert low < 0.2 < high
    assert high - low < 0.08
    low, high = found.posterior.fixed_point.quantile([0.005, 0.995], dim=("chain", "draw"))
    truth = system.image_mean.ravel()
    assert (low < truth).all()
    assert (truth < high).all()
    assert found.posterior.fixed_point.dims == ("chain", "draw", "component")
