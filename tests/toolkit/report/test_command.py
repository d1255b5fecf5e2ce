"""``coevo report`` and ``tk.report``: a page or a mistake told, and nothing half-written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

import toolkit as tk
from toolkit.cli import app as cli
from toolkit.cli import shell
from toolkit.report import Findings, gathering

SCORES = ("--model", "diversity_decay", "--score", "recall")


def run(*arguments: object) -> Any:
    return CliRunner().invoke(cli.app, ["report", *map(str, arguments)])


def told(done: Any) -> str:
    """Return the message of a command that failed."""
    assert done.exit_code == shell.EXIT_MISTAKE, (done.exit_code, done.output, done.exception)
    assert "Traceback" not in done.output
    assert len(done.stderr.strip().splitlines()) <= 2
    return str(done.stderr)


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of a table of scores."""
    rng = np.random.default_rng(2)
    rows = ["replicate,generation,recall"]
    for replicate in range(2):
        for generation in range(25):
            score = 0.1 + 0.7 * 0.9**generation + 0.01 * rng.standard_normal()
            rows.append(f"{replicate},{generation},{score}")
    path = tmp_path_factory.mktemp("scores") / "scores.csv"
    path.write_text("\n".join(rows))
    return path


@pytest.fixture
def no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be fitted nor forecast: a mistake must be told before."""

    def never(*_arguments: object, **_more: object) -> None:
        raise AssertionError("work was begun")

    for name in ("fit_model", "forecast", "summary", "dose"):
        monkeypatch.setattr(gathering, name, never)


def test_a_table_becomes_a_page(scores: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    done = run(scores, *SCORES, "--out", out, "--set", "form=deterministic", "--horizon", 12)
    assert done.exit_code == 0, (done.output, done.exception)
    assert f"saved: {out}" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    page = out.read_text(encoding="utf-8")
    assert "Of this model no dose can be told" in page
    assert "That cannot be told from a score alone" in page
    assert "scores.csv: score, by diversity_decay" in page
    assert "--set form=deterministic" in page
    assert "exists; give another path, or overwrite it (--overwrite)" in told(
        run(scores, *SCORES, "--out", out)
    )
    assert out.read_text(encoding="utf-8") == page


@pytest.mark.usefixtures("no_work")
def test_mistakes_are_told_before_any_work(scores: Path, tmp_path: Path, found: Findings) -> None:
    out, fit = tmp_path / "report.html", found.source.name
    assert "no file at" in told(run(tmp_path / "nothing.csv", *SCORES, "--out", out))
    assert "say which model to fit" in told(run(scores, "--score", "recall", "--out", out))
    assert "choose from: text_drift" in told(run(scores, "--model", "text_drfit", "--out", out))
    assert "must end in .html" in told(run(fit, "--out", tmp_path / "report.pdf"))
    assert "does not exist; make it first" in told(run(fit, "--out", tmp_path / "no" / "r.html"))
    (tmp_path / "folder.html").mkdir()
    assert "is a folder" in told(run(fit, "--out", tmp_path / "folder.html", "--overwrite"))
    assert "(--score recall)" in told(run(scores, "--model", "diversity_decay", "--out", out))
    assert "leave model out" in told(run(fit, "--model", "retraining", "--out", out))
    assert "leave score out" in told(run(fit, "--score", "recall", "--out", out))
    assert "--set goes with --model" in told(run(fit, "--set", "floor=0", "--out", out))
    assert "a fit already" in told(
        run(fit, "--model", "text_drift", "--set", "injection_prob=0", "--out", out)
    )
    assert "choose variable from: text_diversity" in told(
        run(fit, "--variable", "score", "--out", out)
    )
    assert "knows none; leave it out" in told(run(scores, *SCORES, "--target", 0.5, "--out", out))
    assert "below must be a finite number" in told(run(fit, "--below", "nan", "--out", out))
    assert "horizon must be" in told(run(fit, "--horizon", 0, "--out", out))
    assert not out.exists()


@pytest.mark.usefixtures("no_work")
def test_what_is_neither_is_refused(tmp_path: Path, found: Findings) -> None:
    forecast = tk.save(found.ahead, tmp_path / "ahead.nc")
    with pytest.raises(ValueError, match="neither a fit nor a trajectory, but forecast"):
        tk.report(forecast, tmp_path / "r.html")
    with pytest.raises(TypeError, match="no posterior"):
        tk.report(xr.DataTree(), tmp_path / "r.html")
    (tmp_path / "cut.nc").write_bytes(b"\x89HDF\r\n")
    with pytest.raises(ValueError, match="cannot be read as nc"):
        tk.report(tmp_path / "cut.nc", tmp_path / "r.html")


def test_a_run_that_fails_leaves_what_was_there(
    tmp_path: Path, found: Findings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from toolkit.report import writing

    out = tmp_path / "report.html"
    out.write_text("the one before")
    monkeypatch.setattr(writing, "gather", lambda request: found)

    def fails(*_arguments: object) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(writing, "page", fails)
        with pytest.raises(KeyboardInterrupt):
            tk.report(found.fit, out, overwrite=True)
    monkeypatch.setattr(writing, "page", lambda found, out: "\ud800")  # cannot be encoded
    with pytest.raises(UnicodeEncodeError):
        tk.report(found.fit, out, overwrite=True)
    assert out.read_text() == "the one before"
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_chains_that_disagree_end_with_their_own_status(
    tmp_path: Path, found: Findings, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dataclasses

    from toolkit.report import writing

    bad = found.fit.copy()
    bad.attrs |= {"converged": "false", "problems": json.dumps(["the chains disagree"])}
    monkeypatch.setattr(writing, "gather", lambda request: dataclasses.replace(found, fit=bad))
    monkeypatch.setattr(writing, "page", lambda found, out: "page")
    done = run(found.source.name, "--out", tmp_path / "r.html")
    assert done.exit_code == shell.EXIT_NOT_CONVERGED
    assert (tmp_path / "r.html").read_text() == "page"


def test_what_is_not_asked_for_follows_from_the_fit(found: Findings) -> None:
    assert gathering._observed_span(found.fit) == 20
    half = gathering._half_of_present(found.fit, "text_diversity", None)
    now = float(found.ahead["current"].mean())
    assert half == float(f"{now / 2:.2g}")
    assert gathering._variable(found.fit, "text_drift") == "text_diversity"
