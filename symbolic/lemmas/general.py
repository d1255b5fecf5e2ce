"""Cited lemmas: what SymPy cannot reach in symbolic dimension, with reference and small case.

Each lemma is a statement whose free symbols may be specialised, a reference for its proof, and a
``small_case`` that checks it exactly where SymPy can.  A theorem lists every lemma it uses.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp
from sympy.core.relational import Relational

from symbolic import symbols as s
from symbolic.lemmas.lemma import Lemma
from symbolic.model import image as image_model
from symbolic.model import text as text_model
from symbolic.symbols import Mean

term = sp.IndexedBase(sp.Symbol("X", nonnegative=True), nonnegative=True)
quantity = s.RandomSymbol("X", nonnegative=True)
_i, _k, _m, _K = s.text, s.other_text, s.count_index, s.num_texts
_N, _n, _p = s.batch_size, s.image_count, s.text_prob
_t, _a, _b, _d = s.generations, s.feature, s.other_feature, s.num_features
entry = sp.Function("F")
first_variance, gap_of_means = text_model.axis_variance, text_model.axis_gap
axis_overlap = text_model.axis_overlap


def _small_terms() -> tuple[list[sp.Symbol], int]:
    return list(sp.symbols("x0:4", nonnegative=True)), 4


def _square_of_sum() -> bool:
    x, size = _small_terms()
    pairs = sum(x[i] * x[k] for i in range(size) for k in range(i + 1, size))
    return sp.expand(sum(x) ** 2 - sum(v**2 for v in x) - 2 * pairs) == 0


def _double_sum() -> bool:
    both = sum(entry(a, b) for a in range(4) for b in range(4))
    pairs = sum(entry(a, b) + entry(b, a) for a in range(4) for b in range(a + 1, 4))
    return both - sum(entry(a, a) for a in range(4)) - pairs == 0


def _first_apart() -> bool:
    every = sum(entry(a, b) for a in range(4) for b in range(a + 1, 4))
    first = sum(entry(0, b) for b in range(1, 4))
    rest = sum(entry(a, b) for a in range(1, 4) for b in range(a + 1, 4))
    return every - first - rest == 0


def _two_of_many() -> bool:
    x, size = _small_terms()
    return all(bool((sum(x) - x[i] - x[k]).is_nonnegative) for i in range(size) for k in range(i))


def _jensen_root() -> bool:
    # A two-point law: E[X] - E[sqrt X]^2 = w (1 - w) (sqrt x0 - sqrt x1)^2.
    x0, x1, w = sp.symbols("x0 x1 w", nonnegative=True)
    spread = w * (1 - w) * (sp.sqrt(x0) - sp.sqrt(x1)) ** 2
    return (
        sp.expand(w * x0 + (1 - w) * x1 - (w * sp.sqrt(x0) + (1 - w) * sp.sqrt(x1)) ** 2 - spread)
        == 0
    )


def _binomial_total() -> bool:
    return all(
        sp.expand(sum(sp.binomial(n, m) * _p**m * (1 - _p) ** (n - m) for m in range(n + 1))) == 1
        for n in range(1, 6)
    )


def _binomial_shifted() -> bool:
    def left(n: int) -> sp.Expr:
        return sum(
            sp.binomial(n + 1, m + 1) * _p ** (m + 1) * (1 - _p) ** (n - m) for m in range(n + 1)
        )

    return all(sp.expand(left(n) - 1 + (1 - _p) ** (n + 1)) == 0 for n in range(1, 6))


def _diagonalisation() -> bool:
    # S1 = A A', S2 = A diag(l) A', gap = A delta, for a general 2 x 2 A.
    a = sp.Matrix(2, 2, sp.symbols("a0:4", real=True))
    scale = sp.diag(*sp.symbols("l0:2", positive=True))
    delta = sp.Matrix(sp.symbols("d0:2", real=True))
    average = a * (sp.eye(2) + scale) * a.T / 2
    form = ((a * delta).T * average.inv() * (a * delta))[0]
    axes = sum(2 * delta[j] ** 2 / (1 + scale[j, j]) for j in (0, 1))
    dets = average.det() ** 2 / ((a * a.T).det() * (a * scale * a.T).det())
    ratio = sp.prod([((1 + scale[j, j]) / 2) ** 2 / scale[j, j] for j in (0, 1)])
    return sp.simplify(form - axes) == 0 and sp.simplify(dets - ratio) == 0


def _lemma(
    name: str, in_words: str, statement: Relational, reference: str, small: Callable[[], bool]
) -> Lemma:
    return Lemma(
        name=name,
        in_words=in_words,
        statement=statement,
        reference=reference,
        small_case=lambda _statement: small(),
    )


def _eq(lhs: sp.Expr, rhs: sp.Expr) -> sp.Eq:
    return sp.Eq(lhs, rhs, evaluate=False)


_weight = sp.binomial(_N, _m) * _p**_m * (1 - _p) ** (_N - _m)
_texts = (_i, 0, _K - 1)
_axes = (_a, 0, s.num_features - 1)
_half = (1 + first_variance[_a]) / 2

_ALL = (
    _lemma(
        "square_of_sum",
        "the square of a sum is the squares and twice the products of pairs",
        _eq(
            sp.Sum(term[_i], _texts) ** 2,
            sp.Sum(term[_i] ** 2, _texts)
            + 2 * sp.Sum(term[_i] * term[_k], (_k, _i + 1, _K - 1), _texts),
        ),
        "multinomial theorem",
        _square_of_sum,
    ),
    _lemma(
        "double_sum",
        "a double sum is its diagonal and its pairs, both ways round",
        _eq(
            sp.Sum(entry(_a, _b), (_b, 0, _d - 1), _axes),
            sp.Sum(entry(_a, _a), _axes)
            + sp.Sum(entry(_a, _b) + entry(_b, _a), (_b, _a + 1, _d - 1), _axes),
        ),
        "elementary",
        _double_sum,
    ),
    _lemma(
        "first_apart",
        "a sum is its first term and the rest",
        _eq(
            sp.Sum(s.image_sd[_a], _axes),
            s.image_sd[0] + sp.Sum(s.image_sd[_a], (_a, 1, _d - 1)),
        ),
        "elementary",
        _first_apart,
    ),
    _lemma(
        "first_pairs_apart",
        "a sum over pairs is the pairs of the first and the pairs of the rest",
        _eq(
            sp.Sum(entry(_a, _b), (_b, _a + 1, _d - 1), _axes),
            sp.Sum(entry(0, _b), (_b, 1, _d - 1))
            + sp.Sum(entry(_a, _b), (_b, _a + 1, _d - 1), (_a, 1, _d - 1)),
        ),
        "elementary",
        _first_apart,
    ),
    _lemma(
        "two_of_many",
        "a sum of non-negative terms is at least any two of them (i != k)",
        sp.Ge(sp.Sum(term[_m], (_m, 0, _K - 1)), term[_i] + term[_k], evaluate=False),
        "elementary",
        _two_of_many,
    ),
    _lemma(
        "jensen_root",
        "the mean of a root is at most the root of the mean",
        sp.Le(Mean(sp.sqrt(quantity)), sp.sqrt(Mean(quantity)), evaluate=False),
        "Jensen (1906)",
        _jensen_root,
    ),
    _lemma(
        "binomial_total",
        "binomial probabilities add up to one",
        _eq(image_model.counts_below + sp.Sum(_weight, (_m, s.min_images, _N)), 1),
        "binomial theorem",
        _binomial_total,
    ),
    _lemma(
        "binomial_shifted",
        "binomial probabilities of N + 1 trials without the first add up to the rest",
        _eq(
            sp.Sum(
                sp.binomial(_N + 1, _m + 1) * _p ** (_m + 1) * (1 - _p) ** (_N - _m), (_m, 0, _N)
            ),
            1 - (1 - _p) ** (_N + 1),
        ),
        "binomial theorem",
        _binomial_shifted,
    ),
    _lemma(
        "diagonalised_overlap",
        "two covariances are diagonal in one basis, where the overlap is a product over axes",
        _eq(s.log_bhattacharyya, sp.Sum(axis_overlap(_a), _axes)),
        "Horn and Johnson, Matrix Analysis, th. 7.6.4; change of variables",
        _diagonalisation,
    ),
    _lemma(
        "diagonalised_form",
        "the Mahalanobis form in that basis",
        _eq(sp.Sum(gap_of_means[_a] ** 2 / _half, _axes), s.mahalanobis),
        "Horn and Johnson, Matrix Analysis, th. 7.6.4",
        _diagonalisation,
    ),
    _lemma(
        "diagonalised_determinants",
        "the determinants in that basis",
        _eq(
            sp.Sum(sp.log(_half) - sp.log(first_variance[_a]) / 2, _axes),
            s.log_det_average - (s.log_det_first + s.log_det_second) / 2,
        ),
        "Horn and Johnson, Matrix Analysis, th. 7.6.4",
        _diagonalisation,
    ),
)

LEMMAS = _ALL
