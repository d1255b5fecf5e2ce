"""The exact kernel, the literal kernel and the twin have one law; and a law 5 % off is noticed."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy import stats

import toolkit as tk
from tests import cases, statistics, twin
from tests.benchmarks import numpy_straightforward, numpy_tuned
from tests.statistics import level, same_law
from toolkit.systems import CoevolvingSystem

REPLICATES = 6000
TWIN_REPLICATES = 1500
RECORD = (
    *("text_probs", "text_diversity", "image_mean", "image_cov", "image_diversity"),
    *("image_fidelity", "image_count", "image_kept", "text_extinct", "text_injected"),
    "capacity_reached",
)


def simulated(system: CoevolvingSystem, method: str, replicates: int = REPLICATES) -> Any:
    return cases.statistics(
        tk.simulate(
            system,
            generations=cases.GENERATIONS,
            replicates=replicates,
            seed=31,
            method=method,
            record=RECORD,
            progress=False,
        )
    )


@cache
def of_toolkit(name: str, method: str) -> dict[str, np.ndarray]:
    return simulated(cases.SYSTEMS[name], method)


def of_twin(system: CoevolvingSystem, replicates: int, seed: int) -> dict[str, np.ndarray]:
    run = twin.simulate(system, generations=cases.GENERATIONS, replicates=replicates, seed=seed)
    return cases.statistics({name: run[name] for name in RECORD})


@cache
def right_twin(name: str) -> dict[str, np.ndarray]:
    return of_twin(cases.SYSTEMS[name], TWIN_REPLICATES, seed=32)


@pytest.mark.parametrize("method", ["exact", "literal"])
@pytest.mark.parametrize("name", cases.SYSTEMS)
def test_kernel_and_twin_have_one_law(name: str, method: str) -> None:
    verdict = same_law(of_toolkit(name, method), right_twin(name))
    verdict.require(level(f"law: {method} and twin", len(cases.SYSTEMS)))


def test_cases_reach_every_event() -> None:
    # Else the comparison of an event's frequency would compare nothing.
    run = of_toolkit("new text", "exact")
    assert run["number of capacity_reached"].any()
    assert run["number of text_injected"].any()
    for name in ("rare text", "many updates", "user content"):
        kept = of_toolkit(name, "exact")["image_kept at 3"]
        assert 0 < kept.mean() < 1
    assert of_toolkit("user content", "exact")["text_extinct at 1"].any()


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        pytest.param("user content", {"batch_size": 42}, id="batch_size of image updates"),
        pytest.param("many updates", {"shrinkage_factor": 0.76}, id="shrinkage_factor"),
        pytest.param("many updates", {"ddof": 1}, id="n - 1 instead of n"),
        pytest.param("rare text", {"ddof": 0}, id="n instead of n - 1"),
        pytest.param("many updates", {"text_temperature": 1.3 * 1.05}, id="text_temperature"),
        pytest.param("many updates", {"min_images": 6}, id="min_images"),
    ],
)
def test_twin_with_a_factor_wrong_is_rejected(name: str, wrong: dict[str, Any]) -> None:
    wrong_twin = of_twin(cases.SYSTEMS[name].replace(**wrong), TWIN_REPLICATES, seed=33)
    verdict = same_law(of_toolkit(name, "exact"), wrong_twin)
    assert verdict.p_value < level("law: exact and twin", len(cases.SYSTEMS))


def _with_corpus(system: CoevolvingSystem, **changes: float) -> CoevolvingSystem:
    assert system.corpus is not None
    return system.replace(corpus=dataclasses.replace(system.corpus, **changes))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        pytest.param("frozen images", lambda s: s.replace(batch_size=42), id="batch_size"),
        pytest.param(
            "given images, fresh corpus",
            lambda s: _with_corpus(s, prob=1.05 * s.corpus.prob),
            id="corpus.prob",
        ),
        pytest.param(
            "given images, fresh corpus",
            lambda s: _with_corpus(s, fraction=1.05 * s.corpus.fraction),
            id="corpus.fraction",
        ),
    ],
)
def test_small_effect_is_rejected_in_a_large_sample(name: str, change: Any) -> None:
    # Too small an effect for a twin's sample: a larger one of the toolkit stands in for it.
    system = cases.SYSTEMS[name]
    right, wrong = (simulated(one, "exact", 30_000) for one in (system, change(system)))
    verdict = same_law(right, wrong)
    assert verdict.p_value < level("law: exact and twin", len(cases.SYSTEMS))


def _plain(version: Any, **options: Any) -> dict[str, np.ndarray]:
    system = cases.SYSTEMS["rare text"]
    run = version.simulate(
        system.text_probs,
        system.image_mean,
        system.image_cov,
        batch_size=system.batch_size,
        generations=cases.GENERATIONS,
        replicates=REPLICATES,
        seed=34,
        **options,
    )
    ours = tk.simulate(
        system,
        generations=cases.GENERATIONS,
        replicates=REPLICATES,
        seed=31,
        record=RECORD,
        progress=False,
    )
    shared = {name: ours[name].values for name in ("image_count", *run)}
    plain = {name: np.moveaxis(values, 0, 1) for name, values in run.items()}
    plain["image_count"] = shared["image_count"]
    return {"plain": cases.statistics(plain), "toolkit": cases.statistics(shared)}


@pytest.mark.parametrize(
    ("version", "options"),
    [
        pytest.param(numpy_straightforward, {}, id="straightforward"),
        pytest.param(numpy_tuned, {"literal": True}, id="tuned"),
        pytest.param(numpy_tuned, {"literal": False}, id="tuned, by law"),
    ],
)
def test_benchmarks_compare_programs_of_one_law(version: Any, options: dict[str, Any]) -> None:
    both = _plain(version, **options)
    same_law(both["toolkit"], both["plain"]).require(level("law: benchmarks' NumPy", 3))


def test_budget_adds_up() -> None:
    assert sum(statistics.BUDGET.values()) <= statistics.FALSE_ALARM_BUDGET


def _normal(scale: float = 1.0, seed: int = 1, shift: float = 0.0) -> np.ndarray:
    return shift + scale * np.random.default_rng(seed).standard_normal(60_000)


def _pair(correlation: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    x = _normal(seed=seed)
    return x, correlation * x + _normal(0.5, seed=seed + 100)


def _event(prob: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random(60_000) < prob


@pytest.mark.parametrize(
    "p_value",
    [
        pytest.param(lambda f: statistics.mean_is(_normal(shift=f), 1.0), id="mean_is"),
        pytest.param(lambda f: statistics.variance_is(_normal(f**0.5), 1.0), id="variance_is"),
        pytest.param(
            lambda f: statistics.same_mean(_normal(shift=f), _normal(shift=1.0, seed=2)),
            id="same_mean",
        ),
        pytest.param(
            lambda f: statistics.same_variance(_normal(f**0.5), _normal(seed=2)),
            id="same_variance",
        ),
        pytest.param(
            lambda f: statistics.same_covariance(_pair(f, 1), _pair(1.0, 2)), id="same_covariance"
        ),
        pytest.param(
            lambda f: statistics.same_frequency(_event(0.5 * f, 1), _event(0.5, 2)),
            id="same_frequency",
        ),
        pytest.param(
            lambda f: statistics.follows(_normal(shift=f), stats.norm(1).cdf), id="follows"
        ),
        pytest.param(
            lambda f: statistics.same_distribution(_normal(shift=f), _normal(shift=1.0, seed=2)),
            id="same_distribution",
        ),
        pytest.param(
            lambda f: same_law({"x": _normal(shift=f)}, {"x": _normal(seed=2, shift=1.0)}).p_value,
            id="same_law",
        ),
        pytest.param(
            lambda f: statistics.means_are(_normal(shift=f).reshape(-1, 2), [1.0, 1.0]).p_value,
            id="means_are",
        ),
    ],
)
def test_helper_rejects_what_is_five_percent_wrong(p_value: Any) -> None:
    assert p_value(1.0) > 1e-3
    assert p_value(1.05) < 1e-6
    assert p_value(0.95) < 1e-6


def test_constants_must_agree_exactly() -> None:
    sample = {"x": np.column_stack([np.ones(50), _normal()[:50]])}
    other = {"x": np.column_stack([np.full(50, 1.05), _normal(seed=2)[:50]])}
    same_law(sample, {"x": np.column_stack([np.ones(50), other["x"][:, 1]])})
    with pytest.raises(AssertionError, match="is constant"):
        same_law(sample, other)
