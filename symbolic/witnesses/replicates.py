"""Witnesses of means over finitely many runs: moments of chi variables by quadrature."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from fractions import Fraction

import mpmath as mp

from symbolic.witness import Case, Witness
from symbolic.witnesses.chi import (
    DIGITS,
    QUADRATURE,
    chi_moment,
    deficit_slack,
    log_mean,
    number,
    plane_factor,
)

F = Fraction
Cases = Callable[[], Iterator[Case]]
TINY = mp.mpf("1e-30")


def _square_over_mean(nu: int, times: int) -> mp.mpf:
    """E X^2 / (E X)^2 of a product of independent chi variables, by quadrature."""
    with mp.workdps(DIGITS):
        return (chi_moment(F(nu), F(2)) / chi_moment(F(nu), F(1)) ** 2) ** times


def _spread(nu: int, times: int, runs: int) -> mp.mpf:
    with mp.workdps(DIGITS):
        return (_square_over_mean(nu, times) - 1) / runs


def _relative_variance() -> Iterator[Case]:
    for n, times, runs in ((4, 1, 3), (7, 3, 5)):
        numbers = {"image_count": n, "generations": times, "replicates": runs}
        yield Case(numbers=numbers, value=_spread(n - 1, times, runs), error=QUADRATURE)


def _needed() -> Iterator[Case]:
    for n, times, runs in ((4, 2, F(5)), (7, 5, F(7, 2))):
        with mp.workdps(DIGITS):
            error = mp.sqrt((_square_over_mean(n - 1, times) - 1) / number(runs))
        numbers = {"image_count": n, "generations": times, "relative_error": error}
        yield Case(numbers=numbers, value=number(runs), error=mp.mpf("1e-15"))


def _horizon() -> Iterator[Case]:
    for n, times, runs in ((4, 2, 5), (7, 5, 3)):
        with mp.workdps(DIGITS):
            error = mp.sqrt((_square_over_mean(n - 1, times) - 1) / runs)
        numbers = {"image_count": n, "replicates": runs, "relative_error": error}
        yield Case(numbers=numbers, value=times, error=mp.mpf("1e-15"))


@functools.cache
def _two_runs(nu: int, power: Fraction) -> tuple[mp.mpf, mp.mpf]:
    """Mean power of the mean over two runs, and what powers run by run give away.

    Two chi variables over ``sqrt nu`` are the legs of a right triangle: the hypotenuse is a chi
    variable of ``2 nu`` degrees of freedom, independent of the angle.
    """
    with mp.workdps(DIGITS):
        size = mp.sqrt(2) ** number(power) * chi_moment(F(2 * nu), power)
    with mp.workdps(30):
        theta, quarter = number(power), mp.pi / 4

        def over_angles(of: Callable[[mp.mpf, mp.mpf], mp.mpf]) -> mp.mpf:
            def legs(a: mp.mpf) -> mp.mpf:
                return (mp.cos(a) * mp.sin(a)) ** (nu - 1) * of(mp.cos(a), mp.sin(a))

            return mp.quad(legs, [0, quarter])  # symmetric about the diagonal

        whole = over_angles(lambda c, s: mp.mpf(1))
        together = over_angles(lambda c, s: ((c + s) / 2) ** theta) / whole
        apart = over_angles(lambda c, s: (c**theta + s**theta) / 2**theta) / whole
        return size * together, size * (apart - together)


def _fractional() -> Iterator[Case]:
    """One run, or power one: equality; two runs: powers are taken run by run."""
    scale, start = F(9, 10), F(7, 5)
    for n, ddof, times, runs, power in (
        (4, 0, 2, 1, F(3, 5)), (6, 1, 3, 1, F(1, 4)), (5, 2, 2, 4, F(1)),
        (3, 1, 1, 2, F(1, 2)), (6, 0, 1, 2, F(2, 3)),
    ):  # fmt: skip
        with mp.workdps(DIGITS):
            size = number(scale * F(n - 1, n - ddof)) ** times * number(start)
            two = runs == 2
            one = chi_moment(F(n - 1), power) ** times if not two else mp.mpf(0)
            value, gap = _two_runs(n - 1, power) if two else (one, mp.mpf(0))
            size **= number(power) / 2
            value, gap = value * size, gap * size
        yield Case(
            numbers={
                "image_count": n, "ddof": ddof, "generations": times, "replicates": runs,
                "fraction_power": power, "shrinkage_factor": scale, "directional_variance": start,
            },
            value=value, error=QUADRATURE, sharp=True, slack=gap,
        )  # fmt: skip


def _one_run(nu: int, power: Fraction) -> mp.mpf:
    """Log of ``E X^power / (E X)^power`` for one update."""
    with mp.workdps(DIGITS):
        return log_mean(F(nu), power) - number(power) * log_mean(F(nu))


def _relative_to_mean(nu: int, power: Fraction) -> tuple[mp.mpf, mp.mpf]:
    """The same for the mean over two runs (no log), and what powers run by run give away."""
    with mp.workdps(DIGITS):
        mean = chi_moment(F(nu), F(1)) ** number(power)
        value, gap = _two_runs(nu, power)
        return value / mean, gap / mean


def _collapse() -> Iterator[Case]:
    for n, times, power in ((501, 1000, F(3, 10)), (9, 3, F(7, 10)), (4, 2, F(1, 3))):
        with mp.workdps(DIGITS):
            value = mp.exp(times * _one_run(n - 1, power))
            gap = value * mp.expm1(times * deficit_slack(F(n - 1), power))
        numbers = {"image_count": n, "generations": times, "fraction_power": power}
        yield Case(
            numbers=numbers | {"replicates": 1}, value=value, error=TINY, sharp=True, slack=gap
        )
    for n, power in ((3, F(1, 2)), (6, F(2, 3))):
        with mp.workdps(DIGITS):
            value, gap = _relative_to_mean(n - 1, power)
            gap += (value + gap) * mp.expm1(deficit_slack(F(n - 1), power))
        numbers = {"image_count": n, "generations": 1, "fraction_power": power}
        yield Case(
            numbers=numbers | {"replicates": 2}, value=value, error=QUADRATURE, sharp=True,
            slack=gap,
        )  # fmt: skip
    numbers = {"image_count": 5, "generations": 3, "fraction_power": F(1)}
    yield Case(numbers=numbers | {"replicates": 4}, value=mp.mpf(1), error=TINY, sharp=True)


def _failure() -> Iterator[Case]:
    """The bound's rate is a run's own less the slack: by so much the time is longer."""
    for n, power in ((501, F(3, 10)), (9, F(7, 10))):
        with mp.workdps(DIGITS):
            rate, slack = -_one_run(n - 1, power), deficit_slack(F(n - 1), power)
            value = -mp.log(number(F(1, 5))) / rate
            longer = value * slack / (rate - slack)
        numbers = {"image_count": n, "fraction_power": power, "share_left": F(1, 5)}
        yield Case(
            numbers=numbers | {"replicates": 1}, value=value, error=mp.mpf("1e-20"), sharp=True,
            slack=longer,
        )  # fmt: skip
    for n, power in ((3, F(1, 2)), (6, F(2, 3))):  # two runs, which fail with the first update
        with mp.workdps(DIGITS):
            rate, slack = -_one_run(n - 1, power), deficit_slack(F(n - 1), power)
            left, gap = _relative_to_mean(n - 1, power)
            longer = (slack + mp.log1p(gap / left)) / (rate - slack)
        numbers = {"image_count": n, "fraction_power": power, "share_left": left}
        yield Case(
            numbers=numbers | {"replicates": 2}, value=1, error=mp.mpf("1e-16"), sharp=True,
            slack=longer,
        )  # fmt: skip


def _diversity_variance() -> Iterator[Case]:
    for n, times, runs in ((4, 1, 3), (7, 3, 5)):
        yield Case(
            numbers={
                "image_count": n, "generations": times, "replicates": runs,
                "image_diversity": F(3, 2), "image_variance": F(9, 4),
            },
            value=_spread(n - 1, times, runs), error=QUADRATURE, sharp=True,
        )  # fmt: skip
    nu = 5  # the plane, from an isotropic start with eigenvalues one
    with mp.workdps(DIGITS):
        root_of_determinant = chi_moment(F(nu), F(1)) * chi_moment(F(nu - 1), F(1))
        square = 2 + 2 * root_of_determinant * mp.sqrt(number(F(nu - 1, nu)))
        value = (square / (2 * plane_factor(nu)) ** 2 - 1) / 3
    yield Case(
        numbers={
            "image_count": nu + 1, "generations": 1, "replicates": 3,
            "image_diversity": 2, "image_variance": 2,
        },
        value=value,
    )  # fmt: skip


_AVERAGE = "Mean(SampleMean(sqrt(sigma2_v[t]), R)**theta)"
_BY_QUADRATURE: dict[str, tuple[str, Cases]] = {
    "replicate_relative_variance": ("V_R", _relative_variance),
    "replicates_needed": ("R_need", _needed),
    "replicate_horizon": ("t_R", _horizon),
    "replicate_fractional_moment": (_AVERAGE, _fractional),
    "replicate_collapse": ("A_theta", _collapse),
    "replicate_failure_time": ("t_fail", _failure),
    "replicate_diversity_variance": ("V_D", _diversity_variance),
}
WITNESSES = {
    name: Witness(quantity=quantity, method="quadrature", make=make)
    for name, (quantity, make) in _BY_QUADRATURE.items()
}
