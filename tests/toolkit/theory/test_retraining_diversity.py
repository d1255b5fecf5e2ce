"""Diversity of retrained Gaussians: the image model's theorems, against simulations."""

from typing import Any

import numpy as np
import pytest

import toolkit as tk
from tests.statistics import level
from toolkit import labels
from toolkit.judging import AGREES, DISAGREES, HOLDS, VIOLATED
from toolkit.systems import Accumulate, Gaussian, KernelDensity, Network, Replace, RetrainingSystem
from toolkit.theory import predict, retraining_diversity
from toolkit.theory.results import Collector

_FALSE_ALARM = level("comparison", 50)


def _system(**changes: Any) -> RetrainingSystem:
    plane = Gaussian(mean=[0.0, 0.0], cov=np.diag([4.0, 1.0]), ddof=0)
    same: dict[str, Any] = {"family": plane, "policy": Replace(), "num_real": 9}
    return RetrainingSystem(**(same | {"num_generated": 8} | changes))


def _line(**changes: Any) -> RetrainingSystem:
    line = Gaussian(mean=[0.0], cov=[[4.0]])
    return _system(family=line, temperature=0.9, growth=0.5, **changes)


def _verdicts(system: RetrainingSystem, predicted: RetrainingSystem) -> dict[str, str]:
    simulated = tk.simulate(
        system, generations=12, replicates=4000, seed=1, record=(labels.MODEL_DIVERSITY,)
    )
    found = predict(predicted, generations=12, variables=(labels.MODEL_DIVERSITY,))
    same = system is predicted
    compared = tk.compare(simulated, found, false_alarm=_FALSE_ALARM, other_system=not same)
    return dict(tk.verdict_table(compared)[labels.VERDICT])


def test_on_the_line_mean_and_mean_logarithm_are_exact() -> None:
    """With a first fit, tempered samples and growing batches."""
    names = (retraining_diversity.MEAN, retraining_diversity.LOG_MEAN)
    assert _verdicts(_line(), _line()) == dict.fromkeys(names, AGREES)
    other = _line(num_real=3)  # whose first fit loses 11 % instead of 3 %
    assert _verdicts(_line(), other) == dict.fromkeys(names, DISAGREES)


def test_in_the_plane_bounds_hold_and_others_do_not() -> None:
    found = _verdicts(_system(), _system())
    for name in ("UPPER", "LOWER", "LOG_LOWER"):
        assert found[getattr(retraining_diversity, name)] == HOLDS
    assert _verdicts(_system(), _system(num_generated=5))[retraining_diversity.UPPER] == VIOLATED


def test_without_a_first_fit_the_start_is_the_family() -> None:
    found = predict(_system(first_fit=False), generations=0, variables=[labels.MODEL_DIVERSITY])
    upper = found[labels.PREDICTED].sel(result=retraining_diversity.UPPER)
    assert float(upper.squeeze()) == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"policy": Accumulate(), "num_real": 8}, "generated data alone"),
        ({"network": Network(weights=[[0.5, 0.5], [0.5, 0.5]])}, "several models"),
        ({"real_seed": 1}, "real_seed"),
        (
            {"real": KernelDensity(points=[[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]], bandwidth=0.5)},
            "no Wishart law",
        ),
    ],
)
def test_where_the_theorems_do_not_hold_it_says_why(changes: dict[str, Any], words: str) -> None:
    found = Collector()
    retraining_diversity.diversities(_system(**changes), 1, found)
    assert words in found.omitted[retraining_diversity.UPPER]
    assert not found.results
