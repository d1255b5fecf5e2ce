"""Biased samples: what their closed forms say of one another, and of maps that are iterated."""

import math
from fractions import Fraction

import pytest

from symbolic import THEOREMS
from symbolic.witness import evaluate

F = Fraction
TWO = {"selected_mean": 1 / math.sqrt(math.pi), "selected_variance": 1 - 1 / math.pi}


def value(name: str, **numbers: object) -> float:
    return float(evaluate(THEOREMS[name].rhs, numbers))


@pytest.mark.parametrize("temperature", [F(1, 2), F(1), F(5, 4)])
def test_a_tempered_variance_relaxes_to_its_stationary_value(temperature: Fraction) -> None:
    ratio, real = F(3, 2), F(4, 3)
    numbers = {"synthetic_ratio": ratio, "temperature": temperature}
    rest = value("tempered_stationary_variance", real_variance=real, **numbers)
    factor = value("tempered_retraining_eigenvalue", **numbers)
    now = 5.0
    for _ in range(12):
        now = (real + ratio * temperature * now) / (1 + ratio)
    assert now - rest == pytest.approx((5 - rest) * factor**12, rel=1e-9)
    assert rest < real or temperature >= 1


def test_thresholds_are_where_eigenvalues_reach_one() -> None:
    ratio = F(3, 2)
    hottest = value("tempered_threshold", synthetic_ratio=ratio)
    assert value(
        "tempered_retraining_eigenvalue", synthetic_ratio=ratio, temperature=hottest
    ) == pytest.approx(1, rel=1e-14)
    most = value("bandwidth_threshold", bandwidth=F(1, 2))
    assert value(
        "bandwidth_retraining_eigenvalue", synthetic_ratio=most, bandwidth=F(1, 2)
    ) == pytest.approx(1, rel=1e-14)
    last = value("curated_threshold", **TWO)
    assert value("curated_stability_margin", synthetic_ratio=last, **TWO) == pytest.approx(
        0, abs=1e-14
    )
    assert value("curated_radius", synthetic_ratio=last, **TWO) == pytest.approx(1, rel=1e-12)


def test_selection_of_the_better_of_two_ends_at_the_root_of_pi() -> None:
    assert value("best_of_two_mean") == pytest.approx(TWO["selected_mean"], rel=1e-15)
    assert value("best_of_two_variance") == pytest.approx(TWO["selected_variance"], rel=1e-15)
    assert value("curated_threshold", **TWO) == pytest.approx(math.sqrt(math.pi), rel=1e-13)


@pytest.mark.parametrize("ratio", [0.1, 0.9, 1.7])
def test_the_fixed_point_under_selection_is_one(ratio: float) -> None:
    e, c, real = TWO["selected_mean"], TWO["selected_variance"], 2.0
    variance = value(
        "curated_stationary_variance", synthetic_ratio=ratio, real_variance=real, **TWO
    )
    sd = math.sqrt(variance)
    shift = value("curated_stationary_shift", synthetic_ratio=ratio, selected_mean=e, fitted_sd=sd)
    mean = ratio * (shift + e * sd) / (1 + ratio)
    square = (real + ratio * (c * variance + (shift + e * sd) ** 2)) / (1 + ratio)
    assert mean == pytest.approx(shift, rel=1e-12)
    assert square - mean**2 == pytest.approx(variance, rel=1e-11)


@pytest.mark.parametrize("ratio", [0.1, 0.9, 1.7])
def test_trace_determinant_radius_and_margin_fit(ratio: float) -> None:
    trace = value("curated_jacobian_trace", synthetic_ratio=ratio, **TWO)
    determinant = value(
        "curated_jacobian_determinant",
        synthetic_ratio=ratio,
        selected_variance=TWO["selected_variance"],
    )
    radius = value("curated_radius", synthetic_ratio=ratio, **TWO)
    assert radius**2 - trace * radius + determinant == pytest.approx(0, abs=1e-13)
    assert radius >= trace / 2
    margin = value("curated_stability_margin", synthetic_ratio=ratio, **TWO)
    assert margin == pytest.approx(1 - trace + determinant, rel=1e-12)
    assert 0 < margin < 1


def test_a_selected_model_stops_where_its_total_shift_says() -> None:
    numbers = {"initial_sd": 1.5, **TWO}
    total = value("selected_total_shift", **numbers)
    late = value("selected_shift", generations=200, **numbers)
    assert late == pytest.approx(total, rel=1e-12)
    assert value("selected_shift", generations=3, **numbers) < total


def test_two_models_between_no_exchange_and_even_exchange() -> None:
    shares = {"first_share": F(3, 4), "second_share": F(1, 5)}
    alone = value("network_eigenvalue_two_models", exchange=F(0), **shares)
    even = value("network_eigenvalue_two_models", exchange=F(1, 2), **shares)
    swapped = value("network_eigenvalue_two_models", exchange=F(1), **shares)
    assert alone == pytest.approx(0.75)
    assert even == pytest.approx((0.75 + 0.2) / 2)
    assert swapped == pytest.approx(math.sqrt(0.75 * 0.2))
    assert max(alone, even, swapped) <= value("network_radius_bound", largest_ratio=F(3)) + 1e-15
