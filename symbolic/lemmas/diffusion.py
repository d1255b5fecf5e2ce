"""Lemmas on drift: what shares of N draws can be, and the diffusion's time at each share."""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp
from sympy.core.relational import Relational

from symbolic import symbols as s
from symbolic.lemmas.lemma import lemma
from symbolic.moments import binomial_moment

_N, _t, _i = s.batch_size, s.generations, s.text
_h, _u = s.text_diversity_at[_t + 1], s.unsettled[_t + 1]
_share, _alone = s.text_probs_at[_t + 1, _i], s.only_text[_t + 1, _i]
_v = sp.Symbol("v", positive=True)  # share of the other texts, an integration variable
_rest = 1 - s.text_probs[_i]
residence_error = sp.IndexedBase(sp.Symbol("rest", real=True), real=True)


def _compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for others in _compositions(total - first, parts - 1):
            yield (first, *others)


def _gap(statement: Relational, values: dict[sp.Basic, sp.Expr]) -> sp.Expr:
    """Left minus right at a state; inequalities that point down change sign."""
    gap = sp.sympify((statement.lhs - statement.rhs).subs(values))
    return -gap if isinstance(statement, sp.Le) else gap


def _holds(statement: Relational, cases: Iterator[dict[sp.Basic, sp.Expr]]) -> bool:
    """Tell whether an inequality holds in every case, and is attained in some, if not in all."""
    gaps = [_gap(statement, case) for case in cases]
    numbers = all(gap.is_number for gap in gaps)
    return numbers and min(gaps) == 0 and (max(gaps) > 0 or not isinstance(statement, sp.Eq))


def _states() -> Iterator[dict[sp.Basic, sp.Expr]]:
    """Every outcome of an update with two to five images and up to three texts."""
    for size in range(2, 6):
        for counts in (c for k in (2, 3) for c in _compositions(size, k)):
            shares = [sp.Rational(c, size) for c in counts]
            yield {
                _N: sp.Integer(size),
                _h: 1 - sum(x**2 for x in shares),
                _u: sp.Integer(max(counts) < size),
                _share: shares[0],
                _alone: sp.Integer(counts[0] == size),
            }


def _grid(statement: Relational) -> bool:
    settled, unsettled = ([case for case in _states() if case[_u] == left] for left in (0, 1))
    each_size = ([case for case in unsettled if case[_N] == size] for size in range(2, 6))
    return _holds(statement, iter(settled)) and all(
        _holds(statement, iter(cases)) for cases in each_size
    )


def _share_grid(statement: Relational) -> bool:
    partly = [c for c in _states() if 0 < c[_share] < 1]
    whole = [c for c in _states() if c[_share] in (0, 1)]
    each_size = ([c for c in partly if c[_N] == size] for size in range(2, 6))
    return all(_gap(statement, c) == 0 for c in whole) and all(
        _holds(statement, iter(cases)) for cases in each_size
    )


def _alone_or_not(statement: Relational) -> bool:
    now = {_share: s.text_probs_at[_t, _i], _alone: s.only_text[_t, _i]}
    cases = [{now.get(k, k): v for k, v in case.items()} for case in _states()]
    whole = [case for case in cases if case[now[_share]] in (0, 1)]
    return _holds(statement, iter(cases)) and all(_gap(statement, case) == 0 for case in whole)


def _residence_without_error(statement: Relational) -> tuple[sp.Symbol, sp.Expr]:
    x = sp.Symbol("x", positive=True)
    time = statement.rhs.xreplace({residence_error[_i]: sp.S.Zero, s.text_probs[_i]: 1 - x})
    return x, time.doit()


def _backward_equation(statement: Relational) -> bool:
    # In x = 1 - p: (1 - x) x / (2 N) g'' = -(1 - x), and g vanishes at both ends.
    if statement.lhs != s.text_residence[_i] or not statement.rhs.has(residence_error[_i]):
        return False
    x, time = _residence_without_error(statement)
    change = x * (1 - x) / (2 * _N) * sp.diff(time, x, 2) + 1 - x
    ends = (sp.limit(time, x, 0), time.subs(x, 1))
    return sp.simplify(change) == 0 and all(sp.simplify(end) == 0 for end in ends)


