"""Rules for expectations: independent draws, Gaussian and chi-square moments, the tower law."""

from __future__ import annotations

import sympy as sp
from sympy.core.relational import Relational

from symbolic import symbols as s
from symbolic.model.user_content import other_draw
from symbolic.moments import chi_square_means, isserlis, normal, sample_means
from symbolic.rules.core import Facts, Given, equation, gap, require, rule
from symbolic.rules.instances import put
from symbolic.signs import is_nonnegative, is_zero
from symbolic.symbols import (
    ChiSquare,
    Mean,
    RandomSymbol,
    SampleMean,
    image,
    image_draw,
    is_random,
    mixture,
)

STANDARD_NORMAL = (s.normal_draw, other_draw.base)  # vectors of independent standard normals

# What may change from one update to the next: a law of one update speaks of its value before it.
STATE = frozenset(
    {
        s.text_diversity, s.initial_text_diversity, s.posterior_confusion, s.text_probs,
        s.homozygosity, s.third_power_sum, s.target_overlap, s.initial_overlap,
        s.posterior_covariance, s.text_prob_covariance, s.posterior_product_mean,
        s.image_diversity, s.image_sd, s.directional_variance, s.current_cov, s.mean_offset,
        s.current_variance, s.squared_offset, s.bhattacharyya, s.text_distance,
        s.text_diversity_variance, s.self_overlap_variance, s.overlap_variance,
        s.self_overlap_covariance, s.shared_overlap_covariance, s.current_square_trace,
        s.root_form, s.text_products, s.location_error, s.model_variance, s.data_distance,
        s.data_variance, s.pool_moment, s.pool_error,
        s.model_products, s.consensus_error,
        s.first_square, s.context_overlap, s.coefficient_square, s.first_aim,
        s.context_product_now, s.aim_now,
    }
)  # fmt: skip
_STATE_FUNCTIONS = (s.posterior, s.mixture, s.density)


@rule("i.i.d. sum")
def _iid_sum(claim: Relational, facts: Facts, given: Given) -> None:
    equation(claim)
    left = sample_means(claim.lhs)
    require(not left.has(SampleMean), "sample means are left over.")
    require(is_zero(left - claim.rhs), f"the left-hand side is {left}.")


@rule("Isserlis")
def _isserlis(claim: Relational, facts: Facts, given: Given) -> None:
    equation(claim)
    bases = {e.base for side in (claim.lhs, claim.rhs) for e in side.atoms(sp.Indexed)}
    others = {b for b in bases if isinstance(b.label, RandomSymbol)} - set(STANDARD_NORMAL)
    require(not others, f"{others} are no standard normals.")
    require(is_zero(isserlis(claim.lhs) - claim.rhs), "the pairings do not add up to this.")


@rule("Gamma integral")
def _gamma_integral(claim: Relational, facts: Facts, given: Given) -> None:
    equation(claim)
    for power in claim.lhs.atoms(sp.Pow):
        _require_moment(power)
    left = chi_square_means(claim.lhs)
    require(not left.has(Mean), "an expectation is left over.")
    right = claim.rhs.doit().replace(sp.loggamma, lambda x: sp.log(sp.gamma(x)))
    difference = sp.expand_log(sp.expand(left - right))
    require(sp.simplify(difference) == 0, f"the integral is {left}.")


def _require_moment(power: sp.Pow) -> None:
    """Require that a negative moment exists: more degrees of freedom than twice the power."""
    for drawn in power.base.atoms(ChiSquare) if power.exp.is_nonnegative is not True else ():
        room = drawn.args[0] + 2 * power.exp
        unknown = power.exp.is_real is not False and power.exp.is_negative is None
        enough = is_nonnegative(room) and not is_zero(room)
        require(unknown or enough, f"{power} may have no mean.")


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
    require(not claim.lhs.has(image), f"{image} is to be integrated over, and already there.")
    body = claim.lhs.args[0].xreplace({image_draw: image}) * mixture(image)
    require(not is_random(body), "something besides the image is random.")
    require(is_zero(claim.rhs - sp.Integral(body, image)), "this is another integral.")


