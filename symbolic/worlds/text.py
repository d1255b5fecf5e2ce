"""Small worlds of the text model: three texts, three possible images, every draw listed.

From one state two text updates are made; the first gets three draws, of which it uses two, so that
a relation with one draw too many has a value too (and a wrong one).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from fractions import Fraction

import mpmath as mp

from symbolic import symbols as s
from symbolic.witnesses.enumeration import (
    DENSITIES,
    ONE_HOT,
    PROBS,
    Probs,
    gini,
    mixture,
    posteriors,
    text_update,
)
from symbolic.worlds.world import OfIndices, Outcome, World, small_world

F = Fraction
SIZE, TEXTS, IMAGES = 2, range(3), range(3)
_REFERENCE = (F(1, 5), F(3, 10), F(1, 2))  # a density to compare with


@small_world
def blurred() -> World:
    """Texts whose images overlap."""
    return _world("texts that overlap", DENSITIES)


@small_world
def one_hot() -> World:
    """Texts that no image confuses."""
    return _world("one-hot posteriors", ONE_HOT)


def confusion(probs: Probs, densities: tuple[Probs, ...]) -> Fraction:
    """Mean Gini-Simpson diversity of the posterior over that of the texts."""
    mix, post = mixture(probs, densities), posteriors(probs, densities)
    mean = sum((m * gini(r) for m, r in zip(mix, post, strict=True)), F(0))
    return mean / gini(probs) if gini(probs) else F(0)


def _world(name: str, densities: tuple[Probs, ...]) -> World:
    mix, post = mixture(PROBS, densities), posteriors(PROBS, densities)
    outcomes = tuple(_outcomes(densities))

    def mean(of: Callable[[Outcome], Fraction]) -> Fraction:
        return sum((o.chance * of(o) for o in outcomes), F(0))

    def variance(first: Callable[[Outcome], Fraction], second: Callable[[Outcome], Fraction]) -> F:
        return mean(lambda o: first(o) * second(o)) - mean(first) * mean(second)

    def posterior_covariance(at: dict[object, Fraction]) -> Fraction:
        i, k = int(at[s.text]), int(at[s.other_text])
        both = sum((m * r[i] * r[k] for m, r in zip(mix, post, strict=True)), F(0))
        means = [sum((m * r[j] for m, r in zip(mix, post, strict=True)), F(0)) for j in (i, k)]
        return both - means[0] * means[1]

    def prob_covariance(at: dict[object, Fraction]) -> Fraction:
        first, second = (
            lambda o, j=int(at[index]): o.tables[s.next_text_probs.label](j)
            for index in (s.text, s.other_text)
        )
        return variance(first, second)

    def path_covariance(at: dict[object, Fraction], t: int) -> Fraction:
        first, second = (
            lambda o, j=int(at[index]): o.tables[s.text_probs_at.label](t, j)
            for index in (s.text, s.other_text)
        )
        return variance(first, second)

    def overlap(i: int, k: int) -> mp.mpf:
        return sum(
            mp.sqrt(mp.mpf(x.numerator) / x.denominator)
            for x in (densities[i][y] * densities[k][y] for y in IMAGES)
        )

    path = s.text_diversity_at.label
    confused = s.posterior_confusion_at.label
    return World(
        name=name,
        values={
            s.num_texts: F(len(TEXTS)),
            s.batch_size: F(SIZE),
            s.text_diversity: gini(PROBS),
            s.initial_text_diversity: gini(PROBS),
            s.posterior_confusion: confusion(PROBS, densities),
            s.homozygosity: sum((p**2 for p in PROBS), F(0)),
            s.third_power_sum: sum((p**3 for p in PROBS), F(0)),
            s.initial_third_power_sum: sum((p**3 for p in PROBS), F(0)),
            s.posterior_covariance: posterior_covariance,
            s.text_prob_covariance: prob_covariance,
            s.text_diversity_variance: lambda _at: variance(
                *2 * (lambda o: gini(tuple(o.tables[s.next_text_probs.label](i) for i in TEXTS)),)
            ),
            **_overlap_moments(mix, post),
        },
        tables={
            s.text_probs.label: _at(PROBS),
            s.posterior: lambda i, y: post[y][i],
            s.mixture: _at(mix),
            s.density: lambda i, y: densities[i][y],
            s.reference_density: _at(_REFERENCE),
            s.bhattacharyya.label: overlap,
            s.frozen_bhattacharyya.label: overlap,  # the images do not change here
            s.chi_square_divergence.label: lambda i, k: (
                sum((densities[i][y] ** 2 / densities[k][y] for y in IMAGES), F(0)) - 1
            ),
            s.mean_confused_diversity.label: lambda t: mean(
                lambda o: o.tables[confused](t) * o.tables[path](t)
            ),
            s.text_diversity_variance_at.label: lambda t: variance(
                lambda o: o.tables[path](t), lambda o: o.tables[path](t)
            ),
            s.text_prob_covariance_at.label: OfIndices(path_covariance),
        },
        outcomes=outcomes,
        ranges={s.text: TEXTS, s.other_text: TEXTS, s.image: IMAGES, s.generations: range(3)},
        points={s.image: tuple(map(F, IMAGES))},
    )


def _at(values: Probs) -> Callable[[int], Fraction]:
    return dict(enumerate(values)).__getitem__


def _outcomes(densities: tuple[Probs, ...]) -> Iterator[Outcome]:
    mix, post = mixture(PROBS, densities), posteriors(PROBS, densities)
    for draws in itertools.product(IMAGES, repeat=SIZE + 1):
        after = tuple(sum((post[y][i] for y in draws[:SIZE]), F(0)) / SIZE for i in TEXTS)
        chance = F(1)
        for y in draws:
            chance *= mix[y]
        if not chance:
            continue
        for last, share in text_update(after, SIZE, densities).items():
            yield _outcome(densities, draws, chance * share, (PROBS, after, last))


def _outcome(
    densities: tuple[Probs, ...], draws: tuple[int, ...], chance: Fraction, path: tuple[Probs, ...]
) -> Outcome:
    after, reference = path[1], draws[-1]
    at = dict(enumerate(path))
    ratios = [densities[i][reference] / _REFERENCE[reference] for i in TEXTS]
    mix = mixture(PROBS, densities)[reference] / _REFERENCE[reference]
    return Outcome(
        chance=chance,
        values={
            s.image_draw: F(draws[0]),
            s.next_text_diversity: gini(after),
            s.next_homozygosity: sum((p**2 for p in after), F(0)),
            s.next_third_power_sum: sum((p**3 for p in after), F(0)),
            s.reference_draw: F(reference),
            s.mixture_ratio: mix,
        },
        tables={
            s.next_text_probs.label: _at(after),
            s.text_diversity_at.label: lambda t: gini(at[t]),
            s.posterior_confusion_at.label: lambda t: confusion(at[t], densities),
            s.text_probs_at.label: lambda t, i: at[t][i],
            s.third_power_sum_at.label: lambda t: sum((p**3 for p in at[t]), F(0)),
            s.text_counts.label: lambda i: F(draws[:SIZE].count(i)),
            s.unsettled.label: lambda t: F(max(at[t]) < 1),
            s.text_unsettled.label: lambda t, i: F(0 < at[t][i] < 1),
            s.likelihood_ratio.label: _at(tuple(ratios)),
        },
        draws=tuple({s.image_draw: F(y)} for y in draws),
    )


def _overlap_moments(mix: Probs, post: list[Probs]) -> dict[object, Fraction]:
    """Moments of ``k(y, y') = sum_i r_i(y) r_i(y')`` over independent images."""

    def k(y: int, other: int) -> Fraction:
        return sum((a * b for a, b in zip(post[y], post[other], strict=True)), F(0))

    def mean(of: Callable[[int, int, int], Fraction]) -> Fraction:
        triples = itertools.product(IMAGES, repeat=3)
        return sum((mix[y] * mix[z] * mix[w] * of(y, z, w) for y, z, w in triples), F(0))

    own, pair = mean(lambda y, _z, _w: k(y, y)), mean(lambda y, z, _w: k(y, z))
    return {
        s.self_overlap_variance: mean(lambda y, _z, _w: k(y, y) ** 2) - own**2,
        s.overlap_variance: mean(lambda y, z, _w: k(y, z) ** 2) - pair**2,
        s.self_overlap_covariance: mean(lambda y, z, _w: k(y, y) * k(y, z)) - own * pair,
        s.shared_overlap_covariance: mean(lambda y, z, w: k(y, z) * k(y, w)) - pair**2,
    }
