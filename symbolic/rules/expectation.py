"""Rules for expectations: independent draws, Gaussian and chi-square moments, the tower law."""

from __future__ import annotations

import sympy as sp
from sympy.core.relational import Relational

from symbolic.moments import chi_square_means, isserlis, normal, sample_means
from symbolic.rules.core import Facts, Given, equation, gap, require, rule
from symbolic.signs import is_zero
from symbolic.symbols import Mean, SampleMean, image, image_draw, is_random, mixture


@rule("i.i.d. sum")
def _iid_sum(claim: Relational, facts: Facts, given: Given) -> None:
    equation(claim)
    left = sample_means(claim.lhs)
    require(not left.has(SampleMean), "sample means are left over.")
    require(is_zero(left - claim.rhs), f"the left-hand side is {left}.")


@rule("Isserlis")
def _isserlis(claim: Relational, facts: Facts, given: Given) -> None:
    equation(claim)
    require(is_zero(isserlis(claim.lhs) - claim.rhs), "the pairings do not add up to this.")


@rule("Gamma integral")
def _gamma_integral(claim: Relational, facts: Facts, given: Given) -> None:
    equation(claim)
    left = chi_square_means(claim.lhs)
    require(not left.has(Mean), "an expectation is left over.")
    right = claim.rhs.doit().replace(sp.loggamma, lambda x: sp.log(sp.gamma(x)))
    difference = sp.expand_log(sp.expand(left - right))
    require(sp.simplify(difference) == 0, f"the integral is {left}.")


@rule("integral")
def _integral(claim: Relational, facts: Facts, given: Given) -> None:
    equation(claim)
    value = claim.lhs.doit()
    require(not value.has(sp.Integral), "SymPy cannot integrate the left-hand side.")
    require(sp.simplify(value - claim.rhs) == 0, f"the integral is {value}.")


@rule("expectation under the mixture")
def _mixture_expectation(claim: Relational, facts: Facts, given: Given) -> None:
    """Write a mean over an image of the mixture as an integral against its density."""
    equation(claim)
    require(isinstance(claim.lhs, Mean), "expected a single expectation on the left.")
    body = claim.lhs.args[0].xreplace({image_draw: image}) * mixture(image)
    require(not is_random(body), "something besides the image is random.")
    require(is_zero(claim.rhs - sp.Integral(body, image)), "this is another integral.")


@rule("independence")
def _independence(claim: Relational, facts: Facts, given: Given) -> None:
    """Split a mean of a product of what is drawn afresh and what came before."""
    equation(claim)
    fresh = given["fresh"]
    require(isinstance(normal(claim.lhs), Mean), "expected a single expectation on the left.")
    factors = sp.Mul.make_args(normal(claim.lhs).args[0])
    new = [f for f in factors if f.has(fresh)]
    old = [f for f in factors if not f.has(fresh)]
    require(not any(is_random(f.xreplace({fresh: sp.S.One})) for f in new), "a factor mixes both.")
    split = Mean(sp.Mul(*new)) * Mean(sp.Mul(*old))
    require(is_zero(claim.rhs - split), f"independence gives {split}.")


@rule("tower")
def _tower(claim: Relational, facts: Facts, given: Given) -> None:
    """Average a one-step fact, given the state, over the state."""
    require(len(facts) == 1, "expected one conditional fact.")
    (fact,) = facts
    averaged = fact.func(
        _average(fact.lhs.xreplace(given)), _average(fact.rhs.xreplace(given)), evaluate=False
    )
    require(type(claim) is type(averaged), "the relation has changed.")
    require(is_zero(gap(claim) - gap(averaged)), f"averaging gives {averaged}.")


def _average(expr: sp.Expr) -> sp.Expr:
    # E[E[X | state]] = E[X]: the conditional means inside lose their name, then one is put around.
    return normal(Mean(normal(expr).replace(Mean, lambda inner: inner)))


@rule("double sum")
def _double_sum(claim: Relational, facts: Facts, given: Given) -> None:
    """Write the mean of a squared sum as a double sum of means."""
    equation(claim)
    ok = isinstance(claim.lhs, Mean) and isinstance(claim.rhs, sp.Sum)
    require(ok and isinstance(claim.rhs.function, Mean), "expected a double sum of means.")
    inside = sp.Sum(claim.rhs.function.args[0], *claim.rhs.limits)
    require(is_zero(claim.lhs.args[0] - inside), "the double sum is another.")
