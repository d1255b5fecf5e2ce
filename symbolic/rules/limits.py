"""Rules for what is not exact: expansions, leading orders, limits, approximations."""

from __future__ import annotations

import sympy as sp
from sympy.core.relational import Relational

from symbolic.moments import normal
from symbolic.rules.algebra import rewrite
from symbolic.rules.core import Facts, Given, equation, require, rule
from symbolic.signs import is_zero

_DIGITS = 30


@rule("perturbation")
def _perturbation(claim: Relational, facts: Facts, given: Given) -> None:
    """Expand in a small symbol; the claim ends in ``small**order * rest``, which defines rest."""
    equation(claim)
    small, order, rest = given["small"], given["order"], given["rest"]
    for expr in (claim.lhs, *(side for fact in facts for side in (fact.lhs, fact.rhs))):
        require(not expr.has(rest), "the remainder already has a meaning.")
    lead = claim.rhs - small**order * rest
    require(not sp.expand(lead).has(rest), "the remainder appears in the leading part.")
    difference = claim.lhs
    for fact in facts:
        difference = difference.xreplace({fact.lhs: fact.rhs})
    difference -= lead
    for power in range(order):
        term = rewrite(sp.diff(difference, small, power).subs(small, 0), facts)
        require(is_zero(term), f"they differ at order {power} by {term}.")


@rule("leading order")
def _leading_order(claim: Relational, facts: Facts, given: Given) -> None:
    """Keep powers of the small symbol up to an order; it is then absorbed (set to one)."""
    equation(claim)
    require(1 <= len(facts) <= 2, "expected the expansion (and a lemma on its remainder).")
    fact = facts[0]
    require(claim.lhs == fact.lhs, "expected the same left-hand side.")
    small = given["small"]
    require(not claim.lhs.has(small), "the left-hand side changes with the small symbol.")
    full = sp.expand(normal(fact.rhs))
    lead = sp.Add(*(full.coeff(small, power) for power in range(given["order"] + 1)))
    require(is_zero(claim.rhs - lead), f"the leading terms are {lead}.")


@rule("limit")
def _limit(claim: Relational, facts: Facts, given: Given) -> None:
    """Let a symbol of a rational expression tend to zero."""
    equation(claim)
    (fact,) = facts
    require(claim.lhs == fact.lhs, "expected the same left-hand side.")
    require(not claim.lhs.has(given["small"]), "the left-hand side changes with it.")
    limit = sp.limit(sp.together(fact.rhs), given["small"], 0)
    require(is_zero(claim.rhs - limit), f"the limit is {limit}.")


@rule("approximation")
def _approximation(claim: Relational, facts: Facts, given: Given) -> None:
    """Replace by something close, saying exactly what is dropped; never exact."""
    equation(claim)
    (fact,) = facts
    require(claim.lhs == fact.lhs, "expected the same left-hand side.")
    require(is_zero(fact.rhs - given["dropped"] - claim.rhs), "something else is dropped.")


@rule("numerical evidence")
def _numerical_evidence(claim: Relational, facts: Facts, given: Given) -> None:
    """Hold a claim against numbers at given points: plausible there, and proved nowhere."""
    points = given["points"]
    require(len(points) > 0, "expected at least one point.")
    for point in points:
        left, right = (side.subs(point).evalf(_DIGITS) for side in (claim.lhs, claim.rhs))
        apart = left - right
        require(bool(apart.is_number and apart.is_finite), f"at {point} there is no number.")
        small = sp.Float(10) ** (5 - _DIGITS) * (1 + abs(right))
        agrees = {sp.Eq: abs(apart) <= small, sp.Le: apart <= small, sp.Ge: apart >= -small}
        require(bool(agrees[type(claim)]), f"at {point} the sides are {left} and {right}.")
