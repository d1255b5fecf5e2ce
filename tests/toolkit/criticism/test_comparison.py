"""Models compared by what they predict of replicates that were left out."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpyro.distributions as dist
import pytest
import xarray as xr
from scipy import optimize, stats

import toolkit as tk
from tests.toolkit.inference import toy
from toolkit import labels
from toolkit.criticism import refits
from toolkit.criticism.folds import Folds, plan, summed
from toolkit.criticism.judging import result_of
from toolkit.criticism.variants import VARIANTS, Variant, variants_of
from toolkit.inference.priors import merged_priors
from toolkit.models import MODELS, model_of

#: One replicate is apart, so that what is left out is predicted clearly worse than what is seen.
SCORE = np.random.default_rng(5).normal(3, toy.NOISE_SD, (5, 6)) + 0.7 * np.eye(5)[:, :1]
SETTINGS: dict[str, Any] = {"num_chains": 2, "num_draws": 2000}
#: Of a log predictive density from 4000 draws: its Monte Carlo error is about .02.
CLOSE = 0.08


def left_out(score: np.ndarray) -> np.ndarray:
    """Log predictive density of each replicate given the others, in closed form."""
    found = []
    for replicate in range(len(score)):
        mean, sd = toy.exact(np.delete(score, replicate, axis=0))
        y = score[replicate, 1:]
        cov = np.full((len(y), len(y)), sd**2) + toy.NOISE_SD**2 * np.eye(len(y))
        found.append(stats.multivariate_normal.logpdf(y, np.full(len(y), mean), cov))
    return np.array(found)


@pytest.fixture(scope="module")
def compared() -> xr.Dataset:
    """Importance sampling only."""
    return tk.compare_models(
        data=toy.dataset(SCORE),
        model=toy.MODEL,
        seed=1,
        variants={"floor 1": {"floor": 1.0}},
        refit="never",
        **SETTINGS,
    )


def test_importance_sampling_is_the_closed_form(compared: xr.Dataset) -> None:
    exact = left_out(SCORE)
    found = compared.elpd_of_fold.sel(variant="all causes").values
    assert np.abs(found - exact).max() < CLOSE
    # What was not left out is predicted better by far more than that.
    mean, sd = toy.exact(SCORE)
    y = SCORE[:, 1:]
    cov = np.full((5, 5), sd**2) + toy.NOISE_SD**2 * np.eye(5)
    seen = [stats.multivariate_normal.logpdf(row, np.full(5, mean), cov) for row in y]
    assert np.abs(np.array(seen) - exact).max() > 5 * CLOSE


def test_refits_are_the_closed_form() -> None:
    evidence = toy.MODEL.prepare(toy.dataset(SCORE))
    priors = merged_priors(toy.MODEL, evidence, {})
    folds = Folds(np.arange(5), np.array([], int))
    which = [0, 3]
    found = refits.held_out(toy.MODEL, evidence, priors, folds, which, seed=2, num_draws=2000)
    assert np.abs(found.elpd - left_out(SCORE)[which]).max() < CLOSE
    assert found.bad == ()


def test_a_known_parameter_has_its_own_density(compared: xr.Dataset) -> None:
    found = compared.elpd_of_fold.sel(variant="floor 1")
    exact = stats.norm.logpdf(SCORE[:, 1:], 1.0, toy.NOISE_SD).sum(axis=1)
    np.testing.assert_allclose(found, exact, rtol=1e-10)


def test_a_needed_parameter_is_told(compared: xr.Dataset) -> None:
    assert compared.attrs["reference"] == "all causes"
    assert "predicts worse than 'all causes'" in compared.attrs["answer"]
    assert float(compared.stacking_weight.sel(variant="all causes")) > 0.99
    assert "rest on 5 replicates" in compared.attrs["warnings"]
    table = tk.comparison_table(compared)
    assert list(table.index) == ["all causes", "floor 1"]


def test_fits_are_compared_as_they_are(compared: xr.Dataset) -> None:
    data = toy.dataset(SCORE)
    fits = {
        name: tk.fit(data, toy.MODEL, seed=1, **SETTINGS, **given)
        for name, given in {"free": {}, "known": {"floor": 1.0}}.items()
    }
    found = tk.compare_models(fits)
    assert found.attrs["reference"] == "free"
    np.testing.assert_allclose(found.elpd, compared.elpd, rtol=1e-12)
    other = tk.fit(toy.dataset(SCORE + 1), toy.MODEL, seed=1, **SETTINGS)
    with pytest.raises(ValueError, match="not of the same observed data"):
        tk.compare_models({"free": fits["free"], "other": other})


def test_terms_in_one_row_are_summed_alike() -> None:
    rng = np.random.default_rng(1)
    terms = xr.DataArray(
        rng.normal(size=(2, 3, 4, 5)),
        dims=("chain", "draw", "replicate", "generation"),
        coords={"replicate": [3, 5, 7, 9], "generation": np.arange(1, 6)},
    )
    whole = terms.to_dataset(name="score")
    stacked = terms.stack(place=("replicate", "generation"))
    row = xr.DataArray(
        stacked.values,
        dims=("chain", "draw", "observation"),
        coords={
            name: ("observation", stacked[name].values) for name in ("replicate", "generation")
        },
    ).to_dataset(name="score")
    for one in (whole, row):
        folds = plan(one)
        assert folds.number == 4
        np.testing.assert_allclose(
            summed(one, folds), terms.sum("generation").values, rtol=1e-12, atol=1e-12
        )


def test_few_replicates_are_cut_into_blocks() -> None:
    found = tk.compare_models(
        data=toy.dataset(SCORE[:1, :].repeat(4, axis=1)),
        model=toy.MODEL,
        seed=1,
        variants={"floor 1": {"floor": 1.0}},
        **SETTINGS,
    )
    assert found.sizes["fold"] == 10
    assert found.attrs["left_out"] == "block of transitions"
    assert "replicates are fewer than 4 (1): blocks" in found.attrs["warnings"]
    whole = found.elpd_of_fold.sel(variant="floor 1").sum()
    exact = stats.norm.logpdf(SCORE[0].repeat(4)[None, 1:], 1.0, toy.NOISE_SD).sum()
    # All terms are in some block, and in one only.
    tiled = stats.norm.logpdf(SCORE[:1].repeat(4, axis=1)[:, 1:], 1.0, toy.NOISE_SD).sum()
    np.testing.assert_allclose(whole, tiled, rtol=1e-10)
    assert np.isclose(exact, tiled)


def _judged(elpd: list[float]) -> Any:
    from toolkit.criticism.judging import Judged

    values = np.asarray(elpd)
    return Judged(values, np.full(len(values), 0.1), 0.7, np.zeros(len(values), bool), ())


def test_stacking_is_the_optimum_of_the_mixture() -> None:
    # Far below where exp() would underflow.
    first, second = [-900.0, -905.0, -903.0, -899.0], [-902.0, -902.0, -904.0, -901.0]
    folds = Folds(np.arange(4), np.array([], int))
    variants = [Variant("first", "", {}), Variant("second", "", {})]
    judged = {"first": _judged(first), "second": _judged(second)}
    found = result_of(judged, folds, variants, None, {})
    apart = np.array(second) - np.array(first)

    def loss(weight: float) -> float:
        return -float(np.log(weight + (1 - weight) * np.exp(apart)).sum())

    best = optimize.minimize_scalar(loss, bounds=(0, 1), method="bounded").x
    assert float(found.stacking_weight[0]) == pytest.approx(best, abs=1e-3)


@pytest.mark.parametrize(
    ("apart", "words"),
    [
        ([-20.0, -21.0, -19.0, -20.0, -20.0], "is needed"),
        ([-60.0, 5.0, 5.0, 5.0, 5.0], "cannot tell"),  # one replicate alone says so
        ([-0.7, -0.7, -0.7, -0.7, -0.71], "cannot tell"),  # sure, and too small to matter
        ([20.0, 21.0, 19.0, 20.0, 20.0], "predicts better"),
    ],
)
def test_what_is_told(apart: list[float], words: str) -> None:
    folds = Folds(np.arange(5), np.array([], int))
    variants = [Variant("all causes", "", {}), Variant("no injection", "injection", {})]
    judged = {"all causes": _judged([0.0] * 5), "no injection": _judged(apart)}
    found = result_of(judged, folds, variants, "all causes", {})
    assert words in found.attrs["answer"]
    assert ("cannot tell" in found.attrs["warnings"]) == (words == "cannot tell")
    for name, array in found.data_vars.items():
        assert array.dims == labels.CRITICISM[str(name)].dims


def test_untrusted_weights_are_told() -> None:
    folds = Folds(np.arange(5), np.array([], int))
    one = _judged([0.0] * 5)._replace(pareto_k=np.array([0.1, 0.2, 0.9, 0.1, 0.8]))
    variants = [Variant("a", "", {}), Variant("b", "", {})]
    found = result_of({"a": one, "b": _judged([-9.0] * 5)}, folds, variants, None, {})
    assert any("2 of 5 folds" in words for words in json.loads(found.attrs["warnings"]))


def test_mistakes_are_told() -> None:
    with pytest.raises(ValueError, match="either fits"):
        tk.compare_models()
    with pytest.raises(ValueError, match="give model= and seed="):
        tk.compare_models(data=toy.dataset(SCORE))
    with pytest.raises(ValueError, match="refit must be"):
        tk.compare_models({}, refit="often")
    with pytest.raises(ValueError, match="needs the data"):
        tk.compare_models({}, refit="always")
    with pytest.raises(ValueError, match="two fits or more"):
        tk.compare_models({})
    with pytest.raises(ValueError, match="no variant"):
        tk.compare_models(data=toy.dataset(SCORE), model=toy.MODEL, seed=1)
    short = xr.DataArray(np.zeros((1, 1, 2, 3)), dims=("chain", "draw", "replicate", "generation"))
    with pytest.raises(ValueError, match="too few to leave any out"):
        plan(short.to_dataset(name="score"))


def test_every_model_has_variants_that_it_takes() -> None:
    assert set(VARIANTS) == set(MODELS)
    for name, variants in VARIANTS.items():
        model = model_of(name)
        for variant in variants:
            assert set(variant.given) <= {*model.parameters, *model.options}


def test_what_is_fixed_is_not_switched_off_again() -> None:
    priors = dict.fromkeys(("text_temperature", "injection_prob", "injection_fraction"))
    names = [one.name for one in variants_of("text_drift", {"text_temperature": 1.0}, priors)]
    assert names == ["all causes", "no injection"]
    given = {"text_temperature": dist.LogNormal(0.0, 0.1)}
    assert len(variants_of("text_drift", given, priors)) == 4


def test_what_is_impossible_is_told_without_a_fit() -> None:
    """A lost text comes back in one replicate: nothing but an injection brings it."""
    probs = np.array([[[0.5, 0.5], [0.0, 1.0], [0.1, 0.9]], [[0.5, 0.5], [0.4, 0.6], [0.3, 0.7]]])
    data = xr.Dataset(
        {labels.TEXT_PROBS: (labels.dims(labels.TEXT_PROBS), probs)},
        coords={"generation": [0, 1, 2]},
    )
    model = model_of("text_drift")
    evidence = model.prepare(data, batch_size=10, likelihood="counts")
    folds = Folds(np.arange(2), np.array([], int))
    without = {"injection_prob": 0.0, "injection_fraction": 0.5}
    never = refits.impossible(model, evidence, merged_priors(model, evidence, without), folds)
    assert never.tolist() == [True, False]
    free = refits.impossible(model, evidence, merged_priors(model, evidence, {}), folds)
    assert not free.any()
    judged = {"all causes": _judged([-3.0, -4.0]), "no injection": _judged([-np.inf, 0.0])}
    variants = [Variant("all causes", "", {}), Variant("no injection", "injection", {})]
    found = result_of(judged, folds, variants, "all causes", {})
    assert "the data are impossible: injection is needed" in found.attrs["answer"]
    assert found.stacking_weight.values.tolist() == [1.0, 0.0]
    with pytest.raises(ValueError, match="under the reference the data are impossible"):
        result_of(judged, folds, variants, "no injection", {})
