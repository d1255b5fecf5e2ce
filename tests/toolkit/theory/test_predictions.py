"""``predict``: its contract, what it includes and omits, and values derived another way."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr

from symbolic import Kind, Source
from toolkit import labels
from toolkit.confusion import posterior_confusion
from toolkit.systems import CoevolvingSystem, CorpusInjection, UserContent
from toolkit.theory import (
    NothingPredictedError,
    confused_diversity_bound,
    image_rates,
    number,
    predict,
    why_not,
)

FloatArray = npt.NDArray[np.float64]
PROBS = (0.06, 0.13, 0.2, 0.27, 0.34)
COORDS = {"result", "generation", "kind", "variable", "scale", "valid_from", "source"}


def circle(**changes: Any) -> CoevolvingSystem:
    """Return five texts on the unit circle."""
    values: dict[str, Any] = {"num_texts": 5, "variance": 1.0, "batch_size": 100, **changes}
    return CoevolvingSystem.on_unit_circle(**values)


def curve(predicted: xr.Dataset, name: str) -> FloatArray:
    """Return a result's values."""
    return np.asarray(predicted[labels.PREDICTED].sel(result=name).values)


SYSTEMS = {
    "coupled": circle(),
    "frozen image": circle(image_updates=0, text_updates=2),
    "frozen text": circle(text_updates=0, text_probs=PROBS),
    "both frozen": circle(text_updates=0, image_updates=0),
    "fixed corpus": circle(corpus=CorpusInjection(prob=0.1, fraction=0.2)),
    "fresh corpus": circle(corpus=CorpusInjection(prob=0.1, fraction=0.2, concentration=2.0)),
    "new text": circle(corpus=CorpusInjection(prob=0.1, fraction=0.2, reading="new_text")),
    "user content": circle(text_updates=0, user_content=UserContent(num_images=10)),
    "sharpened": circle(text_temperature=0.9),
    "shrunken": circle(text_updates=0, shrinkage_factor=0.9, ddof=0),
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_contract(name: str) -> None:
    system = SYSTEMS[name]
    predicted = predict(system, generations=4)
    values = predicted[labels.PREDICTED]
    per_text = {n for n in predicted.variable.values if labels.TEXT in labels.dims(str(n))}
    expected = ("result", "generation", "text") if per_text else ("result", "generation")
    assert values.dims == expected
    assert set(predicted.coords) >= COORDS
    assert np.all(np.isfinite(values))
    assert predicted.generation.values.tolist() == [0, 1, 2, 3, 4]
    assert len(set(predicted.result.values)) == predicted.sizes["result"]
    assert set(predicted.kind.values) <= {kind.value for kind in Kind}
    assert set(predicted.source.values) <= {source.value for source in Source}
    assert set(predicted.scale.values) <= {"linear", "log"}
    assert np.all(predicted.valid_from >= 0)
    assert CoevolvingSystem.from_dict(json.loads(predicted.attrs["system"])) == system
    omitted = json.loads(predicted.attrs["omitted"])
    assert not set(omitted) & set(predicted.result.values)
    assert all(omitted.values())
    for result in predicted.result.values:
        one = values.sel(result=result)
        if labels.TEXT not in labels.dims(str(one[labels.VARIABLE].values)) and "text" in one.dims:
            assert np.all(one == one.isel(text=0))


INCLUDED = {
    "coupled": {"text_diversity_lower_bound", "text_probs_martingale", "image_total_variance_mean"},
    "frozen image": {"text_diversity_upper_bound", "image_diversity_frozen"},
    "frozen text": {
        "text_diversity_frozen",
        "directional_diversity_mean",
        "directional_log_mean",
        "image_diversity_upper_bound",
        "image_diversity_lower_bound",
        "image_diversity_typical",
        "image_contraction_isotropic",
        "image_contraction_caption",
        "image_fidelity_bound",
        "image_fidelity_squared",
    },
    "fixed corpus": {"corpus_injection_curve", "corpus_injection_stationary"},
    "fresh corpus": {"fresh_corpus_stationary"},
    "new text": {"new_text_lower_bound", "new_text_curve_lower_bound"},
    "user content": {"user_content_stationary_trace", "user_content_stationary_fidelity"},
    "shrunken": {"image_total_variance_mean", "directional_diversity_mean"},
}
OMITTED = {
    "coupled": {"directional_diversity_mean", "text_diversity_upper_bound"},
    "fixed corpus": {"text_diversity_lower_bound", "new_text_lower_bound"},
    "new text": {"text_probs_martingale", "text_diversity_mean_field"},
    "user content": {"directional_diversity_mean", "image_contraction_caption"},
    "sharpened": {"text_probs_martingale", "text_diversity_lower_bound"},
    "shrunken": {"image_contraction_isotropic", "image_contraction_caption"},
}


@pytest.mark.parametrize("name", INCLUDED)
def test_included(name: str) -> None:
    assert INCLUDED[name] <= set(predict(SYSTEMS[name], generations=2).result.values)


@pytest.mark.parametrize("name", OMITTED)
def test_omitted_with_a_reason(name: str) -> None:
    assert OMITTED[name] <= set(why_not(SYSTEMS[name]))


def test_anisotropic_start_has_no_isotropic_rate() -> None:
    cov = np.broadcast_to(np.diag([1.0, 2.0]), (5, 2, 2))
    system = circle(text_updates=0).replace(image_cov=cov)
    for name in ("image_contraction_isotropic", "image_contraction_caption"):
        assert "multiples of the identity" in why_not(system)[name]


def test_variables_filter() -> None:
    predicted = predict(SYSTEMS["coupled"], generations=2, variables=("text_diversity",))
    assert set(predicted.variable.values) == {"text_diversity"}
    assert predicted.predicted.dims == ("result", "generation")


def test_lower_bound_counts_text_updates() -> None:
    found = curve(predict(SYSTEMS["frozen image"], 3), "text_diversity_lower_bound")
    np.testing.assert_allclose(found[:, 0], 0.8 * 0.99 ** (2 * np.arange(4)), rtol=1e-12)


def test_first_step_is_the_exact_expectation() -> None:
    system = SYSTEMS["coupled"]
    confusion = posterior_confusion(system.text_probs, system.image_mean, system.image_cov).value
    found = curve(predict(system, 2), "text_diversity_first_step")[:, 0]
    first = 0.8 * (1 - (1 - confusion) / 100)
    np.testing.assert_allclose(found, [0.8, first, 0.99 * first], rtol=1e-7)


def test_one_hot_posteriors_make_the_bounds_exact() -> None:
    system = circle(variance=1e-4, image_updates=0)
    predicted = predict(system, 50)
    drift = curve(predicted, "text_diversity_one_hot")
    assert predicted.kind.sel(result="text_diversity_one_hot") == "exact"
    np.testing.assert_array_equal(drift, curve(predicted, "text_diversity_lower_bound"))
    np.testing.assert_allclose(drift, curve(predicted, "text_diversity_upper_bound"), rtol=1e-9)
    np.testing.assert_allclose(drift, curve(predicted, "text_diversity_mean_field"), rtol=1e-9)


@pytest.mark.parametrize("variance", [1e-4, 1.0])
def test_injection_curve_is_the_recursion_and_settles(variance: float) -> None:
    """By hand: inject (two branches), then drift; the mean probabilities move to the corpus."""
    target = np.array([0.5, 0.2, 0.1, 0.1, 0.1])
    corpus = CorpusInjection(prob=0.3, fraction=0.2, target=target)
    system = circle(variance=variance, image_updates=0, text_probs=PROBS, corpus=corpus)
    predicted = predict(system, 400)
    square, probs = float(np.sum(system.text_probs**2)), np.array(system.text_probs)
    by_hand = [1 - square]
    for _ in range(400):
        mixed = 0.64 * square + 0.32 * probs @ target + 0.04 * target @ target
        square = 0.7 * square + 0.3 * mixed
        square = square + (1 - square) / 100
        probs = 0.94 * probs + 0.06 * target
        by_hand.append(1 - square)
    found = curve(predicted, "corpus_injection_curve")[:, 0]
    np.testing.assert_allclose(found, by_hand, rtol=1e-11)
    np.testing.assert_allclose(curve(predicted, "text_probs_martingale")[-1], probs, rtol=1e-11)
    exact = variance == 1e-4
    kinds = predicted.kind.to_series()
    assert kinds["corpus_injection_curve"] == ("exact" if exact else "lower bound")
    assert kinds["corpus_injection_stationary"] == ("fixed point" if exact else "lower bound")
    start = int(predicted.valid_from.sel(result="corpus_injection_stationary"))
    level = curve(predicted, "corpus_injection_stationary")[0, 0]
    assert 10 < start < 400
    np.testing.assert_allclose(found[start:], level, rtol=1.0001e-4)


def test_new_text_bound_by_hand() -> None:
    found = curve(predict(SYSTEMS["new text"], 300), "new_text_curve_lower_bound")
    square = 0.2
    for _ in range(300):
        square = 0.9 * square + 0.1 * (0.64 * square + 0.04)
        square = square + (1 - square) / 100
    assert found[-1] == pytest.approx(1 - square, rel=1e-11)
    level = curve(predict(SYSTEMS["new text"], 1), "new_text_lower_bound")[0]
    assert found[-1] == pytest.approx(level, rel=1e-3)


def enumerated_moments(system: CoevolvingSystem, text: int, generations: int) -> FloatArray:
    """Mean tr cov and squared distance, by enumeration of the counts, from first principles."""
    content = 0 if system.user_content is None else system.user_content.num_images
    size, prob = system.batch_size, system.text_probs[text]
    weights = [_binomial(size, n, prob) for n in range(size + 1)]
    start = float(np.trace(system.image_cov[text]))
    trace, squared, rows = start, 0.0, [(start, 0.0)]
    for _ in range(generations * system.image_updates):
        new_trace = new_squared = 0.0
        for n, weight in enumerate(weights):
            m = n + content
            if m < system.min_images:
                new_trace, new_squared = new_trace + weight * trace, new_squared + weight * squared
                continue
            noise = (n * trace + content * start) / m**2
            # Scatter about the pooled mean: within, of both kinds, and between them.
            within = max(n - 1, 0) * trace + max(content - 1, 0) * start
            gap = squared + (trace / n + start / content if n and content else 0.0)
            between = n * content / m * gap
            scatter = within + between
            new_trace += weight * system.shrinkage_factor * scatter / (m - system.ddof)
            new_squared += weight * ((n / m) ** 2 * squared + noise)
        trace, squared = new_trace, new_squared
        rows.append((trace, squared))
    return np.array(rows)[:: system.image_updates]


def _binomial(size: int, n: int, prob: float) -> float:
    return math.comb(size, n) * prob**n * (1 - prob) ** (size - n)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"ddof": 0, "shrinkage_factor": 1.1, "image_updates": 2},
        {"user_content": UserContent(num_images=1), "min_images": 4, "ddof": 2},
        {"user_content": UserContent(num_images=6), "shrinkage_factor": 0.9},
    ],
)
def test_image_moments_by_enumeration(changes: dict[str, Any]) -> None:
    system = circle(batch_size=15, text_updates=0, text_probs=PROBS, **changes)
    predicted = predict(system, 6)
    for text in (0, 4):
        expected = enumerated_moments(system, text, 6)
        trace = curve(predicted, "image_total_variance_mean")[:, text]
        squared = curve(predicted, "image_fidelity_squared")[:, text]
        np.testing.assert_allclose(trace, expected[:, 0], rtol=1e-10)
        np.testing.assert_allclose(squared, expected[:, 1], rtol=1e-10, atol=1e-14)


