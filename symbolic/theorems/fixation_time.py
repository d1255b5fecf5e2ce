"""Mean time until one text is left, under one-hot posteriors: text by text, and by diffusion.

The sum over texts is exact; each term belongs to the chain of one text's count, which a diffusion
approximates.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.lemmas.diffusion import residence_error
from symbolic.relations import eq
from symbolic.symbols import Mean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.fixation import averaged
from symbolic.theorems.wright_fisher import PATH

_N, _K, _t = s.batch_size, s.num_texts, s.generations
_i, _p = s.text, s.text_probs
_texts = (_i, 0, _K - 1)
_path, _U, _T, _R = s.text_probs_at, s.unsettled, s.fixation_time, s.text_residence
_ever = (_t, 0, sp.oo)

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
        averaged(eq(Mean(_U[_t]), sp.Sum(Mean(_part), _texts)), "all texts", "mean"),
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
    fixation_time_by_text,
    fixation_time_diffusion,
    fixation_time_next_order,
)
