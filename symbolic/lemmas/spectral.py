"""Cited lemmas on Gaussian samples and on the spectrum of their covariance.

Each small case takes the statement that it is given, puts small sizes in, and compares it with
what Isserlis' theorem or a two-by-two matrix says exactly.
"""

from __future__ import annotations

import functools
import itertools

import sympy as sp
from sympy.core.relational import Relational

from symbolic import symbols as s
from symbolic.lemmas.lemma import lemma
from symbolic.model import image as image_model
from symbolic.model.image import image_scale
from symbolic.model.spectra import power_trace_expansion, wishart_determinant
from symbolic.moments import chi_square_means, chi_square_moment, isserlis
from symbolic.ranges import written_out
from symbolic.relations import eq
from symbolic.symbols import ChiSquare, Mean

_n, _t, _a, _b, _d = s.image_count, s.generations, s.feature, s.other_feature, s.num_features
_sd, _nu, _j = s.image_sd, s.degrees_of_freedom, s.exponent_index
_plain = {s.shrinkage_factor: sp.Rational(3, 5), s.ddof: sp.Integer(0)}


@functools.cache
def _scatter(size: int, dim: int) -> sp.Matrix:
    """Wishart matrix of ``size`` draws of a standard normal vector, as polynomials."""
    z = [[s.normal_draw[dim * j + a] for a in range(dim)] for j in range(size)]
    entry = [[sp.Add(*(row[a] * row[b] for row in z)) for b in range(dim)] for a in range(dim)]
    return sp.Matrix(entry)


def _wick(polynomial: sp.Expr) -> sp.Expr:
    return isserlis(Mean(sp.expand(polynomial)))


def _independent_mean(product: sp.Expr) -> sp.Expr:
    """Mean of a sum of products of powers of independent chi-squares and standard normals."""
    total = sp.S.Zero
    for term in sp.Add.make_args(sp.expand(product)):
        value = sp.S.One
        for factor in sp.Mul.make_args(term):
            value *= chi_square_means(isserlis(Mean(factor)))
        total += value
    return sp.simplify(total)


# ---------------------------------------------------------------------------------- chi-squares


def _sample_variance(statement: Relational) -> bool:
    """Two and three draws along a direction: the first three moments agree."""
    if statement.lhs != s.directional_variance_at[_t + 1]:
        return False
    start = s.directional_variance_at[_t]
    for n in (2, 3):
        z = s.normal_draw
        mean = sp.Add(*(z[j] for j in range(n))) / n
        scatter = sp.Add(*((z[j] - mean) ** 2 for j in range(n)))
        factor = (statement.rhs / start).subs(_plain).subs(_n, n)
        for k in (1, 2, 3):
            truth = _wick(scatter**k) * (image_scale.subs(_plain).subs(_n, n)) ** k
            if factor.has(start) or _independent_mean(factor**k) != truth:
                return False
    return True


def _gaussian_volume(statement: Relational) -> bool:
    """In the plane: the exponents' chi-squares multiply to the determinant, the first is a row's.

    Means of logarithms are derivatives of power moments at zero; integer powers are compared.
    """
    if statement.lhs != s.lyapunov_exponent or not isinstance(2 * statement.rhs, Mean):
        return False
    logarithm = (2 * statement.rhs).args[0]
    if not isinstance(logarithm, sp.log):
        return False
    for n, k in itertools.product((3, 4), (1, 2)):
        scale = image_scale.subs(_plain).subs(_n, n)
        rows = [logarithm.args[0].subs(_j, j).subs(_plain).subs(_n, n) for j in (1, 2)]
        wishart = scale * _scatter(n - 1, 2)
        moments = [_independent_mean(row**k) for row in rows]
        if moments[0] != _wick(wishart[0, 0] ** k):
            return False
        if sp.expand(moments[0] * moments[1] - _wick(wishart.det() ** k)) != 0:
            return False
    return True


def _bartlett_determinant(statement: Relational) -> bool:
    """Determinants of two- and three-dimensional Wishart matrices: moments agree."""
    if statement.lhs != wishart_determinant:
        return False
    for n, dim, k in ((3, 2, 1), (4, 2, 1), (3, 2, 2), (4, 3, 1)):
        product = statement.rhs.subs(_d, dim).doit().subs(_n, n)
        if _independent_mean(product**k) != _wick(_scatter(n - 1, dim).det() ** k):
            return False
    return True


