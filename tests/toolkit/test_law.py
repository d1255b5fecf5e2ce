"""The exact kernel, the literal kernel and the twin have one law; and a law 5 % off is noticed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

import toolkit as tk
from tests import cases, statistics, twin
from tests.benchmarks import numba_kernel, numpy_straightforward, numpy_tuned
from tests.statistics import level, same_law
from toolkit.systems import CoevolvingSystem

REPLICATES = 6000
TWIN_REPLICATES = 1500
LARGE = 30_000
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


def of_twin(system: CoevolvingSystem, replicates: int, seed: int) -> dict[str, np.ndarray]:
    run = twin.simulate(system, generations=cases.GENERATIONS, replicates=replicates, seed=seed)
    return cases.statistics({name: run[name] for name in RECORD})


#: The injections are the same code in both kernels; tests/verification has the other runs.
METHODS = {
    "rare text": ("exact", "literal"),
    "many updates": ("exact", "literal"),
    "user content": ("exact", "literal"),
}

#: What a twin gets wrong, by 5 % or by one, and must be found out.
WRONG_TWINS: dict[str, list[dict[str, Any]]] = {
    "rare text": [{"ddof": 0}],
    "many updates": [
        {"shrinkage_factor": 0.8 * 0.95},
        {"ddof": 1},
        {"text_temperature": 1.3 * 1.05},
        {"min_images": 6},
    ],
    "user content": [{"batch_size": 42}],
}

#: Too small an effect for a twin's sample: a larger one of the toolkit stands in for it.
WRONG_IN_LARGE_SAMPLES: dict[str, list[Callable[[Any], CoevolvingSystem]]] = {
    "frozen images": [lambda system: system.replace(batch_size=42)],
    "given images, fresh corpus": [
        lambda system: with_corpus(system, prob=1.05 * system.corpus.prob),
        lambda system: with_corpus(system, fraction=1.05 * system.corpus.fraction),
    ],
}


def with_corpus(system: CoevolvingSystem, **changes: float) -> CoevolvingSystem:
    assert system.corpus is not None
    return system.replace(corpus=dataclasses.replace(system.corpus, **changes))


# One test per system, so that a worker compiles it once.
# A reached capacity belongs to the law that is compared.
@pytest.mark.filterwarnings("ignore:the capacity was reached")
@pytest.mark.parametrize("name", cases.SYSTEMS)
def test_kernels_and_twin_have_one_law_and_a_wrong_twin_is_rejected(name: str) -> None:
    system = cases.SYSTEMS[name]
    right = of_twin(system, TWIN_REPLICATES, seed=32)
    ours = {method: simulated(system, method) for method in METHODS.get(name, ("exact",))}
    for method, run in ours.items():
        same_law(run, right).require(level(f"law: {method} and twin", len(cases.SYSTEMS)))

    alpha = level("law: exact and twin", len(cases.SYSTEMS))
    for wrong in WRONG_TWINS.get(name, []):
        wrong_twin = of_twin(system.replace(**wrong), TWIN_REPLICATES, seed=33)
        assert same_law(ours["exact"], wrong_twin).p_value < alpha, f"{wrong} was not noticed"
    for change in WRONG_IN_LARGE_SAMPLES.get(name, []):
        samples = (simulated(one, "exact", LARGE) for one in (system, change(system)))
        assert same_law(*samples).p_value < alpha


# A reached capacity belongs to the law that is compared.
@pytest.mark.filterwarnings("ignore:the capacity was reached")
def test_cases_reach_every_event() -> None:
    # Else the comparison of an event's frequency would compare nothing.
    run = of_twin(cases.SYSTEMS["new text"], 200, seed=35)
    assert run["number of capacity_reached"].any()
    assert run["number of text_injected"].any()
    for name in ("rare text", "many updates", "user content"):
        kept = of_twin(cases.SYSTEMS[name], 200, seed=35)["image_kept at 3"]
        assert 0 < kept.mean() < 1
    assert of_twin(cases.SYSTEMS["user content"], 200, seed=35)["text_extinct at 1"].any()


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
        # Twelve seconds of compilation.
        pytest.param(numba_kernel, {}, id="numba", marks=pytest.mark.slow),
    ],
)
def test_benchmarks_compare_programs_of_one_law(version: Any, options: dict[str, Any]) -> None:
    both = _plain(version, **options)
    same_law(both["toolkit"], both["plain"]).require(level("law: benchmarks' NumPy", 4))


def test_budget_adds_up() -> None:
    assert sum(statistics.BUDGET.values()) <= statistics.FALSE_ALARM_BUDGET
    sources = "".join(path.read_text() for path in Path(__file__).parents[1].rglob("test_*.py"))
    unused = {name for name in statistics.BUDGET if f'"{name}"' not in sources}
    # "check values" is drawn on through STANDARD_ERRORS, "law: literal and twin" by an f-string.
    assert not unused


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
