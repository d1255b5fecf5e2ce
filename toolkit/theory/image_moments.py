"""Exact means of total image variance and squared drift, through every image update.

With frozen texts the counts of an update are independent of the state before it, so the means of
tr cov and of the squared distance from the start obey a linear recursion: keep rule, ``ddof``,
shrinkage and user content included.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from symbolic import Kind, Source
from toolkit import labels
from toolkit.systems import CoevolvingSystem
from toolkit.theory.facts import settled
from toolkit.theory.numbers import mean_over_counts, number
from toolkit.theory.results import SETTLED, Collector

FloatArray = npt.NDArray[np.float64]
Counts = npt.NDArray[np.signedinteger[Any]]

VARIANCES = ("image_total_variance_mean", "image_fidelity_squared", "image_fidelity_root_bound")
STATIONARY = ("user_content_stationary_trace", "user_content_stationary_fidelity")


def initial_trace(system: CoevolvingSystem) -> FloatArray:
    """Total variance of each text's images at the start, shape (num_texts,)."""
    return np.asarray(np.trace(system.image_cov, axis1=1, axis2=2))


def moments(system: CoevolvingSystem, updates: Counts, found: Collector) -> None:
    """Exact means of tr cov and of the squared distance: their recursion is linear.

    The counts of an update are independent of the state before it, so that the coefficients,
    too, may be replaced by their means over the counts (keep rule included).
    """
    maps = mean_moment_map(system)
    trace = initial_trace(system)
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
        found.omit(STATIONARY, "the mean recursion has no stable fixed point at these counts.")
        return
    level = np.linalg.solve(np.eye(2) - linear, push[..., None])[..., 0]
    level = level * initial_trace(system)[:, None]
    start = int(np.ceil(_burn_in(system, maps, level, radius) / system.image_updates))
    variables = (labels.IMAGE_TOTAL_VARIANCE, labels.IMAGE_FIDELITY_SQUARED)
    for column, (name, variable) in enumerate(zip(STATIONARY, variables, strict=True)):
        found.add(
            name,
            variable,
            np.broadcast_to(level[:, column], (updates.size, system.num_texts)),
            rests_on=name,
            valid_from=start,
        )


def _burn_in(system: CoevolvingSystem, maps: FloatArray, level: FloatArray, radius: float) -> int:
    """The first update from which every text is within a share `SETTLED` of its level."""
    trace = initial_trace(system)
    state = np.stack([trace, np.zeros_like(trace), trace], axis=1)
    longest = min(settled(100.0, radius, SETTLED), 100_000)
    for update in range(longest):
        if np.all(np.abs(state[:, :2] - level) <= SETTLED * level):
            return update
        state = np.einsum("kab,kb->ka", maps, state)
    return longest
