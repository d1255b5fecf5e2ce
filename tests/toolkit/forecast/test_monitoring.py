"""A running loop is watched: its file grows, is cut off, rewritten, left alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from typer.testing import CliRunner

import toolkit as tk
from toolkit import labels
from toolkit.cli.app import app
from toolkit.cli.monitoring import _when
from toolkit.cli.shell import EXIT_CROSSING, EXIT_MISTAKE
from toolkit.forecast import forecast
from toolkit.forecast.monitoring import Report, crossing_probability, kept_length, monitor

#: From .8 toward .2 by a factor .9: .5 is passed after generation 6, .3 after 17.
SCORE = 0.2 + 0.6 * 0.9 ** np.arange(40) + 0.004 * np.random.default_rng(2).normal(size=(2, 40))


def write(path: Path, end: int) -> None:
    table = tk.to_table(tk.read_trajectory(score=SCORE[:, :end]))
    table.sort_values([labels.GENERATION, labels.REPLICATE]).to_csv(path, index=False)


def looks(path: Path, steps: list[Callable[[], Any]], **settings: Any) -> Iterator[Report]:
    """What is seen before, and after each of the steps."""
    left = iter(steps)
    chosen = {"model": "diversity_decay", "below": 0.3, "seed": 1} | settings
    return monitor(path, sleep=lambda _: next(left)(), **chosen)


def test_each_answer_is_that_of_fit_and_forecast_on_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "loop.csv"
    whole = tmp_path / "whole.csv"
    write(path, 12)
    write(whole, 16)
    text = whole.read_text()
    # The first 12 generations, and a number that is cut in the middle.
    some = "".join(text.splitlines(keepends=True)[:25]) + text.splitlines()[25][:-3]
    steps: list[Callable[[], Any]] = [
        lambda: None,
        lambda: write(path, 16),
        lambda: path.write_text(some),
        path.unlink,
        lambda: path.write_text(text),
    ]
    seen = looks(path, steps, horizon=5)
    first, idle, grown, cut, gone, again = (next(seen) for _ in range(6))
    assert [first.kind, idle.kind, grown.kind, gone.kind] == [
        *("answer", "unchanged", "answer", "waiting")
    ]
    assert "no file at" in gone.words
    assert (grown.change, cut.change, again.change) == ("grown", "rewritten", "grown")
    assert first.forecast is not None
    assert cut.forecast is not None
    assert again.forecast is not None
    assert grown.forecast is not None
    # Cut off, it is answered from what is left, never from what was there.
    assert cut.forecast[labels.OBSERVED_GENERATION].values[-1] == 11
    assert cut.forecast.equals(first.forecast)
    assert again.forecast.equals(grown.forecast)
    fit = tk.fit(tk.read_trajectory(whole), "diversity_decay", seed=1)
    expected = forecast(fit, generations=50, variable=labels.SCORE, below=0.3, seed=1)
    assert grown.forecast.equals(expected)


def test_there_is_an_alarm_when_the_level_is_near(tmp_path: Path) -> None:
    path = tmp_path / "loop.csv"
    write(path, 12)
    near, far = (next(looks(path, [], horizon=horizon)) for horizon in (10, 3))
    assert near.forecast is not None
    assert near.alarm
    assert not far.alarm
    # .3 is passed 17 generations after the start, and 11 have gone.
    assert crossing_probability(near.forecast, 10).min() > 0.9
    passed = next(looks(path, [], below=0.7))
    assert passed.forecast is not None
    assert passed.alarm
    assert float(passed.forecast[labels.TIME_TO_LEVEL].max()) == 0


def test_mistakes_are_told_before_anything_is_read(tmp_path: Path) -> None:
    path = tmp_path / "nothing.csv"
    for settings, words in (
        ({"model": "decay"}, "no model is called 'decay'"),
        ({"below": np.nan}, "below must be a finite number"),
        ({"probability": 0}, "probability must be above 0 and at most 1, not 0"),
        ({"horizon": 0}, "horizon must be at least 1"),
        ({"window": 1}, "window must be at least 3"),
        ({"ceiling": 1.0}, "'ceiling' is neither a parameter nor an option"),
    ):
        with pytest.raises(ValueError, match=words):
            looks(path, [], **settings)
    with pytest.raises(ValueError, match=r"nothing\.txt must end in"):
        looks(tmp_path / "nothing.txt", [])
    write(path, 12)
    with pytest.raises(ValueError, match="text_diversity"):
        next(looks(path, [], variable="text_diversity"))


def test_few_lengths_are_fitted_and_little_is_left_out() -> None:
    kept = np.array([kept_length(number) for number in range(1, 401)])
    assert (kept <= np.arange(1, 401)).all()
    assert (kept > 0.87 * np.arange(1, 401)).all()
    assert len(np.unique(kept)) < 60


@pytest.mark.parametrize(
    ("quantiles", "words"),
    [
        ((0, 0, 3), "now"),
        ((2, 9, np.inf), "in 9 generations [2, beyond 50]"),
        ((2, np.inf, np.inf), "more probably than not after more than 50 generations [2, beyond 5"),
        ((np.inf, np.inf, np.inf), "not within 50 generations (95 %)"),
    ],
)
def test_a_time_beyond_the_horizon_is_told_as_such(quantiles: tuple[float], words: str) -> None:
    ahead = xr.Dataset(
        {"time_quantile": (("quantile", "replicate"), np.transpose([quantiles]))},
        coords={"quantile": [0.05, 0.5, 0.95], "generation": np.arange(50)},
    )
    assert _when(ahead, {"replicate": 0}).startswith(words)


def test_the_command_answers_and_its_status_tells(tmp_path: Path) -> None:
    path = tmp_path / "loop.csv"
    write(path, 12)
    command = ["monitor", str(path), "--model", "diversity_decay", "--once"]
    near = CliRunner().invoke(app, [*command, "--below", "0.3", "--horizon", "10"])
    assert near.exit_code == EXIT_CROSSING
    assert "generation 11: score now 0.3" in near.output
    assert "ALARM: replicate" in near.output
    assert "falls below 0.3 within 10 generations" in near.output
    passed = CliRunner().invoke(app, [*command, "--below", "0.9", "--horizon", "10"])
    assert passed.exit_code == EXIT_CROSSING
    (alarm,) = (x for x in passed.output.splitlines() if x.startswith("ALARM: replicate"))
    assert alarm.endswith(" is below 0.9 now")
    far = CliRunner().invoke(app, [*command, "--below", "0.1", "--horizon", "10"])
    assert far.exit_code == 0
    assert "below 0.1 not within 100 generations" in far.output
    pd.DataFrame({"round": [1, 2]}).to_csv(path, index=False)
    wrong = CliRunner().invoke(app, [*command, "--below", "0.1"])
    assert wrong.exit_code == EXIT_MISTAKE
    assert "has no column 'generation'" in wrong.output
