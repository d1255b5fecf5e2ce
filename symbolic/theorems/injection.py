"""Corpus injection into the text model: T5, a fixed corpus.

``a = 1 - 1/N`` is the retention of one text update, ``a**M`` of a generation's ``M``; the dose
``alpha eps (2 - eps)`` is the share of homozygosity that an injection removes.  With one-hot
posteriors the recursions are exact; otherwise the posterior confusion only adds diversity, and
every curve and stationary value below is a lower bound on the mean diversity.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from symbolic import symbols as s
from symbolic.model.injection import update_index, updated, updated_overlap
from symbolic.recursions import solve_linear, stationary_point
from symbolic.relations import eq
from symbolic.symbols import Mean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.text import retention

_alpha, _eps, _t = s.injection_prob, s.injection_fraction, s.generations
dose = _alpha * _eps * (2 - _eps)
drift = retention**s.text_updates  # the factor of one generation's text updates
kept = 1 - dose  # m in the paper's notation
overlap_factor = 1 - _alpha * _eps  # factor of E[p.u] - u.u in one generation
mixing = 2 * _alpha * _eps * (1 - _eps)  # weight of the overlap of p and the corpus
_H0, _Hu = s.initial_text_diversity, s.target_diversity

ONE_HOT = "posteriors are one-hot (otherwise a lower bound on the mean diversity)"
FIXED = "fixed corpus: p <- (1 - epsilon) p + epsilon u with probability alpha"
BEFORE = "a generation injects, then makes M text updates"
AFTER = "a generation makes M text updates, then injects"
ORDERS = {"before": BEFORE, "after": AFTER}


factor = drift * kept
APART = (factor < overlap_factor,)  # the denominators of a curve are not zero, and factor < 1
excess = mixing * (1 - _Hu - s.initial_overlap)
_h, _hi, _o = s.text_diversity_at, s.injected_diversity_at, s.target_overlap_at
_i, _K, _M = s.text, s.num_texts, s.text_updates
_texts = (_i, 0, _K - 1)


def forced(gain: sp.Expr, forcing: sp.Expr) -> sp.Expr:
    """Solve ``x[t+1] = factor x[t] + gain + forcing * g**t``, ``g`` the overlap's factor."""
    extra = forcing * (factor**_t - overlap_factor**_t) / (factor - overlap_factor)
    return solve_linear(factor, gain, _H0, _t) + extra


# ------------------------------------------------------------------------------ what steps share


def injected(diversity: sp.Expr, overlap: sp.Expr) -> sp.Expr:
    """Mean diversity after a fixed-corpus injection, from diversity and overlap before it."""
    return kept * diversity + dose * _Hu + mixing * (1 - _Hu - overlap)


sum_of_squares = Step(
    rule="combination",
    claim=eq(sp.Sum(s.text_probs[_i] ** 2, _texts), 1 - s.text_diversity),
    label="sum of squares",
    uses=("model:diversity",),
    given={"weights": (1,)},
)
one_injection = (
    sum_of_squares,
    Step(
        rule="substitution",
        claim=eq(Mean(s.injected_diversity), injected(s.text_diversity, s.target_overlap)),
        label="one injection",
        uses=("model:fixed_corpus", "sum of squares", "model:target", "model:target_overlap"),
    ),
)
_injection = eq(Mean(s.injected_diversity), injected(s.text_diversity, s.target_overlap))
corpus_injection_once = Theorem(
    name="corpus_injection_once",
    title="Text diversity after one injection event",
    in_words="Mean diversity just after a fixed corpus may have been mixed in, from any state.",
    statement=_injection,
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="T5",
    assumptions=(FIXED, "expectation given the state before; target_overlap = sum_i p_i u_i"),
    derivation=one_injection,
)
_one_drift = (
    Step(
        rule="substitution",
        claim=eq(Mean(s.next_text_diversity), retention * s.text_diversity),
        note="one-hot posteriors",
        label="one update",
        uses=("theorem:text_diversity_recursion", "model:one_hot_confusion"),
    ),
    Step(
        rule="tower",
        claim=eq(Mean(updated[update_index + 1]), retention * Mean(updated[update_index])),
        label="each update",
        uses=("one update",),
        given={
            s.text_diversity: updated[update_index],
            s.next_text_diversity: updated[update_index + 1],
        },
    ),
)


