"""Until one text is left: chances, and bounds on the mean time, under one-hot posteriors.

``unsettled[t]`` is 1 while two texts have probability after t updates, ``only_text[t, i]`` is 1
once text i alone has.  After one update all probabilities are multiples of 1/N, whatever the
start; the bounds use no more than that.
"""

from __future__ import annotations

import sympy as sp
from sympy.core.relational import Relational

from symbolic import symbols as s
from symbolic.relations import eq, ge, le
from symbolic.symbols import Mean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.text import retention
from symbolic.theorems.wright_fisher import PATH, martingale_path, products_path

_N, _K, _t, _tau = s.batch_size, s.num_texts, s.generations, s.cutoff_update
_i, _k, _p = s.text, s.other_text, s.text_probs
_texts = (_i, 0, _K - 1)
_path, _h, _U, _A = s.text_probs_at, s.text_diversity_at, s.unsettled, s.only_text
_H0, _T, _R = s.initial_text_diversity, s.fixation_time, s.text_residence
_ever = (_t, 0, sp.oo)
_TWO = "K >= 2"


def averaged(claim: Relational, fact: str, label: str) -> Step:
    """Take means on both sides of a fact."""
    return Step(rule="monotone", claim=claim, label=label, uses=(fact,), given={"apply": Mean})


# --------------------------------------------------------------------------- which text is left

_square = (1 - retention**_t) * _p[_i] + retention**_t * _p[_i] ** 2
_settled_below = _p[_i] - _N * retention ** (_t + 1) * _p[_i] * (1 - _p[_i])
_chance_steps = (
    *martingale_path,
    *products_path,
    Step(
        rule="instance",
        claim=eq(Mean(_path[_t, _i] ** 2), _square),
        label="square at t",
        uses=("product at t",),
        given={_k: _i},
    ),
    Step(
        rule="instance",
        claim=eq(Mean(_path[_t + 1, _i] ** 2), _square.xreplace({_t: _t + 1})),
        label="next square",
        uses=("square at t",),
        given={_t: _t + 1},
    ),
    Step(
        rule="instance",
        claim=eq(Mean(_path[_t + 1, _i]), _p[_i]),
        label="next mean",
        uses=("mean at t",),
        given={_t: _t + 1},
    ),
    averaged(
        ge(Mean(_A[_t + 1, _i]), Mean(_path[_t + 1, _i] - _N * (_path[_t + 1, _i]
            - _path[_t + 1, _i] ** 2))),
        "lemma:grid_share",
        "chance on the grid",
    ),
    Step(
        rule="combination",
        claim=ge(Mean(_A[_t + 1, _i]), _settled_below),
        label="chance by t",
        uses=("chance on the grid", "next mean", "next square"),
        given={"weights": (1, 1 - _N, _N)},
    ),
)  # fmt: skip
fixation_prob_lower_bound = Theorem(
    name="fixation_prob_lower_bound",
    title="Chance that a text is alone by a given update",
    in_words="A text's chance to be alone nears its probability at the speed of genetic drift.",
    statement=ge(Mean(_A[_t + 1, _i]), _settled_below),
    kind=Kind.LOWER_BOUND,
    source=Source.OURS,
    reference="T2",
    assumptions=(*PATH, "any start: after one update probabilities are multiples of 1/N"),
    conditions=(_i < _K,),
    lemmas=("grid_share",),
    derivation=_chance_steps,
)
_falls = {"vanishing": {retention: 1 / _N}}
fixation_prob = Theorem(
    name="fixation_prob",
    title="Which text is left in the end",
    in_words="A text is the only one left in the end with the probability that it starts with.",
    statement=eq(s.fixation_prob, _p[_i]),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="T2",
    assumptions=(*PATH, "fixation_prob: of text i, the limit of its chance to be alone"),
    conditions=(_i < _K,),
    lemmas=("alone",),
    derivation=(
        *martingale_path,
        averaged(le(Mean(_A[_t, _i]), Mean(_path[_t, _i])), "lemma:alone", "chance"),
        Step(
            rule="combination",
            claim=le(Mean(_A[_t, _i]), _p[_i]),
            label="chance at most p",
            uses=("chance", "mean at t"),
            given={"weights": (1, -1)},
        ),
        Step(
            rule="long-run limit",
            claim=le(s.fixation_prob, _p[_i]),
            label="limit at most p",
            uses=("chance at most p",),
            given=_falls,
        ),
        Step(
            rule="combination",
            claim=ge(
                Mean(_A[_t + 1, _i]),
                _p[_i] - _N * retention * retention**_t * _p[_i] * (1 - _p[_i]),
            ),
            label="chance at least",
            uses=("theorem:fixation_prob_lower_bound",),
            given={"weights": (1,)},
        ),
        Step(
            rule="long-run limit",
            claim=ge(s.fixation_prob, _p[_i]),
            label="limit at least p",
            uses=("chance at least",),
            given=_falls,
        ),
        Step(
            rule="both bounds",
            claim=eq(s.fixation_prob, _p[_i]),
            uses=("limit at most p", "limit at least p"),
        ),
    ),
)  # fmt: skip

