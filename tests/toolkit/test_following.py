"""A file that is written to while it is read."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

import pandas as pd
import pytest

import toolkit as tk
from toolkit import labels
from toolkit.trajectories import Follower

HEADER = "replicate,generation,score\n"


def rows(generations: range, replicates: int = 2) -> str:
    return "".join(
        f"{r},{g},{0.9 - 0.01 * g + 0.001 * r:.4f}\n"
        for g in generations
        for r in range(replicates)
    )


def seen_generations(follower: Follower) -> list[int]:
    seen = follower.poll()
    assert seen is not None
    return [int(g) for g in seen.trajectory[labels.GENERATION].values]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "loop.csv"
    found.write_text(HEADER + rows(range(3)))
    return found


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def test_what_is_appended_is_read_on(path: Path) -> None:
    follower = Follower(path)
    assert seen_generations(follower) == [0, 1, 2]
    assert follower.poll() is None
    append(path, rows(range(3, 5)))
    seen = follower.poll()
    assert seen is not None
    assert seen.change == "grown"
    assert seen.trajectory.equals(tk.read_trajectory(path))


def test_a_generation_waits_until_it_is_whole(path: Path) -> None:
    follower = Follower(path)
    follower.poll()
    append(path, "0,3,0.87\n1,3,0.8")
    assert follower.poll() is None  # nothing new that is whole
    append(path, "71\n")
    seen = follower.poll()
    assert seen is not None
    assert seen.trajectory.score.sel(generation=3).values.tolist() == [0.87, 0.871]


def test_a_file_that_is_cut_off_or_rewritten_is_read_anew(path: Path) -> None:
    follower = Follower(path)
    append(path, rows(range(3, 8)))
    assert seen_generations(follower)[-1] == 7
    whole = path.read_text()
    path.write_text(whole[: len(whole) // 2])
    seen = follower.poll()
    assert seen is not None
    assert seen.change == "rewritten"
    assert seen.trajectory.sizes[labels.GENERATION] < 5
    # One digit in the past, at the same length.
    path.write_text(whole.replace("0,2,0.8800", "0,2,0.7800"))
    seen = follower.poll()
    assert seen is not None
    assert seen.change == "rewritten"
    assert float(seen.trajectory.score.sel(replicate=0, generation=2)) == 0.78


def test_what_cannot_be_read_now_is_read_later(path: Path) -> None:
    follower = Follower(path)
    follower.poll()
    path.write_text("")
    for _ in range(2):
        with pytest.raises(ValueError, match="is empty so far"):
            follower.poll()
    path.unlink()
    with pytest.raises(FileNotFoundError, match="no file at"):
        follower.poll()
    path.write_text(HEADER + rows(range(4)))
    assert seen_generations(follower) == [0, 1, 2, 3]
    append(path, "0,3,0.5\n1,3,0.5\n")  # these rows are there already
    with pytest.raises(ValueError, match="are both replicate 0, generation 3"):
        follower.poll()


def test_a_mistake_is_told_by_its_line_in_the_file(path: Path) -> None:
    follower = Follower(path, window=3)
    append(path, "\n" + rows(range(3, 8)))
    follower.poll()
    append(path, rows(range(8, 9)) + "0,9,high\n1,9,0.8\n")
    line = path.read_text().splitlines().index("0,9,high") + 1
    with pytest.raises(ValueError, match=f"score is 'high' at line {line}; expected a number"):
        follower.poll()


def test_an_ending_that_is_never_read_is_not_waited_for(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"loop\.txt must end in \.nc or \.zarr"):
        Follower(tmp_path / "loop.txt")


def test_other_formats_are_followed_too(path: Path, tmp_path: Path) -> None:
    for name in ("loop.nc", "loop.zarr", "loop.parquet"):
        other = tmp_path / name
        follower = Follower(other, window=3)
        with pytest.raises(FileNotFoundError):
            follower.poll()
        for end, change in ((4, "first"), (6, "grown"), (3, "rewritten")):
            path.write_text(HEADER + rows(range(end)))
            if name.endswith("parquet"):
                pd.read_csv(path).to_parquet(other)
            else:
                tk.save(tk.read_trajectory(path), other, overwrite=True)
            seen = follower.poll()
            assert seen is not None
            assert seen.change == change
            assert list(seen.trajectory.generation.values) == list(range(end - 3, end))
        assert follower.poll() is None


def test_memory_does_not_grow_with_the_file(path: Path) -> None:
    follower = Follower(path, window=50)
    follower.poll()
    peaks, kept = [], []
    gc.freeze()  # what is there already need not be looked through at each collection
    tracemalloc.start()
    try:
        for end in range(1000, 10_001, 1000):
            append(path, rows(range(max(end - 1000, 3), end)))
            tracemalloc.reset_peak()
            seen = follower.poll()
            assert seen is not None
            assert seen.trajectory.generation.values.tolist() == list(range(end - 50, end))
            del seen
            gc.collect()
            now, peak = tracemalloc.get_traced_memory()
            kept.append(now)
            peaks.append(peak)
    finally:
        tracemalloc.stop()
        gc.unfreeze()
    assert max(peaks[5:]) < 1.5 * max(peaks[:5])
    assert max(peaks) < 16 * 2**20
    # 14,000 rows came in between: kept, they would take three times as much.
    assert kept[-1] - kept[2] < 150_000
    assert follower.poll() is None
