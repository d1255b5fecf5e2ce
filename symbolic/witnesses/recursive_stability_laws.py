"""Witnesses of two loops' laws: all pairings of equally likely values, labels with their inputs."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import mpmath as mp

from symbolic.witness import Case, Witness
from symbolic.witnesses.recursive_stability import total_variation

__all__ = ["PLANE", "closest", "label_law", "two_points"]

F = Fraction
#: Inputs in the plane with X'X = n I: two of them, and four.
PLANE = {
    2: ((1, 1), (1, -1)),
    4: ((1, 1), (1, -1), (1, 1), (1, -1)),
}
_ERROR = mp.mpf(10) ** -25


def closest(first: Sequence[Any], second: Sequence[Any], cost: Callable[[Any], Any]) -> Any:
    """Mean cost of the best pairing of equally many values, of all that there are.

    Examples
    --------
    >>> closest((0, 1), (3, 1), abs)
    Fraction(3, 2)
    """
    best: dict[int, Any] = {0: 0}
    for x in first:
        found: dict[int, Any] = {}
        for taken, sofar in best.items():
            for k, y in enumerate(second):
                if not taken >> k & 1:
                    key, total = taken | 1 << k, sofar + cost(x - y)
                    found[key] = min(found.get(key, total), total)
        best = found
    (total,) = best.values()
    return total * F(1, len(first)) if isinstance(total, int | Fraction) else total / len(first)


def two_points(mean: Any, sd: Any, size: int, times: int) -> Iterator[Any]:
    """Equally likely values that a loop generates, of residuals plus or minus one.

    Mean and variance (divided by ``size - 1``) are fitted to the generated examples alone.

    Examples
    --------
    >>> sorted(two_points(0, 1, 2, 0))
    [-1, 1]
    """
    if times == 0:
        yield from (mean + sd * z for z in (1, -1))
        return
    for drawn in itertools.product((1, -1), repeat=size):
        middle = F(sum(drawn), size)
        variance = sum(((z - middle) ** 2 for z in drawn), F(0)) / (size - 1)
        later = sd * mp.sqrt(mp.mpf(variance.numerator) / variance.denominator)
        yield from two_points(_real(mean) + _real(sd) * _real(middle), later, size, times - 1)


def _real(value: Any) -> Any:
    return mp.mpf(value.numerator) / value.denominator if isinstance(value, Fraction) else value


def label_law(
    share: Any, real: int, generated: int, variance: Any, times: int
) -> tuple[list[list[Any]], list[list[Any]], list[list[Any]]]:
    """Run regression in the plane on coefficients, with inputs from `PLANE`.

    Parameters
    ----------
    share : number
        Weight of the real labels.
    real, generated : int
        Numbers of labels.
    variance : number
        Of the noise of a label.
    times : int
        Generation.

    Returns
    -------
    means, noises, weights : list of list
        One row for each label of that generation (axis, for the weights fitted to them): what each
        real label, and each standard normal drawn so far, adds to it.

    Examples
    --------
    >>> [[float(x) for x in row] for row in label_law(0, 2, 2, 1, 0)[0]]
    [[1.0, 0.0], [0.0, 1.0]]
    """
    drawn = generated * (times + 1)

    def fit(rows: list[list[Any]], size: int) -> list[list[Any]]:
        return [
            [mp.fsum(x[a] * row[k] for x, row in zip(PLANE[size], rows, strict=True)) / size
             for k in range(real + drawn)]
            for a in (0, 1)
        ]  # fmt: skip

    own = [[mp.mpf(k == j) for k in range(real + drawn)] for j in range(real)]
    first = fit(own, real)
    weights, rows, batch = first, own, first
    for when in range(times + 1):
        rows = []
        for j, x in enumerate(PLANE[generated]):
            row = [x[0] * u + x[1] * v for u, v in zip(*weights, strict=True)]
            row[real + when * generated + j] += mp.sqrt(variance)
            rows.append(row)
        batch = fit(rows, generated)
        weights = [
            [share * u + (1 - share) * v for u, v in zip(old, new, strict=True)]
            for old, new in zip(first, batch, strict=True)
        ]
    return [row[:real] for row in rows], [row[real:] for row in rows], [r[real:] for r in batch]


# ------------------------------------------------------------------------------------------- cases


_POWERS: dict[int, Callable[[Any], Any]] = {1: abs, 2: lambda x: x**2}


def _translated() -> Iterator[Case]:
    """A loop with a share of real data, of which only the mean is fitted, to two examples."""
    for share, real, distance, times in ((F(2, 7), 3, F(5, 3), 1), (F(0), 2, F(1, 4), 1),
                                         (F(3, 5), 4, F(2), 0)):  # fmt: skip
        for order in (1, 2):
            first, second = (
                list(_known(start, start, share, times)) for start in (F(0), distance / real)
            )
            found = closest(first, second, _POWERS[order])
            value = found if order == 1 else mp.sqrt(_real(found))
            yield Case(
                numbers={"num_real": real, "example_distance": distance},
                value=value,
                error=0 if order == 1 else _ERROR,
            )


def _known(start: Any, mean: Any, share: Any, times: int) -> Iterator[Any]:
    """Equally likely values of a loop of known variance; two examples a generation."""
    if times == 0:
        yield from (mean + z for z in (1, -1))
        return
    for drawn in itertools.product((1, -1), repeat=2):
        batch = mean + F(sum(drawn), 2)
        yield from _known(start, share * start + (1 - share) * batch, share, times - 1)


def _fitted() -> Iterator[Case]:
    """Values plus or minus one are of mean 0 and variance 1: nothing else is asked of them."""
    for start, step, size, times in (
        ((F(1, 3), F(1)), (F(2, 5), F(1, 2)), 2, 1),
        ((F(0), F(3, 2)), (F(-1, 3), F(-2, 3)), 3, 2),
        ((F(-2), F(4, 3)), (F(1, 3), F(2, 3)), 2, 3),
        ((F(1), F(1)), (F(1, 7), F(3)), 2, 0),
    ):
        first = list(two_points(*start, size, times))
        second = list(two_points(start[0] + step[0], start[1] + step[1], size, times))
        found = _square_distance(*([_real(x) for x in law] for law in (first, second)))
        numbers = {
            "mean_shift": step[0],
            "sd_shift": step[1],
            "num_generated": size,
            "generations": times,
        }
        yield Case(numbers=numbers, value=_real(found), error=_ERROR)


def _square_distance(first: Sequence[Any], second: Sequence[Any]) -> Any:
    """Mean square of the best pairing: of all for few values, by their order for many."""
    if len(first) <= 8:
        return closest(first, second, lambda x: x**2)
    pairs = zip(sorted(first), sorted(second), strict=True)
    return mp.fsum((x - y) ** 2 for x, y in pairs) / len(first)


def _labels() -> Iterator[Case]:
    variance = mp.mpf(7) / 4
    for share, real, generated, times in (
        (mp.mpf(2) / 7, 4, 2, 2), (mp.mpf(3) / 5, 2, 4, 1), (mp.mpf(1) / 9, 4, 4, 0),
    ):  # fmt: skip
        means, noises, _ = label_law(share, real, generated, variance, times)
        for distance in (mp.mpf(5) / 3, mp.mpf(1) / 3):
            numbers = {
                "real_share": share,
                "num_real": real,
                "num_generated": generated,
                "known_variance": variance,
                "generations": times,
                "example_distance": distance,
                "input_norm": mp.sqrt(2),
            }
            value = total_variation(noises, [distance * row[1] for row in means])
            yield Case(numbers=numbers, value=value, error=_ERROR)


def _precise(quantity: str, method: str, make: Callable[[], Iterator[Case]]) -> Witness:
    def cases() -> tuple[Case, ...]:
        with mp.workdps(40):
            return tuple(make())

    return Witness(quantity=quantity, method=method, make=functools.cache(cases))


WITNESSES: dict[str, Witness] = {
    "wasserstein_stability_gaussian": _precise("W_S[t]", "all pairings", _translated),
    "wasserstein_stability_fitted": _precise("W_S[t]**2", "best pairing", _fitted),
    "recursive_stability_regression": _precise("gamma[t]", "half-spaces by quadrature", _labels),
}
