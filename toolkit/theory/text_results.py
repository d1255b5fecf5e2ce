"""What is known in advance of the text model (theory, section 2)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from symbolic import Kind, Source
from toolkit import labels
from toolkit.confusion import posterior_confusion
from toolkit.systems import CoevolvingSystem
from toolkit.theory.facts import FIXED, OPEN, bhattacharyya_matrix, diversity, injects, one_hot
from toolkit.theory.injection_results import fixed_corpus, new_text
from toolkit.theory.numbers import number
from toolkit.theory.results import Collector

FloatArray = npt.NDArray[np.float64]

#: Spent on the first step's confusion.
_EVALUATIONS = 4_000_000


def text_results(system: CoevolvingSystem, generations: int, found: Collector) -> None:
    """Collect the results about text_diversity and text_probs."""
    generation = np.arange(generations + 1, dtype=np.float64)
    if system.text_temperature != 1 and system.text_updates > 0:
        names = (*OPEN, *FIXED, "new_text_lower_bound", "text_probs_martingale")
        reason = (
            f"text_temperature is {system.text_temperature:g}: sharpened posteriors are no longer "
            "unbiased, and the theorems of the text model hold for temperature 1."
        )
        found.omit(names, reason)
        return
    if not injects(system):
        _closed(system, generation, found)
    elif system.corpus is not None and system.corpus.reading == "fixed_corpus":
        fixed_corpus(system, generation, found)
    else:
        new_text(system, generation, found)


def _closed(system: CoevolvingSystem, generation: FloatArray, found: Collector) -> None:
    """No injection: drift only."""
    found.omit(FIXED, "no corpus of the reading 'fixed_corpus' is injected.")
    found.omit("new_text_lower_bound", "no new texts are injected.")
    start = diversity(system.text_probs)
    probs = np.broadcast_to(system.text_probs, (generation.size, system.num_texts))
    found.add("text_probs_martingale", labels.TEXT_PROBS, probs, rests_on="text_probs_martingale")
    if system.text_updates == 0:
        found.omit(OPEN, "text_updates is 0: the text model is frozen.")
        found.add(
            "text_diversity_frozen",
            labels.TEXT_DIVERSITY,
            np.full(generation.shape, start),
            kind=Kind.EXACT,
            source=Source.OURS,
            description="The text model is frozen: its diversity does not change.",
        )
        return
    drift = _drift(system, start, system.text_updates * generation)
    found.add(
        "text_diversity_lower_bound",
        labels.TEXT_DIVERSITY,
        drift,
        rests_on="text_diversity_lower_bound",
    )
    if one_hot(system):
        found.add(
            "text_diversity_one_hot",
            labels.TEXT_DIVERSITY,
            drift,
            rests_on="text_diversity_lower_bound",
            kind=Kind.EXACT,
            description="Posteriors are one-hot: neutral Wright-Fisher drift, exactly.",
        )
    else:
        found.omit(
            "text_diversity_one_hot",
            "posteriors are not one-hot for good: the Gaussians overlap, or they move.",
        )
    if start > 0:
        _first_step(system, start, generation, found)
        _upper(system, start, generation, found)
    else:
        found.omit(OPEN[2:], "a single text has all the mass: there is no diversity to lose.")


def _drift(system: CoevolvingSystem, start: float, updates: FloatArray) -> FloatArray:
    return np.asarray(
        number(
            "text_diversity_lower_bound",
            batch_size=system.batch_size,
            generations=updates,
            initial_text_diversity=start,
        )
    )


def _first_step(
    system: CoevolvingSystem, start: float, generation: FloatArray, found: Collector
) -> None:
    state = (system.text_probs, system.image_mean, system.image_cov)
    confusion = posterior_confusion(*state, 1e-6, max_evaluations=_EVALUATIONS)
    # A bound stays one when the integral's error (a standard error above 3 features) is paid.
    certain = max(confusion.value - 4 * confusion.error, 0.0)
    after_one = number(
        "text_diversity_recursion",
        batch_size=system.batch_size,
        posterior_confusion=certain,
        text_diversity=start,
    )
    updates = system.text_updates * generation
    values = _drift(system, after_one, np.maximum(updates - 1, 0))
    found.add(
        "text_diversity_first_step",
        labels.TEXT_DIVERSITY,
        np.where(updates == 0, start, values),
        rests_on="text_diversity_lower_bound",
        source=Source.OURS,
        description="The first text update exactly (T1, with its confusion), then drift alone.",
    )


def _upper(
    system: CoevolvingSystem, start: float, generation: FloatArray, found: Collector
) -> None:
    """Drift and overlap from above, and never above the start."""
    name = "text_diversity_upper_bound"
    if system.image_updates > 0:
        found.omit(name, "the image model moves: its future overlaps are not known in advance.")
        return
    overlap = bhattacharyya_matrix(system.image_mean, system.image_cov)
    values = number(
        name,
        batch_size=system.batch_size,
        generations=system.text_updates * generation,
        initial_text_diversity=start,
        text_probs=system.text_probs,
        bhattacharyya=overlap,
    )
    ceiling = number("text_diversity_ceiling", initial_text_diversity=start)
    found.add(name, labels.TEXT_DIVERSITY, np.minimum(values, ceiling), rests_on=name)
