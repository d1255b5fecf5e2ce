"""The rules of inference: each names a checker, and each checker is exact.

A step's checker sees the claim, the facts the step rests on, and what the step exhibits
(``given``); it never sees the theorem's statement.  Free symbols of a fact are universally
quantified, so a fact may be used at any instance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from symbolic.moments import chi_square_means, isserlis, normal, sample_means
from symbolic.recursions import satisfies
from symbolic.signs import is_nonnegative, is_zero
from symbolic.symbols import Mean, SampleMean, generations, image, image_draw, is_random, mixture


class DerivationError(ValueError):
    """A step does not follow from what it rests on."""


Facts = Sequence[Relational]
Given = Mapping[Any, Any]
Checker = Callable[[Relational, Facts, Given], None]

RULES: dict[str, Checker] = {}
NOT_EXACT = frozenset({"leading order", "limit", "approximation"})  # what they prove is not exact


def _rule(*names: str) -> Callable[[Checker], Checker]:
    def register(checker: Checker) -> Checker:
        RULES.update(dict.fromkeys(names, checker))
        return checker

    return register


def check_step(rule: str, claim: Relational, facts: Facts, given: Given) -> None:
    """Check one step.

    Parameters
    ----------
    rule : str
        Its name in `RULES`.
    claim : sympy Relational
        What it says.
    facts : sequence of sympy Relational
        What it rests on.
    given : mapping
        What it exhibits.

    Raises
    ------
    DerivationError
        If there is no such rule or the claim does not follow.

    Examples
    --------
    >>> import sympy as sp
    >>> x = sp.Symbol("x", real=True)
    >>> check_step("algebra", sp.Eq((x + 1) * (x - 1), x**2 - 1), [], {})
    """
    if rule not in RULES:
        raise DerivationError(f"expected a known rule, got {rule!r}; known: {sorted(RULES)}.")
    if not isinstance(claim, sp.Eq | sp.Le | sp.Ge):
        raise DerivationError(f"expected an equation or a weak inequality, got {claim!r}.")
    RULES[rule](claim, facts, given)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise DerivationError(message)


def _equation(claim: Relational) -> None:
    _require(isinstance(claim, sp.Eq), "this rule proves equations only.")


def gap(relation: Relational) -> sp.Expr:
    """Give the expression that a relation says is zero (or, for an inequality, not negative).

    Parameters
    ----------
    relation : sympy Relational
        ``Eq``, ``Le`` or ``Ge``.

    Returns
    -------
    sympy.Expr
        Left minus right for ``Eq`` and ``Ge``, right minus left for ``Le``.

    Examples
    --------
    >>> import sympy as sp
    >>> x, y = sp.symbols("x y")
    >>> gap(sp.Le(x, y))
    -x + y
    """
    side = relation.rhs - relation.lhs
    return side if isinstance(relation, sp.Le) else -side


def implies(claim: Relational, statement: Relational) -> bool:
    """Tell whether a claim gives a statement: same left-hand side, same relation, equal rest.

    Parameters
    ----------
    claim, statement : sympy Relational
        What was proved, and what is stated.

    Returns
    -------
    bool
        True if the statement is the claim up to algebra on the right-hand side.

    Examples
    --------
    >>> import sympy as sp
    >>> x, y = sp.symbols("x y")
    >>> implies(sp.Eq(x, y + y), sp.Eq(x, 2 * y)), implies(sp.Eq(x, y), sp.Le(x, y))
    (True, False)
    """
    if type(claim) is not type(statement) or normal(claim.lhs) != normal(statement.lhs):
        return False
    return is_zero(claim.rhs - statement.rhs)


def instance(fact: Relational, given: Given) -> Relational:
    """Put values in for a fact's free symbols.

    Parameters
    ----------
    fact : sympy Relational
        A fact, true for all values of its free symbols.
    given : mapping
        Old to new.

    Returns
    -------
    sympy Relational
        The instance.

    Examples
    --------
    >>> import sympy as sp
    >>> x, y = sp.symbols("x y")
    >>> instance(sp.Eq(x, 1), {x: y})
    Eq(y, 1)
    """
    return fact.func(fact.lhs.xreplace(given), fact.rhs.xreplace(given), evaluate=False)


@_rule("model", "lemma", "instance")
def _instance_of_fact(claim: Relational, facts: Facts, given: Given) -> None:
    _require(len(facts) == 1, "expected one fact to take an instance of.")
    fact = instance(facts[0], given)
    _require(
        type(claim) is type(fact) and is_zero(gap(claim) - gap(fact)), f"the fact says {fact}."
    )


@_rule("algebra", "linearity")
def _algebra(claim: Relational, facts: Facts, given: Given) -> None:
    _equation(claim)
    _require(is_zero(claim.lhs - claim.rhs), "the two sides are not identical.")


@_rule("substitution")
def _substitution(claim: Relational, facts: Facts, given: Given) -> None:
    """Rewrite by equations, in order, each from left to right; then algebra."""
    _equation(claim)
    expr = _rewrite(claim.lhs - claim.rhs, facts)
    _require(is_zero(expr), f"what is left over is {expr}.")


@_rule("substitution bound")
def _substitution_bound(claim: Relational, facts: Facts, given: Given) -> None:
    """Rewrite both sides of the first fact by the equations that follow it."""
    fact, *equations = facts
    _require(type(claim) is type(fact), "the relation has changed.")
    expr = _rewrite(gap(claim) - gap(fact), equations)
    _require(is_zero(expr), f"what is left over is {expr}.")


@_rule("combination", "AM-GM", "nonnegative form")
def _combination(claim: Relational, facts: Facts, given: Given) -> None:
    """Combine facts linearly; inequalities with non-negative weights, plus a non-negative form."""
    domain = given.get("domain")
    form = given.get("form", sp.S.Zero)
    total = form
    exact = form == 0
    weights = [sp.sympify(weight) for weight in given.get("weights", ())]
    for fact, weight in zip(facts, weights, strict=True):
        if not isinstance(fact, sp.Eq):
            exact = False
            _require(is_nonnegative(weight, domain), f"the weight {weight} may be negative.")
        total += weight * gap(fact)
    _require(is_nonnegative(form, domain), f"the form {form} is not seen to be non-negative.")
    _require(exact or not isinstance(claim, sp.Eq), "inequalities do not give an equation.")
    _require(is_zero(gap(claim) - total), "the combination is not the claim.")


@_rule("i.i.d. sum")
def _iid_sum(claim: Relational, facts: Facts, given: Given) -> None:
    _equation(claim)
    left = sample_means(claim.lhs)
    _require(not left.has(SampleMean), "sample means are left over.")
    _require(is_zero(left - claim.rhs), f"the left-hand side is {left}.")


@_rule("Isserlis")
def _isserlis(claim: Relational, facts: Facts, given: Given) -> None:
    _equation(claim)
    _require(is_zero(isserlis(claim.lhs) - claim.rhs), "the pairings do not add up to this.")


@_rule("Gamma integral")
def _gamma_integral(claim: Relational, facts: Facts, given: Given) -> None:
    _equation(claim)
    left = chi_square_means(claim.lhs)
    _require(not left.has(Mean), "an expectation is left over.")
    right = claim.rhs.doit().replace(sp.loggamma, lambda x: sp.log(sp.gamma(x)))
    difference = sp.expand_log(sp.expand(left - right))
    _require(sp.simplify(difference) == 0, f"the integral is {left}.")


@_rule("integral")
def _integral(claim: Relational, facts: Facts, given: Given) -> None:
    _equation(claim)
    value = claim.lhs.doit()
    _require(not value.has(sp.Integral), "SymPy cannot integrate the left-hand side.")
    _require(sp.simplify(value - claim.rhs) == 0, f"the integral is {value}.")


@_rule("expectation under the mixture")
def _mixture_expectation(claim: Relational, facts: Facts, given: Given) -> None:
    """Write a mean over an image of the mixture as an integral against its density."""
    _equation(claim)
    _require(isinstance(claim.lhs, Mean), "expected a single expectation on the left.")
    body = claim.lhs.args[0].xreplace({image_draw: image}) * mixture(image)
    _require(not is_random(body), "something besides the image is random.")
    _require(is_zero(claim.rhs - sp.Integral(body, image)), "this is another integral.")


@_rule("independence")
def _independence(claim: Relational, facts: Facts, given: Given) -> None:
    """Split a mean of a product of what is drawn afresh and what came before."""
    _equation(claim)
    fresh = given["fresh"]
    _require(isinstance(normal(claim.lhs), Mean), "expected a single expectation on the left.")
    factors = sp.Mul.make_args(normal(claim.lhs).args[0])
    new = [f for f in factors if f.has(fresh)]
    old = [f for f in factors if not f.has(fresh)]
    _require(not any(is_random(f.xreplace({fresh: sp.S.One})) for f in new), "a factor mixes both.")
    split = Mean(sp.Mul(*new)) * Mean(sp.Mul(*old))
    _require(is_zero(claim.rhs - split), f"independence gives {split}.")


@_rule("tower")
def _tower(claim: Relational, facts: Facts, given: Given) -> None:
    """Average a one-step fact, given the state, over the state."""
    _require(len(facts) == 1, "expected one conditional fact.")
    (fact,) = facts
    averaged = fact.func(
        _average(fact.lhs.xreplace(given)), _average(fact.rhs.xreplace(given)), evaluate=False
    )
    _require(type(claim) is type(averaged), "the relation has changed.")
    _require(is_zero(gap(claim) - gap(averaged)), f"averaging gives {averaged}.")


def _average(expr: sp.Expr) -> sp.Expr:
    # E[E[X | state]] = E[X]: the conditional means inside lose their name, then one is put around.
    return normal(Mean(normal(expr).replace(Mean, lambda inner: inner)))


@_rule("monotone")
def _monotone(claim: Relational, facts: Facts, given: Given) -> None:
    """Apply an order-preserving operation (mean, sum, integral) to both sides."""
    _require(len(facts) == 1 and type(claim) is type(facts[0]), "expected one such fact.")
    apply = given["apply"]
    over = [given[key] for key in ("over",) if key in given] or []
    _require(apply in (Mean, sp.Sum, sp.Integral), f"{apply} is not known to preserve order.")
    limits = over[0] if over else ()
    left, right = (apply(side, *limits) for side in (facts[0].lhs, facts[0].rhs))
    _require(is_zero(claim.lhs - left) and is_zero(claim.rhs - right), "this is not both sides.")


@_rule("square root")
def _square_root(claim: Relational, facts: Facts, given: Given) -> None:
    """Take roots of both sides of an inequality between non-negative quantities."""
    _require(len(facts) == 1 and type(claim) is type(facts[0]), "expected one such fact.")
    for side in (claim.lhs, claim.rhs):
        _require(is_nonnegative(side), f"{side} is not seen to be non-negative.")
    fact = facts[0]
    same = is_zero(claim.lhs**2 - fact.lhs) and is_zero(claim.rhs**2 - fact.rhs)
    _require(same, "the squares of the two sides are not those of the fact.")


def _linear_in(expr: sp.Expr, unknown: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Write an expression as ``factor * unknown + gain``."""
    stand_in = sp.Dummy("x")
    inside = sp.expand(normal(expr).xreplace({normal(unknown): stand_in}))
    factor = inside.coeff(stand_in, 1)
    gain = sp.expand(inside - factor * stand_in)
    _require(not gain.has(stand_in), "the recursion is not linear.")
    return factor, gain


