"""Chi variables in mpmath, for witnesses: moments by quadrature, and through mpmath's Gamma.

``c(nu)`` is the mean of a chi variable over the root of its degrees of freedom.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from fractions import Fraction

import mpmath as mp

DIGITS = 70
QUADRATURE = mp.mpf("1e-20")  # what the quadratures below get right, with room


def number(value: Fraction | int) -> mp.mpf:
    """Give a rational at full precision."""
    with mp.workdps(DIGITS):
        return mp.mpf(Fraction(value).numerator) / Fraction(value).denominator


@functools.cache
def chi_moment(nu: Fraction, power: Fraction) -> mp.mpf:
    """Mean of ``(chi / sqrt nu) ** power``, by quadrature of the density."""
    with mp.workdps(40):
        n, s, peak = number(nu), number(power), mp.sqrt(number(nu))
        knots = [0, peak, peak + 3, peak + 8, peak + 16]

        def density(x: mp.mpf) -> mp.mpf:
            return x ** (n - 1) * mp.exp(-x * x / 2)

        whole = mp.quad(density, knots)
        return mp.quad(lambda x: (x / peak) ** s * density(x), knots) / whole


@functools.cache
def chi_log(nu: Fraction) -> mp.mpf:
    """Mean of ``log(chi / sqrt nu)``, by quadrature of the density."""
    with mp.workdps(40):
        n, peak = number(nu), mp.sqrt(number(nu))
        knots = [0, mp.mpf("1e-3"), peak, peak + 3, peak + 8, peak + 16]

        def density(x: mp.mpf) -> mp.mpf:
            return x ** (n - 1) * mp.exp(-x * x / 2)

        whole = mp.quad(density, knots)
        return mp.quad(lambda x: mp.log(x / peak) * density(x), knots) / whole


def log_mean(nu: Fraction | mp.mpf, power: Fraction | int = 1) -> mp.mpf:
    """Logarithm of the mean of ``(chi / sqrt nu) ** power``, by mpmath's Gamma function."""
    with mp.workdps(DIGITS):
        n = nu if isinstance(nu, mp.mpf) else number(nu)
        s = number(power)
        return s / 2 * mp.log(2 / n) + mp.loggamma((n + s) / 2) - mp.loggamma(n / 2)


def mean_log(nu: Fraction) -> mp.mpf:
    """Mean of ``log(chi / sqrt nu)``, by mpmath's digamma function."""
    with mp.workdps(DIGITS):
        return (mp.log(2 / number(nu)) + mp.digamma(number(nu) / 2)) / 2


def plane_factor(nu: int) -> mp.mpf:
    """Mean factor of the trace of the root in the plane, from an isotropic start."""
    with mp.workdps(DIGITS):
        ratio = mp.gamma(nu + mp.mpf("0.5")) / mp.gamma(nu)
        return 2 / mp.sqrt(nu) * ratio * mp.hyp2f1(1, nu + mp.mpf("0.5"), nu, -1)


# ------------------------------------------------------- what bounds give away: Laplace transforms
#
# ``log c(nu)`` is the integral of ``-exp(-nu s) tanh(s/2) / (2 s)``, and bounds on it are such
# integrals of other functions: what is between them is the transform of a function of one sign.


def laplace(rate: Fraction, of: Callable[[mp.mpf], mp.mpf]) -> mp.mpf:
    """Integral of ``exp(-rate s) of(s)`` over the positive reals."""
    with mp.workdps(DIGITS):
        size = number(rate)
        knots = [mp.mpf(k) for k in (0, 2, 6, 14, 30, 60, 120)]
        return mp.quad(
            lambda u: mp.exp(-u) * of(u / size) / size, knots, method="gauss-legendre", maxdegree=6
        )


