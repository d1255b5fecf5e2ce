"""T3 and T4 at the theory's check values, its counter-example, and rules that must say no."""

import mpmath as mp
import pytest
import sympy as sp

from symbolic import THEOREMS, DerivationError, rules
from symbolic import symbols as s
from symbolic.symbols import Mean
from symbolic.witness import evaluate

NONUNIFORM = (0.06, 0.13, 0.2, 0.27, 0.34)
UNIFORM = (0.2,) * 5


def circle(probs: tuple[float, ...], variance: float) -> dict[str, object]:
    """Inner products of means on the unit circle, measured from the mixture's mean."""
    points = [(mp.cos(2 * mp.pi * k / 5), mp.sin(2 * mp.pi * k / 5)) for k in range(5)]
    middle = [mp.fsum(p * x[a] for p, x in zip(probs, points, strict=True)) for a in range(2)]
    centred = [[x[a] - middle[a] for a in range(2)] for x in points]
    products = tuple(
        tuple((x[0] * y[0] + x[1] * y[1]) / variance for y in centred) for x in centred
    )
    return {"text_probs": probs, "num_texts": 5, "text_products": products}


def sides(probs: tuple[float, ...], variance: float) -> tuple[float, float]:
    """Bounds on 1 - C, below and above."""
    values = circle(probs, variance)
    diversity = 1 - sum(p * p for p in probs)
    names = ("told_apart_lower_bound", "told_apart_upper_bound")
    low, high = (float(evaluate(THEOREMS[name].rhs, values)) / diversity for name in names)
    return low, high


@pytest.mark.parametrize(
    ("probs", "variance", "told_apart", "digits"),
    [(UNIFORM, 10, 0.02441, 5), (NONUNIFORM, 10, 0.0260, 4), (UNIFORM, 1, 0.20838, 5)],
)
def test_check_values_lie_between_the_bounds(
    probs: tuple[float, ...], variance: float, told_apart: float, digits: int
) -> None:
    low, high = sides(probs, variance)
    rounding = 0.5 * 10**-digits
    assert low - rounding <= told_apart <= high + rounding


def test_the_bounds_close_on_the_leading_order() -> None:
    rhs = THEOREMS["confusion_large_covariance"].rhs
    gaps = []
    for variance in (100, 200):
        values = circle(NONUNIFORM, variance)
        diagonal = tuple(values["text_products"][k][k] for k in range(5))  # type: ignore[index]
        diversity = 1 - sum(p * p for p in NONUNIFORM)
        numbers = values | {"text_distance": diagonal, "text_diversity": diversity}
        numbers.pop("text_products")
        lead = float(evaluate(rhs, numbers))
        low, high = sides(NONUNIFORM, variance)
        assert abs(low - lead) < 3e-2 * lead
        gaps.append(high - low)
    assert gaps[1] < gaps[0] / 3.7  # of second order: a quarter at twice the covariance


def test_unequal_shapes_are_told_apart_at_any_scale() -> None:
    # Covariances S and 4 S in the plane, equal p; at a growing scale the means do not matter.
    def product(u: mp.mpf) -> mp.mpf:  # u = |y|^2/2: both densities of u are exponential
        first, second = mp.exp(-u), mp.exp(-u / 4) / 4
        return 2 * first * second / (first + second)

    assert float(1 - mp.quad(product, [0, 1, 4, 20, 80])) == pytest.approx(0.295, abs=5e-4)


def test_chi_square_divergence_vanishes_for_alike_large_covariances() -> None:
    sizes = []
    for scale in (1, 100, 10000):
        # One dimension, means 1 apart: S_1 = scale, S_2 = scale + sqrt(scale).
        first, second = mp.mpf(scale), mp.mpf(scale) + mp.sqrt(scale)
        values = {
            "log_det_first": mp.log(first), "log_det_second": mp.log(second),
            "log_det_excess": mp.log(2 * second - first),
            "excess_mahalanobis": 1 / (2 * second - first),
        }  # fmt: skip
        sizes.append(float(evaluate(THEOREMS["chi_square_gaussian"].rhs, values)))
    assert sizes[0] > sizes[1] > sizes[2] > 0
    assert sizes[2] < 2e-4