def test_user_content_settles_at_the_stationary_values() -> None:
    system = circle(
        text_updates=0, text_probs=(0.2, 0.8), num_texts=2, user_content=UserContent(num_images=10)
    )
    predicted = predict(system, 400)
    for curve_name, level_name in (
        ("image_total_variance_mean", "user_content_stationary_trace"),
        ("image_fidelity_squared", "user_content_stationary_fidelity"),
    ):
        start = int(predicted.valid_from.sel(result=level_name))
        assert 5 < start < 400
        level = curve(predicted, level_name)[start:]
        np.testing.assert_allclose(curve(predicted, curve_name)[start:], level, rtol=1.001e-4)


def test_image_bounds_are_ordered_and_rates_agree() -> None:
    system = SYSTEMS["frozen text"]
    predicted = predict(system, 40)
    upper = curve(predicted, "image_diversity_upper_bound")
    lower = curve(predicted, "image_diversity_lower_bound")
    np.testing.assert_allclose(upper, 2 * lower, rtol=1e-12)
    rates = image_rates(system)
    np.testing.assert_allclose(lower[1:] / lower[:-1], np.tile(rates.exact_rate, (40, 1)))
    slope = np.diff(curve(predicted, "directional_log_mean"), axis=0)
    np.testing.assert_allclose(slope, np.tile(rates.lyapunov_rate, (40, 1)))
    assert np.all(rates.lyapunov_rate < np.log(rates.exact_rate))
    bound = curve(predicted, "image_fidelity_bound_at")
    assert np.all(bound <= curve(predicted, "image_fidelity_bound") * (1 + 1e-12))
    np.testing.assert_allclose(bound[0], 0)


