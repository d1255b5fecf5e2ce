"""Witnesses of the results on c(nu): quadrature of the chi density, and mpmath's Gamma function.

What the bounds give away is found by Laplace transforms (`symbolic.witnesses.chi`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import mpmath as mp

from symbolic.witness import Case, Witness
from symbolic.witnesses.chi import (
    DIGITS,
    QUADRATURE,
    chi_log,
    chi_moment,
    deficit_slack,
    log_mean,
    log_mean_rest,
    lower_slack,
    mean_log,
    mean_log_rest,
    quarter_slack,
    upper_slack,
)

F = Fraction
Cases = Callable[[], Iterator[Case]]
TINY = mp.mpf("1e-40")
RELATIVE = mp.mpf("1e-9")  # of what a bound gives away


def _log_c_steps() -> Iterator[Case]:
    for nu in (F(5, 2), F(7)):
        with mp.workdps(DIGITS):
            value = mp.log(chi_moment(nu + 1, F(1)))
        yield Case(numbers={"degrees_of_freedom": nu}, value=value, error=QUADRATURE)


def _log_chi_steps() -> Iterator[Case]:
    for nu in (F(5, 2), F(7)):
        value = chi_log(nu + 2)
        yield Case(numbers={"degrees_of_freedom": nu}, value=value, error=QUADRATURE)


# ------------------------------------------------------------------------------------ enclosures

Slack = Callable[[Fraction], mp.mpf]


def _attained_but(
    of: Slack, slack: Slack, near: tuple[Fraction, ...], far: tuple[Fraction, ...]
) -> Cases:
    """Hold near the origin, and far from it give away what an integral says."""

    def cases() -> Iterator[Case]:
        for nu in near:
            yield Case(numbers={"degrees_of_freedom": nu}, value=of(nu), error=TINY)
        for nu in far:
            gap = abs(slack(nu))
            yield Case(
                numbers={"degrees_of_freedom": nu},
                value=of(nu),
                error=gap * RELATIVE,
                sharp=True,
                slack=gap,
            )

    return cases


_ORDERS = {
    "log_c": {1: "lower", 2: "upper", 8: "upper", 9: "lower"},
    "log_chi": {1: "upper", 2: "lower", 8: "lower", 9: "upper"},
}
_FUNCTIONS: dict[str, tuple[Slack, Callable[[Fraction, int], mp.mpf]]] = {
    "log_c": (log_mean, log_mean_rest),
    "log_chi": (mean_log, mean_log_rest),
}


def _partial_sum(name: str, order: int) -> Cases:
    of, rest = _FUNCTIONS[name]
    far = (F(7), F(300)) if order < 3 else (F(25), F(60))
    return _attained_but(of, lambda nu: rest(nu, order), (F(3, 2), F(11)), far)


# ---------------------------------------------------------------------------------- clean bounds


def _clean(of: Slack, slack: Slack) -> Cases:
    return _attained_but(of, slack, (F(1, 2),), (F(7, 3), F(12), F(500)))


def _c(nu: Fraction) -> mp.mpf:
    with mp.workdps(DIGITS):
        return mp.exp(log_mean(nu))


def _power_deficit() -> Iterator[Case]:
    powers = ((F(1, 2), F(4, 5)), (F(3), F(1, 3)), (F(70), F(3, 10)), (F(1000), F(7, 10)))
    for nu, power in powers:
        with mp.workdps(DIGITS):
            value = log_mean(nu, power) - mp.mpf(power.numerator) / power.denominator * log_mean(nu)
        gap = deficit_slack(nu, power)
        numbers = {"degrees_of_freedom": nu, "fraction_power": power}
        yield Case(numbers=numbers, value=value, error=gap * RELATIVE, sharp=True, slack=gap)
    numbers = {"degrees_of_freedom": F(5), "fraction_power": F(1)}
    yield Case(numbers=numbers, value=mp.mpf(0), error=TINY, sharp=True)


def _gamma(quantity: str, make: Cases) -> Witness:
    return Witness(quantity=quantity, method="mpmath's Gamma function", make=make)


WITNESSES = {
    "log_c_recursion": Witness(quantity="log_c(nu + 1)", method="quadrature", make=_log_c_steps),
    "log_chi_recursion": Witness(
        quantity="log_chi(nu + 2)", method="quadrature", make=_log_chi_steps
    ),
    **{
        f"{name}_series_{side}_{order}": _gamma(f"{name}(nu)", _partial_sum(name, order))
        for name, orders in _ORDERS.items()
        for order, side in orders.items()
    },
    "log_c_quarter_bound": _gamma("log_c(nu)", _clean(log_mean, quarter_slack)),
    "contraction_constant_upper_bound": _gamma("exp(log_c(nu))", _clean(_c, upper_slack)),
    "contraction_constant_lower_bound": _gamma("exp(log_c(nu))", _clean(_c, lower_slack)),
    "contraction_constant_increasing": _gamma(
        "log_c(nu + 1)", _clean(lambda nu: log_mean(nu + 1), lambda nu: 2 * quarter_slack(nu))
    ),
    "chi_power_deficit_bound": _gamma(
        "theta*log(2/nu)/2 - theta*log_c(nu) - loggamma(nu/2) + loggamma(nu/2 + theta/2)",
        _power_deficit,
    ),
}
