"""Small worlds of one part of a training set: one of its examples is swapped with a fresh one."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Any

from symbolic import symbols as s
from symbolic.symbols import generalization_parts as g
from symbolic.witnesses.generalization_loop import Law, Loop, apart, mean_of, swapped
from symbolic.witnesses.generalization_loops import remembering
from symbolic.worlds.world import Outcome, World, small_world

F = Fraction
Examples = tuple[int, ...]
PartLoss = Callable[[Examples, Examples, int], Fraction]  # part, what follows it, example
Follows = Callable[[Examples], Iterable[tuple[Fraction, Examples]]]


def _own(law: Law, part: Examples, others: Examples, loss: PartLoss) -> dict[Any, Fraction]:
    """Risk on the law of a part, and mean losses on the part."""

    def squared(x: int) -> Fraction:
        return loss(part, others, x) ** 2

    losses, size = [loss(part, others, x) for x in part], len(part)
    risk = mean_of(law, lambda x: loss(part, others, x))
    mean = sum(losses, F(0)) / size
    pairs = [x * y for x, y in itertools.permutations(losses, 2)]
    return {
        g.part_population: risk,
        g.population_square: mean_of(law, squared),
        g.part_risk: mean,
        g.part_squares: sum((x**2 for x in losses), F(0)) / size,
        g.part_pairs: sum(pairs, F(0)) / len(pairs),
        g.part_deviation: risk - mean,
    }


def _swaps(loop: Loop, law: Law, size: int, follows: Follows, loss: PartLoss) -> Iterator[Outcome]:
    """List a part, what follows it, two fresh examples and a place to put one of them."""
    fresh = [(p, k) for k, p in enumerate(law) if p]
    for chance, part in loop.samples(law, size):
        for share, others in follows(part):
            own = _own(law, part, others, loss)
            for (p, x), (q, y), place in itertools.product(fresh, fresh, range(size)):
                weight = chance * share * p * q / size
                first, second = swapped(part, place, x), swapped(part, place, y)
                other = part[(place + 1) % size]
                for (u, once), (v, twice) in itertools.product(follows(first), follows(second)):
                    # The fit to the data; with an example swapped; and with what then follows.
                    with_first = ((part, others), (first, others), (first, once))
                    with_second = ((part, others), (second, others), (second, twice))
                    rows = ((with_second, x, y), (with_first, x, other), (with_first, x, x))
                    products = [
                        [loss(*fit, a) * loss(*fit, b) for fit in fits] for fits, a, b in rows
                    ]
                    yield _outcome(
                        weight * u * v, own, [loss(*fit, x) for fit in with_first], products
                    )


def _outcome(
    chance: Fraction, own: dict[Any, Fraction], losses: list[Fraction], products: Any
) -> Outcome:
    bases = (g.fresh_product, g.crossed_product, g.moved_product)
    names = (g.fresh_loss, g.crossed_loss, g.moved_loss)
    columns = [[row[k] for row in products] for k in range(3)]
    return Outcome(
        chance=chance,
        values=own | dict(zip(names, losses, strict=True)),
        tables={
            base.label: column.__getitem__ for base, column in zip(bases, columns, strict=True)
        },
    )


def _part_world(name: str, loop: Loop, size: int, stability: Fraction, outcomes: Any) -> World:
    return World(
        name=name,
        values={
            g.part_size: F(size),
            g.part_stability: stability,
            s.loss_bound: loop.most_loss(),
            s.uniform_stability: loop.uniform_stability(),
        },
        outcomes=tuple(outcomes),
        ranges={g.swap: range(3)},
    )


@small_world
def real() -> World:
    """Real examples, which what is generated follows."""
    loop = remembering(True, 1)

    def follows(data: tuple[int, ...]) -> list[tuple[Fraction, tuple[int, ...]]]:
        return [(chance, made) for made, chance in loop.batch(data).items()]

    return _part_world(
        "real examples", loop, loop.real, loop.recursive_stability(),
        _swaps(loop, loop.law, loop.real, follows, loop.loss),
    )  # fmt: skip


@small_world
def made() -> World:
    """Generated examples, given the model that made them; the real ones stay."""
    loop, data = remembering(True, 1, generated=2), (0, 1)
    ((_, laws),) = loop.paths(data)

    def follows(_made: tuple[int, ...]) -> list[tuple[Fraction, tuple[int, ...]]]:
        return [(F(1), data)]

    def loss(made: tuple[int, ...], kept: tuple[int, ...], x: int) -> Fraction:
        return loop.loss(kept, made, x)

    return _part_world(
        "generated examples", loop, loop.generated, F(0),
        _swaps(loop, laws[-1], loop.generated, follows, loss),
    )  # fmt: skip


@small_world
def told() -> World:
    """Two laws of what follows, and a loss that tells them apart as well as can be."""
    bound, laws = F(5, 2), ((F(2, 3), F(1, 3)), (F(1, 4), F(3, 4)))
    pairs = itertools.product(enumerate(laws[0]), enumerate(laws[1]))
    return World(
        name="laws told apart",
        values={s.loss_bound: bound, g.part_stability: apart(*laws)},
        outcomes=tuple(
            Outcome(
                chance=p * q,
                values={g.crossed_loss: bound * (x == 0), g.moved_loss: bound * (y == 0)},
                tables={
                    g.crossed_product.label: lambda _k, x=x: bound**2 * (x == 0),
                    g.moved_product.label: lambda _k, y=y: bound**2 * (y == 0),
                },
            )
            for (x, p), (y, q) in pairs
        ),
        ranges={g.swap: range(3)},
    )


def _opposed(part: Fraction, fresh: Fraction, bound: Fraction) -> World:
    """One loss on every example of the part, another one on every fresh one."""
    values = {
        g.part_squares: part**2,
        g.part_risk: part,
        g.population_square: fresh**2,
        g.part_population: fresh,
    }
    return World(
        name="the largest difference",
        values={s.loss_bound: bound},
        outcomes=(Outcome(chance=F(1), values=values),),
    )


@small_world
def extreme() -> World:
    """No loss on a fresh example, the largest one on each of the part."""
    return _opposed(F(5, 2), F(0), F(5, 2))


@small_world
def opposite() -> World:
    """The largest loss on a fresh example, none on each of the part."""
    return _opposed(F(0), F(5, 2), F(5, 2))


@small_world
def slight() -> World:
    """Two of the largest losses, both of which a swap changes slightly."""
    bound, change = F(5, 2), F(1, 100)
    tables = {
        g.fresh_product.label: lambda _k: bound**2,
        g.crossed_product.label: lambda _k: (bound - change) ** 2,
    }
    return World(
        name="a slight change",
        values={s.loss_bound: bound, s.uniform_stability: change},
        outcomes=(Outcome(chance=F(1), tables=tables),),
        ranges={g.swap: range(3)},
    )
