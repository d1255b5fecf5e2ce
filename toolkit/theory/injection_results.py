"""What is known in advance of text diversity under corpus injection (theory, section 2, T5)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from symbolic import Kind
from symbolic.theorems import injection as _injection
from symbolic.theorems import injection_paths as _paths
from toolkit import labels
from toolkit.systems import CoevolvingSystem
from toolkit.theory.facts import (
    FIXED,
    OPEN,
    corpus_target,
    diversity,
    injected_probs,
    one_hot,
    settled,
)
from toolkit.theory.numbers import expression, number
from toolkit.theory.results import SETTLED, Collector

FloatArray = npt.NDArray[np.float64]


def fixed_corpus(system: CoevolvingSystem, generation: FloatArray, found: Collector) -> None:
    """Collect the results under a fixed corpus, or one drawn afresh each time."""
    found.omit(OPEN, "a corpus is injected: drift is not all that acts on the texts.")
    found.omit("new_text_lower_bound", "the corpus is read as a fixed one, not as new texts.")
    assert system.corpus is not None
    values, target = _injection_values(system), corpus_target(system)
    mean = injected_probs(
        np.asarray(system.text_probs),
        target,
        prob=system.corpus.prob,
        fraction=system.corpus.fraction,
        generations=generation,
    )
    found.add(
        "text_probs_martingale",
        labels.TEXT_PROBS,
        np.moveaxis(mean, 0, -1),
        rests_on="corpus_injection_text_probs",
    )
    if system.text_updates == 0:
        found.omit(FIXED, "text_updates is 0: the curves are derived for a text model that drifts.")
        return
    kind = None if one_hot(system) else Kind.LOWER_BOUND
    start, fresh = diversity(system.text_probs), system.corpus.concentration
    contraction = float(expression(_injection.factor, **values))
    pull = float(expression(_injection.overlap_factor, **values))
    begin = {
        "initial_text_diversity": start,
        "initial_overlap": float(system.text_probs @ target),
    }
    if system.corpus.prob == 1 and system.corpus.fraction == 1:
        _always_replaced(system, generation, kind, found)
        return
    if fresh is None:
        found.omit(FIXED[2:], "the injected corpus is always the same.")
        values |= {"target_diversity": diversity(target)}
        found.add(
            "corpus_injection_curve",
            labels.TEXT_DIVERSITY,
            number(
                "corpus_injection_curve_before",
                generations=generation,
                **begin,
                **values,
            ),
            rests_on="corpus_injection_curve_before",
            kind=kind,
        )
        name, level = "corpus_injection_stationary", "corpus_injection_stationary_before"
    else:
        found.omit(FIXED[:2], "the corpus is drawn afresh each time.")
        of_mean = {"mean_target_diversity": diversity(target)}
        drawn = number("dirichlet_corpus_diversity", corpus_concentration=fresh, **of_mean)
        values |= of_mean | {"target_diversity": drawn}
        found.add(
            "fresh_corpus_curve",
            labels.TEXT_DIVERSITY,
            number("fresh_corpus_curve_before", generations=generation, **begin, **values),
            rests_on="fresh_corpus_curve_before",
            kind=kind,
        )
        name, level = "fresh_corpus_stationary", "fresh_corpus_stationary_before"
    stationary = float(number(level, **values))
    # The transient is a sum of two geometric ones, of ratios `contraction` < `pull`.
    overlaps = values | begin | {"target_diversity": diversity(target)}
    slow = float(expression(_paths.slow_transient, **overlaps)) if pull > contraction else 0.0
    enough = SETTLED * stationary / 2
    burn_in = max(
        settled(abs(start - stationary) + slow, contraction, enough), settled(slow, pull, enough)
    )
    found.add(
        name,
        labels.TEXT_DIVERSITY,
        np.full(generation.shape, stationary),
        rests_on=level,
        kind=kind,
        valid_from=burn_in,
    )


def _always_replaced(
    system: CoevolvingSystem, generation: FloatArray, kind: Kind | None, found: Collector
) -> None:
    """Each generation starts anew from a corpus: what was before leaves no trace."""
    assert system.corpus is not None
    values, fresh = _injection_values(system), system.corpus.concentration
    of_mean = {"mean_target_diversity": diversity(corpus_target(system))}
    if fresh is None:
        name, curve, omitted = "corpus_injection_stationary", "corpus_injection_curve", FIXED[2:]
        values |= {"target_diversity": of_mean["mean_target_diversity"]}
    else:
        name, curve, omitted = "fresh_corpus_stationary", "fresh_corpus_curve", FIXED[:2]
        drawn = number("dirichlet_corpus_diversity", corpus_concentration=fresh, **of_mean)
        values |= of_mean | {"target_diversity": drawn}
    found.omit(omitted, "the corpus is of the other kind: always the same, or drawn afresh.")
    level = float(number(f"{name}_before", **values))
    start = diversity(system.text_probs)
    for result, first, valid_from in ((curve, start, 0), (name, level, 1)):
        found.add(
            result,
            labels.TEXT_DIVERSITY,
            np.where(generation == 0, first, level),
            rests_on=f"{name}_before",
            kind=kind,
            valid_from=valid_from,
        )


def new_text(system: CoevolvingSystem, generation: FloatArray, found: Collector) -> None:
    """Collect the results when new texts are injected."""
    assert system.corpus is not None
    reason = "new texts are injected: the set of texts changes."
    found.omit((*OPEN, *FIXED, "text_probs_martingale"), reason)
    name = "new_text_lower_bound"
    if system.corpus.capacity is not None:
        found.omit(name, "corpus.capacity ends the injections when it is reached.")
        return
    if system.text_updates == 0:
        found.omit(name, "text_updates is 0: the bound is derived for a text model that drifts.")
        return
    values = _injection_values(system)
    level = float(number(name, **values))
    contraction = float(expression(_injection.factor, **values))
    start = diversity(system.text_probs)
    below = max(level - start, 0.0)
    found.add(
        name,
        labels.TEXT_DIVERSITY,
        np.full(generation.shape, level),
        rests_on=name,
        # From above the recursion never goes below its limit.
        valid_from=0 if below == 0 else settled(below, contraction, SETTLED * level),
    )
    curve = "new_text_curve_lower_bound"
    found.add(
        curve,
        labels.TEXT_DIVERSITY,
        number(curve, generations=generation, initial_text_diversity=start, **values),
        rests_on=curve,
    )


def _injection_values(system: CoevolvingSystem) -> dict[str, float]:
    assert system.corpus is not None
    return {
        "batch_size": system.batch_size,
        "text_updates": system.text_updates,
        "injection_prob": system.corpus.prob,
        "injection_fraction": system.corpus.fraction,
    }
