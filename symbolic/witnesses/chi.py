"""Chi variables in mpmath, for witnesses: moments by quadrature, and through mpmath's Gamma.

``c(nu)`` is the mean of a chi variable over the root of its degrees of freedom.
"""

from __future__ import annotations

import functools
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
