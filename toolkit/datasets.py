"""Labelled datasets: built from arrays, written whole or not at all, read with checks."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from toolkit import labels
from toolkit.labelled import labelled
from toolkit.systems import Configuration, system_from_json

ARGUMENTS = "arguments"
VERSIONS = "versions"
_SUFFIXES = (".nc", ".zarr")


def trajectory(
    variables: Mapping[str, np.ndarray], generation: np.ndarray, attrs: Mapping[str, str]
) -> xr.Dataset:
    """A trajectory dataset with the labels' dims, units and long names.

    Parameters
    ----------
    variables : mapping
        By name, with axes (replicate, generation, ...) as in :mod:`toolkit.labels`.
    generation : array, shape (num_recorded,)
    attrs : mapping

    Raises
    ------
    ValueError
        When a name is unknown, or two variables disagree about a size.
    """
    return labelled(variables, generation).assign_attrs(attrs)


def provenance(system: Configuration, arguments: Mapping[str, Any]) -> dict[str, str]:
    """Attributes that are enough to run a simulation again: system, arguments, versions."""
    return {
        labels.SYSTEM: system.to_json(),
        ARGUMENTS: json.dumps(dict(arguments)),
        VERSIONS: json.dumps(versions()),
    }


def versions(*more: str) -> dict[str, str]:
    """Versions of what numbers depend on.

    Parameters
    ----------
    *more : str
        Further packages.

    Examples
    --------
    >>> list(versions("numpyro"))[-1]
    'numpyro'
    """
    packages = ("coevo-toolkit", "jax", "jaxlib", "numpy", "scipy", "xarray", *more)
    return {"python": platform.python_version()} | {
        package: importlib.metadata.version(package) for package in packages
    }


def system_of(dataset: xr.Dataset) -> Configuration:
    """The system that a dataset was simulated from.

    Raises
    ------
    ValueError
        When the dataset does not carry one.
    """
    try:
        return system_from_json(dataset.attrs[labels.SYSTEM])
    except KeyError:
        raise ValueError(
            f"the dataset has no attribute {labels.SYSTEM!r}: it was not made by simulate."
        ) from None


def arguments_of(dataset: xr.Dataset) -> dict[str, Any]:
    """The arguments that ``simulate`` was called with.

    Raises
    ------
    ValueError
        When the dataset does not carry them.
    """
    try:
        return dict(json.loads(dataset.attrs[ARGUMENTS]))
    except KeyError:
        raise ValueError(
            f"the dataset has no attribute {ARGUMENTS!r}: it was not made by simulate."
        ) from None


def check_output(path: str | Path, *, overwrite: bool = False, suffixes: Any = _SUFFIXES) -> Path:
    """A path that can be written to; called before the work that fills it.

    Parameters
    ----------
    path : str or Path
    overwrite : bool
    suffixes : tuple of str
        Endings that are understood.

    Raises
    ------
    ValueError
        When the ending is not known.
    FileExistsError
        When it exists and ``overwrite`` is not set, or is a folder of something else.
    FileNotFoundError, PermissionError
        When its folder does not exist or cannot be written to.
    """
    path = Path(path)
    if path.suffix not in suffixes:
        raise ValueError(f"{path} must end in {' or '.join(suffixes)}.")
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} exists; give another path, or overwrite it (--overwrite).")
    if path.is_dir() and not (path.suffix == ".zarr" and (path / "zarr.json").is_file()):
        what = "a folder but no zarr store" if path.suffix == ".zarr" else "a folder"
        raise FileExistsError(f"{path} is {what}; give another path.")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"the folder {path.parent} does not exist; make it first.")
    try:
        # Asking for permission is not enough: root is told yes for a read-only folder.
        with tempfile.TemporaryFile(dir=path.parent):
            return path
    except OSError as error:
        raise PermissionError(
            f"the folder {path.parent} cannot be written to ({error.strerror})."
        ) from None


def save(dataset: xr.Dataset | xr.DataTree, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write a dataset or a tree to netCDF (``.nc``) or zarr (``.zarr``): whole, or not at all.

    Parameters
    ----------
    dataset : xr.Dataset or xr.DataTree
        A trajectory, a prediction, a comparison, a fit.
    path : str or Path
    overwrite : bool
        Replace what is there; it stays until the new file is complete.

    Returns
    -------
    Path

    Raises
    ------
    ValueError, FileExistsError, FileNotFoundError, PermissionError
        When the path cannot be written to.

    Examples
    --------
    >>> import tempfile, toolkit as tk
    >>> system = tk.CoevolvingSystem.on_unit_circle(num_texts=3, variance=1.0, batch_size=50)
    >>> simulated = tk.simulate(system, generations=2, replicates=2, seed=1)
    >>> path = tk.save(simulated, tempfile.mkdtemp() + "/loop.nc")
    >>> tk.read_trajectory(path).identical(simulated)
    True
    """
    path = check_output(path, overwrite=overwrite)
    if path.suffix == ".nc":
        replace_whole(path, lambda part: dataset.to_netcdf(part, engine="h5netcdf"))
    else:
        replace_whole(path, lambda part: _write_zarr(dataset, part))
    return path


