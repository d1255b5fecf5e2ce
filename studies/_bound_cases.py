"""What the study of the generalisation bound measures: random loops for F1, and every family."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

import toolkit as tk
from studies._recursive_cases import family_of, sized
from toolkit import labels
from toolkit.systems.families import Family
from toolkit.theory import number

#: Of regression on random inputs, which has no place among the loops of one number.
REGRESSION = "regression, random inputs"


class Shifts(NamedTuple):
    """Total variations of random loops.

    Attributes
    ----------
    ratio : ndarray
        Distance from the real law over F1's bound, the largest from the second fit on; one a
        loop.
    closer : ndarray
        The same over the bound with an error of its own for each fit.
    share : ndarray
        Real share of each loop.
    reach : ndarray, shape (loops,)
        Bound of the last generation over its distance.
    """

    ratio: np.ndarray
    closer: np.ndarray
    share: np.ndarray
    reach: np.ndarray


def random_loops(config: Any) -> Shifts:
    """Loops of random categories, sizes and shares: every replicate is one."""
    generator = np.random.default_rng(config.seed)
    rows: list[tuple[np.ndarray, ...]] = []
    for index in range(config.random_systems):
        share = float(generator.choice(config.random_shares))
        truth = generator.dirichlet(np.ones(config.random_categories))
        size = int(generator.integers(*config.random_sizes))
        system = sized(tk.Categorical(probs=truth), size, share)
        rows.append(_ratios(system, truth, config, index))
    parts = [np.concatenate(part) for part in zip(*rows, strict=True)]
    return Shifts(*parts)


def _ratios(
    system: tk.RetrainingSystem, truth: np.ndarray, config: Any, index: int
) -> tuple[np.ndarray, ...]:
    """Ratios of one system's loops; the real share is that of its sizes, rounded."""
    share = system.real_share
    fits = config.random_generations
    simulated = tk.simulate(
        system, generations=fits - 1, replicates=config.random_replicates,
        seed=config.seed + index, record=[labels.MODEL_PARAMETERS],
    )  # fmt: skip
    most = simulated[labels.MODEL_PARAMETERS].values[:, :, 0]
    laws = np.concatenate([most, 1 - most.sum(axis=2, keepdims=True)], axis=2)
    fitted_to = np.concatenate(
        [np.broadcast_to(truth, laws[:, :1].shape), share * truth + (1 - share) * laws[:, :-1]],
        axis=1,
    )
    error, apart = (np.abs(laws - other).sum(axis=2) / 2 for other in (fitted_to, truth))
    count = np.arange(1, fits + 1)
    bound = shift_bound(error.max(axis=1)[:, None], share, count)
    closer = np.stack(
        [
            [number("distribution_shift_sum", generation_error_at=row[:fit], generations=fit,
                    real_share=share) for fit in count]
            for row in error[: config.summed]
        ]
    )  # fmt: skip
    return (
        # After one fit the distance is its error.
        np.max((apart / bound)[:, 1:], axis=1),
        np.max((apart[: config.summed] / closer)[:, 1:], axis=1),
        np.full(len(apart), share),
        bound[:, -1] / apart[:, -1],
    )


def shift_bound(error: np.ndarray, share: float, fits: np.ndarray) -> np.ndarray:
    """F1 by the largest error of a fit."""
    if share:
        return np.asarray(number("distribution_shift", generation_error=error, generations=fits,
                                 real_share=share))  # fmt: skip
    return np.asarray(
        number("distribution_shift_without_real", generation_error=error, generations=fits)
    )


def attained(config: Any) -> float:
    """The largest ratio in the loop that moves the same mass in every generation."""
    error, ratios = config.moved_mass, []
    for share in config.random_shares:
        moved = 0.0
        for fit in range(1, config.random_generations + 1):
            moved = (1 - share) * moved + error
            ratios.append(moved / float(shift_bound(np.array(error), share, np.array(fit))))
    return float(np.max(np.abs(np.array(ratios) - 1)))


class Bound(NamedTuple):
    """The bound of one family at one share.

    Attributes
    ----------
    kind : str
    number : int
    share : float
    found : Dataset
        Of :func:`toolkit.generalization_bound`.
    """

    kind: str
    number: int
    share: float
    found: xr.Dataset


def bounds(config: Any) -> Iterator[Bound]:
    """Every family at every share."""
    for kind in config.kinds:
        for share in config.shares:
            yield bound(config, kind, config.size, share)


def growing(config: Any) -> Iterator[Bound]:
    """The simplest family as data grow."""
    for size in config.growing_sizes:
        yield bound(config, config.growing_kind, size, config.growing_share, short=True)


def bound(config: Any, kind: str, size: int, share: float, *, short: bool = False) -> Bound:
    """The bound and the gap of one loop."""
    family: Family
    domain: list[list[float]] | None = None
    if kind == REGRESSION:
        family = tk.LinearRegression(coef=np.array([1.0, -1.0]), noise_sd=1.0)
    else:
        family, domain = family_of(kind, size, config.seed)
    real = tk.Gaussian(mean=np.zeros(1), cov=np.eye(1)) if kind.startswith("kernel") else None
    found = tk.generalization_bound(
        sized(family, size, share, real=real),
        generations=config.growing_generations if short else config.generations,
        replicates=config.replicates,
        seed=config.seed,
        domain=domain,
        candidates=config.candidates,
    )
    return Bound(kind, size, share, found)
