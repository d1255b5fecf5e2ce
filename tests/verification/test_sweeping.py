"""Sweeps and long simulations under kill -9, at random moments, of whatever takes part in them.

Workers, scheduler and driver are killed in turn while a sweep of cells that take a moment runs on
three workers. In the end its store is that of a sweep which nobody disturbed, file by file and bit
by bit, and no cell was computed again whose mark was there when something was killed.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

import toolkit as tk
from toolkit import stores

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
KILLS = 12
NUM_CELLS = 60
LONGEST_SECONDS = 600

#: Imported by driver and workers: a cell takes a moment, and writes down that it is computed.
TASK = """
import dataclasses, os, sys, time
from pathlib import Path
import toolkit as tk
from toolkit.sweeping.running import run_sweep
from toolkit.sweeping.tasks import SimulateTask

HERE = Path(__file__).parent
SYSTEM = tk.CoevolvingSystem.on_unit_circle(
    num_texts=3, variance=1.0, batch_size=40, text_updates=0
)
OVER = {{"shrinkage_factor": [1 - 0.01 * k for k in range({rows})],
         "text_temperature": [1.0, 1.5, 2.0]}}

@dataclasses.dataclass(frozen=True, kw_only=True)
class Slow(SimulateTask):
    seconds: float = 0.5

    def describe(self):
        return SimulateTask.describe(self)

    def run(self, cell):
        with (HERE / "journal").open("a") as file:
            file.write(f"{{time.time()}} {{cell.number}}\\n")
        found = super().run(cell)
        time.sleep(self.seconds)
        return found

def main(out, cluster, seconds):
    task = Slow(system=SYSTEM, generations=20, replicates=4, seconds=seconds,
                record=["image_diversity", "image_count"])
    run_sweep(task, OVER, seed=7, out=out, cluster=cluster, resume=True, progress=False)

