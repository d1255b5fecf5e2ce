"""Cited lemmas of algebra: sums, Jensen's root, binomial totals, two covariances on common axes.

A small case takes the statement that it is given and works both sides out in small worlds, at
numbers with nothing special about them, exactly.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from fractions import Fraction
from math import comb

import sympy as sp
from sympy.core.relational import Relational

from symbolic import symbols as s
from symbolic.lemmas.lemma import Lemma
from symbolic.model import image as image_model
from symbolic.model import text as text_model
from symbolic.relations import eq
from symbolic.symbols import Mean
from symbolic.worlds import Outcome, World, holds, value_of

term = sp.IndexedBase(sp.Symbol("X", nonnegative=True), nonnegative=True)
quantity = s.RandomSymbol("X", nonnegative=True)
_i, _k, _m, _K = s.text, s.other_text, s.count_index, s.num_texts
_N, _p = s.batch_size, s.text_prob
_a, _b, _d = s.feature, s.other_feature, s.num_features
entry = sp.Function("F")
first_variance, gap_of_means = text_model.axis_variance, text_model.axis_gap
axis_overlap = text_model.axis_overlap

F = Fraction
_SQUARES = (F(4), F(9, 4), F(1, 9), F(25, 16))  # numbers with nothing special, but for their roots
_SHARES = (F(1, 3), F(3, 7), F(4, 5))


# ------------------------------------------------------------------------------------------ sums


def _of_terms(statement: Relational) -> bool:
    """Two to four terms."""
    worlds = (
        World(name="terms", values={_K: F(size)}, tables={term.label: _at(_SQUARES)})
        for size in (2, 3, 4)
    )
    return all(holds(statement, world) for world in worlds)


def _of_entries(statement: Relational) -> bool:
    """One to four axes; neither a symmetric table nor a product."""
    worlds = (
        World(
            name="entries",
            values={_d: F(size)},
            tables={
                entry: lambda a, b: F((a + 2) ** 3 + 7 * b + a * b**2, a + 2 * b + 1),
                s.image_sd.label: _at(_SQUARES),
            },
        )
        for size in (1, 2, 3, 4)
    )
    return all(holds(statement, world) for world in worlds)


def _two_of_many(statement: Relational) -> bool:
    """Any two of one to four terms, or one; of as many as there are the bound is attained."""
    for size, terms in itertools.product((1, 2, 3, 4), (_SQUARES, (F(3), F(0), F(0), F(2)))):
        for i, k in itertools.product(range(size), repeat=2):
            world = World(
                name="terms",
                values={_K: F(size), _i: F(i), _k: F(k)},
                tables={term.label: _at(terms)},
            )
            sharp = sp.Eq(statement.lhs, statement.rhs, evaluate=False)
            if not holds(sharp if size == len({i, k}) else statement, world):
                return False
    return True


def _jensen_root(statement: Relational) -> bool:
    """Laws on two points; of a constant the bound is attained."""
    for share, first, second in itertools.product(_SHARES, _SQUARES, _SQUARES):
        outcomes = (
            Outcome(chance=share, values={quantity: first}),
            Outcome(chance=1 - share, values={quantity: second}),
        )
        sharp = sp.Eq(statement.lhs, statement.rhs, evaluate=False)
        world = World(name="two points", outcomes=outcomes)
        if not holds(sharp if first == second else statement, world):
            return False
    return True


def _at(values: tuple[Fraction, ...]) -> Callable[[int], Fraction]:
    return dict(enumerate(values)).__getitem__


# -------------------------------------------------------------------------------------- binomials


def _binomial(statement: Relational) -> bool:
    """Up to five trials, every threshold, three probabilities."""
    return all(holds(statement, world) for world in _trials())


def _trials() -> Iterator[World]:
    for size, share in itertools.product((1, 2, 5), _SHARES):
        for least in range(1, size + 1):
            below = sum(
                (comb(size, m) * share**m * (1 - share) ** (size - m) for m in range(least)), F(0)
            )
            yield World(
                name="trials",
                values={_N: F(size), _p: share, s.min_images: F(least),
                        image_model.counts_below: below},
            )  # fmt: skip


# ---------------------------------------------------- two covariances that are diagonal together


def _common_axes() -> tuple[sp.Matrix, sp.Matrix, sp.Matrix, sp.Matrix, World]:
    """``S1 = A A'``, ``S2 = A diag(l) A'`` and the gap ``A delta``, for a general rational A."""
    basis = sp.Matrix([[2, sp.Rational(1, 3)], [-1, sp.Rational(5, 2)]])
    variances, gaps = (F(3, 2), F(4, 7)), (F(5, 3), F(-2, 7))
    scale = sp.diag(*(sp.Rational(l_.numerator, l_.denominator) for l_ in variances))
    apart = basis * sp.Matrix([sp.Rational(g.numerator, g.denominator) for g in gaps])
    world = World(
        name="two axes",
        values={_d: F(2)},
        tables={first_variance.label: _at(variances), gap_of_means.label: _at(gaps)},
    )
    return basis, basis * basis.T, basis * scale * basis.T, apart, world


def _with(world: World, **more: object) -> World:
    values = {**world.values, **{vars(s)[name]: value for name, value in more.items()}}
    return World(name=world.name, values=values, tables=world.tables)


def _fraction(value: sp.Expr) -> Fraction:
    return Fraction(int(value.p), int(value.q))


def _diagonalised_form(statement: Relational) -> bool:
    _, first, second, apart, world = _common_axes()
    form = (apart.T * ((first + second) / 2).inv() * apart)[0]
    return holds(statement, _with(world, mahalanobis=_fraction(form)))


def _diagonalised_determinants(statement: Relational) -> bool:
    _, first, second, _, world = _common_axes()
    named = {"first": first, "second": second, "average": (first + second) / 2}
    logs = {
        f"log_det_{name}": value_of(sp.log(matrix.det()), world) for name, matrix in named.items()
    }
    return holds(statement, _with(world, **logs))


def _diagonalised_overlap(statement: Relational) -> bool:
    """The root of the product of the densities splits over the axes, at any point ``A u``."""
    basis, first, second, apart, world = _common_axes()
    ratio_of, delta = (world.tables[base.label] for base in (first_variance, gap_of_means))
    for u in ((F(1, 2), F(-2)), (F(7, 3), F(1, 5))):
        point = basis * sp.Matrix([sp.Rational(x.numerator, x.denominator) for x in u])
        logs = _log_density(point, first) + _log_density(point - apart, second)
        joint = logs / 2 + sp.log(sp.Abs(basis.det()))  # dx = |A| du

        def axis(a: int, u: tuple[Fraction, ...] = u) -> object:
            ratio, away = sp.Rational(str(ratio_of(a))), sp.Rational(str(u[a] - delta(a)))
            own = sp.Rational(str(u[a])) ** 2 / 4 + away**2 / (4 * ratio)
            return value_of(-own - sp.log(2 * sp.pi) / 2 - sp.log(ratio) / 4, world)

        at_point = World(
            name=world.name,
            values={**world.values, s.log_bhattacharyya: value_of(joint, world)},
            tables={**world.tables, axis_overlap: axis},
        )
        if not holds(statement, at_point):
            return False
    return True


def _log_density(away: sp.Matrix, cov: sp.Matrix) -> sp.Expr:
    return -(away.T * cov.inv() * away)[0] / 2 - sp.log(2 * sp.pi) - sp.log(cov.det()) / 2


# -------------------------------------------------------------------------------------- statements


_weight = sp.binomial(_N, _m) * _p**_m * (1 - _p) ** (_N - _m)
_texts = (_i, 0, _K - 1)
_axes = (_a, 0, s.num_features - 1)
_half = (1 + first_variance[_a]) / 2

LEMMAS = (
    Lemma(
        name="square_of_sum",
        in_words="the square of a sum is the squares and twice the products of pairs",
        statement=eq(
            sp.Sum(term[_i], _texts) ** 2,
            sp.Sum(term[_i] ** 2, _texts)
            + 2 * sp.Sum(term[_i] * term[_k], (_k, _i + 1, _K - 1), _texts),
        ),
        reference="multinomial theorem",
        small_case=_of_terms,
    ),
    Lemma(
        name="double_sum",
        in_words="a double sum is its diagonal and its pairs, both ways round",
        statement=eq(
            sp.Sum(entry(_a, _b), (_b, 0, _d - 1), _axes),
            sp.Sum(entry(_a, _a), _axes)
            + sp.Sum(entry(_a, _b) + entry(_b, _a), (_b, _a + 1, _d - 1), _axes),
        ),
        reference="elementary",
        small_case=_of_entries,
    ),
    Lemma(
        name="first_apart",
        in_words="a sum is its first term and the rest",
        statement=eq(
            sp.Sum(s.image_sd[_a], _axes),
            s.image_sd[0] + sp.Sum(s.image_sd[_a], (_a, 1, _d - 1)),
        ),
        reference="elementary",
        small_case=_of_entries,
    ),
    Lemma(
        name="first_pairs_apart",
        in_words="a sum over pairs is the pairs of the first and the pairs of the rest",
        statement=eq(
            sp.Sum(entry(_a, _b), (_b, _a + 1, _d - 1), _axes),
            sp.Sum(entry(0, _b), (_b, 1, _d - 1))
            + sp.Sum(entry(_a, _b), (_b, _a + 1, _d - 1), (_a, 1, _d - 1)),
        ),
        reference="elementary",
        small_case=_of_entries,
    ),
    Lemma(
        name="two_of_many",
        in_words="a sum of non-negative terms is at least any two of them, or one",
        statement=sp.Ge(
            sp.Sum(term[_m], (_m, 0, _K - 1)),
            term[_i] + (1 - sp.KroneckerDelta(_i, _k)) * term[_k],
            evaluate=False,
        ),
        reference="elementary",
        small_case=_two_of_many,
    ),
    Lemma(
        name="jensen_root",
        in_words="the mean of a root is at most the root of the mean",
        statement=sp.Le(Mean(sp.sqrt(quantity)), sp.sqrt(Mean(quantity)), evaluate=False),
        reference="Jensen (1906)",
        small_case=_jensen_root,
    ),
    Lemma(
        name="binomial_total",
        in_words="binomial probabilities add up to one",
        statement=eq(image_model.counts_below + sp.Sum(_weight, (_m, s.min_images, _N)), 1),
        reference="binomial theorem",
        small_case=_binomial,
    ),
    Lemma(
        name="binomial_shifted",
        in_words="binomial probabilities of N + 1 trials without the first add up to the rest",
        statement=eq(
            sp.Sum(
                sp.binomial(_N + 1, _m + 1) * _p ** (_m + 1) * (1 - _p) ** (_N - _m), (_m, 0, _N)
            ),
            1 - (1 - _p) ** (_N + 1),
        ),
        reference="binomial theorem",
        small_case=_binomial,
    ),
    Lemma(
        name="diagonalised_overlap",
        in_words="two covariances are diagonal in one basis, where the overlap is a product over "
        "axes",
        statement=eq(s.log_bhattacharyya, sp.Sum(axis_overlap(_a), _axes)),
        reference="Horn and Johnson, Matrix Analysis, th. 7.6.4; change of variables",
        small_case=_diagonalised_overlap,
    ),
    Lemma(
        name="diagonalised_form",
        in_words="the Mahalanobis form in that basis",
        statement=eq(sp.Sum(gap_of_means[_a] ** 2 / _half, _axes), s.mahalanobis),
        reference="Horn and Johnson, Matrix Analysis, th. 7.6.4",
        small_case=_diagonalised_form,
    ),
    Lemma(
        name="diagonalised_determinants",
        in_words="the determinants in that basis",
        statement=eq(
            sp.Sum(sp.log(_half) - sp.log(first_variance[_a]) / 2, _axes),
            s.log_det_average - (s.log_det_first + s.log_det_second) / 2,
        ),
        reference="Horn and Johnson, Matrix Analysis, th. 7.6.4",
        small_case=_diagonalised_determinants,
    ),
)
