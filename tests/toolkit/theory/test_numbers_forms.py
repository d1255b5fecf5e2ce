"""Expressions of every kind as programs: values, logs, derivatives, digits kept."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import sympy as sp

from symbolic.special import log_c, log_chi
from toolkit.theory.numbers import function, log_contraction_constant, number
from toolkit.theory.numbers.constants import constant, step_of_two
from toolkit.theory.numbers.programs import NoNumberError, evaluate

x, y, t, nu, s, d, n, N, p = sp.symbols("x y t nu s d n N p", positive=True)
i, j, k, m = sp.symbols("i j k m", integer=True, nonnegative=True)
A = sp.IndexedBase("A")
half = sp.Rational(1, 2)
DIGITS, TOLERANCE = 40, 3e-13
GAMMAS = sp.gamma((nu - j + 1) / 2 + s) / sp.gamma((nu - j + 1) / 2)
WEIGHT = sp.binomial(N, m) * p**m * (1 - p) ** (N - m)
#: Expressions with values; sizes are whole.
KINDS: list[tuple[sp.Expr, dict[Any, Any]]] = [
    (sp.Product(GAMMAS, (j, 1, d)) * (2 / nu) ** (d * s), {nu: 50.5, s: 0.7, d: 3}),
    (sp.Product(GAMMAS, (j, 1, d)) * (2 / nu) ** (d * s), {nu: 5e6 + 0.25, s: 0.7, d: 4}),
    (sp.Product(x - j, (j, 0, d)), {x: 1.5, d: 3}),
    (sp.Piecewise((x**2, x < 1), (sp.sqrt(x - 1) + 1, True)), {x: 0.3}),
    (sp.Piecewise((x**2, sp.And(x < 1, y > 0)), (sp.log(x - 1) + 1, True)), {x: 1.7, y: 2.0}),
    (sp.Piecewise((x, sp.Ne(y, 2) | ~(x > 1)), (2 * x, True)), {x: 1.7, y: 2.0}),
    (sp.hyper((-half, 1), (nu,), half), {nu: 3.3}),
    (sp.gamma(nu + half) / sp.gamma(nu) * sp.hyper((1, nu + half), (nu,), -1), {nu: 9.5}),
    (sp.gamma(nu + half) / sp.gamma(nu) * sp.hyper((1, nu + half), (nu,), -1), {nu: 200.5}),
    (sp.hyper((x,), (y,), sp.Rational(-3, 2)), {x: 1.2, y: 2.5}),
    (sp.binomial(N, k) * x, {x: 0.2, N: 40, k: 13}),
    (sp.Max(x, y, x * y) - sp.Min(x, y), {x: 0.3, y: 1.2}),
    (sp.polygamma(1, x) + sp.digamma(y) + sp.loggamma(x * y), {x: 0.3, y: 1.2}),
    (sp.log(x / (1 - x)) * sp.factorial(k) / sp.RisingFactorial(x, 4), {x: 0.3, k: 5}),
    (sp.FallingFactorial(x, 4) / x**4, {x: 9.0}),
    (sp.beta(x, y) * sp.harmonic(x), {x: 1.3, y: 2.2}),
    (sp.Abs(x - y) * sp.KroneckerDelta(k, 3), {x: 1.0, y: 2.5, k: 3}),
    (sp.erf(x) * sp.erfc(y) * sp.atan(x) + sp.tanh(y), {x: 1.0, y: 2.5}),
    (1 - (1 - 1 / N) ** t, {N: 1e12, t: 3.0}),
    ((1 - 1 / N) ** t, {N: 1e12, t: 1e9}),
    (1 - n / (n + N), {n: 1e9, N: 1.0}),
    (sp.log((n - 1) / (n - s)), {n: 1e12, s: 0.25}),
    ((sp.sqrt(n - 1) * sp.sqrt(1 / n)) ** t, {n: 1e12, t: 1e9}),
    (sp.exp(-x) - sp.exp(-y), {x: 2.0**-30, y: 2.0**-29}),
    (x**t - y**t, {x: 0.5, y: 0.5 + 2.0**-40, t: 7.0}),
    ((1 - 2 * x) ** k, {x: 0.75, k: 5}),
    (sp.Sum(x**m * (1 - y) ** (N - m), (m, 0, N)), {x: 0.3, y: 0.2, N: 5}),
    (sp.Sum(sp.Sum(x**k / (k + m), (k, m + 1, N)), (m, 0, N)), {x: 0.3, N: 5}),
    (sp.Sum(WEIGHT / (m + x), (m, 2, N)), {p: 0.3, x: 0.5, N: 60}),
    (sp.Sum(WEIGHT * sp.sqrt(m), (m, 55, N)), {p: 0.3, N: 60}),
    (log_c(x) + log_chi(y), {x: 1e9, y: 3.0}),
]


def exact(expr: sp.Expr, values: dict[Any, Any]) -> Any:
    numbers = {
        symbol: sp.Integer(value) if isinstance(value, int) else sp.Rational(value)
        for symbol, value in values.items()
    }
    inside = expr.subs({q: v for q, v in numbers.items() if q in (N, d, k) and v < 100})
    inside = inside.replace(lambda e: isinstance(e, sp.Sum | sp.Product), lambda e: e.doit())
    floats = {q: sp.Float(v, 80) for q, v in numbers.items()}
    return sp.N(inside.doit().subs(floats), DIGITS)


@pytest.mark.parametrize(("expr", "values"), KINDS, ids=[str(e)[:40] for e, _ in KINDS])
def test_kind(expr: sp.Expr, values: dict[Any, Any]) -> None:
    expected, symbols = exact(expr, values), list(values)
    arrays = [jnp.asarray(float(value)) for value in values.values()]

    def traced(*of: Any) -> Any:
        return evaluate(expr, dict(zip(symbols, of, strict=True)))

    with np.errstate(all="ignore"):
        found = evaluate(expr, values)
        sign, log = evaluate(expr, values, log=True)
    assert found == pytest.approx(float(expected), rel=TOLERANCE)
    assert int(sign) == int(sp.sign(expected))
    assert log == pytest.approx(float(sp.log(abs(expected))), rel=TOLERANCE, abs=TOLERANCE)
    value, slope = jax.jit(jax.value_and_grad(traced))(*arrays)
    assert value == pytest.approx(float(expected), rel=TOLERANCE)
    start = values[symbols[0]]
    if isinstance(start, float):
        step = sp.Rational(start) / 10**12
        ends = (exact(expr, {**values, symbols[0]: sp.Rational(start) + e}) for e in (step, -step))
        expected_slope = float((next(ends) - next(ends)) / (2 * step))
        assert slope == pytest.approx(expected_slope, rel=1e-6)


def test_branch_not_taken_has_no_part_in_derivatives() -> None:
    expr = sp.Piecewise((x**2, x < 1), (sp.sqrt(x - 1), True))

    def total(values: Any) -> Any:
        return evaluate(expr, {x: values}).sum()

    slopes = jax.grad(total)(jnp.array([0.5, 1.25, 5.0]))
    np.testing.assert_allclose(slopes, [1.0, 1.0, 0.25])
    curvature = jax.grad(jax.grad(lambda v: evaluate(expr, {x: v})))(0.5)
    assert curvature == pytest.approx(2.0)


def test_loop_of_unknown_length_has_derivatives_of_every_order() -> None:
    expr = sp.Sum(x**m * A[m], (m, 0, N - 1))
    entries = jnp.array([2.0, 3.0, 5.0])

    @jax.jit
    def of(at: Any, array: Any, size: Any) -> Any:
        return evaluate(expr, {x: at, A: array, N: size})

    assert of(0.5, entries, 3) == pytest.approx(2 + 1.5 + 1.25)
    assert of(0.5, entries, 0) == 0
    assert jax.grad(jax.grad(of))(0.5, entries, 3) == pytest.approx(10.0)
    np.testing.assert_allclose(jax.grad(of, argnums=1)(0.5, entries, 3), [1, 0.5, 0.25])
    several = jax.vmap(of, in_axes=(0, None, 0))(jnp.array([0.5, 0.5]), entries, jnp.array([1, 2]))
    np.testing.assert_allclose(several, [2.0, 3.5])


def test_sums_broadcast() -> None:
    expr = sp.Sum(A[i] * A[k] * x, (k, i + 1, N - 1), (i, 0, N - 1))
    entries = np.arange(12.0).reshape(3, 4)
    values = {A: entries, N: 3, x: np.arange(4.0)}
    a, b, c = entries
    expected = (a * b + a * c + b * c) * values[x]
    np.testing.assert_allclose(evaluate(expr, values), expected)
    traced = jax.jit(lambda array, size: evaluate(expr, {**values, A: array, N: size}))
    np.testing.assert_allclose(traced(entries, 3), expected)


def test_large_binomial_sums_take_only_what_matters() -> None:
    mean = sp.Sum(WEIGHT * m, (m, 0, N))
    assert evaluate(mean, {N: 1e9, p: 0.3}) == pytest.approx(3e8, rel=1e-12)
    traced = jax.jit(lambda size: evaluate(mean, {N: size, p: np.float64(0.3)}))
    assert traced(1e6) == pytest.approx(3e5, rel=1e-12)


def test_what_has_no_number() -> None:
    with pytest.raises(NoNumberError, match="airyai has no form"):
        evaluate(sp.airyai(x), {x: 3.0})
    with pytest.raises(NoNumberError, match="fixed argument"):
        evaluate(sp.hyper((1, 1), (2,), x), {x: 0.5})


# ------------------------------------------------------------------------------ log_c and log_chi

ARGUMENTS = [1e-3, 0.01, 0.3, 1, 1.7, 3, 7, 12.3, 19.9, 20, 20.1, 40, 1e2, 1e4, 1e6, 1e9, 1e12]


@pytest.mark.parametrize("which", [log_c, log_chi], ids=["log_c", "log_chi"])
@pytest.mark.parametrize("order", [0, 1, 2])
def test_constants_and_their_derivatives(which: Any, order: int) -> None:
    formula = which(x) if order == 0 else sp.diff(which(x), x, order)
    with mpmath.workdps(100):
        of = sp.lambdify(x, formula.doit(), "mpmath")
        expected = np.array([float(of(mpmath.mpf(value))) for value in ARGUMENTS])
    derivative: Any = constant(which)
    np.testing.assert_allclose(constant(which, order)(np.array(ARGUMENTS)), expected, rtol=1e-12)
    for _ in range(order):
        derivative = jax.grad(derivative)
    found = jax.jit(jax.vmap(derivative))(jnp.array(ARGUMENTS))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_step_of_two_is_the_closed_forms() -> None:
    for which in (log_c, log_chi):
        (symbol,) = step_of_two(which).free_symbols
        closed = which.closed_form(symbol) - which.closed_form(symbol + 2)
        gap = (step_of_two(which) - closed).subs(symbol, sp.Rational(37, 10))
        assert abs(sp.N(gap, 30)) < 1e-28


def test_constants_are_not_numbers_where_undefined() -> None:
    assert np.isnan(constant(log_c)(np.array([0.0, -1.5]))).all()
    assert bool(jnp.isnan(constant(log_c)(jnp.array(-1.5))))
    assert float(log_contraction_constant(jnp.array(4.0))) == log_contraction_constant(4.0)


# ------------------------------------------------------------------------------------- log form


def test_log_form_where_the_value_underflows() -> None:
    drift: dict[str, Any] = {"generations": 10**9, "initial_text_diversity": 0.5}
    found = number("text_diversity_lower_bound", log=True, batch_size=1000, **drift)
    assert found == pytest.approx(1e9 * math.log1p(-1e-3) + math.log(0.5), rel=1e-15)
    found = number("text_diversity_lower_bound", batch_size=10**12, **drift)
    assert found == pytest.approx(0.5 * math.exp(-1e-3), rel=1e-14)
    images: dict[str, Any] = {"image_count": 31, "ddof": 1, "shrinkage_factor": 1}
    logs = [
        number(name, log=True, generations=10**9, **images, **more)
        for name, more in (
            ("directional_diversity_mean", {"directional_variance": 4}),
            ("image_diversity_upper_bound", {"image_diversity": 2}),
        )
    ]
    expected = 1e9 * log_contraction_constant(30) + math.log(2)
    np.testing.assert_allclose(logs, expected, rtol=1e-15)


def test_log_form_of_huge_counts() -> None:
    """With denominator n the factor's log is (log c + log(1 - 1/n)/2): both of order 1/n."""
    values = {"image_count": 10**12, "ddof": 0, "shrinkage_factor": 1, "image_diversity": 1}
    found = number("image_diversity_upper_bound", log=True, generations=10**9, **values)
    with mpmath.workdps(60):
        n_, c = mpmath.mpf(10) ** 12, sp.lambdify(x, log_c(x).doit(), "mpmath")
        expected = 10**9 * (c(n_ - 1) + mpmath.log(1 - 1 / n_) / 2)
    assert found == pytest.approx(float(expected), rel=1e-10)


