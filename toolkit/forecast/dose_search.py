"""Where a dose-response curve reaches a probability, in few evaluations."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

#: Shares and probabilities are tried by powers of ten from here to 1.
_SMALLEST = 1e-6
#: The decade with the crossing is halved so often: to a factor 10^(1/64), under 4 %.
_HALVINGS = 6


class Curve(NamedTuple):
    """Doses in order, with the share of paths that keep the target."""

    dose: FloatArray
    kept: FloatArray


def explore(
    kept: Callable[[float], float], probability: float, *, most: float, whole: bool
) -> Curve:
    """The curve at powers of ten, and finely where it first reaches the probability.

    Parameters
    ----------
    kept : callable
        The share of paths that keep the target at a dose.
    probability : float
    most : float
        The largest dose.
    whole : bool
        Doses are whole numbers.

    Examples
    --------
    >>> curve = explore(lambda dose: 1 - 0.1 ** dose, 0.9, most=100, whole=True)
    >>> crossing(curve, 0.9, exact=True)
    1.0
    """
    decades = 10.0 ** np.arange(0 if whole else np.log10(_SMALLEST), np.log10(most) + 1e-9)
    grid = [0.0, *decades.tolist()]
    if grid[-1] < most * (1 - 1e-9):
        grid.append(most)
    known = {value: kept(value) for value in grid}
    first = next((i for i, value in enumerate(grid) if known[value] >= probability), None)
    if first:
        low, high = grid[first - 1], grid[first]
        while (middle := _between(low, high, whole)) is not None:
            known[middle] = kept(middle)
            low, high = (low, middle) if known[middle] >= probability else (middle, high)
    dose = np.array(sorted(known))
    return Curve(dose, np.array([known[value] for value in dose]))


def _between(low: float, high: float, whole: bool) -> float | None:
    """The dose halfway in logs; None where the two are close enough."""
    if whole:
        middle = round(math.sqrt(low * high))
        return float(min(max(middle, low + 1), high - 1)) if high - low > 1 else None
    close = low == 0 or high / low < 10 ** (1.5 / 2**_HALVINGS)
    return None if close else math.sqrt(low * high)


def crossing(curve: Curve, probability: float, *, exact: bool = False) -> float:
    """The smallest dose at which a curve reaches a probability; NaN where it does not.

    Parameters
    ----------
    curve : Curve
    probability : float
    exact : bool
        A dose that was tried; otherwise between two of them on a straight line (in the dose's log,
        but for a dose of 0).

    Examples
    --------
    >>> curve = Curve(np.array([0.0, 0.1, 1.0]), np.array([0.0, 0.5, 1.0]))
    >>> crossing(curve, 0.75, exact=True), round(crossing(curve, 0.75), 4)
    (1.0, 0.3162)
    """
    reached = curve.kept >= probability
    if not reached.any():
        return float("nan")
    at = int(reached.argmax())
    if exact or at == 0:
        return float(curve.dose[at])
    low, high = curve.dose[at - 1], curve.dose[at]
    share = (probability - curve.kept[at - 1]) / (curve.kept[at] - curve.kept[at - 1])
    if low == 0:
        return float(share * high)
    return float(low * (high / low) ** share)
