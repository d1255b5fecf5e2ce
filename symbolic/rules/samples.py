"""Rules for Gaussian samples: independent chi-squares, Wishart traces, and orders in their size."""

from __future__ import annotations

import sympy as sp
from sympy.core.relational import Relational

from symbolic.rules.core import Facts, Given, equation, require, rule
from symbolic.signs import is_nonnegative, is_zero
from symbolic.symbols import (
    ChiSquare,
    Mean,
    RandomSymbol,
    context_wishart_trace,
    generations,
    image_count,
    is_random,
    normal_draw,
    num_context,
    num_features,
    wishart_trace,
)
from symbolic.wishart import wishart_trace_mean


@rule("independent product")
def _independent_product(claim: Relational, facts: Facts, given: Given) -> None:
    """Take the mean of a power (or logarithm) of a product of independent chi-squares.

    Chi-squares with different degrees of freedom are different variables, and independent.
    """
    equation(claim)
    (inner,) = claim.lhs.args
    require(isinstance(claim.lhs, Mean), "expected a single expectation on the left.")
    logarithm = isinstance(inner, sp.log)
    product, power = (inner.args[0], sp.S.One) if logarithm else inner.as_base_exp()
    require(isinstance(product, sp.Product), "expected a product.")
    factor, ((j, _, _),) = product.function, product.limits
    require(isinstance(factor, ChiSquare) and not power.has(ChiSquare), "not of chi-squares.")
    slope = sp.diff(factor.args[0], j)
    require(slope.is_number and slope != 0, "the degrees of freedom are not all different.")
    if logarithm:
        value: sp.Expr = sp.Sum(Mean(sp.log(factor)), *product.limits)
    else:
        value = sp.Product(Mean(factor**power), *product.limits)
    require(claim.rhs == value, f"independence gives {value}.")


@rule("independent factor")
def _independent_factor(claim: Relational, facts: Facts, given: Given) -> None:
    """Split a mean of a fresh factor, made of chi-squares by the fact, and the state before it."""
    equation(claim)
    (law,) = facts
    fresh = law.lhs
    require(isinstance(fresh, RandomSymbol), f"{fresh} is not drawn in the update.")
    made_of = law.rhs.replace(ChiSquare, lambda dof: sp.S.One)
    require(not is_random(made_of), f"{law.rhs} is not made of chi-squares.")
    require(isinstance(claim.lhs, Mean), "expected a single expectation on the left.")
    factors = sp.Mul.make_args(claim.lhs.args[0])
    new = sp.Mul(*(f for f in factors if f.has(fresh)))
    old = sp.Mul(*(f for f in factors if not f.has(fresh)))
    require(not is_random(new.xreplace({fresh: sp.S.One})), "a factor mixes both.")
    require(_is_before(old), f"{old} is not seen to be the state before the draw.")
    require(is_zero(claim.rhs - Mean(new) * Mean(old)), "independence gives another product.")


def _is_before(expr: sp.Basic) -> bool:
    """Tell whether all that is random is the state at the time of the update."""
    if not is_random(expr):
        return True
    if isinstance(expr, sp.Indexed):
        return expr.indices == (generations,) and expr.base != normal_draw
    if isinstance(expr, RandomSymbol | ChiSquare):
        return False
    return all(_is_before(arg) for arg in expr.args)


# Independent draws, or deviations from their mean, of which one fewer are independent.
_FREEDOM = {wishart_trace: image_count - 1, context_wishart_trace: num_context}


@rule("Wishart pairings")
def _wishart_pairings(claim: Relational, facts: Facts, given: Given) -> None:
    """Take the mean of ``tr W^k`` by Isserlis, for the scatter of draws (about their mean)."""
    equation(claim)
    require(isinstance(claim.lhs, Mean), "expected a single expectation on the left.")
    (trace,) = claim.lhs.args
    known = isinstance(trace, sp.Indexed) and trace.base in _FREEDOM
    require(known and bool(trace.indices[0].is_Integer), "expected the trace of a known power.")
    power, freedom = int(trace.indices[0]), _FREEDOM[trace.base]
    value = wishart_trace_mean((power,), freedom, num_features)
    require(is_zero(claim.rhs - value), f"the pairings add up to {value}.")


@rule("leading orders at infinity")
def _leading_orders(claim: Relational, facts: Facts, given: Given) -> None:
    """Read off what an upper and a lower bound agree on up to an order in one over a variable.

    Both bounds are rational, so what is left out is at most a multiple of the next order.
    """
    equation(claim)
    upper, lower = facts
    require(isinstance(upper, sp.Le) and isinstance(lower, sp.Ge), "expected upper, then lower.")
    require(claim.lhs == upper.lhs == lower.lhs, "the bounds are on other quantities.")
    large, order = given["large"], given["order"]
    for bound in (upper.rhs, lower.rhs):
        difference = sp.together(sp.expand(bound - claim.rhs))
        require(difference.is_rational_function(large), "the bound is not rational.")
        above, below = (sp.Poly(part, large) for part in sp.fraction(difference))
        require(above.is_zero or above.degree() < below.degree() - order, "they differ before.")


@rule("off the diagonal")
def _off_diagonal(claim: Relational, facts: Facts, given: Given) -> None:
    """Drop Kronecker deltas of what differs throughout a sum: its index is above the other."""
    equation(claim)
    left, right = claim.lhs, claim.rhs
    require(isinstance(left, sp.Sum) and isinstance(right, sp.Sum), "expected two sums.")
    require(left.limits == right.limits, "expected one range.")
    lowest = {index: low for index, low, _ in left.limits}
    dropped = {}
    for delta in left.function.atoms(sp.KroneckerDelta):
        for index, other in (delta.args, delta.args[::-1]):
            if index in lowest and is_nonnegative(lowest[index] - other - 1):
                dropped[delta] = sp.S.Zero
    require(bool(dropped), "the indices may be equal.")
    inside = left.function.xreplace(dropped)
    require(is_zero(inside - right.function), "the rest is another.")
