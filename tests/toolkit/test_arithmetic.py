"""The same runs in three arithmetics: equal up to rounding, and the same law as the kernel."""

from typing import Any

import numpy as np
import pytest
import xarray as xr

import toolkit as tk
from toolkit.arithmetic import ARITHMETICS, FLOAT32, FLOAT64, LOG_SCALE, in_each_arithmetic
from toolkit.theory import image_rates


def small(**same: Any) -> tk.CoevolvingSystem:
    given = {"num_texts": 2, "variance": 1.0, "batch_size": 60, "text_updates": 0}
    return tk.CoevolvingSystem.on_unit_circle(**(given | same))


@pytest.fixture(scope="module")
def runs() -> dict[str, xr.Dataset]:
    return in_each_arithmetic(small(), generations=60, replicates=200, seed=3)


def test_double_precision_agrees_to_rounding(runs: dict[str, xr.Dataset]) -> None:
    error = abs(runs[FLOAT64] / runs[LOG_SCALE] - 1).image_diversity
    assert 0 < float(error.max()) < 1e-9


def test_single_precision_rounds_visibly(runs: dict[str, xr.Dataset]) -> None:
    own = runs[FLOAT32].image_diversity
    error = abs(own / runs[LOG_SCALE].image_diversity - 1)
    assert 1e-8 < float(error.isel(generation=5).max()) < 1e-4
    assert own.dtype == np.float32


def test_the_mean_contracts_at_the_exact_rate(runs: dict[str, xr.Dataset]) -> None:
    """I1 by the bounds of I5: sd c^t <= E D_t <= d sd c^t, at a level of 5 standard errors."""
    diversity = runs[LOG_SCALE].image_diversity.isel(generation=20).values
    mean, error = diversity.mean(axis=0), diversity.std(axis=0, ddof=1) / np.sqrt(len(diversity))
    factor = image_rates(small()).exact_rate.values ** 20
    assert (mean > factor - 5 * error).all()
    assert (mean < 2 * factor + 5 * error).all()
    assert (mean + 5 * error < 2).all()


def test_the_keep_rule_and_the_factors_of_the_covariance_enter() -> None:
    kept = in_each_arithmetic(small(text_probs=(0.0, 1.0)), generations=3, replicates=2, seed=1)
    for name in ARITHMETICS:
        np.testing.assert_array_equal(kept[name].image_diversity.sel(text=0), 2.0)
    plain, shrunk = (
        in_each_arithmetic(small(shrinkage_factor=f), generations=1, replicates=2, seed=1)
        for f in (1.0, 0.25)
    )
    for name in ARITHMETICS:
        ratio = shrunk[name].image_diversity / plain[name].image_diversity
        np.testing.assert_allclose(ratio.isel(generation=1), 0.5, rtol=1e-5)


def test_the_datasets_say_how_they_were_made(runs: dict[str, xr.Dataset]) -> None:
    attrs = runs[FLOAT32].attrs
    assert '"arithmetic": "float32"' in attrs["arguments"]
    assert "system" in attrs


def test_a_text_model_that_moves_is_refused() -> None:
    with pytest.raises(ValueError, match="text_updates=0"):
        in_each_arithmetic(small(text_updates=1), generations=1, replicates=1, seed=1)
