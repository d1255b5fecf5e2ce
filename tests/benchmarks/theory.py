"""What is measured of the theory: a theorem's numbers in NumPy against JAX under jit."""

from __future__ import annotations

import jax
import numpy as np

import toolkit as tk
from tests.benchmarks import measure
from tests.benchmarks.tables import Result


def numbers(rounds: int, size: int = 1_000_000) -> Result:
    """One theorem at many values: drift with its confusion, then an image factor."""
    grid = np.linspace(2.0, 1e6, size)
    cases = {
        "text_diversity_lower_bound": {"batch_size": 1000, "initial_text_diversity": 0.8},
        "image_diversity_upper_bound": {
            "image_count": 50, "ddof": 1, "shrinkage_factor": 1.0, "image_diversity": 2.0
        },
    }  # fmt: skip
    contenders, pairs = {}, []
    for name, values in cases.items():
        jitted = jax.jit(tk.theory.function(name))
        plain, fast = f"{name}, NumPy", f"{name}, jit"

        def in_numpy(seed: int, name: str = name, values: dict[str, float] = values) -> object:
            return tk.theory.number(name, generations=np.floor(grid) + seed, **values)

        def under_jit(
            seed: int, jitted: object = jitted, values: dict[str, float] = values
        ) -> object:
            return jax.block_until_ready(jitted(generations=np.floor(grid) + seed, **values))  # type: ignore[operator]

        contenders |= {plain: in_numpy, fast: under_jit}
        pairs.append((plain, fast))
    first = {name: measure.first_call(work) for name, work in contenders.items()}
    timings = measure.interleaved(contenders, rounds)
    ratios = {
        f"{plain} / jit": measure.paired_ratio(timings[plain], timings[fast])
        for plain, fast in pairs
    }
    return Result(f"theorems as numbers, {size} values", first, timings, ratios, {})
