"""The kept table of calibrations, as a page of Markdown.

``python -m toolkit.calibration.documents results/calibration.nc docs/calibration.md`` writes the
page that the study ``calibration`` has made.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import xarray as xr

from toolkit import labels
from toolkit.calibration.tables import calibration_table

_HEAD = (
    "data",
    "parameter",
    "ranks: p",
    "chi-square: p",
    "50 % covers",
    "90 % covers",
    "bias [sd]",
    "sd ratio",
    "verdict",
)


def document(sections: Mapping[str, Mapping[str, xr.Dataset]]) -> str:
    """Calibrations as Markdown: a table for each section, a row for each parameter.

    Parameters
    ----------
    sections : mapping
        From a heading to calibrations by their names.

    Returns
    -------
    str
    """
    parts = [_INTRODUCTION]
    for heading, results in sections.items():
        parts += [f"## {heading}", "", *_table(results), ""]
        parts += [*_remarks(results), ""]
    return "\n".join(parts).rstrip() + "\n"


_INTRODUCTION = """# Calibration of the fits

Written by the study `calibration` (`toolkit.calibration.documents`); do not edit. Each row: true
values were drawn from priors, a data set given each, and a posterior for each data set. *ranks: p*
is the p-value of the true value's ranks among the draws being uniform (the simultaneous band of
their distribution); coverage stands with its binomial interval; both are judged at a family-wise
level of 1 % over the parameters of a calibration. *bias* is the mean error and *sd ratio* the
posterior sd over the root mean square error, both by posterior sds: 0 and 1 when calibrated.
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


def _table(results: Mapping[str, xr.Dataset]) -> Iterable[str]:
    yield _row(_HEAD)
    yield _row("---" for _ in _HEAD)
    for name, result in results.items():
        for parameter, row in calibration_table(result).iterrows():
            yield _row(
                (
                    name,
                    f"`{parameter}`",
                    f"{row[labels.ECDF_P]:.3g}",
                    f"{row[labels.CHI_SQUARE_P]:.3g}",
                    _interval(row, 50),
                    _interval(row, 90),
                    f"{row[labels.BIAS]:+.2f}",
                    f"{row[labels.SD_RATIO]:.2f}",
                    str(row[labels.VERDICT]),
                )
            )


def _remarks(results: Mapping[str, xr.Dataset]) -> Iterable[str]:
    for name, result in results.items():
        attrs = result.attrs
        yield (
            f"- {name}: {attrs['num_datasets']} data sets, seed {attrs['seed']}, fitted: "
            f"{attrs['fitted']}; {attrs[labels.VERDICT]}."
        )


def _interval(row: Mapping[str, float], percent: int) -> str:
    name = f"{labels.COVERAGE}_{percent}"
    return f"{row[name]:.3f} [{row[name + '_low']:.3f}, {row[name + '_high']:.3f}]"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    raise SystemExit(main())
