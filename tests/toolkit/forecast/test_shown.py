"""Figures and commands of forecasts and doses: what is on the axes, what is printed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_hex
from typer.testing import CliRunner

import toolkit as tk
from tests.toolkit.forecast.made import TEXT, counts_from, fit_of
from toolkit import plotting
from toolkit.cli import app as cli
from toolkit.cli import shell
from toolkit.plotting.style import PALETTE

_PROBS = [0.5, 0.3, 0.2]


@pytest.fixture(scope="module")
def fit() -> xr.DataTree:
    data = counts_from(_PROBS, 200, replicates=2)
    posterior = {**TEXT, "effective_batch_size": 40.0, "injection_prob": 1.0}
    return fit_of("text_drift", data, {**posterior, "injection_fraction": 0.0}, draws=300)


@pytest.fixture(scope="module")
def file(fit: xr.DataTree, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tk.save(fit, tmp_path_factory.mktemp("fit") / "fit.nc")


def run(*arguments: object) -> Any:
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


def test_the_fan_shows_what_was_seen_the_bands_and_the_crossing(fit: xr.DataTree) -> None:
    ahead = tk.forecast(fit, generations=30, below=0.3, num_draws=300)
    ax = plotting.plot_forecast(ahead, replicate=1)
    assert ax.get_ylabel() == "text diversity (Gini-Simpson)"
    lines = {str(line.get_label()): line for line in ax.get_lines()}
    np.testing.assert_array_equal(lines["observed"].get_xdata(), np.arange(4))
    np.testing.assert_array_equal(
        lines["median forecast"].get_ydata(), ahead.forecast_median.sel(replicate=1)
    )
    assert len(ax.collections) == 2  # the bands of 50 % and 90 %
    crossing = np.asarray(lines["first below (90 % interval)"].get_xdata(), float)
    early = float(ahead.time_quantile.sel(quantile=0.05, replicate=1))
    assert crossing[0] == 3 + early
    # The time is censored at the horizon: an arrow says that it goes on.
    assert np.isinf(ahead.time_quantile.sel(quantile=0.95, replicate=1))
    assert crossing[1] == 33
    assert any(line.get_marker() == ">" for line in ax.get_lines())
    share = float(ahead.probability_below.sel(replicate=1)[-1])
    assert ax.get_title("left") == f"replicate 1, below 0.3 at generation 33: {100 * share:.0f} %"
    plain = plotting.plot_forecast(tk.forecast(fit, generations=3, num_draws=30))
    assert "level" not in " ".join(str(line.get_label()) for line in plain.get_lines())
    with pytest.raises(ValueError, match=r"no replicate is called 7; choose from: 0, 1\."):
        plotting.plot_forecast(ahead, replicate=7)
    with pytest.raises(ValueError, match="has no dim 'text'"):
        plotting.plot_forecast(ahead, text=0)


def test_the_dose_response_marks_the_answer(fit: xr.DataTree) -> None:
    found = tk.dose(fit, target=0.5, horizon=20, num_draws=300)
    ax = plotting.plot_dose_response(found)
    answer = float(found.dose_answer)
    marked = [line for line in ax.get_lines() if to_hex(line.get_color()) == PALETTE[1].lower()]
    assert [line.get_xdata()[0] for line in marked] == [answer]  # type: ignore[index]
    assert ax.get_xlabel() == "share of the mass that is injected"
    said = f"injection fraction {answer:.3g} keeps text diversity at least 0.5 after 20 generations"
    assert " ".join(ax.get_title("left").split()) == said
    # The legend covers nothing of the axes.
    ax.figure.draw_without_rendering()
    assert ax.get_legend().get_window_extent().x0 >= ax.get_window_extent().x1
    assert ax.get_window_extent().width > 0.55 * ax.figure.bbox.width
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert f"answer: {answer:.3g}" in texts
    nothing = tk.dose(fit, target=0.66, horizon=20, num_draws=300)
    texts = [t.get_text() for t in plotting.plot_dose_response(nothing).get_legend().get_texts()]
    assert not any(text.startswith("answer") for text in texts)
    with pytest.raises(ValueError, match="there is no dose in it; give what dose returns"):
        plotting.plot_dose_response(tk.forecast(fit, generations=3, num_draws=30))
    with pytest.raises(ValueError, match="there is no forecast in it; give what forecast returns"):
        plotting.plot_forecast(found)


def test_coevo_forecast_prints_the_answer_and_saves_it(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "ahead.nc"
    done = run("forecast", file, "--generations", 30, "--below", 0.3, "--out", out)
    assert done.exit_code == 0, done.output
    saved = xr.load_dataset(out, engine="h5netcdf")
    table = tk.forecast_table(saved)
    assert "text_diversity (fit of text_drift): expected at generation 33" in done.stdout
    (row,) = (line for line in done.stdout.splitlines() if line.strip().startswith("any"))
    assert f"{table.loc['any', 'expected']:.4g}" in row
    assert "> 30" in row
    assert f"{table.loc['any', 'time 50%']:.0f} " in row
    # No injection of nothing: as fitted.
    other = run("forecast", file, "--generations", 30, "--set", "injection_fraction=0.9")
    assert other.exit_code == 0, other.output
    assert "below" not in other.stdout
    again = run("forecast", file, "--generations", 30, "--out", out)
    assert again.exit_code == shell.EXIT_MISTAKE
    assert "--overwrite" in again.stderr


def test_coevo_dose_prints_the_sentence(file: Path) -> None:
    done = run("dose", file, "--target", 0.5, "--horizon", 20)
    assert done.exit_code == 0, done.output
    words = " ".join(done.stdout.split())
    assert "keeps text_diversity at least 0.5 after 20 generations with probability 0.9" in words
    assert "closed form, for the stationary mean under drift alone:" in words
    # Nothing is ever injected here: the fit itself keeps what no dose keeps.
    loop = tk.read_fit(file)
    found = tk.dose(loop, target=0.5, horizon=20)
    none = f"{float(found.probability_kept.sel(dose=0)):.3g}"
    assert f"probability {none} if nothing changes from the fit, {none} with injection" in words
    high = run("dose", file, "--target", 0.7, "--horizon", 20)
    assert "closed form, for the stationary mean under drift alone: none does it\n" in high.stdout


def test_what_is_given_is_no_part_of_the_fit_left_alone(fit: xr.DataTree) -> None:
    """A batch that drifts less keeps the target; the fit, left alone, still does not."""
    settings: dict[str, Any] = {"target": 0.5, "horizon": 20, "num_draws": 300}
    changed = tk.dose(fit, given={"effective_batch_size": 1e9}, **settings)
    alone = tk.dose(fit, **settings)
    assert float(changed.probability_kept.sel(dose=0)) == 1
    assert float(changed.probability_as_fitted) == float(alone.probability_as_fitted) < 0.9


def test_a_score_with_gaps_is_seen() -> None:
    """A point between two gaps has no line to be seen by."""
    ahead = xr.Dataset(
        {
            "observed": (("replicate", "observed_generation"), [[0.9, np.nan, 0.8, np.nan, 0.7]]),
            "forecast_mean": (("replicate", "generation"), [[0.6, 0.5]]),
            "forecast_median": (("replicate", "generation"), [[0.6, 0.5]]),
            "forecast": (("replicate", "generation"), [[0.6, 0.5]]),
            "interval_low": (("probability", "replicate", "generation"), [[[0.5, 0.4]]]),
            "interval_high": (("probability", "replicate", "generation"), [[[0.7, 0.6]]]),
        },
        coords={
            "replicate": [0],
            "generation": [5, 6],
            "observed_generation": np.arange(5),
            "probability": [0.9],
        },
        attrs={"variable": "score"},
    )
    (seen,) = (x for x in plotting.plot_forecast(ahead).get_lines() if x.get_label() == "observed")
    assert seen.get_marker() == "."
    (seen, *_) = plotting.plot_forecast(ahead.fillna(0.8)).get_lines()
    assert seen.get_marker() != "."


def test_mistakes_are_told_in_a_line(file: Path, tmp_path: Path) -> None:
    for arguments, message in (
        (("forecast", file, "--generations", 3, "--variable", "recall"), "choose variable from"),
        (("forecast", file, "--generations", 3, "--set", "floor"), "--set takes NAME=NUMBER"),
        (("dose", file, "--target", 0.5, "--horizon", 3, "--vary", "x"), "vary must be injection"),
        (("forecast", file, "--generations", 3, "--below", 50), "lies within [0, 1]; give a level"),
        (("dose", file, "--target", -1, "--horizon", 3), "target is -1, but text_diversity lies"),
        (("forecast", file, "--generations", 10**9), "is 1000000000, too far to be computed; give"),
        (("summary", tmp_path / "loop.csv"), "is a table, not a fit: fit it first with coevo fit"),
        (("forecast", tmp_path / "no.nc", "--generations", 3), "no.nc"),
    ):
        done = run(*arguments)
        assert done.exit_code == shell.EXIT_MISTAKE, done.output
        assert message in done.stderr
        assert len(done.stderr.strip().splitlines()) <= 2
