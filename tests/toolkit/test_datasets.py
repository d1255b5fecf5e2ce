"""Datasets: labels, files written whole or not at all, damaged files refused in one line."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import toolkit as tk
from toolkit import datasets, labels

SUFFIXES = (".nc", ".zarr")


@pytest.fixture(scope="module")
def simulated() -> xr.Dataset:
    """A small dataset with the labels' form; nothing is compiled for it."""
    rng = np.random.default_rng(51)
    sizes = {"text": 3, "feature": 2, "feature_alt": 2}
    variables = {}
    for name in labels.DEFAULT_RECORD:
        shape = (4, 6, *(sizes[dim] for dim in labels.variable(name).dims))
        values = rng.random(shape)
        if name in (labels.IMAGE_KEPT, labels.TEXT_EXTINCT):
            values = values < 0.5
        elif name == labels.TEXT_PROBS:
            values /= values.sum(axis=-1, keepdims=True)
        elif name == labels.IMAGE_COV:
            values = values + values.swapaxes(-1, -2) + 2 * np.eye(2)
        elif name == labels.IMAGE_COUNT:
            values = (20 * values).astype(int)
        variables[name] = values
    system = tk.CoevolvingSystem.on_unit_circle(num_texts=3, variance=1.0, batch_size=20)
    attrs = datasets.provenance(system, {"generations": 10, "seed": 2**63 - 1})
    return datasets.trajectory(variables, 2 * np.arange(6), attrs)


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_labels_give_dims_units_and_long_names(simulated: xr.Dataset) -> None:
    for name in simulated.data_vars:
        label = labels.VARIABLES[str(name)]
        assert simulated[name].dims == ("replicate", "generation", *label.dims)
        assert simulated[name].attrs == {"units": label.units, "long_name": label.long_name}
    for name in simulated.coords:
        label = labels.COORDINATES[str(name)]
        assert simulated[name].attrs == {"units": label.units, "long_name": label.long_name}
    assert simulated.generation.values.tolist() == [0, 2, 4, 6, 8, 10]


def test_unknown_variable_is_refused() -> None:
    with pytest.raises(ValueError, match="no variable is called 'diversity'; choose from"):
        datasets.trajectory({"diversity": np.zeros((1, 1))}, np.arange(1), {})


def test_attributes_hold_system_arguments_and_versions(simulated: xr.Dataset) -> None:
    assert datasets.system_of(simulated).batch_size == 20
    assert datasets.arguments_of(simulated) == {"generations": 10, "seed": 2**63 - 1}
    versions = json.loads(simulated.attrs["versions"])
    assert {"python", "coevo-toolkit", "jax", "numpy", "xarray"} <= set(versions)


