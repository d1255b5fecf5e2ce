"""Corpus injection into the text model: T5, both readings.

``a = 1 - 1/N`` is the retention of one text update, ``a**M`` of a generation's ``M``; the dose
``alpha eps (2 - eps)`` is the share of homozygosity that an injection removes.  With one-hot
posteriors the recursions are exact; otherwise the posterior confusion only adds diversity, and
every curve and stationary value below is a lower bound on the mean diversity.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.symbols import Mean
from symbolic.text import retention
from symbolic.theorem import Kind, Source, Theorem

_alpha, _eps, _t = s.injection_prob, s.injection_fraction, s.generations
dose = _alpha * _eps * (2 - _eps)
drift = retention**s.text_updates  # the factor of one generation's text updates
kept = 1 - dose  # m in the paper's notation
overlap_factor = 1 - _alpha * _eps  # factor of E[p.u] - u.u in one generation
_fresh_gain = _alpha * (
    2 * _eps * (1 - _eps) * s.mean_target_diversity + _eps**2 * s.target_diversity
)
_new_text_gain = 2 * _alpha * _eps * (1 - _eps)
_H0, _Hu = s.initial_text_diversity, s.target_diversity

ONE_HOT = "posteriors are one-hot (otherwise a lower bound on the mean diversity)"
FIXED = "fixed corpus: p <- (1 - epsilon) p + epsilon u with probability alpha"
BEFORE = "a generation injects, then makes M text updates"
AFTER = "a generation makes M text updates, then injects"


def relax(start: sp.Expr, gain: sp.Expr) -> sp.Expr:
    """Solve ``x[t+1] = (a**M m) x[t] + gain`` at generation t."""
    factor = drift * kept
    return factor**_t * start + gain * (1 - factor**_t) / (1 - factor)


def relax_forced(start: sp.Expr, gain: sp.Expr, forcing: sp.Expr) -> sp.Expr:
    """Solve ``x[t+1] = (a**M m) x[t] + gain + forcing * g**t`` with ``g`` the overlap factor."""
    factor = drift * kept
    return relax(start, gain) + forcing * (factor**_t - overlap_factor**_t) / (
        factor - overlap_factor
    )


corpus_injection_recursion_before = Theorem(
    name="corpus_injection_recursion_before",
    title="Text diversity under corpus injection, injected before the text updates",
    in_words="Mean diversity relaxes geometrically towards its stationary value.",
    statement=sp.Eq(Mean(s.text_diversity_at[_t]), relax(_H0, drift * dose * _Hu), evaluate=False),
    kind=Kind.EXACT,
    source=Source.RECONSTRUCTED,
    reference="Theorem 6.1 (T5)",
    assumptions=(FIXED, BEFORE, ONE_HOT, "the initial mean of p is the target u"),
)
corpus_injection_recursion_after = Theorem(
    name="corpus_injection_recursion_after",
    title="Text diversity under corpus injection, injected after the text updates",
    in_words="Mean diversity relaxes geometrically towards its stationary value.",
    statement=sp.Eq(Mean(s.text_diversity_at[_t]), relax(_H0, dose * _Hu), evaluate=False),
    kind=Kind.EXACT,
    source=Source.RECONSTRUCTED,
    reference="Theorem 6.1 (T5)",
    assumptions=(FIXED, AFTER, ONE_HOT, "the initial mean of p is the target u"),
)
_excess = 2 * _alpha * _eps * (1 - _eps) * (1 - _Hu - s.initial_overlap)
corpus_injection_curve_before = Theorem(
    name="corpus_injection_curve_before",
    title="Text diversity under corpus injection from any start, injected before",
    in_words="The curve of mean diversity when the texts do not start at the target's mean.",
    statement=sp.Eq(
        Mean(s.text_diversity_at[_t]),
        relax_forced(_H0, drift * dose * _Hu, drift * _excess),
        evaluate=False,
    ),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="T5",
    assumptions=(FIXED, BEFORE, ONE_HOT, "initial_overlap = sum_i p_0i u_i"),
)
corpus_injection_curve_after = Theorem(
    name="corpus_injection_curve_after",
    title="Text diversity under corpus injection from any start, injected after",
    in_words="The curve of mean diversity when the texts do not start at the target's mean.",
    statement=sp.Eq(
        Mean(s.text_diversity_at[_t]), relax_forced(_H0, dose * _Hu, _excess), evaluate=False
    ),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="T5",
    assumptions=(FIXED, AFTER, ONE_HOT, "initial_overlap = sum_i p_0i u_i"),
)


def _stationary(name: str, title: str, gain: sp.Expr, assumptions: tuple[str, ...]) -> Theorem:
    return Theorem(
        name=name,
        title=title,
        in_words="The mean diversity at which injection and drift balance.",
        statement=sp.Eq(s.stationary_text_diversity, gain / (1 - drift * kept), evaluate=False),
        kind=Kind.FIXED_POINT,
        source=Source.RECONSTRUCTED,
        reference="Theorem 6.1 (T5)",
        assumptions=assumptions,
    )


_FRESH = "the injected corpus is drawn afresh each time with mean pi, independently of p"
corpus_injection_stationary_before = _stationary(
    "corpus_injection_stationary_before",
    "Stationary text diversity, fixed corpus, injected before",
    drift * dose * _Hu,
    (FIXED, BEFORE, ONE_HOT),
)
corpus_injection_stationary_after = _stationary(
    "corpus_injection_stationary_after",
    "Stationary text diversity, fixed corpus, injected after",
    dose * _Hu,
    (FIXED, AFTER, ONE_HOT),
)
fresh_corpus_stationary_before = _stationary(
    "fresh_corpus_stationary_before",
    "Stationary text diversity, fresh corpora, injected before",
    drift * _fresh_gain,
    (_FRESH, BEFORE, ONE_HOT, "target_diversity is the mean diversity of an injected corpus"),
)
fresh_corpus_stationary_after = _stationary(
    "fresh_corpus_stationary_after",
    "Stationary text diversity, fresh corpora, injected after",
    _fresh_gain,
    (_FRESH, AFTER, ONE_HOT, "target_diversity is the mean diversity of an injected corpus"),
)

NEW_TEXT = "new text: p <- ((1 - epsilon) p, epsilon) with probability alpha"
_strength = _alpha * drift / (1 - drift)  # alpha (N - 1) when M = 1
_root = sp.sqrt(1 + _strength)
new_text_lower_bound = Theorem(
    name="new_text_lower_bound",
    title="Text diversity that new texts guarantee",
    in_words="Injecting new texts keeps mean diversity above this value in the long run.",
    statement=sp.Ge(
        s.limit_text_diversity, drift * _new_text_gain / (1 - drift * kept), evaluate=False
    ),
    kind=Kind.LOWER_BOUND,
    source=Source.RECONSTRUCTED,
    reference="Theorem 6.1 (T5)",
    assumptions=(NEW_TEXT, BEFORE, "equality if posteriors are one-hot"),
)
new_text_best_fraction = Theorem(
    name="new_text_best_fraction",
    title="Best fraction for new texts",
    in_words="The injection fraction that makes the guaranteed diversity largest.",
    statement=sp.Eq(s.best_injection_fraction, 1 / (1 + _root), evaluate=False),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="T5",
    assumptions=(NEW_TEXT, BEFORE, "N >= 2, M >= 1, alpha > 0"),
)
new_text_best_value = Theorem(
    name="new_text_best_value",
    title="Largest diversity that new texts guarantee",
    in_words="The guaranteed diversity at the best injection fraction.",
    statement=sp.Eq(s.best_text_diversity, 1 - 1 / _root, evaluate=False),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="T5",
    assumptions=(NEW_TEXT, BEFORE, "N >= 2, M >= 1, alpha > 0"),
)
corpus_injection_dose = Theorem(
    name="corpus_injection_dose",
    title="Smallest dose for a wanted diversity",
    in_words="The dose alpha eps (2 - eps) from which the stationary diversity is at least h.",
    statement=sp.Eq(
        s.injection_dose,
        s.diversity_floor * (1 - drift) / (drift * (_Hu - s.diversity_floor)),
        evaluate=False,
    ),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="T5",
    assumptions=(FIXED, BEFORE, ONE_HOT, "h < H_u", "reachable only if it is at most 1"),
)

THEOREMS = (
    corpus_injection_recursion_before,
    corpus_injection_recursion_after,
    corpus_injection_curve_before,
    corpus_injection_curve_after,
    corpus_injection_stationary_before,
    corpus_injection_stationary_after,
    fresh_corpus_stationary_before,
    fresh_corpus_stationary_after,
    new_text_lower_bound,
    new_text_best_fraction,
    new_text_best_value,
    corpus_injection_dose,
)
