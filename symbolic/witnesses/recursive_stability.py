"""Witnesses of recursive stability: joint laws of all examples, and total variation by quadrature.

A loop is run on coefficients: each example is a number for each real example and for each standard
normal that was drawn.  Total variation is the difference of the probabilities of the set where one
density is larger (Neyman and Pearson): a half-space, whose probability is an integral over a line.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import mpmath as mp

from symbolic.witness import Case, Witness

__all__ = ["joint_law", "line_distance", "normal_probability", "total_variation"]

_ERROR = mp.mpf(10) ** -25


def joint_law(
    share: Any, real: int, generated: int, variance: Any, times: int
) -> tuple[list[list[Any]], list[list[Any]]]:
    """Run a loop on coefficients.

    Parameters
    ----------
    share : number
        Weight of the real examples.
    real, generated : int
        Numbers of examples.
    variance : number
        Known variance of an example.
    times : int
        Generation.

    Returns
    -------
    means, noises : list of list
        One row for each example of that generation: what each real example, and each standard
        normal drawn so far, adds to it.

    Examples
    --------
    >>> joint_law(0, 2, 1, 1, 0)[0]
    [[mpf('0.5'), mpf('0.5')]]
    """
    drawn = generated * (times + 1)
    first = [mp.mpf(1) / real] * real + [mp.mpf(0)] * drawn
    fit = first
    rows: list[list[Any]] = []
    for when in range(times + 1):
        rows = []
        for j in range(generated):
            row = list(fit)
            row[real + when * generated + j] += mp.sqrt(variance)
            rows.append(row)
        batch = [mp.fsum(column) / generated for column in zip(*rows, strict=True)]
        fit = [share * x + (1 - share) * y for x, y in zip(first, batch, strict=True)]
    return [row[:real] for row in rows], [row[real:] for row in rows]


def normal_probability(below: Any) -> Any:
    """Probability that a standard normal is between zero and a number, by quadrature.

    Examples
    --------
    >>> round(float(normal_probability(1)), 4)
    0.3413
    """
    return mp.quad(lambda x: mp.exp(-(x**2) / 2), [0, below / 2, below]) / mp.sqrt(2 * mp.pi)


def line_distance(shift: Any, variance: Any) -> Any:
    """Total variation between two normals on the line, as far apart as ``shift``.

    Examples
    --------
    >>> float(line_distance(0, 1))
    0.0
    """
    return 2 * normal_probability(shift / mp.sqrt(variance) / 2)


def total_variation(noises: list[list[Any]], shifts: list[Any]) -> Any:
    """Total variation between the joint normal law of all examples and the same law moved.

    Parameters
    ----------
    noises : list of list
        What each standard normal adds to each example.
    shifts : list
        How far each example's mean moves.

    Returns
    -------
    mpf

    Examples
    --------
    >>> float(total_variation([[1, 0], [0, 1]], [0, 0]))
    0.0
    """
    factor, moved = mp.matrix(noises), mp.matrix(shifts)
    # The log ratio of the two densities is linear, with these coefficients.
    direction = mp.lu_solve(factor * factor.T, moved)
    along = (direction.T * moved)[0]
    spread = (direction.T * factor * factor.T * direction)[0]
    return line_distance(along, spread) if spread > 0 else mp.mpf(0)


# ------------------------------------------------------------------------------------------- cases

_VARIANCE, _DISTANCE = mp.mpf(7) / 4, mp.mpf(5) / 3
_MIXED = ((mp.mpf(2) / 7, 3, 2, 2), (mp.mpf(3) / 5, 2, 3, 1), (mp.mpf(1) / 9, 4, 2, 3))
_ALONE = ((mp.mpf(0), 3, 2, 2), (mp.mpf(0), 2, 4, 1))


def _numbers(setting: tuple[Any, int, int, int], distance: Any = _DISTANCE) -> dict[str, Any]:
    share, real, generated, times = setting
    numbers = {"num_real": real, "num_generated": generated, "generations": times}
    numbers |= {"known_variance": _VARIANCE, "example_distance": distance}
    return numbers if share == 0 else numbers | {"real_share": share}


def _moved(setting: tuple[Any, int, int, int]) -> tuple[list[Any], list[list[Any]]]:
    """How far each example's mean moves with the first real example, and the noise."""
    share, real, generated, times = setting
    means, noises = joint_law(share, real, generated, _VARIANCE, times)
    return [row[0] for row in means], noises


def _paired() -> Iterator[Case]:
    for setting in (*_MIXED, *_ALONE):
        shifts, _ = _moved(setting)
        numbers = {"num_real": setting[1], "example_distance": _DISTANCE}
        yield Case(numbers=numbers, value=_DISTANCE * mp.fsum(shifts) / len(shifts), error=_ERROR)


