"""The NumPyro program and the kernels have one law; and a program 5 % off is noticed."""

from __future__ import annotations

import dataclasses
import importlib
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import xarray as xr

import toolkit as tk
from tests import cases
from tests.statistics import Verdict, level, same_law
from toolkit import datasets, labels
from toolkit.models import coevolution_sites
from toolkit.systems import CoevolvingSystem, CorpusInjection, UserContent

REPLICATES = 4000
LARGE = 12_000
RECORD = (
    *("text_probs", "text_diversity", "image_mean", "image_cov", "image_diversity"),
    *("image_fidelity", "image_count", "image_kept", "text_extinct", "text_injected"),
    "capacity_reached",
)

#: Injections that the common cases leave out, without image updates where they add nothing.
INJECTIONS = {
    "uniform corpus": cases.system(
        [0.7, 0.2, 0.1],
        1,
        batch_size=30,
        image_updates=0,
        corpus=CorpusInjection(prob=0.4, fraction=0.3),
    ),
    "given corpus": cases.system(
        [0.7, 0.2, 0.1],
        1,
        batch_size=30,
        image_updates=0,
        corpus=CorpusInjection(prob=0.4, fraction=0.3, target=[0.0, 0.2, 0.8]),
    ),
    "fresh sparse corpus": cases.system(
        [0.7, 0.2, 0.1],
        1,
        batch_size=30,
        image_updates=0,
        corpus=CorpusInjection(prob=0.4, fraction=0.3, target=[0.0, 0.2, 0.8], concentration=3.0),
    ),
    "given new text": cases.system(
        [0.7, 0.3],
        2,
        batch_size=30,
        corpus=CorpusInjection(
            prob=0.5,
            fraction=0.2,
            reading="new_text",
            capacity=4,
            new_text_mean=[1.0, -1.0],
            new_text_cov=[[1.0, 0.3], [0.3, 0.5]],
        ),
        user_content=UserContent(num_images=2),
    ),
}
ALL = cases.SYSTEMS | INJECTIONS

#: Compiling is what costs: the default suite has every option in one form or the other.
QUICK = (
    *[(name, "literal") for name in ("many updates", "given images, fresh corpus")],
    *[(name, "exact") for name in ("rare text", "user content", "new text", "given corpus")],
)
REST = [
    (name, method) for name in ALL for method in ("exact", "literal") if (name, method) not in QUICK
]
LAW = "law: NumPyro program"


#: All but what tells of the methods of ``simulate``.
OTHERS = {*labels.OF_METHOD, *labels.OF_MODELS}
RECORDABLE = tuple(name for name in labels.VARIABLES if name not in OTHERS)


def simulated(system: CoevolvingSystem, replicates: int = REPLICATES) -> dict[str, np.ndarray]:
    return cases.statistics(
        tk.simulate(
            system,
            generations=cases.GENERATIONS,
            replicates=replicates,
            seed=41,
            record=RECORD,
            progress=False,
        )
    )


def drawn(
    system: CoevolvingSystem, method: Any, replicates: int = REPLICATES, seed: int = 42
) -> dict[str, np.ndarray]:
    return cases.statistics(
        tk.simulate_numpyro(
            system,
            generations=cases.GENERATIONS,
            replicates=replicates,
            seed=seed,
            method=method,
            record=RECORD,
        )
    )


def compared(name: str, method: str) -> Verdict:
    return same_law(drawn(ALL[name], method), simulated(ALL[name]))


# A reached capacity belongs to the law that is compared.
@pytest.mark.filterwarnings("ignore:the capacity was reached")
@pytest.mark.parametrize(("name", "method"), QUICK)
def test_program_and_kernel_have_one_law(name: str, method: str) -> None:
    compared(name, method).require(level(LAW, len(ALL) * 2))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:the capacity was reached")
@pytest.mark.parametrize(("name", "method"), REST)
def test_program_and_kernel_have_one_law_in_every_form(name: str, method: str) -> None:
    compared(name, method).require(level(LAW, len(ALL) * 2))


def with_corpus(system: CoevolvingSystem, **changes: Any) -> CoevolvingSystem:
    assert system.corpus is not None
    return system.replace(corpus=dataclasses.replace(system.corpus, **changes))


