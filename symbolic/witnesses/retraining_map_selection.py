"""Witnesses of selection: mixtures of real data and best samples, retrained until they settle."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import mpmath as mp

from symbolic.witness import Case, Witness
from symbolic.witnesses.retraining_map_samples import DIGITS, REAL, REAL_VARIANCE
from symbolic.witnesses.retraining_map_sampling import best_moments, mixture

_CLOSE, _STEP = mp.mpf("1e-24"), mp.mpf("1e-20")
#: Best of so many samples, and ratios of samples to real data.
_SETTINGS = ((2, "0.6"), (3, "0.25"), (5, "0.1"))


def _precisely(make: Callable[[], Iterator[Case]]) -> Callable[[], Iterator[Case]]:
    @functools.wraps(make)
    def cases() -> Iterator[Case]:
        with mp.workdps(DIGITS):
            yield from list(make())

    return cases


def _after(best: int, ratio: Any, shift: Any, variance: Any, data: Any = REAL) -> tuple[Any, Any]:
    mean, spread = best_moments(best)
    return mixture(data, shift + mean * mp.sqrt(variance), spread * variance, ratio)


@functools.cache
def _settled(best: int, ratio: str) -> tuple[Any, Any]:
    """Retrain until differences of the map would see nothing of what is left."""
    with mp.workdps(3 * DIGITS):
        now, before = (mp.mpf(0), mp.mpf(1)), (mp.mpf(1), mp.mpf(1))
        while max(abs(a - b) for a, b in zip(now, before, strict=True)) > mp.mpf(10) ** -45:
            before, now = now, _after(best, mp.mpf(ratio), *now)
    return now


@functools.cache
def _jacobian(best: int, ratio: str) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Differences of the map around the settled point."""
    with mp.workdps(3 * DIGITS):
        shift, variance = _settled(best, ratio)
        sides = []
        for along in ((1, 0), (0, 1)):
            ahead, behind = (
                _after(best, mp.mpf(ratio), shift + sign * _STEP * along[0],
                       variance + sign * _STEP * along[1])
                for sign in (1, -1)
            )  # fmt: skip
            sides.append([(a - b) / (2 * _STEP) for a, b in zip(ahead, behind, strict=True)])
    return (sides[0][0], sides[1][0]), (sides[0][1], sides[1][1])


def _numbers(best: int, ratio: str) -> dict[str, Any]:
    mean, spread = best_moments(best)
    return {
        "synthetic_ratio": mp.mpf(ratio),
        "selected_mean": mean,
        "selected_variance": spread,
    }


@_precisely
def _shift() -> Iterator[Case]:
    for best, ratio in _SETTINGS:
        shift, variance = _settled(best, ratio)
        numbers = _numbers(best, ratio) | {"fitted_sd": mp.sqrt(variance)}
        numbers.pop("selected_variance")
        yield Case(numbers=numbers, value=shift, error=_CLOSE)


@_precisely
def _variance() -> Iterator[Case]:
    for best, ratio in _SETTINGS:
        numbers = _numbers(best, ratio) | {"real_variance": REAL_VARIANCE}
        yield Case(numbers=numbers, value=_settled(best, ratio)[1], error=_CLOSE)


def _of_jacobian(of: Callable[[Any], Any], *known: str) -> Callable[[], Iterator[Case]]:
    @_precisely
    def cases() -> Iterator[Case]:
        for best, ratio in _SETTINGS:
            numbers = {name: _numbers(best, ratio)[name] for name in known}
            yield Case(numbers=numbers, value=of(_jacobian(best, ratio)), error=_CLOSE)

    return cases


def _trace(rows: Any) -> Any:
    return rows[0][0] + rows[1][1]


def _determinant(rows: Any) -> Any:
    return rows[0][0] * rows[1][1] - rows[0][1] * rows[1][0]


def _margin(rows: Any) -> Any:
    (a, b), (c, d) = rows
    return (1 - a) * (1 - d) - b * c


def _radius(rows: Any) -> Any:
    """Apply the Jacobian many times: what it multiplies a vector by in the end."""
    vector, value = (mp.mpf(1), mp.mpf(1)), mp.mpf(0)
    for _ in range(600):
        moved = [row[0] * vector[0] + row[1] * vector[1] for row in rows]
        value = moved[1] / vector[1]
        vector = (moved[0] / moved[1], mp.mpf(1))
    return value


