"""The image theorems: numbers of the specification, lemmas and rules that can fail."""

import dataclasses

import pytest
import sympy as sp

from symbolic import THEOREMS, DerivationError, rules
from symbolic import symbols as s
from symbolic.lemmas import spectral
from symbolic.symbols import ChiSquare, Mean
from symbolic.wishart import wishart_trace_mean
from symbolic.witness import evaluate

ONE = {"ddof": 1, "shrinkage_factor": 1}


def value(name: str, **numbers: object) -> float:
    return float(sp.N(evaluate(THEOREMS[name].rhs, numbers), 20))


@pytest.mark.parametrize(
    ("nu", "factor"), [(3, 0.873463981), (9, 0.958082085), (59, 0.993637464), (199, 0.998114989)]
)
def test_exact_factor_in_the_plane(nu: int, factor: float) -> None:
    found = value("image_plane_factor", image_count=nu + 1, **ONE)
    other = value("image_plane_factor_alternating", image_count=nu + 1, **ONE)
    assert round(found, 9) == factor
    assert other == pytest.approx(found, rel=1e-14)
    inside = {"image_count": nu + 1, "num_features": 2, **ONE}
    for suffix in ("", "_closer"):
        low, high = (
            value(f"image_contraction_isotropic_{side}{suffix}", **inside)
            for side in ("lower", "upper")
        )
        assert low < found < high
    if nu > 50:
        following = value(
            "image_contraction_isotropic_next_order", image_count=nu + 1, num_features=2
        )
        assert abs(following - found) < 0.2 / nu**3


def test_second_moments_of_the_trace() -> None:
    # E (tr S')^2 = (tr S)^2 + 2 tr S^2/nu and E tr S'^2 = ((nu + 1) tr S^2 + (tr S)^2)/nu.
    nu, t, q = 7, sp.Rational(5), sp.Rational(13)
    numbers = {"image_count": nu + 1, "current_variance": t, "current_square_trace": q, **ONE}
    assert evaluate(THEOREMS["image_trace_square_step"].rhs, numbers) == t**2 + 2 * q / nu
    found = evaluate(THEOREMS["image_square_trace_step"].rhs, numbers)
    assert found == ((nu + 1) * q + t**2) / nu


def test_log_determinant_is_twice_the_sum_of_the_exponents() -> None:
    numbers = {"image_count": 9, "ddof": 0, "shrinkage_factor": sp.Rational(3, 2)}
    exponents = [value("image_lyapunov", exponent_index=j, **numbers) for j in (1, 2, 3)]
    start = {"determinant": 1, "num_features": 3, "generations": 1}
    total = value("image_log_determinant_mean", **start, **numbers)
    assert total == pytest.approx(2 * sum(exponents), rel=1e-13)


def test_wishart_moments_of_one_dimension_are_those_of_chi_square() -> None:
    nu = sp.Symbol("nu")
    for k in (1, 2, 3, 4):
        rising = sp.prod([nu + 2 * j for j in range(k)])
        assert sp.expand(wishart_trace_mean((k,), nu, 1) - rising) == 0
        assert sp.expand(wishart_trace_mean((1,) * k, nu, 1) - rising) == 0


# ------------------------------------------------------------------------------ planted errors


def altered(statement: sp.Basic) -> list[sp.Basic]:
    """Turn the relation, scale and shift the right-hand side, shift every number in it."""
    lhs, rhs = statement.lhs, statement.rhs
    turn = {sp.Le: sp.Ge, sp.Ge: sp.Le, sp.Eq: sp.Eq}[statement.func]
    changed = [statement.func(lhs, side, evaluate=False) for side in (2 * rhs + 1, -1 - rhs)]
    if turn is not sp.Eq:
        changed.append(turn(lhs, rhs, evaluate=False))
    more = {dof: ChiSquare(dof.args[0] + 1) for dof in rhs.atoms(ChiSquare)}
    changed += [statement.func(lhs, rhs.xreplace({k: v}), evaluate=False) for k, v in more.items()]
    return changed


@pytest.mark.parametrize("lemma", spectral.LEMMAS, ids=lambda lemma: lemma.name)
def test_an_altered_lemma_fails_its_small_case(lemma: object) -> None:
    lemma.check()
    for wrong in altered(lemma.statement):
        if isinstance(wrong, sp.Ge) and wrong.rhs == -1 - lemma.statement.rhs:
            continue  # a weaker bound is true
        with pytest.raises(ValueError, match="small size"):
            dataclasses.replace(lemma, statement=wrong).check()


x, y = sp.symbols("x y", positive=True)
u, w = sp.symbols("u w", real=True)
HALF, LINE = (0, sp.oo), (-sp.oo, sp.oo)


def refuse(rule: str, claim: sp.Basic, facts: list[sp.Basic], **given: object) -> None:
    with pytest.raises(DerivationError):
        rules.check_step(rule, claim, facts, given)


def eq(left: sp.Expr, right: sp.Expr) -> sp.Eq:
    return sp.Eq(left, right, evaluate=False)