def test_a_text_without_probability_stands_still() -> None:
    system = circle(text_updates=0, text_probs=(0.5, 0.5, 0.0, 0.0, 0.0))
    predicted = predict(system, 5)
    for name in ("image_diversity_upper_bound", "image_total_variance_mean"):
        np.testing.assert_allclose(curve(predicted, name)[:, 2], 2.0)
    np.testing.assert_array_equal(curve(predicted, "image_fidelity_squared")[:, 2], 0)
    np.testing.assert_array_equal(curve(predicted, "image_fidelity_bound")[:, 2], 0)


def test_confusion_stays_below_its_bound() -> None:
    for variance in (0.05, 0.2, 1.0):
        system = circle(variance=variance, text_probs=PROBS)
        state = (system.text_probs, system.image_mean, system.image_cov)
        confusion = posterior_confusion(*state)
        assert confusion.mixed < confused_diversity_bound(*state)


def test_mean_field_of_the_image_is_the_second_order_rate() -> None:
    predicted = predict(SYSTEMS["frozen text"], 10)
    np.testing.assert_allclose(
        curve(predicted, "image_diversity_mean_field"),
        curve(predicted, "image_contraction_isotropic"),
        rtol=1e-10,
    )


def test_mean_field_uses_the_confusion_of_its_state() -> None:
    system = circle(image_updates=0)
    confusion = posterior_confusion(system.text_probs, system.image_mean, system.image_cov).value
    found = curve(predict(system, 5), "text_diversity_mean_field")[:, 0]
    expected = 0.8 * (1 - (1 - confusion) / 100) ** np.arange(6)
    np.testing.assert_allclose(found, expected, rtol=1e-7)


