"""The loop has the law of its slow twin, exact or literal; and a law 5 % off is noticed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tests import retraining_twin as twin
from tests.statistics import level, same_law
from tests.toolkit.retraining import cases
from tests.toolkit.retraining.cases import SYSTEMS
from toolkit.systems import Network, RetrainingSystem
from toolkit.systems.families import FAMILIES
from toolkit.systems.policies import POLICIES

REPLICATES, TWIN_REPLICATES, LARGE = 64 * cases.BLOCK, 1000, 1024 * cases.BLOCK
ALPHA = level("retraining: loop and twin", len(SYSTEMS) + 2)

#: Of an exact kernel that draws no examples the literal one is another program.
LITERAL = ("network of Gaussians, fresh",)


def with_policy(**changes: Any) -> Callable[[RetrainingSystem], RetrainingSystem]:
    return lambda one: one.replace(policy=dataclasses.replace(one.policy, **changes))


def with_family(**changes: Any) -> Callable[[RetrainingSystem], RetrainingSystem]:
    return lambda one: one.replace(
        family=dataclasses.replace(one.family, **changes), real=one.truth
    )


#: What a twin gets wrong, by 5 % or by one example, and must be found out.
WRONG_TWINS: dict[str, Callable[[RetrainingSystem], RetrainingSystem]] = {
    "categorical, mix": lambda one: one.replace(num_real=21),
    "network of Gaussians, fresh": lambda one: one.replace(temperature=0.95 * 0.9),
    "Gaussian, reservoir": with_family(ddof=1),
    "geometric, injected": with_policy(num_fresh=6),
    "exponential, curated": with_policy(choices=3),
    "kernel density, latest": with_policy(keep="reservoir"),
}


def of_twin(system: RetrainingSystem, seed: int) -> dict[str, np.ndarray]:
    run = twin.simulate(
        system, generations=cases.GENERATIONS, replicates=TWIN_REPLICATES, seed=seed
    )
    return cases.statistics(run)


def of_loop(system: RetrainingSystem, replicates: int, **options: Any) -> dict[str, np.ndarray]:
    return cases.statistics(cases.simulate(system, replicates=replicates, **options))


def without_sizes(statistics: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Models alone: a wrong number of examples is to be seen in what they become."""
    return {name: values for name, values in statistics.items() if name.startswith("model_")}


def test_cases_use_every_family_and_every_policy() -> None:
    assert {one.family.name for one in SYSTEMS.values()} == set(FAMILIES)
    assert {one.policy.name for one in SYSTEMS.values()} == set(POLICIES)


# One test for each system, so that a worker compiles it once.
@pytest.mark.parametrize("name", SYSTEMS)
def test_loop_and_twin_have_one_law_and_a_wrong_twin_is_rejected(name: str) -> None:
    system = SYSTEMS[name]
    right, ours = of_twin(system, seed=82), of_loop(system, REPLICATES)
    same_law(ours, right).require(ALPHA)
    if name in LITERAL:
        literal = of_loop(system, REPLICATES, method="literal", seed=84)
        same_law(literal, right).require(ALPHA)
    if name in WRONG_TWINS:
        wrong = of_twin(WRONG_TWINS[name](system), seed=83)
        assert same_law(without_sizes(ours), without_sizes(wrong)).p_value < ALPHA


def test_five_per_cent_more_examples_are_noticed_in_large_samples() -> None:
    # Too small an effect for a twin's sample: one of the loop's own stands in for it.
    system = SYSTEMS["regression, replace"]
    right, wrong = (
        without_sizes(of_loop(one, LARGE, seed=seed))
        for one, seed in ((system, 85), (system.replace(num_generated=21), 86))
    )
    assert same_law(right, wrong).p_value < ALPHA


def test_cases_reach_every_event() -> None:
    # Else the comparison of an event's frequency would compare nothing.
    run = of_twin(SYSTEMS["geometric, injected"], seed=87)
    for event in ("model_kept at 3", "real_data_came at 3"):
        assert 0.1 < run[event].mean() < 0.9


def test_identity_weights_are_single_models_apart() -> None:
    network = SYSTEMS["network of Gaussians, fresh"]
    alone = of_twin(network.replace(network=None), seed=88)
    pair = network.replace(network=Network(weights=np.eye(2)))
    run = cases.simulate(pair, replicates=REPLICATES, seed=89)
    for model in range(2):
        same_law(cases.statistics(run.isel(model=[model])), alone).require(ALPHA / 3)
    location = run.model_location.values[:, -1, :, 0]
    assert stats.spearmanr(*location.T).pvalue >= ALPHA / 3
