"""What is measured of simulation: text and image updates against NumPy and numba."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import toolkit as tk
from tests.benchmarks import (
    measure,
    numba_kernel,
    numpy_images,
    numpy_straightforward,
    numpy_tuned,
)
from tests.benchmarks.tables import Result

REPLICATES = 100
#: So many times as many generations are timed of what is compiled, which has costs of every call.
LONGER = 8
#: How many times as fast as each reference the toolkit is to be, coupled and text only.
TARGETS = {
    "float64": {"NumPy, straightforward": 40.0, "NumPy, tuned": 10.0, "numba": 0.7},
    "float32": {"NumPy, straightforward": 100.0, "NumPy, tuned": 10.0, "numba": 0.7},
}
#: Image updates alone, by their sufficient statistics: at least NumPy's loop.
IMAGES_TARGET = 1.0
#: Generations of one replicate in a second.
IMAGES_RATE = 4e5
#: Image updates at 10^6 images may cost so many times what they cost at 10^3.
TARGET_COST_RATIO = 1.25


def coupled(rounds: int, generations: int, *, text_only: bool = False) -> Result:
    """The paper's setting: 5 texts, 2 features, 1000 images per update, 100 replicates."""
    system = tk.CoevolvingSystem.on_unit_circle(
        num_texts=5, variance=1.0, batch_size=1000, image_updates=0 if text_only else 1
    )

    def toolkit(seed: int, longer: int = LONGER, **options: Any) -> Any:
        return tk.simulate(
            system,
            generations=longer * generations,
            replicates=REPLICATES,
            seed=seed,
            progress=False,
            **options,
        )

    def plain(seed: int, version: Any, **options: Any) -> Any:
        return version.simulate(
            system.text_probs,
            system.image_mean,
            system.image_cov,
            batch_size=system.batch_size,
            generations=generations * (LONGER if version is numba_kernel else 1),
            replicates=REPLICATES,
            seed=seed,
            text_only=text_only,
            **options,
        )

    contenders: dict[str, Callable[[int], Any]] = {}
    for dtype in TARGETS:
        contenders |= {
            f"toolkit, {dtype}": partial(toolkit, dtype=dtype),
            f"numba, {dtype}": partial(plain, version=numba_kernel, dtype=dtype),
            f"NumPy, tuned, {dtype}": partial(plain, version=numpy_tuned, dtype=dtype),
        }
    contenders["NumPy, straightforward"] = partial(plain, version=numpy_straightforward)
    if not text_only:
        contenders["toolkit, literal"] = partial(toolkit, method="literal", longer=1)
        by_law = partial(plain, version=numpy_tuned, literal=False)
        contenders["NumPy, tuned, image updates by law"] = by_law
    first, timings = measure.timed(contenders, rounds)
    long = {f"{of}, {dtype}" for of in ("toolkit", "numba") for dtype in TARGETS}
    updates = {
        name: float(REPLICATES * generations) * (LONGER if name in long else 1) for name in timings
    }
    each = {name: timing.each(updates[name]) for name, timing in timings.items()}
    ratios, verdicts = {}, {}
    for dtype, targets in TARGETS.items():
        for reference, least in targets.items():
            name = reference if reference in timings else f"{reference}, {dtype}"
            ratio = measure.paired_ratio(each[name], each[f"toolkit, {dtype}"])
            ratios[f"{name} / toolkit, {dtype}"] = ratio
            verdicts[f"{dtype}: at least {least:g} x {reference}"] = ratio[1] >= least
    kind = "text updates alone" if text_only else "coupled simulation"
    return Result(
        f"{kind}: 5 texts, 2 features, batch_size 1000, {REPLICATES} replicates, "
        f"{LONGER * generations} generations ({generations} of NumPy and of the literal method)",
        first,
        timings,
        ratios,
        verdicts,
        per_round=updates,
        notes=("ratios are of the time of one generation.",),
    )


def image_updates(rounds: int, generations: int) -> Result:
    """Image updates alone (the text model is frozen), at two batch sizes and in NumPy."""
    contenders: dict[str, Callable[[int], Any]] = {}
    for batch_size in (10**3, 10**6):
        system = tk.CoevolvingSystem.on_unit_circle(
            num_texts=5, variance=1.0, batch_size=batch_size, text_updates=0
        )
        run = {"generations": generations, "replicates": REPLICATES}
        contenders[f"toolkit, batch_size {batch_size}"] = partial(_toolkit, system, run)
        contenders[f"NumPy, batch_size {batch_size}"] = partial(_in_numpy, system, run)
    first, timings = measure.timed(contenders, rounds)
    small, plain, large, _ = timings.values()
    growth, speedup = measure.paired_ratio(large, small), measure.paired_ratio(plain, small)
    return Result(
        f"image updates alone: 5 texts, 2 features, {REPLICATES} replicates, "
        f"{generations} generations",
        first,
        timings,
        {"toolkit, batch_size 10^6 / 10^3": growth, "NumPy / toolkit, batch_size 1000": speedup},
        {
            f"at most {TARGET_COST_RATIO:g} times the cost": growth[1] <= TARGET_COST_RATIO,
            "at least NumPy's loop of sufficient statistics": speedup[1] >= IMAGES_TARGET,
            f"at least {IMAGES_RATE:g} generations a second, batch_size 1000": (
                REPLICATES * generations / small.median >= IMAGES_RATE
            ),
        },
        per_round=dict.fromkeys(timings, float(REPLICATES * generations)),
    )


def _toolkit(system: Any, run: dict[str, int], seed: int) -> Any:
    record = ["image_mean", "image_cov", "image_diversity"]
    return tk.simulate(system, seed=seed, record=record, progress=False, **run)


def _in_numpy(system: Any, run: dict[str, int], seed: int) -> Any:
    return numpy_images.simulate(
        system.text_probs,
        system.image_mean,
        system.image_cov,
        batch_size=system.batch_size,
        seed=seed,
        **run,
    )