def replace_whole(path: Path, write: Callable[[Path], Any]) -> None:
    """Let ``write`` make a file or folder beside ``path``, then put it in its place.

    Whatever goes wrong before, an interrupt too, leaves ``path`` as it was and nothing else.
    """
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        part = Path(folder) / path.name
        write(part)
        # A folder cannot be replaced in one go: the old one stands aside, and may come back.
        old = Path(folder) / "old"
        try:
            if path.is_dir():
                path.replace(old)
            part.replace(path)
        except BaseException:
            if old.exists() and not path.exists():
                old.replace(path)
            raise


def _write_zarr(dataset: xr.Dataset | xr.DataTree, path: Path) -> None:
    """Write every chunk, so that a missing one shows; zarr leaves out those of one value."""
    dataset.to_zarr(path, zarr_format=3, consolidated=False, write_empty_chunks=True)


def _check_chunks(attrs: Mapping[Any, Any], path: Path) -> None:
    """Check that no chunk of our own zarr is missing: it would be read as fill values."""
    import zarr

    if VERSIONS not in attrs:
        return
    for name, array in zarr.open_group(path, mode="r").members(max_depth=None):
        if isinstance(array, zarr.Array) and array.nchunks_initialized < array.nchunks:
            raise ValueError(f"{name} lacks chunks; what was stopped goes on with --resume")


def load(path: str | Path) -> xr.Dataset:
    """Read a netCDF (``.nc``) or zarr (``.zarr``) file, whatever it holds.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    xr.Dataset
        In memory.

    Raises
    ------
    FileNotFoundError
        When there is nothing at the path.
    ValueError
        When it is truncated or of another format.
    """

    def read(path: Path) -> xr.Dataset:
        if path.suffix == ".nc":
            return xr.load_dataset(path, engine="h5netcdf")
        dataset = xr.open_zarr(path, consolidated=False).load()
        _check_chunks(dataset.attrs, path)
        return dataset

    return _readable(path, read)


def load_tree(path: str | Path) -> xr.DataTree:
    """As :func:`load`, for a file with groups."""

    def read(path: Path) -> xr.DataTree:
        zarr = path.suffix == ".zarr"
        options: dict[str, Any] = {"consolidated": False} if zarr else {}
        with xr.open_datatree(path, engine="zarr" if zarr else "h5netcdf", **options) as tree:
            whole = tree.load()
        if zarr:
            _check_chunks(whole.attrs, path)
        return whole

    return _readable(path, read)


def _readable[Contents](path: str | Path, read: Callable[[Path], Contents]) -> Contents:
    """What ``read`` makes of a path, with one kind of error for all that can be wrong."""
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"no file at {path}.")
    if path.suffix not in _SUFFIXES:
        raise ValueError(f"{path} must end in {' or '.join(_SUFFIXES)}.")
    if path.suffix == ".nc" and path.is_dir():
        raise ValueError(f"{path} is a folder; a netCDF trajectory is a file.")
    try:
        return read(path)
    except Exception as error:  # noqa: BLE001
        # The readers raise a dozen kinds of error for a damaged file; all mean the same here.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(
            f"{path} cannot be read as {path.suffix[1:]}: truncated or of another format "
            f"({reason})."
        ) from None


def read_simulated(path: str | Path) -> xr.Dataset:
    """Read a trajectory that ``simulate`` made, from netCDF (``.nc``) or zarr (``.zarr``).

    Those of others, and tables, are read and checked in full by ``toolkit.trajectories``.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    xr.Dataset
        In memory.

    Raises
    ------
    FileNotFoundError
        When there is nothing at the path.
    ValueError
        When it is truncated, of another format, or holds no trajectory.
    """
    dataset = load(path)
    check_trajectory(dataset, str(path))
    return dataset


def check_trajectory(dataset: xr.Dataset, name: str = "the dataset") -> None:
    """Check that a dataset holds a trajectory: known variables with the labels' dims.

    Raises
    ------
    ValueError
        When no variable is known, or one has other dims than it should or is not finite.
    """
    known = [variable for variable in dataset.data_vars if variable in labels.VARIABLES]
    if not known:
        raise ValueError(f"{name} holds no trajectory: none of its variables is known.")
    for variable in known:
        expected = labels.dims(str(variable))
        if dataset[variable].dims != expected:
            raise ValueError(
                f"{variable} in {name} has dims {dataset[variable].dims}, expected {expected}."
            )
        values = dataset[variable].values
        if values.dtype.kind not in "fiub":
            raise ValueError(f"{variable} in {name} does not hold numbers.")
        if not np.isfinite(values).all():
            replicate, generation = np.argwhere(~np.isfinite(values))[0][:2]
            raise ValueError(
                f"{variable} in {name} holds NaN or infinite values, first at position "
                f"{replicate} of {labels.REPLICATE}, {generation} of {labels.GENERATION}."
            )
