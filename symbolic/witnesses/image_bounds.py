"""Witnesses of the covariance as a whole: its root by quadrature, its traces by pairing draws."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import mpmath as mp

from symbolic.witness import Case, Witness
from symbolic.witnesses.gaussian import (
    Matrix,
    chi_mean,
    covariance,
    mean,
    plane,
    plane_excess,
    product,
    times,
    trace,
    twice,
)
from symbolic.witnesses.image import SETTINGS, near, scale, setting

F = Fraction
_SDS = (F(2), F(3, 5))
_VECTOR = (F(3, 4), F(-5, 3))


def _root(value: Fraction) -> mp.mpf:
    return mp.sqrt(mp.mpf(value.numerator) / value.denominator)


def _on_a_line(numbers: dict[str, Any]) -> mp.mpf:
    """Mean factor of a standard deviation: the only one in one dimension."""
    return _root(scale(numbers)) * chi_mean(numbers["image_count"] - 1, lambda x: x)


def _in_plane(numbers: dict[str, Any], sds: tuple[Fraction, ...] = _SDS) -> tuple[mp.mpf, mp.mpf]:
    first, second = plane(numbers["image_count"] - 1, float(sds[0]), float(sds[1]))
    return _root(scale(numbers)) * first, _root(scale(numbers)) * second


def _forms() -> Iterator[Case]:
    """Attained on a line, and where all but one standard deviation vanish."""
    for numbers in SETTINGS:
        line = numbers | {"num_features": 1, "image_sd": (_SDS[0],), "direction": (_VECTOR[0],)}
        yield near(line, float(_VECTOR[0] ** 2 * _SDS[0]) * _on_a_line(numbers), sharp=True)
    numbers = SETTINGS[1] | {"num_features": 2, "direction": _VECTOR}
    for sds, sharp in ((_SDS, False), ((F(1, 10**12), F(2)), True)):
        first, second = _in_plane(numbers, sds)
        value = float(_VECTOR[0] ** 2) * first + float(_VECTOR[1] ** 2) * second
        yield near(numbers | {"image_sd": sds}, value, sharp=sharp)


def _form_paths() -> Iterator[Case]:
    """On a line the updates are independent factors; in the plane the first update."""
    start = _VECTOR[0] ** 2 * _SDS[0]
    for numbers in SETTINGS:
        for t in (1, 2, 5):
            more = {"generations": t, "root_form": start}
            yield near(numbers | more, float(start) * _on_a_line(numbers) ** t, sharp=True)
    numbers = SETTINGS[1]
    values = zip(_VECTOR, _in_plane(numbers), strict=True)
    value = mp.fsum(float(v**2) * root for v, root in values)
    whole = sum((v**2 * sd for v, sd in zip(_VECTOR, _SDS, strict=True)), F(0))
    yield near(numbers | {"generations": 1, "root_form": whole}, value)


def _from_below() -> Iterator[Case]:
    """Attained on a line; in the plane a triangular factor's trace is below its trace norm."""
    for numbers in SETTINGS:
        line = numbers | {"num_features": 1, "image_sd": (_SDS[0],)}
        yield near(line, float(_SDS[0]) * _on_a_line(numbers), sharp=True)
    for numbers, sds in ((SETTINGS[1], _SDS), (setting(30, 0, F(5, 4)), _SDS[::-1])):
        excess = plane_excess(numbers["image_count"] - 1, float(sds[0]), float(sds[1]))
        slack = _root(scale(numbers)) * excess
        more = {"num_features": 2, "image_sd": sds}
        yield near(numbers | more, sum(_in_plane(numbers, sds)), sharp=True, slack=slack)


def _diversity_above() -> Iterator[Case]:
    for numbers in SETTINGS:
        for t in (1, 2, 5):
            more = {"generations": t, "image_diversity": _SDS[0]}
            yield near(numbers | more, float(_SDS[0]) * _on_a_line(numbers) ** t, sharp=True)
    more = {"generations": 1, "image_diversity": sum(_SDS)}
    yield near(SETTINGS[1] | more, sum(_in_plane(SETTINGS[1])))


def _diversity_below() -> Iterator[Case]:
    for numbers in SETTINGS:
        for t in (1, 2, 5):
            more = {"generations": t, "largest_variance": _SDS[0] ** 2}
            yield near(numbers | more, float(_SDS[0]) * _on_a_line(numbers) ** t, sharp=True)
    more = {"generations": 1, "largest_variance": _SDS[0] ** 2}
    yield near(SETTINGS[1] | more, sum(_in_plane(SETTINGS[1])))


def _rate() -> Iterator[Case]:
    for numbers in SETTINGS:
        yield near(numbers, mp.log(_on_a_line(numbers)))


