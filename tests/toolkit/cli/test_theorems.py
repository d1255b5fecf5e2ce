"""``coevo theorems``: lists, shows, and writes them."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest
import sympy as sp
from typer.testing import CliRunner

import symbolic
from symbolic import THEOREMS, Kind, Source
from symbolic.papers import COMPARISONS
from symbolic.witnesses import WITNESSES
from toolkit.cli import app as cli
from toolkit.cli import shell

ONE = "text_diversity_lower_bound"


def run(*arguments: object) -> Any:
    return CliRunner().invoke(cli.app, ["theorems", *map(str, arguments)])


def shown(*arguments: object) -> str:
    done = run(*arguments)
    assert done.exit_code == 0, (done.stderr, done.exception)
    assert max(map(len, done.stdout.splitlines())) <= 100
    return str(done.stdout)


def told(*arguments: object) -> str:
    done = run(*arguments)
    assert done.exit_code == shell.EXIT_MISTAKE
    assert len(done.stderr.strip().splitlines()) <= 2
    return str(done.stderr)


def listed(text: str) -> set[str]:
    return {line.split()[0] for line in text.splitlines() if line.split()[:1]} & set(THEOREMS)


def test_the_list_has_every_theorem_with_what_stands_behind_it() -> None:
    text = shown()
    assert listed(text) == set(THEOREMS)
    for name, theorem in THEOREMS.items():
        words = " ".join(re.split(rf"\n{name}\s", text)[1].split())
        assert theorem.in_words in words
        assert f"{len(theorem.derivation)} step" in words
    assert f"{len(THEOREMS)} theorems" in text


@pytest.mark.parametrize("kind", Kind)
def test_a_kind_is_picked_out(kind: Kind) -> None:
    expected = {name for name, theorem in THEOREMS.items() if theorem.kind == kind}
    assert listed(shown("--kind", kind.value.replace(" ", "-"))) == expected


def test_name_and_source_filter_together() -> None:
    expected = {
        name
        for name, theorem in THEOREMS.items()
        if "injection" in name and theorem.source == Source.OURS
    }
    assert listed(shown("injection", "--source", "ours")) == expected != set()


@pytest.mark.parametrize("name", THEOREMS)
def test_every_page_fits_a_terminal(name: str) -> None:
    from toolkit.theory.documents import theorem_page

    lines = list(theorem_page(THEOREMS[name], check=False))
    assert max(map(len, lines)) <= 100
    assert sum(bool(re.match(r" +\d+\. ", line)) for line in lines) == len(
        THEOREMS[name].derivation
    )


def test_a_page_holds_statement_proof_checks_and_numbers() -> None:
    text = shown(ONE)
    for heading in ("Assumptions", "Statement", "Symbols", "Derivation", "Premises", "Checks",
                    "Cited lemmas (checked at small sizes)", "Numbers"):  # fmt: skip
        assert f"\n{heading}:" in text, heading
    assert "checked just now: all of this holds" in text
    assert f"{len(WITNESSES[ONE].cases())} cases" in text
    assert "batch_size" in text.split("Symbols:")[1].split("Derivation:")[0]


def test_a_page_says_when_a_theorem_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    from toolkit.theory.documents import terminal

    real = terminal.check_theorems

    def spoiled(names: Any, **options: Any) -> Any:
        return (done._replace(problem="step 3 fails") for done in real(names, **options))

    monkeypatch.setattr(terminal, "check_theorems", spoiled)
    assert "DOES NOT HOLD: step 3 fails" in shown(ONE)


def test_an_unknown_name_gets_the_nearest_three() -> None:
    text = told("text_diversity_lowerbound")
    assert f"'{ONE}'" in text
    assert text.count("'") == 2 * 4


def test_unknown_kinds_and_contradictory_options_are_told() -> None:
    assert "'upper bound'" in told("--kind", "middling")
    assert "'ours'" in told("--source", "theirs")
    assert "exclude" in told("--latex", "--html")
    assert "--latex" in told("--out", "theorems.txt")


def test_the_paper_table_is_shown() -> None:
    text = shown("--papers")
    words = " ".join(text.split())
    for one in COMPARISONS:
        assert one.place in text
        assert one.differ in words


def test_latex_of_one_is_a_fragment_and_of_all_a_document() -> None:
    fragment = run(ONE, "--latex").stdout
    assert r"\begin{theorem}" in fragment
    assert "documentclass" not in fragment
    assert run("injection", "--latex").stdout.startswith(r"\documentclass")


def test_a_file_is_replaced_only_when_asked(tmp_path: Path) -> None:
    target = tmp_path / "one.tex"
    target.write_text("mine")
    assert "--overwrite" in told(ONE, "--latex", "--out", target)
    assert target.read_text() == "mine"
    done = run(ONE, "--latex", "--out", target, "--overwrite")
    assert f"saved: {target}" in done.stdout
    assert target.read_text() == run(ONE, "--latex").stdout


def test_check_says_what_was_rederived() -> None:
    done = run("text_probs", "--check")
    assert done.exit_code == 0, done.stderr
    chosen = [name for name in THEOREMS if "text_probs" in name]
    assert f"{len(chosen)} of {len(chosen)} theorems hold" in done.stdout
    for name in chosen:
        (row,) = [line.split() for line in done.stdout.splitlines() if line.split()[:1] == [name]]
        assert row[1:3] == ["holds", str(len(THEOREMS[name].derivation))]
        assert int(row[4]) == len(WITNESSES[name].cases())


def test_a_theorem_that_fails_is_named_and_the_status_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    false = dataclasses.replace(
        THEOREMS[ONE], statement=sp.Ge(THEOREMS[ONE].lhs, 2 * THEOREMS[ONE].rhs, evaluate=False)
    )
    monkeypatch.setattr(symbolic, "_collect", lambda: {**THEOREMS, ONE: false})
    done = run(ONE, "--check")
    assert done.exit_code == shell.EXIT_CONTRADICTION
    assert "0 of 1 theorems hold" in done.stdout
    assert f"{ONE}: the last step says" in done.stdout


def test_mutate_prints_the_shares() -> None:
    done = run("text_diversity_recursion", "--mutate")
    assert done.exit_code == 0, done.stderr
    assert "(100.00%)" in done.stdout
    (row,) = [line.split() for line in done.stdout.splitlines() if line.split()[:1] == ["all"]]
    mutants, false, rejected, *_, survived = map(int, row[1:])
    assert mutants == false == rejected > 50
    assert survived == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--check", "--mutate"), "choose one of --check and --mutate"),
        (("--thorough",), "--thorough goes with --mutate"),
        (("--check", "--thorough"), "--thorough goes with --mutate"),
        (("--check", "--latex"), "leave out --latex"),
        (("nothing_like_it", "--check"), "nothing_like_it"),
    ],
)
def test_check_and_mutate_refuse(arguments: tuple[str, ...], words: str) -> None:
    assert words in told(*arguments)
