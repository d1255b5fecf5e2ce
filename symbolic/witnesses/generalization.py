"""Witnesses of generalisation: everything that may happen in tiny loops, in rationals.

What a bound gives away is added up from what each of its steps gives away: the change of a loss by
one swapped example, that of the law of what follows, and the difference of the two laws' risks.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import mpmath as mp

from symbolic.witness import Case, Witness
from symbolic.witnesses.generalization_loop import Loop, mean_of, swapped
from symbolic.witnesses.generalization_loops import one_way, remembering

F = Fraction


def _events(loop: Loop) -> Iterator[tuple[Fraction, tuple[int, ...], Any, tuple[int, ...]]]:
    """Real data, the last law, and what it generated."""
    for chance, data in loop.real_data():
        for share, laws in loop.paths(data):
            for weight, made in loop.samples(laws[-1], loop.generated):
                yield chance * share * weight, data, laws[-1], made


def _mean(loop: Loop, of: Callable[..., Fraction]) -> Fraction:
    return sum((chance * of(data, law, made) for chance, data, law, made in _events(loop)), F(0))


def _real_part(loop: Loop) -> Callable[..., Fraction]:
    return lambda data, _law, made: (
        loop.risk(loop.law, data, made) - loop.mean_loss(data, data, made)
    )


def _made_part(loop: Loop) -> Callable[..., Fraction]:
    return lambda data, law, made: loop.risk(law, data, made) - loop.mean_loss(made, data, made)


def _away(loop: Loop) -> Callable[..., Fraction]:
    return lambda data, law, made: loop.risk(loop.law, data, made) - loop.risk(law, data, made)


def _gap(loop: Loop) -> Callable[..., Fraction]:
    share = loop.share

    def gap(data: Any, _law: Any, made: Any) -> Fraction:
        own = (1 - share) * loop.mean_loss(made, data, made)
        if share:
            own += share * loop.mean_loss(data, data, made)
        return loop.risk(loop.law, data, made) - own

    return gap


def _real_swaps(loop: Loop) -> tuple[Fraction, Fraction]:
    """How much one real example changes a loss, and then what it was that followed."""
    kept = crossed = moved = F(0)
    for chance, data, _, made in _events(loop):
        for place, (x, p) in itertools.product(range(loop.real), enumerate(loop.law)):
            other, weight = swapped(data, place, x), chance * p / loop.real
            kept += weight * loop.loss(loop.kept(data), made, x)
            crossed += weight * loop.loss(loop.kept(other), made, x)
            moved += weight * sum(
                (q * loop.loss(loop.kept(other), m, x) for m, q in loop.batch(other).items()), F(0)
            )
    return kept - crossed, crossed - moved


def _made_swaps(loop: Loop) -> Fraction:
    """How much one generated example changes a loss."""
    found = F(0)
    for chance, data, law, made in _events(loop):
        kept = loop.kept(data)
        for place, (x, p) in itertools.product(range(loop.generated), enumerate(law)):
            change = loop.loss(kept, made, x) - loop.loss(kept, swapped(made, place, x), x)
            found += chance * p / loop.generated * change
    return found


def _bounds(loop: Loop) -> dict[str, Any]:
    return {
        "loss_bound": loop.most_loss(),
        "uniform_stability": loop.uniform_stability(),
        "recursive_stability": loop.recursive_stability(),
    }


# -------------------------------------------------------------------------------------- one part


def _part_means() -> Iterator[Case]:
    for loop in (remembering(True, 1), remembering(True, 2), remembering(True, 1, real=3)):
        numbers = _bounds(loop)
        numbers["part_stability"] = numbers.pop("recursive_stability")
        stable, followed = _real_swaps(loop)
        slack = (
            numbers["uniform_stability"] - stable
            + numbers["loss_bound"] * numbers["part_stability"] - followed
        )  # fmt: skip
        found = _mean(loop, _real_part(loop))
        yield Case(numbers=numbers, value=abs(found), sharp=True, slack=slack)
        numbers = numbers | {"part_stability": 0}
        slack = numbers["uniform_stability"] - _made_swaps(loop)
        found = _mean(loop, _made_part(loop))
        yield Case(numbers=numbers, value=abs(found), sharp=True, slack=slack)


def _part_squares() -> Iterator[Case]:
    for loop in (remembering(True, 1), remembering(True, 2), one_way(2)):
        bounds = _bounds(loop)
        follow = bounds.pop("recursive_stability")
        for real, size, stability in ((True, loop.real, follow), (False, loop.generated, F(0))):
            numbers = bounds | {"part_stability": stability, "part_size": size}
            found = _mean_square(loop, (_real_part if real else _made_part)(loop))
            slack = _square_slack(loop, real, stability)
            yield Case(numbers=numbers, value=found, sharp=True, slack=slack)


def _mean_square(loop: Loop, of: Callable[..., Fraction]) -> Fraction:
    return _mean(loop, lambda *event: of(*event) ** 2)


def _square_slack(loop: Loop, real: bool, stability: Fraction) -> Fraction:
    """What the bound on a part's mean square gives away: at each swap, and at pairs of losses."""
    size = loop.real if real else loop.generated
    range_ = loop.most_loss()
    change = 2 * range_ * loop.uniform_stability() + range_**2 * stability

    def slack(data: tuple[int, ...], law: Any, made: tuple[int, ...]) -> Fraction:
        kept = loop.kept(data)

        def loss(x: int) -> Fraction:
            return loop.loss(kept, made, x)

        of = loop.law if real else law
        part = [loss(x) for x in (data if real else made)]
        fresh = mean_of(of, loss)
        product = fresh * sum(part, F(0)) / size
        pairs = sum((x * y for x, y in itertools.permutations(part, 2)), F(0))
        own = sum((x**2 for x in part), F(0)) / size
        new = mean_of(of, lambda x: loss(x) ** 2)
        swaps = change - fresh**2 + product + (change - own + new + change) / (2 * size)
        if size > 1:
            swaps += (1 - F(1, size)) * (change - pairs / (size * (size - 1)) + product)
        return swaps + (range_**2 - own - new + 2 * product) / (2 * size)

    return _mean(loop, slack)