def test_change_of_variables_needs_the_jacobian_and_the_range() -> None:
    f = sp.exp(-x)
    good = eq(sp.Integral(f, (x, *HALF)), sp.Integral(2 * y * sp.exp(-(y**2)), (y, *HALF)))
    given = {"map": {y: sp.sqrt(x)}, "inverse": {x: y**2}}
    rules.check_step("change of variables", good, [], given)
    lost = eq(good.lhs, sp.Integral(sp.exp(-(y**2)), (y, *HALF)))
    refuse("change of variables", lost, [], **given)
    # The square takes the line to the half line twice.
    twice = eq(sp.Integral(2 * abs(u) * sp.exp(-(u**2)), (u, *LINE)), sp.Integral(f, (x, *HALF)))
    refuse("change of variables", twice, [], map={x: u**2}, inverse={u: sp.sqrt(x)})
    refuse("change of variables", twice, [], map={x: u**2})
    # From 0 to 1 is not the half line.
    short = eq(sp.Integral(f, (x, *HALF)), sp.Integral(sp.exp(-y), (y, 0, 1)))
    refuse("change of variables", short, [], map={y: x}, inverse={x: y})
    # A variable that runs over the line must not be declared positive.
    wide = eq(sp.Integral(sp.exp(-(x**2)), (x, *LINE)), sp.Integral(sp.exp(-(y**2)), (y, *LINE)))
    refuse("change of variables", wide, [], map={y: x}, inverse={x: y})


def test_fubini_euler_and_densities_refuse_what_is_false() -> None:
    both = sp.Integral(sp.exp(-x - y) * (1 + x * y), (x, *HALF), (y, *HALF))
    parts = sp.Integral(sp.exp(-x), (x, *HALF)) * sp.Integral(sp.exp(-y), (y, *HALF))
    refuse("Fubini", eq(both, parts), [])
    gamma = sp.Integral(x**3 * sp.exp(-x), (x, *HALF))
    rules.check_step("Euler integral", eq(gamma, sp.gamma(4)), [], {"shape": sp.Integer(4)})
    refuse("Euler integral", eq(gamma, sp.gamma(3)), [], shape=sp.Integer(3))
    chi = ChiSquare(s.image_count)
    wrong = sp.Integral(x * sp.exp(-x / 2), (x, *HALF))
    refuse("density", eq(Mean(chi), wrong), [], variables={chi: x})
    half = [eq(x, sp.Integral(sp.exp(-y), (y, *HALF)))]
    refuse("sum of integrals", eq(x, sp.Integral(2 * sp.exp(-y), (y, *HALF))), half, weights=(2,))


def test_independence_needs_independent_factors() -> None:
    j, d, n = s.exponent_index, s.num_features, s.image_count
    same = sp.Product(ChiSquare(n), (j, 1, d))  # one variable, d times
    refuse(
        "independent product", eq(Mean(same**2), sp.Product(Mean(ChiSquare(n) ** 2), (j, 1, d))), []
    )
    volume, later = s.RandomSymbol("V", positive=True), s.determinant_at[s.generations + 1]
    law = [eq(volume, ChiSquare(n))]
    split = eq(Mean(volume * later), Mean(volume) * Mean(later))
    refuse("independent factor", split, law)
    now = s.determinant_at[s.generations]
    rules.check_step(
        "independent factor", eq(Mean(volume * now), Mean(volume) * Mean(now)), law, {}
    )
    refuse(
        "independent factor", eq(Mean(volume * now), Mean(volume) * Mean(now)), [eq(volume, now)]
    )


def test_wishart_pairings_and_orders_refuse_other_numbers() -> None:
    d, nu = s.num_features, s.image_count - 1
    right = eq(Mean(s.wishart_trace[2]), d * nu * (d + nu + 1))
    rules.check_step("Wishart pairings", right, [], {})
    refuse("Wishart pairings", eq(Mean(s.wishart_trace[2]), d * nu * (d + nu)), [])
    n, rho = s.image_count, s.contraction_factor
    bounds = [sp.Le(rho, 1 + 1 / n**2, evaluate=False), sp.Ge(rho, 1 - 1 / n**2, evaluate=False)]
    rules.check_step(
        "leading orders at infinity", eq(rho, sp.S.One), bounds, {"large": n, "order": 1}
    )
    refuse("leading orders at infinity", eq(rho, 1 + 1 / n), bounds, large=n, order=1)
    refuse("leading orders at infinity", eq(rho, sp.S.One), bounds, large=n, order=2)
    a, b, d = s.feature, s.other_feature, s.num_features
    delta, axes = sp.KroneckerDelta(a, b), (a, 0, d - 1)
    every, none = (b, 0, d - 1), sp.Sum(s.image_sd[a], (b, 0, d - 1), axes)
    refuse("off the diagonal", eq(sp.Sum(s.image_sd[a] * (1 + delta), every, axes), none), [])
    refuse("Gamma duplication", eq(sp.gamma(x) * sp.gamma(x + 1), sp.gamma(2 * x)), [])
