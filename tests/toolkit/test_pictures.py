"""Pictures: the model's own moments, the same draws at every generation, clear errors."""

import numpy as np
import pytest
import xarray as xr

from toolkit import plotting
from toolkit.pictures import drawn_images
from toolkit.systems import CoevolvingSystem

GENERATIONS = [0, 3]


@pytest.fixture(scope="module")
def system() -> CoevolvingSystem:
    pixels = np.random.default_rng(1).normal(size=(60, 6)) * np.arange(1, 7)
    return CoevolvingSystem.from_labelled_images(
        pixels, [0, 1, 2] * 20, num_features=2, batch_size=9
    )


@pytest.fixture(scope="module")
def states(system: CoevolvingSystem) -> xr.Dataset:
    """Two generations; in the second the covariances are a quarter."""
    mean = np.stack([system.image_mean] * 2)[None]
    cov = np.stack([system.image_cov, system.image_cov / 4])[None]
    dims = ("replicate", "generation", "text", "feature")
    return xr.Dataset(
        {"image_mean": (dims, mean), "image_cov": ((*dims, "feature_alt"), cov)},
        coords={"replicate": [0], "generation": GENERATIONS},
    )


def test_pictures_have_the_moments_of_the_model(
    system: CoevolvingSystem, states: xr.Dataset
) -> None:
    drawn = drawn_images(system, states, generations=GENERATIONS, num_images=20000, seed=3)
    features = system.feature_map.to_features(drawn.sel(generation=0).values)  # type: ignore[union-attr]
    np.testing.assert_allclose(features.mean(axis=1), system.image_mean, atol=0.3)
    for of_text, cov in zip(features, system.image_cov, strict=True):
        np.testing.assert_allclose(np.cov(of_text.T), cov, atol=0.05 * np.trace(cov))


def test_what_changes_is_the_model_not_the_draw(
    system: CoevolvingSystem, states: xr.Dataset
) -> None:
    drawn = drawn_images(system, states, generations=GENERATIONS, num_images=4, seed=3)
    mean = system.feature_map.to_pixels(system.image_mean)[:, None]  # type: ignore[union-attr]
    first, second = (drawn.sel(generation=one).values - mean for one in GENERATIONS)
    np.testing.assert_allclose(second, first / 2, atol=1e-9)


def test_errors_say_the_mend(system: CoevolvingSystem, states: xr.Dataset) -> None:
    same = {"generations": [0], "num_images": 1, "seed": 1}
    circle = CoevolvingSystem.on_unit_circle(num_texts=2, variance=1.0, batch_size=9)
    with pytest.raises(ValueError, match="the system has no feature_map"):
        drawn_images(circle, states, **same)
    with pytest.raises(ValueError, match="image_cov was not recorded"):
        drawn_images(system, states.drop_vars("image_cov"), **same)
    with pytest.raises(ValueError, match="generation 2 was not recorded"):
        drawn_images(system, states, generations=[0, 2], num_images=1, seed=1)
    with pytest.raises(ValueError, match="num_images"):
        drawn_images(system, states, generations=[0], num_images=0, seed=1)


def test_a_sheet_has_every_picture_in_its_place(
    system: CoevolvingSystem, states: xr.Dataset
) -> None:
    drawn = drawn_images(system, states, generations=GENERATIONS, num_images=2, seed=3)
    limits = (float(drawn.min()), float(drawn.max()))
    faded = xr.DataArray([[False, True]] * 3, dims=("text", "generation"))
    ax = plotting.plot_images(drawn, (2, 3), limits=limits, faded=faded)
    sheet = ax.get_images()[0].get_array()
    assert sheet is not None
    ink = ((drawn - limits[0]) / (limits[1] - limits[0])).values
    # Pictures are 2 x 3, with one white line after each and two more after a generation.
    np.testing.assert_allclose(sheet[3:5, 4:7], ink[1, 0, 1].reshape(2, 3))
    np.testing.assert_allclose(sheet[6:8, 10:13], 0.3 * ink[2, 1, 0].reshape(2, 3))
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "3"]
    with pytest.raises(ValueError, match="has 4 pixels, but the pictures have 6"):
        plotting.plot_images(drawn, (2, 2))