def _bartlett_plane(statement: Relational) -> bool:
    """Split ``(tr root)^2`` into trace and twice the root of the determinant; compare moments."""
    if statement.lhs != s.next_image_diversity:
        return False
    x, y, z = sp.symbols("x y z", positive=True)
    for n in (3, 4):
        scale = image_scale * (s.image_diversity / 2) ** 2
        square = (statement.rhs**2 / scale).subs(_n, n).subs(_plain)
        square = square.xreplace({ChiSquare(sp.Integer(n - 1)): x**2})
        square = square.xreplace({ChiSquare(sp.Integer(n - 2)): y**2})
        square = sp.expand(square.xreplace({s.normal_draw[0]: z}))
        trace = (square + square.subs(x, -x)) / 2
        root_det = sp.expand(square - trace) / 2
        trace = sp.expand(trace)
        back = {
            x: sp.sqrt(ChiSquare(sp.Integer(n - 1))),
            y: sp.sqrt(ChiSquare(sp.Integer(n - 2))),
            z: s.normal_draw[0],
        }
        wishart = _scatter(n - 1, 2)
        for a, b in ((1, 0), (0, 1), (2, 0), (1, 1)):
            claimed = sp.expand(trace**a * root_det ** (2 * b)).xreplace(back)
            if _independent_mean(claimed) != _wick(wishart.trace() ** a * wishart.det() ** b):
                return False
    return True


def _daleckii_krein(statement: Relational) -> bool:
    """Powers two to four of a two-by-two matrix, with a general symmetric perturbation."""
    eta, x = image_model.spread_size, image_model.deviation
    entries = sp.symbols("x0:3", real=True)
    index = {(0, 0): entries[0], (0, 1): entries[1], (1, 0): entries[1], (1, 1): entries[2]}
    moved = sp.Matrix(2, 2, lambda a, b: index[a, b])
    start = sp.diag(_sd[0] ** 2, _sd[1] ** 2)
    for q in (2, 3, 4):
        claimed = statement.rhs.subs({_d: 2, s.power: q})
        pairs = written_out(claimed)
        pairs = pairs.xreplace({x[a, b]: value for (a, b), value in index.items()})
        truth = sp.expand(((start + eta * moved) ** q).trace())
        gap = sp.expand(sp.cancel(sp.together(pairs - truth)))
        if any(sp.simplify(gap.coeff(eta, k)) != 0 for k in range(3)):
            return False
    return bool(statement.lhs == s.next_power_trace)


def _third_moment(statement: Relational) -> bool:
    """Third central moment of ``s^2 chi2_nu / nu``, from the chi-square's raw moments."""
    raw = [chi_square_moment(_nu, sp.Integer(k)) / _nu**k for k in (1, 2, 3)]
    truth = _sd[_a] ** 6 * (raw[2] - 3 * raw[1] * raw[0] + 2 * raw[0] ** 3)
    named = statement.lhs == Mean(image_model.deviation[_a, _a] ** 3)
    return named and sp.simplify(statement.rhs - truth) == 0


# ------------------------------------------------------------------------------ matrices' roots


def _root(a: sp.Expr, b: sp.Expr, c: sp.Expr) -> sp.Matrix:
    """Root of a positive two-by-two matrix: ``(A + sqrt(det A)) / sqrt(tr A + 2 sqrt(det A))``."""
    matrix, root_det = sp.Matrix([[a, b], [b, c]]), sp.sqrt(a * c - b**2)
    return (matrix + root_det * sp.eye(2)) / sp.sqrt(a + c + 2 * root_det)


def _trace_root_dominates(statement: Relational) -> bool:
    """Rational matrices and unit vectors; equality where one eigenvalue is zero."""
    unit = sp.Matrix([sp.Rational(3, 5), sp.Rational(4, 5)])
    factors = ([[3, 0], [4, 0]], [[3, 0], [4, 1]], [[1, 0], [-2, 5]], [[7, 0], [0, 2]])
    for rows in factors:
        factor = sp.Matrix(rows)
        matrix = factor * factor.T
        values = {
            s.image_diversity_at[_t]: sp.sqrt(matrix.trace() + 2 * abs(factor.det())),
            s.directional_variance_at[_t]: (unit.T * matrix * unit)[0],
        }
        if statement.xreplace(values) is not sp.true:
            return False
    return True


def _root_sign_symmetry(statement: Relational) -> bool:
    """Turning an axis keeps the law and turns the sign of the root's off-diagonal entry."""
    a, c = sp.symbols("a c", positive=True)
    b = sp.Symbol("b", real=True)
    root, turned = _root(a, b, c), _root(a, -b, c)
    squares = sp.simplify(root * root - sp.Matrix([[a, b], [b, c]])) == sp.zeros(2)
    average = (root + turned) / 2
    for i, j in ((0, 1), (1, 0)):
        found = (statement.lhs - statement.rhs).xreplace({_a: sp.Integer(i), _b: sp.Integer(j)})
        found = found.xreplace({Mean(s.root_off[i, j]): average[i, j]})
        squares = squares and not found.has(Mean) and sp.simplify(found) == 0
    return bool(squares)


