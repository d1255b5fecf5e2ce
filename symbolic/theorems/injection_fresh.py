"""Corpora drawn afresh at each injection: T5, their curves, and Dirichlet corpora.

A fresh corpus has mean ``pi`` and is independent of the text model.  Only three numbers of its
law matter: the diversity of its mean, its mean diversity, and where the texts start.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.lemmas.overlap import corpus_prob
from symbolic.relations import eq
from symbolic.symbols import ChiSquare, Mean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.injection import (
    AFTER,
    APART,
    BEFORE,
    ONE_HOT,
    after_steps,
    before_steps,
    drift,
    factor,
    forced,
    kept,
    mixing,
    overlap_factor,
    overlap_path,
    stationary_limit,
    sum_of_squares,
)

_alpha, _eps, _t, _i = s.injection_prob, s.injection_fraction, s.generations, s.text
_h, _Hpi, _c = s.text_diversity_at, s.mean_target_diversity, s.corpus_concentration
_u, _U, _texts = s.target_probs, s.corpus_probs, (s.text, 0, s.num_texts - 1)
_gain = mixing * _Hpi + _alpha * _eps**2 * s.target_diversity
_excess = mixing * (1 - _Hpi - s.initial_overlap)

FRESH = "the injected corpus is drawn afresh each time with mean pi, independently of p"
_WORDS = (
    "mean_target_diversity is that of pi, target_diversity the corpora's mean diversity",
    "initial_overlap = sum_i p_0i pi_i",
)


def _injected(diversity: sp.Expr, overlap: sp.Expr) -> sp.Expr:
    """Mean diversity after a fresh injection, from diversity and overlap before it."""
    return kept * diversity + _gain + mixing * (1 - _Hpi - overlap)


_one_injection = (
    sum_of_squares,
    Step(
        rule="substitution",
        claim=eq(Mean(s.injected_diversity), _injected(s.text_diversity, s.target_overlap)),
        label="one injection",
        uses=(
            "model:fresh_corpus", "model:fresh_mean", "sum of squares", "model:fresh_diversity",
            "model:target_overlap",
        ),
    ),
)  # fmt: skip
_path = overlap_path("model:fresh_target", _Hpi)
_decaying = _excess * overlap_factor**_t


def _curve(order: str, words: str, scale: sp.Expr, steps: tuple[Step, ...]) -> Theorem:
    statement = eq(Mean(_h[_t]), forced(scale * _gain, scale * _excess))
    return Theorem(
        name=f"fresh_corpus_curve_{order}",
        title=f"Text diversity under fresh corpora from any start, injected {order}",
        in_words="The curve of mean diversity when each injection brings another corpus.",
        statement=statement,
        kind=Kind.EXACT,
        source=Source.OURS,
        reference="T5",
        assumptions=(FRESH, words, ONE_HOT, *_WORDS),
        conditions=(*APART, s.target_diversity <= _Hpi),
        derivation=(
            *_path,
            *steps,
            Step(
                rule="linear recursion",
                claim=statement,
                uses=("generation", "model:text_start"),
            ),
        ),
    )


fresh_corpus_curve_before = _curve(
    "before",
    BEFORE,
    drift,
    before_steps(_one_injection, _injected, factor * Mean(_h[_t]) + drift * (_gain + _decaying)),
)
fresh_corpus_curve_after = _curve(
    "after",
    AFTER,
    sp.S.One,
    after_steps(_one_injection, _injected, factor * Mean(_h[_t]) + _gain + _decaying),
)
_stationary = {
    order: stationary_limit(
        f"fresh_corpus_stationary_{order}",
        f"Stationary text diversity, fresh corpora, injected {order} the text updates",
        scale * _gain,
        (FRESH, words, ONE_HOT, _WORDS[0]),
    )
    for order, words, scale in (("before", BEFORE, drift), ("after", AFTER, sp.S.One))
}

_total = 2 * _c
_share = _total * _u[_i]
dirichlet_corpus_diversity = Theorem(
    name="dirichlet_corpus_diversity",
    title="Mean diversity of Dirichlet corpora",
    in_words="A Dirichlet corpus is less diverse than its mean, by the factor c/(c + 1).",
    statement=eq(s.target_diversity, _Hpi * _c / (_c + 1)),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="T5",
    assumptions=("fresh corpora u ~ Dirichlet(c pi), c the concentration",),
    lemmas=("dirichlet_squares",),
    derivation=(
        Step(
            rule="Gamma integral",
            claim=eq(Mean(ChiSquare(_total) ** 2), _total * (_total + 2)),
            label="total",
        ),
        Step(
            rule="Gamma integral",
            claim=eq(
                Mean(ChiSquare(_total * s.text_prob) ** 2),
                _total * s.text_prob * (_total * s.text_prob + 2),
            ),
            label="one part",
        ),
        Step(
            rule="combination",
            claim=eq(Mean(corpus_prob**2), s.text_prob * (_c * s.text_prob + 1) / (_c + 1)),
            label="one share",
            uses=("lemma:dirichlet_squares", "total", "one part"),
            given={
                "weights": (
                    1 / (_total * (_total + 2)),
                    -Mean(corpus_prob**2) / (_total * (_total + 2)),
                    1 / (_total * (_total + 2)),
                )
            },
        ),
        Step(
            rule="instance",
            claim=eq(Mean(_U[_i] ** 2), _u[_i] * (_c * _u[_i] + 1) / (_c + 1)),
            label="each share",
            uses=("one share",),
            given={corpus_prob: _U[_i], s.text_prob: _u[_i]},
        ),
        Step(
            rule="monotone",
            claim=eq(
                sp.Sum(Mean(_U[_i] ** 2), _texts),
                sp.Sum(_u[_i] * (_c * _u[_i] + 1) / (_c + 1), _texts),
            ),
            label="all shares",
            uses=("each share",),
            given={"apply": sp.Sum, "over": (_texts,)},
        ),
        Step(
            rule="combination",
            claim=eq(s.target_diversity, _Hpi * _c / (_c + 1)),
            uses=(
                "all shares",
                "model:fresh_diversity",
                "model:fresh_target",
                "model:target_total",
            ),
            given={"weights": (-1, 1, -_c / (_c + 1), -1 / (_c + 1))},
        ),
    ),
)

THEOREMS = (
    fresh_corpus_curve_before,
    fresh_corpus_curve_after,
    *_stationary.values(),
    dirichlet_corpus_diversity,
)
