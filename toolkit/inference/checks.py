"""What is checked of the chains after a run, and what the data did not tell, in words."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

FloatArray = npt.NDArray[Any]

#: Split, rank-normalised R-hat, and effective draws per chain (Vehtari, Gelman, Simpson, Carpenter
#: and Buerkner, 2021, "Rank-normalization, folding, and localization: An improved R-hat").
LARGEST_RHAT = 1.01
LEAST_ESS_PER_CHAIN = 100
#: Energy-based fraction of missing information (Betancourt, 2016).
LEAST_BFMI = 0.3
#: Share of transitions that may diverge before the run is called bad; any is told.
MOST_DIVERGING = 0.005
#: The tails whose effective draws count: the ends of the 90 % interval.
TAILS = (0.05, 0.95)
#: Central intervals that are reported, and counted in calibrations and scores.
PROBABILITIES = (0.5, 0.9)

#: A posterior is hardly narrower than its prior when, on the scale on which the prior is
#: uniform, its standard deviation is more than this share of the prior's.
_HARDLY_NARROWER = 0.75
#: Rank correlation of two parameters from which one alone is known less than half as well as it
#: would be if the other were known.
_TIED = 0.9


class Diagnosis(NamedTuple):
    """What the chains show.

    Attributes
    ----------
    rhat, ess_bulk, ess_tail : dict of float
        The worst component of each quantity.
    divergences : int
    problems : tuple of str
        Why the run must not be trusted; empty when it may.
    """

    rhat: dict[str, float]
    ess_bulk: dict[str, float]
    ess_tail: dict[str, float]
    divergences: int
    problems: tuple[str, ...]

    @property
    def converged(self) -> bool:
        """Whether nothing was found."""
        return not self.problems

    @property
    def worst_rhat(self) -> float:
        """The largest of all."""
        return max(self.rhat.values(), default=1.0)


def diagnose(values: Mapping[str, FloatArray], chain_stats: Mapping[str, FloatArray]) -> Diagnosis:
    """Check chains.

    Parameters
    ----------
    values : mapping of array, shape (chain, draw, ...)
    chain_stats : mapping of array, shape (chain, draw)
        With ``diverging`` and ``energy``.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> calm = {"diverging": np.zeros((4, 500), bool), "energy": rng.standard_normal((4, 500))}
    >>> diagnose({"floor": rng.standard_normal((4, 500))}, calm).converged
    True
    >>> stuck = rng.standard_normal((4, 500)) + np.arange(4)[:, None]
    >>> diagnose({"floor": stuck}, calm).problems[0]
    'the chains disagree about floor (R-hat 1.5..., should be at most 1.01)'
    """
    from arviz_stats.base import array_stats

    rhat, bulk, tail, problems = {}, {}, {}, []
    for name, draws in values.items():
        parts = _components(draws)
        if not parts:
            continue
        rhat[name] = max(float(array_stats.rhat(part)) for part in parts)
        bulk[name] = min(float(array_stats.ess(part, method="bulk")) for part in parts)
        tail[name] = min(float(array_stats.ess(part, method="tail", prob=TAILS)) for part in parts)
    num_chains, num_draws = chain_stats["diverging"].shape
    least = LEAST_ESS_PER_CHAIN * num_chains
    if rhat and not max(rhat.values()) <= LARGEST_RHAT:
        worst = max(rhat, key=lambda name: rhat[name])
        problems.append(
            f"the chains disagree about {worst} (R-hat {rhat[worst]:.3f}, should be at most "
            f"{LARGEST_RHAT})"
        )
    for kind, ess in (("bulk", bulk), ("tail", tail)):
        if ess and not min(ess.values()) >= least:
            worst = min(ess, key=lambda name: ess[name])
            problems.append(
                f"too few effective draws of {worst} ({kind} ESS {ess[worst]:.0f}, should be at "
                f"least {least})"
            )
    divergences = int(np.sum(chain_stats["diverging"]))
    if divergences > MOST_DIVERGING * num_chains * num_draws:
        problems.append(f"{divergences} of {num_chains * num_draws} transitions diverged")
    bfmi = _bfmi(chain_stats["energy"])
    if rhat and not bfmi >= LEAST_BFMI:
        problems.append(f"the chains explore the energy slowly (BFMI {bfmi:.2f})")
    return Diagnosis(rhat, bulk, tail, divergences, tuple(problems))


def not_identified(
    posterior: Mapping[str, FloatArray], prior: Mapping[str, FloatArray]
) -> tuple[str, ...]:
    """What the data left open, a sentence each.

    A parameter is open when its posterior is hardly narrower than its prior, measured on the
    scale on which the prior is uniform; two are tied when only a combination is known.

    Parameters
    ----------
    posterior, prior : mapping of array
        Draws along the leading axes; only scalar parameters are judged.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> open_ = {"floor": rng.uniform(size=1000)}
    >>> not_identified(open_, {"floor": rng.uniform(size=1000)})
    ('The data hardly tell floor: its interval is mostly what was assumed before (its prior).',)
    """
    sentences = []
    known = {
        name: np.ravel(draws)
        for name, draws in posterior.items()
        if name in prior and draws.ndim <= 2
    }
    for name, draws in known.items():
        before = np.sort(np.ravel(prior[name]))
        if np.ptp(before) == 0 or np.ptp(draws) == 0:
            continue
        level = np.searchsorted(before, draws) / len(before)
        if np.std(level) > _HARDLY_NARROWER / np.sqrt(12):
            sentences.append(
                f"The data hardly tell {name}: its interval is mostly what was assumed before "
                "(its prior)."
            )
    for first, second in itertools.combinations(known, 2):
        if np.ptp(known[first]) == 0 or np.ptp(known[second]) == 0:
            continue
        tie = float(stats.spearmanr(known[first], known[second]).statistic)
        if abs(tie) > _TIED:
            sentences.append(
                f"Of {first} and {second} the data tell mainly a combination (rank correlation "
                f"{tie:.2f}): one alone is known no better than the other; fix one to learn the "
                "other."
            )
    return tuple(sentences)


def _components(draws: FloatArray) -> list[FloatArray]:
    """Arrays (chain, draw) of the components that vary."""
    flat = np.reshape(draws, (*draws.shape[:2], -1))
    return [flat[..., at] for at in range(flat.shape[-1]) if np.ptp(flat[..., at]) > 0]


def _bfmi(energy: FloatArray) -> float:
    """The smallest of the chains' energy-based fractions of missing information."""
    step = np.mean(np.square(np.diff(energy, axis=1)), axis=1)
    return float(np.min(step / np.maximum(np.var(energy, axis=1), 1e-300)))
