"""Every study from end to end at tiny sizes: its data, its figure, its finding, its verdicts."""

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import studies.demo
from studies import (
    _collapse,
    _policies,
    _study,
    corpus_injection,
    data_policies,
    digits,
    digits_fit,
    fidelity,
    gaussian_collapse,
    generalisation_bound,
    image_contraction,
    least_squares,
    matthew_effect,
    network_of_models,
    recursive_stability,
    retraining_stability,
    text_collapse,
    update_frequency,
    user_content,
)
from studies._study import CAVEAT, FAILS, HOLDS, OUTCOMES, Result, Verdict
from toolkit import labels
from toolkit.theory import image_rates, number

Run = Callable[[str], Result]

TINY: dict[str, dict[str, Any]] = {
    "causes": {
        "generations": 12,
        "replicates": 2,
        "num_texts": 3,
        "loops": ("shrinkage",),
        "num_draws": 200,
    },
    "recover_rates": {
        "generations": (10,),
        "replicates": (1, 3),
        "num_datasets": 4,
        "num_draws": 200,
    },
    "least_squares": {"batch_size": 50, "generations": 50, "num_datasets": 30, "fits": ()},
    "calibration": {
        "models": ("retraining",),
        "own": 20,
        "mistaken": 20,
        "simulated": 20,
        "num_warmup": 100,
        "num_draws": 198,
        "all_designs": False,
    },
    "text_collapse": {
        "variances": (0.01, 10.0),
        "batch_size": 100,
        "generations": 60,
        "replicates": 20,
        "one_step_generations": 5,
        "one_step_replicates": 10,
        "rate_every": 20,
    },
    "image_contraction": {
        "text_probs": (0.1, 0.9),
        "batch_size": 200,
        "generations": 160,
        "replicates": 10,
        "tilted_replicates": 500,
    },
    "update_frequency": {
        "image_updates": (0, 1),
        "batch_size": 100,
        "generations": 60,
        "replicates": 30,
    },
    "corpus_injection": {
        "fractions": (0.0, 0.2),
        "overlapping_fraction": 0.2,
        "batch_size": 50,
        "generations": 80,
        "relaxations": 2.0,
        "replicates": 30,
        "new_text_replicates": 10,
    },
    "digits": {
        "num_features": 4,
        "user_images": 10,
        "generations": 100,
        "every": 10,
        "replicates": 8,
        "frozen_replicates": 60,
        "pictures_at": (0, 100),
    },
    "digits_fit": {
        "digits": (0, 1, 2),
        "parts": ("images",),
        "num_features": 2,
        "batch_size": 150,
        "generations": 30,
        "replicates": 6,
        "num_draws": 100,
        "image_target": 0.6,
        "horizon": 20,
        "dose_draws": 100,
        "checks": 3,
    },
    "fidelity": {"counts": (8, 20), "longest": 6, "replicates": 200},
    "misspecification": {
        "models": ("retraining",),
        "num_datasets": 12,
        "num_warmup": 100,
        "num_draws": 150,
    },
    "monitoring": {
        "models": ("diversity_decay",),
        "num_datasets": 40,
        "checkpoints": (10, 40),
        "num_draws": 200,
    },
    "gaussian_collapse": {
        "counts": (10,),
        "generations": 60,
        "replicates": 200,
        "ratios": (4,),
        "mode_counts": (100,),
        "mode_generations": 60,
        "mode_replicates": 4,
    },
    "data_policies": {
        "families": (data_policies.GAUSSIAN,),
        "generations": 40,
        "replicates": 400,
        "weighed": ("linear regression",),
        "fresh_shares": (1.0,),
        "ratios": (1.0,),
        "growths": (1.0, 2.0),
        "sweep_replicates": 400,
        "schedule_generations": 40,
    },
    "user_content": {"doses": ((30, 5),), "generations": 60, "replicates": 100},
    "retraining_stability": {
        "ratios": (0.3, 3.0),
        "point_ratios": (),
        "em_ratios": (),
        "generations": 20,
        "replicates": 6,
        "temperatures": (1.3, 1.7),
        "curated_ratios": (2.5,),
        "bandwidths": (),
        "few_steps": (),
        "points": 500,
        "many_replicates": 10_000,
    },
    "recursive_stability": {
        "sizes": (20,),
        "shares": (0.0, 0.2),
        "generations": 4,
        "replicates": 2000,
        "kinds": ("Gaussian, variance fitted",),
        "family_size": 20,
        "family_generations": 2,
        "pairs": 64,
        "kernel_pairs": 64,
        "candidates": 1,
        "typical": 1,
        "growing_kinds": ("kernel, narrow",),
        "growing_sizes": (10, 40),
        "text_replicates": 32,
    },
    "generalisation_bound": {
        "random_systems": 21,
        "random_generations": 6,
        "summed": 1,
        "kinds": ("categorical",),
        "shares": (0.0, 0.5),
        "size": 40,
        "generations": 3,
        "replicates": 64,
        "candidates": 1,
        "growing_kind": "categorical",
        "growing_sizes": (40, 160),
        "growing_generations": 3,
    },
    "network_of_models": {
        "num_models": 3,
        "graphs": ("alone", "star"),
        "ratios": (1.0,),
        "generations": 20,
        "replicates": 300,
        "closed_generations": 40,
        "closed_replicates": 200,
    },
    "in_context": {
        "num_inputs": 4,
        "context": 8,
        "long": 64,
        "lengths": (8, 64),
        "softmax_lengths": (8,),
        "closed_lengths": (64, 256),
        "num_seeds": 2,
        "steps": 150,
        "softmax_steps": 60,
        "softmax_batch_size": 32,
        "tasks": 2000,
        "real": (2,),
        "growth_generations": 4,
        "growth_replicates": 200,
        "paths": (2,),
        "generations": 8,
        "replicates": 500,
        "late_real": (0, 4),
        "late_replicates": 50,
        "shares": (0.5,),
    },
    "synthetic_size": {
        "num_inputs": 4,
        "context": 12,
        "short": 3,
        "num_seeds": 2,
        "steps": 150,
        "softmax_steps": 60,
        "softmax_batch_size": 32,
        "real": (4, 16),
        "shown": (4, 16),
        "sizes": (4,),
        "softmax_real": (4,),
        "softmax_sizes": (4,),
        "ratios": (1.0,),
        "replicates": 2000,
        "softmax_replicates": 100,
    },
    "matthew_effect": {
        "num_features": (1,),
        "shares_of_rule": (0.25, 1.5, 20.0),
        "batch_size": 100,
        "updates": 8000,
        "coupled_batch_size": 50,
        "generations": 300,
        "replicates": 40,
    },
}
#: Fits, forecasts and doses: mostly compiling.
SLOW = ("digits", "digits_fit", "monitoring")


