"""How time and memory grow with the number of images, texts, replicates and features.

Each size is measured in a process of its own, so that its peak of resident memory is its own:
``python -m tests.benchmarks.growth '{"batch_size": 1000}'`` prints one as JSON. A later call
of the compiled program is timed, over as many generations as take about a second. The time is that
of all cores together: how many blocks of replicates there are, and so how many cores have work,
depends on the size.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tests.benchmarks.tables import Section, Table, number

#: An exponent that is called linear.
LINEAR = 1.1
#: Bytes beyond those of the smallest size, and of what is returned, that any size may take.
BUDGET = 1 << 29
_SECONDS = 1.0
_MOST_GENERATIONS = 4096
_LONGEST = 600


class Axis(NamedTuple):
    """What grows, and what stays as it is."""

    name: str
    sizes: tuple[int, ...]
    fixed: dict[str, Any]
    linear: bool = True

    @property
    def cases(self) -> list[dict[str, Any]]:
        """One for each size."""
        return [self.fixed | {self.name: size} for size in self.sizes]


def axes(*, quick: bool) -> list[Axis]:
    """All axes; ``quick`` leaves out what takes long."""
    drop = 1 if quick else 0

    def sizes(low: int, high: int) -> tuple[int, ...]:
        return tuple(10**power for power in range(low, high + 1 - drop))

    return [
        Axis("batch_size", sizes(3, 6), {"replicates": 8}),
        Axis("num_texts", sizes(1, 4), {"batch_size": 10**4, "replicates": 2}),
        Axis("replicates", sizes(1, 4), {"batch_size": 10**3}),
        Axis(
            "num_features",
            (1, 4, 16, 64)[: 4 - drop],
            {"batch_size": 10**4, "replicates": 2},
            False,
        ),
    ]


def many_texts(*, quick: bool) -> list[dict[str, Any]]:
    """A plane of many texts: posteriors of neighbours alone beside all of them."""
    fixed = {"batch_size": 10**4, "replicates": 1, "plane": True}
    sparse = range(3, 6 if quick else 7)
    exact = range(3, 4 if quick else 5)
    return [
        fixed | {"num_texts": 10**power, "method": method}
        for method, powers in (("sparse", sparse), ("exact", exact))
        for power in powers
    ]


def one(
    *,
    batch_size: int,
    num_texts: int = 5,
    num_features: int = 2,
    replicates: int = 1,
    method: Any = "exact",
    plane: bool = False,
) -> dict[str, float]:
    """Seconds of a replicate's generation, and the peak of resident memory, of this process."""
    import toolkit as tk

    rng = np.random.default_rng(0)
    variance = 4 / num_texts if plane else 1.0
    system = tk.CoevolvingSystem(
        text_probs=np.full(num_texts, 1 / num_texts),
        image_mean=3 * rng.standard_normal((num_texts, num_features)),
        image_cov=np.broadcast_to(
            variance * np.eye(num_features), (num_texts, num_features, num_features)
        ),
        batch_size=batch_size,
    )

    def seconds(generations: int, seed: int) -> tuple[float, float, int]:
        wall, cores = time.perf_counter(), time.process_time()
        result = tk.simulate(
            system, generations=generations, replicates=replicates, seed=seed, method=method,
            record=["text_diversity"], progress=False,
        )  # fmt: skip
        return time.perf_counter() - wall, time.process_time() - cores, result.nbytes

    first, _, _ = seconds(1, 0)
    generations = 1
    wall, cores, returned = seconds(generations, 1)
    # One program serves any number of generations.
    while wall < _SECONDS / 2 and generations < _MOST_GENERATIONS:
        more = math.ceil(generations * min(max(_SECONDS / wall, 2), 16))
        generations = min(more, _MOST_GENERATIONS)
        wall, cores, returned = seconds(generations, 1)
    updates = generations * replicates
    return {
        "first_call": first,
        "generations": generations,
        "wall": wall / updates,
        "cores": cores / updates,
        "peak": peak(),
        "returned": returned,
    }


def peak() -> int:
    """Most bytes of memory that this process has held; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    lines = status.read_text(encoding="utf-8").splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def apart(case: dict[str, Any]) -> dict[str, float]:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.growth", json.dumps(case)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_LONGEST)
    if done.returncode:
        raise RuntimeError(f"{case} failed:\n{done.stderr[-2000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def exponent(sizes: tuple[int, ...], seconds: list[float]) -> float:
    """Slope of the logarithm of the time against that of the size."""
    slope = np.polynomial.Polynomial.fit(np.log(sizes), np.log(seconds), 1).convert().coef[1]
    return float(slope)


def growth(*, quick: bool = False) -> Section:
    """Exponents and memory along each axis, and many texts."""
    rows, exponents, verdicts = [], [], {}
    numbers: dict[str, Any] = {}
    for axis in axes(quick=quick):
        found = [apart(case) for case in axis.cases]
        numbers[axis.name] = dict(zip(map(str, axis.sizes), found, strict=True))
        # A replicate's cost would not grow with their number.
        total = [
            each["cores"] * (size if axis.name == "replicates" else 1)
            for size, each in zip(axis.sizes, found, strict=True)
        ]
        rows += [
            _row(f"{axis.name} {size}", each) for size, each in zip(axis.sizes, found, strict=True)
        ]
        last, whole = exponent(axis.sizes[-2:], total[-2:]), exponent(axis.sizes, total)
        fixed = ", ".join(f"{name} {value}" for name, value in axis.fixed.items())
        exponents.append((axis.name, fixed, f"{last:.2f}", f"{whole:.2f}"))
        if axis.linear:
            verdicts[f"{axis.name}: exponent at most {LINEAR:g} in the top decade"] = last <= LINEAR
        verdicts[f"{axis.name}: memory within the budget"] = _within(found)
    plane = many_texts(quick=quick)
    found = [apart(case) for case in plane]
    numbers["many_texts"] = [case | each for case, each in zip(plane, found, strict=True)]
    many = [
        _row(f"{case['method']}, {case['num_texts']} texts", each)
        for case, each in zip(plane, found, strict=True)
    ]
    headings = ("", "core time, ms", "clock, ms", "generations", "peak memory, MB")
    tables = (
        Table(
            "exponents of the time of all cores",
            ("", "fixed", "largest two sizes", "all sizes"),
            exponents,
        ),
        Table("one generation of a replicate", headings, rows),
        Table(
            "many texts in a plane (means 3 N(0, I), variance 4 / num_texts, batch_size 10000)",
            headings,
            many,
        ),
    )
    note = (
        f"memory budget: the peak is at most {BUDGET >> 20} MB above that of the smallest size, "
        "besides what is returned."
    )
    return Section("growth", tables, verdicts, numbers, (note,))


def _row(name: str, found: dict[str, float]) -> tuple[str, ...]:
    return (
        name,
        number(1e3 * found["cores"]),
        number(1e3 * found["wall"]),
        f"{found['generations']:.0f}",
        f"{found['peak'] / 2**20:.0f}",
    )


def _within(found: list[dict[str, float]]) -> bool:
    smallest = found[0]["peak"]
    return all(each["peak"] - smallest - each["returned"] <= BUDGET for each in found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", type=json.loads, help="arguments of one() as JSON")
    print(json.dumps(one(**parser.parse_args().case)))
