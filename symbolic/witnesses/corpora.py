"""Corpus injection in small worlds: every injection and every draw enumerated.

Posteriors are one-hot here unless a text update of another kind is given.  Stationary values come
from the exact Markov chain on the grid of text probabilities that text updates leave behind.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any, NamedTuple

from symbolic.witnesses.enumeration import (
    Law,
    Probs,
    along,
    compositions,
    drift,
    gini,
    mean,
    solve,
)

F = Fraction
Corpora = tuple[tuple[Fraction, Probs], ...]


class World(NamedTuple):
    """A co-evolving text model with injection; corpora with their probabilities."""

    size: int
    updates: int
    prob: Fraction
    fraction: Fraction
    corpora: Corpora
    order: str = "before"


def fixed(corpus: Probs) -> Corpora:
    """One corpus, always."""
    return ((F(1), corpus),)


def inject(world: World, probs: Probs) -> Law:
    """Law after a possible injection."""
    law: Law = defaultdict(F)
    law[probs] += 1 - world.prob
    for chance, corpus in world.corpora:
        mixed = tuple(
            (1 - world.fraction) * p + world.fraction * u
            for p, u in zip(probs, corpus, strict=True)
        )
        law[mixed] += world.prob * chance
    return law


def generation(world: World, update: Callable[[Probs], Law], probs: Probs) -> Law:
    """Law after one generation."""
    parts: list[tuple[Callable[[Probs], Law], int]] = [
        (functools.partial(inject, world), 1),
        (update, world.updates),
    ]
    law: Law = {probs: F(1)}
    for kernel, times in parts if world.order == "before" else reversed(parts):
        law = along(law, kernel, times)
    return law


def run(world: World, start: Probs, generations: int, update: Any = None) -> Law:
    """Law after some generations."""
    update = update or (lambda probs: drift(probs, world.size))
    return along({start: F(1)}, lambda probs: generation(world, update, probs), generations)


def stationary_diversity(world: World) -> Fraction:
    """Stationary mean diversity at the end of a generation, by the chain on the grid."""
    texts = len(world.corpora[0][1])
    grid = [tuple(F(c, world.size) for c in counts) for counts in compositions(world.size, texts)]
    ahead = world._replace(order="before")
    chain = {g: generation(ahead, lambda p: drift(p, world.size), g) for g in grid}
    law = stationary(grid, chain)
    if world.order == "after":
        law = along(law, functools.partial(inject, world), 1)
    return mean(law, gini)


def stationary(states: Iterable[Any], chain: dict[Any, dict[Any, Any]]) -> dict[Any, Any]:
    """Stationary law of a finite chain: visits to each state between visits to the first."""
    first, *others = states
    rows = [[F(i == j) - chain[i].get(j, F(0)) for i in others] for j in others]
    visits = solve(rows, [chain[first].get(j, F(0)) for j in others])
    total = 1 + sum(visits)
    return {first: 1 / total, **{j: v / total for j, v in zip(others, visits, strict=True)}}


# ------------------------------------------------- reading A: new texts, and what is left of them


def add_text(world: World, probs: Probs) -> Law:
    """Law after a possible injection of a new text."""
    law: Law = defaultdict(F)
    law[probs] += 1 - world.prob
    law[(*((1 - world.fraction) * p for p in probs), world.fraction)] += world.prob
    return law


def run_new_text(world: World, start: Probs, generations: int, update: Any = None) -> Law:
    """Law after some generations in which new texts may come in, first in each generation."""
    update = update or (lambda probs: _partition(drift(probs, world.size)))
    law: Law = {start: F(1)}
    for _ in range(generations):
        law = along(law, functools.partial(add_text, world), 1)
        law = along(law, update, world.updates)
    return law


def _partition(law: Law) -> Law:
    """Forget which text is which, and the lost ones: only diversity is asked for."""
    merged: Law = defaultdict(F)
    for probs, chance in law.items():
        merged[tuple(sorted(p for p in probs if p))] += chance
    return dict(merged)


def stationary_new_text(world: World) -> Fraction:
    """Stationary mean diversity under new texts, by the chain on the partitions of N."""
    states: list[Probs] = []
    chain: dict[Probs, Law] = {}
    found: list[Probs] = [(F(1),)]
    while found:
        state = found.pop()
        states.append(state)
        chain[state] = run_new_text(world, state, 1)
        found += [s for s in chain[state] if s not in states and s not in found]
    return mean(stationary(states, chain), gini)


def best(function: Callable[[Fraction], Fraction], bits: int) -> Fraction:
    """Where in [0, 1] a function with one peak is largest, to so many bits: ternary search."""
    low, high = 0, 2**bits
    while high - low > 2:
        third = (high - low) // 3
        if function(F(low + third, 2**bits)) < function(F(high - third, 2**bits)):
            low += third
        else:
            high -= third
    return F(low + high, 2 ** (bits + 1))
