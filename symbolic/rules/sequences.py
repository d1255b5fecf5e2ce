"""Rules for sequences: linear recursions, their fixed points, what is left in the long run."""

from __future__ import annotations

import sympy as sp
from sympy.core.relational import Relational

from symbolic.moments import normal
from symbolic.recursions import satisfies
from symbolic.rules.core import Facts, Given, equation, names_a_quantity, require, rule
from symbolic.signs import is_nonnegative, is_zero
from symbolic.symbols import generations, is_random


def _linear_in(expr: sp.Expr, unknown: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Write an expression as ``factor * unknown + gain``."""
    stand_in = sp.Dummy("x")
    inside = sp.expand(normal(expr).xreplace({normal(unknown): stand_in}))
    factor = inside.coeff(stand_in, 1)
    gain = sp.expand(inside - factor * stand_in)
    require(not gain.has(stand_in), "the recursion is not linear.")
    return factor, gain


@rule("linear recursion", "geometric sum", "induction")
def _recursion(claim: Relational, facts: Facts, given: Given) -> None:
    """Solve ``x[t+1] R factor x[t] + gain`` from ``x[0] R start``; verified by substitution."""
    require(len(facts) == 2, "expected the recursion and its start.")
    step, start = facts
    time = given.get("time", generations)
    unknown = claim.lhs
    counts = time.is_Symbol and time.is_integer and time.is_nonnegative and not time.is_positive
    require(bool(counts), f"{time} does not count from zero.")
    require(normal(step.lhs) == normal(unknown.subs(time, time + 1)), "not this quantity's step.")
    require(normal(start.lhs) == normal(unknown.subs(time, 0)), "not this quantity's start.")
    allowed = (type(claim), sp.Eq)
    require(type(step) in allowed and type(start) in allowed, "the relations point elsewhere.")
    factor, gain = _linear_in(step.rhs, unknown)
    # A random factor is another one at each time: only means obey a recursion in symbols.
    require(not is_random(factor) and not is_random(gain), "the recursion is random.")
    if not isinstance(claim, sp.Eq):
        require(is_nonnegative(factor), f"the factor {factor} may be negative.")
    later = factor * claim.rhs + gain
    require(
        satisfies(claim.rhs, later, start.rhs, time), "the solution does not fit the recursion."
    )


@rule("fixed point of a linear recursion")
def _fixed_point(claim: Relational, facts: Facts, given: Given) -> None:
    """Find the point that a contracting linear recursion leaves where it is."""
    equation(claim)
    require(len(facts) == 1 and isinstance(facts[0], sp.Eq), "expected one recursion.")
    (step,) = facts
    names_a_quantity(claim, step)
    unknown = step.lhs.subs(generations, generations - 1)
    factor, gain = _linear_in(step.rhs, unknown)
    changes = factor.has(generations) or gain.has(generations)
    require(not changes, "the recursion changes with time.")
    require(not is_random(factor) and not is_random(gain), "the recursion is random.")
    require(is_zero(claim.rhs - factor * claim.rhs - gain), "the recursion moves this point.")
    _contracts(factor, given)


@rule("fixed point of a linear system")
def _fixed_pair(claim: Relational, facts: Facts, given: Given) -> None:
    """Find the point that two coupled linear recursions leave where they are."""
    equation(claim)
    require(len(facts) == 2, "expected two recursions.")
    point = given["point"]  # unknown at time t: its stationary value
    names_a_quantity(claim, *facts)
    unknowns = list(point)
    require(point.get(given["unknown"]) == claim.rhs, "the claim is not part of the point.")
    rows = []
    for unknown, fact in zip(unknowns, facts, strict=True):
        later = unknown.xreplace({generations: generations + 1})
        require(normal(fact.lhs) == normal(later), f"{fact} is not the step of {unknown}.")
        require(is_zero(fact.rhs.xreplace(point) - point[unknown]), f"{unknown} moves.")
        names = {other: sp.Dummy() for other in unknowns}
        step = fact.rhs.xreplace(names)
        rows.append([sp.together(sp.diff(step, name)) for name in names.values()])
    (a, b), (c, d) = rows
    fixed = not any(entry.has(generations, *unknowns) for row in rows for entry in row)
    require(fixed, "the recursions change with time.")
    # Non-negative entries and a positive determinant of 1 - matrix: the spectral radius is < 1.
    needed = (a, b, c, d, 1 - a, 1 - d, (1 - a) * (1 - d) - b * c)
    for entry in needed:
        require(is_nonnegative(entry, given["domain"]), f"{entry} may be negative.")
    require(not is_zero(needed[-1]), "the recursions do not contract.")


def _contracts(factor: sp.Expr, given: Given) -> None:
    room = given.get("room", 1 - factor)  # 1 - factor, written so that its sign is seen
    require(is_zero(room - (1 - factor)), f"{room} is not 1 - {factor}.")
    both = is_nonnegative(factor) and is_nonnegative(room, given.get("domain"))
    require(both, f"{factor} is not seen to lie in [0, 1].")
    require(not is_zero(room), "the recursion does not contract.")


@rule("long-run limit")
def _long_run(claim: Relational, facts: Facts, given: Given) -> None:
    """Let geometric terms vanish in what holds at every time; the claim names the limit."""
    (fact,) = facts
    require(type(claim) is type(fact), "the relation has changed.")
    names_a_quantity(claim, fact)
    rooms = given["vanishing"]  # factor: 1 - factor, written so that its sign is seen
    for factor, room in rooms.items():
        require(not factor.has(generations), f"{factor} changes with time.")
        _contracts(factor, {"room": room, "domain": given.get("domain")})
    gone = sp.Dummy("gone")

    def vanish(power: sp.Expr) -> sp.Expr:
        known = power.is_Pow and power.exp == generations
        return gone if known and any(is_zero(power.base - f) for f in rooms) else power

    kept = fact.rhs.replace(sp.Pow, lambda base, exp: vanish(sp.Pow(base, exp)))
    require(not kept.has(generations), f"{kept} still changes with time.")
    require(bool(sp.expand(kept).is_polynomial(gone)), f"{kept} may grow as powers vanish.")
    limit = kept.subs(gone, 0)
    require(is_zero(claim.rhs - limit), f"the limit is {limit}.")


@rule("endless sum")
def _endless_sum(claim: Relational, facts: Facts, given: Given) -> None:
    """Let a sum or product over all generations run on without end; the claim names the limit.

    Terms are not negative, factors lie in [0, 1]: either is monotone, so it tends to its value
    without end (which for a sum may be infinite, and so is the limit then).
    """
    equation(claim)
    (fact,) = facts
    require(isinstance(fact, sp.Eq), "expected an equation.")
    names_a_quantity(claim, fact)
    totals = [e for e in fact.rhs.atoms(sp.Sum, sp.Product) if e.has(generations)]
    require(len(totals) == 1, "expected one sum or product up to the time.")
    (total,) = totals
    ((index, low, high), *more) = total.limits
    require(not more and sp.expand(high - generations).is_number, f"{total} ends elsewhere.")
    term = total.function
    require(not term.has(generations) and not low.has(generations), "its terms change with time.")
    domain = given.get("domain")
    require(is_nonnegative(term, domain), f"{term} may be negative.")
    if isinstance(total, sp.Product):
        require(is_nonnegative(1 - term, domain), f"{term} may be above 1.")
    stand_in = sp.Dummy("total")
    inside = fact.rhs.xreplace({total: stand_in})
    linear = not inside.has(generations) and not sp.diff(inside, stand_in).has(stand_in)
    require(linear, f"{fact.rhs} does not change with time by {total} alone.")
    limit = inside.xreplace({stand_in: total.func(term, (index, low, sp.oo))})
    require(is_zero(claim.rhs - limit), f"the limit is {limit}.")


@rule("squeeze")
def _squeeze(claim: Relational, facts: Facts, given: Given) -> None:
    """Read an exponential rate off two bounds with one factor and positive constants."""
    equation(claim)
    upper, lower = facts
    require(isinstance(upper, sp.Le) and isinstance(lower, sp.Ge), "expected upper, then lower.")
    require(upper.lhs == lower.lhs, "the bounds are on different quantities.")
    names_a_quantity(claim, upper, lower)
    factor = given["factor"]
    require(not factor.has(generations), f"{factor} changes with time.")
    for bound in (upper, lower):
        constant = bound.rhs / factor**generations
        require(not constant.has(generations) and bool(constant.is_positive), "no constant.")
    require(is_zero(sp.log(factor) - claim.rhs), "another rate.")