def overlap_path(target: str, diversity: sp.Expr) -> tuple[Step, ...]:
    """Steps to the mean overlap with the (mean) corpus of this diversity, at every generation."""
    pull = _alpha * _eps * (1 - diversity)
    return (
        Step(
            rule="substitution",
            claim=eq(Mean(s.next_target_overlap), overlap_factor * s.target_overlap + pull),
            label="one overlap",
            uses=("model:overlap_step", target, "model:target_overlap"),
        ),
        Step(
            rule="tower",
            claim=eq(Mean(_o[_t + 1]), overlap_factor * Mean(_o[_t]) + pull),
            label="each overlap",
            uses=("one overlap",),
            given={s.target_overlap: _o[_t], s.next_target_overlap: _o[_t + 1]},
        ),
        Step(
            rule="linear recursion",
            claim=eq(
                Mean(_o[_t]),
                1 - diversity - overlap_factor**_t * (1 - diversity - s.initial_overlap),
            ),
            label="overlap",
            uses=("each overlap", "model:overlap_start"),
        ),
    )


def _drifted(start: sp.Expr, premise: str) -> Step:
    return Step(
        rule="geometric sum",
        claim=eq(Mean(updated[update_index]), retention**update_index * start),
        label="all updates",
        uses=("each update", premise),
        given={"time": update_index},
    )


_last_update = Step(
    rule="instance",
    claim=eq(Mean(updated[_M]), drift * Mean(_hi[_t])),
    label="last update",
    uses=("all updates",),
    given={update_index: _M},
)


Injected = Callable[[sp.Expr, sp.Expr], sp.Expr]


def before_steps(one: tuple[Step, ...], after: Injected, result: sp.Expr) -> tuple[Step, ...]:
    """Steps to the recursion when a generation injects first."""
    return (
        *one,
        Step(
            rule="tower",
            claim=eq(Mean(_hi[_t]), after(Mean(_h[_t]), Mean(_o[_t]))),
            label="injected",
            uses=("one injection",),
            given={
                s.text_diversity: _h[_t],
                s.injected_diversity: _hi[_t],
                s.target_overlap: _o[_t],
            },
        ),
        *_one_drift,
        _drifted(Mean(_hi[_t]), "model:updates_start_before"),
        _last_update,
        Step(
            rule="substitution",
            claim=eq(Mean(_h[_t + 1]), result),
            label="generation",
            uses=("model:updates_end_before", "last update", "injected", "overlap"),
        ),
    )


def after_steps(one: tuple[Step, ...], after: Injected, result: sp.Expr) -> tuple[Step, ...]:
    """Steps to the recursion when a generation injects last."""
    return (
        *_one_drift,
        _drifted(Mean(_h[_t]), "model:updates_start_after"),
        Step(
            rule="instance",
            claim=eq(Mean(updated[_M]), drift * Mean(_h[_t])),
            label="last update",
            uses=("all updates",),
            given={update_index: _M},
        ),
        *one,
        Step(
            rule="tower",
            claim=eq(Mean(_h[_t + 1]), after(Mean(updated[_M]), Mean(updated_overlap))),
            label="injected",
            uses=("one injection",),
            given={
                s.text_diversity: updated[_M],
                s.injected_diversity: _h[_t + 1],
                s.target_overlap: updated_overlap,
            },
        ),
        Step(
            rule="substitution",
            claim=eq(Mean(_h[_t + 1]), result),
            label="generation",
            uses=("injected", "last update", "model:updated_overlap", "overlap"),
        ),
    )


# ------------------------------------------------------------------------- fixed corpus: curves


