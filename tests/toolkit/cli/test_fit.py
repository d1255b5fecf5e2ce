"""``coevo fit``: a user's file, printed and saved; mistakes told in a line or two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpyro.distributions as dist
import pandas as pd
import pytest
from typer.testing import CliRunner

import toolkit as tk
from toolkit.cli import app as cli
from toolkit.cli import output, shell
from toolkit.cli.fitting import _within, settings_of
from toolkit.models import model_of

MODEL = ("--model", "diversity_decay", "--seed", 1)
SHORT = ("--draws", 300, "--chains", 2)


def run(*arguments: object) -> Any:
    return CliRunner().invoke(cli.app, ["fit", *map(str, arguments)])


def told(done: Any) -> str:
    """Return the message of a command that failed."""
    assert done.exit_code == shell.EXIT_MISTAKE, (done.exit_code, done.output, done.exception)
    assert "Traceback" not in done.output
    assert len(done.stderr.strip().splitlines()) <= 2
    return str(done.stderr)


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    """Return the path of a table of scores, with a gap."""
    rng = np.random.default_rng(2)
    rows = ["replicate,generation,recall,other"]
    for replicate in range(3):
        for generation in (*range(15), 20, 30):
            score = 0.2 + 0.6 * 0.9**generation + 0.01 * rng.standard_normal()
            rows.append(f"{replicate},{generation},{score},{replicate}")
    path = tmp_path / "scores.csv"
    path.write_text("\n".join(rows))
    return path


def test_a_table_of_scores_is_fitted_printed_and_saved(scores: Path) -> None:
    out = scores.with_name("fit.nc")
    done = run(scores, *MODEL, "--score", "recall", "--out", out, "--set", "form=deterministic")
    assert done.exit_code == 0, done.output
    assert "contraction_factor" in done.stdout
    assert "divergent transitions: " in done.stdout
    assert f"saved: {out}" in done.stdout
    table = tk.fit_table(tk.read_fit(out))
    assert table.loc["contraction_factor", "5%"] < 0.9 < table.loc["contraction_factor", "95%"]
    assert str(out) in told(run(scores, *MODEL, "--score", "recall", "--out", out))  # it exists


def test_known_parameters_leave_nothing_to_print(scores: Path) -> None:
    known = ("contraction_factor=0.9", "floor=0.2", "noise_sd=0.01", "start=0.8", "start_sd=0.1",
             "form=deterministic")  # fmt: skip
    done = run(
        scores, *MODEL, *SHORT, "--score", "recall", *(x for k in known for x in ("--set", k))
    )
    assert done.exit_code == 0, done.output
    assert "nothing was inferred" in done.stdout


@pytest.mark.parametrize(("width", "lost"), [(60, 4), (80, 2), (200, 0)])
def test_a_narrow_terminal_gets_fewer_columns_not_cut_numbers(
    width: int, lost: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(output, "terminal_width", lambda: width)
    columns = ["quantity", "mean", "sd", "5%", "50%", "95%", "ess_bulk", "ess_tail", "r_hat"]
    row = ["contraction_factor", *[0.01234] * 5, 1000, 1000, 1.001]
    narrow = _within(pd.DataFrame([row], columns=columns), width)
    assert len(narrow.columns) == len(columns) - lost
    assert {"quantity", "5%", "50%", "95%", "r_hat"} <= set(narrow.columns)
    output.print_table(narrow.columns, narrow.itertuples(index=False))
    printed = capsys.readouterr().out
    assert printed.count("0.01234") == len(set(narrow.columns) & {"mean", "sd", "5%", "50%", "95%"})
    assert "…" not in printed


def test_mistakes_are_told(scores: Path, tmp_path: Path) -> None:
    read = (scores, *MODEL, "--score", "recall")
    assert "no file at" in told(run(tmp_path / "nothing.csv", *MODEL))
    assert "(--score recall)" in told(run(scores, *MODEL))
    assert "recal" in told(run(scores, *MODEL, "--score", "recal"))
    wrong = ("--model", "text_drfit", "--seed", 1, "--score", "recall")
    assert "choose from: text_drift" in told(run(scores, *wrong))
    other = ("--model", "text_drift", "--seed", 1, "--score", "recall")
    assert "text_probs" in told(run(scores, *other))
    assert "NAME=VALUE" in told(run(*read, "--set", "floor"))
    assert "neither a parameter nor an option" in told(run(*read, "--set", "celing=1"))
    assert "outside its range" in told(run(*read, "--set", "contraction_factor=1.5"))
    assert "no distribution of numpyro" in told(run(*read, "--set", "floor=Gausian(0, 1)"))
    assert "cannot be made" in told(run(*read, "--set", "floor=Normal(0, -1)"))
    assert "a number or a prior" in told(run(*read, "--set", "floor=low"))
    assert "must end in" in told(run(*read, "--out", tmp_path / "fit.txt"))


def test_settings_are_numbers_priors_lists_or_words() -> None:
    model = model_of("text_drift")
    found = settings_of(
        ["injection_prob=0", "effective_batch_size=LogNormal(7, scale=1)", "target=[.5, .5]",
         "likelihood=counts"],
        model,
    )  # fmt: skip
    assert found["injection_prob"] == 0
    assert isinstance(found["effective_batch_size"], dist.LogNormal)
    assert found["target"] == [0.5, 0.5]
    assert found["likelihood"] == "counts"


@pytest.mark.filterwarnings("ignore:the fit did not converge")
def test_chains_that_disagree_end_with_their_own_status(
    scores: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from toolkit.inference import fitting
    from toolkit.inference.checks import diagnose

    def never(values: Any, stats: Any) -> Any:
        return diagnose(values, stats)._replace(problems=("the chains disagree",))

    monkeypatch.setattr(fitting, "diagnose", never)
    out = scores.with_name("bad.nc")
    done = run(scores, *MODEL, *SHORT, "--score", "recall", "--out", out,
               "--set", "form=deterministic")  # fmt: skip
    assert done.exit_code == shell.EXIT_NOT_CONVERGED
    assert "a first, shorter try did not agree" in done.stdout
    assert out.exists()
    assert tk.read_fit(out).attrs["converged"] == "false"
