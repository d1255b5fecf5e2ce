"""Premises of corpus injection, in both readings."""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.premise import Premises
from symbolic.relations import eq
from symbolic.symbols import Mean

_i = s.text
_p = s.text_probs
_u = s.target_probs
_U = s.corpus_probs
_t = s.generations
_eps = s.injection_fraction
_alpha = s.injection_prob
_K = s.num_texts
_texts = (_i, 0, _K - 1)

updated = sp.IndexedBase(s.RandomSymbol("H_upd", nonnegative=True), nonnegative=True)
updated_overlap = s.RandomSymbol("o_upd", nonnegative=True)
injected_probs = sp.IndexedBase(s.RandomSymbol("p_inj", nonnegative=True), nonnegative=True)
updated_probs = sp.IndexedBase(s.RandomSymbol("p_upd", nonnegative=True), nonnegative=True)
update_index = sp.Symbol("m", integer=True, nonnegative=True)

INJECTION: Premises = {
    "fixed_corpus": (
        "with probability alpha, p <- (1 - epsilon) p + epsilon u",
        eq(
            Mean(s.injected_diversity),
            _alpha * (1 - sp.Sum(((1 - _eps) * _p[_i] + _eps * _u[_i]) ** 2, _texts))
            + (1 - _alpha) * s.text_diversity,
        ),
    ),
    "new_text": (
        "with probability alpha, p <- ((1 - epsilon) p, epsilon)",
        eq(
            Mean(s.injected_diversity),
            _alpha * (1 - sp.Sum(((1 - _eps) * _p[_i]) ** 2, _texts) - _eps**2)
            + (1 - _alpha) * s.text_diversity,
        ),
    ),
    "target": ("diversity of the corpus", eq(sp.Sum(_u[_i] ** 2, _texts), 1 - s.target_diversity)),
    "target_total": ("the corpus's probabilities add up to one", eq(sp.Sum(_u[_i], _texts), 1)),
    "target_overlap": (
        "overlap with the corpus",
        eq(sp.Sum(_p[_i] * _u[_i], _texts), s.target_overlap),
    ),
    "overlap_step": (
        "an injection mixes in the corpus; text updates are martingales",
        eq(
            Mean(s.next_target_overlap),
            _alpha * sp.Sum(((1 - _eps) * _p[_i] + _eps * _u[_i]) * _u[_i], _texts)
            + (1 - _alpha) * s.target_overlap,
        ),
    ),
    "overlap_start": ("overlap at the start", eq(Mean(s.target_overlap_at[0]), s.initial_overlap)),
    "start_at_target": (
        "the start is the target: its overlap with the target is that of the target with itself",
        eq(s.initial_overlap, 1 - s.target_diversity),
    ),
    "updates_start_before": (
        "a generation injects first, then updates",
        eq(Mean(updated[0]), Mean(s.injected_diversity_at[_t])),
    ),
    "updates_end_before": (
        "the generation ends with its last text update",
        eq(Mean(s.text_diversity_at[_t + 1]), Mean(updated[s.text_updates])),
    ),
    "updates_start_after": (
        "a generation updates first, then injects",
        eq(Mean(updated[0]), Mean(s.text_diversity_at[_t])),
    ),
    "updated_overlap": (
        "text updates are martingales, so the mean overlap stays",
        eq(Mean(updated_overlap), Mean(s.target_overlap_at[_t])),
    ),
    "fresh_corpus": (
        "the same with a corpus drawn afresh, independently of p",
        eq(
            Mean(s.injected_diversity),
            _alpha * Mean(1 - sp.Sum(((1 - _eps) * _p[_i] + _eps * _U[_i]) ** 2, _texts))
            + (1 - _alpha) * s.text_diversity,
        ),
    ),
    "fresh_mean": ("fresh corpora have the target as their mean", eq(Mean(_U[_i]), _u[_i])),
    "fresh_diversity": (
        "target_diversity is the mean diversity of fresh corpora",
        eq(sp.Sum(Mean(_U[_i] ** 2), _texts), 1 - s.target_diversity),
    ),
    "fresh_target": (
        "diversity of their mean",
        eq(sp.Sum(_u[_i] ** 2, _texts), 1 - s.mean_target_diversity),
    ),
    "injected_probs": (
        "with probability alpha, p <- (1 - epsilon) p + epsilon u (or u's mean)",
        eq(
            Mean(injected_probs[_t, _i]),
            _alpha * Mean((1 - _eps) * s.text_probs_at[_t, _i] + _eps * _u[_i])
            + (1 - _alpha) * Mean(s.text_probs_at[_t, _i]),
        ),
    ),
    "probs_updates_start": (
        "a generation injects first, then updates (in the mean the order does not matter)",
        eq(Mean(updated_probs[0, _i]), Mean(injected_probs[_t, _i])),
    ),
    "probs_updates_end": (
        "the generation ends with its last text update",
        eq(Mean(s.text_probs_at[_t + 1, _i]), Mean(updated_probs[s.text_updates, _i])),
    ),
    "transient_level": (
        "after transient_time generations a transient X_0 g^t is down to the level, in logs",
        eq(
            sp.log(s.transient_level),
            sp.log(s.transient_size) + s.transient_time * sp.log(s.transient_factor),
        ),
    ),
}