# ------------------------------------------------------------------------ rules that must say no

_i, _k, _p, _y, _W = s.text, s.other_text, s.text_probs, s.image_draw, s.text_products
_ratio = s.mixture(s.reference_draw) / s.reference_density(s.reference_draw)
_others = (_k, 0, s.num_texts - 1)


def refused(rule: str, claim: sp.Rel, facts: list[sp.Rel], given: dict[object, object]) -> None:
    with pytest.raises(DerivationError):
        rules.check_step(rule, claim, facts, given)


def test_change_of_measure() -> None:
    r, y0 = s.posterior, s.reference_draw
    true = sp.Eq(Mean(r(_i, _y)), Mean(r(_i, y0) * _ratio), evaluate=False)
    rules.check_step("change of measure", true, [], {})
    refused("change of measure", sp.Eq(true.lhs, Mean(r(_i, y0)), evaluate=False), [], {})
    other = s.next_text_diversity
    mixed = sp.Eq(Mean(r(_i, _y) * other), Mean(r(_i, y0) * other * _ratio), evaluate=False)
    refused("change of measure", mixed, [], {})


def test_sum_taken_out() -> None:
    G = s.likelihood_ratio
    total = sp.Sum(_p[_k] * G[_k], _others)
    true = sp.Eq(Mean(G[_i] * total), sp.Sum(Mean(_p[_k] * G[_i] * G[_k]), _others), evaluate=False)
    rules.check_step("sum taken out", true, [], {})
    shorter = sp.Sum(Mean(_p[_k] * G[_i] * G[_k]), (_k, 1, s.num_texts - 1))
    refused("sum taken out", sp.Eq(true.lhs, shorter, evaluate=False), [], {})
    squared = sp.Eq(Mean(total**2), sp.Sum(Mean(_p[_k] ** 2 * G[_k] ** 2), _others), evaluate=False)
    refused("sum taken out", squared, [], {})


def test_leading_order_between_bounds() -> None:
    x, w = s.posterior_confusion, _W[_i, _k]
    upper = sp.Le(x, sp.exp(w) - 1, evaluate=False)
    lower = sp.Ge(x, w, evaluate=False)
    given = {"vanishing": _W, "order": 1}
    name = "leading order between bounds"
    rules.check_step(name, sp.Eq(x, w, evaluate=False), [upper, lower], given)
    refused(name, sp.Eq(x, 2 * w, evaluate=False), [upper, lower], given)
    wide = sp.Le(x, 2 * w, evaluate=False)
    refused(name, sp.Eq(x, w, evaluate=False), [wide, lower], given)
    refused(name, sp.Eq(x, w, evaluate=False), [upper, lower], given | {"order": 2})
    kink = sp.Le(x, w + sp.Abs(w), evaluate=False)
    refused(name, sp.Eq(x, w, evaluate=False), [kink, lower], given)
    refused(name, sp.Eq(x, w, evaluate=False), [lower, upper], given)


def test_triangle_inequality() -> None:
    x, a, b = sp.symbols("x a b", real=True)
    fact = sp.Eq(x, 2 * a - b, evaluate=False)
    claim = sp.Le(sp.Abs(x), 2 * sp.Abs(a) + sp.Abs(b), evaluate=False)
    rules.check_step("triangle inequality", claim, [fact], {"parts": ((2, a), (1, -b))})
    refused("triangle inequality", claim, [fact], {"parts": ((2, a), (-1, b))})
    tighter = sp.Le(sp.Abs(x), 2 * sp.Abs(a) - sp.Abs(b), evaluate=False)
    refused("triangle inequality", tighter, [fact], {"parts": ((2, a), (-1, b))})
    refused("triangle inequality", claim, [fact], {"parts": ((2, a),)})