#: Numbers are not compiled in, so what is 5 % off costs its draws alone.
WRONG = {
    "temperature": ("many updates", lambda system: system.replace(text_temperature=1.3 * 1.05)),
    "shrinkage": ("many updates", lambda system: system.replace(shrinkage_factor=0.8 * 0.95)),
    "probability": ("given corpus", lambda system: with_corpus(system, prob=0.4 * 1.05)),
    "fraction": ("given corpus", lambda system: with_corpus(system, fraction=0.3 * 1.05)),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_program_five_percent_wrong_is_noticed(wrong: str) -> None:
    name, change = WRONG[wrong]
    method, size = dict(QUICK)[name], LARGE
    right = simulated(ALL[name], size)
    assert same_law(drawn(change(ALL[name]), method, size), right).p_value < level(
        LAW, len(ALL) * 2
    )


def wide_scatter(form: Any, state: Any) -> Any:
    pool = GENERATED_POOL(form, state)
    return pool._replace(scatter=1.05 * pool.scatter)


def short_steps(form: Any, state: Any) -> Any:
    return state.text_probs + 0.95 * (AVERAGE_POSTERIOR(form, state) - state.text_probs)


GENERATED_POOL = coevolution_sites.generated_pool
AVERAGE_POSTERIOR = coevolution_sites.average_posterior


@pytest.mark.parametrize(
    ("function", "defect"), [("generated_pool", wide_scatter), ("average_posterior", short_steps)]
)
def test_defect_planted_in_the_program_is_noticed(
    monkeypatch: pytest.MonkeyPatch, function: str, defect: Any
) -> None:
    right = simulated(ALL["rare text"], LARGE)
    compiled = importlib.import_module("toolkit.simulate_numpyro")._drawn
    monkeypatch.setattr(coevolution_sites, function, defect)
    compiled.cache_clear()
    try:
        wrong = drawn(ALL["rare text"], "literal", LARGE)
    finally:
        compiled.cache_clear()
    assert same_law(wrong, right).p_value < level(LAW, 2 * len(ALL))


def small() -> CoevolvingSystem:
    return CoevolvingSystem.on_unit_circle(num_texts=3, variance=1.0, batch_size=40)


def test_dataset_is_that_of_simulate() -> None:
    options: dict[str, Any] = {"generations": 3, "replicates": 5, "seed": 1}
    ours, theirs = tk.simulate_numpyro(small(), **options), tk.simulate(small(), **options)
    assert set(ours) == set(theirs) - set(labels.OF_METHOD)
    for name in ours:
        assert ours[name].dims == theirs[name].dims
        assert ours[name].dtype == theirs[name].dtype
        assert ours[name].attrs == theirs[name].attrs
    for name in ours.coords:
        xr.testing.assert_identical(ours[name], theirs[name])
    # Generation 0 is no matter of chance.
    for name in ours:
        np.testing.assert_allclose(
            ours[name].isel(generation=0), theirs[name].isel(generation=0), atol=1e-12
        )


def test_every_variable_agrees_with_simulate_where_nothing_is_random() -> None:
    frozen = small().replace(text_updates=0, image_updates=0)
    record = RECORDABLE
    options: dict[str, Any] = {"generations": 1, "replicates": 1, "seed": 1, "record": record}
    ours, theirs = tk.simulate_numpyro(frozen, **options), tk.simulate(frozen, **options)
    assert tuple(ours) == record
    xr.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_measures_are_those_of_the_recorded_state() -> None:
    run = tk.simulate_numpyro(small(), generations=3, replicates=5, seed=1, record=RECORDABLE)
    cov = run.image_cov.values
    values = np.linalg.eigvalsh(cov)
    for name, expected in {
        "image_diversity": np.sqrt(values).sum(-1),
        "image_total_variance": values.sum(-1),
        "image_total_sd": np.sqrt(values.sum(-1)),
        "image_volume_scale": np.prod(values, -1) ** 0.25,
        "image_directional_sd": np.sqrt(cov[..., 0, 0]),
        "text_diversity": 1 - np.sum(np.square(run.text_probs), -1),
        "image_fidelity_squared": np.square(run.image_fidelity.values),
    }.items():
        np.testing.assert_allclose(run[name], expected, rtol=1e-9, err_msg=name)


def test_replicates_of_several_blocks_are_independent_draws(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = importlib.import_module("toolkit.simulate_numpyro")
    monkeypatch.setattr(module, "_BLOCK_NUMBERS", 3 * 40 * 3 * 2)  # three replicates
    system = small().replace(image_updates=0)
    run = tk.simulate_numpyro(system, generations=1, replicates=7, seed=3)
    assert run.sizes["replicate"] == 7
    assert len(np.unique(run.text_diversity.values[:, 1])) == 7
    again = tk.simulate_numpyro(system, generations=1, replicates=7, seed=3)
    xr.testing.assert_identical(run, again)
    other = tk.simulate_numpyro(system, generations=1, replicates=7, seed=4)
    assert not np.isin(other.text_diversity[:, 1], run.text_diversity[:, 1]).any()


def test_provenance_is_kept_and_not_taken_for_that_of_simulate() -> None:
    run = tk.simulate_numpyro(small(), generations=1, replicates=2, seed=1)
    assert datasets.system_of(run) == small()
    with pytest.raises(ValueError, match="was not made by simulate"):
        tk.simulate_again(run)


def test_saved_and_read_again(tmp_path: Path) -> None:
    run = tk.simulate_numpyro(small(), generations=1, replicates=2, seed=1)
    assert tk.read_trajectory(tk.save(run, tmp_path / "run.nc")).identical(run)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"generations": 0}, "generations must be at least 1, not 0"),
        ({"method": "fast"}, "method must be one of"),
        ({"record": "text_probs"}, "must be a sequence of names"),
        ({"record": ["mean"]}, "no variable is called 'mean'"),
        ({"record": ["score"]}, "score cannot be recorded"),
        ({"seed": 2**63}, "seed must be below"),
    ],
)
def test_mistakes_are_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tk.simulate_numpyro(small(), **({"generations": 1, "replicates": 1, "seed": 1} | change))
    with pytest.raises(TypeError, match="has a program of a CoevolvingSystem"):
        tk.simulate_numpyro(cast(Any, None), generations=1, replicates=1, seed=1)
