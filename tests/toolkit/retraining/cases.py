"""Systems that between them use every family and every policy, small enough for the twin."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

import toolkit as tk
from toolkit.systems import (
    Accumulate,
    Budget,
    Categorical,
    Curated,
    ExponentialFamily,
    Fresh,
    Gaussian,
    GaussianMixture,
    InContextRegression,
    Injected,
    KernelDensity,
    LinearRegression,
    Mix,
    Network,
    Replace,
    RetrainingSystem,
)

GENERATIONS = 3
#: A whole number of blocks of 64, so that other simulations of so many use the same program.
BLOCK = 64

GAUSSIAN = Gaussian(mean=[1.0], cov=[[2.0]], ddof=0)
GEOMETRIC = ExponentialFamily(member="geometric", values=[0.8])
MIXTURE = GaussianMixture(
    weights=[0.3, 0.7], means=[[-1.0], [2.0]], covs=[[[0.5]], [[1.5]]], em_steps=2
)
POINTS = KernelDensity(points=[[0.0], [1.0], [1.5], [4.0]], bandwidth=0.4)
#: Of two layers that do not only descend a gradient, on two inputs.
TRANSFORMER = {
    "projection": [
        [[-0.1, 0.0, 0.0], [0.0, -0.1, 0.0], [0.0, 0.0, -0.5]],
        [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.05, 0.0, -0.4]],
    ],
    "key_query": [
        [[1.0, 0.1, 0.0], [0.0, 0.9, 0.0], [0.0, 0.02, 0.01]],
        [[0.8, 0.0, 0.0], [0.0, 1.1, 0.0], [0.0, 0.0, 0.0]],
    ],
}


def system(family: Any, policy: Any, **options: Any) -> RetrainingSystem:
    """A system with so few examples that chance is most of what happens."""
    return RetrainingSystem(
        family=family, policy=policy, **{"num_real": 20, "num_generated": 20} | options
    )


SYSTEMS: dict[str, RetrainingSystem] = {
    "categorical, mix": system(Categorical(probs=[0.5, 0.3, 0.2]), Mix(), temperature=1.3),
    "network of Gaussians, fresh": system(
        Gaussian(mean=[0.0, 1.0], cov=[[1.0, 0.3], [0.3, 0.5]]),
        Fresh(num_fresh=10, weight=0.4),
        growth=0.5,
        temperature=0.9,
        network=Network(weights=[[0.7, 0.3], [0.0, 1.0]]),
    ),
    "Gaussian, reservoir": system(GAUSSIAN, Budget(size=15, keep="reservoir"), num_generated=10),
    # All six examples are 0 in a quarter of the cases: no fit.
    "geometric, injected": system(GEOMETRIC, Injected(prob=0.4, num_fresh=5), num_generated=6),
    "exponential, curated": system(
        ExponentialFamily(member="exponential", values=[2.0]),
        Curated(choices=2, with_real=True),
        first_fit=False,
    ),
    "mixture, accumulate": system(MIXTURE, Accumulate(), real=POINTS),
    "kernel density, latest": system(POINTS, Budget(size=25, keep="latest"), num_generated=10),
    "regression, replace": system(LinearRegression(coef=[1.0, -2.0], noise_sd=0.5), Replace()),
    "orthogonal regression, everything": system(
        LinearRegression(coef=[1.0, -2.0], noise_sd=0.5, inputs="orthogonal"),
        Budget(size=25),
        growth=0.5,
    ),
    "linear attention, mix": system(
        InContextRegression(coef=[1.0, -2.0], noise_sd=0.5, **TRANSFORMER), Mix()
    ),
    "softmax attention, mix": system(
        InContextRegression(coef=[1.0, -2.0], noise_sd=0.0, attention="softmax", **TRANSFORMER),
        Mix(),
        real=LinearRegression(coef=[1.0, -2.0], noise_sd=0.5),
        num_generated=10,
    ),
}


def simulate(one: RetrainingSystem, **options: Any) -> xr.Dataset:
    """A simulation of one block, unless told otherwise."""
    usual = {"generations": GENERATIONS, "replicates": BLOCK, "seed": 81, "progress": False}
    return tk.simulate(one, **usual | options)


def statistics(run: Any) -> dict[str, np.ndarray]:
    """What is compared, generation by generation, without digits that are rounding."""
    names = ("model_error", "model_variance", "training_size", "model_kept", "real_data_came")
    return {
        f"{name} at {generation}": _rounded(np.asarray(run[name])[:, generation])
        for name in names
        for generation in range(GENERATIONS + 1)
    }


def _rounded(values: np.ndarray) -> np.ndarray:
    return values if values.dtype == bool else np.round(values, 10)
