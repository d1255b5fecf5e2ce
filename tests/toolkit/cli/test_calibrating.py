"""``coevo calibrate`` prints what ``calibrate`` found, and its exit status is the verdict."""

from pathlib import Path
from typing import Any

import pytest
import xarray as xr
from typer.testing import CliRunner

import toolkit.calibration
from tests.toolkit.calibration import toy
from toolkit.calibration import calibrate
from toolkit.cli import app as cli
from toolkit.cli import shell


def run(*arguments: object) -> Any:
    return CliRunner().invoke(cli.app, ["calibrate", *(str(argument) for argument in arguments)])


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Have the toy calibrated whatever model is asked for; returns what was asked."""
    found: dict[str, Any] = {"scale": 1.0}

    def instead(model: str, **arguments: Any) -> xr.Dataset:
        found.update(arguments, model=model)
        return calibrate(
            toy.MODEL,
            num_datasets=arguments["num_datasets"],
            seed=arguments["seed"],
            priors=toy.PRIORS,
            sampler=toy.exact(scale=found["scale"]),
            progress=False,
        )

    monkeypatch.setattr(toolkit.calibration, "calibrate", instead)
    return found


def test_the_table_the_verdict_and_the_file(asked: dict[str, Any], tmp_path: Path) -> None:
    out = tmp_path / "toy.nc"
    done = run("text_drift", "--num-datasets", 500, "--seed", 1, "--out", out)
    assert done.exit_code == 0, done.output
    assert "start" in done.stdout
    assert "toy, simulator: own, fitted: the same, 500 data sets: calibrated" in done.stdout
    assert f"saved: {out}" in done.stdout
    saved = xr.load_dataset(out, engine="h5netcdf")
    assert saved.attrs["calibrated"] == 1
    assert saved.sizes["dataset"] == 500
    assert (asked["model"], asked["simulator"], asked["fitted"]) == ("text_drift", "own", None)


def test_what_is_not_calibrated_has_another_exit_status(asked: dict[str, Any]) -> None:
    asked["scale"] = 0.7
    done = run("text_drift", "--num-datasets", 500, "--seed", 1, "--scenario", "small_batch")
    assert done.exit_code == shell.EXIT_CONTRADICTION
    assert "intervals too narrow" in done.stdout
    assert asked["simulator"] == "small_batch"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("gravity", "--num-datasets", 20, "--seed", 1), "no model is called 'gravity'"),
        (
            ("retraining", "--num-datasets", 20, "--seed", 1, "--scenario", "moon"),
            "no scenario of retraining is called 'moon'; choose from: own, gaussian, fresh, mixed",
        ),
        (("retraining", "--num-datasets", 2, "--seed", 1), "num_datasets"),
    ],
)
def test_mistakes_are_told_in_a_line(arguments: tuple[object, ...], message: str) -> None:
    done = run(*arguments)
    assert done.exit_code == shell.EXIT_MISTAKE
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2
