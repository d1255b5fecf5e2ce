"""The data policy of a retrained model, told from its trajectories alone (slow).

Each policy is simulated many times; the variant of ``retraining`` that predicts best is the
policy. How often that is right was measured once and is held here with room for chance.
"""

import warnings

import numpy as np
import pytest
import xarray as xr

import toolkit as tk
from toolkit import labels

pytestmark = pytest.mark.slow

#: Best variant of each policy, and data sets of each.
EXPECTED = {
    "replace": "no pull",
    "accumulate": "accumulating",
    "fresh": "all causes",
    "mix": "all causes",
    "own real data": "own real data",
}
DATA_SETS = 20


def simulated(policy: str, seed: int) -> xr.Dataset:
    policies = {
        "replace": tk.Replace(),
        "accumulate": tk.Accumulate(),
        "fresh": tk.Fresh(num_fresh=50),
        "mix": tk.Mix(),
        "own real data": tk.Mix(),
    }
    system = tk.RetrainingSystem(
        family=tk.Gaussian(mean=np.zeros(2), cov=np.eye(2)),
        policy=policies[policy],
        num_real=100,
        num_generated=100,
        real_seed=seed if policy == "mix" else None,
    )
    return tk.simulate(
        system,
        generations=30,
        replicates=4,
        seed=seed,
        record=[labels.MODEL_LOCATION],
        progress=False,
    )


@pytest.mark.parametrize("policy", list(EXPECTED))
def test_the_policy_is_told_from_trajectories(policy: str) -> None:
    best = []
    for seed in range(DATA_SETS):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            judged = tk.compare_models(
                data=simulated(policy, seed),
                model="retraining",
                seed=seed,
                noise="common",
            )
        best.append(
            str(judged[labels.VARIANT].values[int(judged[labels.STACKING_WEIGHT].argmax())])
        )
    right = best.count(EXPECTED[policy])
    print(policy, {name: best.count(name) for name in sorted(set(best))})
    assert right >= 17, best