def test_permuting_texts_permutes_the_predictions() -> None:
    order = [3, 0, 4, 1, 2]
    system = circle(text_updates=0, text_probs=PROBS)
    permuted = system.replace(
        text_probs=system.text_probs[order], image_mean=system.image_mean[order]
    )
    one, other = predict(system, 3), predict(permuted, 3)
    assert one.result.values.tolist() == other.result.values.tolist()
    for name in one.result.values:
        np.testing.assert_allclose(curve(other, name), curve(one, name)[:, order], rtol=1e-12)


def test_injection_with_probability_zero_is_the_closed_system() -> None:
    closed = predict(SYSTEMS["coupled"], 3)
    never = predict(circle(corpus=CorpusInjection(prob=0.0, fraction=0.2)), 3)
    xr.testing.assert_equal(closed.predicted, never.predicted)


def test_errors() -> None:
    with pytest.raises(ValueError, match="no variable is called"):
        predict(SYSTEMS["coupled"], 3, variables=["diversity"])
    with pytest.raises(ValueError, match="generations"):
        predict(SYSTEMS["coupled"], -1)
    with pytest.raises(TypeError, match="CoevolvingSystem"):
        predict(3)  # type: ignore[arg-type]
    with pytest.raises(NothingPredictedError, match="of image_wasserstein: "):
        predict(SYSTEMS["coupled"], 3, variables=["image_wasserstein"])