def _trace_norm(statement: Relational) -> bool:
    """In the plane the squares of the two sides differ by the square of the entry below."""
    x, y, z = sp.symbols("x y z", positive=True)
    s0, s1 = _sd[0], _sd[1]
    factor = sp.Matrix([[s0 * x, 0], [s1 * z, s1 * y]])
    square = image_scale * ((factor * factor.T).trace() + 2 * factor.det())
    found = statement.rhs.subs(_d, 2).doit()
    found = found.xreplace({ChiSquare(_n - 1): x**2, ChiSquare(_n - 2): y**2})
    room = sp.simplify((square - found**2) / image_scale)
    named = statement.lhs == s.next_image_diversity and isinstance(statement, sp.Ge)
    return named and sp.simplify(room - (s1 * z) ** 2) == 0


# ------------------------------------------------------------------------------------ the lemmas


_plane = (sp.sqrt(ChiSquare(_n - 1)) + sp.sqrt(ChiSquare(_n - 2))) ** 2 + s.normal_draw[0] ** 2

LEMMAS = (
    lemma(
        "sample_variance",
        "a direction's sample variance is its variance times an independent chi-square",
        eq(
            s.directional_variance_at[_t + 1],
            image_scale * ChiSquare(_n - 1) * s.directional_variance_at[_t],
        ),
        "Cochran (1934); Anderson, An Introduction to Multivariate Statistical Analysis, th. 3.3.2",
        _sample_variance,
    ),
    lemma(
        "root_sign_symmetry",
        "the mean of the root is diagonal in the eigenbasis of the covariance before the update: "
        "turning an axis leaves the law of the sample covariance as it is (a and b differ)",
        eq(Mean(s.root_off[_a, _b]), 0),
        "orthogonal invariance of the Gaussian; root(D A D) = D root(A) D for D = diag(+-1)",
        _root_sign_symmetry,
    ),
    lemma(
        "trace_root_dominates",
        "the trace of a root is at least the standard deviation in any direction",
        sp.Ge(s.image_diversity_at[_t], sp.sqrt(s.directional_variance_at[_t]), evaluate=False),
        "spectral theorem: sum of sqrt(l_a) >= sqrt(max l_a) >= sqrt(v'Av), |v| = 1",
        _trace_root_dominates,
    ),
    lemma(
        "trace_norm",
        "the trace of the root of K K' is at least the trace of K, here the lower triangular "
        "(Bartlett) factor of the sample covariance with the axes in any order",
        sp.Ge(
            s.next_image_diversity,
            sp.Sum(sp.sqrt(image_scale) * sp.sqrt(ChiSquare(_n - _j)) * _sd[_j - 1], (_j, 1, _d)),
            evaluate=False,
        ),
        "Horn and Johnson, Matrix Analysis, th. 7.4.1.2 (von Neumann); Bartlett (1933)",
        _trace_norm,
    ),
    lemma(
        "bartlett_determinant",
        "a Wishart determinant is a product of independent chi-squares",
        eq(wishart_determinant, sp.Product(ChiSquare(_n - _j), (_j, 1, _d))),
        "Bartlett (1933); Anderson, An Introduction to Multivariate Statistical Analysis, ch. 7",
        _bartlett_determinant,
    ),
    lemma(
        "bartlett_plane",
        "in the plane, from an isotropic covariance, the trace of the root in Bartlett's factors: "
        "its square is the trace plus twice the root of the determinant",
        eq(
            s.next_image_diversity,
            sp.sqrt(image_scale) * s.image_diversity / 2 * sp.sqrt(_plane),
        ),
        "Bartlett (1933); Cayley-Hamilton theorem",
        _bartlett_plane,
    ),
    lemma(
        "gaussian_volume",
        "the Lyapunov exponents of products of Gaussian (Bartlett) factors are the mean logs of "
        "the factor's diagonal",
        eq(s.lyapunov_exponent, Mean(sp.log(image_scale * ChiSquare(_n - _j))) / 2),
        "Newman, Comm. Math. Phys. 103 (1986) 121-126; Bartlett (1933)",
        _gaussian_volume,
    ),
    lemma(
        "daleckii_krein",
        "the trace of a power of a perturbed matrix to second order, by divided differences of "
        "the power's derivative (the eigenvalues s_a^2 are all different)",
        eq(s.next_power_trace, power_trace_expansion),
        "Daleckii and Krein (1965); Bhatia, Matrix Analysis, ch. V.3",
        _daleckii_krein,
    ),
    lemma(
        "small_deviation",
        "third moments of a sample covariance's deviation are of order nu^-2",
        eq(Mean(image_model.deviation[_a, _a] ** 3), 8 * _sd[_a] ** 6 / _nu**2),
        "Isserlis (1918); van der Vaart, Asymptotic Statistics, ch. 3",
        _third_moment,
    ),
)
