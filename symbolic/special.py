"""The two special functions of the image theory, with their large-argument series and its bound.

``log_c(nu)`` is the logarithm of ``c(nu) = sqrt(2/nu) Gamma((nu+1)/2) / Gamma(nu/2)``, the mean
of a chi variable over the root of its degrees of freedom.  ``log_chi(nu)`` is the mean of the
logarithm of the same variable.  In both, logarithms of size ``log nu`` cancel to leave ``1/nu``,
so floating point needs the series, which comes from SymPy's Bernoulli numbers.

The functions lie between partial sums of one order and the next, at every positive argument: the
theorems ``log_c_series_lower_1``, ``log_c_series_upper_2``, ... and ``log_chi_series_upper_1``, ...
(`symbolic.theorems.special_functions.series_enclosure` builds and checks the one for any order), so
the remainder is at most the first term left out.
"""

from __future__ import annotations

import sympy as sp

from symbolic.symbols import degrees_of_freedom as nu

__all__ = [
    "contraction_constant",
    "log_c",
    "log_c_series",
    "log_c_series_bound",
    "log_chi",
    "log_chi_series",
    "log_chi_series_bound",
    "log_contraction_constant",
]


class log_c(sp.Function):  # noqa: N801 - printed under this name
    """Logarithm of ``c(nu)``; ``doit()`` gives the closed form.

    Examples
    --------
    >>> import sympy as sp
    >>> sp.simplify(sp.exp(log_c(2).doit()) - sp.sqrt(sp.pi) / 2)
    0
    """

    nargs = 1

    def doit(self, **hints: object) -> sp.Expr:
        """Write it through log-gamma functions."""
        return self.closed_form(self.args[0])

    @staticmethod
    def closed_form(x: sp.Expr) -> sp.Expr:
        """Give ``log c(x)`` through log-gamma functions."""
        return sp.log(2 / x) / 2 + sp.loggamma((x + 1) / 2) - sp.loggamma(x / 2)

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Differentiate: half a difference of digamma functions minus ``1/(2 nu)``."""
        (x,) = self.args
        return (sp.digamma((x + 1) / 2) - sp.digamma(x / 2) - 1 / x) / 2

    def _eval_evalf(self, prec: int) -> sp.Expr | None:
        return _evaluate(self, prec)

    def _eval_is_extended_real(self) -> bool | None:
        return self.args[0].is_positive

    def _eval_is_negative(self) -> bool | None:
        return self.args[0].is_positive

    def _latex(self, printer: object) -> str:
        return rf"\log c\left({printer._print(self.args[0])}\right)"  # type: ignore[attr-defined]


class log_chi(sp.Function):  # noqa: N801 - printed under this name
    """Mean of ``log(chi_nu / sqrt(nu))``: half of ``log(2/nu) + digamma(nu/2)``.

    Examples
    --------
    >>> import sympy as sp
    >>> log_chi(2).doit() == -sp.EulerGamma / 2
    True
    """

    nargs = 1

    def doit(self, **hints: object) -> sp.Expr:
        """Write it through the digamma function."""
        return self.closed_form(self.args[0])

    @staticmethod
    def closed_form(x: sp.Expr) -> sp.Expr:
        """Give the mean logarithm through the digamma function."""
        return (sp.log(2 / x) + sp.digamma(x / 2)) / 2

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Differentiate: a trigamma function minus ``1/(2 nu)``."""
        (x,) = self.args
        return sp.polygamma(1, x / 2) / 4 - 1 / (2 * x)

    def _eval_evalf(self, prec: int) -> sp.Expr | None:
        return _evaluate(self, prec)

    def _eval_is_extended_real(self) -> bool | None:
        return self.args[0].is_positive

    def _eval_is_negative(self) -> bool | None:
        return self.args[0].is_positive

    def _latex(self, printer: object) -> str:
        inner = printer._print(self.args[0])  # type: ignore[attr-defined]
        return rf"\mathbb{{E}}\log\frac{{\chi_{{{inner}}}}}{{\sqrt{{{inner}}}}}"


def _evaluate(function: log_c | log_chi, prec: int) -> sp.Expr | None:
    """Evaluate through the closed form with digits to spare for what cancels."""
    x = function.args[0]._eval_evalf(2 * prec + 256)
    if x is None or not x.is_number:
        return None
    # A float argument: at an integer SymPy would expand log-gamma into a factorial.
    return sp.Float(function.closed_form(x)._eval_evalf(2 * prec + 256), precision=prec)