# ------------------------------------------------------------------------------------ whole loops


def _setting(loop: Loop) -> dict[str, Any]:
    numbers = _bounds(loop) | {
        "generation_error": loop.generation_error(),
        "generations": loop.times,
    }
    if not loop.share:
        del numbers["recursive_stability"]
        return numbers
    return numbers | {"real_share": loop.share}


def _most_shift(loop: Loop) -> Fraction:
    """The largest shift that such errors can add up to."""
    found, error = F(0), loop.generation_error()
    for _ in range(loop.times):
        found = (1 - loop.share) * found + error
    return found


def _expected(keeps: bool) -> Iterator[Case]:
    loops = [one_way(times, keeps=keeps) for times in (1, 2, 3)]
    loops += [remembering(keeps, 1), remembering(keeps, 2), remembering(keeps, 1, generated=2)]
    for loop in loops:
        numbers, share = _setting(loop), loop.share
        range_, stable = numbers["loss_bound"], numbers["uniform_stability"]
        slack = (1 - share) * (range_ * _most_shift(loop) - _mean(loop, _away(loop)))
        slack += (1 - share) * (stable - _made_swaps(loop))
        if share:
            own, followed = _real_swaps(loop)
            slack += share * (stable - own + range_ * numbers["recursive_stability"] - followed)
        found = _mean(loop, _gap(loop))
        yield Case(numbers=numbers, value=abs(found), sharp=found > 0, slack=slack)


def _deviation(loop: Loop) -> Callable[..., Fraction]:
    real, made = _real_part(loop), _made_part(loop)
    return lambda *event: loop.share * real(*event) + (1 - loop.share) * made(*event)


def _moment_slack(loop: Loop) -> Fraction:
    """What is given away on the two parts, and by the convexity of the square."""
    share, real, made = loop.share, _real_part(loop), _made_part(loop)
    apart = _mean(loop, lambda *event: (real(*event) - made(*event)) ** 2)
    slack = share * _square_slack(loop, True, loop.recursive_stability())
    slack += (1 - share) * _square_slack(loop, False, F(0))
    return slack + share * (1 - share) * apart


