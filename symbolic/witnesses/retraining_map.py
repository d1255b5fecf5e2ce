"""Witnesses of the retraining map: families that are retrained by solving, and differentiated."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import mpmath as mp

from symbolic.witness import Case, Witness
from symbolic.witnesses.retraining_map_family import (
    DIGITS,
    ROUNDING,
    Family,
    eigenvalues,
    jacobian_of,
    operator_norm,
    solve,
)

F = Fraction
_SMALL = mp.mpf("1e-12")


def _real(rows: Any) -> Any:
    return tuple(tuple(mp.mpf(F(x).numerator) / F(x).denominator for x in row) for row in rows)


def make_family(slope: Any, bend: Any, height: Any, variance: Any) -> Family:
    """Write a family with many digits."""
    (numbers,) = _real(((height, variance),))
    return Family(_real(slope), _real(bend), *numbers)


@functools.cache
def families() -> tuple[Family, ...]:
    """Turned against each other in every way; Fisher information of rank two, and of rank one."""
    with mp.workdps(DIGITS):
        return (
            make_family(((1, F(1, 2)), (F(-1, 3), 1)), ((F(3, 5), F(1, 7)), (F(1, 7), F(-2, 5))),
                  F(2, 3), F(3, 4)),
            make_family(((2, -1), (F(1, 2), F(2, 3))), ((F(-1, 4), F(1, 3)), (F(1, 3), F(1, 2))),
                  F(1, 5), F(1, 2)),
            make_family(((1, 3), (0, 0)), ((1, F(1, 5)), (F(1, 5), F(1, 2))), F(1, 4), F(2)),
        )  # fmt: skip


def well_specified() -> Family:
    """The first family, with real data that it can be."""
    first = families()[0]
    return Family(first.slope, first.bend, mp.mpf(0), first.variance)


def _lengths(family: Family) -> dict[str, Any]:
    """How far the best model is off; the data are its Gaussian, raised."""
    return {
        "wasserstein_misfit": family.height,
        "hessian_lipschitz": family.lipschitz,
        "smallest_curvature": eigenvalues(family.curvature)[1],
    }


def with_digits(make: Callable[..., Iterator[Case]]) -> Callable[..., Iterator[Case]]:
    """Find cases with many digits."""

    @functools.wraps(make)
    def cases(*args: Any) -> Iterator[Case]:
        with mp.workdps(DIGITS):
            yield from list(make(*args))

    return cases


def _ratios() -> tuple[Any, ...]:
    return mp.mpf(5) / 4, mp.mpf(1) / 3, mp.mpf(7)


@with_digits
def _best() -> Iterator[Case]:
    """Likelihoods at the best parameters, and at others."""
    best = (mp.mpf(0), mp.mpf(0))
    for family, ratio in zip(families(), _ratios(), strict=True):
        own = family.mean(best)
        for theta, sharp in ((best, True), ((mp.mpf(1) / 3, mp.mpf(-1) / 7), False)):
            mixed = family.likelihood(family.real, theta) + ratio * family.likelihood(own, theta)
            numbers = {
                "synthetic_ratio": ratio,
                "real_likelihood": family.likelihood(family.real, best),
                "own_likelihood": family.likelihood(own, best),
            }
            yield Case(numbers=numbers, value=mixed, error=ROUNDING, sharp=sharp)


@with_digits
def _eigenvalue() -> Iterator[Case]:
    for family, ratio in zip(families(), _ratios(), strict=True):
        misfits = eigenvalues(solve(family.curvature, family.fisher))
        found = eigenvalues(jacobian_of(family, ratio))
        for misfit, value in zip(misfits, found, strict=True):
            if misfit > ROUNDING:  # of Fisher information of rank one the other is zero
                numbers = {"synthetic_ratio": ratio, "misfit_eigenvalue": misfit}
                yield Case(numbers=numbers, value=value, error=ROUNDING)
    yield _logistic(mp.mpf(3) / 2, mp.mpf(1) / 2)


def _logistic(ratio: Any, sd: Any) -> Case:
    """A logistic location family refitted to normal data: everything by quadrature."""
    with mp.workdps(20):
        step, last = mp.mpf(1) / 8, 320
        points = [step * k for k in range(-last, last + 1)]
        normal = [mp.npdf(x, 0, sd) * step for x in points]
        logistic = [step / (4 * mp.cosh(x / 2) ** 2) for x in points]

        def score(theta: Any, weights: list[Any], shift: Any) -> Any:
            terms = zip(points, weights, strict=True)
            return mp.fsum(w * mp.tanh((x + shift - theta) / 2) for x, w in terms)

        def retrained(last_theta: Any) -> Any:
            def mixed(theta: Any) -> Any:
                return score(theta, normal, 0) + ratio * score(theta, logistic, last_theta)

            return mp.findroot(mixed, (0, last_theta), tol=mp.mpf("1e-34"))

        def information(weights: list[Any]) -> Any:
            terms = zip(points, weights, strict=True)
            return mp.fsum(w / (2 * mp.cosh(x / 2) ** 2) for x, w in terms)

        change = mp.mpf("1e-5")
        value = retrained(change) / change  # odd, so that the error is of second order
        numbers = {
            "synthetic_ratio": ratio,
            "misfit_eigenvalue": information(logistic) / information(normal),
        }
    return Case(numbers=numbers, value=value, error=mp.mpf("1e-9"))


@with_digits
def _well_specified() -> Iterator[Case]:
    for ratio in _ratios():
        for value in eigenvalues(jacobian_of(well_specified(), ratio)):
            yield Case(numbers={"synthetic_ratio": ratio}, value=value, error=ROUNDING)


def aligned() -> tuple[Family, Family]:
    """Least curved where it bends most: both bounds on the misfit are attained."""
    return (
        make_family(((F(3, 2), 0), (0, 2)), ((F(-1, 2), 0), (0, F(1, 3))), F(3, 4), F(2, 3)),
        make_family(((1, 0), (0, 3)), ((F(-2, 3), 0), (0, F(1, 7))), F(1, 2), F(1, 5)),
    )


@with_digits
def _radius() -> Iterator[Case]:
    for family, ratio in zip((*aligned(), *families()), (*_ratios()[:2], *_ratios()), strict=True):
        value = eigenvalues(jacobian_of(family, ratio))[0]
        numbers = {"synthetic_ratio": ratio, **_lengths(family)}
        yield Case(numbers=numbers, value=value, error=ROUNDING, sharp=family in aligned())


def _series(family: Family, ratio: Any) -> Any:
    """What dropping the signs of Neumann's series gives away: twice its even terms."""
    misfit = eigenvalues(solve(family.curvature, family.fisher))[0]
    return 2 * mp.nsum(lambda k: (ratio * misfit) ** (2 * k), [1, mp.inf])


