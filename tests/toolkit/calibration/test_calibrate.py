"""``calibrate`` on a model whose posterior is known: it passes what is right, and only that."""

import dataclasses
import json
from typing import Any

import numpy as np
import numpyro.distributions as dist
import pytest
import xarray as xr

from tests.toolkit.calibration import toy
from toolkit import labels
from toolkit.calibration import CALIBRATED, Changed, calibrate, calibration_table

FEW = {"num_datasets": 60, "progress": False}


def run(**changes: Any) -> xr.Dataset:
    """500 data sets of the toy with independent draws from its posterior, unless changed."""
    arguments: dict[str, Any] = {
        "num_datasets": 500,
        "seed": 1,
        "num_draws": 495,
        "priors": toy.PRIORS,
        "sampler": toy.exact(),
        "progress": False,
    }
    return calibrate(toy.MODEL, **(arguments | changes))


def test_an_exact_posterior_is_calibrated() -> None:
    result = run()
    assert result.attrs["verdict"] == CALIBRATED
    (row,) = calibration_table(result).itertuples()
    assert row.ecdf_inside
    assert row.verdict == CALIBRATED
    assert row.coverage_50_low <= 0.5 <= row.coverage_50_high
    assert row.coverage_90_low <= 0.9 <= row.coverage_90_high
    assert abs(row.bias) < 4 / np.sqrt(500)
    assert abs(row.sd_ratio - 1) < 4 / np.sqrt(1000)


@pytest.mark.parametrize(
    ("sampler", "words"),
    [
        (toy.exact(scale=0.8), "not calibrated: intervals too narrow"),
        (toy.exact(scale=1.3), "not calibrated: intervals too wide"),
        (toy.exact(shift=0.25), "not calibrated: biased upward"),
        (toy.exact(shift=-0.25), "not calibrated: biased downward"),
    ],
)
def test_what_is_wrong_is_found_and_named(sampler: Any, words: str) -> None:
    result = run(sampler=sampler)
    assert words in str(result["verdict"].values[0])
    assert result.attrs["verdict"] == "not calibrated"


def test_calibrated_fits_pass_about_as_often_as_they_should() -> None:
    passed = [run(seed=seed, num_datasets=60).attrs["verdict"] == CALIBRATED for seed in range(40)]
    assert np.sum(~np.array(passed)) <= 4  # 2 % each: five of 40 would be one in 1000


def test_chains_that_do_not_move_are_reported_and_stay_in() -> None:
    result = run(sampler=toy.exact(broken=12))
    assert result["failed"].values.sum() == 12
    assert result.sizes["dataset"] == 500
    assert result.attrs["verdict"] == "not calibrated; 12 of 500 fits did not converge"
    assert set(result["rank"].values[:12, 0]) <= {0, 99}


def test_data_that_are_refused_are_reported() -> None:
    far = {labels.START: dist.MixtureSameFamily(
        dist.Categorical(np.array([0.9, 0.1])), dist.Normal(np.array([0.0, 200.0]), 1.0)
    )}  # fmt: skip
    result = run(priors=far, num_datasets=60)
    refused = result["refused"].values
    assert np.array_equal(refused, result["true_value"].values[:, 0] > 100)
    assert 0 < refused.sum() < 60
    assert (result["rank"].values[refused] == -1).all()
    assert f"{refused.sum()} of 60 data sets were refused" in result.attrs["verdict"]
    assert json.loads(result.attrs["refusals"]) == ["the scores must be below 100 on average."]


def test_nuts_is_calibrated_and_a_wrong_noise_is_not() -> None:
    """The sampler that fits use, on the toy's own program."""
    same = run(seed=2, num_datasets=200, num_warmup=150, sampler=None)
    assert same.attrs["verdict"] == CALIBRATED
    assert same.attrs["programs"] == 1
    wrong = dataclasses.replace(toy.MODEL, program=toy.too_quiet)
    change = Changed(summary="noise too small", model=wrong)
    result = run(seed=2, num_datasets=200, num_warmup=150, sampler=None, fitted=change)
    assert "intervals too narrow" in str(result["verdict"].values[0])
    assert result.attrs["fitted"] == "noise too small"
    assert np.array_equal(result["true_value"], same["true_value"])


def test_the_seed_fixes_everything() -> None:
    first, second, other = (run(seed=seed, **FEW) for seed in (3, 3, 4))
    xr.testing.assert_identical(first, second)
    assert not first["true_value"].equals(other["true_value"])


def test_a_parameter_held_to_be_known_is_not_judged() -> None:
    change = Changed(summary="known", priors={labels.START: lambda values: values[labels.START]})
    with pytest.raises(ValueError, match="nothing is left to calibrate"):
        run(fitted=change, **FEW)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"simulator": "nowhere"}, "no scenario of toy is called 'nowhere'"),
        ({"fitted": "nothing"}, "no mistake of toy is called 'nothing'"),
        ({"num_draws": 50}, "num_draws must be at least num_ranks - 1 = 99"),
        ({"num_datasets": 3}, "num_datasets"),
        ({"priors": {}}, "no prior is given for start"),
    ],
)
def test_mistakes_are_told(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run(**(FEW | arguments))


def test_everything_is_labelled() -> None:
    result = run(**FEW)
    for name in (*result.data_vars, *result.coords):
        label = labels.CALIBRATION[str(name)]
        assert result[name].dims == label.dims
        assert result[name].attrs["long_name"] == label.long_name
