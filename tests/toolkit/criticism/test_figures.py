"""Figures and printed words of summaries, comparisons and checks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

from tests.toolkit.criticism.test_predictive import checked, drifting, plain
from toolkit import labels, plotting
from toolkit.cli.app import app
from toolkit.cli.criticism import print_check, print_models, print_summary
from toolkit.criticism.folds import Folds
from toolkit.criticism.judging import Judged, result_of
from toolkit.criticism.variants import Variant
from toolkit.datasets import save


@pytest.fixture(scope="module")
def summed_up() -> xr.Dataset:
    rng = np.random.default_rng(1)
    contribution = rng.normal([[[0.3]], [[-0.2]], [[0.1]]], 0.01, size=(3, 2, 20))
    lead = (labels.CHAIN, labels.DRAW)
    loss = contribution.sum(axis=0)
    return xr.Dataset(
        {
            labels.CONTRACTION_FACTOR: (lead, np.full((2, 20), 0.9)),
            labels.HALF_LIFE: (lead, np.full((2, 20), 6.58)),
            labels.LOSS: (lead, loss),
            labels.CONTRIBUTION: ((labels.CAUSE, *lead), contribution),
            labels.SHARE_OF_LOSS: ((labels.CAUSE, *lead), contribution / loss),
        },
        coords={labels.CAUSE: ["drift", "injection", "interactions"]},
        attrs={"variable": "text_diversity", "horizon": 30, "start": "first", "answer": "Words."},
    )


@pytest.fixture(scope="module")
def compared() -> xr.Dataset:
    def judged(*elpd: float) -> Judged:
        number = len(elpd)
        return Judged(np.array(elpd), np.full(number, 0.1), 0.7, np.zeros(number, bool), ())

    names = ("all causes", "no sharpening", "no injection")
    rows = judged(-9, -8, -7, -9), judged(-9, -9, -8, -9), judged(-np.inf, 0, 0, 0)
    return result_of(
        dict(zip(names, rows, strict=True)),
        Folds(np.arange(4), np.array([], int)),
        [Variant(name, "", {}) for name in names],
        names[0],
        {},
    )


def test_causes_are_drawn_with_the_whole_loss_first(summed_up: xr.Dataset) -> None:
    ax = plotting.plot_causes(summed_up)
    rows = [label.get_text() for label in ax.get_yticklabels()]
    assert rows == ["whole loss", "drift", "injection", "interactions"]
    widths = [bar.get_width() for bar in ax.patches]
    assert widths == pytest.approx([0.2, 0.3, -0.2, 0.1], abs=0.02)
    assert ax.patches[1].get_facecolor() != ax.patches[2].get_facecolor()
    with pytest.raises(ValueError, match="holds no causes"):
        plotting.plot_causes(summed_up.drop_dims(labels.CAUSE))


def test_comparisons_are_drawn_the_best_first(compared: xr.Dataset) -> None:
    ax = plotting.plot_comparison_of_models(compared)
    rows = [label.get_text() for label in ax.get_yticklabels()]
    assert [row.partition("\n")[0] for row in rows] == [
        "all causes",
        "no sharpening",
        "no injection",
    ]
    assert rows[2].endswith("impossible")
    assert "'all causes'" in ax.get_xlabel()


def test_checks_are_drawn_in_sds() -> None:
    wrong = checked(np.random.default_rng(2), drifting)
    ax = plotting.plot_predictive_check(wrong)
    assert ax.get_title("left").startswith("Alarm: ")
    assert ax.get_xlim()[0] == -ax.get_xlim()[1]
    fine = plotting.plot_predictive_check(checked(np.random.default_rng(1), plain))
    assert fine.get_title("left").startswith("No alarm")


def test_what_is_printed(
    summed_up: xr.Dataset, compared: xr.Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    print_summary(summed_up)
    print_models(compared)
    assert not print_check(checked(np.random.default_rng(2), drifting))
    assert print_check(checked(np.random.default_rng(1), plain))
    printed = " ".join(capsys.readouterr().out.split())
    for words in (
        "loss to injection",
        "Words.",
        "the data are impossible",
        "warning: standard errors rest on 4 replicates",
        "batch size falls",
        "None of 8 statistics deviates",
    ):
        assert words in printed


@pytest.mark.parametrize("name", ["summary", "check", "compare-models"])
def test_commands_have_help_with_examples(name: str) -> None:
    done = CliRunner().invoke(app, [name, "--help"])
    assert done.exit_code == 0
    assert f"coevo {name}" in done.stdout.split("Examples:")[1]


def test_mistakes_are_told_in_a_line(tmp_path: Path) -> None:
    path = tmp_path / "no_fit.nc"
    save(xr.Dataset({"score": (labels.dims("score"), np.ones((1, 3)))}), path)
    for name in ("summary", "check"):
        done = CliRunner().invoke(app, [name, str(path)])
        assert done.exit_code == 2
        assert "holds no fit" in done.stderr
    done = CliRunner().invoke(app, ["compare-models", str(path), "--model", "x", "--seed", "1"])
    assert done.exit_code == 2
    assert "no model is called 'x'" in done.stderr
