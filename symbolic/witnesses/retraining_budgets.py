"""Witnesses of a training budget: all samples of all pools, all ways to renew a reservoir."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from fractions import Fraction
from math import comb
from typing import Any, NamedTuple

import mpmath as mp

from symbolic.witness import Case, Witness
from symbolic.witnesses.retraining_errors import ROUNDED
from symbolic.witnesses.training_sets import (
    REAL_SD,
    VARIANCE,
    Setting,
    average,
    drawn,
    equal,
    fitted,
    plus,
    root,
    times,
    total,
)

F = Fraction
_FIT = Setting("replaced", 0, 0)  # maximum likelihood
_POOL = (F(1, 2), F(-2, 3), F(3), F(-1, 5), F(7, 4), F(1))
_HELD, _STREAM = (F(1, 2), F(-2, 3), F(3)), 2  # a reservoir, and batches so far


class State(NamedTuple):
    """All examples so far, those that are fitted to, and the fit."""

    pool: tuple[Any, ...]
    used: tuple[Any, ...]
    mean: Any
    variance: Any


Law = Iterator[tuple[Fraction, State]]


def _fit(pool: tuple[Any, ...], used: tuple[Any, ...]) -> State:
    return State(pool, used, *fitted(used, equal(len(used)), _FIT))


def _sampled(chance: Fraction, pool: tuple[Any, ...], budget: int) -> Law:
    sets = list(itertools.combinations(pool, budget))
    for used in sets:
        yield chance / len(sets), _fit(pool, used)


def _generated(state: State, size: int) -> Iterator[tuple[Fraction, tuple[Any, ...]]]:
    return drawn(size, state.mean, root(state.variance))


def _resampled(state: State, size: int, budget: int) -> Law:
    """Fit to a sample of everything, the new batch included."""
    for chance, new in _generated(state, size):
        yield from _sampled(chance, (*state.pool, *new), budget)


def _renewed(state: State, size: int, budget: int) -> Law:
    """Renew the reservoir, so that any of all examples so far are equally likely in it."""
    before = len(state.pool)
    for chance, new in _generated(state, size):
        for count in range(min(size, budget) + 1):
            ways = comb(size, count) * comb(before, budget - count)
            weight = chance * F(ways, comb(before + size, budget))
            left = list(itertools.combinations(state.used, budget - count))
            come = list(itertools.combinations(new, count))
            for kept, added in itertools.product(left, come):
                share = weight / len(left) / len(come)
                yield share, _fit((*state.pool, *new), (*kept, *added))


def _first(size: int, budget: int) -> Law:
    for chance, data in drawn(size, F(0), REAL_SD):
        yield from _sampled(chance, data, budget)


Step = Callable[[State, int, int], Law]


def _courses(step: Step, size: int, budget: int, when: int) -> Law:
    if not when:
        yield from _first(size, budget)
        return
    for chance, state in _courses(step, size, budget, when - 1):
        for share, later in step(state, size, budget):
            yield chance * share, later


def _mean(law: Law, value: Callable[[State], Any]) -> Any:
    return total(times(chance, value(state)) for chance, state in law)


def _location(state: State) -> Any:
    return times(state.mean, state.mean)


def _variance(state: State) -> Any:
    return state.variance


def _pool_error(state: State) -> Any:
    mean = average(state.pool, equal(len(state.pool)))
    return times(mean, mean)


def _given_pool(value: Callable[[State], Any], later: bool) -> Callable[[], Iterator[Case]]:
    """Cases of one fit to samples of a given pool (and the pool after the batch that follows)."""

    def cases() -> Iterator[Case]:
        with mp.workdps(40):
            for size, when, budget in ((2, 1, 2), (2, 2, 4), (3, 1, 3), (1, 4, 2)):
                pool = _POOL[: size * (when + 1)]
                numbers = {"num_generated": size, "generations": when, "training_budget": budget}
                numbers["pool_error"] = average(pool, equal(len(pool))) ** 2
                numbers["pool_moment"] = average([x * x for x in pool], equal(len(pool)))
                law: Law = _sampled(F(1), pool, budget)
                if later:
                    law = (
                        (chance * share, state._replace(pool=(*pool, *new)))
                        for chance, state in law
                        for share, new in _generated(state, size)
                    )
                yield Case(numbers=numbers, value=_mean(law, value), error=ROUNDED)

    return cases


def _pools() -> Iterator[Case]:
    with mp.workdps(40):
        for size, budget, when in ((2, 2, 2), (3, 2, 1), (2, 1, 3), (3, 3, 0)):
            numbers = {"num_generated": size, "training_budget": budget, "generations": when}
            found = _mean(_courses(_resampled, size, budget, when), _pool_error)
            yield Case(numbers=numbers | {"real_variance": VARIANCE}, value=found, error=ROUNDED)


def _held(value: Callable[[State], Any]) -> Callable[[], Iterator[Case]]:
    """Cases of one retraining on a given reservoir, of a stream of so many examples."""

    def cases() -> Iterator[Case]:
        with mp.workdps(40):
            for size, budget in ((2, 2), (3, 3), (3, 2)):
                used = _HELD[:budget]
                state = _fit((F(0),) * (size * _STREAM), used)
                numbers = {"num_generated": size, "training_budget": budget}
                numbers |= {"generations": _STREAM - 1, "model_variance": state.variance}
                numbers |= {"location_error": _location(state)}
                found = _mean(_renewed(state, size, budget), value)
                yield Case(numbers=numbers, value=found, error=ROUNDED)

    return cases


def _reservoirs(value: Callable[[State], Any]) -> Callable[[], Iterator[Case]]:
    def cases() -> Iterator[Case]:
        with mp.workdps(40):
            for size, budget, when in ((2, 2, 2), (3, 2, 1), (3, 3, 0)):
                numbers: dict[str, Any] = {"num_generated": size, "training_budget": budget}
                numbers |= {"generations": when}
                numbers |= {"real_variance": VARIANCE}
                found = _mean(_courses(_renewed, size, budget, when), value)
                yield Case(numbers=numbers, value=plus(found, F(0)), error=ROUNDED)

    return cases


def _counted(quantity: str, make: Callable[[], Iterator[Case]]) -> Witness:
    return Witness(quantity=quantity, method="enumeration", make=make)


WITNESSES: dict[str, Witness] = {
    "sampled_location": _counted("Mean(m')", _given_pool(_location, later=False)),
    "sampled_variance": _counted("Mean(v')", _given_pool(_variance, later=False)),
    "sampled_pool_step": _counted("Mean(p_pool')", _given_pool(_pool_error, later=True)),
    "sampled_pool_error": _counted("Mean(p_pool[t])", _pools),
    "reservoir_location_step": _counted("Mean(m')", _held(_location)),
    "reservoir_variance_step": _counted("Mean(v')", _held(_variance)),
    "reservoir_variance_ml": _counted("Mean(v[t])", _reservoirs(_variance)),
    "reservoir_location_ml": _counted("Mean(m[t])", _reservoirs(_location)),
}
