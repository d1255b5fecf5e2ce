"""The framework of studies: all files or none, clear errors, numbers in the finding."""

import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from studies import _study
from studies._study import HOLDS, Result, Verdict
from toolkit import plotting

SUFFIXES = (".nc", ".pdf", ".png", ".txt")


@dataclasses.dataclass(frozen=True)
class Config:
    size: int = 10
    seed: int = 1


class FakeStudy(SimpleNamespace):
    """A study that computes a mean, and counts how often it was run."""

    CONFIG = Config()
    QUICK = {"size": 3}  # noqa: RUF012

    def run(self, config: Config) -> Result:
        self.runs = getattr(self, "runs", 0) + 1
        values = np.arange(config.size, dtype=float)
        figure, axes = plotting.panels()
        axes[0, 0].plot(values)
        verdict = Verdict(self.outcome, f"It is {values.mean():.2f}.")
        data = xr.DataTree.from_dict({"values": xr.Dataset({"v": ("x", values)})})
        return Result(data, figure, f"The mean is {values.mean():.2f}.", {"claim": verdict})


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> FakeStudy:
    fake = FakeStudy(outcome=HOLDS)
    monkeypatch.setattr(_study, "load", lambda name: fake)
    return fake


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_studies_are_the_public_modules() -> None:
    assert _study.names() == [
        "calibration",
        "causes",
        "corpus_injection",
        "data_policies",
        "digits",
        "digits_fit",
        "fidelity",
        "gaussian_collapse",
        "generalisation_bound",
        "image_contraction",
        "in_context",
        "least_squares",
        "matthew_effect",
        "misspecification",
        "monitoring",
        "network_of_models",
        "recover_rates",
        "recursive_stability",
        "retraining_stability",
        "synthetic_size",
        "text_collapse",
        "update_frequency",
        "user_content",
    ]


@pytest.mark.parametrize("name", _study.names())
def test_every_study_has_what_a_study_has(name: str) -> None:
    module = _study.load(name)
    full, quick = (_study.configuration(module, quick=quick) for quick in (False, True))
    assert dataclasses.is_dataclass(full)
    assert full != quick
    assert isinstance(full.seed, int)
    with pytest.raises(dataclasses.FrozenInstanceError):
        full.seed = 0
    with pytest.raises(ValueError, match="no setting of this study"):
        _study.configuration(module, colour_of_the_bars=3)
    assert callable(module.run)
    assert callable(module.main)


def test_unknown_names_are_told_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'nonsense'; choose from: calibration, causes"):
        _study.run_study("nonsense")
    with pytest.raises(ValueError, match="no study is called"):
        _study.load("_study")


def test_four_files_with_the_finding_in_them(
    study: FakeStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = _study.run_study("fake", quick=True, out=tmp_path / "new" / "folder")
    assert files(tmp_path / "new" / "folder") == [f"fake{suffix}" for suffix in SUFFIXES]
    assert all(path.stat().st_size > 0 for path in paths)
    with xr.open_datatree(paths[0], engine="h5netcdf") as tree:
        assert json.loads(tree.attrs["config"]) == {"size": 3, "seed": 1}
        assert tree.attrs["finding"] == "The mean is 1.00."
        np.testing.assert_array_equal(tree["values/v"], [0, 1, 2])
    text = (tmp_path / "new" / "folder" / "fake.txt").read_text()
    assert "The mean is 1.00." in text
    assert "- claim: holds. It is 1.00." in text
    assert "The mean is 1.00." in capsys.readouterr().out


def test_existing_files_stay_and_the_study_is_not_run(study: FakeStudy, tmp_path: Path) -> None:
    (tmp_path / "fake.pdf").write_text("mine")
    with pytest.raises(FileExistsError, match=r"fake\.pdf exists"):
        _study.run_study("fake", out=tmp_path)
    assert files(tmp_path) == ["fake.pdf"]
    assert not hasattr(study, "runs")
    _study.run_study("fake", out=tmp_path, overwrite=True)
    assert (tmp_path / "fake.pdf").read_bytes().startswith(b"%PDF")


def test_a_failure_while_writing_leaves_everything_as_it_was(
    study: FakeStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _study.run_study("fake", out=tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}

    def fail(figure: Any, stem: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(plotting, "save_figure", fail)
    with pytest.raises(OSError, match="disk full"):
        _study.run_study("fake", quick=True, out=tmp_path, overwrite=True)
    assert {name: (tmp_path / name).read_bytes() for name in files(tmp_path)} == before


@pytest.mark.parametrize("interrupted_at", [1, 2, 3, 4, 5, 6, 7, 8])
def test_an_interrupt_between_the_files_is_undone(
    study: FakeStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interrupted_at: int
) -> None:
    _study.run_study("fake", out=tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}
    replace, count = Path.replace, [0]

    def interrupted(self: Path, target: Path) -> Path:
        count[0] += 1
        if count[0] == interrupted_at:
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        _study.run_study("fake", quick=True, out=tmp_path, overwrite=True)
    assert {name: (tmp_path / name).read_bytes() for name in files(tmp_path)} == before


def test_an_outcome_is_one_of_three(study: FakeStudy, tmp_path: Path) -> None:
    study.outcome = "maybe"
    with pytest.raises(ValueError, match="must be one of"):
        _study.run_study("fake", out=tmp_path)
    assert files(tmp_path) == []


def test_a_file_is_no_folder(study: FakeStudy, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match="give a folder"):
        _study.run_study("fake", out=tmp_path / "file")


def test_the_command_line(
    study: FakeStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path)]
    assert _study.main("fake", [*out, "--quick"]) == 0
    assert str(tmp_path / "fake.png") in capsys.readouterr().out
    assert _study.main("fake", out) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert _study.main("fake", [*out, "--overwrite"]) == 0
