"""What is known in advance of the image model while the texts stand still (theory, section 3)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from symbolic import Kind, Source
from toolkit import labels
from toolkit.systems import CoevolvingSystem
from toolkit.theory.numbers import mean_over_counts, number
from toolkit.theory.results import LOG, SETTLED, Collector
from toolkit.theory.text_results import grows, settled, texts_move

FloatArray = npt.NDArray[np.float64]
Counts = npt.NDArray[np.signedinteger[Any]]

_VARIANCES = ("image_total_variance_mean", "image_fidelity_squared", "image_fidelity_root_bound")
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
_STATIONARY = ("user_content_stationary_trace", "user_content_stationary_fidelity")
_ALL = (*_VARIANCES, *_CONTRACTIONS, *_ISOTROPIC, *_STATIONARY)
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
    assert system.min_images is not None
    return mean_over_counts(
        function,
        batch_size=system.batch_size,
        prob=system.text_probs,
        min_images=system.min_images,
        kept=kept,
    )


def _mean_factor(system: CoevolvingSystem) -> FloatArray:
    assert system.min_images is not None
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
                (*_VARIANCES, *_STATIONARY),
                "the user content is given data, not draws from the initial Gaussians.",
            )
            return
    else:
        found.omit(_STATIONARY, "no user content is injected.")
        _contractions(system, updates, found)
        _approximations(system, updates, found)
    _moments(system, updates, found)


def _frozen(system: CoevolvingSystem, generations: int, found: Collector) -> None:
    found.omit(_ALL, "image_updates is 0: the image model is frozen.")
    if grows(system):
        return
    values = {
        labels.IMAGE_DIVERSITY: _initial_diversity(system),
        labels.IMAGE_TOTAL_VARIANCE: _initial_trace(system),
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
    name = _VARIANCES[0]
    del found.omitted[name]
    trace = np.broadcast_to(_initial_trace(system), (generations + 1, system.num_texts))
    found.add(name, labels.IMAGE_TOTAL_VARIANCE, trace, rests_on="directional_variance_mean")


def _initial_trace(system: CoevolvingSystem) -> FloatArray:
    return np.asarray(np.trace(system.image_cov, axis1=1, axis2=2))


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
    nu = np.min(np.maximum(system.batch_size * system.text_probs - 1, 1.0))
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


def _moments(system: CoevolvingSystem, updates: Counts, found: Collector) -> None:
    """Exact means of tr cov and of the squared distance: their recursion is linear.

    The counts of an update are independent of the state before it, so that the coefficients,
    too, may be replaced by their means over the counts (keep rule included).
    """
    maps = mean_moment_map(system)
    trace = _initial_trace(system)
    state = np.stack([trace, np.zeros_like(trace), trace], axis=1)
    states = [state]
    for _ in range(int(updates[-1])):
        state = np.einsum("kab,kb->ka", maps, state)
        states.append(state)
    curve = np.array(states)[updates]
    with_content = system.user_content is not None
    base = "user_content_mean_covariance" if with_content else "directional_variance_mean"
    found.add(
        "image_total_variance_mean", labels.IMAGE_TOTAL_VARIANCE, curve[..., 0], rests_on=base
    )
    found.add(
        "image_fidelity_squared",
        labels.IMAGE_FIDELITY_SQUARED,
        curve[..., 1],
        rests_on="user_content_squared_drift" if with_content else "image_fidelity_squared",
    )
    found.add(
        "image_fidelity_root_bound",
        labels.IMAGE_FIDELITY,
        np.sqrt(curve[..., 1]),
        kind=Kind.UPPER_BOUND,
        source=Source.OURS,
        description="The mean distance is at most the root of the mean squared distance.",
    )
    if with_content:
        _stationary(system, maps, updates, found)


def mean_moment_map(system: CoevolvingSystem) -> FloatArray:
    """Mean linear map of (tr cov, squared distance, tr of the reference) in one image update.

    Returns
    -------
    ndarray, shape (num_texts, 3, 3)
    """
    content = 0 if system.user_content is None else system.user_content.num_images
    assert system.min_images is not None
    maps = np.zeros((system.num_texts, 3, 3))
    maps[:, 2, 2] = 1.0
    unit = np.eye(3)
    fewest = max(system.min_images - content, 0)
    for column in range(3):
        variance, squared, reference = unit[column]

        def of_trace(
            n: FloatArray,
            variance: float = variance,
            squared: float = squared,
            reference: float = reference,
        ) -> FloatArray:
            return _pooled_trace(system, n, content, variance, squared, reference)

        def of_squared(
            n: FloatArray,
            variance: float = variance,
            squared: float = squared,
            reference: float = reference,
        ) -> FloatArray:
            return _pooled_squared(n, content, variance, squared, reference)

        for row, function, kept in ((0, of_trace, variance), (1, of_squared, squared)):
            maps[:, row, column] = mean_over_counts(
                function,
                batch_size=system.batch_size,
                prob=system.text_probs,
                min_images=fewest,
                kept=float(kept),
            )
    return maps


def _pooled_trace(
    system: CoevolvingSystem,
    count: FloatArray,
    content: int,
    variance: float,
    squared: float,
    reference: float,
) -> FloatArray:
    """One update of tr cov (summed over directions: the squared offset stands for Delta^2)."""
    return _where_counted(
        lambda n: number(
            "user_content_mean_covariance",
            image_count=n,
            user_images=content,
            ddof=system.ddof,
            shrinkage_factor=system.shrinkage_factor,
            current_cov=variance,
            reference_cov=reference,
            mean_offset=np.sqrt(squared),
        ),
        count,
        number(
            "directional_variance_mean",
            image_count=content,
            ddof=system.ddof,
            shrinkage_factor=system.shrinkage_factor,
            generations=1,
            directional_variance=1,
        )
        * reference
        if content > max(1, system.ddof)
        else 0.0,
    )


def _pooled_squared(
    count: FloatArray, content: int, variance: float, squared: float, reference: float
) -> FloatArray:
    # The symbols for traces are positive; the map is linear, so that zero is a difference.
    def of_count(n: FloatArray, current: float, start: float) -> FloatArray:
        return np.asarray(
            number(
                "user_content_squared_drift",
                image_count=n,
                user_images=content,
                current_variance=1 + current,
                image_variance=1 + start,
                squared_offset=squared,
            )
        )

    def map_of(n: FloatArray) -> FloatArray:
        base = of_count(n, 0, 0) - np.asarray(
            number(
                "user_content_squared_drift",
                image_count=n,
                user_images=content,
                current_variance=1,
                image_variance=1,
                squared_offset=0,
            )
        )
        return (
            base
            + (of_count(n, variance, 0) - of_count(n, 0, 0))
            + (of_count(n, 0, reference) - of_count(n, 0, 0))
        )

    return _where_counted(map_of, count, reference / content if content else 0.0)


def _where_counted(function: object, count: FloatArray, without: float) -> FloatArray:
    """A function of positive counts, and its value where there is no generated image."""
    assert callable(function)
    none = count == 0
    values = np.asarray(function(np.where(none, 1.0, count)))
    return np.where(none, without, values)


def _stationary(
    system: CoevolvingSystem, maps: FloatArray, updates: Counts, found: Collector
) -> None:
    """The fixed point of the mean recursion."""
    linear, push = maps[:, :2, :2], maps[:, :2, 2]
    radius = float(np.max(np.abs(np.linalg.eigvals(linear))))
    if radius >= 1:
        found.omit(_STATIONARY, "the mean recursion has no stable fixed point at these counts.")
        return
    level = np.linalg.solve(np.eye(2) - linear, push[..., None])[..., 0]
    level = level * _initial_trace(system)[:, None]
    start = int(np.ceil(_burn_in(system, maps, level, radius) / system.image_updates))
    variables = (labels.IMAGE_TOTAL_VARIANCE, labels.IMAGE_FIDELITY_SQUARED)
    for column, (name, variable) in enumerate(zip(_STATIONARY, variables, strict=True)):
        found.add(
            name,
            variable,
            np.broadcast_to(level[:, column], (updates.size, system.num_texts)),
            rests_on=name,
            valid_from=start,
        )


def _burn_in(system: CoevolvingSystem, maps: FloatArray, level: FloatArray, radius: float) -> int:
    """The first update from which every text is within a share `SETTLED` of its level."""
    trace = _initial_trace(system)
    state = np.stack([trace, np.zeros_like(trace), trace], axis=1)
    longest = min(settled(100.0, radius, SETTLED), 100_000)
    for update in range(longest):
        if np.all(np.abs(state[:, :2] - level) <= SETTLED * level):
            return update
        state = np.einsum("kab,kb->ka", maps, state)
    return longest
