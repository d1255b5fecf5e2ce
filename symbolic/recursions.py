"""Linear recursions: solutions are verified by substitution, never taken on trust.

``rsolve`` has open bugs, so a claimed solution is put back into its recursion: it must start
where it should and satisfy one step for a symbolic index.
"""

from __future__ import annotations

import sympy as sp

from symbolic.signs import is_zero
from symbolic.symbols import generations


def solve_linear(factor: sp.Expr, gain: sp.Expr, start: sp.Expr, time: sp.Expr) -> sp.Expr:
    """Solve ``x[t+1] = factor x[t] + gain`` from ``x[0] = start``.

    Parameters
    ----------
    factor, gain, start : sympy.Expr
        The recursion; ``factor`` is not 1.
    time : sympy.Expr
        Index at which the solution is wanted.

    Returns
    -------
    sympy.Expr
        ``factor**t start + gain (1 - factor**t)/(1 - factor)``.

    Examples
    --------
    >>> import sympy as sp
    >>> solve_linear(sp.Rational(1, 2), 1, 0, 3)
    7/4
    """
    return factor**time * start + gain * (1 - factor**time) / (1 - factor)


def stationary_point(factor: sp.Expr, gain: sp.Expr) -> sp.Expr:
    """Give the point that ``x -> factor x + gain`` leaves where it is.

    Parameters
    ----------
    factor, gain : sympy.Expr
        The map; ``factor`` is not 1.

    Returns
    -------
    sympy.Expr
        ``gain / (1 - factor)``.

    Examples
    --------
    >>> import sympy as sp
    >>> stationary_point(sp.Rational(1, 2), 1)
    2
    """
    return gain / (1 - factor)


def time_to_level(factor: sp.Expr, share: sp.Expr) -> sp.Expr:
    """Give the time at which ``factor**t`` has fallen to a share.

    Parameters
    ----------
    factor, share : sympy.Expr
        Both between 0 and 1.

    Returns
    -------
    sympy.Expr
        ``log(share) / log(factor)``.

    Examples
    --------
    >>> import sympy as sp
    >>> time_to_level(sp.Rational(1, 2), sp.Rational(1, 8)).simplify()
    3
    """
    return sp.log(share) / sp.log(factor)


def half_life(factor: sp.Expr) -> sp.Expr:
    """Give the time at which ``factor**t`` has fallen to one half.

    Parameters
    ----------
    factor : sympy.Expr
        Between 0 and 1.

    Returns
    -------
    sympy.Expr
        ``log(2) / -log(factor)``.

    Examples
    --------
    >>> import sympy as sp
    >>> half_life(sp.Rational(1, 2))
    1
    """
    return sp.log(2) / -sp.log(factor)


def peel(expr: sp.Expr, time: sp.Expr = generations) -> sp.Expr:
    """Take the last term out of every sum, and factor of every product, that run up to ``time``.

    Parameters
    ----------
    expr : sympy.Expr
        Any expression.
    time : sympy.Expr
        The index.

    Returns
    -------
    sympy.Expr
        Sums up to ``time`` become sums up to ``time - 1`` plus the last term; products likewise.

    Examples
    --------
    >>> import sympy as sp
    >>> from symbolic.symbols import past_generation as s, generations as t
    >>> peel(sp.Sum(s, (s, 0, t)))
    t + Sum(s, (s, 0, t - 1))
    """

    def take_last(total: sp.Sum | sp.Product) -> sp.Expr:
        ((index, low, high),) = total.limits
        if sp.expand(high - time) != 0:
            return total
        rest = total.func(total.function, (index, low, time - 1))
        last = total.function.subs(index, time)
        return rest + last if isinstance(total, sp.Sum) else rest * last

    return expr.replace(
        lambda e: isinstance(e, sp.Sum | sp.Product) and len(e.limits) == 1, take_last
    )


def satisfies(
    solution: sp.Expr, step: sp.Expr, start: sp.Expr, time: sp.Symbol = generations
) -> bool:
    """Tell whether a claimed solution starts at ``start`` and follows a recursion.

    Parameters
    ----------
    solution : sympy.Expr
        The claimed value at ``time``.
    step : sympy.Expr
        The value at ``time + 1`` when the value at ``time`` is ``solution``.
    start : sympy.Expr
        The value at 0.
    time : sympy.Symbol
        The index.

    Returns
    -------
    bool
        True only if both hold identically.

    Examples
    --------
    >>> from symbolic.symbols import generations as t
    >>> satisfies(2**t, 2 * 2**t, 1), satisfies(2**t, 3 * 2**t, 1)
    (True, False)
    """
    at_start = solution.subs(time, 0).doit()
    later = peel(peel(solution.subs(time, time + 1), time), time + 1)  # no sum loses two terms
    return is_zero(at_start - start) and is_zero(later - step)
