"""Generalisation on one part of a training set: the real examples, or the generated ones (F3).

A fresh example and one of the part can be swapped, which changes the fit a little (uniform
stability) and the law of all else that it is fitted to (recursive stability of the real part; not
at all for generated examples, given the model that made them).
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.lemmas.generalization import quantity
from symbolic.relations import eq, le
from symbolic.symbols import Mean
from symbolic.symbols import generalization_parts as g
from symbolic.theorem import Kind, Step, Theorem
from symbolic.theorems.recursive_stability import theorem as of_the_loop

_M, _beta, _m, _follow = s.loss_bound, s.uniform_stability, s.part_size, s.part_stability
LOSS = "a loss between 0 and loss_bound, finitely many outcomes (any by refinement)"
PART = (
    "a part of the training set is part_size independent draws of one law; one of them changes the "
    "law of all else that the model is fitted to by at most part_stability"
)
OURS = "proved here; the constants of the paper's bound are unknown"


def bound_of(
    name: str, title: str, in_words: str, statement: sp.Le, derivation: tuple[Step, ...],
    *assumptions: str, conditions: tuple[sp.Rel, ...] = (), lemmas: tuple[str, ...] = (),
) -> Theorem:  # fmt: skip
    """Write a bound on a generalisation gap."""
    return of_the_loop(
        name, title, in_words, statement, derivation, LOSS, *assumptions, OURS,
        conditions=conditions, kind=Kind.UPPER_BOUND, lemmas=lemmas,
        reference="generalisation (F3)",
    )  # fmt: skip


def _swap(
    value: sp.Expr, first: sp.Expr, second: sp.Expr, lemmas: tuple[str, str], sizes: sp.Matrix,
    uses: str, name: str,
) -> tuple[Step, ...]:  # fmt: skip
    """Bound a mean: the change of a loss, and that of its law, from ``value = first + second``."""
    bound = le(sp.Abs(value), sizes[0] + sizes[1])
    return (
        Step(
            rule="triangle inequality",
            claim=le(sp.Abs(value), sp.Abs(Mean(first)) + sp.Abs(Mean(second))),
            label=f"split {name}",
            uses=(uses,),
            given={"parts": ((sp.S.One, Mean(first)), (sp.S.One, Mean(second)))},
        ),
        Step(
            rule="instance",
            claim=le(sp.Abs(Mean(first)), Mean(sp.Abs(first))),
            label=f"inside {name}",
            uses=("lemma:mean_absolute",),
            given={quantity: first},
        ),
        Step(
            rule="monotone",
            claim=le(Mean(sp.Abs(first)), sizes[0]),
            label=f"stable {name}",
            uses=(lemmas[0],),
            given={"apply": Mean},
        ),
        Step(
            rule="combination",
            claim=bound,
            label=f"swapped {name}",
            uses=(f"split {name}", f"inside {name}", f"stable {name}", lemmas[1]),
            given={"weights": (1, 1, 1, 1)},
        ),
    )


_first, _second = g.fresh_loss - g.crossed_loss, g.crossed_loss - g.moved_loss
part_bound = le(sp.Abs(Mean(g.part_deviation)), _beta + _M * _follow)
generalization_part = bound_of(
    "generalization_part",
    "Mean gap of one part of a training set",
    "One example moves the fit, and what else it is fitted to.",
    part_bound,
    (
        Step(
            rule="substitution",
            claim=eq(Mean(g.part_deviation), Mean(g.part_population) - Mean(g.part_risk)),
            label="deviation",
            uses=("model:part_deviation",),
        ),
        Step(
            rule="combination",
            claim=eq(Mean(g.part_deviation), Mean(_first) + Mean(_second)),
            label="value",
            uses=("deviation", "lemma:swapped_loss"),
            given={"weights": (1, -1)},
        ),
        *_swap(
            Mean(g.part_deviation), _first, _second, ("model:stable_loss", "lemma:followed_loss"),
            sp.Matrix([_beta, _M * _follow]), "value", "loss",
        ),
    ),
    PART,
    lemmas=("mean_absolute", "swapped_loss", "followed_loss"),
)  # fmt: skip

_p = g.swap
_fresh, _crossed, _moved = g.fresh_product[_p], g.crossed_product[_p], g.moved_product[_p]
_change = 2 * _M * _beta + _M**2 * _follow
_product = g.part_population * g.part_risk


def _one_sided(number: int, sign: int, claim: sp.Le, lemma: str, name: str) -> tuple[Step, ...]:
    """Take one of the swaps, and one side of its bound."""
    apart = Mean(g.fresh_product[number]) - Mean(g.moved_product[number])
    side = sp.expand(sign * apart)
    return (
        Step(
            rule="instance",
            claim=le(sp.Abs(apart), _change),
            label=f"change of {name}",
            uses=("swapped product",),
            given={_p: sp.Integer(number)},
        ),
        Step(
            rule="instance",
            claim=le(side, sp.Abs(side)),
            label=f"sign of {name}",
            uses=("lemma:below_absolute",),
            given={quantity: side},
        ),
        Step(
            rule="combination",
            claim=claim,
            label=name,
            uses=(f"change of {name}", f"sign of {name}", f"lemma:{lemma}"),
            given={"weights": (1, 1, sign)},
        ),
    )


square_bound = le(
    Mean(g.part_deviation**2), _M**2 / (2 * _m) + 4 * _M * _beta + 2 * _M**2 * _follow
)
_over = {_m: 1 + sp.Symbol("over_part", nonnegative=True)}
generalization_part_square = bound_of(
    "generalization_part_square",
    "Mean square of the gap of one part of a training set",
    "Independent examples, and twice what one example moves: a pair of them is swapped.",
    square_bound,
    (
        Step(
            rule="linearity",
            claim=eq(
                Mean(_fresh) - Mean(_moved), Mean(_fresh - _crossed) + Mean(_crossed - _moved)
            ),
            label="products",
        ),
        *_swap(
            Mean(_fresh) - Mean(_moved), _fresh - _crossed, _crossed - _moved,
            ("lemma:stable_product", "lemma:followed_product"),
            sp.Matrix([2 * _M * _beta, _M**2 * _follow]), "products", "product",
        ),
        *_one_sided(
            0, 1, le(Mean(g.part_population**2) - Mean(_product), _change),
            "swapped_product", "fresh pairs",
        ),
        *_one_sided(
            1, -1, le(Mean(g.part_pairs) - Mean(_product), _change), "swapped_pair", "pairs",
        ),
        *_one_sided(
            2, -1, le(Mean(g.part_squares) - Mean(g.population_square), _change),
            "swapped_square", "squares",
        ),
        Step(
            rule="monotone",
            claim=le(
                Mean(g.part_squares) + Mean(g.population_square) - 2 * Mean(_product), _M**2
            ),
            label="losses",
            uses=("lemma:two_losses",),
            given={"apply": Mean},
        ),
        Step(
            rule="substitution",
            claim=eq(
                Mean(g.part_deviation**2),
                Mean(g.part_population**2) - 2 * Mean(_product) + Mean(g.part_risk**2),
            ),
            label="square",
            uses=("model:part_deviation",),
        ),
        Step(
            rule="monotone",
            claim=eq(
                Mean(g.part_risk**2), (1 - 1 / _m) * Mean(g.part_pairs) + Mean(g.part_squares) / _m
            ),
            label="by pairs",
            uses=("model:part_pairs",),
            given={"apply": Mean},
        ),
        Step(
            rule="combination",
            claim=square_bound,
            uses=("square", "by pairs", "fresh pairs", "pairs", "squares", "losses"),
            given={
                "weights": (-1, -1, 1, 1 - 1 / _m, 1 / (2 * _m), 1 / (2 * _m)),
                "form": _change / (2 * _m),
                "domain": _over,
            },
        ),
    ),
    PART,
    lemmas=("mean_absolute", "below_absolute", "stable_product", "followed_product",
            "swapped_product", "swapped_pair", "swapped_square", "two_losses"),
)  # fmt: skip

THEOREMS = (generalization_part, generalization_part_square)
