"""Rules for integrals against densities: change of variables, Fubini, Euler's integrals.

Integrands here are non-negative or absolutely integrable (a theorem's assumptions say where), so
that the order of integration does not matter.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp
from sympy.core.relational import Relational

from symbolic.rules.core import Facts, Given, equation, require, rule
from symbolic.signs import is_nonnegative, is_zero
from symbolic.special import log_c
from symbolic.symbols import ChiSquare, Mean, is_random, normal_draw

_LINE, _HALF, _UNIT = (-sp.oo, sp.oo), (sp.S.Zero, sp.oo), (sp.S.Zero, sp.S.One)


def _one_integral(expr: sp.Expr) -> tuple[sp.Expr, sp.Integral]:
    """Split into a constant and one integral."""
    constant, rest = expr.as_independent(sp.Integral)
    require(isinstance(rest, sp.Integral), f"expected a multiple of one integral, got {expr}.")
    return constant, rest


def _ranges(integral: sp.Integral) -> dict[sp.Symbol, tuple[sp.Expr, sp.Expr]]:
    """Give each variable's range; a variable's assumptions must say no more than its range."""
    ranges = {}
    for name, low, high in integral.limits:
        ends = (low, high)
        require(ends in (_LINE, _HALF, _UNIT), f"{name} runs over {ends}.")
        kind = sp.Symbol(name.name, real=True) if ends == _LINE else None
        positive = sp.Symbol(name.name, positive=True)
        fits = name == kind if kind is not None else name == positive
        require(bool(fits), f"the assumptions on {name} are not those of its range.")
        ranges[name] = ends
    return ranges


def _in_range(expr: sp.Expr, ends: tuple[sp.Expr, sp.Expr]) -> bool:
    if ends == _LINE:  # a denominator may vanish on a null set
        return all(part.is_extended_real for part in sp.fraction(expr))
    inside = is_nonnegative(expr)
    return inside and (ends == _HALF or is_nonnegative(sp.together(1 - expr)))


def _unit_names(ranges: Mapping[sp.Symbol, tuple[sp.Expr, sp.Expr]]) -> dict[sp.Symbol, sp.Expr]:
    """Parametrise what lies between 0 and 1, so that signs and roots are seen."""
    return {
        name: 1 / (1 + sp.Symbol(f"over_{name.name}", positive=True))
        for name, ends in ranges.items()
        if ends == _UNIT
    }


@rule("change of variables")
def _change_of_variables(claim: Relational, facts: Facts, given: Given) -> None:
    """Substitute one to one: ``given["map"]`` writes the right's variables by the left's.

    With ``given["inverse"]`` the two maps undo each other; without it one variable changes, by a
    map whose derivative keeps its sign and which takes the ends of one range to those of the other.
    """
    equation(claim)
    (c_left, left), (c_right, right) = _one_integral(claim.lhs), _one_integral(claim.rhs)
    old, new = _ranges(left), _ranges(right)
    maps = {name: given["map"].get(name, name) for name in new}
    require(set(given["map"]) <= set(new), "the map speaks of other variables.")
    shares = _unit_names(old)
    for name, expr in maps.items():
        require(_in_range(expr.subs(shares), new[name]), f"{expr} may leave the range of {name}.")
    jacobian = sp.Matrix(list(maps.values())).jacobian(list(old)).det()
    jacobian = sp.factor(sp.simplify(jacobian.subs(shares)))
    sign = sp.S.One if is_nonnegative(jacobian) else sp.S.NegativeOne
    require(is_nonnegative(sign * jacobian), f"the Jacobian {jacobian} may change its sign.")
    require(not is_zero(jacobian), "the map is singular.")
    if "inverse" in given:
        _inverse(maps, {name: given["inverse"].get(name, name) for name in old}, old, new)
    else:
        _monotone_ends(given["map"], old, new)
    pulled = right.function.subs(maps, simultaneous=True).subs(shares) * sign * jacobian
    difference = c_left * left.function.subs(shares) - c_right * pulled
    same = is_zero(sp.expand_power_base(_neat_powers(difference)))
    require(same, f"the substitution gives {pulled}.")


def _neat_powers(expr: sp.Expr) -> sp.Expr:
    """Factor what stands under powers, and join exponentials."""
    joined = sp.powsimp(expr, combine="exp").replace(sp.exp, lambda x: sp.exp(sp.factor(x)))
    return joined.replace(
        lambda e: isinstance(e, sp.Pow) and not e.exp.is_Integer,
        lambda e: sp.factor(sp.together(e.base)) ** e.exp,
    )


def _inverse(
    maps: Mapping[sp.Symbol, sp.Expr],
    back: Mapping[sp.Symbol, sp.Expr],
    old: Mapping[sp.Symbol, tuple[sp.Expr, sp.Expr]],
    new: Mapping[sp.Symbol, tuple[sp.Expr, sp.Expr]],
) -> None:
    for first, second, ranges in ((maps, back, new), (back, maps, old)):
        shares = _unit_names(ranges)
        for name, expr in first.items():
            there_and_back = _neat_powers(expr.subs(second, simultaneous=True).subs(shares))
            same = sp.simplify(there_and_back - name.subs(shares)) == 0
            require(same, f"the maps do not undo each other in {name}.")
    shares = _unit_names(new)
    for name, expr in back.items():
        require(_in_range(expr.subs(shares), old[name]), f"{expr} may leave the range of {name}.")


def _monotone_ends(
    maps: Mapping[sp.Symbol, sp.Expr],
    old: Mapping[sp.Symbol, tuple[sp.Expr, sp.Expr]],
    new: Mapping[sp.Symbol, tuple[sp.Expr, sp.Expr]],
) -> None:
    changed = [name for name in old if name not in new]
    (after,) = [name for name in new if name not in old] or [None]
    require(len(changed) == 1 and set(maps) == {after}, "without an inverse one variable changes.")
    (before,) = changed
    low, high = old[before]
    ends = {sp.limit(maps[after], before, low, "+"), sp.limit(maps[after], before, high, "-")}
    require(ends == set(new[after]), f"the ends go to {ends}.")


@rule("renamed variable")
def _renamed(claim: Relational, facts: Facts, given: Given) -> None:
    """Call the variable of an integral by another name."""
    equation(claim)
    (c_left, left), (c_right, right) = _one_integral(claim.lhs), _one_integral(claim.rhs)
    names = dict(zip((x[0] for x in left.limits), (x[0] for x in right.limits), strict=True))
    require(list(_ranges(left).values()) == list(_ranges(right).values()), "other ranges.")
    renamed = left.function.subs(names, simultaneous=True)
    require(is_zero(c_left * renamed - c_right * right.function), "another integral.")


@rule("sum of integrals")
def _sum_of_integrals(claim: Relational, facts: Facts, given: Given) -> None:
    """Combine equations whose sides are multiples of integrals over one range."""
    equation(claim)
    weights = given["weights"]
    require(len(facts) == len(weights), "expected a weight for each fact.")
    require(all(isinstance(fact, sp.Eq) for fact in facts), "expected equations.")
    require(is_zero(sp.Add(*weights) - 1), "the weights do not add up to one.")
    require(all(is_zero(fact.lhs - claim.lhs) for fact in facts), "other left-hand sides.")
    constant, target = _one_integral(claim.rhs)
    total = sp.S.Zero
    for weight, fact in zip(weights, facts, strict=True):
        factor, integral = _one_integral(fact.rhs)
        require(integral.limits == target.limits, "the integrals are over other ranges.")
        total += weight * factor * integral.function
    require(is_zero(total - constant * target.function), "the integrands do not add up.")


@rule("Fubini")
def _fubini(claim: Relational, facts: Facts, given: Given) -> None:
    """Split the integral of a product of functions of one variable each."""
    equation(claim)
    constant, whole = _one_integral(claim.lhs)
    ranges, product = dict(_ranges(whole)), sp.S.One
    for factor in sp.Mul.make_args(claim.rhs):
        if not isinstance(factor, sp.Integral):
            product *= factor
            continue
        ((name, *ends),) = factor.limits
        require(ranges.pop(name, None) == tuple(ends), f"{name} has another range.")
        others = {limit[0] for limit in whole.limits} - {name}
        require(not factor.function.has(*others), "the function has other variables.")
        product *= factor.function
    require(not ranges, f"no integral over {list(ranges)}.")
    require(is_zero(product - constant * whole.function), "the product is another.")


@rule("Euler integral")
def _euler(claim: Relational, facts: Facts, given: Given) -> None:
    """Know Euler's integrals of the Gamma function and of Gauss's (DLMF 5.2.1, 15.6.1)."""
    equation(claim)
    constant, integral = _one_integral(claim.lhs)
    ((x, ends),) = _ranges(integral).items()
    if ends == _HALF:
        shape = given["shape"]
        integrand, value = x ** (shape - 1) * sp.exp(-x), sp.gamma(shape)
    else:
        require(ends == _UNIT, "expected an integral over the half line or from 0 to 1.")
        a, b, c, z = given["a"], given["b"], given["c"], given["z"]
        integrand = x ** (b - 1) * (1 - x) ** (c - b - 1) * (1 - z * x) ** (-a)
        value = sp.gamma(b) * sp.gamma(c - b) / sp.gamma(c) * sp.hyper((a, b), (c,), z)
    require(is_zero(constant * integral.function - integrand), "the integrand is another.")
    require(is_zero(claim.rhs - value), f"the integral is {value}.")


@rule("Gamma duplication")
def _gamma_duplication(claim: Relational, facts: Facts, given: Given) -> None:
    """Compare products of Gamma functions by recursion and duplication (DLMF 5.5)."""
    equation(claim)
    ratio = (claim.lhs / claim.rhs).replace(log_c, lambda x: log_c(x).doit())
    ratio = sp.gammasimp(ratio.replace(sp.loggamma, lambda x: sp.log(sp.gamma(x))))
    require(sp.simplify(ratio - 1) == 0, f"the ratio of the two sides is {ratio}.")


@rule("density")
def _density(claim: Relational, facts: Facts, given: Given) -> None:
    """Write a mean over independent chi-square and standard normal variables as an integral."""
    equation(claim)
    require(isinstance(claim.lhs, Mean), "expected a single expectation on the left.")
    body, constant_integral = claim.lhs.args[0], _one_integral(claim.rhs)
    constant, integral = constant_integral
    ranges, density = _ranges(integral), sp.S.One
    names = given["variables"]
    require(set(names.values()) == set(ranges) and len(names) == len(ranges), "other variables.")
    for draw, x in names.items():
        chi_square = isinstance(draw, ChiSquare)
        known = chi_square or getattr(draw, "base", None) == normal_draw
        require(known, f"the law of {draw} is not known.")
        require(ranges[x] == (_HALF if chi_square else _LINE), f"{draw} has another range.")
        if chi_square:
            half = draw.args[0] / 2
            density *= x ** (half - 1) * sp.exp(-x / 2) / (2**half * sp.gamma(half))
        else:
            density *= sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)
    inside = body.xreplace(dict(names))
    require(not is_random(inside), "something else is random.")
    require(is_zero(constant * integral.function - inside * density), "the integrand is another.")
