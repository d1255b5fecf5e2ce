"""What a study is, and how one is run and its files written.

A study is a module of this package with ``CONFIG`` (a frozen dataclass of all settings, the
seed among them), ``QUICK`` (the settings that ``--quick`` changes) and ``run(config)``, which
returns a :class:`Result`. Running one writes ``NAME.nc``, ``NAME.png``, ``NAME.pdf`` and
``NAME.txt``: all of them, or none.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import pkgutil
import sys
import tempfile
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import xarray as xr

import studies
from toolkit import datasets

HOLDS = "holds"
CAVEAT = "holds with a caveat"
FAILS = "does not hold here"
OUTCOMES = (HOLDS, CAVEAT, FAILS)
_SUFFIXES = (".nc", ".png", ".pdf", ".txt")
_NOT_STUDIES = ("demo",)


class Verdict(NamedTuple):
    """What a study says about a claim.

    Attributes
    ----------
    outcome : str
        One of ``OUTCOMES``.
    because : str
        One sentence, with the numbers measured.
    """

    outcome: str
    because: str


class Result(NamedTuple):
    """What a study gives.

    Attributes
    ----------
    data : xr.DataTree
        Its root carries no indexed coordinates.
    figure : matplotlib Figure
    finding : str
        One paragraph, with the numbers measured in this run.
    verdicts : mapping
        From a claim to its verdict.
    """

    data: xr.DataTree
    figure: Any
    finding: str
    verdicts: Mapping[str, Verdict]


def names() -> list[str]:
    """The names of all studies.

    Examples
    --------
    >>> "text_collapse" in names()
    True
    """
    found = (module.name for module in pkgutil.iter_modules(studies.__path__))
    return sorted(name for name in found if not name.startswith("_") and name not in _NOT_STUDIES)


def load(name: str) -> ModuleType:
    """The module of a study.

    Raises
    ------
    ValueError
        When there is no study of this name.
    """
    if name not in names():
        raise ValueError(f"no study is called {name!r}; choose from: {', '.join(names())}.")
    return importlib.import_module(f"studies.{name}")


def configuration(module: ModuleType, *, quick: bool = False, **changes: Any) -> Any:
    """A study's settings, in full size or quick, with further changes.

    Raises
    ------
    ValueError
        When a change is no setting of the study.
    """
    known = {field.name for field in dataclasses.fields(module.CONFIG)}
    unknown = sorted(set(changes) - known)
    if unknown:
        raise ValueError(
            f"{unknown[0]!r} is no setting of this study; choose from: {', '.join(sorted(known))}."
        )
    return dataclasses.replace(module.CONFIG, **({**module.QUICK} if quick else {}) | changes)


def run_study(
    name: str,
    quick: bool = False,
    out: str | Path = "results",
    overwrite: bool = False,
    **changes: Any,
) -> list[Path]:
    """Run a study, write its files and print its finding.

    Parameters
    ----------
    name : str
    quick : bool
        Small sizes, for a first look.
    out : str or Path
        A folder; made if its parent exists or can be made.
    overwrite : bool
        Replace the files of an earlier run; they stay until the new ones are complete.
    **changes
        Settings that are to differ.

    Returns
    -------
    list of Path
        The netCDF file, the PNG, the PDF and the text.

    Raises
    ------
    ValueError
        When there is no such study or setting.
    FileExistsError, NotADirectoryError, PermissionError
        When the files cannot be written.
    """
    result, paths = run_and_write(name, quick, out, overwrite, **changes)
    print(report(name, result))
    return paths


def run_and_write(
    name: str,
    quick: bool = False,
    out: str | Path = "results",
    overwrite: bool = False,
    **changes: Any,
) -> tuple[Result, list[Path]]:
    """As :func:`run_study`, without printing; also gives the result."""
    module = load(name)
    config = configuration(module, quick=quick, **changes)
    paths = _outputs(name, Path(out), overwrite)
    result: Result = module.run(config)
    for claim, verdict in result.verdicts.items():
        if verdict.outcome not in OUTCOMES:
            raise ValueError(f"the outcome of {claim!r} must be one of {OUTCOMES}.")
    _write(name, config, result, paths)
    return result, paths


def report(name: str, result: Result) -> str:
    """The finding and the verdicts as text.

    Examples
    --------
    >>> verdicts = {"water is wet": Verdict(HOLDS, "1 of 1 glasses.")}
    >>> print(report("water", Result(xr.DataTree(), None, "It is.", verdicts)))
    water
    <BLANKLINE>
    It is.
    <BLANKLINE>
    - water is wet: holds. 1 of 1 glasses.
    """
    lines = [
        textwrap.fill(
            f"- {claim}: {verdict.outcome}. {verdict.because}", 100, subsequent_indent="  "
        )
        for claim, verdict in result.verdicts.items()
    ]
    return "\n".join([name, "", textwrap.fill(result.finding, 100), "", *lines])


def main(name: str, argv: Sequence[str] | None = None) -> int:
    """The command line of a study, ``python -m studies.NAME``; the exit status.

    Parameters
    ----------
    name : str
    argv : sequence of str, optional
        The process's own arguments unless given.
    """
    parser = argparse.ArgumentParser(prog=f"python -m studies.{name}")
    parser.add_argument("--quick", action="store_true", help="small sizes, for a first look")
    parser.add_argument("--out", default="results", help="folder of the results (default: results)")
    parser.add_argument("--overwrite", action="store_true", help="replace earlier results")
    arguments = parser.parse_args(argv)
    try:
        paths = run_study(name, **vars(arguments))
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print("\n".join(["", *map(str, paths)]))
    return 0


def _outputs(name: str, out: Path, overwrite: bool) -> list[Path]:
    """The paths of a study's files, checked before the work."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(f"{out} is a file; give a folder for the results.") from None
    return [
        datasets.check_output(out / f"{name}{suffix}", overwrite=overwrite, suffixes=_SUFFIXES)
        for suffix in _SUFFIXES
    ]


def _write(name: str, config: Any, result: Result, paths: list[Path]) -> None:
    """Write all files beside their places, then put them there; undone if one fails."""
    from toolkit import plotting

    out = paths[0].parent
    tree = result.data.copy()
    tree.attrs |= {
        "study": name,
        "config": json.dumps(dataclasses.asdict(config)),
        "finding": result.finding,
        "verdicts": json.dumps({claim: list(one) for claim, one in result.verdicts.items()}),
    }
    with tempfile.TemporaryDirectory(dir=out, prefix=f".{name}.") as folder:
        new = Path(folder) / "new"
        new.mkdir()
        tree.to_netcdf(new / f"{name}.nc", engine="h5netcdf")
        plotting.save_figure(result.figure, new / name)
        (new / f"{name}.txt").write_text(report(name, result) + "\n", encoding="utf-8")
        _replace_all(new, paths)


def _replace_all(new: Path, paths: list[Path]) -> None:
    """Move the new files to their places; whatever goes wrong, the old ones come back."""
    old = new.parent / "old"
    old.mkdir()
    kept: list[Path] = []
    placed: list[Path] = []
    try:
        for path in paths:
            if path.exists():
                path.replace(old / path.name)
                kept.append(path)
            (new / path.name).replace(path)
            placed.append(path)
    except BaseException:
        for path in placed:
            path.unlink()
        for path in kept:
            (old / path.name).replace(path)
        raise
