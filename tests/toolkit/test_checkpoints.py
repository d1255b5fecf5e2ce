"""A simulation into a store: stopped anywhere, it goes on to the same bits."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import xarray as xr
import zarr

import toolkit as tk
from tests import cases
from toolkit import stores
from toolkit.simulation import planning
from toolkit.simulation.checkpoints import Checkpoints

SYSTEM = cases.SYSTEMS["rare text"]
#: Two blocks, the last in part empty, of 11 rows in chunks of 4 and segments of 2.
ARGUMENTS: dict[str, Any] = {"generations": 20, "every": 2, "replicates": 65, "seed": 5}
CHUNKS = 2 * 3
SEGMENT_ROWS, CHUNK_ROWS = planning._SEGMENT_ROWS, planning._CHUNK_ROWS


@pytest.fixture(scope="module", autouse=True)
def short_chunks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "_SEGMENT_ROWS", 2)
        patch.setattr(planning, "_CHUNK_ROWS", 4)
        yield


def simulate(out: Path | None = None, **changes: Any) -> xr.Dataset:
    return tk.simulate(SYSTEM, out=out, progress=False, **ARGUMENTS | changes)


@pytest.fixture(scope="module")
def undisturbed() -> xr.Dataset:
    return simulate()


class StoppedError(Exception):
    pass


def stop_after(patch: pytest.MonkeyPatch, number: int, *, before_state: bool) -> None:
    """Let a simulation die at its so-manieth chunk, with or without the state after it."""
    keep, write, kept = Checkpoints.keep, stores.write, [0]

    def dying(self: Checkpoints, *arguments: Any) -> None:
        kept[0] += 1
        if kept[0] < number:
            keep(self, *arguments)
            return
        if before_state:
            block, rows, filled = arguments
            write(self.path, filled, (block.replicates, rows))
        else:
            keep(self, *arguments)
        raise StoppedError

    patch.setattr(Checkpoints, "keep", dying)


def files(path: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()
    }


def test_a_store_holds_what_memory_would(undisturbed: xr.Dataset, tmp_path: Path) -> None:
    path = tmp_path / "loop.zarr"
    stored = simulate(path)
    assert list(stored.data_vars) == list(undisturbed.data_vars)
    assert stored.identical(undisturbed)
    assert tk.read_trajectory(path).identical(tk.read_trajectory(undisturbed))
    assert tk.simulate_again(path, progress=False).identical(undisturbed)
    assert not any(part.startswith(".") for name in files(path) for part in Path(name).parts)


def test_chunks_are_blocks_by_rows(tmp_path: Path) -> None:
    simulate(tmp_path / "loop.zarr")
    array = zarr.open_group(tmp_path / "loop.zarr", mode="r")["text_probs"]
    assert isinstance(array, zarr.Array)
    assert array.chunks == (33, 4, 3)
    assert array.nchunks_initialized == array.nchunks == CHUNKS


@pytest.mark.parametrize("before_state", [False, True])
@pytest.mark.parametrize("number", range(1, CHUNKS + 1))
def test_stopped_at_any_chunk_it_goes_on_to_the_same_bits(
    undisturbed: xr.Dataset, tmp_path: Path, number: int, before_state: bool
) -> None:
    path = tmp_path / "loop.zarr"
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, number, before_state=before_state)
        with pytest.raises(StoppedError):
            simulate(path, chunk_size=1)
    assert stores.is_unfinished(path)
    (path / "text_probs" / "c" / "0.x.partial").write_bytes(b"half of a chunk")
    begun: list[tuple[int, int]] = []
    with pytest.MonkeyPatch.context() as patch:
        keep = Checkpoints.keep

        def counted(self: Checkpoints, block: Any, rows: slice, filled: Any) -> None:
            begun.append((block.replicates.start, rows.start))
            keep(self, block, rows, filled)

        patch.setattr(Checkpoints, "keep", counted)
        assert simulate(path, resume=True).identical(undisturbed)
    # Nothing is computed twice but the chunk whose state was not written yet.
    assert len(begun) == len(set(begun)) == CHUNKS - number + before_state
    whole = tmp_path / "whole.zarr"
    simulate(whole)
    assert files(path) == files(whole)


def test_resume_begins_where_nothing_is_and_ends_where_all_is(
    undisturbed: xr.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "loop.zarr"
    assert simulate(path, resume=True).identical(undisturbed)

    def never(*_: Any) -> None:
        raise AssertionError("nothing is left to be kept")

    monkeypatch.setattr(Checkpoints, "keep", never)
    assert simulate(path, resume=True).identical(undisturbed)


def test_what_exists_is_not_touched_unless_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "loop.zarr"
    simulate(path)
    before = files(path)
    with pytest.raises(FileExistsError, match=r"exists; give another path, or overwrite it"):
        simulate(path)
    with pytest.raises(ValueError, match="ask for one"):
        simulate(path, resume=True, overwrite=True)
    assert files(path) == before
    simulate(path, overwrite=True, seed=6)
    assert json.loads(stores.opened(path).attrs["arguments"])["seed"] == 6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 6}, r"begun with arguments\.seed = 5, not 6; give what it was begun with"),
        ({"replicates": 66}, r"arguments\.replicates = 65, not 66"),
        ({"record": ["text_probs"]}, r"arguments\.record = \[.* \.\.\., not \[\"text_probs\"\]"),
        ({"dtype": "float32"}, r"arguments\.dtype = \"float64\", not \"float32\""),
    ],
)
def test_resume_with_other_arguments_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], message: str
) -> None:
    path = tmp_path / "loop.zarr"
    stop_after(monkeypatch, 1, before_state=False)
    with pytest.raises(StoppedError):
        simulate(path)
    before = files(path)
    with pytest.raises(FileExistsError, match=r"go on with it \(--resume\), or overwrite"):
        simulate(path)
    with pytest.raises(ValueError, match=message):
        simulate(path, resume=True, **change)
    with pytest.raises(ValueError, match=r"system\.batch_size = 30, not 31"):
        tk.simulate(SYSTEM.replace(batch_size=31), out=path, resume=True, **ARGUMENTS)
    monkeypatch.setattr(planning, "_CHUNK_ROWS", 8)
    with pytest.raises(ValueError, match=r"another version of the toolkit: text_probs is laid out"):
        simulate(path, resume=True)
    assert files(path) == before


def test_resume_with_other_versions_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "loop.zarr"
    simulate(path)
    versions = stores.datasets.versions()
    monkeypatch.setattr(
        sys.modules["toolkit.datasets"], "versions", lambda: versions | {"jax": "0.1"}
    )
    with pytest.raises(ValueError, match=rf'versions.jax = "{versions["jax"]}", not "0.1"'):
        simulate(path, resume=True)


def test_resume_with_other_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "loop.zarr"
    stop_after(monkeypatch, 1, before_state=False)
    with pytest.raises(StoppedError):
        simulate(path)
    monkeypatch.setattr(stores, "_code", lambda: "other")
    with pytest.raises(ValueError, match="was begun with other code of the toolkit"):
        simulate(path, resume=True)


def test_only_one_process_fills_a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "loop.zarr"
    stop_after(monkeypatch, 1, before_state=False)
    with pytest.raises(StoppedError):
        simulate(path)
    lock = stores.notes_of(path) / "lock"
    command = (
        f"import fcntl, sys; file = open({str(lock)!r}); fcntl.flock(file, fcntl.LOCK_EX)\n"
        "print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        for how in ({"resume": True}, {"overwrite": True}):
            with pytest.raises(FileExistsError, match="being filled by another process"):
                simulate(path, **how)
        other.communicate()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"out": "loop.nc"}, r"loop.nc must end in .zarr"),
        ({"resume": True}, "out names what is to be gone on with"),
        ({"overwrite": True}, "out names what is to be gone on with"),
    ],
)
def test_where_it_cannot_be_written_is_said(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tk.simulate(SYSTEM, **ARGUMENTS, **arguments)


def test_the_warning_of_capacity_comes_from_a_store_too(tmp_path: Path) -> None:
    corpus = tk.CorpusInjection(prob=0.5, fraction=0.1, reading="new_text", capacity=4)
    system = SYSTEM.replace(corpus=corpus, text_updates=0, image_updates=0)
    messages = []
    for out in (None, tmp_path / "loop.zarr"):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            tk.simulate(system, out=out, progress=False, **ARGUMENTS)
        messages.append([str(warning.message) for warning in caught])
    assert messages[0] == messages[1]
    assert "the capacity was reached in 65 of 65 replicates" in messages[0][0]


def test_killed_in_the_middle_the_command_goes_on(tmp_path: Path) -> None:
    system = tmp_path / "loop.toml"
    images = SYSTEM.replace(text_updates=0)  # soon compiled
    images.to_toml(system)
    path, whole = tmp_path / "loop.zarr", tmp_path / "whole.zarr"
    run = [sys.executable, "-m", "toolkit.cli", "simulate", str(system), "--generations", "6000"]
    run += ["--replicates", "100", "--seed", "1", "--record", "image_diversity", "--out", str(path)]
    with subprocess.Popen(run, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while not list(path.glob(".unfinished/*.npz")) and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
    assert stores.is_unfinished(path)
    subprocess.run([*run, "--resume"], check=True, capture_output=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "_SEGMENT_ROWS", SEGMENT_ROWS)
        patch.setattr(planning, "_CHUNK_ROWS", CHUNK_ROWS)
        arguments = {
            "generations": 6000,
            "replicates": 100,
            "seed": 1,
            "record": ["image_diversity"],
        }
        tk.simulate(images, out=whole, progress=False, **arguments)
    assert files(path) == files(whole)
