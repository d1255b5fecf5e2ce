"""Theorems as functions of numbers: check values, exact evaluation, errors."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import numpy.typing as npt
import pytest

from symbolic import THEOREMS
from symbolic.special import log_chi
from symbolic.symbols import SYMBOLS
from toolkit.theory import (
    best_injection_fraction,
    log_contraction_constant,
    log_directional_factor,
    mean_over_counts,
    number,
    smallest_dose,
    theorem,
    theorems,
)
from toolkit.theory.numbers.constants import constant

FloatArray = npt.NDArray[np.float64]
PROBS = np.array([0.06, 0.13, 0.2, 0.27, 0.34])
PLAIN = {"ddof": 1, "shrinkage_factor": 1}
COUNTS = {"batch_size": 1000, "prob": PROBS, "min_images": 3}
#: Theory, section 3: per-generation values averaged over Binomial(1000, p), seven digits.
EXACT = [0.9957013, 0.9980506, 0.9987394, 0.9990685, 0.9992614]
ISOTROPIC = [0.9935374, 0.9970730, 0.9981079, 0.9986021, 0.9988916]
CAPTION = [0.9937562, 0.9971183, 0.9981269, 0.9986125, 0.9988982]
LYAPUNOV = [-0.0086671, -0.0039129, -0.0025271, -0.0018662, -0.0014793]


def test_exact_factor() -> None:
    value = number("image_factor_mean", batch_size=1000, text_prob=PROBS, min_images=3, **PLAIN)
    np.testing.assert_allclose(value, EXACT, atol=5.1e-8)


def test_isotropic_factor() -> None:
    def factor(n: FloatArray) -> FloatArray:
        return number("image_contraction_isotropic", num_features=2, degrees_of_freedom=n - 1)

    np.testing.assert_allclose(mean_over_counts(factor, **COUNTS), ISOTROPIC, atol=5.1e-8)


def test_caption_factor() -> None:
    value = number("image_contraction_caption", batch_size=1000, num_features=2, text_prob=PROBS)
    np.testing.assert_allclose(value, CAPTION, atol=5.1e-8)


def test_lyapunov_exponent() -> None:
    def exponent(n: FloatArray) -> FloatArray:
        return number("image_lyapunov", image_count=n, exponent_index=1, **PLAIN)

    value = mean_over_counts(exponent, kept=0.0, **COUNTS)
    np.testing.assert_allclose(value, LYAPUNOV, atol=5.1e-8)


@pytest.mark.parametrize(
    ("fraction", "new_text", "before"),
    [(0.01, 0.496, 0.399), (0.05, 0.808, 0.664), (0.1, 0.857, 0.724), (0.2, 0.842, 0.758)],
)
def test_stationary_values(fraction: float, new_text: float, before: float) -> None:
    values = {"batch_size": 1000, "injection_prob": 0.05, "text_updates": 1}
    values |= {"injection_fraction": fraction}
    assert number("new_text_lower_bound", **values) == pytest.approx(new_text, abs=5.1e-4)
    value = number("corpus_injection_stationary_before", target_diversity=0.8, **values)
    assert value == pytest.approx(before, abs=5.1e-4)


@pytest.mark.parametrize(("fraction", "after"), [(0.01, 0.39920), (0.05, 0.66438), (0.2, 0.75861)])
def test_stationary_values_after(fraction: float, after: float) -> None:
    value = number(
        "corpus_injection_stationary_after",
        batch_size=1000,
        injection_prob=0.05,
        injection_fraction=fraction,
        text_updates=1,
        target_diversity=0.8,
    )
    assert value == pytest.approx(after, abs=5.1e-6)


@pytest.mark.parametrize(
    ("images", "content", "trace", "squared"),
    [(50, 5, 2.213, 0.230), (50, 10, 2.096, 0.1135), (100, 10, 2.101, 0.110)],
)
def test_user_content_stationary_values(
    images: int, content: int, trace: float, squared: float
) -> None:
    # The specification's table has .114 in the second row; the value is .113463.
    values = {"image_count": images, "user_images": content, "image_variance": 2, **PLAIN}
    found = number("user_content_stationary_trace", **values)
    assert found == pytest.approx(trace, abs=5.1e-4)
    found = number("user_content_stationary_fidelity", **values)
    assert found == pytest.approx(squared, abs=5.1e-4)


@pytest.mark.parametrize("nu", [1, 2, 3.5, 10, 24.99, 25, 26, 60, 1e3, 1e6, 1e9, 1e12])
def test_log_constants_against_many_digits(nu: float) -> None:
    with mpmath.workdps(60):
        x = mpmath.mpf(nu)
        c = mpmath.log(2 / x) / 2 + mpmath.loggamma((x + 1) / 2) - mpmath.loggamma(x / 2)
        chi = (mpmath.log(2 / x) + mpmath.digamma(x / 2)) / 2
        assert abs(float(log_contraction_constant(nu) / c - 1)) < 1e-10
        assert abs(float(constant(log_chi)(nu) / chi - 1)) < 1e-10


def test_log_directional_factor() -> None:
    expected = log_contraction_constant(9) + 0.5 * math.log(0.9 * 9 / 10)
    assert log_directional_factor(10, ddof=0, shrinkage_factor=0.9) == pytest.approx(expected)


def test_the_mean_factor_is_the_theorems_sum() -> None:
    """Without overflow of the binomials: the plain sum, at a size where it can be taken."""
    values = {"batch_size": 12, "text_prob": 0.3, "min_images": 3, "ddof": 0}
    values |= {"shrinkage_factor": 0.9}
    found = theorem("image_factor_mean")
    expected = found.rhs.subs({SYMBOLS[key]: v for key, v in values.items()}).doit().evalf(20)
    assert number("image_factor_mean", **values) == pytest.approx(float(expected), rel=1e-12)
    large = {**values, "batch_size": 10**7}
    assert 0.94 < number("image_factor_mean", **large) < math.sqrt(0.9)


def test_mean_over_counts_by_enumeration() -> None:
    weights = [math.comb(6, n) * 0.3**n * 0.7 ** (6 - n) for n in range(7)]
    expected = sum(w * (1 / n if n >= 2 else 5.0) for n, w in enumerate(weights))
    found = mean_over_counts(lambda n: 1 / n, batch_size=6, prob=0.3, min_images=2, kept=5.0)
    assert float(found) == pytest.approx(expected, rel=1e-13)


def test_mean_over_counts_at_the_ends() -> None:
    def mean(prob: float, batch_size: int) -> float:
        return float(
            mean_over_counts(lambda n: n, batch_size=batch_size, prob=prob, min_images=3, kept=-1.0)
        )

    assert mean(0.0, 10) == -1
    assert mean(1.0, 10) == 10
    assert mean(0.25, 10**8) == pytest.approx(0.25e8, rel=1e-12)


def test_values_broadcast() -> None:
    found = number(
        "text_diversity_lower_bound",
        batch_size=10,
        generations=np.arange(4),
        initial_text_diversity=0.5,
    )
    np.testing.assert_allclose(found, 0.5 * 0.9 ** np.arange(4))
    sums = number(
        "text_diversity_decomposition",
        batch_size=10,
        generations=[0, 2],
        initial_text_diversity=0.5,
        mean_confused_diversity=[0.2, 0.1],
    )
    np.testing.assert_allclose(sums, [0.5, 0.405 + (0.9 * 0.2 + 0.1) / 10])


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("no_such_theorem", {}, "no theorem is called"),
        ("new_text_best_value", {"batch_size": 10}, "also needs"),
        ("image_contraction_rank_one", {"degrees_of_freedom": 3, "nu": 3}, "does not take"),
        ("image_contraction_rank_one", {"degrees_of_freedom": -1.0}, "must be positive"),
        ("image_contraction_rank_one", {"degrees_of_freedom": math.nan}, "must be positive"),
        ("image_contraction_rank_one", {"degrees_of_freedom": "x"}, "must be a number"),
        (
            "text_diversity_recursion",
            {"batch_size": 1.5, "posterior_confusion": 0, "text_diversity": 0.5},
            "whole number",
        ),
        (
            "image_exact_rate",
            {"image_count": 2, "ddof": 2, "shrinkage_factor": 1},
            "must be above ddof",
        ),
    ],
)
def test_errors(name: str, values: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        number(name, **values)


def test_log_constant_refuses_what_is_not_positive() -> None:
    with pytest.raises(ValueError, match="positive"):
        log_contraction_constant([1.0, 0.0])


def test_best_fraction_is_best() -> None:
    values = {"batch_size": 1000, "injection_prob": 0.05, "text_updates": 2}
    best = best_injection_fraction(**values)
    top = number("new_text_lower_bound", injection_fraction=best, **values)
    for nearby in (0.98 * best, 1.02 * best):
        assert number("new_text_lower_bound", injection_fraction=nearby, **values) < top
    assert top == pytest.approx(number("new_text_best_value", **values), rel=1e-12)


def test_smallest_dose_keeps_the_diversity() -> None:
    dose = smallest_dose(batch_size=1000, diversity=0.7, target_diversity=0.8)
    fraction = 0.3
    found = number(
        "corpus_injection_stationary_before",
        batch_size=1000,
        injection_prob=dose / (fraction * (2 - fraction)),
        injection_fraction=fraction,
        target_diversity=0.8,
        text_updates=1,
    )
    assert found == pytest.approx(0.7, rel=1e-12)
    with pytest.raises(ValueError, match="must lie between"):
        smallest_dose(batch_size=1000, diversity=0.8, target_diversity=0.8)
    with pytest.raises(ValueError, match="above 1"):
        smallest_dose(batch_size=3, diversity=0.79, target_diversity=0.8)


def test_theorems_lists_the_library() -> None:
    assert [found.name for found in theorems()] == list(THEOREMS)
