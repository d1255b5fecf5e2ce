"""``fit`` on models whose posterior is known."""

from __future__ import annotations

import dataclasses
import json
import warnings
from pathlib import Path
from typing import Any

import arviz as az
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest
import xarray as xr
from scipy import stats

import toolkit as tk
from tests.statistics import level
from tests.toolkit.inference import toy
from toolkit import labels
from toolkit.models import draw

SCORE = np.random.default_rng(5).normal(3, toy.NOISE_SD, (2, 6))
GROUPS = (
    *("posterior", "prior", "posterior_predictive", "log_likelihood", "sample_stats"),
    *("observed_data", "constant_data"),
)


@pytest.fixture(scope="module")
def found() -> xr.DataTree:
    return tk.fit(toy.dataset(SCORE), toy.MODEL, seed=1)


def test_the_posterior_is_the_exact_one(found: xr.DataTree) -> None:
    mean, sd = toy.exact(SCORE)
    floor = found.posterior[labels.FLOOR]
    # 2000 draws of about 700 effective ones: bounds at 4 standard errors.
    assert abs(float(floor.mean()) - mean) < 4 * sd / np.sqrt(500)
    assert abs(float(floor.std()) / sd - 1) < 4 / np.sqrt(2 * 500)
    assert found.attrs["converged"] == "true"


def test_the_posterior_would_not_be_that_of_other_data(found: xr.DataTree) -> None:
    mean, sd = toy.exact(SCORE + 0.2)
    assert abs(float(found.posterior[labels.FLOOR].mean()) - mean) > 4 * sd / np.sqrt(500)


def test_all_groups_are_labelled(found: xr.DataTree) -> None:
    assert set(found.children) == set(GROUPS)
    floor = found.posterior[labels.FLOOR]
    assert floor.dims == (labels.CHAIN, labels.DRAW)
    assert floor.attrs == labels.PARAMETERS[labels.FLOOR].attrs
    assert not found.to_dataset().coords
    predicted = found.posterior_predictive[labels.SCORE]
    assert predicted.dims[2:] == found.observed_data[labels.SCORE].dims
    # The first generation has no law here: what is drawn are the later ones.
    assert list(predicted.generation.values) == [1, 2, 3, 4, 5]


def test_log_likelihoods_are_pointwise(found: xr.DataTree) -> None:
    terms = found.log_likelihood[labels.SCORE]
    floor = found.posterior[labels.FLOOR].values[..., None, None]
    expected = stats.norm(floor, toy.NOISE_SD).logpdf(SCORE[:, 1:])
    np.testing.assert_allclose(terms.values, expected, rtol=1e-10)


def test_prior_and_predictive_draws_have_their_laws(found: xr.DataTree) -> None:
    prior = found.prior[labels.FLOOR].values.ravel()
    assert stats.kstest(prior, stats.norm(toy.PRIOR_MEAN, toy.PRIOR_SD).cdf).pvalue > level(
        "inference", 10
    )
    np.testing.assert_allclose(found.prior[labels.HALF_LIFE].values.ravel(), 2 * prior)
    mean, sd = toy.exact(SCORE)
    drawn = found.posterior_predictive[labels.SCORE].values
    assert abs(drawn.mean() - mean) < 5 * sd / np.sqrt(100)
    assert abs(drawn.std() - np.hypot(sd, toy.NOISE_SD)) < 0.05


def test_arviz_reads_it(found: xr.DataTree) -> None:
    summary = az.summary(found)
    assert float(summary.loc[labels.FLOOR, "r_hat"]) < 1.02
    assert np.isfinite(az.loo(found).elpd)


def test_it_is_saved_and_read_whole(found: xr.DataTree, tmp_path: Path) -> None:
    for name in ("fit.nc", "fit.zarr"):
        again = tk.read_fit(tk.save(found, tmp_path / name))
        assert again.identical(found)
    table = tk.fit_table(again)
    assert list(table.index) == [labels.HALF_LIFE, labels.FLOOR]
    assert table.loc[labels.FLOOR, "50%"] == pytest.approx(
        float(found.posterior[labels.FLOOR].median())
    )


def test_what_is_no_fit_is_refused(tmp_path: Path) -> None:
    tk.save(toy.dataset(SCORE), tmp_path / "loop.nc")
    with pytest.raises(ValueError, match="holds no fit: it lacks the group posterior"):
        tk.read_fit(tmp_path / "loop.nc")
    with pytest.raises(FileNotFoundError):
        tk.read_fit(tmp_path / "nothing.nc")


def test_the_seed_fixes_the_result(found: xr.DataTree) -> None:
    again = tk.fit(toy.dataset(SCORE), toy.MODEL, seed=1)
    assert again.posterior.identical(found.posterior)
    other = tk.fit(toy.dataset(SCORE), toy.MODEL, seed=2)
    assert not other.posterior.identical(found.posterior)