def _mean_factor(numbers: dict[str, Any]) -> mp.mpf:
    """Mean over every image count, the standard deviation kept below ``min_images``."""
    size, prob = numbers["batch_size"], numbers["text_prob"]
    total = mp.mpf(0)
    for m in range(size + 1):
        chance = math.comb(size, m) * prob**m * (1 - prob) ** (size - m)
        kept = m < numbers["min_images"]
        total += float(chance) * (1 if kept else _on_a_line(numbers | {"image_count": m}))
    return total


_COUNTS = (
    {
        "batch_size": 5,
        "text_prob": F(2, 7),
        "min_images": 2,
        "ddof": 1,
        "shrinkage_factor": F(5, 4),
    },
    {
        "batch_size": 7,
        "text_prob": F(3, 5),
        "min_images": 3,
        "ddof": 0,
        "shrinkage_factor": F(2, 3),
    },
)


def _factor_over_counts() -> Iterator[Case]:
    for numbers in _COUNTS:
        yield near(numbers, _mean_factor(numbers))


def _above_over_counts() -> Iterator[Case]:
    for numbers in _COUNTS:
        factor = _mean_factor(numbers)
        for t in (1, 2):
            more = {"generations": t, "image_diversity": _SDS[0], "mean_image_factor": factor}
            yield near(more, float(_SDS[0]) * factor**t, sharp=True)
    # In the plane, from a given covariance: no image count is kept below three images.
    numbers = {"ddof": 1, "shrinkage_factor": F(1)}
    values = [sum(_in_plane(setting(n, 1, F(1)))) for n in (6, 9)]
    factors = [_on_a_line(numbers | {"image_count": n}) for n in (6, 9)]
    more = {"generations": 1, "image_diversity": sum(_SDS), "mean_image_factor": sum(factors) / 2}
    yield near(more, sum(values) / 2)


# --------------------------------------------------------------------------------- traces


def _second_moments(scatter: Matrix) -> tuple[Fraction, Fraction]:
    """Mean squared trace, and mean trace of the square."""
    whole = trace(scatter)
    return mean(times(whole, whole)), mean(trace(product(scatter, scatter)))


_TRACES = (sum((sd**2 for sd in _SDS), F(0)), sum((sd**4 for sd in _SDS), F(0)))


def _one_update(which: int) -> Iterator[Case]:
    now = {"current_variance": _TRACES[0], "current_square_trace": _TRACES[1]}
    for images, ddof in ((3, 0), (4, 1)):
        numbers = setting(images, ddof, F(5, 7))
        value = _second_moments(covariance(images, _SDS))[which]
        yield Case(numbers=numbers | now, value=scale(numbers) ** 2 * value)


def _traces(which: int) -> Iterator[Case]:
    start = {"image_variance": _TRACES[0], "image_square_trace": _TRACES[1]}
    for images, ddof, t in ((3, 0, 1), (4, 1, 1), (3, 1, 2)):
        numbers = setting(images, ddof, F(5, 7))
        scatter = covariance(images, _SDS) if t == 1 else twice(images - 1, _SDS)
        each = scale(numbers) ** t
        moments = [each**2 * moment for moment in _second_moments(scatter)]
        moments.append(moments[0] - (each * mean(trace(scatter))) ** 2)
        yield Case(numbers=numbers | start | {"generations": t}, value=moments[which])


_PAIRED = "moments of the draws"
WITNESSES = {
    "image_root_loewner": Witness(quantity="Mean(R')", method="quadrature", make=_forms),
    "image_root_trajectory": Witness(quantity="Mean(R[t])", method="quadrature", make=_form_paths),
    "image_one_step_lower_bound": Witness(
        quantity="Mean(D')", method="quadrature", make=_from_below
    ),
    "image_diversity_upper_bound": Witness(
        quantity="Mean(D[t])", method="quadrature", make=_diversity_above
    ),
    "image_diversity_lower_bound": Witness(
        quantity="Mean(D[t])", method="quadrature", make=_diversity_below
    ),
    "image_exact_rate": Witness(quantity="r_inf", method="quadrature", make=_rate),
    "image_factor_mean": Witness(
        quantity="rho_bar", method="enumeration of counts, quadrature", make=_factor_over_counts
    ),
    "image_diversity_upper_bound_counts": Witness(
        quantity="Mean(D[t])", method="quadrature", make=_above_over_counts
    ),
    "image_trace_square_step": Witness(
        quantity="Mean(T'**2)", method=_PAIRED, make=lambda: _one_update(0)
    ),
    "image_square_trace_step": Witness(
        quantity="Mean(Q')", method=_PAIRED, make=lambda: _one_update(1)
    ),
    "image_trace_square_mean": Witness(
        quantity="Mean(tr_Sigma[t]**2)", method=_PAIRED, make=lambda: _traces(0)
    ),
    "image_square_trace_mean": Witness(
        quantity="Mean(Q[t])", method=_PAIRED, make=lambda: _traces(1)
    ),
    "image_trace_variance": Witness(quantity="Var_T", method=_PAIRED, make=lambda: _traces(2)),
}
