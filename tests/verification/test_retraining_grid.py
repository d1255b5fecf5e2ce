"""Closed forms of retraining against simulation, over a grid of sizes and policies (slow).

Some 7000 mean errors and variances are compared; the largest z-score of all is one that chance
exceeds once in a hundred grids (about 4.8).
"""

import itertools

import numpy as np
import pytest
from scipy import stats

import toolkit as tk
from toolkit import labels

pytestmark = pytest.mark.slow

FAMILIES = {
    "gaussian 1, ddof 1": tk.Gaussian(mean=[0.5], cov=[[2.0]]),
    "gaussian 3, ddof 0": tk.Gaussian(mean=[0.0] * 3, cov=np.diag([1.0, 2.0, 0.5]), ddof=0),
    "categorical": tk.Categorical(probs=[0.6, 0.3, 0.1]),
    "regression 2, design": tk.LinearRegression(
        coef=[1.0, -1.0], noise_sd=0.5, inputs="orthogonal"
    ),
    "regression 4, design": tk.LinearRegression(
        coef=[1.0, 0.0, 2.0, -1.0], noise_sd=1.5, inputs="orthogonal"
    ),
    "regression 2, random": tk.LinearRegression(coef=[1.0, -1.0], noise_sd=0.5),
}
POLICIES = {
    "replace": lambda n: tk.Replace(),
    "mix": lambda n: tk.Mix(),
    "accumulate": lambda n: tk.Accumulate(),
    "fresh": lambda n: tk.Fresh(num_fresh=n),
    "weighted": lambda n: tk.Fresh(num_fresh=n, weight=0.618),
    "injected": lambda n: tk.Injected(prob=0.4, num_fresh=n),
}
SIZES = [(12, 12), (12, 60), (50, 12), (100, 400)]
REPLICATES, GENERATIONS = 4000, 25


@pytest.mark.parametrize(("family", "policy"), list(itertools.product(FAMILIES, POLICIES)))
def test_errors_and_variances_are_those_predicted(family: str, policy: str) -> None:
    worst, tests = 0.0, 0
    for num_real, num_generated in SIZES:
        if policy == "accumulate" and num_real != num_generated:
            num_real = num_generated
        system = tk.RetrainingSystem(
            family=FAMILIES[family],
            policy=POLICIES[policy](num_real),
            num_real=num_real,
            num_generated=num_generated,
        )
        simulated = tk.simulate(
            system,
            generations=GENERATIONS,
            replicates=REPLICATES,
            seed=num_real,
            record=[labels.MODEL_ERROR, labels.MODEL_VARIANCE],
            progress=False,
        )
        compared = tk.compare(simulated, tk.predict(system, generations=GENERATIONS))
        settled = compared.generation >= compared.valid_from
        usable = compared.decidable & settled & (compared.generation > 0)
        z = np.abs(compared.z_score.where(usable & (compared.standard_error > 0)))
        worst, tests = max(worst, float(z.max(skipna=True).fillna(0))), tests + int(z.count())
    # Along a trajectory the scores are hardly independent: Bonferroni is on the safe side.
    cells = len(FAMILIES) * len(POLICIES)
    limit = float(stats.norm.isf(0.5 * 0.01 / (cells * max(tests, 1))))
    print(f"{family}, {policy}: worst |z| {worst:.2f} of {tests}")
    assert worst < limit