@_rule("linear recursion", "geometric sum", "induction")
def _recursion(claim: Relational, facts: Facts, given: Given) -> None:
    """Solve ``x[t+1] R factor x[t] + gain`` from ``x[0] R start``; verified by substitution."""
    _require(len(facts) == 2, "expected the recursion and its start.")
    step, start = facts
    time = given.get("time", generations)
    unknown = claim.lhs
    _require(normal(step.lhs) == normal(unknown.subs(time, time + 1)), "not this quantity's step.")
    _require(normal(start.lhs) == normal(unknown.subs(time, 0)), "not this quantity's start.")
    allowed = (type(claim), sp.Eq)
    _require(type(step) in allowed and type(start) in allowed, "the relations point elsewhere.")
    factor, gain = _linear_in(step.rhs, unknown)
    if not isinstance(claim, sp.Eq):
        _require(is_nonnegative(factor), f"the factor {factor} may be negative.")
    later = factor * claim.rhs + gain
    _require(
        satisfies(claim.rhs, later, start.rhs, time), "the solution does not fit the recursion."
    )


@_rule("fixed point of a linear recursion")
def _fixed_point(claim: Relational, facts: Facts, given: Given) -> None:
    """Find the point that a contracting linear recursion leaves where it is."""
    _equation(claim)
    _require(len(facts) == 1 and isinstance(facts[0], sp.Eq), "expected one recursion.")
    (step,) = facts
    unknown = step.lhs.subs(generations, generations - 1)
    factor, gain = _linear_in(step.rhs, unknown)
    _require(not gain.has(generations), "the gain changes with time.")
    _require(is_zero(claim.rhs - factor * claim.rhs - gain), "the recursion moves this point.")
    _contracts(factor, given)


