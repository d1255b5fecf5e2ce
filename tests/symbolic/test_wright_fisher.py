"""Drift with one-hot posteriors: moments of counts, mean times, and rules that must not lie."""

import dataclasses
import itertools
import math
from fractions import Fraction

import pytest
import sympy as sp

from symbolic import LEMMAS, THEOREMS, DerivationError, rules
from symbolic import symbols as s
from symbolic.fixation import compare_fixation_times, mean_fixation_time
from symbolic.moments import binomial_moment, multinomial_factorial_moment, multinomial_moment
from symbolic.symbols import Mean
from symbolic.witness import WitnessError, evaluate
from symbolic.witnesses.enumeration import PROBS, drift, gini, mean, total_until_settled
from symbolic.witnesses.wright_fisher import WITNESSES

F = Fraction


def rational(x: Fraction) -> sp.Rational:
    return sp.Rational(x.numerator, x.denominator)


# ------------------------------------------------------------------------------ moments of counts


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_multinomial_moments_by_enumeration(size: int) -> None:
    law = drift(PROBS, size)
    for texts in itertools.chain.from_iterable(
        itertools.product(range(3), repeat=order) for order in (1, 2, 3, 4)
    ):
        expected = mean(
            law, lambda p, texts=texts: math.prod((p[i] * size for i in texts), start=F(1))
        )
        found = multinomial_moment(sp.Integer(size), lambda i: rational(PROBS[int(i)]), texts)
        assert found == rational(expected)


def test_factorial_and_binomial_moments() -> None:
    size, probs = 4, [rational(p) for p in PROBS]
    expected = mean(
        drift(PROBS, size),
        lambda p: math.perm(int(p[0] * size), 2) * math.perm(int(p[2] * size), 1) * F(1),
    )
    found = multinomial_factorial_moment(sp.Integer(size), [probs[0], probs[2]], [2, 1])
    assert found == rational(expected)
    N, p = s.batch_size, s.text_prob
    for order, trials in itertools.product((1, 2, 3, 4), (1, 2, 5)):
        total = sum(
            k**order * sp.binomial(trials, k) * p**k * (1 - p) ** (trials - k)
            for k in range(1, trials + 1)
        )
        assert sp.expand(binomial_moment(N, p, order).subs(N, trials) - total) == 0


# --------------------------------------------------------------------------------- mean times

# Exact mean time and what the diffusion says, by the counts at the start.
TABLE = {
    (1, 1): (2.0, 2.772589, -0.772589),
    (2, 1): (3.0, 3.819085, -0.819085),
    (5, 5): (12.590518, 13.862944, -1.272425),
    (10, 10): (26.229485, 27.725887, -1.496402),
    (3, 7, 10): (29.035216, 30.588943, -1.553727),
    (4, 4, 4, 4, 4): (34.049445, 35.702968, -1.653523),
    (19, 1): (7.231219, 7.940610, -0.709390),
}


@pytest.mark.parametrize("counts", sorted(TABLE))
def test_mean_time_and_diffusion(counts: tuple[int, ...]) -> None:
    times = compare_fixation_times(counts)
    found = (float(times.exact), float(times.diffusion), float(times.difference))
    assert found == pytest.approx(TABLE[counts], abs=1e-6)


@pytest.mark.parametrize("counts", [(1, 1), (2, 1), (1, 1, 1), (2, 1, 1), (3, 2), (2, 0, 2)])
def test_mean_time_is_that_of_the_whole_chain(counts: tuple[int, ...]) -> None:
    size = sum(counts)
    probs = tuple(F(c, size) for c in counts)
    assert mean_fixation_time(counts) == total_until_settled(probs, size, lambda _: F(1))


@pytest.mark.parametrize("counts", [(3, 7), (3, 7, 10), (5, 5, 5), (12, 8), (2, 3, 4, 5)])
def test_bounds_hold_the_mean_time(counts: tuple[int, ...]) -> None:
    size, exact = sum(counts), rational(mean_fixation_time(counts))
    numbers = {
        "batch_size": size,
        "num_texts": len(counts),
        "initial_text_diversity": gini(tuple(F(c, size) for c in counts)),
    }
    below = evaluate(THEOREMS["fixation_time_lower_bound"].rhs, numbers)
    above = [
        evaluate(THEOREMS["fixation_time_upper_bound"].rhs, numbers | {"cutoff_update": tau})
        for tau in range(4 * size)
    ]
    assert below < exact < min(above)
    assert min(above) < size * (2 + sp.log(size))  # of the right order, N log N at most


def test_next_order_leaves_one_offset_for_all_starts() -> None:
    size = 20
    expr = THEOREMS["fixation_time_next_order"].rhs.subs(s.fixation_time_offset, 0)
    offsets = []
    for counts in ((10, 10), (6, 14), (3, 7, 10), (4, 4, 4, 4, 4), (5, 6, 9)):
        numbers = {
            "batch_size": size,
            "num_texts": len(counts),
            "text_probs": tuple(F(c, size) for c in counts),
        }
        offsets.append(float(evaluate(expr, numbers)) - float(mean_fixation_time(counts)))
    assert max(offsets) - min(offsets) < 0.002
    assert offsets[0] == pytest.approx(math.log(size) / 3 + 0.722, abs=0.02)


@pytest.mark.parametrize("counts", [(), (0, 0), (3, -1)])
def test_bad_counts_are_refused(counts: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="Expected counts"):
        mean_fixation_time(counts)


def test_one_text_has_no_diffusion_time() -> None:
    assert mean_fixation_time((4, 0)) == 0
    with pytest.raises(ValueError, match="at least two"):
        compare_fixation_times((4, 0))


