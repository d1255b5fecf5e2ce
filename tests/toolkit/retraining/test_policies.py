"""Policies on training sets made by hand, against plain NumPy."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from tests.statistics import combine, level, mean_is
from toolkit.systems import (
    Accumulate,
    Budget,
    Curated,
    Fresh,
    Gaussian,
    Injected,
    Mix,
    Replace,
)
from toolkit.systems.families import Points
from toolkit.systems.policies import Policy, Setting, Sizes, Trained

REAL, BATCH, FRESH, GENERATIONS = 3, 2, 2, 3
SIZES = Sizes(REAL, BATCH, FRESH, GENERATIONS)
LAW = Gaussian(mean=[0.0], cov=[[1.0]]).law
#: Every example is its own number: real ones from 1, generated ones from 10, fresh ones from 100.
REAL_VALUES, FRESH_VALUES = np.array([1.0, 2.0, 3.0]), np.array([100.0, 101.0])
KEYS = 2**14
ALPHA = level("retraining: policies", 2)


def points(values: Any, weight: Any = None) -> Points:
    values = jnp.asarray(values, float)
    weight = jnp.ones(len(values)) if weight is None else jnp.asarray(weight, float)
    return Points(values[:, None], weight)


def batch_of(generation: int, number: int = BATCH) -> Points:
    """Generated examples, in room for two."""
    values = 10.0 * (generation + 1) + np.arange(BATCH)
    return points(values, np.arange(BATCH) < number)


def setting_of(generation: int) -> Setting:
    def draw_real(key: jax.Array, number: jax.Array) -> Points:
        return points(FRESH_VALUES, np.arange(FRESH) < number)

    return Setting(SIZES, LAW.join, points(REAL_VALUES), draw_real, jnp.asarray(generation))


def training_sets(policy: Policy, seed: Any = 0, *, numbers: tuple[int, ...] = (2, 2, 2)) -> Any:
    """The training sets of some generations, one after another."""
    key = jax.random.key(seed)
    memory = policy.begin(setting_of(0), jax.random.fold_in(key, 99))
    sets = []
    for generation, number in enumerate(numbers):
        trained: Trained = policy.train(
            setting_of(generation),
            policy.numbers(),
            jax.random.fold_in(key, generation),
            memory,
            batch_of(generation, number),
        )
        memory = trained.memory
        sets.append(trained)
    return sets


def found(trained: Trained) -> dict[float, float]:
    """Weights of the examples that there are, by their value."""
    data = trained.data
    assert isinstance(data, Points)
    pairs = zip(data.values[:, 0].tolist(), data.weight.tolist(), strict=True)
    present = [(value, weight) for value, weight in pairs if weight]
    assert len(present) == len(dict(present)), "an example is there twice"
    return dict(present)


def of_weight(weight: float, *values: Any) -> dict[float, float]:
    return dict.fromkeys([float(value) for part in values for value in part], weight)


GENERATED = ([10, 11], [20, 21], [30, 31])
EXPECTED: dict[str, tuple[Policy, list[dict[float, float]]]] = {
    "replace": (Replace(), [of_weight(1, one) for one in GENERATED]),
    "mix": (Mix(), [of_weight(1, REAL_VALUES, one) for one in GENERATED]),
    "accumulate": (
        Accumulate(),
        [of_weight(1, REAL_VALUES, *GENERATED[: number + 1]) for number in range(3)],
    ),
    "latest": (
        Budget(size=3, keep="latest"),
        [of_weight(1, [3], [10, 11]), of_weight(1, [11], [20, 21]), of_weight(1, [21], [30, 31])],
    ),
    "latest, more room than real data": (
        Budget(size=5, keep="latest"),
        [
            of_weight(1, REAL_VALUES, [10, 11]),
            of_weight(1, [3], *GENERATED[:2]),
            of_weight(1, [11], *GENERATED[1:]),
        ],
    ),
    "fresh": (Fresh(num_fresh=2), [of_weight(1, FRESH_VALUES, one) for one in GENERATED]),
    # One fresh example of three has half of the weight of all three.
    "fresh, weighted": (
        Fresh(num_fresh=1, weight=0.5),
        [{100.0: 1.5} | of_weight(0.75, one) for one in GENERATED],
    ),
    "fresh alone": (
        Fresh(num_fresh=2, weight=1.0),
        [of_weight(2, FRESH_VALUES) for _ in GENERATED],
    ),
    "injected, never": (
        Injected(prob=0.0, num_fresh=2),
        [of_weight(1, one) for one in GENERATED],
    ),
    "injected, always": (
        Injected(prob=1.0, num_fresh=2),
        [of_weight(1, one, FRESH_VALUES) for one in GENERATED],
    ),
    "curated": (Curated(choices=2), [of_weight(1, one) for one in GENERATED]),
    "curated, with real": (
        Curated(choices=2, with_real=True),
        [of_weight(1, REAL_VALUES, one) for one in GENERATED],
    ),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_training_sets_are_those_of_the_docstrings(name: str) -> None:
    policy, expected = EXPECTED[name]
    sets = training_sets(policy)
    assert [found(one) for one in sets] == expected
    happened = name == "injected, always"
    assert [bool(one.happened) for one in sets] == [happened] * 3


@pytest.mark.parametrize("policy", [Accumulate(), Budget(size=5), Budget(size=5, keep="latest")])
def test_growing_batches_leave_no_gaps(policy: Policy) -> None:
    last = found(training_sets(policy, numbers=(1, 2, 2))[-1])
    ever = of_weight(1, REAL_VALUES, [10], *GENERATED[1:])
    assert set(last) <= set(ever)
    if policy == Accumulate():
        assert last == ever
    assert len(last) == (8 if policy == Accumulate() else 5)


CURATED = (
    (Curated(choices=3), [1, 0]),
    (Curated(choices=3, score=(-1.0, 2.0)), [-1, 2]),
)


def test_curated_keeps_the_highest_score_and_of_equals_the_first() -> None:
    values = np.random.default_rng(7).standard_normal((50, 3, 2))
    values[0, 1] = values[0, 2] = [9.0, 9.0]
    for policy, score in CURATED:
        best = np.argmax(values @ score, axis=1)
        expected = values[np.arange(50), best]
        np.testing.assert_array_equal(policy.select(jnp.asarray(values)), expected)
        assert policy.best_of == 3


@partial(jax.jit, static_argnums=0)
def many(policy: Policy, seeds: jax.Array) -> Any:
    """The training sets of many runs: values and weights, generation by generation."""
    return jax.vmap(lambda seed: [one.data for one in training_sets(policy, seed)])(seeds)


def inclusions(policy: Policy) -> list[np.ndarray]:
    """Which of the examples that ever were are in a training set, for each generation."""
    sets = many(policy, jnp.arange(KEYS))
    result = []
    for generation, data in enumerate(sets):
        values, weight = np.asarray(data.values)[..., 0], np.asarray(data.weight)
        ever = list(of_weight(1, REAL_VALUES, *GENERATED[: generation + 1]))
        inside = np.stack([np.sum(weight * (values == one), axis=1) for one in ever], axis=1)
        assert np.isin(inside, [0, 1]).all(), "without replacement"
        assert np.all(inside.sum(axis=1) == weight.sum(axis=1))
        result.append(inside)
    return result


def uniformity(inside: list[np.ndarray], size: int) -> float:
    """P-value of each set being a uniform one of so many examples of all that ever came.

    Every example is as likely as any other, and the number of real ones is hypergeometric.
    """
    tests = {}
    for generation, one in enumerate(inside):
        assert np.all(one.sum(axis=1) == size)
        ever = one.shape[1]
        for example in range(ever):
            tests[f"{example} at {generation}"] = mean_is(one[:, example], size / ever)
        number = one[:, :REAL].sum(axis=1)
        law = stats.hypergeom(ever, REAL, size)
        for real in range(max(0, size + REAL - ever), REAL + 1):
            tests[f"{real} real at {generation}"] = mean_is(number == real, law.pmf(real))
    return combine(tests).p_value


@pytest.mark.parametrize("keep", ["everything", "reservoir"])
def test_a_budget_is_a_uniform_sample_of_all_that_ever_came(keep: Any) -> None:
    assert uniformity(inclusions(Budget(size=3, keep=keep)), 3) >= ALPHA


def test_a_reservoir_is_no_new_sample_and_evenly_spaced_priorities_are_noticed() -> None:
    _, second, third = inclusions(Budget(size=3, keep="reservoir"))
    # What is gone does not come back.
    assert np.all(third[:, : second.shape[1]] <= second)
    *_, second, third = inclusions(Budget(size=3))
    assert np.any(third[:, : second.shape[1]] > second)

    class Spaced(Budget):
        def begin(self, setting: Setting, key: jax.Array) -> Any:
            kept, _ = super().begin(setting, key)
            return kept, (jnp.arange(REAL) + 0.5) / REAL

    assert uniformity(inclusions(Spaced(size=3, keep="reservoir")), 3) < ALPHA


def test_injected_with_probability_zero_is_replace_bit_for_bit() -> None:
    """On statistics, too, which a set of no weight must not touch."""
    batch = LAW.summary(batch_of(0))
    fresh = LAW.summary(points(FRESH_VALUES))
    setting = setting_of(0)._replace(draw_real=lambda key, number: fresh)
    policy = Injected(prob=0.0, num_fresh=2)
    trained = policy.train(setting, policy.numbers(), jax.random.key(0), (), batch)
    jax.tree.map(np.testing.assert_array_equal, trained.data, batch)
