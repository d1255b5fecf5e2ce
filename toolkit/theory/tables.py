"""Tables and single answers drawn from the theorems."""

from __future__ import annotations

import numpy as np
import xarray as xr

import symbolic
from symbolic import Theorem
from toolkit import labels
from toolkit.systems import CoevolvingSystem
from toolkit.theory.image_results import rates
from toolkit.theory.numbers import number


def theorems() -> tuple[Theorem, ...]:
    """All theorems of the library, in order.

    Returns
    -------
    tuple of symbolic.Theorem
        Each has ``name``, ``title``, ``in_words``, ``statement``, ``kind``, ``source``,
        ``reference``, ``assumptions`` and ``derivation``.

    Examples
    --------
    >>> theorems()[0].name
    'text_probs_martingale'
    """
    return tuple(symbolic.THEOREMS.values())


def best_injection_fraction(
    *, batch_size: int, injection_prob: float, text_updates: int = 1
) -> float:
    """The fraction of new texts with the largest guaranteed diversity.

    Parameters
    ----------
    batch_size : int
    injection_prob : float
    text_updates : int

    Returns
    -------
    float

    Raises
    ------
    ValueError
        When a value is outside its range.

    Examples
    --------
    >>> round(best_injection_fraction(batch_size=1000, injection_prob=0.05), 4)
    0.1229
    """
    values = {"batch_size": batch_size, "text_updates": text_updates}
    return float(number("new_text_best_fraction", injection_prob=injection_prob, **values))


def smallest_dose(
    *, batch_size: int, diversity: float, target_diversity: float, text_updates: int = 1
) -> float:
    """The dose ``prob * fraction * (2 - fraction)`` of a fixed corpus that keeps a diversity.

    Parameters
    ----------
    batch_size : int
    diversity : float
        The stationary mean text diversity that is wanted.
    target_diversity : float
        The injected corpus's.
    text_updates : int

    Returns
    -------
    float
        At most 1 if some probability and fraction give it.

    Raises
    ------
    ValueError
        When the diversity is not below the corpus's, or the dose would exceed 1.

    Examples
    --------
    >>> round(smallest_dose(batch_size=1000, diversity=0.4, target_diversity=0.8), 6)
    0.001001
    """
    if not 0 < diversity < target_diversity:
        raise ValueError(
            f"diversity must lie between 0 and the corpus's, {target_diversity:g}, not "
            f"{diversity:g}: no dose reaches the corpus's own diversity."
        )
    dose = float(
        number(
            "corpus_injection_dose",
            batch_size=batch_size,
            diversity_floor=diversity,
            target_diversity=target_diversity,
            text_updates=text_updates,
        )
    )
    if dose > 1:
        raise ValueError(
            f"no dose keeps text_diversity at {diversity:g}: it would have to be {dose:.3g}, above "
            "1; raise batch_size or choose a more diverse corpus."
        )
    return dose


def image_rates(system: CoevolvingSystem) -> xr.Dataset:
    """Contraction factors of one image update, for each text at its initial probability.

    Parameters
    ----------
    system : CoevolvingSystem

    Returns
    -------
    Dataset
        Per text: ``exact_rate`` (asymptotic factor of the mean, exact), ``isotropic_rate``
        and ``rank_one_rate`` (second order), ``caption_rate`` and ``lyapunov_rate`` (a
        logarithm: the rate of a typical run).

    Examples
    --------
    >>> system = CoevolvingSystem.on_unit_circle(num_texts=5, variance=1.0, batch_size=1000)
    >>> float(image_rates(system).exact_rate[0]).__round__(7)
    0.9987394
    """
    found = rates(system)
    columns = {
        "exact_rate": (found.exact, "contraction factor of the mean, asymptotic"),
        "isotropic_rate": (found.isotropic, "contraction factor, second order, isotropic"),
        "caption_rate": (found.caption, "contraction factor of the caption"),
        "rank_one_rate": (found.rank_one, "contraction factor, second order, rank one"),
        "lyapunov_rate": (found.lyapunov, "log contraction factor of a typical run"),
    }
    return xr.Dataset(
        {
            name: (labels.TEXT, values, {"long_name": words, "units": "1"})
            for name, (values, words) in columns.items()
        },
        coords={labels.TEXT: np.arange(system.num_texts)},
        attrs={labels.SYSTEM: system.to_json()},
    )