def _moments() -> Iterator[Case]:
    for loop in (one_way(1), one_way(3), remembering(True, 1), remembering(True, 2)):
        numbers = _bounds(loop) | {"real_share": loop.share}
        numbers["num_examples"] = loop.real + loop.generated
        found = _mean_square(loop, _deviation(loop))
        yield Case(numbers=numbers, value=found, sharp=True, slack=_moment_slack(loop))


def _reached(loop: Loop, of: Callable[..., Fraction], chance: Fraction) -> Fraction:
    """The largest size that is reached with such a probability or a larger one."""
    sizes = [(p, abs(of(*event))) for p, *event in _events(loop)]
    return max(x for _, x in sizes if sum(p for p, y in sizes if y >= x) >= chance)


def _confidence(keeps: bool) -> Iterator[Case]:
    """What is given away: by the largest shift, and by the mean square and its bound."""
    for loop, chance in (
        (one_way(1, keeps=keeps), F(1, 5)),
        (one_way(3, keeps=keeps), F(1, 20)),
        (remembering(keeps, 1), F(1, 10)),
        (remembering(keeps, 1, generated=2), F(1, 4)),
    ):
        numbers, size = _setting(loop) | {"error_chance": chance}, loop.generated
        if keeps:
            numbers["num_examples"] = loop.real + size
            square = _mean_square(loop, _deviation(loop)) + _moment_slack(loop)
        else:
            numbers["num_generated"] = size
            square = _mean_square(loop, _made_part(loop)) + _square_slack(loop, False, F(0))
        found = _reached(loop, _gap(loop), chance)
        slack = (1 - loop.share) * numbers["loss_bound"] * _most_shift(loop) - found
        yield Case(
            numbers=numbers,
            value=found,
            error=mp.mpf(10) ** -30,
            sharp=True,
            slack=_real(slack) + mp.sqrt(_real(square / chance)),
        )


def _real(value: Fraction) -> Any:
    return mp.mpf(value.numerator) / value.denominator


def _lipschitz() -> Iterator[Case]:
    """The distance of a point from the mean of some numbers, of which one moves."""
    for numbers, step, steep, point in (
        ((F(1), F(-2), F(4)), F(5, 3), F(3, 4), F(10)),
        ((F(1), F(-2), F(4), F(1, 2)), F(2), F(2), F(-7)),
        ((F(1), F(-2), F(4)), F(5, 3), F(3, 4), F(6, 5)),
    ):
        size = len(numbers)
        means = [(sum(numbers, F(0)) + moved) / size for moved in (0, step)]
        change = abs(steep * abs(point - means[0]) - steep * abs(point - means[1]))
        between = means[0] < point < means[1]
        values = {"loss_lipschitz": steep, "example_distance": step, "num_examples": size}
        yield Case(numbers=values, value=change, sharp=not between)


def _exact(quantity: str, make: Callable[..., Iterator[Case]], *given: Any) -> Witness:
    def cases() -> tuple[Case, ...]:
        with mp.workdps(40):
            return tuple(make(*given))

    return Witness(quantity=quantity, method="enumeration", make=functools.cache(cases))


WITNESSES: dict[str, Witness] = {
    "generalization_part": _exact("Abs(Mean(g_P))", _part_means),
    "generalization_part_square": _exact("Mean(g_P**2)", _part_squares),
    "generalization_expected": _exact("Abs(Mean(gap_G))", _expected, True),
    "generalization_expected_without_real": _exact("Abs(Mean(gap_G))", _expected, False),
    "generalization_second_moment": _exact("Mean(dev_G**2)", _moments),
    "generalization_confidence": _exact("q_gap", _confidence, True),
    "generalization_confidence_without_real": _exact("q_gap", _confidence, False),
    "uniform_stability_lipschitz": _exact("beta_n", _lipschitz),
}