@_rule("fixed point of a linear system")
def _fixed_pair(claim: Relational, facts: Facts, given: Given) -> None:
    """Find the point that two coupled linear recursions leave where they are."""
    _equation(claim)
    _require(len(facts) == 2, "expected two recursions.")
    point = given["point"]  # unknown at time t: its stationary value
    unknowns = list(point)
    _require(point.get(given["unknown"]) == claim.rhs, "the claim is not part of the point.")
    rows = []
    for unknown, fact in zip(unknowns, facts, strict=True):
        later = unknown.xreplace({generations: generations + 1})
        _require(normal(fact.lhs) == normal(later), f"{fact} is not the step of {unknown}.")
        _require(is_zero(fact.rhs.xreplace(point) - point[unknown]), f"{unknown} moves.")
        names = {other: sp.Dummy() for other in unknowns}
        step = fact.rhs.xreplace(names)
        rows.append([sp.together(sp.diff(step, name)) for name in names.values()])
    (a, b), (c, d) = rows
    # Non-negative entries and a positive determinant of 1 - matrix: the spectral radius is < 1.
    needed = (a, b, c, d, 1 - a, 1 - d, (1 - a) * (1 - d) - b * c)
    for entry in needed:
        _require(is_nonnegative(entry, given["domain"]), f"{entry} may be negative.")
    _require(not is_zero(needed[-1]), "the recursions do not contract.")


