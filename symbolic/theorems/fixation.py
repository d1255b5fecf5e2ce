"""Until one text is left: chances and mean times under one-hot posteriors.

``unsettled[t]`` is 1 while two texts have probability after t updates, ``only_text[t, i]`` is 1
once text i alone has.  After one update all probabilities are multiples of 1/N, whatever the
start; the bounds use no more than that.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.lemmas.diffusion import residence_error
from symbolic.symbols import Mean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.text import eq, retention
from symbolic.theorems.wright_fisher import PATH, martingale_path, products_path

_N, _K, _t, _tau = s.batch_size, s.num_texts, s.generations, s.cutoff_update
_i, _k, _p = s.text, s.other_text, s.text_probs
_texts = (_i, 0, _K - 1)
_path, _h, _U, _A = s.text_probs_at, s.text_diversity_at, s.unsettled, s.only_text
_H0, _T, _R = s.initial_text_diversity, s.fixation_time, s.text_residence
_ever = (_t, 0, sp.oo)
_TWO = "K >= 2"


def _ge(lhs: sp.Expr, rhs: sp.Expr) -> sp.Ge:
    return sp.Ge(lhs, rhs, evaluate=False)


def _le(lhs: sp.Expr, rhs: sp.Expr) -> sp.Le:
    return sp.Le(lhs, rhs, evaluate=False)


def _averaged(claim: sp.Basic, fact: str, label: str) -> Step:
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
    _averaged(
        _ge(Mean(_A[_t + 1, _i]), Mean(_path[_t + 1, _i] - _N * (_path[_t + 1, _i]
            - _path[_t + 1, _i] ** 2))),
        "lemma:grid_share",
        "chance on the grid",
    ),
    Step(
        rule="combination",
        claim=_ge(Mean(_A[_t + 1, _i]), _settled_below),
        label="chance by t",
        uses=("chance on the grid", "next mean", "next square"),
        given={"weights": (1, 1 - _N, _N)},
    ),
)  # fmt: skip
fixation_prob_lower_bound = Theorem(
    name="fixation_prob_lower_bound",
    title="Chance that a text is alone by a given update",
    in_words="A text's chance to be alone nears its probability at the speed of genetic drift.",
    statement=_ge(Mean(_A[_t + 1, _i]), _settled_below),
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
        _averaged(_le(Mean(_A[_t, _i]), Mean(_path[_t, _i])), "lemma:alone", "chance"),
        Step(
            rule="combination",
            claim=_le(Mean(_A[_t, _i]), _p[_i]),
            label="chance at most p",
            uses=("chance", "mean at t"),
            given={"weights": (1, -1)},
        ),
        Step(
            rule="long-run limit",
            claim=_le(s.fixation_prob, _p[_i]),
            label="limit at most p",
            uses=("chance at most p",),
            given=_falls,
        ),
        Step(
            rule="combination",
            claim=_ge(
                Mean(_A[_t + 1, _i]),
                _p[_i] - _N * retention * retention**_t * _p[_i] * (1 - _p[_i]),
            ),
            label="chance at least",
            uses=("theorem:fixation_prob_lower_bound",),
            given={"weights": (1,)},
        ),
        Step(
            rule="long-run limit",
            claim=_ge(s.fixation_prob, _p[_i]),
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
    statement=_ge(Mean(_U[_t]), _tail_below),
    kind=Kind.LOWER_BOUND,
    source=Source.OURS,
    reference="T2",
    assumptions=(*PATH, _TWO, "unsettled[t]: more than one text has probability after t updates"),
    conditions=(_K >= 2,),
    derivation=(
        Step(
            rule="nonnegative form",
            claim=_le(_h[_t], _largest),
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
            claim=_le(_U[_t] * _h[_t], _largest * _U[_t]),
            label="while unsettled",
            uses=("largest diversity",),
            given={"weights": (_U[_t],)},
        ),
        Step(
            rule="combination",
            claim=_le(_h[_t], _largest * _U[_t]),
            label="always",
            uses=("while unsettled", "model:settled"),
            given={"weights": (1, -1)},
        ),
        _averaged(_le(Mean(_h[_t]), _largest * Mean(_U[_t])), "always", "mean diversity"),
        Step(
            rule="combination",
            claim=_ge(Mean(_U[_t]), _tail_below),
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
    statement=_le(Mean(_U[_t + 1]), _tail_above),
    kind=Kind.UPPER_BOUND,
    source=Source.OURS,
    reference="T2",
    assumptions=(*PATH, "N >= 2", "any start: the bound is on the chance after t + 1 updates"),
    conditions=(_N >= 2,),
    lemmas=("grid_diversity",),
    derivation=(
        _averaged(
            _ge(Mean(_h[_t + 1]), _least * Mean(_U[_t + 1])), "lemma:grid_diversity", "on the grid"
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
            claim=_le(Mean(_U[_t + 1]), _tail_above),
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
    statement=_ge(_T, _below),
    kind=Kind.LOWER_BOUND,
    source=Source.OURS,
    reference="T2",
    assumptions=(*PATH, _TWO, "any N, any start"),
    conditions=(_K >= 2,),
    derivation=(
        Step(
            rule="monotone",
            claim=_ge(sp.Sum(Mean(_U[_t]), _ever), sp.Sum(_tail_below, _ever)),
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
            claim=_ge(_T, _below),
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
    statement=_le(_T, _above),
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
        _averaged(_le(Mean(_U[_t]), 1), "model:unsettled_at_most_one", "at most one"),
        Step(
            rule="monotone",
            claim=_le(sp.Sum(Mean(_U[_t]), _up_to_tau), _tau + 1),
            label="first piece",
            uses=("at most one",),
            given={"apply": sp.Sum, "over": (_up_to_tau,)},
        ),
        Step(
            rule="monotone",
            claim=_le(sp.Sum(Mean(_U[_t + 1]), _from_tau), sp.Sum(_tail_above, _from_tau)),
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
            claim=_le(_T, _above),
            uses=("model:mean_time", "two pieces", "first piece", "second piece", "series"),
            given={"weights": (-1, -1, 1, 1, -1)},
        ),
    ),
)

# ---------------------------------------------------------------------- mean time, text by text

_part = _path[_t, _i] * s.text_unsettled[_t, _i]
fixation_time_by_text = Theorem(
    name="fixation_time_by_text",
    title="Mean time until one text is left, text by text",
    in_words="The time is a sum over texts, each from the model of that text against the rest.",
    statement=eq(_T, sp.Sum(_R[_i], _texts)),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="T2",
    assumptions=(
        *PATH,
        "a text's count is binomial, so text_residence[i] needs a chain of N + 1 states only",
    ),
    derivation=(
        Step(
            rule="monotone",
            claim=eq(sp.Sum(_part, _texts), sp.Sum(_path[_t, _i] * _U[_t], _texts)),
            label="each text",
            uses=("model:text_unsettled",),
            given={"apply": sp.Sum, "over": (_texts,)},
        ),
        Step(
            rule="combination",
            claim=eq(_U[_t], sp.Sum(_part, _texts)),
            note="probabilities add up to one",
            label="all texts",
            uses=("model:total_at", "each text"),
            given={"weights": (-_U[_t], -1)},
        ),
        _averaged(eq(Mean(_U[_t]), sp.Sum(Mean(_part), _texts)), "all texts", "mean"),
        Step(
            rule="monotone",
            claim=eq(sp.Sum(Mean(_U[_t]), _ever), sp.Sum(Mean(_part), _texts, _ever)),
            label="all updates",
            uses=("mean",),
            given={"apply": sp.Sum, "over": (_ever,)},
        ),
        Step(
            rule="order of summation",
            claim=eq(sp.Sum(Mean(_part), _texts, _ever), sp.Sum(Mean(_part), _ever, _texts)),
            note="nothing is negative",
            label="other order",
        ),
        Step(
            rule="monotone",
            claim=eq(sp.Sum(_R[_i], _texts), sp.Sum(Mean(_part), _ever, _texts)),
            label="by text",
            uses=("model:residence",),
            given={"apply": sp.Sum, "over": (_texts,)},
        ),
        Step(
            rule="combination",
            claim=eq(_T, sp.Sum(_R[_i], _texts)),
            uses=("model:mean_time", "all updates", "other order", "by text"),
            given={"weights": (1, 1, 1, -1)},
        ),
    ),
)

# --------------------------------------------------------------------- mean time, by diffusion

_x, _v = s.text_prob, sp.Symbol("v", positive=True)
_rest = 1 - _p[_i]
_share_time = -2 * _N * (1 - _x) * sp.log(1 - _x)
_one_text = -2 * _N * _rest * sp.log(_rest)
_diffusion = eq(_T, -2 * _N * sp.Sum(_rest * sp.log(_rest), _texts))


def _piece(integrand: sp.Expr, low: sp.Expr, high: sp.Expr, value: sp.Expr, label: str) -> Step:
    integral = sp.Integral(integrand, (_v, low, high))
    return Step(rule="integral", claim=eq(integral, value), label=label)


def _at_text(label: str, claim: sp.Eq) -> Step:
    return Step(rule="instance", claim=claim.xreplace({_x: _p[_i]}), label=f"{label} of the text",
                uses=(label,), given={_x: _p[_i]})  # fmt: skip


_pieces = (
    _piece(1 / _v, 1 - _x, sp.S.One, -sp.log(1 - _x), "first integral"),
    _piece(sp.S.One, 1 - _x, sp.S.One, _x, "second integral"),
    _piece(sp.S.One, sp.S.Zero, 1 - _x, 1 - _x, "third integral"),
)
fixation_time_diffusion = Theorem(
    name="fixation_time_diffusion",
    title="Mean time until one text is left, by diffusion",
    in_words="For many images: -2N times the sum of (1 - p) log(1 - p) over the texts.",
    statement=_diffusion,
    kind=Kind.APPROXIMATION,
    source=Source.OURS,
    reference="T2",
    assumptions=(*PATH, "no p is 1; N large: what is left out grows like (log N)/3 only"),
    lemmas=("sojourn_time",),
    derivation=(
        Step(
            rule="derivative",
            claim=eq(
                _x * (1 - _x) / (2 * _N) * sp.Derivative(_share_time, (_x, 2)), -_x
            ),
            note="the generator p (1 - p)/(2N) d^2/dp^2 takes one text's term to -p",
            label="generator",
        ),
        Step(
            rule="combination",
            claim=eq(sp.Sum(-_p[_i], _texts), -1),
            note="so the generator takes the sum over the texts to -1: time runs",
            uses=("model:total",),
            given={"weights": (-1,)},
        ),
        *_pieces,
        *(_at_text(step.label, step.claim) for step in _pieces),
        Step(
            rule="substitution",
            claim=eq(_R[_i], _one_text + residence_error[_i]),
            label="one text",
            uses=("lemma:sojourn_time", *(f"{step.label} of the text" for step in _pieces)),
        ),
        Step(
            rule="monotone",
            claim=eq(
                sp.Sum(_R[_i], _texts),
                sp.Sum(_one_text, _texts) + sp.Sum(residence_error[_i], _texts),
            ),
            label="all texts",
            uses=("one text",),
            given={"apply": sp.Sum, "over": (_texts,)},
        ),
        Step(
            rule="combination",
            claim=eq(_T, sp.Sum(_one_text, _texts) + sp.Sum(residence_error[_i], _texts)),
            label="with error",
            uses=("theorem:fixation_time_by_text", "all texts"),
            given={"weights": (1, 1)},
        ),
        Step(
            rule="approximation",
            claim=_diffusion,
            uses=("with error",),
            given={"dropped": sp.Sum(residence_error[_i], _texts)},
        ),
    ),
)  # fmt: skip

_finer_text = _one_text - _p[_i] * (sp.log(_rest) / 3 + s.fixation_time_offset)
_finer = eq(
    _T,
    _diffusion.rhs - sp.Sum(_p[_i] * sp.log(_rest), _texts) / 3 - s.fixation_time_offset,
)
fixation_time_next_order = Theorem(
    name="fixation_time_next_order",
    title="Mean time until one text is left, one order beyond diffusion",
    in_words="Beyond diffusion the start matters through a third of the sum of p log(1 - p) only.",
    statement=_finer,
    kind=Kind.APPROXIMATION,
    source=Source.OURS,
    reference="T2",
    assumptions=(
        *PATH,
        "no p is 1 or within a few 1/N of it; N large",
        "fixation_time_offset depends on N alone: differences between starts need no value for it",
    ),
    lemmas=("sojourn_next_order",),
    derivation=(
        Step(
            rule="monotone",
            claim=eq(sp.Sum(_R[_i], _texts), sp.Sum(_finer_text + residence_error[_i], _texts)),
            label="all texts",
            uses=("lemma:sojourn_next_order",),
            given={"apply": sp.Sum, "over": (_texts,)},
        ),
        Step(
            rule="combination",
            claim=eq(_T, _finer.rhs + sp.Sum(residence_error[_i], _texts)),
            label="with error",
            uses=("theorem:fixation_time_by_text", "all texts", "model:total"),
            given={"weights": (1, 1, -s.fixation_time_offset)},
        ),
        Step(
            rule="approximation",
            claim=_finer,
            uses=("with error",),
            given={"dropped": sp.Sum(residence_error[_i], _texts)},
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
    fixation_time_by_text,
    fixation_time_diffusion,
    fixation_time_next_order,
)