@pytest.mark.parametrize("read", [datasets.system_of, datasets.arguments_of])
def test_dataset_without_provenance_is_refused(
    simulated: xr.Dataset, read: Callable[[xr.Dataset], Any]
) -> None:
    with pytest.raises(ValueError, match="was not made by simulate"):
        read(simulated.drop_attrs())


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_file_gives_the_same_dataset_back(
    simulated: xr.Dataset, tmp_path: Path, suffix: str
) -> None:
    path = tk.save(simulated, tmp_path / f"loop{suffix}")
    read = tk.read_trajectory(path)
    assert read.identical(simulated)
    for name in simulated.variables:
        assert read[name].dtype == simulated[name].dtype
    assert files_in(tmp_path) == [f"loop{suffix}"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_existing_output_is_replaced_only_when_asked(
    simulated: xr.Dataset, tmp_path: Path, suffix: str
) -> None:
    path = tk.save(simulated, str(tmp_path / f"loop{suffix}"))
    other = simulated.isel(replicate=slice(2))
    with pytest.raises(FileExistsError, match=r"exists; give another path, or overwrite it"):
        tk.save(other, path)
    assert tk.read_trajectory(path).identical(simulated)
    tk.save(other, path, overwrite=True)
    assert tk.read_trajectory(path).identical(other)
    assert files_in(tmp_path) == [f"loop{suffix}"]


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("existing", [False, True])
def test_writer_that_fails_midway_leaves_nothing_new(
    simulated: xr.Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    suffix: str,
    existing: bool,
) -> None:
    path = tmp_path / f"loop{suffix}"
    if existing:
        tk.save(simulated, path)
    writer = "to_netcdf" if suffix == ".nc" else "to_zarr"
    whole = getattr(xr.Dataset, writer)

    def broken(self: xr.Dataset, target: Path, **options: Any) -> None:
        whole(self, target, **options)  # something is on the disk by now
        assert files_in(tmp_path) != ([path.name] if existing else [])
        raise error

    monkeypatch.setattr(xr.Dataset, writer, broken)
    with pytest.raises(type(error)):
        tk.save(simulated.isel(replicate=slice(1)), path, overwrite=existing)
    monkeypatch.undo()
    assert files_in(tmp_path) == ([path.name] if existing else [])
    if existing:
        assert tk.read_trajectory(path).identical(simulated)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_failure_while_replacing_keeps_the_old_one(
    simulated: xr.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    path = tk.save(simulated, tmp_path / f"loop{suffix}")
    replace = os.replace

    def broken(source: Any, target: Any) -> None:
        if Path(target) == path and "old" not in str(source):
            raise OSError("no more")
        replace(source, target)

    monkeypatch.setattr(os, "replace", broken)
    with pytest.raises(OSError, match="no more"):
        tk.save(simulated.isel(replicate=slice(1)), path, overwrite=True)
    monkeypatch.undo()
    assert files_in(tmp_path) == [path.name]
    assert tk.read_trajectory(path).identical(simulated)


@pytest.mark.parametrize("name", ["loop.csv", "loop", "loop.NC", ".nc"])
def test_wrong_suffix(simulated: xr.Dataset, tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"must end in \.nc or \.zarr"):
        tk.save(simulated, tmp_path / name)
    (tmp_path / name).write_text("x")
    with pytest.raises(ValueError, match=r"must end in \.nc or \.zarr"):
        datasets.read_simulated(tmp_path / name)


def test_missing_and_unwritable_folders(
    simulated: xr.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(FileNotFoundError, match="does not exist; make it first"):
        tk.save(simulated, tmp_path / "none" / "loop.nc")

    def denied(**options: Any) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    # An administrator may write anywhere, so the system's answer is given here.
    monkeypatch.setattr(tempfile, "TemporaryFile", denied)
    with pytest.raises(PermissionError, match="cannot be written to"):
        tk.save(simulated, tmp_path / "loop.nc")
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_missing_file(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(FileNotFoundError, match="no file at"):
        tk.read_trajectory(tmp_path / f"loop{suffix}")


@pytest.mark.parametrize("keep", [0.0, 0.01, 0.5, 0.98])
def test_truncated_netcdf(simulated: xr.Dataset, tmp_path: Path, keep: float) -> None:
    path = tk.save(simulated, tmp_path / "loop.nc")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(keep * len(whole))])
    with pytest.raises(ValueError, match="truncated or of another format") as caught:
        tk.read_trajectory(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"not a dataset", bytes(range(256)) * 20, b"CDF\x01"])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_foreign_file(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"loop{suffix}"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="truncated or of another format") as caught:
        tk.read_trajectory(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_empty_folder_is_no_dataset(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"loop{suffix}"
    path.mkdir()
    with pytest.raises(
        ValueError, match=r"truncated or of another format|holds no trajectory|is a folder"
    ):
        tk.read_trajectory(path)


def test_damaged_zarr(simulated: xr.Dataset, tmp_path: Path) -> None:
    path = tk.save(simulated, tmp_path / "loop.zarr")
    (path / "zarr.json").write_text("{")
    with pytest.raises(ValueError, match="truncated or of another format"):
        tk.read_trajectory(path)


def test_zarr_keeps_chunks_of_one_value(simulated: xr.Dataset, tmp_path: Path) -> None:
    nothing = simulated.assign(image_kept=xr.zeros_like(simulated.image_kept))
    assert tk.read_trajectory(tk.save(nothing, tmp_path / "loop.zarr")).identical(nothing)


def test_zarr_that_lost_a_chunk(simulated: xr.Dataset, tmp_path: Path) -> None:
    path = tk.save(simulated, tmp_path / "loop.zarr")
    shutil.rmtree(path / "text_probs" / "c")
    with pytest.raises(ValueError, match=r"truncated or of another format .text_probs lacks"):
        tk.read_trajectory(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_dataset_of_something_else(simulated: xr.Dataset, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"loop{suffix}"
    tk.save(xr.Dataset({"temperature": ("station", np.arange(3.0))}), path)
    with pytest.raises(ValueError, match="none of its variables is known"):
        tk.read_trajectory(path)
    transposed = simulated[["text_probs"]].transpose("generation", "replicate", "text")
    tk.save(transposed, path, overwrite=True)
    with pytest.raises(ValueError, match=r"text_probs in .* has dims"):
        tk.read_trajectory(path)


def test_only_a_store_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.zarr").mkdir()
    (tmp_path / "mine.zarr" / "thesis.txt").write_text("mine")
    (tmp_path / "empty.nc").mkdir()
    for name in ("mine.zarr", "empty.nc"):
        with pytest.raises(FileExistsError, match="is a folder"):
            datasets.check_output(tmp_path / name, overwrite=True)
    assert (tmp_path / "mine.zarr" / "thesis.txt").read_text() == "mine"


def test_values_that_are_no_numbers_are_refused() -> None:
    trajectory = datasets.trajectory({"text_diversity": np.zeros((2, 3))}, np.arange(3), {})
    datasets.check_trajectory(trajectory)
    trajectory["text_diversity"][1, 2] = np.nan
    with pytest.raises(ValueError, match="first at position 1 of replicate, 2 of generation"):
        datasets.check_trajectory(trajectory)
    words = trajectory.assign(text_diversity=trajectory.text_diversity.astype(str))
    with pytest.raises(ValueError, match="does not hold numbers"):
        datasets.check_trajectory(words)
