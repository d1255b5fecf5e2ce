"""``forecast`` and its scores: levels, censoring, coverage, CRPS."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy import stats

import toolkit as tk
from tests.toolkit.forecast.made import DRAWS, TEXT, counts_from, fit_of
from toolkit import labels
from toolkit.forecast import crps
from toolkit.forecast.scoring import binomial_interval

_PROBS = [0.5, 0.3, 0.2]


@pytest.fixture(scope="module")
def fit() -> xr.DataTree:
    """Two replicates of 40 captions: chance is large."""
    data = counts_from(_PROBS, 200, replicates=2)
    return fit_of("text_drift", data, {**TEXT, "effective_batch_size": 40.0})


@pytest.fixture(scope="module")
def ahead(fit: xr.DataTree) -> xr.Dataset:
    return tk.forecast(fit, generations=30, below=0.3, num_draws=500)


def test_every_variable_is_labelled_and_says_what_the_draws_say(
    ahead: xr.Dataset, tmp_path: Path
) -> None:
    draws = ahead.forecast.values.reshape(500, 2, 30)
    np.testing.assert_allclose(ahead.forecast_mean, draws.mean(axis=0))
    np.testing.assert_allclose(ahead.forecast_median, np.median(draws, axis=0))
    np.testing.assert_allclose(
        ahead.interval_low.sel(probability=0.9), np.quantile(draws, 0.05, axis=0)
    )
    np.testing.assert_allclose(
        ahead.interval_high.sel(probability=0.5), np.quantile(draws, 0.75, axis=0)
    )
    np.testing.assert_allclose(ahead.probability_below, (draws < 0.3).mean(axis=0))
    np.testing.assert_allclose(ahead.current, 1 - np.sum(np.square(_PROBS)))
    assert ahead.generation.values.tolist() == list(range(4, 34))
    assert ahead.observed.dims == ("replicate", "observed_generation")
    for name in ahead.variables:
        if name not in (labels.CHAIN, labels.DRAW):
            assert name in (*labels.FORECASTS, *labels.COORDINATES, labels.PROBABILITY), name
    for name in ahead.data_vars:
        assert {"long_name", "units"} <= set(ahead[name].attrs), name
    again = xr.load_dataset(tk.save(ahead, tmp_path / "ahead.nc"), engine="h5netcdf")
    xr.testing.assert_identical(again.time_to_level, ahead.time_to_level)


def test_the_first_time_below_and_its_censored_quantiles(ahead: xr.Dataset) -> None:
    draws = ahead.forecast.values.reshape(500, 2, 30)
    times = ahead.time_to_level.values.reshape(500, 2)
    for path, replicate in [(0, 0), (7, 1), (499, 0)]:
        under = np.flatnonzero(draws[path, replicate] < 0.3)
        assert times[path, replicate] == (under[0] + 1 if under.size else np.inf)
    reached = np.isfinite(times).mean(axis=0)
    np.testing.assert_allclose(ahead.probability_reached, reached)
    assert (reached > 0.2).all()
    assert (reached < 0.9).all()
    for quantile in ahead.coords["quantile"].values:
        found = ahead.time_quantile.sel(quantile=quantile).values
        # At least so many paths are there by then, and not before.
        assert ((times <= found).mean(axis=0) >= quantile).all()
        assert ((times < found).mean(axis=0) < quantile).all()
        assert (np.isinf(found) == (reached < quantile)).all()


def test_a_level_that_is_passed_already_takes_no_time(fit: xr.DataTree) -> None:
    now = tk.forecast(fit, generations=2, below=0.7, num_draws=10)
    assert (now.time_to_level == 0).all()
    never = tk.forecast(fit, generations=2, below=0.0, num_draws=10)
    assert np.isinf(never.time_quantile).all()
    table = tk.forecast_table(never)
    assert list(table.index) == ["any", "replicate 0", "replicate 1"]
    assert table.loc["any", "time 50%"] == np.inf


def test_a_forecast_is_a_matter_of_its_seed(fit: xr.DataTree, ahead: xr.Dataset) -> None:
    xr.testing.assert_identical(
        tk.forecast(fit, generations=30, below=0.3, num_draws=500, seed=0), ahead
    )
    other = tk.forecast(fit, generations=30, below=0.3, num_draws=500, seed=1)
    assert (other.forecast != ahead.forecast).any()
    with pytest.raises(ValueError, match="below must be a finite number"):
        tk.forecast(fit, generations=2, below=np.nan)
    with pytest.raises(ValueError, match="below must be a finite number"):
        tk.forecast(fit, generations=2, below=[0.1, 0.2])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"below is 1\.5, but text_probs lies within \[0, 1\]"):
        tk.forecast(fit, generations=2, variable="text_probs", below=1.5)
    with pytest.raises(ValueError, match="text_entropy is never negative; give 0 or more"):
        tk.forecast(fit, generations=2, variable="text_entropy", below=-1)


def test_crps_of_a_sample() -> None:
    rng = np.random.default_rng(21)
    sample, came = rng.normal(size=(40, 3)), np.array([0.3, -2.0, 5.0])
    between = np.abs(sample[:, None] - sample[None]).mean(axis=(0, 1))
    np.testing.assert_allclose(
        crps(sample, came), np.abs(sample - came).mean(axis=0) - between / 2, rtol=1e-12
    )
    # That of a standard normal law (Gneiting and Raftery, 2007, equation 20).
    z = came[0]
    exact = z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi)
    assert crps(rng.normal(size=200_000), z) == pytest.approx(exact, abs=0.005)


def test_held_out_halves_are_matched_by_their_coordinates(ahead: xr.Dataset) -> None:
    came = np.linspace(0.6, 0.2, 30)
    whole = xr.Dataset(
        {"text_diversity": (("replicate", "generation"), np.stack([came, came + 0.1]))},
        coords={"replicate": [1, 0], "generation": np.arange(4, 34)},
    )
    scored = tk.forecast_scores(ahead, whole.isel(generation=slice(5, None)))
    assert dict(scored.held_out.sizes) == {"replicate": 2, "generation": 25}
    np.testing.assert_allclose(scored.held_out.sel(replicate=1), came[5:])
    draws = ahead.forecast.sel(replicate=1, generation=20).values.ravel()
    at = {"replicate": 1, "generation": 20}
    value = float(scored.held_out.sel(at))
    assert float(scored.pit.sel(at)) == pytest.approx((draws < value).mean())
    low, high = np.quantile(draws, [0.25, 0.75])
    assert bool(scored.covered.sel(at).sel(probability=0.5)) == (low <= value <= high)
    np.testing.assert_allclose(scored.coverage, scored.covered.mean("replicate"))
    low_end, high_end = binomial_interval(1, 2)
    half = scored.coverage.values == 0.5
    assert (scored.coverage_low.values[half] == low_end).all()
    assert (scored.coverage_high.values[half] == high_end).all()
    exact = stats.binomtest(1, 2).proportion_ci(0.95)
    assert (float(low_end), float(high_end)) == pytest.approx((exact.low, exact.high))
    with pytest.raises(ValueError, match="nothing held out was forecast"):
        tk.forecast_scores(ahead, whole.assign_coords(generation=np.arange(100, 130)))
    with pytest.raises(ValueError, match="held_out has no 'text_diversity'"):
        tk.forecast_scores(ahead, whole.rename(text_diversity="recall"))
    with pytest.raises(TypeError, match=r"held_out must be an xr\.Dataset, not str; read it with"):
        tk.forecast_scores(ahead, "loop.csv")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="forecasted must be what forecast returns"):
        tk.forecast_scores(whole, whole)


@pytest.mark.parametrize(("wrong", "covers"), [(1.0, True), (3.0, False)])
def test_forecasts_cover_loops_of_the_posterior_and_wrong_ones_do_not(
    wrong: float, covers: bool
) -> None:
    """Batch sizes drawn from the posterior; the loops are multinomial draws of NumPy's."""
    rng, generations, loops = np.random.default_rng(22), 12, 300
    posterior = np.exp(np.log(60) + 0.5 * rng.normal(size=DRAWS))
    fit = fit_of(
        "text_drift",
        counts_from(_PROBS, 200),
        {**TEXT, "effective_batch_size": np.maximum(posterior * wrong, 2)},
    )
    probs = np.tile(_PROBS, (loops, 1))
    sizes = np.round(rng.choice(posterior, loops)).astype(int)
    for _ in range(generations):
        probs = np.stack([rng.multinomial(n, p) / n for n, p in zip(sizes, probs, strict=True)])
    came = 1 - np.sum(probs**2, axis=1)
    ahead = tk.forecast(fit, generations=generations, num_draws=DRAWS).isel(
        generation=-1, replicate=0
    )
    for probability in (0.5, 0.9):
        one = ahead.sel(probability=probability)
        hits = int(((one.interval_low.item() <= came) & (came <= one.interval_high.item())).sum())
        p_value = stats.binomtest(hits, loops, probability).pvalue
        assert (p_value > 1e-3) == covers, (probability, hits / loops)