def _curve(order: str, gain: sp.Expr, forcing: sp.Expr, steps: tuple[Step, ...]) -> Theorem:
    statement = eq(Mean(_h[_t]), forced(gain, forcing))
    return Theorem(
        name=f"corpus_injection_curve_{order}",
        title=f"Text diversity under corpus injection from any start, injected {order}",
        in_words="The curve of mean diversity when the texts do not start at the target's mean.",
        statement=statement,
        kind=Kind.EXACT,
        source=Source.OURS,
        reference="T5",
        assumptions=(
            FIXED, ORDERS[order], ONE_HOT, "initial_overlap = sum_i p_0i u_i",
        ),
        conditions=APART,
        derivation=(
            *steps,
            Step(
                rule="linear recursion",
                claim=statement,
                uses=("generation", "model:text_start"),
            ),
        ),
    )  # fmt: skip


def _recursion(order: str, gain: sp.Expr) -> Theorem:
    statement = eq(Mean(_h[_t]), solve_linear(factor, gain, _H0, _t))
    return Theorem(
        name=f"corpus_injection_recursion_{order}",
        title=f"Text diversity under corpus injection, injected {order} the text updates",
        in_words="Mean diversity relaxes geometrically towards its stationary value.",
        statement=statement,
        kind=Kind.EXACT,
        source=Source.RECONSTRUCTED,
        reference="Theorem 6.1 (T5)",
        assumptions=(
            FIXED, ORDERS[order], ONE_HOT, "the initial mean of p is the target u",
        ),
        conditions=(factor < 1,),
        derivation=(
            Step(
                rule="substitution bound",
                claim=statement,
                note="the overlap starts, and stays, at u.u",
                uses=(f"theorem:corpus_injection_curve_{order}", "model:start_at_target"),
            ),
        ),
    )  # fmt: skip


_forcing = excess * overlap_factor**_t
_fixed_path = overlap_path("model:target", _Hu)
generation_before = (
    *_fixed_path,
    *before_steps(one_injection, injected, factor * Mean(_h[_t]) + drift * (dose * _Hu + _forcing)),
)
generation_after = (
    *_fixed_path,
    *after_steps(one_injection, injected, factor * Mean(_h[_t]) + dose * _Hu + _forcing),
)
corpus_injection_curve_before = _curve(
    "before", drift * dose * _Hu, drift * excess, generation_before
)
corpus_injection_curve_after = _curve("after", dose * _Hu, excess, generation_after)
corpus_injection_recursion_before = _recursion("before", drift * dose * _Hu)
corpus_injection_recursion_after = _recursion("after", dose * _Hu)

# ------------------------------------------------------------------------- stationary diversity

_ROOM = (1 - drift) + drift * dose  # 1 - factor


def stationary_limit(name: str, title: str, gain: sp.Expr, assumptions: tuple[str, ...]) -> Theorem:
    """Let a curve, of the same name, run on for ever."""
    statement = eq(s.stationary_text_diversity, stationary_point(factor, gain))
    return Theorem(
        name=name,
        title=title,
        in_words="The mean diversity at which injection and drift balance.",
        statement=statement,
        kind=Kind.FIXED_POINT,
        source=Source.RECONSTRUCTED,
        reference="Theorem 6.1 (T5)",
        assumptions=assumptions,
        conditions=(factor < 1,),
        derivation=(
            Step(
                rule="long-run limit",
                claim=statement,
                note="from any start",
                uses=(f"theorem:{name.replace('stationary', 'curve')}",),
                given={"vanishing": {factor: _ROOM, overlap_factor: _alpha * _eps}},
            ),
        ),
    )


def _fixed_corpus(order: str, gain: sp.Expr) -> Theorem:
    return stationary_limit(
        f"corpus_injection_stationary_{order}",
        f"Stationary text diversity, fixed corpus, injected {order} the text updates",
        gain,
        (FIXED, ORDERS[order], ONE_HOT),
    )


corpus_injection_stationary_before = _fixed_corpus("before", drift * dose * _Hu)
corpus_injection_stationary_after = _fixed_corpus("after", dose * _Hu)
THEOREMS = (
    corpus_injection_once,
    corpus_injection_curve_before,
    corpus_injection_curve_after,
    corpus_injection_recursion_before,
    corpus_injection_recursion_after,
    corpus_injection_stationary_before,
    corpus_injection_stationary_after,
)
