"""Small worlds of corpus injection: one generation, injected or not, every draw listed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from symbolic import symbols as s
from symbolic.model.injection import injected_probs, updated, updated_overlap, updated_probs
from symbolic.witnesses.enumeration import DENSITIES, ONE_HOT, PROBS, Probs, gini, text_update
from symbolic.worlds.world import Outcome, World, small_world

F = Fraction
ALPHA, EPSILON, SIZE, UPDATES = F(2, 5), F(1, 7), 2, 2
TARGET = (F(1, 2), F(1, 5), F(3, 10))
_CORPORA: dict[Probs, Fraction] = {
    (F(3, 4), F(1, 10), F(3, 20)): F(1, 3),
    (F(3, 8), F(1, 4), F(3, 8)): F(2, 3),
}
_TEXTS = range(3)
NOW = 3  # the generation that is looked at; nothing happened before it


@small_world
def before() -> World:
    """A fixed corpus, injected before the text updates."""
    return _world("fixed corpus, injected before", {TARGET: F(1)}, first=True)


@small_world
def at_target() -> World:
    """A start that is the target."""
    values = {s.initial_overlap: overlap(TARGET), s.target_diversity: gini(TARGET)}
    return World(name="start at the target", values=values)


@small_world
def after() -> World:
    """A fixed corpus, injected after the text updates."""
    return _world("fixed corpus, injected after", {TARGET: F(1)}, first=False)


@small_world
def fresh() -> World:
    """A corpus drawn afresh, whose mean is the target."""
    return _world("fresh corpora", _CORPORA, first=True)


@small_world
def new_text() -> World:
    """A new text in each injection, updates first."""
    mixed = (*((1 - EPSILON) * p for p in PROBS), EPSILON)
    outcomes = tuple(
        Outcome(chance=chance, values={s.injected_diversity: gini(probs)})
        for chance, probs in ((ALPHA, mixed), (1 - ALPHA, PROBS))
    )
    return replace(before(), name="new texts", outcomes=outcomes)


def overlap(probs: Probs, other: Probs = TARGET) -> Fraction:
    """Sum of products."""
    return sum((p * q for p, q in zip(probs, other, strict=True)), F(0))


def _mixed(probs: Probs, corpus: Probs) -> Probs:
    return tuple((1 - EPSILON) * p + EPSILON * u for p, u in zip(probs, corpus, strict=True))


def _world(name: str, corpora: Mapping[Probs, Fraction], *, first: bool) -> World:
    mean_corpus = tuple(sum((c * u[i] for u, c in corpora.items()), F(0)) for i in _TEXTS)
    diversity = sum((c * gini(u) for u, c in corpora.items()), F(0))
    at = {s.text_probs.label: PROBS, s.target_probs.label: mean_corpus}
    return World(
        name=name,
        values={
            s.num_texts: F(3),
            s.batch_size: F(SIZE),
            s.text_updates: F(UPDATES),
            s.injection_prob: ALPHA,
            s.injection_fraction: EPSILON,
            s.text_diversity: gini(PROBS),
            s.initial_text_diversity: gini(PROBS),
            s.target_diversity: diversity,
            s.mean_target_diversity: gini(mean_corpus),
            s.target_overlap: overlap(PROBS),
            s.initial_overlap: overlap(PROBS),
        },
        tables={label: dict(enumerate(values)).__getitem__ for label, values in at.items()},
        outcomes=tuple(_outcomes(corpora, first=first)),
        ranges={s.text: _TEXTS, s.other_text: _TEXTS, s.generations: (NOW,)},
    )


def _paths(start: Probs, times: int) -> Iterator[tuple[Fraction, tuple[Probs, ...]]]:
    """Give all paths of text updates, with their chances."""
    if not times:
        yield F(1), (start,)
        return
    densities = DENSITIES if times % 2 else ONE_HOT  # the images move between the updates
    for following, chance in text_update(start, SIZE, densities).items():
        for share, rest in _paths(following, times - 1):
            yield chance * share, (start, *rest)


def _outcomes(corpora: Mapping[Probs, Fraction], *, first: bool) -> Iterator[Outcome]:
    """One generation from ``PROBS``; what an injection makes of ``PROBS`` itself is told too."""
    for corpus, likely in corpora.items():
        for injects, chance in ((True, ALPHA), (False, 1 - ALPHA)):
            at_once = _mixed(PROBS, corpus) if injects else PROBS
            for share, path in _paths(at_once if first else PROBS, UPDATES):
                last = path[-1] if first or not injects else _mixed(path[-1], corpus)
                yield _outcome(likely * chance * share, corpus, at_once, path, (PROBS, last))


def _outcome(
    chance: Fraction,
    corpus: Probs,
    at_once: Probs,
    updates: tuple[Probs, ...],
    generations: tuple[Probs, Probs],
) -> Outcome:
    at = {0: generations[0], NOW: generations[0], NOW + 1: generations[1]}
    tables: dict[Any, Any] = {
        s.corpus_probs.label: dict(enumerate(corpus)).__getitem__,
        s.text_diversity_at.label: lambda t: gini(at[t]),
        s.injected_diversity_at.label: lambda t: {NOW: gini(at_once)}[t],
        s.target_overlap_at.label: lambda t: overlap(at[t]),
        s.text_probs_at.label: lambda t, i: at[t][i],
        injected_probs.label: lambda t, i: {NOW: at_once}[t][i],
        updated.label: lambda m: dict(enumerate(map(gini, updates)))[m],
        updated_probs.label: lambda m, i: dict(enumerate(updates))[m][i],
    }
    return Outcome(
        chance=chance,
        values={
            s.injected_diversity: gini(at_once),
            s.next_target_overlap: overlap(generations[1]),
            updated_overlap: overlap(updates[-1]),
        },
        tables=tables,
    )
