"""Moments of Gaussian draws: pairings of standard normals, powers and log of a chi-square."""

from __future__ import annotations

import sympy as sp

from symbolic.moments.linear import factors, normal
from symbolic.symbols import ChiSquare, Mean, RandomSymbol


def isserlis(expr: sp.Expr) -> sp.Expr:
    """Take expectations of products of independent standard normals ``z[a]``.

    Parameters
    ----------
    expr : sympy.Expr
        An expression with ``Mean`` of products of components of one standard normal vector.

    Returns
    -------
    sympy.Expr
        Each such mean as a sum over pairings of Kronecker deltas.

    Examples
    --------
    >>> from symbolic.symbols import Mean, feature, normal_draw
    >>> isserlis(Mean(normal_draw[feature] ** 4))
    3
    """
    return sp.expand(
        normal(expr).replace(lambda e: isinstance(e, Mean), lambda e: _pairings(e.args[0]))
    )


def _pairings(product: sp.Expr) -> sp.Expr:
    normals = list(factors(product))
    if not all(
        isinstance(f, sp.Indexed) and isinstance(f.base.label, RandomSymbol) for f in normals
    ):
        return Mean(product)
    if len({f.base for f in normals}) > 1:
        return Mean(product)  # two vectors: independence is for another rule to say
    return _wick([f.indices[0] for f in normals])


def _wick(indices: list[sp.Expr]) -> sp.Expr:
    if len(indices) % 2:
        return sp.S.Zero
    if not indices:
        return sp.S.One
    first, rest = indices[0], indices[1:]
    return sp.Add(
        *(
            sp.KroneckerDelta(first, other) * _wick(rest[:m] + rest[m + 1 :])
            for m, other in enumerate(rest)
        )
    )


def chi_square_moment(dof: sp.Expr, power: sp.Expr) -> sp.Expr:
    """Integrate a power against the chi-square density.

    Parameters
    ----------
    dof : sympy.Expr
        Degrees of freedom, positive.
    power : sympy.Expr
        The power; more than ``-dof/2``.

    Returns
    -------
    sympy.Expr
        The Gamma integral that SymPy finds.

    Examples
    --------
    >>> chi_square_moment(sp.Integer(3), sp.Integer(1))
    3
    """
    x, shape = sp.Symbol("x", positive=True), sp.Symbol("k", positive=True)
    integral = sp.integrate(x ** (shape - 1) * sp.exp(-x / 2), (x, 0, sp.oo), conds="none")
    moment = integral.subs(shape, dof / 2 + power) / integral.subs(shape, dof / 2)
    return sp.gammasimp(moment)


def chi_square_means(expr: sp.Expr) -> sp.Expr:
    """Replace the means of powers and of the logarithm of a chi-square variable.

    Parameters
    ----------
    expr : sympy.Expr
        An expression with ``Mean(ChiSquare(...)**power)`` or ``Mean(log(ChiSquare(...)))``.

    Returns
    -------
    sympy.Expr
        The same with Gamma and digamma functions; the logarithm is the power's derivative at 0.

    Examples
    --------
    >>> from symbolic.symbols import ChiSquare, Mean, degrees_of_freedom
    >>> chi_square_means(Mean(ChiSquare(degrees_of_freedom)))
    nu
    """
    return normal(expr).replace(
        lambda e: isinstance(e, Mean) and e.has(ChiSquare), _chi_square_mean
    )


def _chi_square_mean(mean: Mean) -> sp.Expr:
    (inner,) = mean.args
    if isinstance(inner, sp.log) and isinstance(inner.args[0], ChiSquare):
        power = sp.Symbol("power")
        moment = chi_square_moment(inner.args[0].args[0], power)
        return sp.expand(sp.diff(moment, power).subs(power, 0).doit())
    base, power = inner.as_base_exp()
    if isinstance(base, ChiSquare) and not power.has(ChiSquare):
        return chi_square_moment(base.args[0], power)
    return mean
