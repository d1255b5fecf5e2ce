"""Witnesses of corpus injection: small worlds enumerated, stationary laws of exact chains."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import mpmath as mp

from symbolic.witness import Case, Witness
from symbolic.witnesses.corpora import (
    World,
    best,
    fixed,
    run,
    run_new_text,
    stationary_diversity,
    stationary_new_text,
)
from symbolic.witnesses.enumeration import DENSITIES, Probs, gini, mean, text_update

F = Fraction
START, TARGET = (F(1, 5), F(4, 5)), (F(2, 3), F(1, 3))
START_3, TARGET_3 = (F(1, 6), F(1, 3), F(1, 2)), (F(1, 2), F(1, 5), F(3, 10))
FRESH = ((F(1, 3), (F(3, 4), F(1, 4))), (F(2, 3), (F(1, 8), F(7, 8))))
FRESH_MEAN = (F(1, 3), F(2, 3))
#: size, updates, probability, fraction, start, corpora's mean, generations
_RUNS: tuple[tuple[Any, ...], ...] = (
    (2, 0, F(1, 3), F(1, 4), START, TARGET, 2),
    (2, 1, F(1, 3), F(1, 4), START, TARGET, 3),
    (3, 2, F(2, 5), F(1, 3), START_3, TARGET_3, 2),
)


def _overlap(p: Probs, u: Probs) -> Fraction:
    return sum((a * b for a, b in zip(p, u, strict=True)), F(0))


def _given(world: World) -> dict[str, Any]:
    return {
        "batch_size": world.size,
        "text_updates": world.updates,
        "injection_prob": world.prob,
        "injection_fraction": world.fraction,
    }


def _corpora_values(world: World) -> dict[str, Any]:
    mean_diversity = sum((c * gini(u) for c, u in world.corpora), F(0))
    return {"target_diversity": mean_diversity}


def _blurred(size: int, texts: int) -> Callable[[Probs], Any]:
    return lambda p: text_update(p, size, DENSITIES[:texts])


def _once() -> Iterator[Case]:
    for _, _, prob, fraction, start, target, _ in _RUNS:
        mixed = tuple((1 - fraction) * p + fraction * u for p, u in zip(start, target, strict=True))
        numbers = {
            "injection_prob": prob,
            "injection_fraction": fraction,
            "text_diversity": gini(start),
            "target_diversity": gini(target),
            "target_overlap": _overlap(start, target),
        }
        yield Case(numbers=numbers, value=prob * gini(mixed) + (1 - prob) * gini(start))


def _curve(order: str, at_target: bool) -> Iterator[Case]:
    for size, updates, prob, fraction, start, target, times in _RUNS:
        world = World(size, updates, prob, fraction, fixed(target), order)
        begin = target if at_target else start
        values = _given(world) | _corpora_values(world)
        values |= {"generations": times, "initial_text_diversity": gini(begin)}
        if not at_target:
            values["initial_overlap"] = _overlap(begin, target)
        yield Case(numbers=values, value=mean(run(world, begin, times), gini))


def _fresh(order: str) -> Iterator[Case]:
    for size, updates, times in ((2, 0, 2), (2, 1, 2), (3, 2, 1)):
        world = World(size, updates, F(1, 3), F(1, 4), FRESH, order)
        values = _given(world) | _corpora_values(world)
        values |= {
            "mean_target_diversity": gini(FRESH_MEAN),
            "generations": times,
            "initial_text_diversity": gini(START),
            "initial_overlap": _overlap(START, FRESH_MEAN),
        }
        yield Case(numbers=values, value=mean(run(world, START, times), gini))


def _worlds(order: str) -> tuple[World, ...]:
    """Worlds with a stationary state."""
    return (
        World(2, 1, F(1, 3), F(1, 4), fixed(TARGET), order),
        World(3, 2, F(2, 5), F(1, 5), fixed(TARGET), order),
        World(2, 1, F(1, 4), F(1, 3), fixed(TARGET_3), order),
    )


_stationary = functools.cache(stationary_diversity)


def _stationary_cases(order: str) -> Iterator[Case]:
    for world in _worlds(order):
        yield Case(numbers=_given(world) | _corpora_values(world), value=_stationary(world))


def _stationary_fresh(order: str) -> Iterator[Case]:
    for size, updates in ((2, 1), (3, 2)):
        world = World(size, updates, F(1, 3), F(1, 4), FRESH, order)
        values = _given(world) | _corpora_values(world)
        values["mean_target_diversity"] = gini(FRESH_MEAN)
        yield Case(numbers=values, value=_stationary(world))


def _least(order: str, asked: str) -> Iterator[Case]:
    """The floor is what a world keeps: the least dose (or probability, fraction) is its own."""
    for world in _worlds(order):
        values = _given(world) | _corpora_values(world)
        values["diversity_floor"] = _stationary(world)
        prob, fraction = values.pop("injection_prob"), values.pop("injection_fraction")
        if asked == "injection_prob":
            values["injection_fraction"] = fraction
        if asked == "injection_fraction":
            values["injection_prob"] = prob
        found = {
            "injection_dose": prob * (1 - (1 - fraction) ** 2),
            "injection_prob": prob,
            "injection_fraction": fraction,
        }
        yield Case(numbers=values, value=found[asked])


def _ceiling(order: str, known: tuple[str, ...]) -> Iterator[Case]:
    """Sharp where what is not known is one: an injection of the whole corpus, always."""
    whole = {"injection_prob": F(1), "injection_fraction": F(1)}
    names = ("batch_size", "text_updates", "target_diversity")
    for world in _worlds(order)[:2]:
        given = {name: _given(world)[name] for name in known}
        full = world._replace(
            prob=(whole | given)["injection_prob"], fraction=(whole | given)["injection_fraction"]
        )
        for tried, sharp in ((full, True), (world, False)):
            values = {name: (_given(world) | _corpora_values(world))[name] for name in names}
            if order == "after" and not known:
                values = {"target_diversity": values["target_diversity"]}
            yield Case(numbers=values | given, value=_stationary(tried), sharp=sharp)


def _share() -> Iterator[Case]:
    for prob, fraction in ((F(1), F(2, 7)), (F(1), F(3, 5)), (F(2, 3), F(1, 4))):
        dose = 1 - (1 - prob) - prob * (1 - fraction) ** 2  # of homozygosity, removed on average
        yield Case(numbers={"injection_dose": dose}, value=prob * fraction, sharp=prob == 1)


def _mean_probs() -> Iterator[Case]:
    for order, corpora in (("before", fixed(TARGET)), ("after", FRESH)):
        world = World(2, 1, F(1, 3), F(1, 4), corpora, order)
        target = tuple(sum((c * u[i] for c, u in corpora), F(0)) for i in range(2))
        law = run(world, START, 2, _blurred(2, 2))
        for i in range(2):
            values = {"generations": 2, "text": i, "text_probs": START, "target_probs": target}
            values |= {"injection_prob": world.prob, "injection_fraction": world.fraction}
            found = sum((w * p[i] for p, w in law.items()), F(0))
            yield Case(numbers=values | {"num_texts": 2}, value=found)


def _transient(order: str) -> Iterator[Case]:
    # Of one sign: diversity starts above its stationary value and the overlap below its own.
    starts = {(F(2, 5), F(3, 5)): 1, (F(1, 6), F(5, 6)): 2, (F(9, 10), F(1, 10)): 2}
    for start, times in starts.items():
        world = World(2, 1, F(1, 3), F(1, 4), fixed(TARGET), order)
        level, overlap = _stationary(world), _overlap(start, TARGET)
        values = _given(world) | _corpora_values(world)
        values |= {"generations": times, "initial_text_diversity": gini(start)}
        values |= {"initial_overlap": overlap, "stationary_text_diversity": level}
        one_sign = (gini(start) - level) * (_overlap(TARGET, TARGET) - overlap) >= 0
        found = abs(mean(run(world, start, times), gini) - level)
        yield Case(numbers=values, value=found, sharp=one_sign)


def _urn() -> Iterator[Case]:
    """Two draws from a Polya urn see whether two draws from a Dirichlet corpus differ."""
    for weights in ((F(1), F(2), F(4)), (F(1, 2), F(7, 3))):
        total = sum(weights)
        same = sum((w / total * (w + 1) / (total + 1) for w in weights), F(0))
        pi = tuple(w / total for w in weights)
        values = {"corpus_concentration": total, "mean_target_diversity": gini(pi)}
        yield Case(numbers=values, value=1 - same)


def _time() -> Iterator[Case]:
    with mp.workdps(40):
        for size, factor, level in ((F(3, 4), F(1, 2), F(1, 7)), (F(4, 9), F(9, 10), F(1, 30))):
            low, high = mp.mpf(0), mp.mpf(100)
            for _ in range(110):
                middle = (low + high) / 2
                left = mp.mpf(size.numerator) / size.denominator
                left *= (mp.mpf(factor.numerator) / factor.denominator) ** middle
                below = left * level.denominator < level.numerator
                low, high = (low, middle) if below else (middle, high)
            values = {"transient_size": size, "transient_factor": factor}
            error = mp.mpf(10) ** -25
            yield Case(numbers=values | {"transient_level": level}, value=low, error=error)


# ------------------------------------------------------------------------------------- new texts


def _new_curve() -> Iterator[Case]:
    for size, updates, times in ((2, 0, 2), (2, 1, 3), (3, 2, 2)):
        world = World(size, updates, F(1, 3), F(1, 4), ())
        values = _given(world) | {"generations": times, "initial_text_diversity": gini(START)}
        hot = run_new_text(world, START, times)
        yield Case(numbers=values, value=mean(hot, gini), sharp=True)
    world = World(2, 1, F(1, 3), F(1, 4), ())
    values = _given(world) | {"generations": 1, "initial_text_diversity": gini(START)}
    blurred = run_new_text(world, START, 1, lambda p: text_update(p, 2, DENSITIES[: len(p)]))
    yield Case(numbers=values, value=mean(blurred, gini))


def _new_limit() -> Iterator[Case]:
    for size, updates, prob, fraction in ((2, 1, F(1, 3), F(1, 4)), (3, 2, F(2, 5), F(1, 5))):
        world = World(size, updates, prob, fraction, ())
        yield Case(numbers=_given(world), value=stationary_new_text(world), sharp=True)
    # All densities the same: nothing drifts, and masses are eps (1 - eps)^k in the long run.
    world = World(2, 1, F(1, 3), F(1, 4), ())
    squares = world.fraction**2 / (1 - (1 - world.fraction) ** 2)
    yield Case(numbers=_given(world), value=1 - squares)


def _best_world(size: int, updates: int, prob: Fraction) -> tuple[Fraction, Fraction]:
    """The best fraction of new texts, and what it keeps, by search."""

    def kept(fraction: Fraction) -> Fraction:
        return stationary_new_text(World(size, updates, prob, fraction, ()))

    fraction = best(kept, 50)
    return fraction, kept(fraction)


_found_best = functools.cache(_best_world)
_BEST = ((2, 1, F(1, 3)), (2, 2, F(3, 5)), (3, 1, F(1, 4)))
_SEARCHED = F(1, 2**49)


def _new_best(part: int) -> Iterator[Case]:
    for size, updates, prob in _BEST:
        values = {"batch_size": size, "text_updates": updates, "injection_prob": prob}
        found = _found_best(size, updates, prob)[part]
        yield Case(numbers=values, value=found, error=_SEARCHED)


def _new_least() -> Iterator[Case]:
    for size, updates, prob in _BEST:
        floor = _found_best(size, updates, prob)[1]
        values = {"batch_size": size, "text_updates": updates, "diversity_floor": floor}
        yield Case(numbers=values, value=prob, error=_SEARCHED)


def _new_ceiling() -> Iterator[Case]:
    for size, updates, prob in ((2, 1, F(1)), (3, 2, F(1)), (2, 1, F(1, 3))):
        values = {"batch_size": size, "text_updates": updates}
        found = _found_best(size, updates, prob)[1]
        yield Case(numbers=values, value=found, error=_SEARCHED, sharp=prob == 1)


def _witness(quantity: str, make: Callable[..., Iterator[Case]], *given: Any) -> Witness:
    return Witness(quantity=quantity, method="enumeration", make=functools.partial(make, *given))


_LIMIT = "Abs(H_* - Mean(H[t]))"
_CAPS: dict[str, tuple[str, ...]] = {
    "": (),
    "prob_": ("injection_prob",),
    "fraction_": ("injection_fraction",),
}
WITNESSES: dict[str, Witness] = {
    "corpus_injection_once": _witness("Mean(H_inj)", _once),
    "corpus_injection_dose": _witness("delta_min", _least, "before", "injection_dose"),
    "corpus_injection_dose_after": _witness("delta_min", _least, "after", "injection_dose"),
    "smallest_injected_share": _witness("s_inj", _share),
    "dirichlet_corpus_diversity": _witness("H_u", _urn),
    "corpus_injection_text_probs": _witness("Mean(p[t, i])", _mean_probs),
    "transient_time": Witness(quantity="t_x", method="bisection", make=_time),
    "new_text_curve_lower_bound": _witness("Mean(H[t])", _new_curve),
    "new_text_lower_bound": _witness("H_inf", _new_limit),
    "new_text_best_fraction": _witness("epsilon_*", _new_best, 0),
    "new_text_best_value": _witness("H_best", _new_best, 1),
    "new_text_smallest_prob": _witness("alpha_min", _new_least),
    "new_text_ceiling": _witness("H_best", _new_ceiling),
}
for _order in ("before", "after"):
    WITNESSES |= {
        f"corpus_injection_curve_{_order}": _witness("Mean(H[t])", _curve, _order, False),
        f"corpus_injection_recursion_{_order}": _witness("Mean(H[t])", _curve, _order, True),
        f"corpus_injection_stationary_{_order}": _witness("H_*", _stationary_cases, _order),
        f"corpus_injection_prob_{_order}": _witness("alpha_min", _least, _order, "injection_prob"),
        f"corpus_injection_fraction_{_order}": _witness(
            "epsilon_min", _least, _order, "injection_fraction"
        ),
        f"corpus_injection_transient_{_order}": _witness(_LIMIT, _transient, _order),
        f"fresh_corpus_curve_{_order}": _witness("Mean(H[t])", _fresh, _order),
        f"fresh_corpus_stationary_{_order}": _witness("H_*", _stationary_fresh, _order),
        **{
            f"corpus_injection_{_cap}ceiling_{_order}": _witness("H_*", _ceiling, _order, _known)
            for _cap, _known in _CAPS.items()
        },
    }
