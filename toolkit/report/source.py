"""What a report is made of: a fit, or a trajectory that is still to be fitted; and its digest."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from toolkit import datasets, labels
from toolkit.inference import read_fit
from toolkit.trajectories import read_trajectory

_TABLES = (".csv", ".parquet")
_NOTES = (labels.GAPS, labels.PADDED, labels.RENORMALISED, labels.SYMMETRISED, labels.LEFT_OUT)
_BLOCK = 2**20


class Source(NamedTuple):
    """What was given.

    Attributes
    ----------
    name : str
        The file's name; empty for what was in memory.
    fit : xr.DataTree or None
    trajectory : xr.Dataset or None
        One of the two.
    digest : str
        SHA-256 of the file's bytes (of a folder: of its files by name), or of the numbers.
    """

    name: str
    fit: xr.DataTree | None
    trajectory: xr.Dataset | None
    digest: str


def read_source(given: Any, *, score: str | None = None) -> Source:
    """Read a fit or a trajectory, whichever it is.

    Parameters
    ----------
    given : path, xr.DataTree, or what ``read_trajectory`` takes
    score : str, optional
        The column of a trajectory that is the score.

    Raises
    ------
    FileNotFoundError, ValueError, TypeError
        When it is neither, with the reason.
    """
    name = str(given) if isinstance(given, (str, Path)) else ""
    fit = _fit_of(given)
    if fit is not None:
        if score is not None:
            raise ValueError("a fit has chosen its score already; leave score out.")
        digest = digest_of_file(given) if name else digest_of_numbers(fit["observed_data"])
        return Source(name, fit, None, digest)
    seen = read_trajectory(given, score=score)
    return Source(name, None, seen, digest_of_file(given) if name else digest_of_numbers(seen))


def _fit_of(given: Any) -> xr.DataTree | None:
    if isinstance(given, xr.DataTree):
        if "posterior" not in given.children:
            raise TypeError("expected a fit (what fit returns), but the tree has no posterior.")
        return given
    if not isinstance(given, (str, Path)) or Path(given).suffix in _TABLES:
        return None
    path = Path(given)
    if not path.exists() or path.suffix not in (".nc", ".zarr"):
        return None  # read_trajectory says what is wrong
    tree = datasets.load_tree(path)
    if "posterior" in tree.children:
        return read_fit(path)
    known = {*labels.VARIABLES, *labels.OBSERVED}
    if tree.children or not known & set(tree.data_vars):
        held = ", ".join(map(str, [*tree.children, *tree.data_vars][:4])) or "nothing"
        raise ValueError(
            f"{path} holds neither a fit nor a trajectory, but {held}; give what coevo fit --out "
            "or coevo simulate saved."
        )
    return None


def notes(trajectory: xr.Dataset | None) -> list[str]:
    """What is unusual about a trajectory that was read, and what was mended."""
    if trajectory is None:
        return []
    words = {
        labels.GAPS: "Gaps",
        labels.PADDED: "Missing",
        labels.RENORMALISED: "Divided by their sum",
        labels.SYMMETRISED: "Made symmetric",
        labels.LEFT_OUT: "Columns left out",
    }
    return [f"{words[n]}: {trajectory.attrs[n]}." for n in _NOTES if trajectory.attrs.get(n)]


def digest_of_file(path: str | Path) -> str:
    """SHA-256 of a file, as ``sha256sum`` prints it; of a folder, that of its files by name.

    Parameters
    ----------
    path : str or Path

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp(), "loop.csv")
    >>> _ = file.write_text("replicate,generation")
    >>> digest_of_file(file)[:8]
    '9211ab60'
    """
    path, total = Path(path), hashlib.sha256()
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    for file in files:
        if path.is_dir():
            total.update(file.relative_to(path).as_posix().encode() + b"\0")
        with file.open("rb") as opened:
            while block := opened.read(_BLOCK):
                total.update(block)
    return total.hexdigest()


def digest_of_numbers(dataset: Any) -> str:
    """SHA-256 of a dataset's variables, by name: names, shapes and 64-bit numbers.

    Parameters
    ----------
    dataset : xr.Dataset or a tree's group

    Examples
    --------
    >>> data = xr.Dataset({"score": ("generation", [1.0, 2.0])})
    >>> digest_of_numbers(data) == digest_of_numbers(data + 0)
    True
    >>> digest_of_numbers(data) == digest_of_numbers(data + 1e-9)
    False
    """
    total = hashlib.sha256()
    for name in sorted(map(str, dataset.data_vars)):
        values = np.ascontiguousarray(dataset[name].values, dtype="<f8")
        total.update(f"{name}{dataset[name].dims}{values.shape}".encode())
        total.update(values.tobytes())
    return total.hexdigest()
