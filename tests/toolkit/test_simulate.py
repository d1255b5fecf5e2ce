"""The contract of ``simulate``: form, reproducibility to the bit, and refusals by name.

What replicate r depends on: the system, the seed, r, method and dtype. The number of generations,
``every``, the chunk size and the cores change no bit. The number of replicates and the recorded
variables choose another compiled program, which may round differently, and no more than that.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import toolkit as tk
from tests import cases
from toolkit import labels
from toolkit.simulation import segments

SYSTEM = cases.SYSTEMS["rare text"]
#: Three blocks of 50, the last one full; 120 would leave it in part empty.
ARGUMENTS: dict[str, Any] = {"generations": 6, "replicates": 150, "seed": 61, "progress": False}
STATE = (labels.TEXT_PROBS, labels.IMAGE_MEAN, labels.IMAGE_COV, labels.IMAGE_DIVERSITY)


def simulate(**changes: Any) -> xr.Dataset:
    return tk.simulate(SYSTEM, **ARGUMENTS | changes)


@pytest.fixture(scope="module")
def simulated() -> xr.Dataset:
    return simulate()


def test_dims_coordinates_and_attributes(simulated: xr.Dataset) -> None:
    assert dict(simulated.sizes) == {
        "replicate": 150,
        "generation": 7,
        "text": 3,
        "feature": 2,
        "feature_alt": 2,
    }
    recorded = (*labels.DEFAULT_RECORD, labels.TEXT_ONE_HOT)
    assert tuple(simulated.data_vars) == recorded
    for name in simulated.data_vars:
        label = labels.VARIABLES[str(name)]
        assert simulated[name].dims == labels.dims(str(name))
        assert simulated[name].attrs == {"units": label.units, "long_name": label.long_name}
    assert simulated.image_count.dtype == np.int64
    assert simulated.image_kept.dtype == simulated.text_extinct.dtype == bool
    assert simulated.text_probs.dtype == np.float64
    assert simulated.generation.values.tolist() == list(range(7))
    arguments = json.loads(simulated.attrs["arguments"])
    assert arguments["seed"] == 61
    assert arguments["record"] == list(recorded)
    assert json.loads(simulated.attrs["system"])["batch_size"] == 30


def test_generation_zero_is_the_start(simulated: xr.Dataset) -> None:
    start = simulated.isel(generation=0)
    for replicate in (0, 149):
        one = start.isel(replicate=replicate)
        np.testing.assert_array_equal(one.text_probs, SYSTEM.text_probs)
        np.testing.assert_array_equal(one.image_mean, SYSTEM.image_mean)
        np.testing.assert_allclose(one.image_cov, SYSTEM.image_cov, rtol=1e-14, atol=1e-14)
    assert not start.image_count.any()
    assert not start.image_kept.any()
    assert not start.image_fidelity.any()


def test_probabilities_counts_and_events_are_consistent(simulated: xr.Dataset) -> None:
    np.testing.assert_allclose(simulated.text_probs.sum("text"), 1, rtol=1e-14)
    later = simulated.isel(generation=slice(1, None))
    assert np.all(later.image_count.sum("text") == 30)
    np.testing.assert_array_equal(later.image_kept, later.image_count < 3)
    np.testing.assert_array_equal(simulated.text_extinct, simulated.text_probs < 1 / 60)
    before = simulated.image_cov.values[:, :-1]
    kept = later.image_kept.values
    np.testing.assert_array_equal(later.image_cov.values[kept], before[kept])
    assert not np.any(later.image_cov.values[~kept] == before[~kept])


@pytest.mark.parametrize("chunk_size", [1, 50, 51, 10_000])
def test_chunk_size_changes_no_bit(simulated: xr.Dataset, chunk_size: int) -> None:
    assert simulate(chunk_size=chunk_size).identical(simulated)


def test_number_of_cores_changes_no_bit(
    simulated: xr.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    for cores in (1, 3):
        monkeypatch.setattr(sys.modules["toolkit.simulation.running"], "cores", lambda: cores)  # noqa: B023
        assert simulate().identical(simulated)


def test_shorter_simulation_is_a_prefix(simulated: xr.Dataset) -> None:
    shorter = simulate(generations=2)
    xr.testing.assert_equal(shorter, simulated.isel(generation=slice(3)))


def test_recording_less_often_changes_no_bit(simulated: xr.Dataset) -> None:
    seldom = simulate(every=2)
    assert seldom.generation.values.tolist() == [0, 2, 4, 6]
    every_other = simulated.sel(generation=seldom.generation)
    for name in (*STATE, labels.IMAGE_COUNT):
        np.testing.assert_array_equal(seldom[name], every_other[name])
    # An event between two recorded generations is not lost.
    kept = simulated.image_kept.values
    np.testing.assert_array_equal(seldom.image_kept[:, 1:], kept[:, 1:6:2] | kept[:, 2::2])


def test_generations_beyond_the_last_recorded_one_are_not_run() -> None:
    assert simulate(generations=7, every=3).generation.values.tolist() == [0, 3, 6]


def test_replicates_of_full_blocks_are_a_prefix(simulated: xr.Dataset) -> None:
    fewer = simulate(replicates=50)
    xr.testing.assert_equal(fewer, simulated.isel(replicate=slice(50)))


def test_last_block_may_be_part_empty(simulated: xr.Dataset) -> None:
    # 149 replicates also run in three blocks of 50.
    fewer = simulate(replicates=149)
    xr.testing.assert_equal(fewer, simulated.isel(replicate=slice(149)))


def test_every_variable_can_be_recorded(simulated: xr.Dataset) -> None:
    others = {labels.TEXT_LEFT_OUT, *labels.OF_MODELS}
    of_exact = [name for name in labels.VARIABLES if name not in others]
    everything = simulate(record=of_exact)
    assert list(everything.data_vars) == of_exact
    for name in labels.DEFAULT_RECORD:
        np.testing.assert_allclose(everything[name], simulated[name], rtol=1e-9, atol=1e-12)
    for name in everything.data_vars:
        assert np.all(np.isfinite(everything[name]))
    sd = everything.image_directional_sd
    np.testing.assert_allclose(sd**2, everything.image_cov[..., 0, 0], rtol=1e-12)
    trace = everything.image_cov[..., 0, 0] + everything.image_cov[..., 1, 1].values
    np.testing.assert_allclose(everything.image_total_variance, trace, rtol=1e-12)
    assert not everything.text_injected.any()
    assert everything.text_active.all()


def test_seeds_and_replicates_differ(simulated: xr.Dataset) -> None:
    probs = simulated.text_probs.values[:, 1:, 0]
    other = simulate(seed=62).text_probs.values[:, 1:, 0]
    assert not np.any(probs == other)
    assert len(np.unique(probs[:, 0])) == 150


@pytest.mark.parametrize("where", ["memory", "loop.nc", "loop.zarr"])
def test_simulation_runs_again_from_its_attributes(
    simulated: xr.Dataset, tmp_path: Path, where: str
) -> None:
    source = simulated if where == "memory" else tk.save(simulated, tmp_path / where)
    assert tk.simulate_again(source, progress=False).identical(simulated)
    longer = tk.simulate_again(source, generations=7, progress=False)
    xr.testing.assert_equal(longer.isel(generation=slice(7)), simulated)


def test_literal_kernel_draws_every_image() -> None:
    literal = simulate(method="literal", generations=2)
    assert np.all(literal.image_count.values[:, 1:].sum(-1) == 30)
    assert json.loads(literal.attrs["arguments"])["method"] == "literal"
    assert tk.simulate_again(literal, progress=False).identical(literal)


def test_single_precision_is_single_throughout() -> None:
    single = simulate(dtype="float32", generations=2)
    for name in STATE:
        assert single[name].dtype == np.float32
        assert np.all(np.isfinite(single[name]))


def test_nothing_turns_into_nan_in_three_thousand_generations() -> None:
    long = simulate(generations=3000, every=100, replicates=50)
    for name in long.data_vars:
        assert np.all(np.isfinite(long[name])), name
    assert np.all(long.image_diversity > 0)
    assert long.image_diversity.min() < 1e-20
    assert np.all((long.text_diversity >= 0) & (long.text_diversity < 1))
    np.testing.assert_allclose(long.text_probs.sum("text"), 1, rtol=1e-14)
    assert long.text_extinct.isel(generation=-1).any()


def test_other_numbers_of_one_shape_are_not_compiled_anew() -> None:
    system = tk.CoevolvingSystem.on_unit_circle(
        num_texts=3,
        variance=1.0,
        batch_size=40,
        text_temperature=1.1,
        corpus=tk.CorpusInjection(prob=0.1, fraction=0.2),
    )

    def programs(**changes: Any) -> int:
        tk.simulate(system.replace(**changes), generations=2, replicates=2, seed=1, progress=False)
        return int(segments._advance.program()._cache_size())

    first = programs()
    assert programs(text_temperature=0.9, shrinkage_factor=0.95) == first
    assert programs(corpus=tk.CorpusInjection(prob=0.9, fraction=0.01)) == first
    assert programs(text_probs=[0.1, 0.2, 0.7], image_mean=2 * system.image_mean) == first
    assert programs(ddof=0) == first + 1


def test_interrupt_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    bar = sys.modules["toolkit.simulation.running"].tqdm

    class Impatient(bar):  # type: ignore[misc, valid-type]
        def update(self, n: float | None = 1) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["toolkit.simulation.running"], "tqdm", Impatient)
    with pytest.raises(KeyboardInterrupt):
        simulate(generations=10**6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"generations": 0}, "generations must be at least 1"),
        ({"generations": 2.5}, "generations must be a whole number"),
        ({"generations": True}, "generations must be a whole number"),
        ({"replicates": 0}, "replicates must be at least 1"),
        ({"replicates": "4"}, "replicates must be a whole number"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"seed": 2**63}, r"seed must be below 2\*\*63"),
        ({"seed": None}, "seed must be a whole number"),
        ({"every": 0}, "every must be at least 1"),
        ({"every": 7}, "every must be at most generations = 6"),
        ({"chunk_size": 0}, "chunk_size must be at least 1"),
        ({"method": "fast"}, "method must be one of .*'exact'.*'literal'.* not 'fast'"),
        ({"dtype": "float16"}, "dtype must be one of .* not 'float16'"),
        ({"record": ["diversity"]}, "no variable is called 'diversity'"),
        ({"record": "text_probs"}, "record must be a sequence of names"),
        ({"record": []}, "record must be a sequence of names"),
    ],
)
def test_bad_argument_is_refused_by_name(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        simulate(**change)


@pytest.mark.parametrize("missing", ["generations", "replicates", "seed"])
def test_there_is_no_default_length_number_or_seed(missing: str) -> None:
    arguments = {name: value for name, value in ARGUMENTS.items() if name != missing}
    with pytest.raises(TypeError, match=missing):
        tk.simulate(SYSTEM, **arguments)


def test_what_is_no_system_is_refused() -> None:
    with pytest.raises(TypeError, match="no loop is registered for dict"):
        tk.simulate({"batch_size": 3}, **ARGUMENTS)  # type: ignore[arg-type]


@pytest.mark.parametrize("strip", [lambda d: d.drop_attrs(), lambda d: xr.Dataset()])
def test_foreign_dataset_cannot_run_again(
    simulated: xr.Dataset, strip: Callable[[xr.Dataset], xr.Dataset]
) -> None:
    with pytest.raises(ValueError, match="was not made by simulate"):
        tk.simulate_again(strip(simulated))
