"""Witnesses of one update's contraction factor: quadrature in one, two and three dimensions.

What an asymptotic statement leaves out is of the next order in ``1/nu``; the errors allowed are
that order times a size taken from dimension one, where it is ``1/32 nu^-2`` or ``5/128 nu^-3``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

import mpmath as mp

from symbolic.witness import Case, Witness
from symbolic.witnesses.gaussian import (
    chi_mean,
    covariance,
    mean,
    plane,
    plane_power,
    product,
    space,
    trace,
)
from symbolic.witnesses.image import SETTINGS, near, scale, setting

F = Fraction


def _diversity(freedom: int, sds: tuple[Fraction, ...]) -> mp.mpf:
    """Mean diversity after an unbiased update, from given standard deviations."""
    size = mp.sqrt(freedom)
    if len(sds) == 1:
        return float(sds[0]) * chi_mean(freedom, lambda x: x) / size
    if len(sds) == 2:
        return sum(plane(freedom, float(sds[0]), float(sds[1]))) / size
    return space(freedom, (float(sds[0]), float(sds[1]), float(sds[2]))) / size


def _isotropic(freedom: int, dim: int) -> mp.mpf:
    """Contraction factor of an unbiased update from an isotropic covariance."""
    return _diversity(freedom, (F(1),) * dim) / dim


def _second_order() -> Iterator[Case]:
    for freedom, sds in (
        (50, (F(3),)),
        (60, (F(2), F(3, 4))),
        (90, (F(2), F(3, 4), F(5, 4))),
    ):
        numbers = {"degrees_of_freedom": freedom, "num_features": len(sds), "image_sd": sds}
        dim = len(sds)
        error = mp.mpf(float(sum(sds))) * (2 * dim**2 + dim + 3) / 128 / freedom**2
        yield Case(numbers=numbers, value=_diversity(freedom, sds), error=error)


def _isotropic_order() -> Iterator[Case]:
    for freedom, dim in ((50, 1), (60, 2), (90, 3)):
        numbers = {"degrees_of_freedom": freedom, "num_features": dim}
        error = (2 * dim**2 + dim + 3) / mp.mpf(128) / freedom**2
        yield Case(numbers=numbers, value=_isotropic(freedom, dim), error=error)


def _rank_one() -> Iterator[Case]:
    sds = (F(3), F(1, 10**9))
    for freedom in (20, 50):
        value = _diversity(freedom, sds) / float(sum(sds))
        error = 1 / mp.mpf(25) / freedom**2
        yield Case(numbers={"degrees_of_freedom": freedom}, value=value, error=error)


def _caption() -> Iterator[Case]:
    """Every image count, with 1/(n + 1) as the caption has it; no image at all is dropped."""
    for size, prob, dim in ((40, F(2, 7), 2), (60, F(2, 5), 3)):
        counts = range(size + 1)
        chances = (math.comb(size, m) * prob**m * (1 - prob) ** (size - m) for m in counts)
        inverse = sum((c / (m + 1) for m, c in zip(counts, chances, strict=True)), F(0))
        dropped = F(dim + 1, 8) * (1 - prob) ** (size + 1) / ((size + 1) * prob)
        numbers = {"batch_size": size, "text_prob": prob, "num_features": dim}
        yield Case(numbers=numbers, value=1 - F(dim + 1, 8) * inverse, error=2 * dropped)


def _power_traces() -> Iterator[Case]:
    """Squares by pairing every draw, roots by quadrature, inverses by their known mean."""
    for images, sds in ((4, (F(2), F(3, 5))), (3, (F(2), F(3, 5), F(4, 3)))):
        scatter = covariance(images, sds)
        value = mean(trace(product(scatter, scatter))) / (images - 1) ** 2
        numbers = {"degrees_of_freedom": images - 1, "num_features": len(sds), "image_sd": sds}
        yield Case(numbers=numbers | {"power": 2}, value=value)
    freedom = 60
    numbers = {"degrees_of_freedom": freedom, "num_features": 2, "image_sd": (F(2), F(3, 5))}
    value = _diversity(freedom, (F(2), F(3, 5)))
    yield Case(numbers=numbers | {"power": F(1, 2)}, value=value, error=mp.mpf("0.3") / freedom**2)
    sds = (F(2), F(3, 5), F(4, 3))  # E W^-1 = I / (nu - d - 1)
    value = sum((1 / sd**2 for sd in sds), F(0)) * F(400, 400 - 4)
    numbers = {"degrees_of_freedom": 400, "num_features": 3, "image_sd": sds, "power": -1}
    yield Case(numbers=numbers, value=value, error=value * F(20, 400**2))


# ------------------------------------------------------------------------ exact in the plane


def _plane_factor() -> Iterator[Case]:
    for numbers in (*SETTINGS, setting(10, 0, F(2, 3))):
        if numbers["image_count"] > 5:
            freedom = numbers["image_count"] - 1
            size = mp.sqrt(mp.mpf(float(scale(numbers))) * freedom)
            yield near(numbers, size * _isotropic(freedom, 2))


def _plane_powers() -> Iterator[Case]:
    numbers, sd = SETTINGS[1], F(3, 4)
    for power in (F(1, 3), F(3), F(-5, 4)):
        value = plane_power(numbers["image_count"] - 1, float(power))
        size = mp.sqrt(mp.mpf(float(scale(numbers)))) * float(sd)
        more = {"power": power, "image_diversity": 2 * sd}
        yield near(numbers | more, size ** float(power) * value)
    # The square is the trace and twice the mean root of the determinant, here by two heights.
    numbers = setting(9, 2, F(5, 7))
    roots = [chi_mean(9 - j, lambda x: x) for j in (1, 2)]
    whole = float(mean(trace(covariance(9, [F(1)])))) * 2 + 2 * mp.fprod(roots)
    value = float(scale(numbers) * sd**2) * whole
    yield near(numbers | {"power": 2, "image_diversity": 2 * sd}, value)


# ------------------------------------------------------------- isotropic, in every dimension


def _next_order() -> Iterator[Case]:
    for freedom, dim in ((30, 1), (30, 2), (60, 3)):
        numbers = {"image_count": freedom + 1, "num_features": dim}
        error = mp.mpf(dim**3) / 20 / freedom**3
        yield Case(numbers=numbers, value=_isotropic(freedom, dim), error=error)


WITNESSES = {
    "image_contraction_second_order": Witness(
        quantity="Mean(D')", method="quadrature", make=_second_order
    ),
    "image_contraction_isotropic": Witness(
        quantity="rho", method="quadrature", make=_isotropic_order
    ),
    "image_contraction_rank_one": Witness(quantity="rho", method="quadrature", make=_rank_one),
    "image_contraction_caption": Witness(quantity="rho", method="enumeration", make=_caption),
    "image_trace_power_second_order": Witness(
        quantity="Mean(P')", method="moments of the draws, quadrature", make=_power_traces
    ),
    "image_plane_power_mean": Witness(
        quantity="Mean(D'**q)", method="quadrature", make=_plane_powers
    ),
    "image_plane_factor": Witness(quantity="rho", method="quadrature", make=_plane_factor),
    "image_plane_factor_alternating": Witness(
        quantity="rho", method="quadrature", make=_plane_factor
    ),
    "image_contraction_isotropic_next_order": Witness(
        quantity="rho", method="quadrature", make=_next_order
    ),
}