def _growth(best: int, ratio: Any) -> Any:
    """By how much the standard deviation grows at last, from real data of no spread."""
    shift, factor = mp.mpf(0), mp.mpf(0)
    for _ in range(400):
        moved, spread = _after(best, ratio, shift, mp.mpf(1), ((0, 1),))
        factor = mp.sqrt(spread)
        shift = moved / factor  # in standard deviations: the map knows no other length
    return factor


@_precisely
def _threshold() -> Iterator[Case]:
    """Bisection for the ratio from which even real data of no spread do not hold the model."""
    for best in (2, 4):
        low, high = mp.mpf(1) / 10, mp.mpf(4)
        for _ in range(85):
            middle = (low + high) / 2
            low, high = (middle, high) if _growth(best, middle) < 1 else (low, middle)
        mean, spread = best_moments(best)
        numbers = {"selected_mean": mean, "selected_variance": spread}
        yield Case(numbers=numbers, value=low, error=mp.mpf("1e-22"))


@_precisely
def _best_mean() -> Iterator[Case]:
    """The same by a sum over a grid, and by the law of the difference of the two."""
    yield Case(numbers={}, value=best_moments(2)[0], error=_CLOSE)
    yield Case(numbers={}, value=mp.quad(lambda x: 2 * mp.npdf(x) ** 2, [-20, 0, 20]), error=_CLOSE)


@_precisely
def _best_variance() -> Iterator[Case]:
    yield Case(numbers={}, value=best_moments(2)[1], error=_CLOSE)
    square = mp.quad(lambda x: 2 * x**2 * mp.npdf(x) * mp.ncdf(x), [-20, -4, 0, 4, 20])
    mean = mp.quad(lambda x: 2 * x * mp.npdf(x) * mp.ncdf(x), [-20, -4, 0, 4, 20])
    yield Case(numbers={}, value=square - mean**2, error=mp.mpf("1e-20"))


def _alone(best: int, sd: Any, times: int) -> Any:
    """Mean after fits to the best samples alone."""
    mean, spread = best_moments(best)
    shift = mp.mpf(0)
    for _ in range(times):
        shift, sd = shift + mean * sd, sd * mp.sqrt(spread)
    return shift


def _starts() -> Iterator[tuple[int, dict[str, Any]]]:
    for best, start in ((2, mp.mpf(3) / 2), (5, mp.mpf(2) / 3)):
        mean, spread = best_moments(best)
        yield (
            best,
            {"selected_mean": mean, "selected_variance": spread, "initial_sd": start},
        )


@_precisely
def _selected() -> Iterator[Case]:
    for times, (best, numbers) in zip((3, 4), _starts(), strict=True):
        value = _alone(best, numbers["initial_sd"], times)
        yield Case(numbers=numbers | {"generations": times}, value=value, error=_CLOSE)


@_precisely
def _total() -> Iterator[Case]:
    for best, numbers in _starts():
        yield Case(numbers=numbers, value=_alone(best, numbers["initial_sd"], 600), error=_CLOSE)


_ALL = ("synthetic_ratio", "selected_mean", "selected_variance")
WITNESSES: dict[str, Witness] = {
    name: Witness(quantity=quantity, method=method, make=make)
    for name, quantity, method, make in (
        ("curated_stationary_shift", "Delta_G", "retraining until it settles", _shift),
        ("curated_stationary_variance", "v_G", "retraining until it settles", _variance),
        ("curated_jacobian_trace", "tr_J", "differencing", _of_jacobian(_trace, *_ALL)),
        (
            "curated_jacobian_determinant",
            "det_J",
            "differencing",
            _of_jacobian(_determinant, _ALL[0], _ALL[2]),
        ),
        ("curated_stability_margin", "D_J", "differencing", _of_jacobian(_margin, *_ALL)),
        ("curated_radius", "j_G", "repeated differences", _of_jacobian(_radius, *_ALL)),
        ("curated_threshold", "lambda_c", "bisection", _threshold),
        ("best_of_two_mean", "e_k", "quadrature", _best_mean),
        ("best_of_two_variance", "c_k", "quadrature", _best_variance),
        ("selected_shift", "Delta_G[t]", "repeated fits", _selected),
        ("selected_total_shift", "Delta_inf", "repeated fits", _total),
    )
}
