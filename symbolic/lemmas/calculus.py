"""Elementary inequalities and binomial sums, each checked as it is stated.

Every ``small_case`` works on the statement that it is given: it looks at the gap between the two
sides, so that an altered statement fails.
"""

from __future__ import annotations

import itertools

import sympy as sp
from sympy.core.relational import Relational

from symbolic import symbols as s
from symbolic.lemmas.lemma import lemma
from symbolic.relations import le
from symbolic.symbols import SampleMean

positive_quantity = s.RandomSymbol("Y", positive=True)
size = s.RandomSymbol("X", nonnegative=True)
shift = sp.Symbol("shift", integer=True, positive=True)
of_count = sp.Function("g", real=True)

_N, _m, _p, _R = s.batch_size, s.count_index, s.text_prob, s.replicates
_Y, _a = positive_quantity, s.share_power
_counts = (_m, s.min_images, _N)


def _gap(statement: Relational) -> sp.Expr:
    """Give what the statement says is not negative (or, for an equation, zero)."""
    gap = statement.lhs - statement.rhs
    return -gap if isinstance(statement, sp.Le) else gap


def _has_coefficients_above(poly: sp.Expr, *variables: sp.Symbol) -> bool:
    numerator, denominator = sp.fraction(sp.cancel(sp.together(poly)))
    return all(
        all(c >= 0 for c in sp.Poly(part, *variables).coeffs()) for part in (numerator, denominator)
    )


def _log_tangent(statement: Relational) -> bool:
    # The gap and its slope vanish at 1, and the slope has the sign of Y - 1.
    u, gap = sp.Symbol("u", positive=True), _gap(statement)
    slope = sp.diff(gap, _Y)
    right, left = slope.subs(_Y, 1 + u), -slope.subs(_Y, 1 / (1 + u))
    touches = gap.subs(_Y, 1) == 0 and slope.subs(_Y, 1) == 0
    return touches and _has_coefficients_above(right, u) and _has_coefficients_above(left, u)


def _bernoulli(statement: Relational) -> bool:
    # With Y = y**k and a = j/k the gap is (y - 1)**2 times a polynomial of positive coefficients.
    y = sp.Symbol("y", positive=True)
    for j, k in ((1, 2), (1, 3), (2, 3), (1, 4), (3, 4)):
        gap = sp.expand(_gap(statement).subs({_a: sp.Rational(j, k), _Y: y**k}))
        if not gap.is_polynomial(y):
            return False
        quotient, rest = sp.div(sp.Poly(gap, y), sp.Poly((y - 1) ** 2, y))
        if not rest.is_zero or not _has_coefficients_above(quotient.as_expr(), y):
            return False
    return True


def _subadditive_power(statement: Relational) -> bool:
    # With x_j = a_j**k and power 1/k both sides to the k-th power are polynomials; where only
    # one x_j is not zero they agree.
    a = sp.symbols("a0:3", positive=True)
    for k, number in itertools.product((2, 3), (2, 3)):
        values = [x**k for x in a[:number]]

        def average(of: sp.Expr, _size: sp.Expr, values: list[sp.Expr] = values) -> sp.Expr:
            return sum(of.subs(size, x) for x in values) / len(values)

        at = {s.fraction_power: sp.Rational(1, k), _R: number}
        sides = [side.subs(at).replace(SampleMean, average) for side in statement.args]
        powers = [sp.expand(sp.expand_power_base(sp.factor(side) ** k)) for side in sides]
        gap = sp.expand(_gap(statement.func(*powers, evaluate=False)))
        alone = gap.subs(dict.fromkeys(a[1:], 0))
        if not gap.is_polynomial(*a) or alone != 0 or not _has_coefficients_above(gap, *a):
            return False
    return True


def _binomial_cases(statement: Relational) -> list[sp.Expr]:
    """Write the gap out at small sizes, as a function of p/(1-p)."""
    u = sp.Symbol("u", positive=True)
    gaps = []
    for number in range(1, 5):
        for least, over in itertools.product(range(1, number + 1), (1, 2)):
            gap = _gap(statement).subs({_N: number, s.min_images: least, shift: over})
            gap = gap.replace(sp.Sum, lambda *args: sp.Sum(*args).doit())
            gaps.append(sp.cancel(sp.together(gap.subs(_p, u / (1 + u)))))
    return gaps


