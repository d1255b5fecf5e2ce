"""The causes of simulated loops are recovered: intervals hold them, and are narrow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import toolkit as tk
from toolkit import labels
from toolkit.calibration.fitting import posteriors
from toolkit.models import model_of

pytestmark = pytest.mark.slow

PROB, FRACTION, BATCH_SIZE = 0.2, 0.05, 1000
DATA_SETS, REPLICATES, GENERATIONS = 12, 20, 200


def loop(**same: Any) -> tk.CoevolvingSystem:
    return tk.CoevolvingSystem.on_unit_circle(
        num_texts=5,
        variance=0.01,
        batch_size=BATCH_SIZE,
        corpus=tk.CorpusInjection(prob=PROB, fraction=FRACTION),
        **same,
    )


def test_drift_and_injection_are_recovered_from_twenty_replicates() -> None:
    simulated = tk.simulate(
        loop(image_updates=0),
        generations=GENERATIONS,
        replicates=REPLICATES * DATA_SETS,
        seed=41,
        record=[labels.TEXT_PROBS],
        progress=False,
    )
    parts = [
        simulated.isel({labels.REPLICATE: slice(first, first + REPLICATES)})
        for first in range(0, simulated.sizes[labels.REPLICATE], REPLICATES)
    ]
    model = model_of("text_drift")
    truth = {
        labels.EFFECTIVE_BATCH_SIZE: BATCH_SIZE,
        labels.TEXT_TEMPERATURE: 1.0,
        labels.INJECTION_PROB: PROB,
        labels.INJECTION_FRACTION: FRACTION,
    }
    found = posteriors(
        model,
        parts,
        {},
        model.priors(model.prepare(parts[0])),
        parameters=tuple(truth),
        options={},
        seed=42,
        num_chains=2,
    )
    assert not found.failed.any()
    size = found.draws[labels.EFFECTIVE_BATCH_SIZE]
    assert np.max(size.std(axis=1) / size.mean(axis=1)) < 0.05
    for name, value in truth.items():
        low, high = np.quantile(found.draws[name], [0.05, 0.95], axis=1)
        covers = int(np.sum((low <= value) & (value <= high)))
        # Not a share of the suite's false-alarm budget: the seed is fixed.
        assert stats.binomtest(covers, DATA_SETS, 0.9).pvalue > 0.01, (name, covers)


def test_a_default_fit_recovers_them_from_one_data_set() -> None:
    simulated = tk.simulate(
        loop(),
        generations=50,
        replicates=6,
        seed=43,
        record=[labels.TEXT_PROBS, labels.IMAGE_MEAN, labels.IMAGE_COV, labels.IMAGE_COUNT],
        progress=False,
    )
    table = tk.fit_table(tk.fit(simulated, model="coevolution", seed=44))
    low, high = table["5%"], table["95%"]
    # 99.9 % intervals of normals of this width: one data set is no test of coverage.
    reach = 1.4 * (high - low)
    for name, value in (
        (labels.EFFECTIVE_BATCH_SIZE, BATCH_SIZE),
        (labels.TEXT_TEMPERATURE, 1.0),
        (labels.SHRINKAGE_FACTOR, 1.0),
    ):
        assert low[name] - reach[name] < value < high[name] + reach[name]
