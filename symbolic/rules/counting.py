"""Rules for counts and for sums over time: multinomial moments, series, orders of summation."""

from __future__ import annotations

import itertools

import sympy as sp
from sympy.core.relational import Relational

from symbolic import symbols as s
from symbolic.moments import count_means
from symbolic.rules.core import Facts, Given, equation, gap, require, rule
from symbolic.signs import is_nonnegative, is_zero


@rule("multinomial moments")
def _multinomial(claim: Relational, facts: Facts, given: Given) -> None:
    """Take means of products of the counts of ``batch_size`` draws with the text probabilities."""
    equation(claim)
    left = count_means(claim.lhs, s.text_counts, s.batch_size, s.text_probs)
    require(not left.has(s.Mean), "an expectation is left over.")
    require(is_zero(left - claim.rhs), f"the moment is {left}.")


@rule("geometric series")
def _geometric_series(claim: Relational, facts: Facts, given: Given) -> None:
    """Add up ``weight * ratio**t`` from a first index on without end; the ratio is in [0, 1)."""
    equation(claim)
    require(isinstance(claim.lhs, sp.Sum) and len(claim.lhs.limits) == 1, "expected one sum.")
    ((time, first, last),) = claim.lhs.limits
    ratio = given["ratio"]
    require(last == sp.oo, "the sum ends.")
    weight = claim.lhs.function / ratio**time
    weight = sp.simplify(weight) if weight.has(time) else weight
    require(not weight.has(time) and not ratio.has(time), "not a geometric series.")
    inside = is_nonnegative(ratio) and is_nonnegative(1 - ratio) and not is_zero(1 - ratio)
    require(inside, f"{ratio} is not seen to lie in [0, 1).")
    require(is_zero(claim.rhs - weight * ratio**first / (1 - ratio)), "it adds up to more or less.")


@rule("order of summation")
def _order_of_summation(claim: Relational, facts: Facts, given: Given) -> None:
    """Sum in another order (a rectangle of indices), with other names for the indices.

    Without end only where the summand is non-negative (Tonelli).
    """
    equation(claim)
    left, right = claim.lhs, claim.rhs
    require(isinstance(left, sp.Sum) and isinstance(right, sp.Sum), "expected two sums.")
    names = {*left.variables, *right.variables}
    ranges = [limit[1:] for total in (left, right) for limit in total.limits]
    rectangle = not any(names & bound.free_symbols for pair in ranges for bound in pair)
    require(rectangle, "a range depends on another index.")
    endless = any(bound.is_infinite for pair in ranges for bound in pair)
    require(not endless or is_nonnegative(left.function), "the summand may be negative.")
    new = [sp.Dummy(name.name, integer=True, nonnegative=True) for name in right.variables]
    target = right.function.xreplace(dict(zip(right.variables, new, strict=True)))
    for order in itertools.permutations(range(len(new))):
        limits = [right.limits[place] for place in order]
        if [a[1:] for a in limits] != [b[1:] for b in left.limits]:
            continue
        renamed = left.function.xreplace(
            {old: new[place] for old, place in zip(left.variables, order, strict=True)}
        )
        if is_zero(renamed - target):
            return
    require(False, "the sums run over different things.")


@rule("split sum")
def _split_sum(claim: Relational, facts: Facts, given: Given) -> None:
    """Cut a sum after an index; the later part counts on from there."""
    equation(claim)
    total, cut = claim.lhs, given["after"]
    require(isinstance(total, sp.Sum) and len(total.limits) == 1, "expected one sum.")
    ((time, first, last),) = total.limits
    inside = bool(cut.is_integer) and is_nonnegative(cut - first) and last == sp.oo
    require(inside and time not in cut.free_symbols, f"{cut} is no index of the sum.")
    head = sp.Sum(total.function, (time, first, cut))
    tail = sp.Sum(total.function.xreplace({time: time + 1}), (time, cut, sp.oo))
    require(is_zero(claim.rhs - head - tail), f"the parts are {head} and {tail}.")


@rule("both bounds")
def _both_bounds(claim: Relational, facts: Facts, given: Given) -> None:
    """Two quantities that are at most each other are equal."""
    equation(claim)
    upper, lower = facts
    require(isinstance(upper, sp.Le) and isinstance(lower, sp.Ge), "expected upper, then lower.")
    difference = claim.lhs - claim.rhs
    for bound, sign in ((upper, -1), (lower, 1)):
        require(is_zero(gap(bound) - sign * difference), f"{bound} is a bound on something else.")


@rule("derivative")
def _derivative(claim: Relational, facts: Facts, given: Given) -> None:
    """Carry out the derivatives on the left."""
    equation(claim)
    value = claim.lhs.doit()
    require(not value.has(sp.Derivative, sp.Subs), "a derivative is left over.")
    require(sp.simplify(value - claim.rhs) == 0, f"the derivative is {value}.")
