"""Cited lemmas on overlapping densities: Gaussian integrals, Cauchy-Schwarz, Dirichlet corpora."""

from __future__ import annotations

import sympy as sp
from sympy.core.relational import Relational

from symbolic import symbols as s
from symbolic.lemmas.lemma import Lemma
from symbolic.model.text import axis_chi_square, axis_excess, axis_gap
from symbolic.relations import eq
from symbolic.symbols import ChiSquare, Mean

exponent = sp.Symbol("x", real=True)
weight = sp.symbols("c_1:4", real=True)
first, second = s.RandomSymbol("X", nonnegative=True), s.RandomSymbol("Y", nonnegative=True)
corpus_prob = s.RandomSymbol("u_i", nonnegative=True)

_i, _k, _m, _a, _d = s.text, s.other_text, s.count_index, s.feature, s.num_features
_W, _xi = s.text_products, s.score
_axes = (_a, 0, _d - 1)


def _tangent(statement: Relational) -> bool:
    # A function that vanishes to first order at 0 and is convex: its graph is above zero.
    gap = statement.lhs - statement.rhs
    at_zero = [sp.diff(gap, exponent, k).subs(exponent, 0) for k in (0, 1)]
    return at_zero == [0, 0] and bool(sp.diff(gap, exponent, 2).is_positive)


def _normal_mean(inner: sp.Expr, draws: tuple[sp.Symbol, ...]) -> sp.Expr:
    """Integrate the exponential of a linear form in standard normals, axis by axis."""
    z, slope = sp.symbols("z slope", real=True)
    density = sp.exp(slope * z - z**2 / 2) / sp.sqrt(2 * sp.pi)
    one_axis = sp.simplify(sp.integrate(density, (z, -sp.oo, sp.oo)))
    form = sp.expand(sp.log(inner.doit()))
    slopes = [form.coeff(draw) for draw in draws]
    rest = form - sum(c * draw for c, draw in zip(slopes, draws, strict=True))
    if sp.expand(rest).has(*draws):
        raise ValueError(f"Expected a linear form in {draws}, got {form}.")
    return sp.exp(rest) * sp.prod([one_axis.subs(slope, c) for c in slopes])


def _gaussian_exponential(statement: Relational) -> bool:
    # Two dimensions, three vectors: the scores are a . z, their products a . b.
    z = sp.symbols("z1:3", real=True)
    points = {m: sp.Matrix(sp.symbols(f"{m.name}_1:3", real=True)) for m in (_i, _k, _m)}
    values = {_xi[m]: points[m].dot(sp.Matrix(z)) for m in points}
    values |= {_W[m, n]: points[m].dot(points[n]) for m in points for n in points}
    average = sp.Function("average")  # Mean would take out what is no longer random
    named = [side.replace(Mean, average) for side in (statement.lhs, statement.rhs)]
    sides = [
        side.xreplace(values).replace(average, lambda inner: _normal_mean(inner, z))
        for side in named
    ]
    logs = [sp.expand_log(sp.log(side), force=True) for side in sides]
    return sp.expand(logs[0] - logs[1]) == 0


def _two_points(statement: Relational) -> bool:
    # A two-point law: the gap is w (1 - w) (sqrt(x0 y1) - sqrt(x1 y0))^2.
    x, y = sp.symbols("x0:2", positive=True), sp.symbols("y0:2", positive=True)
    w = sp.Symbol("w", positive=True)

    def mean(inner: sp.Expr) -> sp.Expr:
        at = [inner.xreplace({first: x[k], second: y[k]}) for k in (0, 1)]
        return w * at[0] + (1 - w) * at[1]

    left, right = (side.replace(Mean, mean) for side in (statement.lhs, statement.rhs))
    form = w * (1 - w) * (sp.sqrt(x[0] * y[1]) - sp.sqrt(x[1] * y[0])) ** 2
    return sp.expand(right**2 - left**2 - form) == 0