def test_priors_known_numbers_and_options_are_used() -> None:
    data = toy.dataset(SCORE)
    # A prior as informative as the data draws the mean halfway.
    mean, sd = toy.exact(SCORE)
    narrow = tk.fit(data, toy.MODEL, seed=3, floor=dist.Normal(mean + 1, sd))
    assert float(narrow.posterior[labels.FLOOR].mean()) == pytest.approx(mean + 0.5, abs=0.05)
    assert "Normal" in json.loads(narrow.attrs["priors"])[labels.FLOOR]
    known = tk.fit(data, toy.MODEL, seed=3, floor=2.5)
    assert np.unique(known.posterior[labels.FLOOR]) == 2.5
    assert known.attrs["converged"] == "true"
    assert tk.fit_table(known).empty
    weighted = tk.fit(data, toy.MODEL, seed=3, weight=100.0)
    assert float(weighted.posterior[labels.FLOOR].std()) < 0.2 * sd


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": "text_drfit"}, "no model is called 'text_drfit'; choose from: text_drift, "),
        ({"ceiling": 1.0}, "'ceiling' is neither a parameter nor an option of toy; parameters: "),
        ({"floor": "high"}, "floor must be a numpyro distribution .* or a number .*, not str"),
        ({"floor": np.nan}, "floor is nan, outside its range"),
        ({"seed": -1}, "seed must be at least 0, not -1"),
        ({"num_draws": 10}, "num_draws must be at least 50, not 10"),
        ({"num_chains": 2.5}, "num_chains must be a whole number"),
        ({"target_accept": 1}, "target_accept must be between 0 and 1, not 1"),
    ],
)
def test_mistakes_are_told(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tk.fit(toy.dataset(SCORE), **({"model": toy.MODEL, "seed": 1} | arguments))


def test_a_prior_outside_the_range_is_refused() -> None:
    def positive(evidence: Any) -> dict[str, Any]:
        return {labels.FLOOR: dist.LogNormal(0.0, 1.0)}

    model = dataclasses.replace(toy.MODEL, priors=positive)
    with pytest.raises(ValueError, match=r"the prior of floor can give -.*, outside its range"):
        tk.fit(toy.dataset(SCORE), model, seed=1, floor=dist.Normal(0, 1))


def test_a_bad_fit_is_never_silent() -> None:
    def two_modes(spec: Any, priors: Any, data: Any) -> None:
        floor = draw(labels.FLOOR, priors[labels.FLOOR])
        at = jnp.stack([dist.Normal(-8, 0.1).log_prob(floor), dist.Normal(8, 0.1).log_prob(floor)])
        numpyro.factor(labels.SCORE, jnp.logaddexp(*at) + 0 * data["score"])

    model = dataclasses.replace(toy.MODEL, program=two_modes, derived=())
    with pytest.warns(tk.ConvergenceWarning, match=r"did not converge: .*R-hat"):
        # Starts must reach both modes; where they do not, no sampler could tell.
        found = tk.fit(toy.dataset(SCORE), model, seed=4, num_chains=8, floor=dist.Normal(0.0, 8.0))
    assert found.attrs["converged"] == "false"
    assert "R-hat" in json.loads(found.attrs["problems"])[0]
    assert found.attrs["tries"] == "2"  # it was begun anew


def test_chains_with_too_few_effective_draws_are_carried_on() -> None:
    few = tk.fit(toy.dataset(SCORE), toy.MODEL, seed=1, num_draws=60)
    settings = json.loads(few.attrs["settings"])
    assert few.attrs["converged"] == "true"
    assert few.attrs["tries"] == "1"
    # 60 draws of a chain cannot be worth 100.
    assert few.posterior.sizes[labels.DRAW] == settings["num_draws"] in (120, 240, 480)


def test_what_the_data_leave_open_is_said() -> None:
    def silent(spec: Any, priors: Any, data: Any) -> None:
        draw(labels.FLOOR, priors[labels.FLOOR])
        first, second = (draw(name, priors[name]) for name in (labels.START, labels.NOISE_SD))
        numpyro.factor(labels.SCORE, dist.Normal(first + second, 0.01).log_prob(data["score"]))

    def priors(evidence: Any) -> dict[str, Any]:
        return {name: dist.Normal(0.0, 1.0) for name in names}

    names = (labels.FLOOR, labels.START, labels.NOISE_SD)
    model = dataclasses.replace(
        toy.MODEL, program=silent, priors=priors, parameters=names, derived=()
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tk.ConvergenceWarning)
        remarks = json.loads(tk.fit(toy.dataset(SCORE), model, seed=1).attrs["remarks"])
    assert any("hardly tell floor" in remark for remark in remarks)
    assert any("Of start and noise_sd the data tell mainly" in remark for remark in remarks)