def _next_order(statement: Relational) -> bool:
    # E g(p') - g(p) = -p up to order 1/N: central binomial moments of orders 2, 3 and 4.
    x = sp.Symbol("x", positive=True)
    start = {residence_error[_i]: sp.S.Zero, s.text_probs[_i]: x}
    time, change = statement.rhs.xreplace(start), sp.S.Zero
    if statement.lhs != s.text_residence[_i] or time == statement.rhs.xreplace({_share: x}):
        return False
    for order in (2, 3, 4):
        raw = [binomial_moment(_N, x, k) / _N**k for k in range(order + 1)]
        central = sum(
            sp.binomial(order, k) * raw[k] * (-x) ** (order - k) for k in range(order + 1)
        )
        change += sp.diff(time, x, order) * central / sp.factorial(order)
    change = sp.cancel(sp.together(change + x))
    if not change.is_rational_function(x, _N):
        return False
    above, below = (sp.degree(part, _N) for part in sp.fraction(change))
    leading = sp.diff(time, _N) + 2 * (1 - x) * sp.log(1 - x)
    offset = sp.diff(time, s.fixation_time_offset) + x
    settled = (sp.simplify(leading), sp.simplify(offset), time.subs(x, 0))
    return below - above > 1 and settled == (0, 0, 0)


LEMMAS = (
    lemma(
        "grid_diversity",
        "shares of N draws that show two texts have at least the diversity of (N - 1, 1)",
        sp.Ge(_h, 2 * (_N - 1) / _N**2 * _u, evaluate=False),
        "elementary: with the largest count m <= N - 1, sum n_i^2 <= m^2 + (N - m)^2",
        _grid,
    ),
    lemma(
        "grid_share",
        "a share of N draws below 1 is at most 1 - 1/N",
        sp.Ge(_alone, _share - _N * (_share - _share**2), evaluate=False),
        "elementary: p <= N p (1 - p) for p = 0, 1/N, ..., (N - 1)/N",
        _share_grid,
    ),
    lemma(
        "alone",
        "a text is alone only if it has all the probability",
        sp.Le(s.only_text[_t, _i], s.text_probs_at[_t, _i], evaluate=False),
        "elementary",
        _alone_or_not,
    ),
    lemma(
        "sojourn_time",
        "the Wright-Fisher diffusion spends 2N (1-p)/(1-x) dx updates at shares x below its start "
        "p and 2N p/x dx above it; here v = 1 - x, weighted by x, and what the diffusion leaves "
        "out of the chain's value",
        sp.Eq(
            s.text_residence[_i],
            2
            * _N
            * (
                _rest
                * (sp.Integral(1 / _v, (_v, _rest, 1)) - sp.Integral(sp.S.One, (_v, _rest, 1)))
                + (1 - _rest) * sp.Integral(sp.S.One, (_v, 0, _rest))
            )
            + residence_error[_i],
            evaluate=False,
        ),
        "Ewens, Mathematical Population Genetics, 2nd ed. (2004), ch. 4 and 5; "
        "Littler, Mathematical Biosciences 25 (1975) 151-163",
        _backward_equation,
    ),
    lemma(
        "sojourn_next_order",
        "one order in 1/N more, away from the corners; near them only a multiple of p is added",
        sp.Eq(
            s.text_residence[_i],
            -2 * _N * _rest * sp.log(_rest)
            - (1 - _rest) * (sp.log(_rest) / 3 + s.fixation_time_offset)
            + residence_error[_i],
            evaluate=False,
        ),
        "the chain's backward equation with four moments, checked here; that the error vanishes is "
        "seen in numbers only",
        _next_order,
    ),
)
