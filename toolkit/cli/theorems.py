"""What ``coevo theorems`` prints and writes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import typer

#: Wider lines would be hard to read; a narrower terminal gets its own width.
_WIDEST, _NARROWEST = 100, 60


def show(
    name: str | None,
    *,
    kind: str | None = None,
    source: str | None = None,
    papers: bool = False,
    latex: bool = False,
    html: bool = False,
    out: Path | None = None,
    overwrite: bool = False,
) -> Path | None:
    """Print theorems, or write them to a file; returns the file."""
    if sum((papers, latex, html)) > 1:
        raise ValueError("--papers, --latex and --html exclude one another.")
    if out is not None and not (latex or html):
        raise ValueError("--out goes with --latex or --html.")
    if out is not None:
        from toolkit.datasets import check_output

        check_output(out, overwrite=overwrite, suffixes=(".tex",) if latex else (".html",))
    from toolkit.theory import documents

    if papers:
        _print(documents.papers(_width()))
        return None
    chosen = documents.select(name, kind=kind, source=source)
    one = chosen[0] if len(chosen) == 1 and chosen[0].name == name else None
    if latex:
        text = documents.latex_fragment(one) if one else documents.latex_document(chosen)
    elif html:
        text = documents.html_document(chosen)
    else:
        _print(
            documents.theorem_page(one, _width()) if one else documents.overview(chosen, _width())
        )
        return None
    if out is None:
        typer.echo(text, nl=False)
        return None
    out.write_text(text, encoding="utf-8")
    return out


def verify(
    name: str | None,
    *,
    kind: str | None,
    source: str | None,
    check: bool,
    mutate: bool,
    thorough: bool,
    written: bool,
) -> bool:
    """Re-derive theorems, or plant errors in them; tells whether all is as it should be."""
    if written:
        raise ValueError("--check and --mutate print a table: leave out --latex, --html, --papers.")
    if check == mutate:
        raise ValueError(
            "--thorough goes with --mutate." if not check else "choose one of --check and --mutate."
        )
    if thorough and check:
        raise ValueError("--thorough goes with --mutate.")
    from toolkit.cli.checks import run_checks, run_mutations
    from toolkit.theory import documents

    names = [theorem.name for theorem in documents.select(name, kind=kind, source=source)]
    return run_checks(names) if check else run_mutations(names, thorough=thorough)


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)


def _width() -> int:
    from rich.console import Console

    console = Console()
    told = console.is_terminal or "COLUMNS" in os.environ
    return max(min(console.width, _WIDEST), _NARROWEST) if told else _WIDEST
