"""Rules for integrals: change of measure, finite sums taken out, orders between two bounds."""

from __future__ import annotations

import sympy as sp
from sympy.core.relational import Relational

from symbolic.rules.algebra import rewrite
from symbolic.rules.core import Facts, Given, equation, require, rule
from symbolic.signs import is_nonnegative, is_zero
from symbolic.symbols import Mean, image_draw, is_random, mixture
from symbolic.symbols.overlap import reference_density, reference_draw


@rule("change of measure")
def _change_of_measure(claim: Relational, facts: Facts, given: Given) -> None:
    """Write a mean over an image of the mixture as a weighted mean over one of the reference."""
    equation(claim)
    require(isinstance(claim.lhs, Mean), "expected a single expectation on the left.")
    body = claim.lhs.args[0]
    require(not is_random(body.xreplace({image_draw: sp.S.One})), "more than the image is random.")
    ratio = mixture(reference_draw) / reference_density(reference_draw)
    weighted = body.xreplace({image_draw: reference_draw}) * ratio
    require(is_zero(claim.rhs - Mean(weighted)), "this is another mean.")


@rule("sum taken out")
def _sum_taken_out(claim: Relational, facts: Facts, given: Given) -> None:
    """Write the mean (or integral) of a finite sum as the sum of the means (or integrals)."""
    equation(claim)
    require(isinstance(claim.rhs, sp.Sum), "expected a sum on the right.")
    term, limits = claim.rhs.function, claim.rhs.limits
    require(isinstance(term, Mean | sp.Integral), "expected a sum of means or integrals.")
    require(type(claim.lhs) is type(term), "expected the same operation on the left.")
    require(claim.lhs.args[1:] == term.args[1:], "the integrals are over other ranges.")
    inside = sp.Sum(term.args[0], *limits)
    require(is_zero(claim.lhs.args[0] - inside), "the sum is another.")


_KINKS = (sp.Abs, sp.sign, sp.Min, sp.Max, sp.Piecewise)


@rule("leading order between bounds")
def _between_bounds(claim: Relational, facts: Facts, given: Given) -> None:
    """Read off the leading order in which an upper and a lower bound agree.

    All entries of ``given["vanishing"]`` shrink together, in proportion to one number.  Both
    bounds are smooth in it and agree with the claim up to ``given["order"]``: what is left out is
    at most their difference, which is of the next order.
    """
    equation(claim)
    upper, lower, *equations = facts
    require(isinstance(upper, sp.Le) and isinstance(lower, sp.Ge), "expected upper, then lower.")
    require(claim.lhs == upper.lhs == lower.lhs, "the bounds are on other quantities.")
    base, small = given["vanishing"], sp.Dummy("eta", positive=True)

    def shrunk(expr: sp.Expr) -> sp.Expr:
        return expr.replace(
            lambda e: isinstance(e, sp.Indexed) and e.base == base, lambda e: small * e
        )

    for bound in (upper.rhs, lower.rhs):
        require(not bound.has(*_KINKS), "the bound is not smooth.")
        difference = shrunk(bound) - shrunk(claim.rhs)
        for power in range(given["order"] + 1):
            term = rewrite(sp.diff(difference, small, power).subs(small, 0).doit(), equations)
            require(is_zero(term), f"a bound differs at order {power} by {term}.")


@rule("triangle inequality")
def _triangle(claim: Relational, facts: Facts, given: Given) -> None:
    """Bound a sum's absolute value by those of its parts, with non-negative weights."""
    (fact,) = facts
    require(isinstance(fact, sp.Eq) and isinstance(claim, sp.Le), "expected a value and a bound.")
    parts = [(sp.sympify(weight), part) for weight, part in given["parts"]]
    require(is_zero(claim.lhs - sp.Abs(fact.lhs)), "expected the value's absolute value.")
    require(
        is_zero(fact.rhs - sum(weight * part for weight, part in parts)), "the parts are others."
    )
    for weight, _ in parts:
        require(is_nonnegative(weight), f"the weight {weight} may be negative.")
    bound = sum(weight * sp.Abs(part) for weight, part in parts)
    require(is_zero(claim.rhs - bound), f"the parts give {bound}.")
