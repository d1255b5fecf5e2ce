"""The true mean of a collapsed diversity, at the seed paper's setting."""

import numpy as np
import pytest

import toolkit as tk
from tests.tolerances import STANDARD_ERRORS


@pytest.mark.slow
def test_true_mean_at_generation_500() -> None:
    """Relative to the start: .0914 +- .0005 for the rarest text (theory, section 3, I6)."""
    system = tk.CoevolvingSystem.on_unit_circle(
        num_texts=5,
        variance=1.0,
        batch_size=1000,
        text_probs=[0.06, 0.13, 0.2, 0.27, 0.34],
        text_updates=0,
    )
    mean = tk.tilted_image_diversity(system, generations=500, replicates=20_000, seed=1)
    last = mean.isel(generation=-1, text=0)
    error = np.hypot(float(last.standard_error) / 2, 0.0005)
    assert abs(float(last.image_diversity) / 2 - 0.0914) < STANDARD_ERRORS * error
    assert error < 0.01 * 0.0914 * 2
