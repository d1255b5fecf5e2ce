"""The two inert functions of the image theory, ``log_c`` and ``log_chi``, with derivatives.

Both are the symbolic large-argument series from `_SERIES_FROM` on.  Below, the argument is first
raised by steps of two, each changing the function by an elementary amount (the recursion of the
Gamma function) that SymPy finds from the closed form: no logarithms of size ``log nu`` cancel,
and derivatives of any order follow by differentiating the same two expressions.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import sympy as sp

from symbolic.special import log_c, log_c_series, log_chi, log_chi_series
from toolkit.theory.numbers.special import namespace

_SERIES_FROM, _SERIES_TERMS, _STEPS = 20.0, 8, 10
_SERIES: dict[Any, Callable[..., sp.Expr]] = {log_c: log_c_series, log_chi: log_chi_series}
_x = sp.Symbol("x", positive=True)


@functools.cache
def constant(which: Any, order: int = 0) -> Callable[[Any], Any]:
    """Make a derivative of ``log_c`` or ``log_chi`` a function of numbers.

    Parameters
    ----------
    which : {log_c, log_chi}
    order : int
        Of the derivative; 0 is the function itself.

    Returns
    -------
    callable
        Of a NumPy or JAX array; NaN where the argument is not positive.

    Examples
    --------
    >>> from symbolic.special import log_c
    >>> round(float(constant(log_c)(1e12)) * 1e12, 12)
    -0.25
    """
    of_jax = jax.custom_jvp(functools.partial(_evaluate, which, order))

    @of_jax.defjvp
    def _rule(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
        return of_jax(*primals), constant(which, order + 1)(*primals) * tangents[0]

    def call(argument: Any) -> Any:
        if namespace(argument) is jnp:
            return of_jax(jnp.asarray(argument, dtype=float))
        return _evaluate(which, order, np.asarray(argument, dtype=np.float64))

    return call


def _evaluate(which: Any, order: int, argument: Any) -> Any:
    xp = namespace(argument)
    positive = argument > 0
    nu = xp.where(positive, argument, 1.0)
    small = nu < _SERIES_FROM
    step, series = _step(which, order), _series(which, order)
    result = series(1 / xp.where(small, nu + 2 * _STEPS, nu))
    if xp is np:
        result = np.array(result)
        result[small] += sum(step(nu[small] + 2 * k) for k in reversed(range(_STEPS)))
    else:
        near = xp.where(small, nu, 1.0)
        steps = sum(step(near + 2 * k) for k in reversed(range(_STEPS)))
        result = xp.where(small, steps + result, result)
    return xp.where(positive, result, xp.nan)


@functools.cache
def _series(which: Any, order: int) -> Callable[[Any], Any]:
    # As a polynomial of 1/nu by Horner's rule: no overflow of powers of large arguments.
    series = sp.diff(_SERIES[which](_SERIES_TERMS, _x), _x, order)
    polynomial = sp.horner(sp.expand(series.subs(_x, 1 / _x)))
    return sp.lambdify(_x, polynomial, modules="numpy")


@functools.cache
def step_of_two(which: Any) -> sp.Expr:
    """``f(x) - f(x + 2)`` in elementary functions, from the closed form.

    Parameters
    ----------
    which : {log_c, log_chi}

    Returns
    -------
    sympy.Expr

    Examples
    --------
    >>> from symbolic.special import log_c
    >>> step_of_two(log_c)
    log(1 - 1/(x + 1)**2)/2
    """
    z = sp.Symbol("z", positive=True)
    difference = which.closed_form(2 * z) - which.closed_form(2 * z + 2)
    if difference.has(sp.loggamma):
        ratio = sp.exp(2 * difference.replace(sp.loggamma, lambda a: sp.log(sp.gamma(a))))
        ratio = sp.cancel(sp.expand_func(ratio).subs(z, _x / 2))
        return sp.log(1 + sp.factor(ratio - 1)) / 2
    rational = sp.expand_log(sp.expand_func(difference)).subs(z, _x / 2)
    logs = sum(term for term in sp.expand_log(rational).args if term.has(sp.log))
    ratio = sp.cancel(sp.exp(2 * logs))
    return sp.log(1 + sp.factor(ratio - 1)) / 2 + sp.expand(sp.simplify(rational - logs))


@functools.cache
def _step(which: Any, order: int) -> Callable[[Any], Any]:
    from toolkit.theory.numbers.programs import evaluate  # programs uses these constants

    formula = sp.diff(step_of_two(which), _x, order)
    return lambda argument: evaluate(formula, {_x: argument})
