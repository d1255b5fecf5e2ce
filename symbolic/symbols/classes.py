"""The kinds of symbols: random quantities, expectations, sample means, chi-square variables."""

from __future__ import annotations

import sympy as sp


class RandomSymbol(sp.Symbol):
    """A symbol for a random quantity; an expectation must not take it outside."""

    __slots__ = ()


def is_random(expr: sp.Basic) -> bool:
    """Tell whether an expression contains a random quantity outside an expectation.

    Parameters
    ----------
    expr : sympy.Basic
        Any expression.

    Returns
    -------
    bool
        True if a `RandomSymbol` is free in it.

    Examples
    --------
    >>> from symbolic.symbols import batch_size
    >>> is_random(batch_size), is_random(Mean(RandomSymbol("x"))), is_random(RandomSymbol("x"))
    (False, False, True)
    """
    if isinstance(expr, Mean):
        return False
    if isinstance(expr, RandomSymbol | ChiSquare):
        return True
    return any(is_random(arg) for arg in expr.args)


class Mean(sp.Function):
    """An expectation, inert: `symbolic.moments` holds the rules that may change one.

    In a one-step theorem it is the expectation given the state at the start of the update.
    """

    nargs = 1

    @classmethod
    def eval(cls, arg: sp.Expr) -> sp.Expr | None:
        """Reduce the mean of something that is not random to the thing itself."""
        return arg if not is_random(arg) else None

    def _latex(self, printer: object, exp: str | None = None) -> str:
        inner = printer._print(self.args[0])  # type: ignore[attr-defined]
        body = rf"\mathbb{{E}}\left[{inner}\right]"
        return body if exp is None else rf"{body}^{{{exp}}}"


class SampleMean(sp.Function):
    """Mean of a function of one random draw over ``size`` independent draws, inert."""

    nargs = 2


class ChiSquare(sp.Function):
    """A fresh chi-square variable with the given degrees of freedom."""

    nargs = 1
    is_positive = True


def count(name: str) -> sp.Symbol:
    """Make a symbol for a positive integer."""
    return sp.Symbol(name, integer=True, positive=True)


def index(name: str) -> sp.Symbol:
    """Make a symbol for a non-negative integer."""
    return sp.Symbol(name, integer=True, nonnegative=True)


def random(name: str, **assumptions: bool) -> RandomSymbol:
    """Make a symbol for a random quantity."""
    return RandomSymbol(name, **assumptions)
