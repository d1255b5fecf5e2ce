"""Plain facts of a system that several results ask for, and the overlap of its texts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from toolkit import measures
from toolkit.systems import CoevolvingSystem
from toolkit.theory.numbers import number

FloatArray = npt.NDArray[np.float64]

#: Overlap of all pairs of texts below which posteriors count as one-hot for good.
_ONE_HOT = 1e-9
#: Results on a text model into which nothing is injected, and under a fixed corpus.
OPEN = (
    "text_diversity_lower_bound",
    "text_diversity_one_hot",
    "text_diversity_first_step",
    "text_diversity_upper_bound",
)
FIXED = (
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