def test_log_form_under_jax() -> None:
    bound = function("text_diversity_lower_bound", log=True)

    def of(size: Any) -> Any:
        return bound(batch_size=size, generations=10**9, initial_text_diversity=0.5)

    assert jax.jit(of)(1000.0) == pytest.approx(float(of(1000.0)), rel=1e-14)
    assert jax.grad(of)(1000.0) == pytest.approx(1e9 / (1000.0 * 999.0), rel=1e-12)
    zero = bound(batch_size=5, generations=3, initial_text_diversity=0.0)
    assert bool(jnp.isnan(zero) | jnp.isneginf(zero))


def test_log_of_what_is_not_positive() -> None:
    values = {"batch_size": 10, "generations": 3, "initial_text_diversity": 0.0}
    with pytest.raises(ValueError, match="not positive at batch_size=10"):
        number("text_diversity_lower_bound", log=True, **values)
    with pytest.raises(ValueError, match="not positive"):
        number("image_contraction_rank_one", log=True, degrees_of_freedom=0.1)


# -------------------------------------------------------------------------------------- domains

PLAIN = {"ddof": 1, "shrinkage_factor": 1.0}


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        (
            "image_exact_rate",
            {"image_count": 1, **PLAIN},
            r"^image_count \(images that .*\) in the theorem .* must be at least 2, not 1: give a",
        ),
        (
            "image_exact_rate",
            {"image_count": 3, "ddof": 3, "shrinkage_factor": 1.0},
            "must be above ddof, not 3: give a larger one, or another ddof",
        ),
        ("image_lyapunov", {"image_count": 4, "exponent_index": 4, **PLAIN}, "exponent_index"),
        (
            "new_text_lower_bound",
            {"batch_size": 9, "text_updates": 1, "injection_prob": 1.5, "injection_fraction": 0.1},
            "injection_prob .* must be at most 1, not 1.5: give a smaller one",
        ),
        (
            "image_fidelity_bound",
            {"image_diversity": 1, "contraction_factor": 1.0, "inverse_root_count": 1},
            "must be below 1, not 1: give a smaller one",
        ),
        (
            "user_content_stationary_trace",
            {"image_count": 1, "user_images": 0, "image_variance": 1, **PLAIN},
            "image_count .* must be above 1 - user_images, not 1",
        ),
        ("text_probs_martingale", {"text_probs": [0.5, 0.5], "text": 2}, "below num_texts, not 2"),
    ],
)
def test_conditions(name: str, values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        number(name, **values)


def test_shares_that_were_added_up_may_pass_one_by_rounding() -> None:
    value = number("image_contraction_caption", batch_size=9, num_features=1, text_prob=1 + 1e-16)
    assert value == pytest.approx(1 - 2 / 80)