def _binomial_part(statement: Relational) -> bool:
    u = sp.Symbol("u", positive=True)
    gaps = _binomial_cases(statement)
    # Everything is counted as p tends to 1.
    return all(_has_coefficients_above(g, u) and sp.limit(g, u, sp.oo) == 0 for g in gaps)


def _binomial_mean_above(statement: Relational) -> bool:
    u = sp.Symbol("u", positive=True)
    gaps = _binomial_cases(statement)
    whole = [gap for gap in gaps if gap == 0]  # from one image on, nothing is left out
    return len(whole) == 2 * 4 and all(_has_coefficients_above(g, u) for g in gaps if g != 0)


def _binomial_split(statement: Relational) -> bool:
    return all(gap == 0 for gap in _binomial_cases(statement))


def _binomial_slope(statement: Relational) -> bool:
    for number in range(1, 5):
        for least in range(1, number + 1):
            gap = _gap(statement).subs({_N: number, s.min_images: least})
            written = gap.replace(sp.Sum, lambda *args: sp.Sum(*args).doit()).doit()
            if sp.expand(sp.simplify(written)) != 0:
                return False
    return True


def binomial_weight(trials: sp.Expr, successes: sp.Expr) -> sp.Expr:
    """Probability of so many successes in so many trials.

    Parameters
    ----------
    trials, successes : sympy.Expr
        The counts.

    Returns
    -------
    sympy.Expr
        The binomial probability with success probability ``text_prob``.

    Examples
    --------
    >>> binomial_weight(2, 2)
    p**2
    """
    return sp.binomial(trials, successes) * _p**successes * (1 - _p) ** (trials - successes)


_LORENTZ = "Lorentz, Bernstein Polynomials (1953): the derivative of a Bernstein polynomial"

LEMMAS = (
    lemma(
        "log_tangent",
        "the logarithm lies below its tangent at 1",
        le(sp.log(_Y), _Y - 1),
        "concavity of the logarithm; the check proves it",
        _log_tangent,
    ),
    lemma(
        "bernoulli",
        "a power at most 1 lies below its tangent at 1",
        le(_Y**_a, 1 + _a * (_Y - 1)),
        "Bernoulli's inequality; Hardy, Littlewood and Polya, Inequalities (1934), th. 41-42",
        _bernoulli,
    ),
    lemma(
        "subadditive_power",
        "a power theta in (0, 1] of a sum is at most the sum of the powers",
        le(
            SampleMean(size, _R) ** s.fraction_power,
            _R ** (1 - s.fraction_power) * SampleMean(size**s.fraction_power, _R),
        ),
        "Hardy, Littlewood and Polya, Inequalities (1934), th. 19",
        _subadditive_power,
    ),
    lemma(
        "binomial_part",
        "a part of all binomial probabilities is at most one",
        le(sp.Sum(binomial_weight(_N + shift, _m + shift), _counts), 1),
        "binomial theorem",
        _binomial_part,
    ),
    lemma(
        "binomial_mean_above",
        "a binomial count, where it reaches min_images, has a mean of at most N p",
        le(sp.Sum(binomial_weight(_N, _m) * _m, _counts), _N * _p),
        "binomial theorem",
        _binomial_mean_above,
    ),
    lemma(
        "binomial_split",
        "binomial probabilities from min_images on are what is left of one",
        sp.Eq(
            sp.Sum(binomial_weight(_N, _m), _counts),
            1 - sp.Sum(binomial_weight(_N, _m), (_m, 0, s.min_images - 1)),
            evaluate=False,
        ),
        "binomial theorem",
        _binomial_split,
    ),
    lemma(
        "binomial_slope",
        "the derivative in p of a mean over a binomial count that reaches min_images",
        sp.Eq(
            sp.Derivative(sp.Sum(binomial_weight(_N, _m) * of_count(_m), _counts), _p),
            _N
            * sp.Sum(
                binomial_weight(_N - 1, _m) * (of_count(_m + 1) - of_count(_m)),
                (_m, s.min_images, _N - 1),
            )
            + _N * binomial_weight(_N - 1, s.min_images - 1) * of_count(s.min_images),
            evaluate=False,
        ),
        _LORENTZ,
        _binomial_slope,
    ),
)
