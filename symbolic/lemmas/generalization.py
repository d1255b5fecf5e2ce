"""Cited lemmas on generalisation: swapping one example, duality of total variation, Chebyshev.

What speaks of a part of a training set is worked out in two worlds that list everything that may
happen: real examples, which what is generated follows, and generated ones, given their model.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp
from sympy.core.relational import Relational

from symbolic import symbols as s
from symbolic.lemmas.lemma import lemma
from symbolic.relations import eq, le
from symbolic.symbols import Mean
from symbolic.symbols import generalization_parts as g
from symbolic.worlds import World, generalization, holds
from symbolic.worlds import generalization_swaps as swaps

_M, _beta, _p = s.loss_bound, s.uniform_stability, g.swap
_SWAP = "Bousquet and Elisseeff, J. Mach. Learn. Res. 2 (2002), lemmas 7 and 9"
_DUAL = "Levin and Peres, Markov Chains and Mixing Times, prop. 4.5"
quantity = s.RandomSymbol("X", real=True)


def _parts(statement: Relational) -> bool:
    """Real examples that what is generated follows; generated ones, given their model."""
    return all(holds(statement, world()) for world in (swaps.real, swaps.made))


def _between(*attained: Callable[[], World]) -> Callable[[Relational], bool]:
    """Attained in some worlds, and true where it is not attained."""

    def check(statement: Relational) -> bool:
        equal = sp.Eq(*statement.args, evaluate=False)
        here = all(holds(equal, world()) for world in attained)
        return here and _parts(statement) and not _parts(equal)

    return check


def _jensen(statement: Relational) -> bool:
    """Two values of any sign: attained where they have the same one."""
    for values, alike in (((-2, 3), False), ((2, 3), True), ((-1, -5), True)):

        def mean(inner: sp.Expr, values: tuple[int, int] = values) -> sp.Expr:
            return sum(inner.subs(quantity, value) for value in values) / sp.Integer(2)

        left, right = (side.replace(Mean, mean) for side in statement.args)
        if statement.func(left, right) != sp.true or (left == right) != alike:
            return False
    return True


def _below_absolute(statement: Relational) -> bool:
    """Attained by what is not negative."""
    gap = statement.rhs - statement.lhs
    values = (gap.subs(quantity, 3), gap.subs(quantity, -2))
    return isinstance(statement, sp.Le) and values == (0, 4)


def _product(statement: Relational) -> bool:
    """Closer than the change of a loss squared where that is slight and both losses are large."""
    nearly = sp.Ge(statement.lhs, statement.rhs - _beta**2, evaluate=False)
    return holds(nearly, swaps.slight()) and holds(statement, swaps.slight()) and _parts(statement)


LEMMAS = (
    lemma(
        "mean_absolute",
        "a mean is no larger than the mean of absolute values",
        le(sp.Abs(Mean(quantity)), Mean(sp.Abs(quantity))),
        "triangle inequality",
        _jensen,
    ),
    lemma(
        "below_absolute",
        "a number is at most its absolute value",
        le(quantity, sp.Abs(quantity)),
        "elementary",
        _below_absolute,
    ),
    lemma(
        "mean_duality",
        "means of a loss under two laws differ by at most its range times their total variation",
        le(sp.Abs(g.population_risk - g.generated_risk), _M * g.model_shift),
        _DUAL,
        generalization.dual,
    ),
    lemma(
        "swapped_loss",
        "an example of a part and a fresh one can be exchanged: the loss on one of the part is "
        "that on a fresh one, of the model with the two swapped",
        eq(
            Mean(g.fresh_loss) - Mean(g.moved_loss),
            Mean(g.part_population) - Mean(g.part_risk),
        ),
        _SWAP,
        _parts,
    ),
    lemma(
        "followed_loss",
        "what follows the part has another law after the swap, by part_stability at most",
        le(sp.Abs(Mean(g.crossed_loss) - Mean(g.moved_loss)), _M * g.part_stability),
        _DUAL,
        _between(swaps.told),
    ),
    lemma(
        "swapped_product",
        "the same for losses on two fresh examples, one of which is swapped",
        eq(
            Mean(g.fresh_product[0]) - Mean(g.moved_product[0]),
            Mean(g.part_population**2) - Mean(g.part_population * g.part_risk),
        ),
        _SWAP,
        _parts,
    ),
    lemma(
        "swapped_pair",
        "the same for a fresh example and another one of the part",
        eq(
            Mean(g.fresh_product[1]) - Mean(g.moved_product[1]),
            Mean(g.part_population * g.part_risk) - Mean(g.part_pairs),
        ),
        _SWAP,
        _parts,
    ),
    lemma(
        "swapped_square",
        "the same for a squared loss",
        eq(
            Mean(g.fresh_product[2]) - Mean(g.moved_product[2]),
            Mean(g.population_square) - Mean(g.part_squares),
        ),
        _SWAP,
        _parts,
    ),
    lemma(
        "stable_product",
        "a product of two losses changes by at most 2 M times the change of one",
        le(sp.Abs(g.fresh_product[_p] - g.crossed_product[_p]), 2 * _M * _beta),
        "a b - a' b' = a (b - b') + b' (a - a')",
        _product,
    ),
    lemma(
        "followed_product",
        "what follows the part has another law after the swap: a product of two losses",
        le(sp.Abs(Mean(g.crossed_product[_p]) - Mean(g.moved_product[_p])),
           _M**2 * g.part_stability),
        _DUAL,
        _between(swaps.told),
    ),
    lemma(
        "two_losses",
        "two losses differ by at most their range: the mean square of their differences",
        le(
            g.part_squares + g.population_square - 2 * g.part_population * g.part_risk,
            _M**2,
        ),
        "elementary",
        _between(swaps.extreme, swaps.opposite),
    ),
    lemma(
        "quantile_chebyshev",
        "a value that is exceeded with a small probability only, by the mean square",
        le(g.deviation_quantile**2, Mean(s.generalization_deviation**2) / s.error_chance),
        "Chebyshev's inequality",
        generalization.tails,
    ),
    lemma(
        "quantile_shift",
        "what is never more than a number larger exceeds a larger value as rarely",
        le(
            g.gap_quantile,
            (1 - s.real_share) * s.loss_bound * s.distribution_shift_at[s.generations]
            + g.deviation_quantile,
        ),
        "elementary: |gap| <= |deviation| + (1 - alpha) M TV",
        generalization.tails,
    ),
)  # fmt: skip