def _contracts(factor: sp.Expr, given: Given) -> None:
    room = given.get("room", 1 - factor)  # 1 - factor, written so that its sign is seen
    _require(is_zero(room - (1 - factor)), f"{room} is not 1 - {factor}.")
    both = is_nonnegative(factor) and is_nonnegative(room, given.get("domain"))
    _require(both, f"{factor} is not seen to lie in [0, 1].")
    _require(not is_zero(room), "the recursion does not contract.")


@_rule("long-run limit")
def _long_run(claim: Relational, facts: Facts, given: Given) -> None:
    """Let geometric terms vanish in what holds at every time; the claim names the limit."""
    (fact,) = facts
    _require(type(claim) is type(fact), "the relation has changed.")
    rooms = given["vanishing"]  # factor: 1 - factor, written so that its sign is seen
    for factor, room in rooms.items():
        _contracts(factor, {"room": room})

    def vanish(power: sp.Pow) -> sp.Expr:
        known = power.exp == generations and any(is_zero(power.base - f) for f in rooms)
        return sp.S.Zero if known else power

    limit = fact.rhs.replace(sp.Pow, lambda base, exp: vanish(sp.Pow(base, exp)))
    _require(not limit.has(generations), f"{limit} still changes with time.")
    _require(is_zero(claim.rhs - limit), f"the limit is {limit}.")


@_rule("maximum")
def _maximum(claim: Relational, facts: Facts, given: Given) -> None:
    """Read a maximiser off ``best - f(x) = weight * (square root)**2``."""
    _equation(claim)
    (fact,) = facts
    root, variable, weight = given["root"], given["variable"], given["weight"]
    _require(is_zero(fact.rhs - weight * root**2), "the gap is not that square.")
    _require(is_nonnegative(weight, given.get("domain")), "the weight may be negative.")
    _require(is_zero(root.subs(variable, claim.rhs)), "the square does not vanish there.")
    _require(not sp.diff(root, variable).has(variable), "the square may vanish elsewhere.")


@_rule("maximal value")
def _maximal_value(claim: Relational, facts: Facts, given: Given) -> None:
    """Read the largest value off ``best - f(x) = weight * (square root)**2``."""
    _equation(claim)
    (fact,) = facts
    weight, square = given["weight"], given["root"] ** 2
    gap_form = claim.rhs - given["function"] - weight * square
    _require(is_zero(gap_form) and is_zero(gap(fact) - gap_form), "the gap is not that square.")
    _require(is_nonnegative(weight, given.get("domain")), "the weight may be negative.")
    _require(is_zero(square.subs(given["variable"], given["at"])), "the value is not reached.")


@_rule("abbreviation")
def _abbreviation(claim: Relational, facts: Facts, given: Given) -> None:
    """Give an expression a name: the claim with the name written out is the fact."""
    (fact,) = facts
    full = instance(claim, {given["name"]: given["stands for"]})
    _require(type(full) is type(fact), "the relation has changed.")
    _require(is_zero(gap(full) - gap(fact)), "written out, it is another claim.")


@_rule("threshold")
def _threshold(claim: Relational, facts: Facts, given: Given) -> None:
    """Read a threshold off ``f(x) - level = weight * (x - threshold)``, weight positive."""
    _equation(claim)
    (fact,) = facts
    weight, level, variable = given["weight"], given["level"], given["variable"]
    _require(
        is_zero(fact.rhs - level - weight * (variable - claim.rhs)), "not of the form claimed."
    )
    _require(is_nonnegative(weight, given.get("domain")), "the weight may be negative.")