def _general_pair() -> tuple[sp.Matrix, sp.Matrix, sp.Matrix, dict[sp.Expr, sp.Expr]]:
    """A basis A, covariances S1 = A A', S2 = A diag((1 + g)/2) A', and the gap of means."""
    a = sp.Matrix(2, 2, sp.symbols("a0:4", real=True))
    g, delta = sp.symbols("g0:2", positive=True), sp.symbols("d0:2", real=True)
    values = {axis_excess[j]: g[j] for j in (0, 1)} | {axis_gap[j]: delta[j] for j in (0, 1)}
    second_cov = a * sp.diag(*((1 + x) / 2 for x in g)) * a.T
    return a, a * a.T, second_cov, values


def _in_two_axes(expr: sp.Expr, values: dict[sp.Expr, sp.Expr]) -> sp.Expr:
    return expr.subs(_d, 2).doit().xreplace(values)


def _chi_square_axes(statement: Relational) -> bool:
    # The integrand q1^2 / q2 in the coordinates u, x = A u, is the product of those of the axes.
    a, first_cov, second_cov, values = _general_pair()
    u = sp.Matrix(sp.symbols("u0:2", real=True))
    x, centre = a * u, a * sp.Matrix([values[axis_gap[j]] for j in (0, 1)])
    forms = (
        -(x.T * first_cov.inv() * x)[0] + ((x - centre).T * second_cov.inv() * (x - centre))[0] / 2
    )
    # Squared: (q1^2 / q2 |A|)^2 without the exponential.
    scale = second_cov.det() * a.det() ** 2 / (first_cov.det() ** 2 * (2 * sp.pi) ** 2)
    log_axis = {
        axis_chi_square(j): -(u[j] ** 2)
        + (u[j] - values[axis_gap[j]]) ** 2 / (1 + values[axis_excess[j]])
        for j in (0, 1)
    }
    named = statement.lhs == s.log_chi_square
    total = _in_two_axes(statement.rhs, log_axis)
    squares = sp.prod([(1 + values[axis_excess[j]]) / (4 * sp.pi) for j in (0, 1)])
    return named and sp.simplify(forms - total) == 0 and sp.simplify(scale - squares) == 0


def _excess_form(statement: Relational) -> bool:
    a, first_cov, second_cov, values = _general_pair()
    apart = a * sp.Matrix([values[axis_gap[j]] for j in (0, 1)])
    form = (apart.T * (2 * second_cov - first_cov).inv() * apart)[0]
    right = statement.rhs.xreplace({s.excess_mahalanobis: form})
    return sp.simplify(_in_two_axes(statement.lhs, values) - right) == 0


def _excess_determinants(statement: Relational) -> bool:
    _, first_cov, second_cov, values = _general_pair()
    logs = {
        s.log_det_first: sp.log(first_cov.det().factor()),
        s.log_det_second: sp.log(second_cov.det().factor()),
        s.log_det_excess: sp.log((2 * second_cov - first_cov).applyfunc(sp.expand).det().factor()),
    }
    difference = _in_two_axes(statement.lhs, values) - statement.rhs.xreplace(logs)
    return sp.simplify(sp.exp(2 * sp.expand(difference))) == 1


def _dirichlet(statement: Relational) -> bool:
    # Two texts: u is beta distributed, with parameters c pi and c (1 - pi).
    c, share = s.corpus_concentration, s.text_prob
    u = sp.Symbol("u", positive=True)
    for a, b in ((1, 2), (3, 1), (2, 3)):
        law = u ** (a - 1) * (1 - u) ** (b - 1)
        mass = sp.integrate(law, (u, 0, 1))

        def mean(inner: sp.Expr, law: sp.Expr = law, mass: sp.Expr = mass) -> sp.Expr:
            if isinstance(inner.as_base_exp()[0], ChiSquare):
                return _chi_square_power(*inner.as_base_exp())
            if not inner.has(corpus_prob):
                return Mean(inner)
            return sp.integrate(sp.expand(inner.xreplace({corpus_prob: u}) * law), (u, 0, 1)) / mass

        sides = [
            side.xreplace({share: sp.Rational(a, a + b), c: sp.Integer(a + b)}).replace(Mean, mean)
            for side in (statement.lhs, statement.rhs)
        ]
        if sp.simplify(sides[0] - sides[1]) != 0:
            return False
    return True


