"""Real data that are given, and Gaussians whose covariance is known."""

import jax.numpy as jnp
import numpy as np
import pytest

import toolkit as tk
from tests.toolkit.retraining.cases import system
from toolkit import labels
from toolkit.systems.files import system_from_dict, system_from_json
from toolkit.systems.retraining import RetrainingSystem

DATA = np.linspace(-1.0, 2.0, 20)[:, None]
KNOWN = tk.Gaussian(mean=[0.0], cov=[[2.25]], known_cov=True)


@pytest.mark.parametrize("method", ["exact", "literal"])
def test_every_replicate_begins_with_the_fit_to_the_given_data(method: str) -> None:
    one = system(tk.Gaussian(mean=[0.0], cov=[[1.0]]), tk.Mix(), real_data=DATA)
    simulated = tk.simulate(one, generations=2, replicates=3, seed=1, method=method)
    first = simulated.model_parameters[:, 0, 0].values
    expected = [DATA.mean(), DATA.var(ddof=1)]
    np.testing.assert_allclose(first, np.tile(expected, (3, 1)), rtol=1e-12)
    assert tk.simulate_again(simulated).identical(simulated)
    # What is generated is each replicate's own.
    assert np.ptp(simulated.model_location[:, 1].values) > 0


def test_files_hold_the_data() -> None:
    one = system(KNOWN, tk.Mix(), real_data=DATA)
    assert system_from_json(one.to_json()) == one
    again = system_from_dict(one.to_dict())
    assert isinstance(again, RetrainingSystem)
    np.testing.assert_array_equal(again.real_data, DATA)
    assert again.family.known_cov


@pytest.mark.parametrize(
    ("family", "options", "message"),
    [
        (KNOWN, {"real_data": DATA[:3]}, "real_data must have shape"),
        (KNOWN, {"real_data": [["a"]]}, "array of numbers"),
        (KNOWN, {"real_data": DATA, "real_seed": 1}, "give one"),
        (KNOWN, {"real_data": np.where(DATA > 1, np.nan, DATA)}, "real_data"),
        (
            tk.Categorical(probs=[0.5, 0.5]),
            {"real_data": np.full((20, 1), 0.5)},
            "cannot have: row 0",
        ),
        (
            tk.ExponentialFamily(member="exponential", values=[1.0]),
            {"real_data": DATA},
            "cannot have: row 0",
        ),
        (
            KNOWN,
            {"real_data": DATA, "network": tk.Network(weights=[[0.5, 0.5], [0.5, 0.5]])},
            "each of a network has its own",
        ),
    ],
)
def test_bad_data_are_refused(family: object, options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        system(family, tk.Mix(), **options)


def test_nothing_is_predicted_of_means_over_real_data() -> None:
    one = system(KNOWN, tk.Mix(), real_data=DATA)
    with pytest.raises(tk.theory.NothingPredictedError, match="the real data are given"):
        tk.predict(one, generations=1)


def test_a_known_covariance_stays() -> None:
    law = KNOWN.law
    assert (law.names(), law.fewest) == (("mean[0]",), 1)
    one = system(KNOWN, tk.Replace(), num_real=1, num_generated=1)
    simulated = tk.simulate(one, generations=3, replicates=4, seed=1, method="exact")
    assert np.all(simulated.model_variance == 2.25)
    assert not simulated.model_kept.any()
    back = law.of_vector(jnp.array([3.0]))
    np.testing.assert_allclose(back.root, [[1.5]])
    with pytest.raises(ValueError, match="known_cov must be"):
        tk.Gaussian(mean=[0.0], cov=[[1.0]], known_cov=1)


@pytest.mark.parametrize("policy", [tk.Replace(), tk.Mix(), tk.Accumulate()], ids=lambda p: p.name)
def test_its_error_is_that_of_a_mean(policy: object) -> None:
    """The same closed form as for an orthogonal design of as much noise."""
    options = {"num_real": 20, "num_generated": 20}
    design = tk.LinearRegression(coef=[1.0], noise_sd=1.5, inputs="orthogonal")
    curves = [
        tk.predict(system(family, policy, **options), generations=8)
        .predicted.sel({labels.RESULT: "retraining_error"})
        .values
        for family in (KNOWN, design)
    ]
    np.testing.assert_allclose(*curves, rtol=1e-12)


def test_a_covariance_known_wrongly_is_not_predicted() -> None:
    one = system(KNOWN, tk.Mix(), real=tk.Gaussian(mean=[0.0], cov=[[1.0]]))
    with pytest.raises(tk.theory.NothingPredictedError, match="not that of the real data"):
        tk.predict(one, generations=1)


def test_categories_are_corners_of_a_simplex() -> None:
    found = tk.Categorical(probs=[0.5, 0.3, 0.2]).law.coordinates(jnp.array([[0.0], [2.0], [2.0]]))
    np.testing.assert_allclose(np.linalg.norm(found[0] - found[1]), 1.0)
    np.testing.assert_allclose(found[1], found[2])
