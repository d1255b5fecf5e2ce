"""Short calibrations of the toolkit's models; those over 500 data sets are in the large checks."""

import dataclasses

import numpy as np
import numpyro.distributions as dist
import pytest
import xarray as xr

from toolkit import labels
from toolkit.calibration import (
    MISTAKES,
    SCENARIOS,
    calibrate,
    calibration_table,
    document,
    scenarios,
    settings,
)
from toolkit.calibration.documents import main as write_document
from toolkit.models import MODELS, model_of

SHORT = {"num_datasets": 60, "num_warmup": 150, "num_draws": 297, "progress": False}


@pytest.fixture(scope="module")
def own() -> xr.Dataset:
    return calibrate("retraining", seed=2, **SHORT)  # type: ignore[arg-type]


def test_a_model_is_calibrated_on_its_own_law(own: xr.Dataset) -> None:
    assert own.attrs["calibrated"], calibration_table(own)
    assert own.attrs["programs"] == 1
    assert set(own["parameter"].values) == {
        "contraction_factor", "noise_sd", "fixed_point[0]", "fixed_point[1]",
    }  # fmt: skip


def test_a_wrong_noise_is_seen(own: xr.Dataset) -> None:
    wrong = calibrate("retraining", seed=2, fitted="wrong_noise", **SHORT)  # type: ignore[arg-type]
    verdicts = calibration_table(wrong)[labels.VERDICT]
    assert verdicts["contraction_factor"] == "not calibrated: intervals too narrow"
    assert "noise_sd" not in verdicts.index  # it was held to be known
    kept = {"parameter": list(wrong["parameter"].values)}
    assert np.array_equal(wrong["true_value"], own["true_value"].sel(kept))


def test_the_page_holds_every_row(own: xr.Dataset, tmp_path: object) -> None:
    wrong = own.assign(ecdf_p=own["ecdf_p"] * [1, 0, 1, 1])
    wrong.attrs |= {"calibrated": 0, "fitted": "something else"}
    page = document({"own law": {"retraining: no_gaps": own, "retraining: gaps": wrong}})
    table = calibration_table(own)
    for name, row in table.iterrows():
        cells = f"{row['ecdf_p']:.3f} | {row['coverage_50']:.1%} | {row['coverage_90']:.1%} |"
        assert f"| `{name}` | {cells}" in page
    assert f"| `{table.index[1]}` | **<.001** | {table['coverage_50'].iloc[1]:.1%} |" in page
    assert page.count("**") == 4  # that one and the word Bold
    assert "\n1 of 2 are calibrated.\n\n- retraining: gaps (something else): `" in page
    study, out = f"{tmp_path}/study.nc", f"{tmp_path}/page.md"
    xr.DataTree(xr.Dataset(attrs={"document": page})).to_netcdf(study, engine="h5netcdf")
    assert write_document([study, out]) == 0
    with open(out, encoding="utf-8") as written:  # noqa: PTH123
        assert written.read() == page


def test_every_model_has_priors_scenarios_and_mistakes() -> None:
    for name in MODELS:
        model = model_of(name)
        for design in settings.designs_of(model).values():
            priors = settings.priors_of(model, design)
            assert set(priors) <= set(model.parameters)
            assert all(isinstance(prior, dist.Distribution) for prior in priors.values())
            if getattr(design, "replenishment", None) == "none":
                assert "real_share" not in priors  # its ranks would be those of its prior
        of_model = [one for one in SCENARIOS if one.model == name]
        assert of_model, name
        assert MISTAKES[name], name
        assert len({one.name for one in of_model}) == len(of_model)
        for scenario in of_model:
            assert set(scenario.priors) <= set(model.parameters), scenario.name


def test_a_scenario_is_the_exact_simulator_with_the_true_values() -> None:
    of_all = scenarios.scenario_of("diversity_decay", "lost")
    scenario = dataclasses.replace(of_all, sizes={labels.CONTRACTION_FACTOR: 2})
    drawn = scenarios.draw(scenario, scenario.priors, 10, seed=3, progress=False)
    factor = drawn.values[labels.CONTRACTION_FACTOR]
    assert len(set(factor)) == 2  # sizes are compiled in: each five times
    for data, one in zip(drawn.datasets, factor, strict=True):
        assert f'"batch_size": {round(1 / (1 - one))},' in data.attrs["system"]
        assert dict(data[labels.TEXT_DIVERSITY].sizes) == {"replicate": 4, "generation": 41}
    noise = drawn.values[labels.NOISE_SD]
    start = [np.std(data[labels.TEXT_DIVERSITY][:, 0] - 0.75) for data in drawn.datasets]
    assert np.corrcoef(np.log(noise), np.log(start))[0, 1] > 0.5


def test_unseen_overlap_is_judged_by_the_size_that_fluctuations_have() -> None:
    """Images per update over 1 - C: what text_drift can know, four times the images here."""
    scenario = scenarios.scenario_of("text_drift", "overlapping_unknown")
    quiet = {labels.INJECTION_PROB: 0.0}
    drawn = scenarios.draw(scenario, {**scenario.priors, **quiet}, 6, seed=1, progress=False)
    ratio = []
    for data, size in zip(drawn.datasets, drawn.values[labels.EFFECTIVE_BATCH_SIZE], strict=True):
        probs = data[labels.TEXT_PROBS].values
        before = probs[:, :-1]
        square = np.sum(np.diff(probs, axis=1) ** 2 / before, axis=-1) / (probs.shape[-1] - 1)
        ratio.append(size * square.mean())
    # Six times 240 degrees of freedom, fewer where images' posteriors are not alike.
    assert abs(np.mean(ratio) - 1) < 0.2


def test_mistakes_of_the_caller_are_told() -> None:
    with pytest.raises(ValueError, match=r"no scenario of retraining is called .*own, gaussian"):
        calibrate("retraining", num_datasets=20, seed=1, simulator="nowhere")
    with pytest.raises(ValueError, match="choose from: wrong_noise"):
        calibrate("retraining", num_datasets=20, seed=1, fitted="nothing")
    with pytest.raises(ValueError, match="no model is called 'gravity'"):
        calibrate("gravity", num_datasets=20, seed=1)
