"""Witnesses of rates, replicates and image counts: quadrature, sums over counts, enumeration."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from fractions import Fraction

import mpmath as mp

from symbolic.witness import Case, Witness
from symbolic.witnesses.chi import (
    DIGITS,
    QUADRATURE,
    chi_log,
    chi_moment,
    log_mean,
    number,
    plane_factor,
)
from symbolic.witnesses.enumeration import (
    ONE_HOT,
    PROBS,
    along,
    gini,
    mean,
    mixture,
    posteriors,
    text_update,
)

F = Fraction
Cases = Callable[[], Iterator[Case]]
TINY = mp.mpf("1e-30")

# ------------------------------------------------------------------------------------ replicates


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


def _fractional() -> Iterator[Case]:
    """One run, or power one: equality; two runs of exponential squares: a double sum."""
    scale, start = F(9, 10), F(7, 5)
    for n, ddof, times, runs, power in (
        (4, 0, 2, 1, F(3, 5)), (6, 1, 3, 1, F(1, 4)), (5, 2, 2, 4, F(1)),
    ):  # fmt: skip
        with mp.workdps(DIGITS):
            size = number(scale * F(n - 1, n - ddof)) ** times * number(start)
            one = chi_moment(F(n - 1), power) ** times * size ** (number(power) / 2)
        yield Case(
            numbers={
                "image_count": n, "ddof": ddof, "generations": times, "replicates": runs,
                "fraction_power": power, "shrinkage_factor": scale, "directional_variance": start,
            },
            value=one, error=QUADRATURE, sharp=True,
        )  # fmt: skip
    yield Case(
        numbers={
            "image_count": 3, "ddof": 1, "generations": 1, "replicates": 2,
            "fraction_power": F(1, 2), "shrinkage_factor": 1, "directional_variance": 1,
        },
        value=mp.mpf(_two_runs()), error=mp.mpf("1e-4"),
    )  # fmt: skip


def _two_runs() -> float:
    """Mean root of the mean of two Rayleigh variables, by the midpoint rule."""
    cells = 200
    quantiles = [math.sqrt(-math.log1p(-(k + 0.5) / cells)) for k in range(cells)]
    return math.fsum(math.sqrt((x + y) / 2) for x in quantiles for y in quantiles) / cells**2


def _one_run(nu: int, power: Fraction) -> mp.mpf:
    """Log of ``E X^power / (E X)^power`` for one update."""
    with mp.workdps(DIGITS):
        return log_mean(F(nu), power) - number(power) * log_mean(F(nu))


# Second-order share of the shortfall that the closed bound gives up, for the powers used below.
_GIVEN_UP = {F(3, 10): mp.mpf("0.0377"), F(7, 10): mp.mpf("0.0412")}


def _collapse() -> Iterator[Case]:
    for (power, given_up), times in itertools.product(_GIVEN_UP.items(), (3, 1000)):
        with mp.workdps(DIGITS):
            value = mp.exp(times * _one_run(500, power))
        yield Case(
            numbers={
                "image_count": 501, "generations": times, "replicates": 1,
                "fraction_power": power,
            },
            value=value, error=given_up * times / 500**2, sharp=True,
        )  # fmt: skip
    numbers: dict[str, int | Fraction]
    numbers = {"image_count": 5, "generations": 3, "replicates": 4, "fraction_power": F(1)}
    yield Case(numbers=numbers, value=mp.mpf(1), error=TINY, sharp=True)
    one = mp.sqrt(chi_moment(F(2), F(1)))
    numbers = {"image_count": 3, "generations": 1, "replicates": 2, "fraction_power": F(1, 2)}
    yield Case(numbers=numbers, value=_two_runs() / one, error=mp.mpf("1e-4"))


def _failure() -> Iterator[Case]:
    for power, given_up in _GIVEN_UP.items():
        with mp.workdps(DIGITS):
            value = mp.log(number(F(1, 5))) / _one_run(500, power)
            gap = value * given_up / 500**2 / -_one_run(500, power)
        yield Case(
            numbers={
                "image_count": 501, "replicates": 1, "fraction_power": power,
                "share_left": F(1, 5),
            },
            value=value, error=gap, sharp=True,
        )  # fmt: skip
    # Two runs: the mean over them is at least half of the larger.
    with mp.workdps(DIGITS):
        value = mp.log(number(F(1, 5))) / _one_run(6, F(1, 2))
    numbers = {"image_count": 7, "replicates": 2, "fraction_power": F(1, 2)}
    yield Case(numbers=numbers | {"share_left": F(1, 5)}, value=value)


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


# ------------------------------------------------------------------------------------------ times


def _share(size: int, times: int, **densities: object) -> Fraction:
    """Share of the diversity that is left, by enumeration."""
    step = lambda p: text_update(p, size, **densities)  # type: ignore[arg-type] # noqa: E731
    return mean(along({PROBS: F(1)}, step, times), gini) / gini(PROBS)


def _text_level() -> Iterator[Case]:
    for size, times in ((2, 2), (3, 2)):
        numbers = {"batch_size": size, "share_left": _share(size, times, densities=ONE_HOT)}
        yield Case(numbers=numbers, value=times, error=TINY, sharp=True)
        yield Case(numbers=numbers | {"share_left": _share(size, times)}, value=times)


def _half_from(share: Fraction) -> mp.mpf:
    """Half-life of what keeps a share in each update."""
    with mp.workdps(DIGITS):
        return mp.log(number(F(1, 2))) / mp.log(number(share))


def _text_half() -> Iterator[Case]:
    for size in (2, 3, 4):
        value = _half_from(_share(size, 1, densities=ONE_HOT))
        yield Case(numbers={"batch_size": size}, value=value, error=TINY, sharp=True)
    yield Case(numbers={"batch_size": 3}, value=_half_from(_share(3, 1)))


def _text_size() -> Iterator[Case]:
    for size in (2, 3, 4):
        wanted = _half_from(_share(size, 1, densities=ONE_HOT))
        yield Case(numbers={"wanted_half_life": wanted}, value=size, error=TINY, sharp=True)
    # Confused posteriors need fewer images: here two.
    yield Case(numbers={"wanted_half_life": _half_from(_share(2, 1))}, value=2)


def _confused_level() -> Iterator[Case]:
    mix = mixture(PROBS)
    confused = sum((m * gini(r) for m, r in zip(mix, posteriors(PROBS), strict=True)), F(0))
    for size, times in ((2, 1), (3, 2)):
        yield Case(
            numbers={
                "batch_size": size, "posterior_confusion": confused / gini(PROBS),
                "share_left": _share(size, 1) ** times,
            },
            value=times, error=TINY,
        )  # fmt: skip


def _image_share(nu: int, times: int) -> mp.mpf:
    with mp.workdps(DIGITS):
        return chi_moment(F(nu), F(1)) ** times


def _image_level() -> Iterator[Case]:
    for n, times in ((4, 2), (10, 3)):
        numbers = {"image_count": n, "share_left": _image_share(n - 1, times)}
        yield Case(numbers=numbers, value=times, error=mp.mpf("1e-15"), sharp=True)
    numbers = {"image_count": 10, "share_left": plane_factor(9)}
    yield Case(numbers=numbers, value=1)


def _direction() -> Iterator[Case]:
    for n in (4, 10):
        with mp.workdps(DIGITS):
            value = mp.log(number(F(1, 2))) / mp.log(_image_share(n - 1, 1))
        yield Case(numbers={"image_count": n}, value=value, error=mp.mpf("1e-15"))


def _typical() -> Iterator[Case]:
    for n, times in ((4, 2), (10, 3)):
        with mp.workdps(DIGITS):
            left = mp.exp(times * chi_log(F(n - 1)))
        numbers = {"image_count": n, "share_left": left}
        yield Case(numbers=numbers, value=times, error=mp.mpf("1e-15"))


def _deadline() -> Iterator[Case]:
    for n, lasting, updates in ((4, 3, 2), (10, 5, 3)):
        numbers = {
            "image_count": n, "generations_allowed": lasting,
            "share_left": _image_share(n - 1, lasting * updates),
        }  # fmt: skip
        yield Case(numbers=numbers, value=updates, error=mp.mpf("1e-15"), sharp=True)
    numbers = {"image_count": 10, "generations_allowed": 1, "share_left": plane_factor(9)}
    yield Case(numbers=numbers, value=1)


def _freedom(gap: str) -> Cases:
    def cases() -> Iterator[Case]:
        for wanted in (20, 500):
            with mp.workdps(DIGITS):
                value = mp.findroot(
                    lambda nu, w=wanted: w * log_mean(nu) + mp.log(2),
                    mp.mpf(wanted) / 3,
                )
            yield Case(
                numbers={"wanted_half_life": wanted},
                value=value,
                error=mp.mpf(gap),
                sharp=wanted == 500,
            )

    return cases


def _witness(quantity: str, method: str, make: Cases) -> Witness:
    return Witness(quantity=quantity, method=method, make=make)


_AVERAGE = "Mean(SampleMean(sqrt(sigma2_v[t]), R)**theta)"
_BY_ENUMERATION = {
    "text_level_time": ("t_ell", _text_level),
    "text_half_life": ("t_half", _text_half),
    "text_smallest_batch_size": ("N_need", _text_size),
    "text_confused_level_time": ("t_ell", _confused_level),
}
_BY_QUADRATURE = {
    "replicate_relative_variance": ("V_R", _relative_variance),
    "replicates_needed": ("R_need", _needed),
    "replicate_horizon": ("t_R", _horizon),
    "replicate_fractional_moment": (_AVERAGE, _fractional),
    "replicate_collapse": ("A_theta", _collapse),
    "replicate_failure_time": ("t_fail", _failure),
    "replicate_diversity_variance": ("V_D", _diversity_variance),
    "image_level_time": ("t_ell", _image_level),
    "directional_half_life": ("t_half", _direction),
    "typical_level_time": ("t_ell", _typical),
    "image_updates_deadline": ("M_max", _deadline),
    "image_freedom_sufficient": ("nu_need", _freedom("0.01")),
    "image_freedom_necessary": ("nu_need", _freedom("1.001")),
}
WITNESSES = {
    name: _witness(quantity, method, make)
    for method, group in (
        ("enumeration", _BY_ENUMERATION),
        ("quadrature", _BY_QUADRATURE),
    )
    for name, (quantity, make) in group.items()
}