# --------------------------------------------------------------- what the variance agrees with


def test_variance_after_one_update_is_the_one_step_variance() -> None:
    one = THEOREMS["wright_fisher_diversity_variance"].rhs
    path = THEOREMS["text_diversity_variance"].rhs.subs(s.generations, 1)
    path = path.subs(
        {s.initial_text_diversity: s.text_diversity, s.initial_third_power_sum: s.third_power_sum}
    )
    assert sp.simplify(path - one) == 0


def test_variance_starts_and_ends_at_zero() -> None:
    variance = THEOREMS["text_diversity_variance"].rhs
    numbers = {
        s.batch_size: 7,
        s.initial_text_diversity: sp.Rational(3, 5),
        s.initial_third_power_sum: sp.Rational(1, 5),
    }
    assert sp.simplify(variance.subs(s.generations, 0)) == 0
    assert variance.subs({**numbers, s.generations: 5}) > sp.Rational(1, 100)
    assert 0 < variance.subs({**numbers, s.generations: 200}) < sp.Rational(1, 10**10)


# ----------------------------------------------------------------- rules that must not prove

_t, _i, _k = s.generations, s.text, s.other_text
_third, _ever = sp.Rational(1, 3), (s.generations, 0, sp.oo)
_x = sp.IndexedBase(sp.Symbol("x", real=True), real=True)


def _eq(lhs: sp.Expr, rhs: sp.Expr) -> sp.Eq:
    return sp.Eq(lhs, rhs, evaluate=False)


def _pairs(summand: sp.Expr, *limits: object) -> sp.Sum:
    return sp.Sum(summand, *limits)


FALSE = {
    "count moment": (
        "multinomial moments",
        _eq(Mean(s.text_counts[_i] ** 2), s.batch_size * s.text_probs[_i]),
        {},
    ),
    "other counts": ("multinomial moments", _eq(Mean(s.next_text_probs[_i]), 0), {}),
    "series": ("geometric series", _eq(sp.Sum(_third**_t, _ever), 2), {"ratio": _third}),
    "series that grows": (
        "geometric series", _eq(sp.Sum(sp.Integer(2) ** _t, _ever), -1), {"ratio": sp.Integer(2)},
    ),
    "series of ones": ("geometric series", _eq(sp.Sum(1, _ever), sp.oo), {"ratio": sp.S.One}),
    "finite series": (
        "geometric series",
        _eq(sp.Sum(_third**_t, (_t, 0, 4)), sp.Rational(3, 2)),
        {"ratio": _third},
    ),
    "triangle": (
        "order of summation",
        _eq(
            _pairs(_x[_i, _k], (_k, 0, _i), (_i, 0, 3)), _pairs(_x[_i, _k], (_i, 0, 3), (_k, 0, _i))
        ),
        {},
    ),
    "other summand": (
        "order of summation",
        _eq(
            _pairs(_x[_i, _k], (_k, 0, 3), (_i, 0, 5)), _pairs(_x[_k, _i], (_k, 0, 3), (_i, 0, 5))
        ),
        {},
    ),
    "signed series": (
        "order of summation",
        _eq(
            _pairs(_x[_i, _t], (_i, 0, sp.oo), _ever), _pairs(_x[_i, _t], _ever, (_i, 0, sp.oo))
        ),
        {},
    ),
    "overlapping pieces": (
        "split sum",
        _eq(
            sp.Sum(_x[_t], _ever),
            sp.Sum(_x[_t], (_t, 0, 3)) + sp.Sum(_x[_t], (_t, 3, sp.oo)),
        ),
        {"after": sp.Integer(3)},
    ),
    "derivative": (
        "derivative",
        _eq(sp.Derivative(s.text_prob**2, s.text_prob), s.text_prob),
        {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(FALSE))
def test_rules_do_not_prove_what_is_false(name: str) -> None:
    rule, claim, given = FALSE[name]
    with pytest.raises(DerivationError):
        rules.check_step(rule, claim, [], given)


def test_two_bounds_on_one_side_give_no_equation() -> None:
    p, q = s.text_prob, s.injection_prob
    upper, lower = sp.Le(p, q, evaluate=False), sp.Ge(p, q, evaluate=False)
    rules.check_step("both bounds", _eq(p, q), [upper, lower], {})
    for facts in ([upper, upper], [upper, sp.Ge(p, q / 2, evaluate=False)]):
        with pytest.raises(DerivationError):
            rules.check_step("both bounds", _eq(p, q), facts, {})


@pytest.mark.parametrize(
    "name", ["grid_diversity", "grid_share", "alone", "sojourn_time", "sojourn_next_order"]
)
def test_altered_lemmas_on_drift_fail(name: str) -> None:
    lemma = LEMMAS[name]
    left, right = lemma.statement.args
    for wrong in (right * sp.Rational(101, 100), right * sp.Rational(99, 100), right + 1):
        altered = lemma.statement.func(left, wrong, evaluate=False)
        with pytest.raises(ValueError, match="small size"):
            dataclasses.replace(lemma, statement=altered).check()


@pytest.mark.parametrize("name", sorted(set(WITNESSES) - {"fixation_time_diffusion"}))
def test_a_constant_one_percent_off_is_noticed(name: str) -> None:
    statement = THEOREMS[name].statement
    for factor in (sp.Rational(99, 100), sp.Rational(101, 100)):
        altered = statement.func(statement.lhs, factor * statement.rhs, evaluate=False)
        with pytest.raises(WitnessError):
            WITNESSES[name].check(altered)
