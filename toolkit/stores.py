"""Zarr stores that are filled piece by piece: killed at any moment, they can be gone on with.

A store is made whole but empty, in one rename. It is then filled by whole chunks, each written
beside its place and renamed into it (by zarr), while the folder ``.unfinished`` in it holds a
lock and whatever its filler needs to go on. When all is there that folder goes, in one rename.
What the store says of itself (system, arguments, versions), and a digest of the toolkit's own
code, are compared before anybody goes on.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import json
import shutil
import uuid
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from toolkit import datasets

_UNFINISHED = ".unfinished"
_FINISHED = ".finished"
_LOCK = "lock"
_CODE = "code"
_TOKEN = "token"
#: Packages of the toolkit that change no number.
_NUMBERLESS = ("cli", "plotting", "report")
_SHOWN = 60


class Blank(NamedTuple):
    """An array that is to be filled.

    Attributes
    ----------
    dims : tuple of str
    shape, chunks : tuple of int
    dtype : numpy.dtype
    attrs : mapping
    """

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: np.dtype[Any]
    attrs: Mapping[str, Any]


def check_store(path: str | Path, *, resume: bool, overwrite: bool) -> Path:
    """A path where a store can be made, or is and can be gone on with.

    Raises
    ------
    ValueError
        When it does not end in ``.zarr``, or both are asked for.
    FileExistsError
        When something is there and neither is asked for, or it is no store.
    FileNotFoundError, PermissionError
        When its folder does not exist or cannot be written to.
    """
    path = Path(path)
    if resume and overwrite:
        raise ValueError("resume goes on with a store and overwrite begins anew; ask for one.")
    if path.suffix == ".zarr" and path.exists() and not (resume or overwrite):
        how = "go on with it (--resume)" if is_unfinished(path) else "give another path"
        raise FileExistsError(f"{path} exists; {how}, or overwrite it (--overwrite).")
    return datasets.check_output(path, overwrite=resume or overwrite, suffixes=(".zarr",))


def is_unfinished(path: Path) -> bool:
    """Whether a store is still to be filled."""
    return (path / _UNFINISHED).is_dir()


def notes_of(path: Path) -> Path:
    """The folder of an unfinished store where its filler keeps what it needs to go on."""
    return path / _UNFINISHED


@contextlib.contextmanager
def filling(
    path: Path,
    frame: xr.Dataset,
    blanks: Mapping[str, Blank],
    *,
    resume: bool = False,
    overwrite: bool = False,
) -> Iterator[bool]:
    """Make a store, or go on with it; when the block ends without an error it is finished.

    Nobody else can fill it meanwhile.

    Parameters
    ----------
    path : Path
        Checked by :func:`check_store`.
    frame : xr.Dataset
        Coordinates, and attributes that must be the same to go on.
    blanks : mapping
        By name.
    resume : bool
        Go on with what is there; begin where nothing is.
    overwrite : bool
        Replace what is there.

    Yields
    ------
    bool
        Whether there is anything to fill.

    Raises
    ------
    ValueError
        When what is there was begun otherwise.
    FileExistsError
        When another process is filling it.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "numbers.zarr"
    >>> blanks = {"number": Blank(("place",), (4,), (2,), np.dtype(float), {})}
    >>> with filling(path, xr.Dataset(), blanks):
    ...     write(path, {"number": np.arange(2.0)}, (slice(0, 2),))
    ...     write(path, {"number": np.arange(2.0)}, (slice(2, 4),))
    >>> opened(path).number.values.tolist()
    [0.0, 1.0, 0.0, 1.0]
    """
    if not (resume and path.exists()):
        with _lock(path):  # whoever fills what is there now must not have it taken away
            datasets.replace_whole(path, lambda part: _make(part, frame, blanks))
    _check_same(path, frame, blanks)
    check_code(path)
    with _lock(path):
        unfinished = is_unfinished(path)
        yield unfinished
        if unfinished:
            for half in path.rglob("*.partial"):  # of a process that was killed
                half.unlink(missing_ok=True)
            notes_of(path).rename(path / _FINISHED)
        shutil.rmtree(path / _FINISHED, ignore_errors=True)


def write(path: Path, values: Mapping[str, np.ndarray], where: tuple[Any, ...]) -> None:
    """Write whole chunks of arrays, each in one rename; safe from several threads or processes.

    Parameters
    ----------
    path : Path
    values : mapping
        By name.
    where : tuple
        Indices of the first axes, the same for all.
    """
    import zarr

    group = zarr.open_group(path, mode="r+")
    for name, array in values.items():
        target = group[name]
        assert isinstance(target, zarr.Array)
        # A chunk of zeros is written too: a missing one shows that something is amiss.
        target.with_config({"write_empty_chunks": True})[where] = array


def opened(path: Path) -> xr.Dataset:
    """A store, its values read when they are used."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", f".*{_UNFINISHED} is not recognized")
        return xr.open_zarr(path, chunks=None, consolidated=False)


