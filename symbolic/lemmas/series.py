"""Series and products without end, each checked as it is stated.

Every ``small_case`` works on the statement that it is given, so that an altered one fails.
"""

from __future__ import annotations

import sympy as sp
from sympy.core.relational import Relational

from symbolic import symbols as s
from symbolic.lemmas.lemma import lemma
from symbolic.relations import eq

small = sp.Symbol("x", positive=True)
shift = sp.Symbol("c", real=True)
power = s.schedule_power
_s = s.past_generation
_k = _s + 1
_endless = (_s, 0, sp.oo)


def _basel(statement: Relational) -> bool:
    return bool(statement.lhs.doit() - statement.rhs == 0)


def _sine_product(statement: Relational) -> bool:
    # The logarithms of both sides have the same power series: zeta values against Bernoulli's.
    product, closed = statement.lhs, statement.rhs
    if not isinstance(product, sp.Product) or product.limits != (sp.Tuple(*_endless),):
        return False
    order = 5
    if product.function.subs(small, 0) != 1:
        return False
    factor = sp.series(sp.log(product.function), small, 0, order).removeO()
    right = sp.series(sp.log(sp.series(closed, small, 0, order).removeO()), small, 0, order)
    for power in range(order):
        term = sp.factor(sp.expand(factor).coeff(small, power))
        left = sp.Sum(term, *product.limits).doit() if term != 0 else sp.S.Zero
        if sp.simplify(left - right.removeO().coeff(small, power)) != 0:
            return False
    return True


def _digamma_series(statement: Relational) -> bool:
    # At negative whole shifts the series telescopes; both sides are analytic for c < 1.
    for value in (-1, -2, -3, -5):
        left, right = (side.subs(shift, value) for side in statement.args)
        apart = sp.simplify(sp.expand_func(left.doit() - right))
        if apart != 0:
            return False
    return True


def _zeta_series(statement: Relational) -> bool:
    values = [[side.subs(power, value).doit() for side in statement.args] for value in (2, 4, 6)]
    return all(left == right for left, right in values)


LEMMAS = (
    lemma(
        "basel",
        "the sum of the inverse squares",
        eq(sp.Sum(1 / _k**2, _endless), sp.pi**2 / 6),
        "Euler (1735)",
        _basel,
    ),
    lemma(
        "sine_product",
        "the product of the sine",
        eq(sp.Product(1 - small**2 / _k**2, _endless), sp.sin(sp.pi * small) / (sp.pi * small)),
        "Euler (1735); Ahlfors, Complex Analysis (1979), sect. 5.2.3",
        _sine_product,
    ),
    lemma(
        "digamma_series",
        "a telescoping series with a shift c < 1",
        eq(
            sp.Sum(1 / (_k * (_k - shift)), _endless),
            -(sp.EulerGamma + sp.digamma(1 - shift)) / shift,
        ),
        "Abramowitz and Stegun (1964), 6.3.16",
        _digamma_series,
    ),
    lemma(
        "zeta_series",
        "the series of Riemann's zeta function, for a power above 1",
        eq(sp.Sum(_k ** (-power), _endless), sp.zeta(power)),
        "Riemann (1859)",
        _zeta_series,
    ),
)
