"""Timing of contenders side by side, and what the machine was."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

Work = Callable[[int], Any]


class Timing(NamedTuple):
    """Seconds of each round: by the clock, and of all cores together."""

    wall: list[float]
    cores: list[float]

    @property
    def median(self) -> float:
        """Median by the clock."""
        return statistics.median(self.wall)

    @property
    def quartiles(self) -> tuple[float, float, float]:
        """Quartiles by the clock (low, median, high)."""
        low, middle, high = statistics.quantiles(self.wall, n=4, method="inclusive")
        return low, middle, high

    @property
    def median_of_cores(self) -> float:
        """Median of the time of all cores together."""
        return statistics.median(self.cores)

    def each(self, number: float) -> Timing:
        """Seconds of one of so many things done in each round."""
        return Timing([wall / number for wall in self.wall], [core / number for core in self.cores])


def first_call(work: Work) -> float:
    """Seconds of the first call, compilation included."""
    start = time.perf_counter()
    work(0)
    return time.perf_counter() - start


def interleaved(contenders: dict[str, Work], rounds: int) -> dict[str, Timing]:
    """Time all contenders in every round, in alternating order, each with the round's seed.

    Whatever else the machine does then falls on all of them alike. Call each once before.
    """
    timings = {name: Timing([], []) for name in contenders}
    for index in range(rounds):
        order = list(contenders) if index % 2 == 0 else list(reversed(contenders))
        for name in order:
            wall, cores = time.perf_counter(), time.process_time()
            contenders[name](index + 1)
            timings[name].wall.append(time.perf_counter() - wall)
            timings[name].cores.append(time.process_time() - cores)
    return timings


def timed(contenders: dict[str, Work], rounds: int) -> tuple[dict[str, float], dict[str, Timing]]:
    """Seconds of the first call of each, then all of them in turns."""
    first = {name: first_call(work) for name, work in contenders.items()}
    return first, interleaved(contenders, rounds)


def paired_ratio(numerator: Timing, denominator: Timing) -> tuple[float, float, float]:
    """Quartiles (low, median, high) of the rounds' ratios by the clock."""
    pairs = zip(numerator.wall, denominator.wall, strict=True)
    ratios = [above / below for above, below in pairs]
    low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return low, middle, high


def machine() -> dict[str, Any]:
    """Date, processor, cores, load and versions."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        models = [
            line.split(":", 1)[1].strip()
            for line in cpuinfo.read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ]
        name = models[0] if models else name
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "processor": name,
        "cores": cores,
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "system": platform.system(),
        "python": platform.python_version(),
        **{package: importlib.metadata.version(package) for package in ("jax", "numpy", "numba")},
    }
