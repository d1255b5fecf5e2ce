"""What is known in advance of the image model while the texts stand still (theory, section 3)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from symbolic import Kind, Source
from toolkit import labels
from toolkit.systems import CoevolvingSystem
from toolkit.theory.facts import grows, texts_move
from toolkit.theory.image_moments import STATIONARY, VARIANCES, initial_trace, moments
from toolkit.theory.numbers import mean_over_counts, number
from toolkit.theory.results import LOG, Collector

FloatArray = npt.NDArray[np.float64]
Counts = npt.NDArray[np.signedinteger[Any]]

_CONTRACTIONS = (
    "directional_diversity_mean",
    "directional_log_mean",
    "image_diversity_upper_bound",
    "image_diversity_lower_bound",
    "image_diversity_log_lower_bound",
    "image_diversity_typical",
    "image_fidelity_bound",
    "image_fidelity_bound_at",
)
_ISOTROPIC = ("image_contraction_isotropic", "image_contraction_caption")
_ALL = (*VARIANCES, *_CONTRACTIONS, *_ISOTROPIC, *STATIONARY)
_RELATIVE_ANISOTROPY = 1e-12


class ImageRates(NamedTuple):
    """Factors of one image update per text, averaged over the image counts.

    Attributes
    ----------
    exact, isotropic, caption, rank_one : ndarray, shape (num_texts,)
        Contraction factors of mean image diversity: the exact asymptotic one, the second-order
        one at an isotropic covariance, the caption's, the second-order one at rank one.
    lyapunov : ndarray, shape (num_texts,)
        The exponential rate of a typical run (a logarithm).
    """

    exact: FloatArray
    isotropic: FloatArray
    caption: FloatArray
    rank_one: FloatArray
    lyapunov: FloatArray


def rates(system: CoevolvingSystem) -> ImageRates:
    """The factors of one image update at the system's initial text probabilities.

    Those of second order hold for ``ddof`` 1 and ``shrinkage_factor`` 1 and leave the keep rule
    out of the caption's, as the paper does; a text of probability 0 has the factor 1.
    """
    scale = {"ddof": system.ddof, "shrinkage_factor": system.shrinkage_factor}

    def second_order(name: str, **more: float) -> FloatArray:
        return _mean(system, lambda n: number(name, degrees_of_freedom=n - 1, **more))

    probs = system.text_probs
    caption = number(
        "image_contraction_caption",
        batch_size=system.batch_size,
        num_features=system.num_features,
        text_prob=np.where(probs > 0, probs, 1.0),
    )
    return ImageRates(
        exact=_mean_factor(system),
        isotropic=second_order("image_contraction_isotropic", num_features=system.num_features),
        caption=np.where(probs > 0, caption, 1.0),
        rank_one=second_order("image_contraction_rank_one"),
        lyapunov=_mean(
            system,
            lambda n: number("image_lyapunov", image_count=n, exponent_index=1, **scale),
            kept=0.0,
        ),
    )


def _mean(system: CoevolvingSystem, function: object, kept: float = 1.0) -> FloatArray:
    assert callable(function)
    return mean_over_counts(
        function,
        batch_size=system.batch_size,
        prob=system.text_probs,
        min_images=system.min_images,
        kept=kept,
    )


def _mean_factor(system: CoevolvingSystem) -> FloatArray:
    probs = system.text_probs
    factor = number(
        "image_factor_mean",
        batch_size=system.batch_size,
        text_prob=np.where(probs > 0, probs, 1.0),
        min_images=system.min_images,
        ddof=system.ddof,
        shrinkage_factor=system.shrinkage_factor,
    )
    return np.where(probs > 0, factor, 1.0)


def image_results(system: CoevolvingSystem, generations: int, found: Collector) -> None:
    """Collect the results about image diversity and fidelity."""
    if system.image_updates == 0:
        _frozen(system, generations, found)
        return
    if texts_move(system):
        reason = "the text probabilities move: image counts are not binomial with a fixed p."
        found.omit(_ALL, reason)
        _unmoved_variance(system, generations, found)
        return
    updates = system.image_updates * np.arange(generations + 1)
    content = system.user_content
    if content is not None:
        reason = "user content is pooled in: the Gaussians do not contract to nothing."
        found.omit((*_CONTRACTIONS, *_ISOTROPIC), reason)
        if content.images is not None:
            found.omit(
                (*VARIANCES, *STATIONARY),
                "the user content is given data, not draws from the initial Gaussians.",
            )
            return
    else:
        found.omit(STATIONARY, "no user content is injected.")
        _contractions(system, updates, found)
        _approximations(system, updates, found)
    moments(system, updates, found)


def _frozen(system: CoevolvingSystem, generations: int, found: Collector) -> None:
    found.omit(_ALL, "image_updates is 0: the image model is frozen.")
    if grows(system):
        return
    values = {
        labels.IMAGE_DIVERSITY: _initial_diversity(system),
        labels.IMAGE_TOTAL_VARIANCE: initial_trace(system),
        labels.IMAGE_FIDELITY: np.zeros(system.num_texts),
    }
    for variable, value in values.items():
        found.add(
            f"{variable}_frozen",
            variable,
            np.broadcast_to(value, (generations + 1, system.num_texts)),
            kind=Kind.EXACT,
            source=Source.OURS,
            description="The image model is frozen.",
        )


def _unmoved_variance(system: CoevolvingSystem, generations: int, found: Collector) -> None:
    """Whatever the counts: an unbiased covariance has the mean of the one before."""
    unbiased = system.ddof == 1 and system.shrinkage_factor == 1
    if grows(system) or not unbiased or system.user_content is not None:
        return
    name = VARIANCES[0]
    del found.omitted[name]
    trace = np.broadcast_to(initial_trace(system), (generations + 1, system.num_texts))
    found.add(name, labels.IMAGE_TOTAL_VARIANCE, trace, rests_on="directional_variance_mean")


def _initial_diversity(system: CoevolvingSystem) -> FloatArray:
    return np.asarray(np.sqrt(np.linalg.eigvalsh(system.image_cov)).sum(axis=1))


def _contractions(system: CoevolvingSystem, updates: Counts, found: Collector) -> None:
    """Exact laws and bounds: the counts of different updates are independent."""
    factor = _mean_factor(system) ** updates[:, None]
    first_sd = np.sqrt(system.image_cov[:, 0, 0])
    largest_sd = np.sqrt(np.linalg.eigvalsh(system.image_cov)[:, -1])
    total = _initial_diversity(system)
    for name, variable, start in (
        ("directional_diversity_mean", labels.IMAGE_DIRECTIONAL_SD, first_sd),
        ("image_diversity_upper_bound", labels.IMAGE_DIVERSITY, total),
        ("image_diversity_lower_bound", labels.IMAGE_DIVERSITY, largest_sd),
    ):
        found.add(name, variable, factor * start, rests_on=name)
    slope = rates(system).lyapunov * updates[:, None]
    name = "directional_log_mean"
    found.add(name, labels.IMAGE_DIRECTIONAL_SD, np.log(first_sd) + slope, rests_on=name, scale=LOG)
    found.add(
        "image_diversity_log_lower_bound",
        labels.IMAGE_DIVERSITY,
        np.log(largest_sd) + slope,
        rests_on=name,
        kind=Kind.LOWER_BOUND,
        scale=LOG,
        description="Mean log diversity is at least the mean log sd in the widest direction.",
    )
    # Noise makes a covariance anisotropic, and the rate the asymptotic one, within about 4 nu.
    nu = np.max(np.maximum(system.batch_size * system.text_probs - 1, 1.0))
    found.add(
        "image_diversity_typical",
        labels.IMAGE_DIVERSITY,
        np.log(total) + slope,
        rests_on="image_lyapunov",
        kind=Kind.ASYMPTOTIC,
        scale=LOG,
        valid_from=int(np.ceil(4 * nu / system.image_updates)),
        description="Slope of a typical run (its largest Lyapunov exponent); the offset is open.",
    )
    _fidelity_bounds(system, total, updates, found)


def _fidelity_bounds(
    system: CoevolvingSystem, total: FloatArray, updates: Counts, found: Collector
) -> None:
    factor = _mean_factor(system)
    inverse_root = _mean(system, lambda n: n**-0.5, kept=0.0)
    moves = inverse_root > 0
    names = ("image_fidelity_bound", "image_fidelity_bound_at")
    if np.any(factor[moves] >= 1):
        reason = "the Gaussians do not contract in the mean (a text is kept or spread too often)."
        found.omit(names, reason)
        return
    values = {
        "image_diversity": total,
        "inverse_root_count": inverse_root,
        # A text that is never updated does not move, whatever its factor.
        "contraction_factor": np.where(moves, factor, 0.0),
    }
    level = np.broadcast_to(number(names[0], **values), (updates.size, system.num_texts))
    found.add(names[0], labels.IMAGE_FIDELITY, level, rests_on=names[0])
    curve = number(names[1], generations=updates[:, None], **values)
    found.add(names[1], labels.IMAGE_FIDELITY, curve, rests_on=names[1])


def _approximations(system: CoevolvingSystem, updates: Counts, found: Collector) -> None:
    if system.ddof != 1 or system.shrinkage_factor != 1:
        found.omit(_ISOTROPIC, "derived for ddof = 1 and shrinkage_factor = 1.")
        return
    values = np.linalg.eigvalsh(system.image_cov)
    if np.any(values[:, 0] < (1 - _RELATIVE_ANISOTROPY) * values[:, -1]):
        found.omit(_ISOTROPIC, "the initial covariances are not multiples of the identity.")
        return
    of_system, total = rates(system), _initial_diversity(system)
    for name, factor in zip(_ISOTROPIC, (of_system.isotropic, of_system.caption), strict=True):
        if np.any(factor <= 0):
            found.omit(name, "a text gets too few images: the second order is below zero there.")
            continue
        found.add(
            name,
            labels.IMAGE_DIVERSITY,
            factor ** updates[:, None] * total,
            rests_on=name,
            kind=Kind.APPROXIMATION,
        )
