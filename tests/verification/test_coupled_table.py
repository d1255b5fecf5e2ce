"""The coupled system against the table of theory.md, section 2."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import toolkit as tk
from tests.statistics import combine, level, same_mean
from tests.tolerances import STANDARD_ERRORS

pytestmark = pytest.mark.slow

GENERATIONS = [100, 200, 400, 600]
#: Mean text diversity by image updates per generation; standard error at most .006.
TABLE = {
    0: [0.783, 0.767, 0.735, 0.705],
    1: [0.770, 0.719, 0.598, 0.496],
    5: [0.743, 0.674, 0.550, 0.447],
}
TABLE_ERROR = 0.006
REPLICATES = 400


def simulate(
    image_updates: int, batch_size: int = 1000, replicates: int = REPLICATES
) -> xr.Dataset:
    system = tk.CoevolvingSystem.on_unit_circle(
        num_texts=5, variance=1.0, batch_size=batch_size, image_updates=image_updates
    )
    return tk.simulate(
        system,
        generations=600,
        every=100,
        replicates=replicates,
        seed=91,
        record=["text_diversity"],
        progress=False,
    )


@pytest.mark.parametrize("image_updates", TABLE)
def test_mean_text_diversity(image_updates: int) -> None:
    sample = simulate(image_updates).text_diversity.sel(generation=GENERATIONS).values
    error = np.hypot(sample.std(axis=0, ddof=1) / np.sqrt(REPLICATES), TABLE_ERROR)
    z = (sample.mean(axis=0) - TABLE[image_updates]) / error
    assert np.all(np.abs(z) < STANDARD_ERRORS), dict(zip(GENERATIONS, z, strict=True))
    bound = 0.8 * 0.999 ** np.array(GENERATIONS)
    assert np.all(sample.mean(axis=0) > bound - STANDARD_ERRORS * error)


def test_frozen_images_lose_text_diversity_five_percent_faster_with_fewer_images() -> None:
    # The sample that the table is compared with can tell a batch size that is 5 % wrong, where
    # the decay is all there is to see: texts far apart, so that the factor is 1 - 1/batch_size.
    samples = []
    for batch_size in (1000, 950):
        system = tk.CoevolvingSystem.on_unit_circle(
            num_texts=5, variance=0.001, batch_size=batch_size, image_updates=0
        )
        run = tk.simulate(
            system,
            generations=200,
            every=1,
            replicates=400,
            seed=92,
            record=["text_probs"],
            progress=False,
        )
        step = np.diff(run.text_probs.values, axis=1)
        samples.append(np.square(step).sum(axis=(1, 2)) / (1 - 0.999**200))
    verdict = combine({"squared steps": same_mean(*samples)})
    assert verdict.p_value < level("verification: coupled table")