def token_of(path: Path) -> str:
    """What tells an unfinished store from one made later at the same place; "" once finished.

    A process that fills it for another one, which may be gone, asks before it writes.
    """
    try:
        return (notes_of(path) / _TOKEN).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def check_code(path: Path) -> None:
    """Check that this process would fill an unfinished store with the code that began it.

    Raises
    ------
    ValueError
        When the toolkit is not the same.
    """
    note = notes_of(path) / _CODE
    with contextlib.suppress(FileNotFoundError):
        if note.read_text(encoding="utf-8") != _code():
            raise ValueError(
                f"{path} was begun with other code of the toolkit; begin anew (--overwrite), or go "
                "on with the version that began it."
            )


def replace_file(path: Path, write: Any) -> None:
    """Let ``write`` fill a file (opened in binary), put into its place in one rename."""
    part = path.with_name(f"{path.name}.partial")
    with part.open("wb") as file:
        write(file)
    part.replace(path)


@functools.cache
def _code() -> str:
    """A digest of all code of the toolkit that numbers may depend on."""
    root, found = Path(__file__).parent, hashlib.sha256()
    for file in sorted(root.rglob("*.py")):
        name = file.relative_to(root)
        if name.parts[0] not in _NUMBERLESS:
            found.update(f"{name.as_posix()}\0".encode() + file.read_bytes())
    return found.hexdigest()


def _make(path: Path, frame: xr.Dataset, blanks: Mapping[str, Blank]) -> None:
    import zarr

    frame.to_zarr(path, zarr_format=3, consolidated=False, write_empty_chunks=True)
    group = zarr.open_group(path, mode="r+")
    for name, blank in blanks.items():
        group.create_array(
            name,
            shape=blank.shape,
            chunks=blank.chunks,
            dtype=blank.dtype,
            dimension_names=blank.dims,
            attributes=dict(blank.attrs),
            fill_value=np.nan if blank.dtype.kind == "f" else 0,
        )
    notes_of(path).mkdir()
    (notes_of(path) / _CODE).write_text(_code(), encoding="utf-8")
    (notes_of(path) / _TOKEN).write_text(uuid.uuid4().hex, encoding="utf-8")


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold the store, if it is unfinished; the system lets go when this process is killed."""
    if not is_unfinished(path):
        yield
        return
    with (notes_of(path) / _LOCK).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FileExistsError(
                f"{path} is being filled by another process; wait for it, or end it."
            ) from None
        except OSError:
            pass  # a file system without locks
        yield


def _check_same(path: Path, frame: xr.Dataset, blanks: Mapping[str, Blank]) -> None:
    """Check that a store was begun as we would begin it."""
    import zarr

    try:
        group = zarr.open_group(path, mode="r")
    except (FileNotFoundError, ValueError):
        raise ValueError(f"{path} is no zarr store; give another path.") from None
    for name in (str(name) for name in frame.attrs):
        if name not in group.attrs:
            raise ValueError(f"{path} was not begun by this command: it lacks {name!r}.")
    ours = {str(name): value for name, value in frame.attrs.items()}
    there, here = _flat({name: group.attrs[name] for name in ours}), _flat(ours)
    for name in sorted(there.keys() | here.keys(), key=lambda name: (name not in here, name)):
        if there.get(name) != here.get(name):
            raise ValueError(
                f"{path} was begun with {name} = {_short(there.get(name))}, not "
                f"{_short(here.get(name))}; give what it was begun with, or begin anew "
                "(--overwrite)."
            )
    for name, blank in blanks.items():
        array = group.get(name)
        if not isinstance(array, zarr.Array) or (
            (array.shape, array.chunks, array.dtype) != (blank.shape, blank.chunks, blank.dtype)
        ):
            raise ValueError(
                f"{path} was begun by another version of the toolkit: {name} is laid out "
                "otherwise; begin anew (--overwrite)."
            )


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    """Numbers and words of nested tables, by dotted names; text that is JSON is read."""
    if isinstance(value, str) and value[:1] in "{[":
        with contextlib.suppress(json.JSONDecodeError):
            value = json.loads(value)
    if isinstance(value, dict):
        parts = [_flat(part, f"{name}.{key}" if name else str(key)) for key, part in value.items()]
        return {key: leaf for part in parts for key, leaf in part.items()}
    return {name: value}


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 4]} ..."