def _quotient(top: list[Fraction], bottom: list[Fraction]) -> list[Fraction]:
    """Coefficients of a quotient of power series."""
    found: list[Fraction] = []
    for k, known in enumerate(top):
        known -= sum((found[j] * bottom[k - j] for j in range(k)), Fraction(0))
        found.append(known / bottom[0])
    return found


def _exponential(terms: int, start: int = 0) -> list[Fraction]:
    """Coefficients of exp from a given power on."""
    return [Fraction(1, math.factorial(k)) for k in range(start, start + terms)]


def _polynomial(coefficients: list[Fraction], x: mp.mpf) -> mp.mpf:
    return mp.polyval([number(c) for c in reversed(coefficients)], x)


@functools.cache
def log_mean_rest(nu: Fraction, kept: int) -> mp.mpf:
    """``log c(nu)`` less the first terms of its series in odd powers of ``1/nu``."""
    # tanh(s/2) = (e^s - 1)/(e^s + 1)
    top, bottom = _exponential(2 * kept), _exponential(2 * kept)
    top[0], bottom[0] = Fraction(0), Fraction(2)
    taylor = _quotient(top, bottom)
    with mp.workdps(DIGITS):  # what is kept must not depend on who asks first
        return -laplace(nu, lambda s: (mp.tanh(s / 2) - _polynomial(taylor, s)) / (2 * s))


@functools.cache
def mean_log_rest(nu: Fraction, kept: int) -> mp.mpf:
    """Mean of ``log(chi / sqrt nu)`` less the first terms of its series in ``1/nu``."""
    # 1/t - 1/(1 - e^-t) = -(1/t) (t/(1 - e^-t) - 1), at t = 2 s
    terms = max(2 * kept - 2, 1) + 1
    signs = [(-1) ** k * c for k, c in enumerate(_exponential(terms, 1))]
    taylor = _quotient([Fraction(1)] + [Fraction(0)] * (terms - 1), signs)
    with mp.workdps(DIGITS):
        return -laplace(
            nu, lambda s: (2 * s / -mp.expm1(-2 * s) - _polynomial(taylor, 2 * s)) / (2 * s)
        )


@functools.cache
def quarter_slack(nu: Fraction) -> mp.mpf:
    """What a quarter of ``log(nu / (nu + 1))`` is above ``log c(nu)``."""
    with mp.workdps(DIGITS):
        return laplace(nu, lambda s: mp.expm1(-s) ** 2 / (1 + mp.exp(-s)) / (4 * s))


@functools.cache
def upper_slack(nu: Fraction) -> mp.mpf:
    """What ``1 - 1/(4 (nu + 1))`` is above ``c(nu)``: the tangent of a fourth root, and its log."""
    with mp.workdps(DIGITS):
        x = number(nu / (nu + 1))
        bend = mp.quad(lambda u: (u - x) * u ** (-mp.mpf(7) / 4), [x, 1]) * 3 / 16
        return bend - mp.root(x, 4) * mp.expm1(-quarter_slack(nu))


@functools.cache
def lower_slack(nu: Fraction) -> mp.mpf:
    """What ``1 - 1/(4 nu)`` is below ``c(nu)``: the tangent of an exponential, and its log."""
    with mp.workdps(DIGITS):
        a = number(1 / (4 * nu))
        bend = mp.quad(lambda u: (a - u) * mp.exp(-u), [0, a])
        return bend + mp.exp(-a) * mp.expm1(log_mean_rest(nu, 1))


@functools.cache
def deficit_slack(nu: Fraction, power: Fraction) -> mp.mpf:
    """What the closed bound on ``log E y^theta - theta log E y`` gives away, y of mean square 1."""
    with mp.workdps(DIGITS):
        theta = number(power)

    def gap(s: mp.mpf) -> mp.mpf:
        mean = mp.expm1(-theta * s) / mp.expm1(-2 * s) - theta / (1 + mp.exp(-s))
        return mean / s - theta * (1 - theta) / 4 * mp.exp(-theta * s / 2)

    return laplace(nu, gap)
