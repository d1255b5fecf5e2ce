"""Small worlds of generalisation: tiny loops, of which everything that may happen is listed."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from symbolic import symbols as s
from symbolic.model.generalization import member_at, other_member_at
from symbolic.symbols import generalization_parts as g
from symbolic.witnesses.generalization_loop import Loop, apart
from symbolic.witnesses.generalization_loops import one_way, remembering
from symbolic.worlds.reader import holds
from symbolic.worlds.world import Outcome, World, small_world

F = Fraction
CHANCE = F(1, 5)


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