# -------------------------------------------------------------- chance that two texts are left

_largest = 1 - 1 / _K
_tail_below = retention**_t * _H0 * _K / (_K - 1)
unsettled_lower_bound = Theorem(
    name="unsettled_lower_bound",
    title="Chance that more than one text is left, from below",
    in_words="Diversity that is left in the mean needs trajectories on which it is left.",
    statement=ge(Mean(_U[_t]), _tail_below),
    kind=Kind.LOWER_BOUND,
    source=Source.OURS,
    reference="T2",
    assumptions=(*PATH, _TWO, "unsettled[t]: more than one text has probability after t updates"),
    conditions=(_K >= 2, _H0 <= 1 - 1 / _K),
    derivation=(
        Step(
            rule="nonnegative form",
            claim=le(_h[_t], _largest),
            note="the squared distance to equal probabilities",
            label="largest diversity",
            uses=("model:total_at", "model:diversity_at"),
            given={
                "weights": (2 / _K, -1),
                "form": sp.Sum((_path[_t, _i] - 1 / _K) ** 2, _texts),
            },
        ),
        Step(
            rule="combination",
            claim=le(_U[_t] * _h[_t], _largest * _U[_t]),
            label="while unsettled",
            uses=("largest diversity",),
            given={"weights": (_U[_t],)},
        ),
        Step(
            rule="combination",
            claim=le(_h[_t], _largest * _U[_t]),
            label="always",
            uses=("while unsettled", "model:settled"),
            given={"weights": (1, -1)},
        ),
        averaged(le(Mean(_h[_t]), _largest * Mean(_U[_t])), "always", "mean diversity"),
        Step(
            rule="combination",
            claim=ge(Mean(_U[_t]), _tail_below),
            uses=("mean diversity", "theorem:text_diversity_one_hot"),
            given={"weights": (_K / (_K - 1), _K / (_K - 1))},
        ),
    ),
)

_least = 2 * (_N - 1) / _N**2
_tail_above = _N * _H0 * retention**_t / 2
unsettled_upper_bound = Theorem(
    name="unsettled_upper_bound",
    title="Chance that more than one text is left, from above",
    in_words="While two texts are left diversity is at least that of N - 1 images against one.",
    statement=le(Mean(_U[_t + 1]), _tail_above),
    kind=Kind.UPPER_BOUND,
    source=Source.OURS,
    reference="T2",
    assumptions=(*PATH, "N >= 2", "any start: the bound is on the chance after t + 1 updates"),
    conditions=(_N >= 2,),
    lemmas=("grid_diversity",),
    derivation=(
        averaged(
            ge(Mean(_h[_t + 1]), _least * Mean(_U[_t + 1])), "lemma:grid_diversity", "on the grid"
        ),
        Step(
            rule="instance",
            claim=eq(Mean(_h[_t + 1]), retention ** (_t + 1) * _H0),
            label="next diversity",
            uses=("theorem:text_diversity_one_hot",),
            given={_t: _t + 1},
        ),
        Step(
            rule="combination",
            claim=le(Mean(_U[_t + 1]), _tail_above),
            uses=("on the grid", "next diversity"),
            given={"weights": (1 / _least, -1 / _least)},
        ),
    ),
)