@with_digits
def _norm() -> Iterator[Case]:
    for family, ratio in zip(aligned(), (mp.mpf(1) / 3, mp.mpf(2) / 7), strict=True):
        numbers = {"synthetic_ratio": ratio, **_lengths(family)}
        value, slack = operator_norm(jacobian_of(family, ratio)), _series(family, ratio)
        yield Case(numbers=numbers, value=value, error=ROUNDING, sharp=True, slack=slack)
    for family in families():
        numbers = {"synthetic_ratio": mp.mpf(1) / 9, **_lengths(family)}
        yield Case(numbers=numbers, value=operator_norm(jacobian_of(family, mp.mpf(1) / 9)),
                   error=ROUNDING)  # fmt: skip


def rank_one() -> tuple[Family, ...]:
    """Samples that tell one combination of the parameters only."""
    return (
        families()[2],
        make_family(((2, 1), (0, 0)), ((F(1, 3), 0), (0, 1)), F(3, 5), F(1, 2)),
    )


def norm_reaches_one(family: Family) -> Any:
    """Find the ratio at which the norm of the solved map's derivative is one."""
    low, high = mp.mpf(0), mp.mpf(1)
    while operator_norm(family.jacobian(high)) < 1:
        low, high = high, 2 * high
    return mp.findroot(
        lambda ratio: operator_norm(family.jacobian(ratio)) - 1,
        (low, high),
        solver="illinois",
        tol=mp.mpf(10) ** -50,
    )


_reached = functools.cache(norm_reaches_one)


@with_digits
def _threshold() -> Iterator[Case]:
    """The norm passes 1 later, by what matrix algebra says of Fisher information of rank one."""
    for family in rank_one():
        curved, (score, _) = family.curvature, family.slope
        pulled = solve(curved, ((score[0], 0), (score[1], 0)))
        lengths = mp.hypot(pulled[0][0], pulled[1][0]) * mp.hypot(*score)
        along = pulled[0][0] * score[0] + pulled[1][0] * score[1]
        numbers = _lengths(family)
        gap = numbers["wasserstein_misfit"] * numbers["hessian_lipschitz"]
        early = numbers["smallest_curvature"] / (numbers["smallest_curvature"] + gap) / 2
        slack = family.variance / (lengths - along) - early
        yield Case(numbers=numbers, value=_reached(family), error=_SMALL, sharp=True, slack=slack)


def _witness(quantity: str, method: str, make: Callable[[], Iterator[Case]]) -> Witness:
    return Witness(quantity=quantity, method=method, make=make)


_SOLVED = "solving and differencing"
WITNESSES: dict[str, Witness] = {
    "retraining_fixed_point": _witness("ell_mix", "Gaussian integrals", _best),
    "retraining_jacobian_eigenvalue": _witness("j_G", _SOLVED, _eigenvalue),
    "retraining_jacobian_well_specified": _witness("j_G", _SOLVED, _well_specified),
    "retraining_radius_bound": _witness("j_G", _SOLVED, _radius),
    "retraining_norm_bound": _witness("J_norm", _SOLVED, _norm),
    "retraining_threshold": _witness("lambda_c", "false position", _threshold),
}