def _batch_variance(setting: tuple[Any, int, int, int]) -> Any:
    _, noises = _moved(setting)
    return mp.fsum((mp.fsum(column) / setting[2]) ** 2 for column in zip(*noises, strict=True))


def _gathered(settings: tuple[tuple[Any, int, int, int], ...]) -> Iterator[Case]:
    for setting in settings:
        numbers = _numbers(setting)
        del numbers["num_real"], numbers["example_distance"]
        yield Case(numbers=numbers, value=_batch_variance(setting), error=_ERROR)


def _late() -> Iterator[Case]:
    """The loop is run until the variance changes no more."""
    for share, generated in ((mp.mpf(2) / 7, 2), (mp.mpf(1) / 9, 5)):
        numbers = {"real_share": share, "num_generated": generated, "known_variance": _VARIANCE}
        yield Case(numbers=numbers, value=_late_variance(share, generated), error=_ERROR)


def _late_variance(share: Any, generated: int) -> Any:
    found, before = _VARIANCE / generated, mp.mpf(0)
    while abs(found - before) > mp.mpf(10) ** -36:
        found, before = (1 - share) ** 2 * found + _VARIANCE / generated, found
    return found


def _apart(settings: tuple[tuple[Any, int, int, int], ...]) -> Iterator[Case]:
    for setting in settings:
        shifts, noises = _moved(setting)
        value = total_variation(noises, [_DISTANCE * x for x in shifts])
        yield Case(numbers=_numbers(setting), value=value, error=_ERROR)


def _bounded(settings: tuple[tuple[Any, int, int, int], ...]) -> Iterator[Case]:
    """What is given away: the densities' height in the middle less their mean height around it."""
    for setting in settings:
        shifts, noises = _moved(setting)
        value = total_variation(noises, [_DISTANCE * x for x in shifts])
        width = _DISTANCE * shifts[0] / mp.sqrt(_batch_variance(setting))
        lost = mp.quad(lambda x: 1 - mp.exp(-(x**2) / 2), [0, width / 2])
        slack = 2 * lost / mp.sqrt(2 * mp.pi)
        yield Case(numbers=_numbers(setting), value=value, error=_ERROR, sharp=True, slack=slack)


def _first() -> Iterator[Case]:
    """Attained in the first generation; later ones lose what the new noise hides."""
    for setting in (*_MIXED, *((*mixed[:3], 0) for mixed in _MIXED)):
        shifts, noises = _moved(setting)
        value = total_variation(noises, [_DISTANCE * x for x in shifts])
        numbers = _numbers(setting)
        del numbers["generations"], numbers["real_share"]
        yield Case(numbers=numbers, value=value, error=_ERROR, sharp=setting[3] == 0)


def _lasting() -> Iterator[Case]:
    for share, real, generated in ((mp.mpf(2) / 7, 3, 2), (mp.mpf(1) / 9, 2, 5)):
        numbers = _numbers((share, real, generated, 0))
        del numbers["generations"]
        value = line_distance(_DISTANCE / real, _late_variance(share, generated))
        yield Case(numbers=numbers, value=value, error=_ERROR)


def _precise(
    quantity: str, method: str, make: Callable[..., Iterator[Case]], *given: Any
) -> Witness:
    def cases() -> tuple[Case, ...]:
        with mp.workdps(40):
            return tuple(make(*given))

    return Witness(quantity=quantity, method=method, make=functools.cache(cases))


_TV = "half-spaces by quadrature"
WITNESSES: dict[str, Witness] = {
    "paired_shift": _precise("Delta_P[t]", "coefficients", _paired),
    "memory_variance": _precise("s2_M[t]", "coefficients", _gathered, _MIXED),
    "memory_variance_without_real": _precise("s2_M[t]", "coefficients", _gathered, _ALONE),
    "memory_variance_limit": _precise("s2_inf", "iteration", _late),
    "recursive_stability_gaussian": _precise("gamma[t]", _TV, _apart, _MIXED),
    "recursive_stability_without_real": _precise("gamma[t]", _TV, _apart, _ALONE),
    "recursive_stability_bound": _precise("gamma[t]", _TV, _bounded, _MIXED),
    "recursive_stability_without_real_bound": _precise("gamma[t]", _TV, _bounded, _ALONE),
    "recursive_stability_gaussian_first": _precise("gamma[t]", _TV, _first),
    "recursive_stability_limit": _precise("gamma_inf", _TV, _lasting),
}