@pytest.fixture(scope="module")
def results() -> Run:
    """Results by study, each run once."""
    made: dict[str, _study.Result] = {}

    def result(name: str) -> Result:
        if name not in made:
            module = _study.load(name)
            made[name] = module.run(_study.configuration(module, **TINY[name]))
        return made[name]

    return result


def verdict(result: Result, words: str) -> Verdict:
    (found,) = [one for claim, one in result.verdicts.items() if words in claim]
    return found


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow if n in SLOW else ()) for n in _study.names()],
)
def test_a_study_gives_data_figure_finding_and_verdicts(results: Run, name: str) -> None:
    result = results(name)
    assert len(re.findall(r"\d+(?:\.\d+)?", result.finding)) >= 5
    assert "nan" not in result.finding
    assert len(result.verdicts) >= 3
    for one in result.verdicts.values():
        assert one.outcome in OUTCOMES
        assert one.because.endswith(".")
        assert "nan" not in one.because
    for ax in result.figure.axes:
        assert ax.get_xlabel()
        assert ax.get_ylabel()
        assert ax.get_title(loc="left")
        assert ax.get_lines() or ax.get_images()
    assert not result.data.to_dataset().coords


def test_text_collapse_reports_the_exact_confusion(results: Run) -> None:
    result = results("text_collapse")
    assert "variance 0.01: 1-C = 1.00000" in result.finding
    assert "variance 10: 1-C = 0.02441" in result.finding
    assert verdict(result, "Corollary 3.2").outcome == HOLDS
    assert verdict(result, "every step").outcome == HOLDS
    assert verdict(result, "A larger covariance").outcome == HOLDS