def _rewrite(expr: sp.Expr, facts: Facts) -> sp.Expr:
    expr = normal(expr)
    for fact in facts:
        _require(isinstance(fact, sp.Eq), f"{fact} is no equation to rewrite by.")
        for _ in range(2):  # linearity may bring a second occurrence to light
            expr = normal(expr.xreplace({normal(fact.lhs): fact.rhs, fact.lhs: fact.rhs}))
    return expr


@_rule("perturbation")
def _perturbation(claim: Relational, facts: Facts, given: Given) -> None:
    """Expand in a small symbol; the claim ends in ``small**order * rest``, which defines rest."""
    _equation(claim)
    small, order, rest = given["small"], given["order"], given["rest"]
    lead = claim.rhs - small**order * rest
    _require(not sp.expand(lead).has(rest), "the remainder appears in the leading part.")
    difference = claim.lhs
    for fact in facts:
        difference = difference.xreplace({fact.lhs: fact.rhs})
    difference -= lead
    for power in range(order):
        term = _rewrite(sp.diff(difference, small, power).subs(small, 0), facts)
        _require(is_zero(term), f"they differ at order {power} by {term}.")


@_rule("leading order")
def _leading_order(claim: Relational, facts: Facts, given: Given) -> None:
    """Keep powers of the small symbol up to an order; it is then absorbed (set to one)."""
    _equation(claim)
    _require(1 <= len(facts) <= 2, "expected the expansion (and a lemma on its remainder).")
    fact = facts[0]
    _require(claim.lhs == fact.lhs, "expected the same left-hand side.")
    small = given["small"]
    full = sp.expand(normal(fact.rhs))
    lead = sp.Add(*(full.coeff(small, power) for power in range(given["order"] + 1)))
    _require(is_zero(claim.rhs - lead), f"the leading terms are {lead}.")


@_rule("limit")
def _limit(claim: Relational, facts: Facts, given: Given) -> None:
    """Let a symbol of a rational expression tend to zero."""
    _equation(claim)
    (fact,) = facts
    _require(claim.lhs == fact.lhs, "expected the same left-hand side.")
    limit = sp.limit(sp.together(fact.rhs), given["small"], 0)
    _require(is_zero(claim.rhs - limit), f"the limit is {limit}.")


@_rule("logarithm")
def _logarithm(claim: Relational, facts: Facts, given: Given) -> None:
    """Take the logarithm of a positive quantity's value, at an instance."""
    _equation(claim)
    name, value = facts
    _require(claim.lhs == name.lhs, "expected the logarithm that the first fact names.")
    inside = instance(value, given)
    _require(name.rhs == sp.log(inside.lhs), "the first fact names another logarithm.")
    logarithm = sp.expand_log(sp.log(inside.rhs), force=True)
    _require(is_zero(sp.expand_log(claim.rhs - logarithm, force=True)), f"it is {logarithm}.")


@_rule("double sum")
def _double_sum(claim: Relational, facts: Facts, given: Given) -> None:
    """Write the mean of a squared sum as a double sum of means."""
    _equation(claim)
    ok = isinstance(claim.lhs, Mean) and isinstance(claim.rhs, sp.Sum)
    _require(ok and isinstance(claim.rhs.function, Mean), "expected a double sum of means.")
    inside = sp.Sum(claim.rhs.function.args[0], *claim.rhs.limits)
    _require(is_zero(claim.lhs.args[0] - inside), "the double sum is another.")


@_rule("squeeze")
def _squeeze(claim: Relational, facts: Facts, given: Given) -> None:
    """Read an exponential rate off two bounds with one factor and positive constants."""
    _equation(claim)
    upper, lower = facts
    _require(isinstance(upper, sp.Le) and isinstance(lower, sp.Ge), "expected upper, then lower.")
    _require(upper.lhs == lower.lhs, "the bounds are on different quantities.")
    factor = given["factor"]
    for bound in (upper, lower):
        constant = bound.rhs / factor**generations
        _require(not constant.has(generations) and bool(constant.is_positive), "no constant.")
    _require(is_zero(sp.log(factor) - claim.rhs), "another rate.")


@_rule("approximation")
def _approximation(claim: Relational, facts: Facts, given: Given) -> None:
    """Replace by something close, saying exactly what is dropped; never exact."""
    _equation(claim)
    (fact,) = facts
    _require(claim.lhs == fact.lhs, "expected the same left-hand side.")
    _require(is_zero(fact.rhs - given["dropped"] - claim.rhs), "something else is dropped.")
