"""What is measured of calibration: seconds for each simulated data set, and programs compiled."""

from __future__ import annotations

import time
import warnings

import toolkit as tk
from tests.benchmarks.tables import Section, Table, number

#: Most seconds by the clock for each data set of a small model.
TARGET = 0.05
MODELS = ("retraining", "diversity_decay", "text_drift")
FEW, MANY = 50, 250


def calibration(*, quick: bool = False) -> Section:
    """The difference of a long and a short calibration, so that what is done once drops out."""
    few, many = (FEW // 2, FEW) if quick else (FEW, MANY)
    rows, verdicts, numbers = [], {}, {}
    for model in MODELS:
        # Each number of data sets is a program of its own: the second call is without compiling.
        (first, short), (_, long) = (
            [_measured(model, number_of) for _ in range(2)] for number_of in (few, many)
        )
        wall, cores = ((long[at] - short[at]) / (many - few) for at in (0, 1))
        programs = (short[2], long[2])
        times = map(number, (first[0], short[0], wall, cores))
        rows.append((model, *times, *map(str, programs)))
        verdicts[f"{model}: at most {TARGET:g} s for a data set"] = wall <= TARGET
        verdicts[f"{model}: no program more for more data sets"] = programs[0] == programs[1]
        numbers[model] = {"wall": wall, "cores": cores, "first": first, few: short, many: long}
    headings = (
        "", f"{few} data sets, s", "again, s", "each more, s", "core time of it, s",
        f"programs, {few}", f"programs, {many}",
    )  # fmt: skip
    table = Table(f"from {few} to {many} data sets", headings, rows)
    return Section("calibration", (table,), verdicts, numbers)


def _measured(model: str, num_datasets: int) -> tuple[float, float, int]:
    """Seconds by the clock and of all cores, and programs compiled."""
    wall, cores = time.perf_counter(), time.process_time()
    with warnings.catch_warnings():
        # That few data sets tell little is not what is measured here.
        warnings.simplefilter("ignore")
        result = tk.calibrate(model, num_datasets=num_datasets, seed=1, progress=False)
    seconds = time.perf_counter() - wall, time.process_time() - cores
    return *seconds, int(result.attrs["programs"])