@rule("independence")
def _independence(claim: Relational, facts: Facts, given: Given) -> None:
    """Split a mean of a product of what an update draws afresh and the state before it."""
    equation(claim)
    fresh = given["fresh"]
    require(isinstance(fresh, ChiSquare), f"{fresh} is not drawn afresh.")
    require(isinstance(normal(claim.lhs), Mean), "expected a single expectation on the left.")
    factors = sp.Mul.make_args(normal(claim.lhs).args[0])
    new = [f for f in factors if f.has(fresh)]
    old = [f for f in factors if not f.has(fresh)]
    require(not any(is_random(f.xreplace({fresh: sp.S.One})) for f in new), "a factor mixes both.")
    for factor in old:
        require(
            _is_state(factor, s.generations),
            f"{factor} is not seen to be the state before the draw.",
        )
    split = Mean(sp.Mul(*new)) * Mean(sp.Mul(*old))
    require(is_zero(claim.rhs - split), f"independence gives {split}.")


def is_before(expr: sp.Basic) -> bool:
    """Tell whether all that is random is the state at the time of the update's draws."""
    return _is_state(expr, s.generations)


def _is_state(expr: sp.Basic, time: sp.Expr | None = None) -> bool:
    """Tell whether all that is random is the state (at a time), with no draw in it."""
    if not is_random(expr):
        return True
    if isinstance(expr, sp.Indexed):
        return time in (None, *expr.indices) and expr.base not in STANDARD_NORMAL
    if isinstance(expr, RandomSymbol | ChiSquare | SampleMean):
        return False
    return all(_is_state(arg, time) for arg in expr.args)


@rule("tower")
def _tower(claim: Relational, facts: Facts, given: Given) -> None:
    """Average a one-step fact, given the state, over the state."""
    require(len(facts) == 1, "expected one conditional fact.")
    (fact,) = facts
    fact = put(fact, given)
    if given:
        _require_one_time(given)
        for side in (fact.lhs, fact.rhs):
            require(not _fixed_state(side), f"{_fixed_state(side)} changes with the state.")
    averaged = fact.func(_average(fact.lhs), _average(fact.rhs), evaluate=False)
    require(type(claim) is type(averaged), "the relation has changed.")
    require(is_zero(gap(claim) - gap(averaged)), f"averaging gives {averaged}.")


def _fixed_state(expr: sp.Expr) -> set[sp.Basic]:
    left = (expr.free_symbols | expr.atoms(sp.IndexedBase)) & STATE
    return left | expr.atoms(*_STATE_FUNCTIONS)


def _require_one_time(given: Given) -> None:
    """Require one time for the state before, and one more for the same quantity after."""
    before: dict[sp.IndexedBase, sp.Expr] = {}
    after: dict[sp.IndexedBase, sp.Expr] = {}
    for old, new in given.items():
        if isinstance(old, sp.Symbol) and isinstance(new, sp.Indexed) and is_random(new):
            (after if is_random(old) else before)[new.base] = new.indices[0]
    require(len(set(before.values())) <= 1, "the state is taken at two times.")
    for base, time in after.items():
        if base in before:
            require(is_zero(time - before[base] - 1), f"{base} is not taken one update later.")


def _is_linear_in_means(expr: sp.Expr) -> bool:
    if isinstance(expr, Mean) or not expr.has(Mean):
        return True
    if isinstance(expr, sp.Sum | sp.Integral):
        return _is_linear_in_means(expr.function) and not sp.Tuple(*expr.limits).has(Mean)
    if isinstance(expr, sp.Mul):
        of_means = [factor for factor in expr.args if factor.has(Mean)]
        weights = [factor for factor in expr.args if not factor.has(Mean)]
        known = len(of_means) == 1 and all(_is_state(weight) for weight in weights)
        return known and _is_linear_in_means(of_means[0])
    return isinstance(expr, sp.Add) and all(map(_is_linear_in_means, expr.args))


def _average(expr: sp.Expr) -> sp.Expr:
    # E[E[X | state]] = E[X]: the conditional means inside lose their name, then one is put around.
    expr = normal(expr)
    require(_is_linear_in_means(expr), "a product of expectations is no mean of a product.")
    return normal(Mean(expr.replace(Mean, lambda inner: inner)))


@rule("double sum")
def _double_sum(claim: Relational, facts: Facts, given: Given) -> None:
    """Write the mean of a squared sum as a double sum of means."""
    equation(claim)
    ok = isinstance(claim.lhs, Mean) and isinstance(claim.rhs, sp.Sum)
    require(ok and isinstance(claim.rhs.function, Mean), "expected a double sum of means.")
    require(not any(is_random(limit) for limit in claim.rhs.limits), "the range is random.")
    inside = sp.Sum(claim.rhs.function.args[0], *claim.rhs.limits)
    require(is_zero(claim.lhs.args[0] - inside), "the double sum is another.")
