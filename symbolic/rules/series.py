"""Rules for special functions: Gamma recursions, telescoping series, exponentials of bounds."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp
from sympy.core.relational import Relational

from symbolic.rules.core import Facts, Given, equation, names_a_quantity, require, rule
from symbolic.signs import is_nonnegative, is_zero
from symbolic.special import log_c, log_chi
from symbolic.symbols import ChiSquare, generations

Signs = dict[sp.Symbol, sp.Expr] | None


@rule("Gamma recursion")
def _gamma_recursion(claim: Relational, facts: Facts, given: Given) -> None:
    """Use ``Gamma(z + 1) = z Gamma(z)``, and its logarithmic derivative, at positive arguments."""
    equation(claim)
    difference = (claim.lhs - claim.rhs).replace(
        lambda e: isinstance(e, log_c | log_chi), lambda e: e.doit()
    )
    lowered = difference.replace(sp.loggamma, lambda z: _lower(sp.loggamma, z, sp.log))
    lowered = lowered.replace(
        lambda e: isinstance(e, sp.digamma) or (isinstance(e, sp.polygamma) and e.args[0] == 0),
        lambda e: _lower(sp.digamma, e.args[-1], lambda x: 1 / x),
    )
    require(is_zero(sp.expand(sp.expand_log(lowered))), "the two sides are not identical.")


def _lower(
    function: Callable[[sp.Expr], sp.Expr], at: sp.Expr, gained: Callable[[sp.Expr], sp.Expr]
) -> sp.Expr:
    """Bring a shifted argument to the one with a number below 1 added."""
    number, rest = sp.expand(at).as_coeff_Add()
    steps = int(sp.floor(number))
    base = rest + number - steps
    require(steps >= 0 and bool(base.is_positive), f"{at} is not a shift of a positive argument.")
    return function(base) + sp.Add(*(gained(sp.factor(base + k)) for k in range(steps)))


@rule("telescoping series")
def _telescoping(claim: Relational, facts: Facts, given: Given) -> None:
    """Compare a function with a closed form, both of which vanish at infinity.

    From ``f(x + h) = f(x) + r(x)`` the difference ``e = f - S`` grows by ``delta = r(x) + S(x) -
    S(x + h)`` each time.  If ``delta`` vanishes at infinity and its derivative has one sign, so
    has ``delta``, and ``e``, which ends at zero, has the other one.
    """
    step, upper, lower = facts
    x, shift = given["variable"], sp.sympify(given["shift"])
    f, closed = claim.lhs, claim.rhs
    require(isinstance(step, sp.Eq), "expected the recursion first.")
    require(isinstance(upper, sp.Le) and isinstance(lower, sp.Ge), "then an upper, a lower bound.")
    require(bool(x.is_positive) and bool(shift.is_positive), "the argument is not positive.")
    require(x not in shift.free_symbols, "the shift varies.")
    require(step.lhs == f.subs(x, x + shift), "not this function's recursion.")
    require(upper.lhs == f and lower.lhs == f, "the bounds are on something else.")
    gain = sp.expand(step.rhs - f)
    for part in (upper.rhs, lower.rhs, closed, gain):
        require(_vanishes(part, x), f"{part} is not seen to vanish at infinity.")
    change = gain + closed - closed.subs(x, x + shift)
    rises = _sign(sp.diff(change, x), x, given.get("domain"))
    require(_no_poles(closed, x, given.get("domain")), "the closed form may have poles.")
    # A change that rises to zero is negative: e falls to zero, so f is above.
    expected = sp.Ge if rises else sp.Le
    require(rises is not None, "the change is not seen to be monotone.")
    require(isinstance(claim, expected), "it is the other way round.")


def _vanishes(expr: sp.Expr, x: sp.Symbol) -> bool:
    """Tell whether a sum of rational functions and of logarithms of such tends to zero."""
    for term in sp.Add.make_args(sp.expand(sp.expand_log(expr))):
        rest = sp.Mul(*(f for f in sp.Mul.make_args(term) if not isinstance(f, sp.log)))
        logs = [f for f in sp.Mul.make_args(term) if isinstance(f, sp.log)]
        plain = rest.is_rational_function(x) and (not logs or x not in rest.free_symbols)
        if len(logs) > 1 or not plain or not all(f.args[0].is_rational_function(x) for f in logs):
            return False
    return bool(sp.limit(expr, x, sp.oo) == 0)


def _sign(expr: sp.Expr, x: sp.Symbol, domain: Signs) -> bool | None:
    """Tell whether a rational function is >= 0 (True) or <= 0 (False) at all positive x."""
    expr = sp.together(expr)
    if not expr.is_rational_function(x):
        return None
    signs = [_sign_of_polynomial(part, x, domain) for part in sp.fraction(sp.cancel(expr))]
    return None if None in signs else signs[0] == signs[1]


def _sign_of_polynomial(expr: sp.Expr, x: sp.Symbol, domain: Signs) -> bool | None:
    coefficients = [sp.factor(c) for c in sp.Poly(expr, x).coeffs()]
    for sign in (1, -1):
        if all(is_nonnegative(sp.factor(sign * c), domain) for c in coefficients):
            return sign == 1
    return None


def _no_poles(closed: sp.Expr, x: sp.Symbol, domain: Signs) -> bool:
    slope = sp.cancel(sp.together(sp.diff(closed, x)))
    return _sign_of_polynomial(sp.denom(slope), x, domain) is not None


@rule("logarithm laws")
def _logarithm_laws(claim: Relational, facts: Facts, given: Given) -> None:
    """Take logarithms of products and powers of positive quantities apart."""
    equation(claim)
    names: dict[sp.Expr, sp.Symbol] = {}
    difference = (claim.lhs - claim.rhs).replace(
        lambda e: isinstance(e, ChiSquare),
        lambda e: names.setdefault(e, sp.Dummy(f"chi_{len(names)}", positive=True)),
    )
    require(is_zero(sp.expand(sp.expand_log(difference))), "the two sides are not identical.")


@rule("power laws")
def _power_laws(claim: Relational, facts: Facts, given: Given) -> None:
    """Take powers of products of positive quantities apart, where their domain makes them so."""
    equation(claim)
    sides = [side.subs(list(given.get("domain", {}).items())) for side in claim.args]
    for side in sides:
        require(bool(side.is_positive), f"{side} is not seen to be positive.")
    left, right = (sp.expand(sp.expand_log(sp.log(side))) for side in sides)
    require(is_zero(sp.expand(sp.expand_log(left - right))), "the two sides are not identical.")


@rule("level reached")
def _level_reached(claim: Relational, facts: Facts, given: Given) -> None:
    """Say where a quantity first reaches a level, from a monotone curve for it or bounding it.

    ``q = g(x)`` reaches the level where ``g`` does.  Below a falling curve, or above a rising one,
    it gets there no later; on the other side of it no sooner.
    """
    (fact,) = facts
    names_a_quantity(claim, fact)
    inside, x = list(given.get("domain", {}).items()), given["variable"]
    level, curve = sp.sympify(given["level"]), fact.rhs
    require(not claim.rhs.has(x) and not level.has(x), f"{x} is left over.")
    there, level = curve.subs(x, claim.rhs).subs(inside), level.subs(inside)
    apart = sp.expand_log(sp.log(there)) - sp.expand_log(sp.log(level))
    same = is_zero(there - level) or (there.is_positive and level.is_positive and is_zero(apart))
    require(bool(same), "the curve is not at the level there.")
    slope = _logarithms_signed(sp.diff(curve, x).subs(inside))
    require(not is_zero(slope), "the curve is level.")
    rises = is_nonnegative(slope)
    require(rises or is_nonnegative(sp.expand(-slope)) or is_nonnegative(-slope), "no direction.")
    turned = {sp.Eq: sp.Eq, sp.Le: sp.Ge, sp.Ge: sp.Le}
    expected = turned[type(fact)] if rises else type(fact)
    require(isinstance(claim, expected), "the relation points elsewhere.")


def _logarithms_signed(expr: sp.Expr) -> sp.Expr:
    """Name logarithms of what lies below one as the negative numbers that they are.

    Exponentials of positive numbers, less one, are positive.
    """

    def name(power: sp.Expr) -> sp.Expr:
        (inner,) = power.args
        if is_nonnegative(sp.together(1 - inner)) and is_nonnegative(sp.together(inner)):
            return -sp.Dummy("minus_log", nonnegative=True)
        if is_nonnegative(sp.together(inner - 1)):
            return sp.Dummy("log", nonnegative=True)
        return power

    def above_one(power: sp.exp) -> sp.Expr:
        above = power.args[0].is_nonnegative
        return 1 + sp.Dummy("above_one", nonnegative=True) if above else power

    named = expr.replace(lambda e: isinstance(e, sp.log), name)
    return named.replace(lambda e: isinstance(e, sp.exp), above_one)


@rule("critical value of a linear system")
def _critical_value(claim: Relational, facts: Facts, given: Given) -> None:
    """Find where two coupled linear recursions with non-negative factors cease to contract.

    The spectral radius is below one exactly if the diagonal is and ``1 - matrix`` has a positive
    determinant; one diagonal entry is seen to be, and the other follows from the determinant.
    """
    equation(claim)
    names_a_quantity(claim, *facts)
    variable, domain = given["variable"], given["domain"]
    (a, b), (c, d) = _entries(facts, given["unknowns"])
    for entry in (a, b, c, d, 1 - d):
        require(is_nonnegative(entry, domain), f"{entry} may be negative.")
    require(not is_zero(1 - d) and not d.has(variable), f"{d} may reach one.")
    determinant = sp.factor((1 - a) * (1 - d) - b * c)
    falls = sp.factor(-sp.diff(determinant, variable))
    require(not falls.has(variable), "the determinant is not linear.")
    require(is_nonnegative(falls, domain) and not is_zero(falls), "no direction.")
    require(not claim.rhs.has(variable), f"{variable} is left over.")
    require(is_zero(determinant.subs(variable, claim.rhs)), "the determinant does not vanish.")


def _entries(facts: Facts, unknowns: tuple[sp.Expr, sp.Expr]) -> list[list[sp.Expr]]:
    """Read the matrix off two recursions, each the step of its unknown."""
    require(len(facts) == 2 and len(unknowns) == 2, "expected two recursions.")
    names = {unknown: sp.Dummy() for unknown in unknowns}
    rows = []
    for unknown, fact in zip(unknowns, facts, strict=True):
        later = unknown.xreplace({generations: generations + 1})
        require(isinstance(fact, sp.Eq) and fact.lhs == later, f"not the step of {unknown}.")
        step = fact.rhs.xreplace(names)
        row = [sp.together(sp.diff(step, name)) for name in names.values()]
        fixed = not any(entry.has(generations, *names.values()) for entry in row)
        require(fixed, "the recursions are not linear, or change with time.")
        rows.append(row)
    return rows


@rule("exponential")
def _exponential(claim: Relational, facts: Facts, given: Given) -> None:
    """Take exponentials of both sides: the claim's logarithms are the fact's sides."""
    (fact,) = facts
    _logarithms(claim, fact, given.get("domain"))


@rule("logarithm of both sides")
def _logarithm_of_sides(claim: Relational, facts: Facts, given: Given) -> None:
    """Take logarithms of both (positive) sides."""
    (fact,) = facts
    _logarithms(fact, claim, given.get("domain"))


def _logarithms(full: Relational, logs: Relational, domain: Signs) -> None:
    require(type(full) is type(logs), "the relation has changed.")
    inside = list((domain or {}).items())
    for side, log in zip(full.args, logs.args, strict=True):
        side, log = side.subs(inside), log.subs(inside)
        require(bool(side.is_positive), f"{side} is not seen to be positive.")
        require(is_zero(sp.expand_log(sp.log(side)) - sp.expand_log(log)), f"not log({side}).")
