"""Small worlds of generalisation: tiny loops, and swaps of one example of a part."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from symbolic import symbols as s
from symbolic.model.generalization import member_at, other_member_at
from symbolic.symbols import generalization_parts as g
from symbolic.witnesses.generalization_loop import Loop, apart, mean_of, swapped
from symbolic.witnesses.generalization_loops import one_way, remembering
from symbolic.worlds.reader import holds
from symbolic.worlds.world import Outcome, World, small_world

F = Fraction
CHANCE = F(1, 5)


# --------------------------------------------------------------------------------- whole loops


def _whole(name: str, loop: Loop) -> World:
    outcomes = []
    for chance, data in loop.real_data():
        for share, laws in loop.paths(data):
            for weight, made in loop.samples(laws[-1], loop.generated):
                risks = [loop.risk(law, data, made) for law in (loop.law, laws[-1])]
                parts = [loop.mean_loss(part, data, made) for part in (data, made)]
                gaps = [risk - part for risk, part in zip(risks, parts, strict=True)]
                whole = loop.share * parts[0] + (1 - loop.share) * parts[1]
                outcomes.append(
                    Outcome(
                        chance=chance * share * weight,
                        values={
                            g.population_risk: risks[0],
                            g.generated_risk: risks[1],
                            g.real_risk: parts[0],
                            g.synthetic_risk: parts[1],
                            g.model_shift: apart(laws[-1], loop.law),
                            s.generalization_gap: risks[0] - whole,
                            s.generalization_deviation: loop.share * gaps[0]
                            + (1 - loop.share) * gaps[1],
                        },
                    )
                )
    return World(
        name=name,
        values={
            s.real_share: loop.share,
            s.num_real: F(loop.real),
            s.num_generated: F(loop.generated),
            s.num_examples: F(loop.real + loop.generated),
            s.loss_bound: loop.most_loss(),
            s.error_chance: CHANCE,
            g.gap_quantile: _reached(outcomes, s.generalization_gap),
            g.deviation_quantile: _reached(outcomes, s.generalization_deviation),
        },
        tables={s.distribution_shift_at.label: {loop.times: loop.distribution_shift()}.__getitem__},
        outcomes=tuple(outcomes),
        ranges={s.generations: (loop.times,)},
    )


def _reached(outcomes: list[Outcome], name: Any) -> Fraction:
    """The largest size that is reached with the probability `CHANCE` or more."""
    sizes = {abs(o.values[name]) for o in outcomes}
    return max(
        x for x in sizes if sum(o.chance for o in outcomes if abs(o.values[name]) >= x) >= CHANCE
    )


@small_world
def mixed() -> World:
    """A loop that keeps its real examples."""
    return _whole("a tiny loop", remembering(True, 2))


@small_world
def alone() -> World:
    """A loop on generated examples alone."""
    return _whole("a tiny loop on generated examples", remembering(False, 2))


@small_world
def away() -> World:
    """A loop that moves to another outcome, on which there is no loss."""
    return _whole("a loop that moves away", one_way(2))


def dual(statement: Relational) -> bool:
    """Tell whether a bound holds in loops and is attained in one that moves away."""
    equal = sp.Eq(*statement.args, evaluate=False)
    return holds(equal, away()) and holds(statement, mixed()) and not holds(equal, mixed())


def tails(statement: Relational) -> bool:
    """Tell whether a bound on rare values holds in loops, and is attained where one can be."""
    size = F(3, 2)
    sides = ((CHANCE, size), (1 - CHANCE, F(0)))
    shift = F(2, 3)
    rare = World(
        name="a rare value",
        values={
            s.error_chance: CHANCE,
            s.real_share: F(1, 4),
            s.loss_bound: F(2),
            g.deviation_quantile: size,
            g.gap_quantile: size + F(3, 4) * 2 * shift,
        },
        tables={s.distribution_shift_at.label: lambda _t: shift},
        outcomes=tuple(
            Outcome(chance=chance, values={s.generalization_deviation: value})
            for chance, value in sides
        ),
        ranges={s.generations: (1,)},
    )
    equal = sp.Eq(*statement.args, evaluate=False)
    loops = (mixed(), alone())
    strict = any(not holds(equal, world) for world in loops)
    return holds(equal, rare) and strict and all(holds(statement, world) for world in loops)


# ------------------------------------------------------------------------- one example swapped


def _swaps(loop: Loop, law: Any, part: Any, follows: Any, loss: Any) -> Iterator[Outcome]:
    """List a part, what follows it, two fresh examples and a place to put one of them."""
    fresh = [(p, k) for k, p in enumerate(law) if p]
    for chance, examples in loop.samples(law, part):
        for share, others in follows(examples):
            risk = mean_of(law, lambda x, e=examples, o=others: loss(e, o, x))
            square = mean_of(law, lambda x, e=examples, o=others: loss(e, o, x) ** 2)
            losses = [loss(examples, others, x) for x in examples]
            own = {
                g.part_population: risk,
                g.population_square: square,
                g.part_risk: sum(losses, F(0)) / part,
                g.part_squares: sum((x**2 for x in losses), F(0)) / part,
                g.part_pairs: sum(
                    (x * y for x, y in itertools.permutations(losses, 2)), F(0)
                ) / (part * (part - 1)),
            }  # fmt: skip
            own[g.part_deviation] = own[g.part_population] - own[g.part_risk]
            for (p, x), (q, y), place in itertools.product(fresh, fresh, range(part)):
                weight = chance * share * p * q / part
                first, second = swapped(examples, place, x), swapped(examples, place, y)
                other = examples[(place + 1) % part]
                for (u, once), (v, twice) in itertools.product(follows(first), follows(second)):
                    # Whose examples and followers; which two losses are multiplied.
                    models = (
                        ((examples, others), (second, others), (second, twice)),
                        ((examples, others), (first, others), (first, once)),
                        ((examples, others), (first, others), (first, once)),
                    )
                    points = ((x, y), (x, other), (x, x))
                    products = [
                        [loss(*model, a) * loss(*model, b) for model in row]
                        for row, (a, b) in zip(models, points, strict=True)
                    ]
                    bases = (g.fresh_product, g.crossed_product, g.moved_product)
                    plain = (g.fresh_loss, g.crossed_loss, g.moved_loss)
                    yield Outcome(
                        chance=weight * u * v,
                        values=own | {
                            name: loss(*model, x)
                            for name, model in zip(plain, models[1], strict=True)
                        },
                        tables={
                            base.label: [row[k] for row in products].__getitem__
                            for k, base in enumerate(bases)
                        },
                    )  # fmt: skip


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


@small_world
def extreme() -> World:
    """No loss on a fresh example, the largest one on each of the part."""
    bound = F(5, 2)
    values = {g.part_squares: bound**2, g.part_risk: bound}
    nothing = {g.population_square: F(0), g.part_population: F(0)}
    return World(
        name="the largest difference",
        values={s.loss_bound: bound},
        outcomes=(Outcome(chance=F(1), values=values | nothing),),
    )


def _distance(name: str, point: Fraction) -> World:
    """Three numbers, one of which moves; the loss is the distance of a point from their mean."""
    numbers, step, steep = (F(1), F(-2), F(4)), F(5, 3), F(3, 4)
    other = (numbers[0], numbers[1] + step, numbers[2])
    means = [sum(values, F(0)) / 3 for values in (numbers, other)]
    losses = [steep * abs(point - mean) for mean in means]
    return World(
        name=name,
        values={
            s.num_examples: F(3),
            s.example_distance: step,
            s.loss_lipschitz: steep,
            g.mean_change: abs(means[1] - means[0]),
            s.uniform_stability: abs(losses[1] - losses[0]),
        },
        outcomes=(
            Outcome(
                chance=F(1),
                tables={
                    member_at.label: numbers.__getitem__,
                    other_member_at.label: other.__getitem__,
                },
            ),
        ),
    )


@small_world
def beyond() -> World:
    """A point beyond both means: the loss changes by all of the change of the mean."""
    return _distance("a point beyond both means", F(10))


@small_world
def between() -> World:
    """A point between the means."""
    return _distance("a point between the means", F(6, 5))