def _chi_square_power(variable: sp.Expr, power: sp.Expr) -> sp.Expr:
    x, dof = sp.Symbol("x", positive=True), variable.args[0]
    law = x ** (dof / 2 - 1) * sp.exp(-x / 2) / (2 ** (dof / 2) * sp.gamma(dof / 2))
    return sp.integrate(x**power * law, (x, 0, sp.oo))


_c1, _c2, _c3 = weight
_squares = (_c1**2 * _W[_i, _i] + _c2**2 * _W[_k, _k] + _c3**2 * _W[_m, _m]) / 2
_products = _c1 * _c2 * _W[_i, _k] + _c1 * _c3 * _W[_i, _m] + _c2 * _c3 * _W[_k, _m]
_total = 2 * s.corpus_concentration

LEMMAS = (
    Lemma(
        name="exponential_tangent",
        in_words="the exponential lies above its tangent",
        statement=sp.Ge(sp.exp(exponent), 1 + exponent, evaluate=False),
        reference="convexity (the small case is a proof)",
        small_case=_tangent,
    ),
    Lemma(
        name="gaussian_exponential",
        in_words="the mean of the exponential of a centred Gaussian is that of half its variance; "
        "here of a combination of three texts' scores a . z",
        statement=eq(
            Mean(sp.exp(_c1 * _xi[_i] + _c2 * _xi[_k] + _c3 * _xi[_m])),
            sp.exp(_squares + _products),
        ),
        reference="moment generating function of the normal law",
        small_case=_gaussian_exponential,
    ),
    Lemma(
        name="cauchy_schwarz_root",
        in_words="the mean root of a product is at most the root of the product of means",
        statement=sp.Le(
            Mean(sp.sqrt(first) * sp.sqrt(second)),
            sp.sqrt(Mean(first)) * sp.sqrt(Mean(second)),
            evaluate=False,
        ),
        reference="Cauchy-Schwarz",
        small_case=_two_points,
    ),
    Lemma(
        name="diagonalised_chi_square",
        in_words="two covariances are diagonal in one basis, where the integral of q1^2 / q2 is a "
        "product over axes",
        statement=eq(s.log_chi_square, sp.Sum(axis_chi_square(_a), _axes)),
        reference="Horn and Johnson, Matrix Analysis, th. 7.6.4; change of variables",
        small_case=_chi_square_axes,
    ),
    Lemma(
        name="diagonalised_excess",
        in_words="the Mahalanobis form of 2 S_2 - S_1 in that basis",
        statement=eq(sp.Sum(axis_gap[_a] ** 2 / axis_excess[_a], _axes), s.excess_mahalanobis),
        reference="Horn and Johnson, Matrix Analysis, th. 7.6.4",
        small_case=_excess_form,
    ),
    Lemma(
        name="diagonalised_excess_determinants",
        in_words="the determinants in that basis",
        statement=eq(
            sp.Sum(sp.log((1 + axis_excess[_a]) / 2) - sp.log(axis_excess[_a]) / 2, _axes),
            s.log_det_second - (s.log_det_first + s.log_det_excess) / 2,
        ),
        reference="Horn and Johnson, Matrix Analysis, th. 7.6.4",
        small_case=_excess_determinants,
    ),
    Lemma(
        name="dirichlet_squares",
        in_words="independent chi-square variables over their total follow a Dirichlet law, and "
        "the shares are independent of the total",
        statement=eq(
            Mean(corpus_prob**2) * Mean(ChiSquare(_total) ** 2),
            Mean(ChiSquare(_total * s.text_prob) ** 2),
        ),
        reference="Lukacs, Ann. Math. Statist. 26 (1955) 319-324",
        small_case=_dirichlet,
    ),
)
