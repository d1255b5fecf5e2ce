"""Rules of algebra: identities, rewriting, linear combinations, what keeps an order."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from symbolic.moments import normal
from symbolic.rules.core import Facts, Given, equation, gap, names_a_quantity, require, rule
from symbolic.rules.definitions import require_extreme
from symbolic.rules.instances import instance, put
from symbolic.signs import is_nonnegative, is_zero
from symbolic.symbols import ChiSquare, Mean, RandomSymbol, generations, is_random


@rule("model", "lemma", "instance")
def _instance_of_fact(claim: Relational, facts: Facts, given: Given) -> None:
    require(len(facts) == 1, "expected one fact to take an instance of.")
    drawn = facts[0].has(ChiSquare) and not is_mean_only(facts[0])
    require(not (drawn and generations in given), "each time has a draw of its own.")
    fact = instance(facts[0], given)
    require(type(claim) is type(fact) and is_zero(gap(claim) - gap(fact)), f"the fact says {fact}.")


@rule("algebra", "linearity")
def _algebra(claim: Relational, facts: Facts, given: Given) -> None:
    equation(claim)
    require(is_zero(claim.lhs - claim.rhs), "the two sides are not identical.")


def is_mean_only(fact: Relational) -> bool:
    """Tell whether whatever is random in a fact stands inside an expectation."""
    return not is_random(fact.lhs) and not is_random(fact.rhs)


def rewrite(expr: sp.Expr, facts: Facts) -> sp.Expr:
    """Rewrite by equations, in order, each from left to right."""
    expr = normal(expr)
    for fact in facts:
        require(isinstance(fact, sp.Eq), f"{fact} is no equation to rewrite by.")
        for _ in range(2):  # linearity may bring a second occurrence to light
            expr = normal(expr.xreplace({normal(fact.lhs): fact.rhs, fact.lhs: fact.rhs}))
    return expr


@rule("substitution")
def _substitution(claim: Relational, facts: Facts, given: Given) -> None:
    """Rewrite by equations, in order, each from left to right; then algebra."""
    equation(claim)
    expr = rewrite(claim.lhs - claim.rhs, facts)
    require(is_zero(expr), f"what is left over is {expr}.")


@rule("substitution bound")
def _substitution_bound(claim: Relational, facts: Facts, given: Given) -> None:
    """Rewrite both sides of the first fact by the equations that follow it."""
    fact, *equations = facts
    require(type(claim) is type(fact), "the relation has changed.")
    numbers = {e.lhs: e.rhs for e in equations if isinstance(e, sp.Eq) and e.lhs.is_Symbol}
    fact = put(fact, numbers)  # values first: what they simplify, algebra need not find
    expr = rewrite(gap(claim) - gap(fact), equations)
    require(is_zero(expr), f"what is left over is {expr}.")


@rule("combination", "AM-GM", "nonnegative form")
def _combination(claim: Relational, facts: Facts, given: Given) -> None:
    """Combine facts linearly; inequalities with non-negative weights, plus a non-negative form."""
    domain = given.get("domain")
    form = given.get("form", sp.S.Zero)
    total = form
    exact = form == 0
    weights = [sp.sympify(weight) for weight in given.get("weights", ())]
    for weight in weights:
        _require_finite(weight, facts, domain)
    for fact, weight in zip(facts, weights, strict=True):
        if not isinstance(fact, sp.Eq):
            exact = False
            require(is_nonnegative(weight, domain), f"the weight {weight} may be negative.")
        total += weight * gap(fact)
    require(is_nonnegative(form, domain), f"the form {form} is not seen to be non-negative.")
    require(exact or not isinstance(claim, sp.Eq), "inequalities do not give an equation.")
    require(is_zero(gap(claim) - total), "the combination is not the claim.")


def _require_finite(weight: sp.Expr, facts: Facts, domain: Any) -> None:
    """Require that what a weight divides by is not zero, nor made so by the facts."""
    below = sp.denom(sp.together(weight))
    if below.is_number:
        require(below.is_finite is True and below.is_zero is False, f"{weight} is no number.")
        return
    signed = is_nonnegative(below, domain) or is_nonnegative(-below, domain)
    require(signed and not is_zero(below), f"{below}, divided by, may be zero.")
    for fact in facts:
        if not isinstance(fact, sp.Eq):
            continue
        for old, new in ((fact.lhs, fact.rhs), (fact.rhs, fact.lhs)):
            if not old.is_number:
                require(not is_zero(below.xreplace({old: new})), f"{fact} makes {below} zero.")
        left = sp.gcd(*(sp.numer(sp.together(expr)) for expr in (gap(fact), below)))
        require(left.is_number or bool(left.is_positive), f"{fact} may make {left} zero.")


@rule("monotone")
def _monotone(claim: Relational, facts: Facts, given: Given) -> None:
    """Apply an order-preserving operation (mean, sum, integral) to both sides."""
    require(len(facts) == 1 and type(claim) is type(facts[0]), "expected one such fact.")
    apply = given["apply"]
    over = [given[key] for key in ("over",) if key in given] or []
    require(apply in (Mean, sp.Sum, sp.Integral), f"{apply} is not known to preserve order.")
    limits = over[0] if over else ()
    for limit in limits:
        _require_range(sp.Tuple(*limit) if isinstance(limit, tuple) else limit)
    left, right = (apply(side, *limits) for side in (facts[0].lhs, facts[0].rhs))
    require(is_zero(claim.lhs - left) and is_zero(claim.rhs - right), "this is not both sides.")


def _require_range(limit: Any) -> None:
    """Require a range over which a fact holds: its variable's values, not run backwards.

    A sum over an empty range is zero.
    """
    variable, *ends = limit if isinstance(limit, sp.Tuple) else (limit,)
    require(not isinstance(variable, RandomSymbol), f"{variable} is random.")
    if not ends:
        return
    low, high = ends
    if variable.is_integer:
        require(low.is_integer is True, f"{low} is no integer.")
    else:
        infinite = low == -sp.oo and high == sp.oo
        require(infinite or is_nonnegative(high - low), f"{low} may be above {high}.")
    for bound, wanted in (("nonnegative", low), ("positive", low - 1)):
        if getattr(variable, f"is_{bound}"):
            require(is_nonnegative(wanted), f"{variable} is {bound}, {low} may not be.")


@rule("square root")
def _square_root(claim: Relational, facts: Facts, given: Given) -> None:
    """Take roots of both sides of an inequality between non-negative quantities."""
    require(len(facts) == 1 and type(claim) is type(facts[0]), "expected one such fact.")
    for side in (claim.lhs, claim.rhs):
        require(is_nonnegative(side), f"{side} is not seen to be non-negative.")
    fact = facts[0]
    same = is_zero(claim.lhs**2 - fact.lhs) and is_zero(claim.rhs**2 - fact.rhs)
    require(same, "the squares of the two sides are not those of the fact.")


@rule("abbreviation")
def _abbreviation(claim: Relational, facts: Facts, given: Given) -> None:
    """Give an expression a name: the claim with the name written out is the fact."""
    (fact,) = facts
    name, meaning = given["name"], given["stands for"]
    require(isinstance(name, sp.Symbol), f"{name} is no name.")
    require(not meaning.has(name) and not is_random(meaning), f"{meaning} is no number to name.")
    require(not (fact.lhs.has(name) or fact.rhs.has(name)), f"{name} already has a meaning.")
    full = put(claim, {name: meaning})
    require(type(full) is type(fact), "the relation has changed.")
    require(is_zero(gap(full) - gap(fact)), "written out, it is another claim.")


@rule("threshold")
def _threshold(claim: Relational, facts: Facts, given: Given) -> None:
    """Read the smallest ``x`` for a level off ``f(x) - level = weight * (x - threshold)``."""
    equation(claim)
    (fact,) = facts
    weight, level, variable = given["weight"], given["level"], given["variable"]
    names_a_quantity(claim, fact)
    require_extreme(claim, fact, variable)
    require(not (claim.rhs.has(variable) or level.has(variable)), f"{variable} is left over.")
    require(isinstance(fact, sp.Eq) and not fact.lhs.has(variable), "expected a value.")
    require(is_zero(fact.rhs - level - weight * (variable - claim.rhs)), "not of the form claimed.")
    _require_positive(weight, given)


def _require_positive(weight: sp.Expr, given: Given) -> None:
    require(is_nonnegative(weight, given.get("domain")), "the weight may be negative.")
    require(not is_zero(weight), "the weight is zero.")


@rule("maximum")
def _maximum(claim: Relational, facts: Facts, given: Given) -> None:
    """Read a maximiser off ``best - f(x) = weight * (square root)**2``."""
    _require_best_at(claim, facts, given, 1)


@rule("minimum")
def _minimum(claim: Relational, facts: Facts, given: Given) -> None:
    """Read a minimiser off ``f(x) - best = weight * (square root)**2``."""
    _require_best_at(claim, facts, given, -1)


def _require_best_at(claim: Relational, facts: Facts, given: Given, sign: int) -> None:
    root, variable, weight = given["root"], given["variable"], given["weight"]
    _require_gap(claim, facts, given)
    best = facts[0].rhs + sign * facts[1].lhs
    require(not best.has(variable), f"{variable} is left over.")
    _require_positive(weight, given)
    require(is_zero(root.subs(variable, claim.rhs)), "the square does not vanish there.")
    slope = sp.diff(root, variable)
    require(not slope.has(variable) and not is_zero(slope), "the square may vanish elsewhere.")


@rule("maximal value")
def _maximal_value(claim: Relational, facts: Facts, given: Given) -> None:
    """Read the largest value off ``best - f(x) = weight * (square root)**2``."""
    _require_best(claim, facts, given, 1)


@rule("minimal value")
def _minimal_value(claim: Relational, facts: Facts, given: Given) -> None:
    """Read the smallest value off ``f(x) - best = weight * (square root)**2``."""
    _require_best(claim, facts, given, -1)


def _require_best(claim: Relational, facts: Facts, given: Given, sign: int) -> None:
    _require_gap(claim, facts, given)
    best = facts[0].rhs + sign * facts[1].lhs
    require(is_zero(claim.rhs - best), "the gap is from another value.")
    reached = given["root"].subs(given["variable"], given["at"])
    require(is_zero(reached), "the value is not reached.")


def _require_gap(claim: Relational, facts: Facts, given: Given) -> None:
    """Require what a quantity is (or its bound), and a gap that is ``weight * root**2``."""
    equation(claim)
    value, apart = facts
    names_a_quantity(claim, value, apart)
    require_extreme(claim, value, given["variable"])
    require(isinstance(apart, sp.Eq), "expected the gap as an equation.")
    require(not claim.rhs.has(given["variable"]), f"{given['variable']} is left over.")
    require(is_zero(apart.rhs - given["weight"] * given["root"] ** 2), "no such square.")
    _require_positive(given["weight"], given)


@rule("logarithm")
def _logarithm(claim: Relational, facts: Facts, given: Given) -> None:
    """Take the logarithm of a positive quantity's value, at an instance."""
    equation(claim)
    name, value = facts
    require(claim.lhs == name.lhs, "expected the logarithm that the first fact names.")
    inside = instance(value, given)
    require(name.rhs == sp.log(inside.lhs), "the first fact names another logarithm.")
    for taken in (inside.rhs, *(log.args[0] for log in claim.rhs.atoms(sp.log))):
        require(is_nonnegative(taken), f"{taken} may be negative, so it has no logarithm.")
    logarithm = sp.expand_log(sp.log(inside.rhs), force=True)
    require(is_zero(sp.expand_log(claim.rhs - logarithm, force=True)), f"it is {logarithm}.")
