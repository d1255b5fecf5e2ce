"""Errors of retraining: categories obey the same equations, and paths reach their limits."""

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator
from fractions import Fraction

import pytest
import sympy as sp

from symbolic import THEOREMS
from symbolic.witness import evaluate

F = Fraction
Probs = tuple[F, ...]
TRUE: Probs = (F(1, 2), F(1, 3), F(1, 6))
REAL, NEW, TIMES = 2, 2, 2
WEIGHT = F(2, 7)


def value(name: str, **numbers: object) -> sp.Expr:
    assert set(numbers) == set(THEOREMS[name].symbols)
    return evaluate(THEOREMS[name].rhs, numbers)


def gini(p: Probs) -> F:
    return 1 - sum((x * x for x in p), F(0))


def distance(p: Probs) -> F:
    return sum(((x - y) ** 2 for x, y in zip(p, TRUE, strict=True)), F(0))


def mixed(first: Probs, second: Probs, weight: F) -> Probs:
    return tuple(weight * x + (1 - weight) * y for x, y in zip(first, second, strict=True))


def fits(p: Probs, size: int) -> Iterator[tuple[F, Probs]]:
    """Frequencies in so many draws from a categorical model."""
    for drawn in itertools.product(range(len(p)), repeat=size):
        chance = F(1)
        for which in drawn:
            chance *= p[which]
        yield chance, tuple(F(drawn.count(i), size) for i in range(len(p)))


State = tuple[Probs, Probs, Probs]  # the model, the real examples, the pool
Policy = Callable[[State, Probs, int], Iterator[tuple[F, State]]]


def replaced(state: State, new: Probs, _time: int) -> Iterator[tuple[F, State]]:
    yield F(1), (new, *state[1:])


def kept(state: State, new: Probs, _time: int) -> Iterator[tuple[F, State]]:
    yield F(1), (mixed(state[1], new, WEIGHT), *state[1:])


def fresh(state: State, new: Probs, _time: int) -> Iterator[tuple[F, State]]:
    for chance, data in fits(TRUE, REAL):
        yield chance, (mixed(data, new, WEIGHT), *state[1:])


def accumulated(state: State, new: Probs, time: int) -> Iterator[tuple[F, State]]:
    pool = mixed(state[2], new, F(time + 1, time + 2))
    yield F(1), (pool, state[1], pool)


def errors(policy: Policy) -> tuple[F, F]:
    """Mean location error and variance of a categorical model, every count enumerated."""
    law: dict[State, F] = defaultdict(F)
    for chance, p in fits(TRUE, REAL):
        law[p, p, p] += chance
    for time in range(TIMES):
        later: dict[State, F] = defaultdict(F)
        for state, chance in law.items():
            for share, new in fits(state[0], NEW):
                for weight, following in policy(state, new, time):
                    later[following] += chance * share * weight
        law = later
    return (
        sum((c * distance(p) for (p, _, _), c in law.items()), F(0)),
        sum((c * gini(p) for (p, _, _), c in law.items()), F(0)),
    )


PLAIN = {"num_generated": NEW, "real_variance": gini(TRUE), "generations": TIMES}
FIRST = {**PLAIN, "num_real": REAL}


@pytest.mark.parametrize(
    ("policy", "name", "numbers"),
    [
        (replaced, "replaced", FIRST),
        (kept, "mixed", {**FIRST, "synthetic_ratio": (1 - WEIGHT) / WEIGHT}),
        (fresh, "fresh", {**FIRST, "fresh_weight": WEIGHT}),
        (accumulated, "accumulated", PLAIN),
    ],
)
def test_categories_obey_the_same_equations(
    policy: Policy, name: str, numbers: dict[str, object]
) -> None:
    location, variance = errors(policy)
    assert value(f"{name}_location_ml", **numbers) == sp.Rational(location)
    assert value(f"{name}_variance_ml", **numbers) == sp.Rational(variance)
    assert location + variance == gini(TRUE)


def test_the_mix_needs_no_more_than_half_as_much_again() -> None:
    at = [value("mixed_location_floor", num_real=7, real_variance=1, synthetic_ratio=ratio)
          for ratio in (F(1, 9), 1, 10**6)]  # fmt: skip
    assert at[0] < at[1] < at[2] < sp.Rational(3, 2) / 7
    assert abs(at[2] * 7 - sp.Rational(3, 2)) < sp.Rational(1, 10**6)


def test_the_best_weight_beats_its_neighbours() -> None:
    sizes = {"num_real": 3, "num_generated": 10}
    best = value("best_fresh_weight", **sizes)

    def level(weight: object) -> float:
        return float(value("fresh_location_stationary", real_variance=2, fresh_weight=weight,
                           **sizes))  # fmt: skip

    assert level(best) == pytest.approx(float(value("best_fresh_error", real_variance=2, **sizes)))
    assert level(best) < min(level(best - F(1, 100)), level(best + F(1, 100)))
    golden = value("golden_weight")
    assert sp.simplify(golden * (1 + golden)) == 1


@pytest.mark.parametrize(
    ("path", "limit", "numbers"),
    [
        ("accumulated_location", "accumulated_location_limit", {"real_variance": 2}),
        ("accumulated_variance_ml", "accumulated_variance_limit", {"real_variance": 2}),
        ("regression_accumulated", "regression_accumulated_limit",
         {"label_noise": 2, "num_features": 3}),
    ],
)  # fmt: skip
def test_paths_reach_their_limits(path: str, limit: str, numbers: dict[str, object]) -> None:
    numbers = {**numbers, "num_generated": 9}
    end = float(value(limit, **numbers))
    near, far = (abs(float(value(path, generations=t, **numbers)) - end) for t in (100, 400))
    assert 0 < far < 0.3 * near < 0.01 * end  # what is left falls like one over the generation


def test_a_reservoir_falls_like_a_power_and_a_sampled_pool_does_not() -> None:
    numbers = {"num_generated": 6, "training_budget": 4, "real_variance": 1}
    held = [float(value("reservoir_variance_ml", generations=t, **numbers)) for t in (100, 400)]
    assert held[1] / held[0] == pytest.approx(4 ** (-2 / 4), rel=0.03)
    pool = [float(1 - value("sampled_pool_error", generations=t, **numbers)) for t in (100, 400)]
    assert 0.99 < pool[1] / pool[0] < 1
