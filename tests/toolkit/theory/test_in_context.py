"""The best weights of transformers, and theorems on their loop against simulations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import toolkit as tk
from tests.statistics import level, means_are
from toolkit import labels
from toolkit.theory import number
from toolkit.theory.in_context import (
    best_descent,
    best_size,
    closed_form_transformer,
    scatter_moments,
    size_by_bound,
)
from toolkit.transformers import gradient_descent_weights

TASK: dict[str, Any] = {"num_inputs": 4, "prior_variance": 1.3, "noise_sd": 0.4}


def test_moments_of_one_input_are_those_of_a_chi_square() -> None:
    # E (chi2_n / n)^k = prod (n + 2 j) / n^k.
    n = 5
    expected = [1.0]
    for j in range(6):
        expected.append(expected[-1] * (n + 2 * j) / n)
    np.testing.assert_allclose(scatter_moments(1, n, 6), expected, rtol=1e-13)


def test_one_layer_is_the_theorems_on_the_best_gain() -> None:
    found = best_descent(context=7, **TASK)
    given = {"num_features": 4, "num_context": 7, "prior_variance": 1.3, "label_noise": 0.16}
    assert found.steps[0] == pytest.approx(number("best_attention_gain", **given), rel=1e-13)
    assert found.error == pytest.approx(number("best_attention_error", **given), rel=1e-13)


@pytest.mark.parametrize("layers", [2, 3])
def test_no_other_steps_are_better_over_the_same_scatters(layers: int) -> None:
    """The best steps of one input, whose moments are exact: by brute force over a quadrature."""
    context, noise = 6, 0.3
    task: dict[str, Any] = {"num_inputs": 1, "prior_variance": 1.0, "noise_sd": noise}
    found = best_descent(context=context, layers=layers, **task)
    nodes, weights = np.polynomial.laguerre.laggauss(40)
    # S = chi2_n / n: density t^(n/2 - 1) e^-t of t = n S / 2.
    s, weights = 2 * nodes / context, weights * nodes ** (context / 2 - 1)
    weights = weights / weights.sum()

    def error(steps: np.ndarray) -> float:
        left = np.prod(1 - steps[:, None] * s, axis=0)
        return float(weights @ (left**2 + noise**2 / context * (1 - left) ** 2 / s))

    assert error(found.steps) == pytest.approx(found.error, rel=1e-10)
    rng = np.random.default_rng(1)
    for size in (1e-3, 1e-2, 1e-1):
        for _ in range(50):
            other = found.steps + size * rng.standard_normal(layers)
            assert error(other) > error(found.steps)


def test_steps_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ValueError, match="has roots that are not real; take fewer layers"):
        best_descent(num_inputs=4, context=5, layers=2, prior_variance=0.01, noise_sd=3.0)


def system(gain: float, num_real: int, num_generated: int) -> tk.RetrainingSystem:
    weights = gradient_descent_weights([gain], 3)
    family = tk.InContextRegression(
        coef=[1.0, -0.5, 0.2], noise_sd=0.3,
        projection=np.asarray(weights.projection), key_query=np.asarray(weights.key_query),
    )  # fmt: skip
    return tk.RetrainingSystem(
        family=family, policy=tk.Mix(), num_real=num_real, num_generated=num_generated
    )


def test_errors_in_the_loop_are_the_theorems_and_5_percent_more_gain_is_noticed() -> None:
    generations, alpha = 5, level("transformers", 5)
    expected = number(
        "context_error",
        num_features=3,
        num_real=6,
        num_generated=10,
        real_share=6 / 16,
        attention_gain=0.9,
        squared_norm=1.29,
        label_noise=0.09,
        real_label_noise=0.09,
        generations=np.arange(generations + 1),
    )
    for gain, right in ((0.9, True), (0.9 * 1.05, False)):
        simulated = tk.simulate(
            system(gain, 6, 10), generations=generations, replicates=100_000, seed=5,
            record=(labels.MODEL_ERROR,), progress=False,
        )  # fmt: skip
        found = simulated[labels.MODEL_ERROR].values[:, :, 0]
        assert (means_are(found, expected).p_value >= alpha) is right


def test_the_target_of_real_data_is_their_law_not_a_fit_to_it() -> None:
    real = tk.LinearRegression(coef=[2.0, 0.0, 1.0], noise_sd=0.1)
    found = system(0.5, 6, 10).replace(real=real).optimum()
    np.testing.assert_array_equal(found.coef, real.coef)
    with pytest.raises(ValueError, match="real must be a regression for the family 'in_context'"):
        system(0.5, 6, 10).replace(real=tk.Gaussian(mean=np.zeros(4), cov=np.eye(4)))


def test_the_best_number_of_synthetic_examples_is_the_smallest_error() -> None:
    task: dict[str, Any] = {
        "num_inputs": 8,
        "squared_norm": 8.0,
        "noise_sd": 0.0,
        "real_noise_sd": 0.5,
    }
    best: dict[str, Any] = {"num_inputs": 8, "context": 32, "prior_variance": 1.0, "noise_sd": 0.5}
    gain = -float(closed_form_transformer(**best).projection[0, -1, -1])
    for num_real in (4, 20, 25, 40):
        found = best_size(num_real=num_real, gain=gain, most=5000, **task)
        errors = number(
            "augmentation_error", num_features=8, num_real=num_real, num_synthetic=np.arange(5001),
            attention_gain=gain, squared_norm=8.0, label_noise=0.0, real_label_noise=0.25,
        )  # fmt: skip
        assert found.num_synthetic == np.argmin(errors)
        assert found.error == pytest.approx(errors.min(), rel=1e-12)
        assert found.without == pytest.approx(errors[0], rel=1e-12)


def test_a_bound_recommends_all_or_nothing_by_its_constants() -> None:
    sizes = [size_by_bound(num_real=50, shift=shift, most=10_000) for shift in (0.01, 0.1, 0.2)]
    assert sizes == [10_000, 10_000, 0]
