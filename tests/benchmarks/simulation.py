"""What is measured: the coupled simulation against NumPy, and the cost of image updates."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import toolkit as tk
from tests.benchmarks import measure, numpy_straightforward, numpy_tuned

#: The coupled simulation is to be at least so many times as fast as straightforward NumPy.
TARGET_SPEEDUP = 5.0
#: Image updates at 10^6 images may cost so many times what they cost at 10^3.
TARGET_COST_RATIO = 1.25


class Result(NamedTuple):
    """One benchmark: its contenders, what is compared, and what was asked for."""

    title: str
    first_calls: dict[str, float]
    timings: dict[str, measure.Timing]
    ratios: dict[str, tuple[float, float, float]]
    verdicts: dict[str, bool]


def coupled(rounds: int, generations: int) -> Result:
    """The paper's setting: 5 texts, 2 features, 1000 images per update, 100 replicates."""
    system = tk.CoevolvingSystem.on_unit_circle(num_texts=5, variance=1.0, batch_size=1000)
    replicates = 100

    def toolkit(seed: int, method: str = "exact") -> Any:
        return tk.simulate(
            system,
            generations=generations,
            replicates=replicates,
            seed=seed,
            method=method,
            progress=False,
        )

    def plain(seed: int, version: Any = numpy_straightforward.simulate, **options: Any) -> Any:
        return version(
            system.text_probs,
            system.image_mean,
            system.image_cov,
            batch_size=system.batch_size,
            generations=generations,
            replicates=replicates,
            seed=seed,
            **options,
        )

    tuned = partial(plain, version=numpy_tuned.simulate)
    contenders = {
        "toolkit, exact": toolkit,
        "toolkit, literal": partial(toolkit, method="literal"),
        "NumPy, straightforward": plain,
        "NumPy, tuned": partial(tuned, literal=True),
        "NumPy, tuned, image updates by law": partial(tuned, literal=False),
    }
    first = {name: measure.first_call(work) for name, work in contenders.items()}
    timings = measure.interleaved(contenders, rounds)
    ratios = {
        f"{name} / toolkit, exact": measure.paired_ratio(timings[name], timings["toolkit, exact"])
        for name in list(contenders)[1:]
    }
    speedup = ratios["NumPy, straightforward / toolkit, exact"][1]
    return Result(
        f"coupled simulation: 5 texts, 2 features, batch_size 1000, {replicates} replicates, "
        f"{generations} generations",
        first,
        timings,
        ratios,
        {f"at least {TARGET_SPEEDUP:g} times straightforward NumPy": speedup >= TARGET_SPEEDUP},
    )


def image_updates(rounds: int, generations: int) -> Result:
    """Image updates alone (the text model is frozen), at two batch sizes."""
    replicates = 100
    contenders = {}
    for batch_size in (10**3, 10**6):
        system = tk.CoevolvingSystem.on_unit_circle(
            num_texts=5, variance=1.0, batch_size=batch_size, text_updates=0
        )
        contenders[f"batch_size {batch_size}"] = partial(_image_updates, system, generations)
    first = {name: measure.first_call(work) for name, work in contenders.items()}
    timings = measure.interleaved(contenders, rounds)
    small, large = timings.values()
    ratio = measure.paired_ratio(large, small)
    return Result(
        f"image updates alone: 5 texts, 2 features, {replicates} replicates, "
        f"{generations} generations",
        first,
        timings,
        {"batch_size 10^6 / 10^3": ratio},
        {f"at most {TARGET_COST_RATIO:g} times the cost": ratio[1] <= TARGET_COST_RATIO},
    )


def _image_updates(system: Any, generations: int, seed: int) -> Any:
    return tk.simulate(system, generations=generations, replicates=100, seed=seed, progress=False)
