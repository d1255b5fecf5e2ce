"""The kept table of calibrations, as a page of Markdown.

``python -m toolkit.calibration.documents results/calibration.nc docs/calibration.md`` writes the
page that the study ``calibration`` has made.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from toolkit import labels
from toolkit.calibration.scenarios import scenario_of
from toolkit.calibration.settings import OWN, SAME
from toolkit.calibration.tables import calibration_table

_HEAD = ("fit", "parameter", "ranks: p", "50 %", "90 %", "bias", "sd ratio")


def document(sections: Mapping[str, Mapping[str, xr.Dataset]]) -> str:
    """Calibrations as Markdown: a sum in words, then a table for each model.

    Parameters
    ----------
    sections : mapping
        From a heading to calibrations by their names, ``"model: what"``.

    Returns
    -------
    str
    """
    parts = [_INTRODUCTION]
    for heading, results in sections.items():
        parts += [f"## {heading}", "", *_summary(results), ""]
        by_model: dict[str, dict[str, xr.Dataset]] = {}
        for name, result in results.items():
            model, _, what = name.partition(": ")
            by_model.setdefault(model, {})[what or model] = result
        for model, own in by_model.items():
            parts += [f"### {heading}: {model}", "", *_table(own), "", *_remarks(own), ""]
    return "\n".join(parts).rstrip() + "\n"


_INTRODUCTION = """# Calibration of the fits

Written by the study `calibration` (`toolkit.calibration.documents`); do not edit. True values were
drawn from priors, a data set given each, and a posterior for each data set. *ranks: p* is the
p-value of the true value's ranks among the draws being uniform (the simultaneous band of their
distribution); *50 %* and *90 %* are the shares of true values inside the central intervals; *bias*
is the mean error and *sd ratio* the posterior sd over the root mean square error, both by posterior
sds: 0 and 1 when calibrated. **Bold** is what chance does not explain at a family-wise level of 1 %
over the parameters of a calibration, for ranks and for coverage each.
"""

#: Attribute of the study's file that holds the page.
DOCUMENT = "document"


def main(argv: Sequence[str] | None = None) -> int:
    """Write the page that a study's file holds.

    Parameters
    ----------
    argv : sequence of str, optional
        The file and the page; the process's own arguments unless given.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if len(arguments) != 2:
        print("usage: python -m toolkit.calibration.documents STUDY.nc PAGE.md", file=sys.stderr)
        return 2
    study, page = map(Path, arguments)
    with xr.open_datatree(study, engine="h5netcdf") as tree:
        if DOCUMENT not in tree.attrs:
            print(f"error: {study} was not made by the study calibration.", file=sys.stderr)
            return 2
        page.write_text(tree.attrs[DOCUMENT], encoding="utf-8")
    return 0


def _summary(results: Mapping[str, xr.Dataset]) -> Iterable[str]:
    """How many pass; of the others what is wrong, and by how much."""
    passed = sum(bool(result.attrs["calibrated"]) for result in results.values())
    yield f"{passed} of {len(results)} are calibrated."
    broken = {name: one for name, one in results.items() if not one.attrs["calibrated"]}
    if broken:
        yield ""
    for name, result in broken.items():
        wrong = [_wrong(result, int(i)) for i in np.flatnonzero(_bold(result).any(axis=0))]
        yield f"- {name}{_told(result)}: {'; '.join(wrong) or result.attrs[labels.VERDICT]}."


def _wrong(result: xr.Dataset, index: int) -> str:
    """What is wrong with a parameter, in words."""
    one = result.isel({labels.PARAMETER: index})
    inner, outer = (float(one[labels.COVERAGE].sel({labels.PROBABILITY: p})) for p in (0.5, 0.9))
    words = str(one[labels.VERDICT].values).partition(": ")[2]
    covers = f"50 % and 90 % intervals cover {inner:.0%} and {outer:.0%}"
    return f"`{one[labels.PARAMETER].item()}` {words} ({covers})"


def _bold(result: xr.Dataset) -> np.ndarray:
    """What chance does not explain: ranks, then each interval's coverage; (check, parameter)."""
    level = result.attrs["false_alarm"] / result.sizes[labels.PARAMETER]
    covered = result[labels.COVERAGE_P].transpose(labels.PROBABILITY, ...).values
    ranks = result[labels.ECDF_P].values
    return np.concatenate([ranks[None] < level, covered < level / len(covered)])


def _table(results: Mapping[str, xr.Dataset]) -> Iterable[str]:
    yield _row(_HEAD)
    yield _row(["---", "---", *["---:"] * (len(_HEAD) - 2)])
    for name, result in results.items():
        rows = calibration_table(result)
        for bold, (place, row) in zip(_bold(result).T, enumerate(rows.iloc), strict=True):
            p = row[labels.ECDF_P]
            checked = (
                f"{p:.3f}" if p >= 0.001 else "<.001",
                *(f"{row[f'{labels.COVERAGE}_{percent}']:.1%}" for percent in (50, 90)),
            )
            yield _row(
                (
                    "" if place else f"`{name}`",
                    f"`{row.name}`",
                    *(f"**{x}**" if wrong else x for x, wrong in zip(checked, bold, strict=True)),
                    f"{row[labels.BIAS]:+.2f}",
                    f"{row[labels.SD_RATIO]:.2f}",
                )
            )


def _remarks(results: Mapping[str, xr.Dataset]) -> Iterable[str]:
    for name, result in results.items():
        attrs = result.attrs
        yield (
            f"- `{name}`{_told(result)}: {attrs['num_datasets']} data sets, seed {attrs['seed']}; "
            f"{attrs[labels.VERDICT]}."
        )


def _told(result: xr.Dataset) -> str:
    """What was simulated, or fitted, in words."""
    attrs = result.attrs
    if attrs["simulator"] != OWN:
        return f" ({scenario_of(attrs['model'], attrs['simulator']).summary})"
    return "" if attrs["fitted"] == SAME else f" ({attrs['fitted']})"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    raise SystemExit(main())
