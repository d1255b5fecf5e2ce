"""Witnesses of posterior confusion: finite worlds with rationals, Gaussians by quadrature.

What bounds give away is found by quadrature (or exactly), as a sum of squares: a bound that is
weaker than stated is seen.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import mpmath as mp

from symbolic.witness import Case, Witness
from symbolic.witnesses.enumeration import (
    DENSITIES,
    ONE_HOT,
    PROBS,
    Probs,
    along,
    gini,
    mean,
    mixture,
    posteriors,
    text_update,
)

F = Fraction
Densities = Sequence[Probs]
_HALVES = (F(1, 2), F(1, 2))
#: Two texts whose posterior is (1/2, 1/2) where they overlap; and three, pair by pair.
_TWO = ((F(1, 3), F(2, 3)), ((F(1, 2), F(1, 2), F(0)), (F(1, 4), F(0), F(3, 4))))
_SHARED = {(0, 1): F(1, 24), (0, 2): F(1, 30), (1, 2): F(1, 12)}
_ALIKE = (
    (F(51, 100), F(29, 100), F(20, 100)),
    (F(50, 100), F(31, 100), F(19, 100)),
    (F(48, 100), F(30, 100), F(22, 100)),
)


def _three() -> tuple[Probs, Densities]:
    """Three texts; images are shared by two texts, in equal parts, or by one."""
    rows = []
    for i, p in enumerate(PROBS):
        shared = [mass / p if i in pair else F(0) for pair, mass in _SHARED.items()]
        own = [1 - sum(shared, F(0)) if i == k else F(0) for k in range(3)]
        rows.append(tuple(shared + own))
    return PROBS, tuple(rows)


def _confused(probs: Probs, densities: Densities) -> Fraction:
    """C H: the mean diversity of the posterior."""
    post, mix = posteriors(probs, densities), mixture(probs, densities)
    return sum((m * gini(r) for m, r in zip(mix, post, strict=True) if m), F(0))


def _number(x: Fraction) -> Any:
    return mp.mpf(x.numerator) / x.denominator


def _overlap(densities: Densities) -> tuple[tuple[Any, ...], ...]:
    """Bhattacharyya coefficients."""
    return tuple(
        tuple(
            mp.fsum(mp.sqrt(_number(x * y)) for x, y in zip(q, r, strict=True)) for r in densities
        )
        for q in densities
    )


def _pairwise() -> Iterator[Case]:
    worlds = ((*_TWO, True), (*_three(), True), (PROBS, DENSITIES, False))
    with mp.workdps(40):
        for probs, densities, sharp in worlds:
            values = {"text_probs": probs, "num_texts": len(probs)}
            values["bhattacharyya"] = _overlap(densities)
            found = _confused(probs, densities)
            yield Case(numbers=values, value=found, error=mp.mpf(10) ** -30, sharp=sharp)


def _chi_square(densities: Densities) -> tuple[Probs, ...]:
    return tuple(
        tuple(sum((x * x / y for x, y in zip(q, r, strict=True)), F(0)) - 1 for r in densities)
        for q in densities
    )


def _given_away(probs: Probs, densities: Densities) -> Fraction:
    """What the chi-square bound gives away: a sum of squares."""
    mix, total = mixture(probs, densities), F(0)
    for p, q in zip(probs, densities, strict=True):
        for other, r in zip(probs, densities, strict=True):
            squares = (x**2 * (y - m) ** 2 / (y * m**2) for x, y, m in zip(q, r, mix, strict=True))
            total += p**2 * other * sum(squares, F(0))
    return total


def _chi_square_bound() -> Iterator[Case]:
    for densities in (DENSITIES, _ALIKE):
        found = gini(PROBS) - _confused(PROBS, densities)
        values = {
            "text_probs": PROBS,
            "num_texts": 3,
            "chi_square_divergence": _chi_square(densities),
        }
        slack = _given_away(PROBS, densities)
        yield Case(numbers=values, value=found, sharp=True, slack=slack)
    # One text with an image that the other hardly ever has, either way round.
    rare = ((F(999, 1000), F(1, 1000)), _HALVES)
    for pair in (rare, rare[::-1]):
        values = {
            "text_probs": _HALVES,
            "num_texts": 2,
            "chi_square_divergence": _chi_square(pair),
        }
        found, slack = gini(_HALVES) - _confused(_HALVES, pair), _given_away(_HALVES, pair)
        yield Case(numbers=values, value=found, sharp=True, slack=slack)


def _alike() -> Iterator[Case]:
    for densities in (_ALIKE, tuple(tuple((x + F(4, 3)) / 5 for x in q) for q in _ALIKE)):
        table = _chi_square(densities)
        bound = sum(PROBS[i] ** 2 * PROBS[k] * table[i][k] for i in range(3) for k in range(3))
        found = _confused(PROBS, densities) / gini(PROBS)
        yield Case(numbers={}, value=found, error=bound / gini(PROBS))


# --------------------------------------------------------------------- Gaussians of one covariance

_WEIGHTS = (0.2, 0.3, 0.5)
_MEANS = ((0.0, 0.3), (0.7, -0.2), (0.25, 0.5))
Points = tuple[tuple[float, ...], ...]


def _centred(means: Points, weights: Sequence[float]) -> Points:
    middle = [sum(w * m[a] for w, m in zip(weights, means, strict=True)) for a in range(2)]
    return tuple(tuple(m[a] - middle[a] for a in range(2)) for m in means)


@functools.cache
def _plane(scale: float) -> tuple[Points, float, float, float]:
    """(1 - C) H of Gaussians in the plane, and what either bound gives away there.

    The trapezoidal rule on a grid of step 0.2 is exact to rounding for such smooth functions.
    """
    points = _centred(tuple(tuple(scale * x for x in m) for m in _MEANS), _WEIGHTS)
    squares = [sum(x * x for x in point) for point in points]
    floor = math.exp(-sum(w * v for w, v in zip(_WEIGHTS, squares, strict=True)) / 2)
    apart = below = above = 0.0
    axis = [0.2 * n for n in range(-50, 51)]
    for x in axis:
        for y in axis:
            mass = 0.04 * math.exp(-(x * x + y * y) / 2) / (2 * math.pi)
            ratio = [
                math.exp(a[0] * x + a[1] * y - v / 2) for a, v in zip(points, squares, strict=True)
            ]
            mix = sum(w * g for w, g in zip(_WEIGHTS, ratio, strict=True))
            own = mass * sum((w * g) ** 2 for w, g in zip(_WEIGHTS, ratio, strict=True))
            apart += own / mix - mass * sum(w * w * g for w, g in zip(_WEIGHTS, ratio, strict=True))
            below += own * (mix - 1) ** 2 / mix
            above += own * (mix - 1) ** 2 * (1 / floor - 1 / mix)
    return points, apart, below, above


def _products(points: Points) -> tuple[tuple[float, ...], ...]:
    return tuple(
        tuple(sum(x * y for x, y in zip(a, b, strict=True)) for b in points) for a in points
    )


def _told_apart(part: int) -> Iterator[Case]:
    for scale in (0.1, 0.5, 1.0):
        points, apart, *given_away = _plane(scale)
        values = {"text_probs": _WEIGHTS, "num_texts": 3, "text_products": _products(points)}
        slack = given_away[part]
        yield Case(numbers=values, value=apart, error=1e-13, sharp=True, slack=slack)


def _large() -> Iterator[Case]:
    for scale in (0.02, 0.05):
        points, apart, below, above = _plane(scale)
        squares = tuple(sum(x * x for x in point) for point in points)
        diversity = 1 - sum(w * w for w in _WEIGHTS)
        values = {"text_probs": _WEIGHTS, "num_texts": 3, "text_distance": squares}
        # Left out: between the two bounds, which are this far apart, and of their own order.
        error = 4 * (below + above) / diversity + 1e-14
        values["text_diversity"] = diversity
        yield Case(numbers=values, value=apart / diversity, error=error)


# --------------------------------------------------------- Gaussian integrals by precision matrices

_COVS = (
    (((2, F(1, 2)), (F(1, 2), 1)), ((F(3, 2), F(-1, 3)), (F(-1, 3), 2)), (F(1), F(-1, 2))),
    (
        ((F(5, 3), F(1, 4)), (F(1, 4), F(6, 5))),
        ((F(4, 3), F(1, 5)), (F(1, 5), F(7, 4))),
        (F(1, 3), 1),
    ),
)


def _log_integral(powers: tuple[Fraction, Fraction], covs: Any, gap: Any) -> Any:
    """Log of the integral of ``q1^a q2^b``, q1 centred at 0 and q2 at ``gap``, in the plane."""
    first, second = (mp.matrix([[mp.mpf(1) * x for x in row] for row in cov]) for cov in covs)
    a, b = (_number(power) for power in powers)
    precision = a * first**-1 + b * second**-1
    slope = b * (second**-1 * gap)
    square = (slope.T * precision**-1 * slope)[0] / 2 - b * (gap.T * second**-1 * gap)[0] / 2
    scale = (a * mp.log(mp.det(first)) + b * mp.log(mp.det(second)) + mp.log(mp.det(precision))) / 2
    return square - scale - (a + b - 1) * mp.log(2 * mp.pi)


def _gaussian_pair(chi_square: bool) -> Iterator[Case]:
    with mp.workdps(40):
        for first, second, apart in _COVS:
            covs = [[[_number(F(x)) for x in row] for row in cov] for cov in (first, second)]
            one, two = (mp.matrix(cov) for cov in covs)
            gap = mp.matrix([_number(F(x)) for x in apart])
            middle = 2 * two - one if chi_square else (one + two) / 2
            form = (gap.T * middle**-1 * gap)[0]
            logs = [mp.log(mp.det(matrix)) for matrix in (one, two, middle)]
            last = ("log_det_excess", "excess_mahalanobis")
            names = last if chi_square else ("log_det_average", "mahalanobis")
            values = {"log_det_first": logs[0], "log_det_second": logs[1]}
            values |= {names[0]: logs[2], names[1]: form}
            powers = (F(2), F(-1)) if chi_square else (F(1, 2), F(1, 2))
            found = _log_integral(powers, covs, gap)
            yield Case(numbers=values, value=found, error=mp.mpf(10) ** -30)


# --------------------------------------------------------------------------------- many updates


def _law(probs: Probs, densities: Densities, size: int, times: int) -> Any:
    return along({probs: F(1)}, lambda p: text_update(p, size, densities), times)


def _decomposed() -> Iterator[Case]:
    for size, times in ((2, 2), (3, 1), (2, 3)):
        back = tuple(
            mean(_law(PROBS, DENSITIES, size, past), lambda p: _confused(p, DENSITIES))
            for past in range(times)
        )
        values = {"batch_size": size, "generations": times, "mean_confused_diversity": back}
        values["initial_text_diversity"] = gini(PROBS)
        yield Case(numbers=values, value=mean(_law(PROBS, DENSITIES, size, times), gini))


def _ceiling() -> Iterator[Case]:
    for densities, sharp in (((DENSITIES[0],) * 3, True), (DENSITIES, False)):
        found = mean(_law(PROBS, densities, 2, 2), gini)
        yield Case(numbers={"initial_text_diversity": gini(PROBS)}, value=found, sharp=sharp)


def _upper() -> Iterator[Case]:
    worlds: tuple[tuple[Any, ...], ...] = (
        (PROBS, ONE_HOT, 2, 2, True),
        (_HALVES, (DENSITIES[0],) * 2, 3, 2, True),
        (*_TWO, 3, 1, True),
        (*_three(), 2, 1, True),
        (*_TWO, 2, 3, False),
        (PROBS, DENSITIES, 2, 2, False),
    )
    with mp.workdps(40):
        for probs, densities, size, times, sharp in worlds:
            values = {"batch_size": size, "generations": times, "text_probs": probs}
            values |= {"initial_text_diversity": gini(probs), "num_texts": len(probs)}
            values["bhattacharyya"] = _overlap(densities)
            found = mean(_law(probs, densities, size, times), gini)
            yield Case(numbers=values, value=found, error=mp.mpf(10) ** -30, sharp=sharp)


def _witness(
    quantity: str, method: str, make: Callable[..., Iterator[Case]], *given: Any
) -> Witness:
    return Witness(quantity=quantity, method=method, make=functools.partial(make, *given))


_SUM = "H*(1 - C)"
WITNESSES: dict[str, Witness] = {
    "confusion_bound": _witness("C*H", "enumeration", _pairwise),
    "bhattacharyya_gaussian": _witness("log_BC", "precision matrices", _gaussian_pair, False),
    "text_diversity_decomposition": _witness("Mean(H[t])", "enumeration", _decomposed),
    "text_diversity_ceiling": _witness("Mean(H[t])", "enumeration", _ceiling),
    "text_diversity_upper_bound": _witness("Mean(H[t])", "enumeration", _upper),
    "told_apart_lower_bound": _witness(_SUM, "quadrature", _told_apart, 0),
    "told_apart_upper_bound": _witness(_SUM, "quadrature", _told_apart, 1),
    "confusion_large_covariance": _witness("1 - C", "quadrature", _large),
    "told_apart_chi_square_bound": _witness(_SUM, "enumeration", _chi_square_bound),
    "confusion_tends_to_one": _witness("C", "enumeration", _alike),
    "chi_square_gaussian": _witness("log_chi2", "precision matrices", _gaussian_pair, True),
}
