"""Every model over 500 data sets; what is wrong is seen; the exact simulator is a measurement.

The levels are those that a calibration is judged by everywhere: a family-wise 1 % for the ranks of
a model and for the coverage of its intervals. They are not shares of the suite's false-alarm
budget, which is far smaller; the seeds are fixed, so a calibration that passed keeps passing.
"""

from collections.abc import Iterator

import pytest

from toolkit.calibration import MISTAKES, SCENARIOS, calibrate, calibration_table, designs_of
from toolkit.models import MODELS, model_of

pytestmark = pytest.mark.slow
SEED = 4


def own_laws() -> Iterator[tuple[str, str]]:
    for name in MODELS:
        for design in designs_of(model_of(name)):
            yield name, design


@pytest.mark.parametrize(("model", "design"), list(own_laws()))
def test_models_are_calibrated_on_their_own_law(model: str, design: str) -> None:
    sizes = designs_of(model_of(model))[design]
    result = calibrate(model, num_datasets=500, seed=SEED, design=sizes, progress=False)
    assert result.attrs["calibrated"], (result.attrs["verdict"], calibration_table(result).T)
    assert result["failed"].sum() <= 5
    assert not result["refused"].any()


@pytest.mark.parametrize(
    ("model", "mistake"), [(model, name) for model in MISTAKES for name in MISTAKES[model]]
)
def test_mistakes_are_seen(model: str, mistake: str) -> None:
    result = calibrate(model, num_datasets=200, seed=SEED, fitted=mistake, progress=False)
    assert "not calibrated" in " ".join(result["verdict"].values), calibration_table(result).T


@pytest.mark.parametrize(
    ("model", "scenario"), [(one.model, one.name) for one in SCENARIOS if not one.breaks]
)
def test_where_assumptions_hold_intervals_hold_the_causes_of_the_simulator(
    model: str, scenario: str
) -> None:
    result = calibrate(model, num_datasets=200, seed=SEED, simulator=scenario, progress=False)
    assert result.attrs["calibrated"], (result.attrs["verdict"], calibration_table(result).T)
