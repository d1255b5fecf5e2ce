"""Figures of calibrations: what stands on the axes is what the dataset holds."""

import numpy as np
import pytest
import xarray as xr

from tests.toolkit.calibration import toy
from toolkit import labels, plotting
from toolkit.calibration import calibrate


def run(scale: float) -> xr.Dataset:
    return calibrate(
        toy.MODEL,
        num_datasets=500,
        seed=1,
        num_draws=495,
        priors=toy.PRIORS,
        sampler=toy.exact(scale=scale),
        progress=False,
    )


@pytest.fixture(scope="module")
def right() -> xr.Dataset:
    return run(1.0)


@pytest.fixture(scope="module")
def narrow() -> xr.Dataset:
    return run(0.7)


def test_the_difference_of_the_ranks_stands_on_its_band(
    right: xr.Dataset, narrow: xr.Dataset
) -> None:
    for result, outside in ((right, False), (narrow, True)):
        ax = plotting.plot_ecdf_difference(result, labels.START)
        curve = np.asarray(ax.lines[-1].get_ydata())
        assert np.array_equal(curve, result[labels.ECDF_DIFFERENCE].values[0])
        low, high = (result[name].values[0] for name in (labels.BAND_LOW, labels.BAND_HIGH))
        assert ((curve < low) | (curve > high)).any() == outside
    assert ax.get_title("left") == "start:\nnot calibrated: intervals too narrow"
    # Too narrow: too many ranks at both ends.
    assert curve[10] > 0 > curve[-10]


def test_the_histogram_holds_all_data_sets(narrow: xr.Dataset) -> None:
    ax = plotting.plot_ranks(narrow, labels.START)
    heights = [bar.get_height() for bar in ax.patches]
    assert sum(heights) == 500
    assert min(heights[0], heights[-1]) > 500 / len(heights)


def test_coverage_and_bands_of_several(right: xr.Dataset, narrow: xr.Dataset) -> None:
    results = {"right": right, "narrow": narrow}
    ax = plotting.plot_coverage(results)
    assert ax.get_title("left") == "1 of 2 cover as promised"
    assert [label.get_text() for label in ax.get_yticklabels()] == ["right: start", "narrow: start"]
    together = plotting.plot_ecdf_differences(results)
    assert together.get_title("left") == "Ranks of 1 of 2 parameters are inside their bands"


def test_mistakes_are_told(right: xr.Dataset) -> None:
    with pytest.raises(ValueError, match="no parameter is called 'end'; choose from: start"):
        plotting.plot_ranks(right, "end")
    with pytest.raises(ValueError, match=r"coverage was counted at \[0.5, 0.9\], not at 0.8"):
        plotting.plot_coverage({"right": right}, 0.8)
