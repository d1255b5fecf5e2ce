"""Continuations by the kernel: closed forms, the same law as ``simulate``, one compilation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy import stats

import toolkit as tk
from tests.toolkit.forecast.made import DRAWS, TEXT, counts_from, fit_of
from toolkit.forecast import continue_loop, engine, forecast_variables, override_names
from toolkit.theory import number

#: A mean over independent paths may miss what is expected by so many standard errors.
_WIDE = 4.5
_PROBS = [0.5, 0.3, 0.2]


def texts(size: float = 200.0, replicates: int = 1, **posterior: Any) -> xr.DataTree:
    data = counts_from(_PROBS, 200, replicates=replicates)
    return fit_of("text_drift", data, {**TEXT, "effective_batch_size": size, **posterior})


def agree(values: np.ndarray, expected: float) -> None:
    error = values.std(ddof=1) / np.sqrt(len(values))
    assert abs(values.mean() - expected) < _WIDE * error, (values.mean(), expected, error)


def diversity(fit: xr.DataTree, generations: int = 20, **arguments: Any) -> np.ndarray:
    ahead = continue_loop(
        fit, generations=generations, variables="text_diversity", num_draws=DRAWS, **arguments
    )
    return ahead.values["text_diversity"][:, 0]


def test_drift_alone_is_the_exact_decay() -> None:
    start = 1 - np.sum(np.square(_PROBS))
    values = diversity(texts())
    for generation in (1, 20):
        agree(values[:, generation - 1], start * (1 - 1 / 200) ** generation)


def test_injection_follows_its_curve() -> None:
    values = diversity(texts(50.0, injection_prob=0.4, injection_fraction=0.2))
    known = {"batch_size": 50, "injection_prob": 0.4, "injection_fraction": 0.2, "text_updates": 1}
    start = {
        "initial_text_diversity": 1 - np.sum(np.square(_PROBS)),
        "initial_overlap": 1 / 3,
        "target_diversity": 2 / 3,
    }
    for generation in (1, 20):
        name = "corpus_injection_curve_before"
        agree(values[:, generation - 1], number(name, generations=generation, **start, **known))


def test_without_drift_sharpening_and_injection_nothing_moves() -> None:
    fit = texts(50.0, text_temperature=0.9, injection_prob=0.4)
    off = {"effective_batch_size": 1e12, "text_temperature": 1.0, "injection_prob": 0.0}
    ahead = continue_loop(fit, generations=20, variables="text_probs", overrides=off, num_draws=9)
    np.testing.assert_allclose(
        ahead.values["text_probs"], np.broadcast_to(_PROBS, (9, 1, 20, 3)), atol=2e-5
    )
    # Sharpening alone: p to the power (1/tau)^t, renormalised.
    off |= {"text_temperature": 0.9}
    ahead = continue_loop(fit, generations=20, variables="text_probs", overrides=off, num_draws=9)
    sharpened = np.asarray(_PROBS) ** (0.9**-20)
    expected = np.broadcast_to(sharpened / sharpened.sum(), (9, 1, 3))
    np.testing.assert_allclose(ahead.values["text_probs"][:, :, -1], expected, atol=2e-4)


def test_counts_are_sharpened_before_they_are_drawn_and_averages_after() -> None:
    fit = texts(200.0, text_temperature=0.5)
    whole = continue_loop(fit, generations=1, variables="text_probs", num_draws=50)
    on_counts = whole.values["text_probs"] * 200
    np.testing.assert_allclose(on_counts, np.round(on_counts), atol=1e-9)
    data = counts_from(_PROBS, 200)
    after = fit_of(
        "text_drift",
        data,
        {**TEXT, "effective_batch_size": 200.0, "text_temperature": 0.5},
        likelihood="moments",
    )
    ahead = continue_loop(after, generations=1, variables="text_probs", num_draws=50)
    root = np.sqrt(ahead.values["text_probs"])
    on_counts = root / root.sum(axis=-1, keepdims=True) * 200
    np.testing.assert_allclose(on_counts, np.round(on_counts), atol=1e-6)


@pytest.mark.parametrize("batch_size", [100, 300])
def test_overlapping_images_have_the_law_of_the_simulator(batch_size: int) -> None:
    """Below the number of images that are drawn exactly, above it in mean and variance."""
    system = tk.CoevolvingSystem.on_unit_circle(
        num_texts=3, variance=0.5, batch_size=batch_size, image_updates=0, text_probs=_PROBS
    )
    loop = tk.simulate(system, generations=12, replicates=1000, seed=3, progress=False)
    data = counts_from(_PROBS, 200).assign(
        {
            name: loop[name].isel(replicate=[0], generation=slice(4))
            for name in ("image_mean", "image_cov")
        }
    )
    posterior = {**TEXT, "effective_batch_size": float(batch_size)}
    fit = fit_of("text_drift", data, posterior, likelihood="moments")
    values = diversity(fit, 12)[:, -1]
    expected = loop.text_diversity.values[:, -1]
    difference = values.mean() - expected.mean()
    error = np.hypot(values.std() / np.sqrt(DRAWS), expected.std() / np.sqrt(1000))
    assert abs(difference) < _WIDE * error
    # With certain captions the spread would be larger by a quarter.
    assert 0.85 < values.std() / expected.std() < 1.15


def test_texts_and_images_have_the_law_of_the_simulator_with_real_images() -> None:
    system = tk.CoevolvingSystem.on_unit_circle(
        num_texts=3,
        variance=0.01,
        batch_size=90,
        text_temperature=0.97,
        shrinkage_factor=0.95,
        user_content=tk.UserContent(num_images=10),
        corpus=tk.CorpusInjection(prob=0.3, fraction=0.1),
    )
    names = ["text_probs", "image_mean", "image_cov"]
    loop = tk.simulate(
        system, generations=12, replicates=1000, seed=4, record=names, progress=False
    )
    moved = loop.image_mean - loop.image_mean.isel(generation=0)
    theirs_at_end = {
        "text_diversity": 1 - (loop.text_probs**2).sum("text"),
        "image_total_variance": np.trace(loop.image_cov, axis1=-2, axis2=-1),
        "image_fidelity_squared": (moved**2).sum("feature"),
    }
    posterior = {
        "effective_batch_size": 90.0,
        "text_temperature": 0.97,
        "shrinkage_factor": 0.95,
        "real_share": 10 / 40,
        "injection_prob": 0.3,
        "injection_fraction": 0.1,
    }
    fit = fit_of("coevolution", loop[names].isel(replicate=[0]), posterior, likelihood="moments")
    arguments: dict[str, Any] = {
        "generations": 12,
        "variables": tuple(theirs_at_end),
        "num_draws": 1000,
        "start": "first",
    }
    ahead = continue_loop(fit, **arguments)
    for name, theirs in theirs_at_end.items():
        ours, theirs = ahead.values[name][:, 0, -1], np.asarray(theirs)[:, -1]
        error = np.sqrt((ours.var(axis=0) + theirs.var(axis=0)) / 1000)
        assert (np.abs(ours.mean(axis=0) - theirs.mean(axis=0)) < _WIDE * error).all(), name
        ratio = ours.std(axis=0) / theirs.std(axis=0)
        assert (np.abs(np.log(ratio)) < 0.2).all(), (name, ratio)
    # Real images that are taken away are missed.
    without = continue_loop(fit, **arguments, overrides={"num_user_images": 0})
    name = "image_total_variance"
    lost = without.values[name][:, 0, -1].mean(axis=0)
    assert (lost < 0.8 * ahead.values[name][:, 0, -1].mean(axis=0)).all()


def test_images_alone_contract_by_the_exact_factor() -> None:
    """E sqrt(v' Sigma v) falls by E c(n - 1) in each update (I1), n the text's own images."""
    rng = np.random.default_rng(5)
    images = rng.normal(size=(1, 3, 2, 2, 6))
    cov = images @ np.swapaxes(images, -1, -2)
    data = xr.Dataset({"image_cov": (tk.labels.dims("image_cov"), cov)})
    posterior = {"effective_image_count": [30.0, 10.0], "shrinkage_factor": 1.0}
    fit = fit_of("image_contraction", data, posterior, replenishment="none")
    ahead = continue_loop(fit, generations=5, variables="image_directional_sd", num_draws=DRAWS)
    relative = ahead.values["image_directional_sd"][:, 0] / ahead.current["image_directional_sd"]
    shares = (0.75, 0.25)
    for text, share in enumerate(shares):
        agree(relative[:, -1, text], _mean_factor(40, share) ** 5)


def _mean_factor(batch_size: int, share: float) -> float:
    """c(n - 1) averaged over n, 1 where the Gaussian is kept."""
    count = np.arange(batch_size + 1)
    nu = np.maximum(count - 1, 1)
    factor = np.where(count < 3, 1.0, np.exp(tk.theory.log_contraction_constant(nu)))
    return float(np.sum(stats.binom.pmf(count, batch_size, share) * factor))


def test_one_program_serves_all_numbers() -> None:
    fit = texts()
    diversity(fit)
    compiled = engine._advance.program()._cache_size()
    for overrides in ({"effective_batch_size": 1e9}, {"injection_prob": 1, "text_temperature": 2}):
        diversity(fit, overrides=overrides, seed=5)
    diversity(fit, generations=33)
    assert engine._advance.program()._cache_size() == compiled


def test_a_seed_fixes_every_path_whatever_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    fit = texts(np.linspace(50, 500, DRAWS), replicates=3)
    first = continue_loop(fit, generations=4, variables="text_probs", num_draws=30)
    monkeypatch.setattr(engine, "_WIDEST_BLOCK", 16)
    again = continue_loop(fit, generations=4, variables="text_probs", num_draws=30)
    np.testing.assert_array_equal(first.values["text_probs"], again.values["text_probs"])
    other = continue_loop(fit, generations=4, variables="text_probs", num_draws=30, seed=1)
    assert (other.values["text_probs"] != first.values["text_probs"]).any()
    # Each draw in turn: the same paths, one for each draw.
    turn = continue_loop(fit, generations=4, variables="text_probs", num_draws=30, in_turn=True)
    assert turn.replicate.tolist() == [0, 1, 2] * 10
    of_all = first.values["text_probs"][np.arange(30), np.arange(30) % 3]
    np.testing.assert_array_equal(turn.values["text_probs"][:, 0], of_all)
    # An override that changes nothing changes no bit.
    same = {"injection_prob": 0.0, "text_temperature": np.ones(30)}
    equal = continue_loop(fit, generations=4, variables="text_probs", num_draws=30, overrides=same)
    np.testing.assert_array_equal(first.values["text_probs"], equal.values["text_probs"])


def test_replicates_go_on_from_their_own_state_and_a_new_one_has_a_size_of_its_own() -> None:
    system = tk.CoevolvingSystem.on_unit_circle(num_texts=3, variance=0.01, batch_size=60)
    loop = tk.simulate(system, generations=4, replicates=2, seed=7, progress=False)
    sizes = np.stack([np.full(DRAWS, 30.0), np.full(DRAWS, 3000.0)], axis=1)
    posterior = {
        **TEXT,
        "effective_batch_size": 300.0,
        "replicate_batch_size": sizes,
        "replicate_spread": 1.0,
        "shrinkage_factor": 1.0,
        "real_share": 0.0,
    }
    names = ["text_probs", "image_mean", "image_cov"]
    fit = fit_of("coevolution", loop[names], posterior)
    ahead = continue_loop(fit, generations=1, variables="text_probs", num_draws=200)
    np.testing.assert_allclose(
        ahead.current["text_probs"], np.broadcast_to(loop.text_probs[:, -1], (200, 2, 3))
    )
    spread = ahead.values["text_probs"][:, :, 0].var(axis=0).sum(axis=-1)
    assert 30 < spread[0] / spread[1] < 300
    anew = continue_loop(fit, generations=1, variables="text_probs", num_draws=200, start="first")
    spread = anew.values["text_probs"][:, :, 0].var(axis=0).sum(axis=-1)
    assert 0.5 < spread[0] / spread[1] < 2


def test_mistakes_are_told_with_what_there_is() -> None:
    fit = texts()
    arguments: dict[str, Any] = {"generations": 2, "variables": "text_diversity"}
    assert forecast_variables(fit)[0] == "text_diversity"
    assert "num_user_images" not in override_names(fit)
    for changed, message in (
        ({"variables": "image_diversity"}, "says nothing of 'image_diversity'; choose variable"),
        ({"generations": 0}, "generations must be"),
        ({"start": "now"}, "start must be one of"),
        ({"overrides": {"floor": 1}}, "'floor' cannot be overridden in a fit of text_drift"),
        ({"overrides": {"injection_prob": 2}}, r"must lie within \[0, 1\]"),
        ({"overrides": {"injection_prob": [0.1, 0.2]}}, "array of shape"),
    ):
        with pytest.raises(ValueError, match=message):
            continue_loop(fit, **(arguments | changed))
    with pytest.raises(TypeError, match=r"an xr\.DataTree with the group posterior"):
        continue_loop(fit["posterior"].to_dataset(), **arguments)  # type: ignore[arg-type]