def log_contraction_constant(argument: sp.Expr = nu) -> sp.Expr:
    """Give ``log c(nu)``, the one expression used everywhere.

    Parameters
    ----------
    argument : sympy.Expr
        Degrees of freedom, positive.

    Returns
    -------
    sympy.Expr
        The inert function `log_c`; its ``doit()`` is the closed form.

    Examples
    --------
    >>> log_contraction_constant()
    log_c(nu)
    """
    return log_c(argument)


def contraction_constant(argument: sp.Expr = nu) -> sp.Expr:
    """Give ``c(nu)``, the mean factor of a standard deviation in one image update.

    Parameters
    ----------
    argument : sympy.Expr
        Degrees of freedom, positive.

    Returns
    -------
    sympy.Expr
        ``exp(log_c(argument))``.

    Examples
    --------
    >>> contraction_constant()
    exp(log_c(nu))
    """
    return sp.exp(log_c(argument))


def _log_c_term(k: int, argument: sp.Expr) -> sp.Expr:
    # log Gamma(z + a) has the terms (-1)^(k+1) B_{k+1}(a) / (k (k+1) z^k); only odd k survive.
    half, zero = sp.bernoulli(2 * k, sp.Rational(1, 2)), sp.bernoulli(2 * k)
    return (half - zero) / ((2 * k - 1) * (2 * k)) * (2 / argument) ** (2 * k - 1)


def log_c_series(order: int, argument: sp.Expr = nu) -> sp.Expr:
    """Sum the first terms of the large-argument series of ``log c(nu)``.

    Parameters
    ----------
    order : int
        Number of terms; the powers are ``1/nu, 1/nu**3, ...``.
    argument : sympy.Expr
        Degrees of freedom, positive.

    Returns
    -------
    sympy.Expr
        The partial sum, a polynomial in ``1/nu``.

    Raises
    ------
    ValueError
        If the order is negative.

    Examples
    --------
    >>> log_c_series(2)
    -1/(4*nu) + 1/(24*nu**3)
    """
    _check_order(order)
    return sp.Add(*(_log_c_term(k, argument) for k in range(1, order + 1)))


def log_c_series_bound(order: int, argument: sp.Expr = nu) -> sp.Expr:
    """Bound the absolute remainder of `log_c_series` by the first term left out.

    Parameters
    ----------
    order : int
        Number of terms kept.
    argument : sympy.Expr
        Degrees of freedom, positive.

    Returns
    -------
    sympy.Expr
        A positive bound, valid for every positive argument.

    Raises
    ------
    ValueError
        If the order is negative.

    Examples
    --------
    >>> log_c_series_bound(1)
    1/(24*nu**3)
    """
    _check_order(order)
    return (-1) ** (order + 1) * _log_c_term(order + 1, argument)


def _log_chi_term(k: int, argument: sp.Expr) -> sp.Expr:
    # digamma(z) - log z = -1/(2 z) - sum_k B_{2k} / (2k z^{2k}), here with z = nu/2 and halved.
    if k == 1:
        return -1 / (2 * argument)
    power = 2 * (k - 1)
    return -sp.bernoulli(power) / (2 * power) * (2 / argument) ** power


def log_chi_series(order: int, argument: sp.Expr = nu) -> sp.Expr:
    """Sum the first terms of the large-argument series of ``log_chi(nu)``.

    Parameters
    ----------
    order : int
        Number of terms; the powers are ``1/nu, 1/nu**2, 1/nu**4, ...``.
    argument : sympy.Expr
        Degrees of freedom, positive.

    Returns
    -------
    sympy.Expr
        The partial sum, a polynomial in ``1/nu``.

    Raises
    ------
    ValueError
        If the order is negative.

    Examples
    --------
    >>> log_chi_series(2)
    -1/(2*nu) - 1/(6*nu**2)
    """
    _check_order(order)
    return sp.Add(*(_log_chi_term(k, argument) for k in range(1, order + 1)))


def log_chi_series_bound(order: int, argument: sp.Expr = nu) -> sp.Expr:
    """Bound the absolute remainder of `log_chi_series` by the first term left out.

    Parameters
    ----------
    order : int
        Number of terms kept, at least one.
    argument : sympy.Expr
        Degrees of freedom, positive.

    Returns
    -------
    sympy.Expr
        A positive bound, valid for every positive argument.

    Raises
    ------
    ValueError
        If the order is less than one.

    Examples
    --------
    >>> log_chi_series_bound(1)
    1/(6*nu**2)
    """
    _check_order(order, least=1)
    return (-1) ** order * _log_chi_term(order + 1, argument)


def _check_order(order: int, least: int = 0) -> None:
    if order < least:
        raise ValueError(f"Expected an order of at least {least}, got {order}.")
