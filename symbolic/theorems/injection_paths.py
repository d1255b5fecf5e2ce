"""Along a run with corpus injection: mean text probabilities, transients and their times."""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.injection import injected_probs, update_index, updated_probs
from symbolic.relations import eq
from symbolic.symbols import Mean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.injection import (
    APART,
    FIXED,
    ORDERS,
    dose,
    drift,
    excess,
    factor,
    generation_after,
    generation_before,
    overlap_factor,
)

_t, _i, _m = s.generations, s.text, update_index
_h, _path, _u = s.text_diversity_at, s.text_probs_at, s.target_probs
_share = s.injection_prob * s.injection_fraction

_mean_probs = eq(Mean(_path[_t, _i]), _u[_i] + (s.text_probs[_i] - _u[_i]) * overlap_factor**_t)
corpus_injection_text_probs = Theorem(
    name="corpus_injection_text_probs",
    title="Text probabilities under corpus injection",
    in_words="Injections pull the mean probabilities to the corpus; text updates keep them.",
    statement=_mean_probs,
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="T5",
    assumptions=(
        FIXED,
        "or fresh corpora with mean u",
        "any number of text updates, any posteriors, before or after the injection",
        "text_probs are those of generation 0",
    ),
    conditions=(_i < s.num_texts,),
    derivation=(
        Step(
            rule="tower",
            claim=eq(Mean(updated_probs[_m + 1, _i]), Mean(updated_probs[_m, _i])),
            label="each update",
            uses=("theorem:text_probs_martingale",),
            given={
                s.text_probs[_i]: updated_probs[_m, _i],
                s.next_text_probs[_i]: updated_probs[_m + 1, _i],
            },
        ),
        Step(
            rule="linear recursion",
            claim=eq(Mean(updated_probs[_m, _i]), Mean(injected_probs[_t, _i])),
            label="all updates",
            uses=("each update", "model:probs_updates_start"),
            given={"time": _m},
        ),
        Step(
            rule="instance",
            claim=eq(Mean(updated_probs[s.text_updates, _i]), Mean(injected_probs[_t, _i])),
            label="last update",
            uses=("all updates",),
            given={_m: s.text_updates},
        ),
        Step(
            rule="substitution",
            claim=eq(
                Mean(_path[_t + 1, _i]), overlap_factor * Mean(_path[_t, _i]) + _share * _u[_i]
            ),
            label="generation",
            uses=("model:probs_updates_end", "last update", "model:injected_probs"),
        ),
        Step(
            rule="linear recursion",
            claim=_mean_probs,
            uses=("generation", "model:probs_start"),
        ),
    ),
)

_apart = Mean(_h[_t]) - s.stationary_text_diversity
_far = sp.Abs(_apart)

#: Size of the slow term of the transient, of factor `overlap_factor`, injected before the updates.
slow_transient = drift * sp.Abs(excess) / (overlap_factor - factor)


def _transient(order: str, scale: sp.Expr, steps: tuple[Step, ...]) -> Theorem:
    start = sp.Abs(s.initial_text_diversity - s.stationary_text_diversity)
    gain = scale * dose * s.target_diversity
    push = scale * sp.Abs(excess)
    spread = (overlap_factor**_t - factor**_t) / (overlap_factor - factor)
    statement = sp.Le(_far, factor**_t * start + push * spread, evaluate=False)
    later = _far.subs(_t, _t + 1)
    return Theorem(
        name=f"corpus_injection_transient_{order}",
        title=f"How far text diversity is from its stationary value, injected {order}",
        in_words="Under corpus injection two geometric terms bound the way left to go.",
        statement=statement,
        kind=Kind.UPPER_BOUND,
        source=Source.OURS,
        reference="T5",
        assumptions=(
            FIXED, ORDERS[order], "posteriors are one-hot",
            "initial_overlap = sum_i p_0i u_i; equality if both terms have one sign",
        ),
        conditions=APART,
        derivation=(
            *steps,
            Step(
                rule="combination",
                claim=eq(
                    s.stationary_text_diversity, factor * s.stationary_text_diversity + gain
                ),
                label="balance",
                uses=(f"theorem:corpus_injection_stationary_{order}",),
                given={"weights": (1 - factor,)},
            ),
            Step(
                rule="combination",
                claim=eq(
                    _apart.subs(_t, _t + 1),
                    factor * _apart + overlap_factor**_t * scale * excess,
                ),
                label="recursion",
                uses=("generation", "balance"),
                given={"weights": (1, -1)},
            ),
            Step(
                rule="triangle inequality",
                claim=sp.Le(later, factor * _far + overlap_factor**_t * push, evaluate=False),
                label="distance",
                uses=("recursion",),
                given={
                    "parts": ((factor, _apart), (overlap_factor**_t * scale, excess)),
                },
            ),
            Step(
                rule="substitution",
                claim=eq(_far.subs(_t, 0), start),
                label="start",
                uses=("model:text_start",),
            ),
            Step(rule="induction", claim=statement, uses=("distance", "start")),
        ),
    )  # fmt: skip


corpus_injection_transient_before = _transient("before", drift, generation_before)
corpus_injection_transient_after = _transient("after", sp.S.One, generation_after)

_log_factor = sp.log(s.transient_factor)
_time = eq(s.transient_time, (sp.log(s.transient_level) - sp.log(s.transient_size)) / _log_factor)
transient_time = Theorem(
    name="transient_time",
    title="Time to a level",
    in_words="How many generations a geometric transient takes to come down to a level.",
    statement=_time,
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="T5",
    assumptions=(
        "a transient X_0 g^t, 0 < g < 1, and a level below X_0; the time is not rounded",
        "corpus injection from its target: X_0 = |H_0 - H_*|, g = a^M (1 - alpha eps (2 - eps))",
    ),
    conditions=(s.transient_factor < 1, s.transient_level < s.transient_size),
    derivation=(
        Step(
            rule="substitution",
            claim=_time,
            uses=("model:transient_level",),
        ),
    ),
)

THEOREMS = (
    corpus_injection_text_probs,
    corpus_injection_transient_before,
    corpus_injection_transient_after,
    transient_time,
)