# ------------------------------------------------------------------------- mean time, bounds

_below = _N * _H0 * _K / (_K - 1)
fixation_time_lower_bound = Theorem(
    name="fixation_time_lower_bound",
    title="Mean time until one text is left, from below",
    in_words="It takes at least N updates, times the diversity over its largest value.",
    statement=ge(_T, _below),
    kind=Kind.LOWER_BOUND,
    source=Source.OURS,
    reference="T2",
    assumptions=(*PATH, _TWO, "any N, any start"),
    conditions=(_K >= 2, _H0 <= 1 - 1 / _K),
    derivation=(
        Step(
            rule="monotone",
            claim=ge(sp.Sum(Mean(_U[_t]), _ever), sp.Sum(_tail_below, _ever)),
            label="all updates",
            uses=("theorem:unsettled_lower_bound",),
            given={"apply": sp.Sum, "over": (_ever,)},
        ),
        Step(
            rule="geometric series",
            claim=eq(sp.Sum(_tail_below, _ever), _below),
            label="series",
            given={"ratio": retention},
        ),
        Step(
            rule="combination",
            claim=ge(_T, _below),
            uses=("model:mean_time", "all updates", "series"),
            given={"weights": (1, 1, 1)},
        ),
    ),
)

_from_tau = (_t, _tau, sp.oo)
_up_to_tau = (_t, 0, _tau)
_above = _tau + 1 + _N**2 * _H0 * retention**_tau / 2
fixation_time_upper_bound = Theorem(
    name="fixation_time_upper_bound",
    title="Mean time until one text is left, from above",
    in_words="At most tau + 1 updates, and what the diversity left after tau updates allows.",
    statement=le(_T, _above),
    kind=Kind.UPPER_BOUND,
    source=Source.OURS,
    reference="T2",
    assumptions=(
        *PATH,
        "N >= 2, any start",
        "any tau >= 0; best is the first with N H_0 (1 - 1/N)^tau <= 2",
    ),
    conditions=(_N >= 2,),
    derivation=(
        Step(
            rule="split sum",
            claim=eq(
                sp.Sum(Mean(_U[_t]), _ever),
                sp.Sum(Mean(_U[_t]), _up_to_tau) + sp.Sum(Mean(_U[_t + 1]), _from_tau),
            ),
            label="two pieces",
            given={"after": _tau},
        ),
        averaged(le(Mean(_U[_t]), 1), "model:unsettled_at_most_one", "at most one"),
        Step(
            rule="monotone",
            claim=le(sp.Sum(Mean(_U[_t]), _up_to_tau), _tau + 1),
            label="first piece",
            uses=("at most one",),
            given={"apply": sp.Sum, "over": (_up_to_tau,)},
        ),
        Step(
            rule="monotone",
            claim=le(sp.Sum(Mean(_U[_t + 1]), _from_tau), sp.Sum(_tail_above, _from_tau)),
            label="second piece",
            uses=("theorem:unsettled_upper_bound",),
            given={"apply": sp.Sum, "over": (_from_tau,)},
        ),
        Step(
            rule="geometric series",
            claim=eq(sp.Sum(_tail_above, _from_tau), _N**2 * _H0 * retention**_tau / 2),
            label="series",
            given={"ratio": retention},
        ),
        Step(
            rule="combination",
            claim=le(_T, _above),
            uses=("model:mean_time", "two pieces", "first piece", "second piece", "series"),
            given={"weights": (-1, -1, 1, 1, -1)},
        ),
    ),
)

THEOREMS = (
    fixation_prob_lower_bound,
    fixation_prob,
    unsettled_lower_bound,
    unsettled_upper_bound,
    fixation_time_lower_bound,
    fixation_time_upper_bound,
)
