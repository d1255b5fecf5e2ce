"""Distance of two trajectories of any loop."""

from typing import Any

import numpy as np
import pytest
import xarray as xr

import toolkit as tk
from toolkit import labels


def cloud(shift: float, spread: float = 1.0, replicates: int = 4000) -> xr.Dataset:
    z = np.random.default_rng(1).normal(size=(replicates, 2, 2))
    values = spread * z + np.array([shift, 0.0])
    dims = (labels.REPLICATE, labels.GENERATION, "part")
    return xr.Dataset({"x": (dims, values)}, {labels.GENERATION: [0, 1]})


def test_a_shift_is_found_exactly() -> None:
    found = tk.paired_distance(cloud(0.0), cloud(0.3), variable="x")
    np.testing.assert_allclose(found.wasserstein_coupled, 0.3)
    np.testing.assert_allclose(found.wasserstein_low, 0.3, rtol=1e-6)
    # Two normals 0.3 sd apart.
    np.testing.assert_allclose(found.total_variation_held_out, 0.1192, atol=0.02)


def test_the_coupling_bounds_from_above_and_the_projection_from_below() -> None:
    found = tk.paired_distance(cloud(0.0), cloud(0.2, spread=1.5), variable="x")
    assert np.all(found.wasserstein_low < found.wasserstein_coupled)
    assert np.all(found.wasserstein_dual <= found.wasserstein_coupled)


def test_the_same_twice_is_no_distance() -> None:
    found = tk.paired_distance(cloud(0.0), cloud(0.0), variable="x")
    for name in (labels.WASSERSTEIN_HIGH, labels.TV_LOW, labels.TV_HELD_OUT):
        assert np.all(found[name] == 0)
    assert "half space" in found.attrs["pairing"]


def test_one_real_image_of_a_loop_of_texts() -> None:
    images = np.random.default_rng(2).normal(size=(2, 10, 2))
    other = images.copy()
    other[0, 0] += 1.0
    pair = []
    for given in (images, other):
        system = tk.CoevolvingSystem.on_unit_circle(
            num_texts=2, variance=1.0, batch_size=40,
            user_content=tk.UserContent(num_images=10, images=given),
        )  # fmt: skip
        pair.append(tk.simulate(system, generations=3, replicates=64, seed=1))
    found = tk.paired_distance(*pair, variable=labels.IMAGE_MEAN)
    assert float(found.wasserstein_coupled[0]) == 0 < float(found.wasserstein_coupled[1])


@pytest.mark.parametrize(
    ("other", "given", "message"),
    [
        (cloud(0.0), {"variable": "y"}, "choose from: x"),
        (cloud(0.0).isel(generation=[0]), {"variable": "x"}, "differ in their replicates"),
        (cloud(0.0), {"variable": "x", "batches": 1}, "batches must be"),
        (cloud(0.0), {"variable": "x", "batches": 3000}, "too few"),
        (cloud(0.0), {"variable": "x", "confidence": 0.2}, "confidence must lie"),
    ],
)
def test_bad_arguments_are_told(other: Any, given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tk.paired_distance(cloud(0.0), other, **given)
