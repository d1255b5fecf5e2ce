"""Witnesses of the results on c(nu): quadrature of the chi density, and mpmath's Gamma function."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import mpmath as mp

from symbolic.witness import Case, Witness
from symbolic.witnesses.chi import DIGITS, QUADRATURE, chi_log, chi_moment, log_mean, mean_log

F = Fraction
Cases = Callable[[], Iterator[Case]]


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


def _log_c_term(k: int, nu: int) -> mp.mpf:
    """Size of the k-th term, from the Bernoulli numbers of the function with doubled argument."""
    with mp.workdps(DIGITS):
        halves = 2 * (1 - mp.mpf(4) ** -k) * mp.bernoulli(2 * k)
        return abs(halves / ((2 * k - 1) * 2 * k) * (mp.mpf(2) / nu) ** (2 * k - 1))


def _log_chi_term(k: int, nu: int) -> mp.mpf:
    with mp.workdps(DIGITS):
        return abs(mp.bernoulli(2 * k - 2) / (4 * (k - 1)) * (mp.mpf(2) / nu) ** (2 * k - 2))


def _partial_sum(
    of: Callable[[Fraction], mp.mpf], following: Callable[[int, int], mp.mpf], order: int
) -> Cases:
    def cases() -> Iterator[Case]:
        for nu in (F(3, 2), F(11)):
            yield Case(numbers={"degrees_of_freedom": nu}, value=of(nu), error=mp.mpf("1e-40"))
        far = 300  # the first term left out is a small share of the last one kept
        yield Case(
            numbers={"degrees_of_freedom": far},
            value=of(F(far)),
            error=following(order + 1, far),
            sharp=True,
        )

    return cases


_ORDERS = {
    "log_c": {1: "lower", 2: "upper", 8: "upper", 9: "lower"},
    "log_chi": {1: "upper", 2: "lower", 8: "lower", 9: "upper"},
}
_FUNCTIONS: dict[str, tuple[Callable[[Fraction], mp.mpf], Callable[[int, int], mp.mpf]]] = {
    "log_c": (log_mean, _log_c_term),
    "log_chi": (mean_log, _log_chi_term),
}

# ---------------------------------------------------------------------------------- clean bounds


def _near(of: Callable[[Fraction], mp.mpf], second: str) -> Cases:
    """Bounds with the right first order: off by ``second / nu**2`` at large arguments."""

    def cases() -> Iterator[Case]:
        for nu in (F(1, 2), F(7, 3)):
            yield Case(numbers={"degrees_of_freedom": nu}, value=of(nu), error=mp.mpf("1e-40"))
        for far in (500, 2000):
            error = mp.mpf(second) / far**2
            numbers = {"degrees_of_freedom": far}
            yield Case(numbers=numbers, value=of(F(far)), error=error, sharp=True)

    return cases


def _c(nu: Fraction) -> mp.mpf:
    with mp.workdps(DIGITS):
        return mp.exp(log_mean(nu))


def _power_deficit() -> Iterator[Case]:
    def value(nu: Fraction, power: Fraction) -> mp.mpf:
        with mp.workdps(DIGITS):
            return log_mean(nu, power) - mp.mpf(power.numerator) / power.denominator * log_mean(nu)

    for nu, power in ((F(3), F(1, 3)), (F(1, 2), F(4, 5))):
        numbers = {"degrees_of_freedom": nu, "fraction_power": power}
        yield Case(numbers=numbers, value=value(nu, power), error=mp.mpf("1e-40"))
    for far, power, second in ((1000, F(3, 10), "0.0377"), (1000, F(7, 10), "0.0412")):
        yield Case(
            numbers={"degrees_of_freedom": far, "fraction_power": power},
            value=value(F(far), power),
            error=mp.mpf(second) / far**2,
            sharp=True,
        )
    numbers = {"degrees_of_freedom": F(5), "fraction_power": F(1)}
    yield Case(numbers=numbers, value=mp.mpf(0), error=mp.mpf("1e-40"), sharp=True)


def _gamma(quantity: str, make: Cases) -> Witness:
    return Witness(quantity=quantity, method="mpmath's Gamma function", make=make)


WITNESSES = {
    "log_c_recursion": Witness(quantity="log_c(nu + 1)", method="quadrature", make=_log_c_steps),
    "log_chi_recursion": Witness(
        quantity="log_chi(nu + 2)", method="quadrature", make=_log_chi_steps
    ),
    **{
        f"{name}_series_{side}_{order}": _gamma(
            f"{name}(nu)", _partial_sum(*_FUNCTIONS[name], order)
        )
        for name, orders in _ORDERS.items()
        for order, side in orders.items()
    },
    "log_c_quarter_bound": _gamma("log_c(nu)", _near(log_mean, "0.1251")),
    "contraction_constant_upper_bound": _gamma("exp(log_c(nu))", _near(_c, "0.2195")),
    "contraction_constant_lower_bound": _gamma("exp(log_c(nu))", _near(_c, "0.0314")),
    "contraction_constant_increasing": _gamma(
        "log_c(nu + 1)", _near(lambda nu: log_mean(nu + 1), "0.2501")
    ),
    "chi_power_deficit_bound": _gamma(
        "theta*log(2/nu)/2 - theta*log_c(nu) - loggamma(nu/2) + loggamma(nu/2 + theta/2)",
        _power_deficit,
    ),
}