if __name__ == "__main__":
    import task
    cluster = sys.argv[2]
    task.main(sys.argv[1], None if cluster == "here" else int(cluster) if cluster.isdigit()
              else cluster, float(sys.argv[3]))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "task.py").write_text(TASK.format(rows=NUM_CELLS // 3))
    return tmp_path


class Started:
    """Processes that are started by a test, and end with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: list[subprocess.Popen[bytes]] = []
        path = os.pathsep.join((str(ROOT), str(folder)))
        self.environment = {**os.environ, "PYTHONPATH": path, "JAX_ENABLE_COMPILATION_CACHE": "0"}

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        log = (self.folder / "log").open("ab")
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=log,
            stderr=log,
        )
        log.close()
        self.running.append(process)
        return process

    def driver(self, out: Path, cluster: str, seconds: float = 0.5) -> subprocess.Popen[bytes]:
        return self.start("task.py", str(out), cluster, str(seconds))

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-3000:]


@pytest.fixture
def started(folder: Path) -> Iterator[Started]:
    started = Started(folder)
    yield started
    for process in started.running:
        kill(process.pid)
        process.wait()


def kill(pid: int) -> None:
    try:
        for child in psutil.Process(pid).children(recursive=True):
            child.kill()
        os.kill(pid, signal.SIGKILL)
    except (psutil.NoSuchProcess, ProcessLookupError):
        pass


def marks(out: Path) -> set[str]:
    folder = out / ".unfinished" / "cells"
    return {file.name for file in folder.iterdir()} if folder.is_dir() else set()


def files(path: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()
    }


def check(started: Started, out: Path, seen: list[tuple[float, set[str]]]) -> None:
    """The store is that of a sweep here, undisturbed; nothing done was computed again."""
    lines = (line.split() for line in (started.folder / "journal").read_text().splitlines())
    begun = [(float(when), number) for when, number in lines]
    for moment, done in seen:
        again = [number for when, number in begun if when > moment and number in done]
        assert not again, f"computed again: {again}"
    assert len({number for _, number in begun}) == NUM_CELLS
    # Three workers: what a kill can cost is three cells.
    assert len(begun) <= NUM_CELLS + 3 * len(seen)
    whole = started.folder / "whole.zarr"
    assert started.driver(whole, "here", 0.0).wait(LONGEST_SECONDS) == 0, started.log()
    assert files(out) == files(whole)
    print(f"{len(seen)} kills, {len(begun)} cells begun for {NUM_CELLS}")


@pytest.mark.parametrize("seed", [1, 2])
def test_local_workers_and_driver_are_killed(started: Started, seed: int) -> None:
    rng = random.Random(seed)
    out = started.folder / "sweep.zarr"
    driver = started.driver(out, "3")
    seen: list[tuple[float, set[str]]] = []
    deadline = time.monotonic() + LONGEST_SECONDS
    while driver.poll() is None and time.monotonic() < deadline:
        time.sleep(rng.uniform(1, 9))
        if len(seen) >= KILLS or driver.poll() is not None:
            driver.wait(LONGEST_SECONDS)
            break
        workers = psutil.Process(driver.pid).children(recursive=True)
        if len(seen) % 3 == 2 or not workers:
            driver.kill()
            driver.wait()
            _, alive = psutil.wait_procs(workers, timeout=60)
            assert not alive, "workers outlive the driver that started them"
            seen.append((time.time(), marks(out)))
            driver = started.driver(out, "3")
        else:
            rng.choice(workers).kill()
            seen.append((time.time(), marks(out)))
    assert driver.wait(LONGEST_SECONDS) == 0, started.log()
    assert len(seen) >= 10
    check(started, out, seen)


@pytest.mark.parametrize("seed", [3, 4])
def test_workers_scheduler_and_driver_are_killed(started: Started, seed: int) -> None:
    rng = random.Random(seed)
    out = started.folder / "sweep.zarr"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"

    def scheduler() -> subprocess.Popen[bytes]:
        where = ("--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
        return started.start("-m", "distributed.cli.dask_scheduler", *where)

    def worker() -> subprocess.Popen[bytes]:
        how = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--death-timeout", "30")
        return started.start("-m", "distributed.cli.dask_worker", address, *how)

    lead, workers = scheduler(), [worker() for _ in range(3)]
    driver = started.driver(out, address)
    seen: list[tuple[float, set[str]]] = []
    deadline = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < deadline:
        time.sleep(rng.uniform(1, 8))
        if len(seen) >= KILLS or driver.poll() is not None:
            break
        what = len(seen) % 3
        if what == 0:
            victim = rng.randrange(3)
            kill(workers[victim].pid)
            seen.append((time.time(), marks(out)))
            workers[victim] = worker()
        elif what == 1:
            kill(lead.pid)
            # It says so and ends; whoever started the workers starts them again too.
            assert driver.wait(120) not in (0, None)
            for one in workers:
                kill(one.pid)
            seen.append((time.time(), marks(out)))
            lead, workers = scheduler(), [worker() for _ in range(3)]
            driver = started.driver(out, address)
        else:
            kill(driver.pid)
            driver.wait()
            seen.append((time.time(), marks(out)))
            driver = started.driver(out, address)
    assert driver.wait(LONGEST_SECONDS) == 0, started.log()
    assert len(seen) >= 10
    assert "is gone; what was finished is kept" in (started.folder / "log").read_text()
    check(started, out, seen)


def test_a_long_simulation_is_killed(started: Started) -> None:
    rng = random.Random(5)
    system = tk.CoevolvingSystem.on_unit_circle(
        num_texts=3, variance=1.0, batch_size=40, text_updates=0
    )
    system.to_toml(started.folder / "loop.toml")
    run = ["-m", "toolkit.cli", "simulate", "loop.toml", "--generations", "120000", "--seed", "1"]
    run += ["--replicates", "100", "--every", "4", "--resume", "--out"]
    out, killed = started.folder / "loop.zarr", 0
    notes = out / ".unfinished"
    while True:
        before = states(notes)
        process = started.start(*run, str(out))
        # As soon as it has gone on a little, or at once, so that it comes to an end some time.
        while killed % 3 and process.poll() is None and states(notes) == before:
            time.sleep(0.01)
        try:
            assert process.wait(rng.uniform(0, 1.5)) == 0, started.log()
            break
        except subprocess.TimeoutExpired:
            killed += 1
            kill(process.pid)
            process.wait()
    whole = started.folder / "whole.zarr"
    assert started.start(*run, str(whole)).wait(LONGEST_SECONDS) == 0
    assert killed >= 10
    assert files(out) == files(whole)
    assert not stores.is_unfinished(out)
    print(f"{killed} kills")


def states(notes: Path) -> dict[str, float]:
    """The checkpoints, and when each was written."""
    return {file.name: file.stat().st_mtime for file in notes.glob("*.npz")}
