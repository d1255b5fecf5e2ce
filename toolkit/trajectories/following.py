"""A file that somebody's running loop is still writing: what is new in it, and whether it is whole.

Only the last generations are kept, so that memory does not grow with the file. A table in CSV is
read on from where it was left; a digest of all that was read before tells a file that has grown
from one that was written anew. A line without its end may be cut in the middle of a number, and a
generation with fewer rows than the one before may lack some: both wait for the rest.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from toolkit import labels
from toolkit.trajectories.files import check_suffix, read_csv
from toolkit.trajectories.reading import read_lines, read_trajectory

Change = Literal["first", "grown", "rewritten"]

#: Bytes in memory at once.
_BLOCK = 2**20


class Seen(NamedTuple):
    """What is in the file now.

    Attributes
    ----------
    trajectory : xr.Dataset
        Its last generations, checked.
    change : {"first", "grown", "rewritten"}
        ``"rewritten"``: something that had been read before is not there any more.
    """

    trajectory: xr.Dataset
    change: Change


class Follower:
    r"""Follow a file that grows.

    Parameters
    ----------
    path : str or Path
        What :func:`toolkit.read_trajectory` reads; only CSV is read in bounded memory.
    window : int
        How many of the last generations are kept.
    score : str, optional
        The column that is the score, if it is not called so.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "loop.csv")
    >>> _ = path.write_text("generation,score\n0,0.9\n1,0.8\n2,0.")
    >>> follower = Follower(path)
    >>> follower.poll().trajectory.score.values.tolist()  # the last line may go on
    [[0.9, 0.8]]
    >>> follower.poll() is None  # nothing has changed
    True
    >>> with path.open("a") as file:
    ...     _ = file.write("75\n")
    >>> seen = follower.poll()
    >>> seen.change, seen.trajectory.score.values.tolist()
    ('grown', [[0.9, 0.8, 0.75]])
    """

    def __init__(self, path: str | Path, *, window: int = 200, score: str | None = None) -> None:
        self._path, self._window, self._score = Path(path), window, score
        check_suffix(self._path)  # such a file is not waited for
        self._state: tuple[object, ...] = ()
        self._before: xr.Dataset | None = None
        self._table = _Table(self._path, window, score)

    def poll(self) -> Seen | None:
        """What is in the file, if that is something new.

        Returns
        -------
        Seen or None

        Raises
        ------
        FileNotFoundError
            When there is no file (any more).
        ValueError
            When it cannot be read as it is now; the message says why. It may be whole again later.
        """
        state = _state(self._path)
        if state == self._state:
            return None
        whole = self._table.read() if self._path.suffix == ".csv" else self._read()
        # Not before: what could not be read is looked at again.
        self._state = state
        change: Change = "first"
        if self._before is not None:
            change = "grown" if _goes_on(self._before, whole) else "rewritten"
            if change == "grown" and whole.identical(self._before):
                return None
        self._before = whole
        return Seen(whole, change)

    def _read(self) -> xr.Dataset:
        whole = read_trajectory(self._path, score=self._score)
        return whole.isel({labels.GENERATION: slice(-self._window, None)})


class _Table:
    """The last rows of a table in CSV."""

    def __init__(self, path: Path, window: int, score: str | None = None) -> None:
        self._path, self._window, self._score = path, window, score
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._offset, self._header, self._rows, self._lines = 0, b"", pd.DataFrame(), 0
        self._digest = hashlib.blake2b()

    def read(self) -> xr.Dataset:
        """The trajectory of the generations that are whole."""
        with self._path.open("rb") as file:
            if not self._is_as_before(file):
                self._begin_anew()
            for lines in self._new_lines(file):
                self._take(lines)
        if not self._header:
            raise ValueError(f"{self._path} is empty so far.")
        return read_lines(self._whole(), score=self._score, source=str(self._path))

    def _is_as_before(self, file: io.BufferedReader) -> bool:
        digest, left = hashlib.blake2b(), self._offset
        while left and (block := file.read(min(_BLOCK, left))):
            digest.update(block)
            left -= len(block)
        return not left and digest.digest() == self._digest.digest()

    def _new_lines(self, file: io.BufferedReader) -> Iterator[bytes]:
        """Blocks of whole lines, after what was read before."""
        file.seek(self._offset)
        rest = b""
        while block := file.read(_BLOCK):
            lines, end, rest = (rest + block).rpartition(b"\n")
            if end:
                yield lines + end

    def _take(self, lines: bytes) -> None:
        """Read lines; nothing is taken note of where they cannot be read."""
        body = lines
        header = self._header
        if not header:
            header, end, body = lines.partition(b"\n")
            header += end
        new = read_csv(io.BytesIO(header + body), str(self._path), before=self._lines)
        rows = pd.concat([self._rows, new]) if len(self._rows) else new
        self._rows, self._header = _last(rows, self._window + 1), header
        self._lines += body.count(b"\n")
        self._digest.update(lines)
        self._offset += len(lines)

    def _whole(self) -> pd.DataFrame:
        """The rows without a last generation that lacks some."""
        rows = self._rows
        if labels.GENERATION not in rows:
            return rows
        number = rows.groupby(labels.GENERATION).size()
        if len(number) > 1 and number.iloc[-1] < number.iloc[-2]:
            rows = rows[rows[labels.GENERATION] != number.index[-1]]
        return _last(rows, self._window)


def _last(rows: pd.DataFrame, window: int) -> pd.DataFrame:
    """The rows of the last generations; all of them where they cannot be told."""
    if labels.GENERATION not in rows or rows[labels.GENERATION].dtype.kind not in "fiu":
        return rows
    generations = np.unique(rows[labels.GENERATION].dropna())
    if len(generations) <= window:
        return rows
    return rows[rows[labels.GENERATION] >= generations[-window]]


def _state(path: Path) -> tuple[object, ...]:
    """What changes when a file, or one in a folder, is written to.

    Raises
    ------
    FileNotFoundError
        When there is nothing.
    """
    if not path.exists():
        raise FileNotFoundError(f"no file at {path}.")
    files = [path, *sorted(path.rglob("*"))] if path.is_dir() else [path]
    found = []
    for file in files:
        try:
            stat = file.stat()
        except FileNotFoundError:
            continue  # replaced while we looked
        found.append((str(file), stat.st_ino, stat.st_size, stat.st_mtime_ns))
    return tuple(found)


def _goes_on(before: xr.Dataset, now: xr.Dataset) -> bool:
    """Whether all that was there is there still, as far back as generations are kept."""
    generations = [data[labels.GENERATION].values for data in (before, now)]
    common = generations[0][generations[0] >= generations[1][0]]
    if not len(common) or not np.isin(common, generations[1]).all():
        return False
    names = [name for name in before.data_vars if name in now]
    if len(names) < len(before.data_vars):
        return False
    old, new = (data[names].sel({labels.GENERATION: common}) for data in (before, now))
    return bool(old.equals(new))
