"""``dose``: known answers, answers that are none, and the closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

import toolkit as tk
from tests.toolkit.forecast.made import TEXT, counts_from, fit_of
from toolkit import theory
from toolkit.forecast.closed_forms import closed_form
from toolkit.forecast.dose_search import Curve, crossing, explore

_PROBS = [0.8, 0.1, 0.1]
_QUICK: dict[str, Any] = {"num_draws": 200, "horizon": 10}


@pytest.fixture(scope="module")
def fit() -> xr.DataTree:
    data = counts_from(_PROBS, 200)
    return fit_of("text_drift", data, {**TEXT, "effective_batch_size": 1e9, "injection_prob": 1.0})


def test_without_chance_the_dose_is_that_of_the_recursion(fit: xr.DataTree) -> None:
    """P - u shrinks by (1 - eps) in each generation: H after ten is known exactly."""
    away = np.sum((np.asarray(_PROBS) - 1 / 3) ** 2)
    exact = 1 - ((2 / 3 - 0.5) / away) ** (1 / 20)
    found = tk.dose(fit, target=0.5, **_QUICK)
    assert exact <= float(found.dose_answer) <= exact * 10 ** (1.5 / 64)
    assert float(found.dose_low) <= exact * 1.04
    assert float(found.dose_low) <= float(found.dose_answer) <= float(found.dose_high)
    assert float(found.probability_kept.sel(dose=found.dose_answer)) >= 0.9
    assert "keeps text_diversity at least 0.5 after 10 generations" in found.attrs["answer"]
    # Throughout is more than nothing can do: the first generation comes too soon.
    strict = tk.dose(fit, target=0.6, throughout=True, **_QUICK)
    first = 1 - np.sqrt((2 / 3 - 0.6) / away)
    assert first <= float(strict.dose_answer) <= first * 1.04


def test_the_same_loop_with_chance_needs_more(fit: xr.DataTree) -> None:
    small = {"effective_batch_size": 100}
    sure = tk.dose(fit, target=0.5, **_QUICK)
    unsure = tk.dose(fit, target=0.5, given=small, **_QUICK)
    # More draws: with 200 the median's dose has a standard error of a tenth of itself.
    many = {**_QUICK, "num_draws": 2000}
    even = tk.dose(fit, target=0.5, given=small, probability=0.5, **many)
    assert float(unsure.dose_answer) > 1.1 * float(sure.dose_answer)
    assert abs(float(even.dose_answer) / float(sure.dose_answer) - 1) < 0.15
    kept = unsure.probability_kept
    np.testing.assert_allclose(unsure.standard_error, np.sqrt(kept * (1 - kept) / 200))
    # The same random numbers under every dose: the curve never falls by much.
    assert (np.diff(kept) > -0.03).all()
    again = tk.dose(fit, target=0.5, given=small, **_QUICK)
    xr.testing.assert_identical(again, unsure)


def test_no_dose_is_needed_and_no_dose_does_it(fit: xr.DataTree) -> None:
    none = tk.dose(fit, target=0.3, **_QUICK)
    assert float(none.dose_answer) == 0
    assert none.attrs["answer"].startswith("No dose is needed")
    impossible = tk.dose(fit, target=0.67, **_QUICK)
    assert np.isnan(impossible.dose_answer)
    assert impossible.attrs["answer"].startswith("No injection_fraction up to 1 keeps")
    assert np.isinf(impossible.closed_form).all()


def test_real_images_are_whole_and_replace_those_fitted() -> None:
    images = np.random.default_rng(31).normal(size=(2, 4, 2, 2, 40))
    data = xr.Dataset(
        {
            "text_probs": (tk.labels.dims("text_probs"), np.full((2, 4, 2), 0.5)),
            "image_mean": (tk.labels.dims("image_mean"), images.mean(axis=-1)),
            "image_cov": (tk.labels.dims("image_cov"), images @ np.swapaxes(images, -1, -2) / 40),
        }
    )
    posterior = {"effective_batch_size": 60.0, "shrinkage_factor": 1.0, "real_share": 0.0}
    fit = fit_of("image_contraction", data, posterior, draws=200)
    # A distance is kept by staying below.
    found = tk.dose(
        fit, variable="image_fidelity_squared", vary="num_user_images", target=0.2, **_QUICK
    )
    amount = float(found.dose_answer)
    assert amount == round(amount)
    assert 1 <= amount <= 60
    kept = found.probability_kept
    assert float(kept.sel(dose=amount)) >= 0.9 > float(kept.sel(dose=amount - 1))
    assert float(found.probability_as_fitted) == pytest.approx(float(kept.sel(dose=0)), abs=0.1)
    assert "image_fidelity_squared at most 0.2" in found.attrs["answer"]
    assert found.closed_form.attrs["theorem"] == "user_content_smallest_user_images"
    assert float(found.closed_form[1]) <= amount


def test_closed_forms_invert_the_stationary_means() -> None:
    params = {
        "batch_size": np.array([500.0, 1000.0]),
        "injection_prob": np.array([0.2, 0.001]),
        "injection_fraction": np.array([0.1, 0.1]),
        "corpus": np.full((2, 4), 0.25),
        "text_probs": np.array([[0.5, 0.5]] * 2),
        "reference_cov": np.broadcast_to(np.eye(2), (2, 2, 2, 2)),
    }
    for vary in ("injection_fraction", "injection_prob"):
        name, found = closed_form(vary, "text_diversity", 0.6, params) or ("", np.zeros(2))
        values = {n: float(params[n][0]) for n in ("injection_prob", "injection_fraction")}
        level = theory.number(
            "corpus_injection_stationary_before",
            batch_size=500,
            text_updates=1,
            target_diversity=0.75,
            **(values | {vary: float(found[0])}),
        )
        assert level == pytest.approx(0.6, rel=1e-9), name
    assert np.isinf(
        (closed_form("injection_fraction", "text_diversity", 0.6, params) or ("", []))[1][1]
    )
    _, images = closed_form("num_user_images", "image_fidelity_squared", 0.05, params) or ("", [])
    for number, at_most in ((images[0], True), (images[0] - 1, False)):
        level = theory.number(
            "user_content_fidelity",
            image_count=250,
            user_images=number,
            image_variance=2.0,
        )
        assert (level <= 0.05) == at_most
    assert closed_form("num_user_images", "image_total_sd", 1.0, params) is None


def test_where_a_curve_crosses() -> None:
    curve = explore(lambda dose: dose**0.5, 0.3, most=1.0, whole=False)
    answer = crossing(curve, 0.3, exact=True)
    assert 0.09 <= answer <= 0.09 * 10 ** (1.5 / 64)
    assert (np.diff(curve.dose) > 0).all()
    whole = explore(lambda dose: float(dose >= 37), 0.5, most=250.0, whole=True)
    assert crossing(whole, 0.5, exact=True) == 37
    assert whole.dose[-1] == 250
    assert np.isnan(crossing(Curve(np.array([0.0, 1.0]), np.array([0.1, 0.2])), 0.5))


def test_mistakes(fit: xr.DataTree) -> None:
    for changed, message in (
        ({"vary": "floor"}, "vary must be injection_fraction or injection_prob for a fit of text"),
        ({"vary": "num_user_images"}, "vary must be injection_fraction or"),
        ({"variable": "image_diversity"}, "says nothing of 'image_diversity'"),
        ({"variable": "text_probs"}, "choose another"),
        ({"probability": 1.0}, "probability must be below 1"),
        ({"horizon": 0}, "horizon must be"),
        ({"target": np.nan}, "target must be a finite number, not nan"),
        ({"target": "half"}, "target must be a finite number, not 'half'"),
        ({"target": 70}, r"target is 70, but text_diversity lies within \[0, 1\]; give a level"),
        ({"horizon": 10**9}, "horizon is 1000000000, too far to be computed; give at most"),
        ({"given": {"injection_fraction": 0.1}}, "leave it out of given"),
    ):
        with pytest.raises(ValueError, match=message):
            tk.dose(fit, **({"target": 0.5} | _QUICK | changed))
