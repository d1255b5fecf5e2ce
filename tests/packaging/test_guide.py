"""Every line of the guide is run, in order, in one folder that holds its table."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from toolkit.cli.app import app

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("guide")
    shutil.copy(DOCS / "loop.csv", place)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        yield place


def blocks(language: str) -> list[str]:
    text = (DOCS / "guide.md").read_text(encoding="utf-8")
    return [body for name, body in BLOCK.findall(text) if name == language]


def test_the_table_begins_as_shown() -> None:
    shown = blocks("text")[0]
    assert (DOCS / "loop.csv").read_text(encoding="utf-8").startswith(shown)


def test_all_commands_run(folder: Path) -> None:
    commands = [line for block in blocks("sh") for line in block.splitlines()]
    assert len(commands) >= 8
    said = {}
    for line in commands:
        program, *arguments = shlex.split(line)
        assert program == "coevo"
        found = CliRunner().invoke(app, arguments)
        assert found.exit_code == 0, f"{line}\n{found.output}"
        said[arguments[0]] = found.output
    # Of the numbers that the guide gives for true.
    assert "counts of 200 captions" in said["fit"]
    assert "halves in" in said["summary"]
    assert "below 0.3" in said["monitor"]
    assert (folder / "report.html").stat().st_size > 10_000


def test_the_python_runs(folder: Path) -> None:
    names: dict[str, Any] = {}
    for block in blocks("python"):
        exec(compile(block, "guide.md", "exec"), names)
    table = names["tk"].fit_table(names["found"])
    for name, truth in (("effective_batch_size", 200), ("injection_prob", 0.3)):
        assert table.loc[name, "5%"] < truth < table.loc[name, "95%"]
    assert (folder / "forecast.png").exists()
