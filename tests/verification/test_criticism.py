"""Comparison and checks on real models, in larger numbers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import toolkit as tk
from toolkit import labels
from toolkit.criticism.many import judge_many
from toolkit.criticism.unknown_loops import UNKNOWN_LOOPS, UnknownLoop
from toolkit.labelled import labelled

pytestmark = pytest.mark.slow

ASSUMED = [loop for loop in UNKNOWN_LOOPS if loop.assumed]


def counted(seed: int, injected: float) -> np.ndarray:
    """Five replicates of one-hot texts, now and then a share of a uniform corpus."""
    rng = np.random.default_rng(seed)
    probs = np.full((5, 31, 4), 0.25)
    for replicate in probs:
        for generation in range(30):
            mass = replicate[generation]
            if rng.random() < injected:
                mass = 0.8 * mass + 0.2 / 4
            replicate[generation + 1] = rng.multinomial(150, mass) / 150
    return probs


def test_importance_sampling_agrees_with_exact_refits() -> None:
    data = labelled({labels.TEXT_PROBS: counted(1, 0.0)})
    given = {"injection_prob": 0.0, "injection_fraction": 0.5}
    quick, exact = (
        tk.compare_models(data=data, model="text_drift", seed=1, refit=refit, **given)
        for refit in ("never", "always")
    )
    assert exact.refitted.all()
    trusted = quick.pareto_k.values < 0.7
    assert trusted.any()
    apart = np.abs(quick.elpd_of_fold.values - exact.elpd_of_fold.values)
    assert apart[trusted].max() < 0.25


def test_an_injection_that_is_there_is_needed() -> None:
    data = labelled({labels.TEXT_PROBS: counted(2, 0.4)})
    found = tk.compare_models(data=data, model="text_drift", seed=1, text_temperature=1.0)
    assert "injection is needed" in found.attrs["answer"]


@pytest.mark.parametrize("loop", ASSUMED, ids=lambda one: f"{one.model}-{one.name}")
def test_false_alarms_are_as_rare_as_promised(loop: UnknownLoop) -> None:
    judged = judge_many(loop, 100, seed=7)
    alarms = int(judged.alarm.sum())
    assert stats.binomtest(alarms, 100, 0.05, alternative="greater").pvalue > 1e-3
    for name, true in judged.truth.items():
        covered = int(((judged.low[name] <= true) & (true <= judged.high[name])).sum())
        assert stats.binomtest(covered, 100, 0.9, alternative="less").pvalue > 1e-3
