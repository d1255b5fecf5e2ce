"""Witnesses of retraining on biased samples: variances of mixtures, iterated until they settle."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import mpmath as mp

from symbolic.witness import Case, Witness
from symbolic.witnesses.retraining_map_sampling import mixture, smoothed_spread, tempered_spread

F = Fraction
DIGITS = 40
_CLOSE = mp.mpf("1e-24")
#: Real data: values with mean 0, and their chances.
REAL = ((F(-2), F(1, 5)), (F(-1, 3), F(3, 5)), (F(3), F(1, 5)))
REAL_VARIANCE = sum((p * x**2 for x, p in REAL), F(0))

Spread = Callable[[Any, Any], Any]  # variance of the samples, of the model's and a knob


def _proportional(variance: Any, width: Any) -> Any:
    return smoothed_spread(variance, width * mp.sqrt(variance))


#: How samples are drawn: the knob's name, the variance of samples, and ratios with knobs.
_WAYS: dict[str, tuple[str, Spread, tuple[tuple[Any, Any], ...]]] = {
    "tempered": ("temperature", tempered_spread, ((2, 0.625), (0.75, 1.75), (0.25, 2.5))),
    "bandwidth": ("bandwidth", _proportional, ((2, 0.375), (0.5, 0.75))),
    "fixed": ("fixed_bandwidth", smoothed_spread, ((2, 0.375), (0.5, 0.75))),
}


def _after(way: str, ratio: Any, knob: Any, variance: Any) -> Any:
    return mixture(REAL, 0, _WAYS[way][1](variance, knob), ratio)[1]


def _precisely(make: Callable[..., Iterator[Case]]) -> Callable[..., Iterator[Case]]:
    @functools.wraps(make)
    def cases(*args: Any) -> Iterator[Case]:
        with mp.workdps(DIGITS):
            yield from list(make(*args))

    return cases


def _rate(way: str, ratio: Any, knob: Any) -> Any:
    """By how much a distance of the variance is multiplied: between two models far apart."""
    one, two = mp.mpf(1) / 2, mp.mpf(3)
    return (_after(way, ratio, knob, two) - _after(way, ratio, knob, one)) / (two - one)


@_precisely
def _eigenvalue(way: str) -> Iterator[Case]:
    name, _, settings = _WAYS[way]
    for ratio, knob in ((mp.mpf(a), mp.mpf(b)) for a, b in settings):
        numbers = {"synthetic_ratio": ratio, name: knob}
        yield Case(numbers=numbers, value=_rate(way, ratio, knob), error=_CLOSE)


@_precisely
def _stationary(way: str) -> Iterator[Case]:
    """Retrain until nothing changes."""
    name, _, settings = _WAYS[way]
    for ratio, knob in ((mp.mpf(a), mp.mpf(b)) for a, b in settings):
        before, now = mp.mpf(-1), mp.mpf(1)
        while abs(now - before) > mp.mpf(10) ** -30:
            before, now = now, _after(way, ratio, knob, now)
        numbers = {"synthetic_ratio": ratio, name: knob, "real_variance": REAL_VARIANCE}
        yield Case(numbers=numbers, value=now, error=_CLOSE)


@_precisely
def _threshold(way: str, over: str) -> Iterator[Case]:
    """Bisection for where distances are kept: over the knob, or over the ratio."""
    for known in (mp.mpf(3) / 4, mp.mpf(2) / 7):
        low, high = mp.mpf(1) / 100, mp.mpf(20)
        for _ in range(90):
            middle = (low + high) / 2
            at = (known, middle) if over == "knob" else (middle, known)
            low, high = (middle, high) if _rate(way, *at) < 1 else (low, middle)
        name = "synthetic_ratio" if over == "knob" else _WAYS[way][0]
        yield Case(numbers={name: known}, value=low, error=_CLOSE)


def _witness(quantity: str, method: str, make: Any, *given: str) -> Witness:
    return Witness(quantity=quantity, method=method, make=functools.partial(make, *given))


_MIX, _ITERATE = "mixtures' moments", "retraining until it settles"
WITNESSES: dict[str, Witness] = {
    "tempered_retraining_eigenvalue": _witness("j_G", _MIX, _eigenvalue, "tempered"),
    "tempered_threshold": _witness("T_c", "bisection", _threshold, "tempered", "knob"),
    "tempered_stationary_variance": _witness("v_*", _ITERATE, _stationary, "tempered"),
    "bandwidth_retraining_eigenvalue": _witness("j_G", _MIX, _eigenvalue, "bandwidth"),
    "bandwidth_threshold": _witness("lambda_c", "bisection", _threshold, "bandwidth", "ratio"),
    "bandwidth_stationary_variance": _witness("v_*", _ITERATE, _stationary, "bandwidth"),
    "fixed_bandwidth_stationary_variance": _witness("v_*", _ITERATE, _stationary, "fixed"),
}