def test_text_collapse_sees_a_wrong_one_step_law(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict can fail: steps predicted five times as long as they are."""

    def wrong(system_or_dataset: Any, **same: Any) -> xr.Dataset:
        predicted = right(system_or_dataset, **same)
        if labels.REPLICATE in predicted.dims:
            diversity = system_or_dataset[labels.TEXT_DIVERSITY]
            before = diversity.shift(generation=1).sel(generation=predicted[labels.GENERATION])
            own = predicted[labels.PREDICTED]
            predicted[labels.PREDICTED] = (
                (before + 5 * (own - before)).fillna(own).transpose(*own.dims)
            )
        return predicted

    right = text_collapse.predict
    monkeypatch.setattr(text_collapse, "predict", wrong)
    tiny = TINY["text_collapse"] | {"variances": (0.01,)}
    config = _study.configuration(text_collapse, **tiny)
    assert verdict(text_collapse.run(config), "every step").outcome == FAILS


def test_image_contraction_finds_no_round_off(results: Run) -> None:
    result = results("image_contraction")
    assert verdict(result, "round-off").outcome == FAILS
    assert verdict(result, "from both sides").outcome == HOLDS
    true = result.data["true_mean/image_diversity"].sel(text=0)
    rate = float(np.log(true[-1] / true[80]) / 80)
    exact = float(np.log(result.data["rates/exact_rate"].sel(text=0)))
    caption = float(np.log(result.data["rates/caption_rate"].sel(text=0)))
    assert abs(rate - exact) < 0.2 * abs(rate - caption)


def test_image_contraction_stores_the_rates_of_theory(results: Run) -> None:
    config = _study.configuration(image_contraction, **TINY["image_contraction"])
    system = image_contraction.CoevolvingSystem.on_unit_circle(
        num_texts=2,
        text_probs=config.text_probs,
        variance=1.0,
        batch_size=config.batch_size,
        text_updates=0,
    )
    stored = results("image_contraction").data["rates"].to_dataset()
    assert stored.equals(image_rates(system))


def test_update_frequency_measures_the_acceleration(results: Run) -> None:
    result = results("update_frequency")
    assert verdict(result, "Corollary 3.2").outcome == HOLDS
    ends = [
        float(result.data[f"image_updates_{n}/simulated/text_diversity"][:, -1].mean())
        for n in (0, 1)
    ]
    assert ends[1] < ends[0]
    assert f"{ends[0]:.3f}" in result.finding
    assert not any("earlier" in claim for claim in result.verdicts)


def test_update_frequency_compares_only_the_same_system_with_the_reference() -> None:
    changed = dataclasses.replace(update_frequency.CONFIG, batch_size=500)
    assert update_frequency._reference_scores(changed, []) == []


def test_corpus_injection_meets_the_exact_stationary_values(results: Run) -> None:
    result = results("corpus_injection")
    for words in ("fixed_corpus", "new_text)"):
        assert verdict(result, words).outcome == HOLDS
    exact = number(
        "corpus_injection_stationary_before",
        batch_size=50,
        text_updates=1,
        injection_prob=0.05,
        injection_fraction=0.2,
        target_diversity=0.8,
    )
    assert f"stationary {exact:.3f}" in result.finding
    assert verdict(result, "capacity").outcome == HOLDS


def test_corpus_injection_knows_the_best_fraction() -> None:
    best, value = corpus_injection._best(corpus_injection.CONFIG)
    fractions = np.linspace(0.01, 0.9, 2000)
    kept = corpus_injection._stationary(corpus_injection.CONFIG, "new_text", fractions)
    assert abs(fractions[np.argmax(kept)] - best) < 1e-3
    assert abs(kept.max() - value) < 1e-6


def test_demo_ends_with_verdicts_and_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(studies.demo, "_GENERATIONS", 5)
    monkeypatch.setattr(studies.demo, "_REPLICATES", 3)
    monkeypatch.setattr(text_collapse, "QUICK", TINY["text_collapse"])
    for _ in range(2):  # the second run replaces the first
        status = studies.demo.main(["--out", str(tmp_path), "--only", "text_collapse"])
        assert status == 0
    out = capsys.readouterr().out
    assert "text_diversity_lower_bound" in out
    assert "Corollary 3.2" in out
    lines = out.strip().splitlines()
    assert lines[-2:] == [f"  {tmp_path / 'coevolving.png'}", f"  {tmp_path / 'text_collapse.png'}"]
    assert (tmp_path / "coevolving.nc").stat().st_size > 0
    assert studies.demo.main(["--out", str(tmp_path), "--only", "nonsense"]) == 2
    assert "no study is called 'nonsense'" in capsys.readouterr().err


def test_least_squares_is_sure_of_wrong_rates(results: Run) -> None:
    result = results("least_squares")
    assert verdict(result, "unbiased (injected loop)").outcome == FAILS
    assert verdict(result, "intervals of least squares cover").outcome == FAILS
    estimates = result.data["injected/estimates"].to_dataset()
    # alpha eps (2 - eps) = 0.0195 of the diversity's distance to the corpus is closed, 1/50 lost.
    assert estimates.attrs["true_rate"] == pytest.approx(-np.log(0.98 * 0.9805))
    assert estimates.attrs["true_end"] == pytest.approx(0.8 * 0.98 * 0.0195 / (1 - 0.98 * 0.9805))
    assert result.data["closed/estimates"].attrs["true_rate"] == pytest.approx(-np.log(0.98))


def test_least_squares_finds_the_rate_of_an_exponential() -> None:
    """Where the average is one, the line is right: it is the loop that makes it wrong."""
    rng = np.random.default_rng(1)
    generation = np.arange(60)
    curves = 0.8 * np.exp(-0.02 * generation + 0.01 * rng.normal(size=(200, 60)))
    low, middle, high = np.moveaxis(least_squares._lines(curves)[:, 0], -1, 0)
    assert middle.mean() == pytest.approx(0.02, rel=0.01)
    # 180 of 200 intervals cover on average; a chance below 1e-6 to leave these bounds.
    assert 155 < np.sum((low < 0.02) & (high > 0.02)) < 198


@pytest.mark.slow
def test_fits_know_what_they_do_not_know() -> None:
    """On data where least squares covers hardly ever, both models cover mostly."""
    sizes = {"num_datasets": 20, "generations": 60, "num_draws": 200, "num_warmup": 200}
    config = _study.configuration(least_squares, **sizes)
    result = least_squares.run(config)
    for loop, true in (("closed", 1 / 100), ("injected", 0.0297)):
        rates = result.data[f"{loop}/estimates/decay_rate"]
        covers = ((rates[..., 0] < true) & (true < rates[..., 2])).mean("dataset")
        assert float(covers.sel(method="least squares")) < 0.6
        assert float(covers.sel(method="text_drift")) > 0.6


def test_user_content_meets_its_closed_forms(results: Run) -> None:
    result = results("user_content")
    for words in ("closed form, fixed counts", "exact means for random counts", "collapsing"):
        assert verdict(result, words).outcome == HOLDS
    values = {"image_count": 30, "user_images": 5, "image_variance": 2, "ddof": 1}
    exact = number("user_content_stationary_trace", shrinkage_factor=1, **values)
    assert f"({exact:.3f})" in result.finding


def test_user_content_sees_a_wrong_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict can fail: simulated with more user images than it says."""
    right = user_content.UserContent
    monkeypatch.setattr(user_content, "UserContent", lambda num_images: right(num_images=10))
    config = _study.configuration(user_content, **TINY["user_content"])
    late = user_content._case(config, 30, 5).late[user_content.DRIFT]
    promised = user_content._closed_form(config, user_content.DRIFT, 30, 5)
    off = late._replace(predicted=np.array([promised]))
    assert float(off.score(config.replicates)[0]) > user_content.CRITICAL


def test_matthew_effect_finds_the_least_factor(results: Run) -> None:
    result = results("matthew_effect")
    assert verdict(result, "rises with the probability").outcome == CAVEAT
    assert verdict(result, "(I9)").outcome == HOLDS
    assert verdict(result, "in the coupled loop").outcome == HOLDS
    count, factor = matthew_effect._lowest(matthew_effect.CONFIG, 1)
    assert count == pytest.approx(2.86, abs=0.02)
    assert factor == pytest.approx(0.9060, abs=1e-4)


def test_matthew_effect_sees_a_wrong_factor(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdicts can fail: the exact factor of half as many images."""
    right = matthew_effect._factor
    monkeypatch.setattr(
        matthew_effect, "_factor", lambda batch, count, least: right(batch, count / 2, least)
    )
    config = _study.configuration(matthew_effect, **TINY["matthew_effect"])
    result = matthew_effect.run(config)
    assert verdict(result, "(I9)").outcome == FAILS
    assert verdict(result, "in the coupled loop").outcome == FAILS


def test_fidelity_is_bounded_in_the_first_moment_alone(results: Run) -> None:
    result = results("fidelity")
    assert verdict(result, "Theorem 3.4").outcome == HOLDS
    assert verdict(result, "grows linearly").outcome == HOLDS
    assert verdict(result, "second moment, too").outcome == FAILS
    squared = result.data["comparison/predicted"].sel(result=fidelity.SQUARED, text=0)
    np.testing.assert_allclose(squared[-1], 60 * squared[2], rtol=1e-9)  # at 120 and 2


def test_fidelity_sees_a_wrong_second_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict can fail: predicted to grow half as fast again as it does."""

    def wrong(system: Any, **same: Any) -> xr.Dataset:
        predicted = right(system, **same)
        faster = predicted[labels.RESULT] == fidelity.SQUARED
        predicted[labels.PREDICTED] = predicted[labels.PREDICTED] * xr.where(faster, 1.5, 1)
        return predicted

    right = fidelity.predict
    monkeypatch.setattr(fidelity, "predict", wrong)
    config = _study.configuration(fidelity, **TINY["fidelity"])
    assert verdict(fidelity.run(config), "grows linearly").outcome == FAILS


@pytest.mark.slow
def test_digits_are_kept_by_real_images_and_texts_are_not(results: Run) -> None:
    result = results("digits")
    assert verdict(result, "Real images given back").outcome == HOLDS
    assert verdict(result, "closed forms for Gaussian user content").outcome == HOLDS
    assert verdict(result, "keep the texts, too").outcome == FAILS
    pictures = result.data["closed/pictures/brightness"]
    assert pictures.sizes == {"text": 10, "generation": 2, "image": 3, "pixel": 64}
    spread = pictures.std("image").mean(("text", "pixel"))
    assert spread[1] < 0.8 * spread[0]  # the images of a digit grow alike
    given_back = result.data["real_images/pictures/brightness"].std("image").mean(("text", "pixel"))
    assert given_back[1] > 0.8 * given_back[0]


@pytest.mark.slow
def test_digits_see_other_real_images_than_they_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict can fail: the closed form of twice as many user images."""
    config = _study.configuration(digits, **TINY["digits"])
    systems, real = digits._systems(config)
    right = digits.UserContent
    monkeypatch.setattr(digits, "UserContent", lambda num_images: right(num_images=2 * num_images))
    compared = digits._frozen(config, systems[digits.CONTENT], real)
    assert "disagrees" in compared.verdict.values


@pytest.mark.slow
def test_digits_fit_forecasts_and_finds_a_dose(results: Run) -> None:
    result = results("digits_fit")
    assert verdict(result, "better than that nothing changes").outcome == HOLDS
    assert verdict(result, "keeps its promise").outcome == HOLDS
    found = result.data["images/dose"]
    assert float(found["dose_answer"]) >= 1
    size = result.data["images/posterior/effective_batch_size"]
    assert abs(float(size.mean()) - 150) < 4 * float(size.std())


def test_digits_fit_says_when_a_promise_is_broken() -> None:
    config = dataclasses.replace(digits_fit.CONFIG, replicates=20, checks=10)
    part = digits_fit._Part("images", *[None] * 5, np.full(20, 0.8))  # type: ignore[arg-type]
    assert digits_fit._promise(config, part).outcome == FAILS
    kept = part._replace(kept=np.full(20, 0.88))
    assert digits_fit._promise(config, kept).outcome == HOLDS


def test_gaussian_collapse_is_as_fast_as_proposition_1_says(results: Run) -> None:
    result = results("gaussian_collapse")
    assert verdict(result, "Proposition 1").outcome == HOLDS
    assert verdict(result, "typical run collapses").outcome == FAILS
    assert verdict(result, "mean covariance collapses").outcome == FAILS
    assert verdict(result, "Real data kept").outcome == HOLDS
    assert verdict(result, "On a mix of true").outcome == HOLDS
    rate = -number("image_exact_rate", image_count=10, ddof=1, shrinkage_factor=1)
    assert f"n = 10: {rate:.5f}" in result.finding


def test_gaussian_collapse_sees_a_wrong_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdicts can fail: predicted for 4 samples instead of 10."""

    def wrong(system: Any, **same: Any) -> xr.Dataset:
        other = dataclasses.replace(system, num_generated=4)
        return right(other, **same).assign_attrs(system=system.to_json())

    right = _collapse.predict
    monkeypatch.setattr(_collapse, "predict", wrong)
    tiny = TINY["gaussian_collapse"] | {"ratios": (), "mode_counts": ()}
    config = _study.configuration(gaussian_collapse, **tiny)
    runs = gaussian_collapse._runs(config)
    (found,) = [
        one
        for claim, one in gaussian_collapse._proposition(config, runs).items()
        if "Proposition 1" in claim
    ]
    assert found.outcome == FAILS


def test_data_policies_end_where_theory_says(results: Run) -> None:
    result = results("data_policies")
    for words in ("pi^2/6", "golden", "every weight", "faster than", "drawn from all"):
        assert verdict(result, words).outcome == HOLDS
    assert verdict(result, "linearly without bound").outcome == CAVEAT
    assert verdict(result, "whatever the numbers").outcome == FAILS
    table = result.data["table"].to_dataset().sel(family=data_policies.GAUSSIAN)
    predicted = table.error_verdict.sel(policy=[*_policies.CLOSED[:5], _policies.INJECTED])
    assert set(predicted.values) == {"agrees"}
    error = table.error
    assert float(error.sel(policy="accumulate")) < float(error.sel(policy="budget: reservoir"))


def test_data_policies_see_other_weights_than_they_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict can fail: fresh data are given a tenth more weight than is said."""
    right = _policies.Fresh
    monkeypatch.setattr(
        _policies, "Fresh", lambda num_fresh, weight: right(num_fresh=num_fresh, weight=weight**0.8)
    )
    config = _study.configuration(data_policies, **TINY["data_policies"])
    (found,) = _policies.sweeps(config)
    assert data_policies._golden(found).outcome == FAILS


def test_retraining_is_stable_beyond_the_paper_condition(results: Run) -> None:
    result = results("retraining_stability")
    assert verdict(result, "below the paper's condition").outcome == HOLDS
    assert verdict(result, "needed for stability").outcome == FAILS
    assert verdict(result, "(R3')").outcome == HOLDS
    assert verdict(result, "FFHQ").outcome == CAVEAT
    lost = result.data["boundary"].to_dataset()
    assert bool((lost.observed[np.isnan(lost.predicted.values)] > 1).all())


def test_retraining_stability_sees_a_wrong_radius(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict can fail: a radius 1 % too large."""

    def wrong(system: Any, **same: Any) -> xr.Dataset:
        found = right(system, **same)
        return found.assign(spectral_radius=1.01 * found.spectral_radius)

    cases = retraining_stability.cases
    right = cases.stability
    config = _study.configuration(retraining_stability, **TINY["retraining_stability"])
    monkeypatch.setattr(cases, "stability", wrong)
    scores = [retraining_stability._score(claim) for claim in cases.claims(config)]
    assert min(scores) > retraining_stability.CRITICAL


def test_recursive_stability_meets_its_closed_forms(results: Run) -> None:
    result = results("recursive_stability")
    assert verdict(result, "Closed forms agree").outcome == HOLDS
    assert verdict(result, "why a loop survives").outcome == FAILS
    assert float(result.data["texts"].wasserstein_low[-1]) > 0


def test_recursive_stability_sees_a_wrong_closed_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict can fail: real data with a tenth more examples."""
    cases = recursive_stability.cases
    right = cases.predicted_stability

    def wrong(system: Any, **same: Any) -> xr.Dataset:
        return right(system.replace(num_real=system.num_real + 2), **same)

    monkeypatch.setattr(cases, "predicted_stability", wrong)
    tiny = TINY["recursive_stability"] | {"replicates": 20_000, "shares": (0.0,)}
    config = _study.configuration(recursive_stability, **tiny)
    apart = [np.abs(one.measured - one.predicted) / one.error for one in cases.grid(config)]
    assert np.max(apart) > recursive_stability.CRITICAL


def test_the_generalisation_bound_holds_and_is_loose(results: Run) -> None:
    result = results("generalisation_bound")
    assert verdict(result, "F1 bounds").outcome == HOLDS
    assert verdict(result, "(Theorem 1)").outcome == HOLDS
    assert verdict(result, "keeps the shift bounded").outcome == HOLDS
    assert result.data["random_loops"].sizes["loop"] >= 1000


def test_generalisation_bound_sees_a_broken_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict can fail: a bound that forgets the earlier generations."""
    cases = generalisation_bound.cases
    monkeypatch.setattr(cases, "shift_bound", lambda error, share, fits: error + 0 * fits)
    config = _study.configuration(generalisation_bound, **TINY["generalisation_bound"])
    assert cases.random_loops(config).ratio.max() > 1
    assert cases.attained(config) > 0.5


def test_networks_meet_their_theorems(results: Run) -> None:
    result = results("network_of_models")
    for words in ("least real data", "network_location_step", "consensus drifts"):
        assert verdict(result, words).outcome == HOLDS
    star = network_of_models.stationary_weights(network_of_models.graph("star", 3))
    np.testing.assert_allclose(star, [0.5, 0.25, 0.25], atol=1e-12)
    drift = result.data["star"].attrs["consensus_drift"]
    assert drift == pytest.approx(4 / 60 * (0.25 + 2 / 16))


def test_networks_see_another_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict can fail: the errors of models that stand alone."""
    config = _study.configuration(network_of_models, **TINY["network_of_models"])
    right = network_of_models.network_errors
    monkeypatch.setattr(
        network_of_models, "network_errors", lambda weights, *a, **b: right(np.eye(3), *a, **b)
    )
    assert network_of_models._errors(config, "star").worst > network_of_models.CRITICAL
