"""What is known in advance of the text model (theory, section 2)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from symbolic import Kind, Source
from symbolic.theorems import injection as _injection
from symbolic.theorems import injection_paths as _paths
from toolkit import labels, measures
from toolkit.confusion import posterior_confusion
from toolkit.systems import CoevolvingSystem
from toolkit.theory.numbers import expression, number
from toolkit.theory.results import SETTLED, Collector

FloatArray = npt.NDArray[np.float64]

#: Overlap of all pairs of texts below which posteriors count as one-hot for good.
_ONE_HOT = 1e-9
#: Spent on the first step's confusion.
_EVALUATIONS = 4_000_000
_OPEN = (
    "text_diversity_lower_bound",
    "text_diversity_one_hot",
    "text_diversity_first_step",
    "text_diversity_upper_bound",
)
_FIXED = (
    "corpus_injection_curve",
    "corpus_injection_stationary",
    "fresh_corpus_curve",
    "fresh_corpus_stationary",
)


def diversity(probs: FloatArray) -> float:
    """Gini-Simpson diversity."""
    return float(measures.text_diversity(probs))


def corpus_target(system: CoevolvingSystem) -> FloatArray:
    """The (mean) corpus that is injected."""
    assert system.corpus is not None
    if system.corpus.target is not None:
        return np.asarray(system.corpus.target)
    return np.full(system.num_texts, 1 / system.num_texts)


def injects(system: CoevolvingSystem) -> bool:
    """Whether corpus injection ever changes the text probabilities."""
    return (
        system.corpus is not None
        and system.corpus.prob > 0
        and (system.corpus.fraction > 0 or system.corpus.reading == "new_text")
    )


def injected_probs(
    probs: FloatArray, target: FloatArray, *, prob: float, fraction: float, generations: FloatArray
) -> FloatArray:
    """Mean text probabilities after some generations with injection; texts are the first axis."""
    return np.stack(
        [
            number(
                "corpus_injection_text_probs",
                text=i,
                text_probs=probs,
                target_probs=target,
                injection_prob=prob,
                injection_fraction=fraction,
                generations=generations,
            )
            for i in range(len(target))
        ]
    )


def grows(system: CoevolvingSystem) -> bool:
    """Whether new texts come in, so that nothing is said per text."""
    return injects(system) and system.corpus is not None and system.corpus.reading == "new_text"


def texts_move(system: CoevolvingSystem) -> bool:
    """Whether the text probabilities ever change."""
    return system.text_updates > 0 or injects(system)


def text_results(system: CoevolvingSystem, generations: int, found: Collector) -> None:
    """Collect the results about text_diversity and text_probs."""
    generation = np.arange(generations + 1, dtype=np.float64)
    if system.text_temperature != 1 and system.text_updates > 0:
        names = (*_OPEN, *_FIXED, "new_text_lower_bound", "text_probs_martingale")
        reason = (
            f"text_temperature is {system.text_temperature:g}: sharpened posteriors are no longer "
            "unbiased, and the theorems of the text model hold for temperature 1."
        )
        found.omit(names, reason)
        return
    if not injects(system):
        _closed(system, generation, found)
    elif system.corpus is not None and system.corpus.reading == "fixed_corpus":
        _fixed_corpus(system, generation, found)
    else:
        _new_text(system, generation, found)


def bhattacharyya_matrix(image_mean: FloatArray, image_cov: FloatArray) -> FloatArray:
    """Bhattacharyya coefficients of all pairs of Gaussians, shape (num_texts, num_texts)."""
    average = (image_cov[:, None] + image_cov[None]) / 2
    apart = image_mean[:, None] - image_mean[None]
    distance = np.einsum("ija,ija->ij", apart, np.linalg.solve(average, apart[..., None])[..., 0])
    log_det = np.linalg.slogdet(image_cov)[1]
    value = number(
        "bhattacharyya_gaussian",
        mahalanobis=np.maximum(distance, 0),
        log_det_first=log_det[:, None],
        log_det_second=log_det[None],
        log_det_average=np.linalg.slogdet(average)[1],
    )
    return np.exp(np.minimum(value, 0.0))


def confused_diversity_bound(
    text_probs: FloatArray, image_mean: FloatArray, image_cov: FloatArray
) -> float:
    """The bound of Theorem 4.2 on ``C H``, the diversity that posterior confusion gives back.

    Parameters
    ----------
    text_probs : array, shape (num_texts,)
    image_mean : array, shape (num_texts, num_features)
    image_cov : array, shape (num_texts, num_features, num_features)

    Returns
    -------
    float

    Examples
    --------
    >>> import numpy as np
    >>> far = np.array([[0.0], [10.0]])
    >>> f"{confused_diversity_bound(np.array([0.5, 0.5]), far, np.ones((2, 1, 1))):.2e}"
    '1.86e-06'
    """
    overlap = bhattacharyya_matrix(np.asarray(image_mean), np.asarray(image_cov))
    return float(number("confusion_bound", text_probs=text_probs, bhattacharyya=overlap))


def one_hot(system: CoevolvingSystem) -> bool:
    """Whether posteriors are one-hot at all times, whatever the text probabilities become.

    So it is when the image model is frozen and the texts' Gaussians do not overlap: the
    confused diversity then stays below 1e-9 (by Theorem 4.2; sqrt(p_i p_j) <= 1/2).
    """
    if system.image_updates > 0:
        return False
    overlap = bhattacharyya_matrix(system.image_mean, system.image_cov)
    return float(np.sum(np.triu(overlap, 1))) / 2 < _ONE_HOT


def _closed(system: CoevolvingSystem, generation: FloatArray, found: Collector) -> None:
    """No injection: drift only."""
    found.omit(_FIXED, "no corpus of the reading 'fixed_corpus' is injected.")
    found.omit("new_text_lower_bound", "no new texts are injected.")
    start = diversity(system.text_probs)
    probs = np.broadcast_to(system.text_probs, (generation.size, system.num_texts))
    found.add("text_probs_martingale", labels.TEXT_PROBS, probs, rests_on="text_probs_martingale")
    if system.text_updates == 0:
        found.omit(_OPEN, "text_updates is 0: the text model is frozen.")
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
        found.omit(_OPEN[2:], "a single text has all the mass: there is no diversity to lose.")


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


def _injection_values(system: CoevolvingSystem) -> dict[str, float]:
    assert system.corpus is not None
    return {
        "batch_size": system.batch_size,
        "text_updates": system.text_updates,
        "injection_prob": system.corpus.prob,
        "injection_fraction": system.corpus.fraction,
    }


def _fixed_corpus(system: CoevolvingSystem, generation: FloatArray, found: Collector) -> None:
    found.omit(_OPEN, "a corpus is injected: drift is not all that acts on the texts.")
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
        found.omit(
            _FIXED, "text_updates is 0: the curves are derived for a text model that drifts."
        )
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
        found.omit(_FIXED[2:], "the injected corpus is always the same.")
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
        found.omit(_FIXED[:2], "the corpus is drawn afresh each time.")
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
        name, curve, omitted = "corpus_injection_stationary", "corpus_injection_curve", _FIXED[2:]
        values |= {"target_diversity": of_mean["mean_target_diversity"]}
    else:
        name, curve, omitted = "fresh_corpus_stationary", "fresh_corpus_curve", _FIXED[:2]
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


def settled(size: float, ratio: float, below: float) -> int:
    """The generation from which a transient ``size ratio^t`` is below a value."""
    if size <= below or ratio == 0:
        return 0 if size <= below else 1
    if ratio >= 1 or below <= 0:
        return np.iinfo(np.int32).max
    time = number(
        "transient_time", transient_size=size, transient_factor=ratio, transient_level=below
    )
    return int(np.ceil(time))


def _new_text(system: CoevolvingSystem, generation: FloatArray, found: Collector) -> None:
    assert system.corpus is not None
    reason = "new texts are injected: the set of texts changes."
    found.omit((*_OPEN, *_FIXED, "text_probs_martingale"), reason)
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
