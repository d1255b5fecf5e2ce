"""Witnesses of the image model along a direction: chi-square sums and moments of real draws."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

import mpmath as mp

from symbolic.witness import Case, Witness
from symbolic.witnesses.gaussian import (
    QUADRATURE,
    chi_mean,
    covariance,
    determinant,
    mean,
    times,
    trace,
    twice,
)

F = Fraction
Numbers = dict[str, Any]


def setting(images: int, ddof: int, shrinkage: Fraction) -> Numbers:
    """Numbers of one image update."""
    return {"image_count": images, "ddof": ddof, "shrinkage_factor": shrinkage}


def scale(numbers: Mapping[str, Any]) -> Fraction:
    """What the scatter matrix is multiplied by."""
    return F(numbers["shrinkage_factor"]) / (numbers["image_count"] - numbers["ddof"])


def near(numbers: Numbers, value: Any, **more: Any) -> Case:
    """A case by quadrature."""
    return Case(numbers=numbers, value=mp.mpf(value), error=QUADRATURE * (1 + abs(value)), **more)


SETTINGS = (setting(4, 0, F(2, 3)), setting(7, 2, F(5, 4)))
_VARIANCE = F(7, 3)


def _direction_mean() -> Iterator[Case]:
    for images, ddof, times_updated in ((3, 0, 1), (4, 2, 1), (3, 0, 2)):
        numbers = setting(images, ddof, F(5, 7))
        draws = covariance(images, [F(1)]) if times_updated == 1 else twice(images - 1, [F(1)])
        value = _VARIANCE * scale(numbers) ** times_updated * mean(trace(draws))
        numbers |= {"generations": times_updated, "directional_variance": _VARIANCE}
        yield Case(numbers=numbers, value=value)


def _along(one_update: Callable[[int, mp.mpf], mp.mpf], start: Callable[[float], float],
           adds: bool) -> Iterator[Case]:  # fmt: skip
    """Values after one and three updates, by independence of the updates."""
    for numbers in SETTINGS:
        each = one_update(numbers["image_count"] - 1, mp.mpf(scale(numbers).numerator)
                          / scale(numbers).denominator)  # fmt: skip
        for t in (1, 3):
            first = start(float(_VARIANCE))
            value = first + t * each if adds else first * each**t
            more = {"generations": t, "directional_variance": _VARIANCE}
            yield near(numbers | more, value)


def _root_mean() -> Iterator[Case]:
    return _along(lambda nu, c: mp.sqrt(c) * chi_mean(nu, lambda x: x), math.sqrt, False)


def _log_mean() -> Iterator[Case]:
    def each(nu: int, c: mp.mpf) -> mp.mpf:
        return mp.log(c) / 2 + chi_mean(nu, math.log)

    return _along(each, lambda v: math.log(v) / 2, True)


def _power_mean() -> Iterator[Case]:
    for power in (F(1, 3), F(-2, 5)):
        for case in _along(
            lambda nu, c, q=power: c**q * chi_mean(nu, lambda x: x ** (2 * float(q))),  # type: ignore[misc]
            lambda v, q=power: v ** float(q),  # type: ignore[misc]
            False,
        ):
            yield near({**case.numbers, "power": power}, case.value)
    numbers = setting(4, 0, F(5, 7))
    square = trace(covariance(4, [F(1)]))
    value = (_VARIANCE * scale(numbers)) ** 2 * mean(times(square, square))
    more = {"generations": 1, "directional_variance": _VARIANCE, "power": 2}
    yield Case(numbers=numbers | more, value=value)


def _exponents() -> Iterator[Case]:
    for numbers in SETTINGS:
        for j in (1, 2, 3):
            c = mp.mpf(scale(numbers).numerator) / scale(numbers).denominator
            value = mp.log(c) / 2 + chi_mean(numbers["image_count"] - j, math.log)
            yield near({**numbers, "exponent_index": j}, value)


# ---------------------------------------------------------------------------- determinants

_SDS = (F(2), F(3, 5))
_DET = (_SDS[0] * _SDS[1]) ** 2


def _determinants() -> Iterator[Case]:
    """First and second moments by pairing every draw; one update, and one after another."""
    for images, power, t in ((4, 1, 1), (3, 2, 1), (4, 1, 2)):
        numbers = setting(images, 0, F(5, 7))
        scatter = covariance(images, _SDS) if t == 1 else twice(images - 1, _SDS)
        det = determinant(scatter)
        moment = mean(det if power == 1 else times(det, det))
        more = {"num_features": 2, "determinant": _DET, "generations": t, "power": power}
        yield Case(numbers=numbers | more, value=scale(numbers) ** (2 * power * t) * moment)


def _volume(images: int, dim: int, of: Callable[[float], float]) -> list[mp.mpf]:
    """Means of a function of the lengths of a parallelepiped's successive heights."""
    return [chi_mean(images - j, of) for j in range(1, dim + 1)]


def _determinant_powers(power: Callable[[int], Fraction], named: bool) -> Iterator[Case]:
    for numbers, dim in zip(SETTINGS, (2, 4), strict=True):
        q = float(power(dim))
        heights = _volume(numbers["image_count"], dim, lambda x, q=q: x ** (2 * q))  # type: ignore[misc]
        each = mp.mpf(float(scale(numbers))) ** (dim * q) * mp.fprod(heights)
        for t in (1, 2):
            more = {"num_features": dim, "determinant": _DET, "generations": t}
            more |= {"power": power(dim)} if named else {}
            yield near(numbers | more, each**t * mp.mpf(float(_DET)) ** q)


def _log_determinants() -> Iterator[Case]:
    for numbers, dim in zip(SETTINGS, (2, 4), strict=True):
        heights = _volume(numbers["image_count"], dim, math.log)
        each = dim * mp.log(float(scale(numbers))) + 2 * mp.fsum(heights)
        for t in (1, 3):
            more = {"num_features": dim, "determinant": _DET, "generations": t}
            yield near(numbers | more, mp.log(float(_DET)) + t * each)


WITNESSES = {
    "directional_variance_mean": Witness(
        quantity="Mean(sigma2_v[t])", method="moments of the draws", make=_direction_mean
    ),
    "directional_diversity_mean": Witness(
        quantity="Mean(sqrt(sigma2_v[t]))", method="quadrature", make=_root_mean
    ),
    "directional_log_mean": Witness(
        quantity="Mean(log(sqrt(sigma2_v[t])))", method="quadrature", make=_log_mean
    ),
    "directional_power_mean": Witness(
        quantity="Mean(sigma2_v[t]**q)", method="quadrature", make=_power_mean
    ),
    "image_lyapunov": Witness(quantity="lambda_j", method="quadrature", make=_exponents),
    "image_determinant_power": Witness(
        quantity="Mean(det[t]**q)",
        method="moments of the draws, quadrature",
        make=lambda: [*_determinants(), *_determinant_powers(lambda _: F(-1, 3), True)],
    ),
    "image_determinant_diversity_mean": Witness(
        quantity="Mean(det[t]**(1/(2*d)))",
        method="quadrature",
        make=lambda: _determinant_powers(lambda dim: F(1, 2 * dim), False),
    ),
    "image_log_determinant_mean": Witness(
        quantity="Mean(log(det[t]))", method="quadrature", make=_log_determinants
    ),
}