def test_nothing_is_said_per_text_when_the_set_of_texts_changes() -> None:
    corpus = CorpusInjection(prob=0.1, fraction=0.2, reading="new_text")
    for image_updates in (0, 1):
        predicted = predict(circle(corpus=corpus, image_updates=image_updates), 2)
        assert predicted.predicted.dims == ("result", "generation")


def test_a_single_text() -> None:
    predicted = predict(circle(num_texts=1), 3)
    assert np.all(curve(predicted, "text_diversity_lower_bound") == 0)
    assert np.all(curve(predicted, "text_diversity_mean_field") == 0)


def test_above_three_features() -> None:
    """The first step's bound pays for the standard error of its confusion."""
    system = circle(num_features=4, num_texts=3, batch_size=20)
    predicted = predict(system, 2, variables=["text_diversity"])
    first = curve(predicted, "text_diversity_first_step")[1]
    confusion = posterior_confusion(
        system.text_probs, system.image_mean, system.image_cov, 1e-4, max_evaluations=1_000_000
    )
    exact = 2 / 3 * (1 - (1 - confusion.value) / 20)
    assert exact - 1e-4 < first < exact + confusion.error
    assert first > curve(predicted, "text_diversity_lower_bound")[1]


def test_new_text_stationary_value_is_the_theorems() -> None:
    level = curve(predict(SYSTEMS["new text"], 1), "new_text_lower_bound")[0]
    expected = number(
        "new_text_lower_bound",
        batch_size=100,
        injection_prob=0.1,
        injection_fraction=0.2,
        text_updates=1,
    )
    assert level == expected


@pytest.mark.parametrize("concentration", [None, 4.0])
@pytest.mark.parametrize("text_updates", [1, 2])
def test_a_corpus_that_replaces_all_leaves_no_trace_of_the_start(
    concentration: float | None, text_updates: int
) -> None:
    # Each generation draws 10 texts from the corpus: H is its diversity, less a tenth each update.
    system = CoevolvingSystem(
        text_probs=[0.5, 0.3, 0.2],
        image_mean=[[0.0], [100.0], [200.0]],
        image_cov=np.ones((3, 1, 1)),
        batch_size=10,
        text_updates=text_updates,
        image_updates=0,
        corpus=CorpusInjection(
            prob=1.0, fraction=1.0, target=[0.2, 0.2, 0.6], concentration=concentration
        ),
    )
    predicted = predict(system, generations=3)
    name = "corpus_injection_curve" if concentration is None else "fresh_corpus_curve"
    curve = predicted.predicted.sel(result=name)
    corpus = 0.56 if concentration is None else 0.56 * concentration / (concentration + 1)
    np.testing.assert_allclose(curve.sel(generation=0), 0.62)
    np.testing.assert_allclose(curve.sel(generation=[1, 2, 3]), corpus * 0.9**text_updates)
