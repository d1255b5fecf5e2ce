"""Text diversity over many updates: drift plus confusion, and what bounds it from above."""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.lemmas.overlap import first, second
from symbolic.relations import eq
from symbolic.symbols import Mean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.text import ONE_UPDATE, along, pairs, posterior_mean, retention

_N, _K, _t = s.batch_size, s.num_texts, s.generations
_i, _k, _p, _r, _y = s.text, s.other_text, s.text_probs, s.posterior, s.image_draw
_texts, _ri = (_i, 0, _K - 1), _r(_i, _y)
_overlaps = sp.Sum(sp.sqrt(_p[_i] * _p[_k]) * s.bhattacharyya[_i, _k], *pairs)

# ------------------------------------------------------------------------- drift plus confusion

_h, _e, _past = s.text_diversity_at, s.mean_confused_diversity, s.past_generation
_decomposed = eq(
    Mean(_h[_t]),
    retention**_t * s.initial_text_diversity
    + sp.Sum(retention ** (_t - 1 - _past) * _e[_past], (_past, 0, _t - 1)) / _N,
)
text_diversity_decomposition = Theorem(
    name="text_diversity_decomposition",
    title="Text diversity as drift plus confusion",
    in_words="Mean diversity is pure drift plus what posterior confusion gave back, discounted.",
    statement=_decomposed,
    kind=Kind.EXACT,
    source=Source.RECONSTRUCTED,
    reference="Theorem 4.2 (T4)",
    assumptions=(*ONE_UPDATE, "t counts text updates", "mean_confused_diversity[s] = E[C_s H_s]"),
    derivation=(
        Step(
            rule="tower",
            claim=eq(
                Mean(_h[_t + 1]),
                retention * Mean(_h[_t]) + Mean(s.posterior_confusion_at[_t] * _h[_t]) / _N,
            ),
            label="each update",
            uses=("theorem:text_diversity_recursion",),
            given=along,
        ),
        Step(
            rule="substitution",
            claim=eq(Mean(_h[_t + 1]), retention * Mean(_h[_t]) + _e[_t] / _N),
            label="named",
            uses=("each update", "model:confused_diversity"),
        ),
        Step(
            rule="linear recursion",
            claim=_decomposed,
            uses=("named", "model:text_start"),
        ),
    ),
)

# --------------------------------------------------------- no more than at first, or than overlap

_path, _start = s.text_probs_at, s.initial_text_diversity
_ceiling = sp.Le(Mean(_h[_t]), _start, evaluate=False)
text_diversity_ceiling = Theorem(
    name="text_diversity_ceiling",
    title="Mean text diversity never grows by itself",
    in_words="However blurred the posteriors, text updates do not add diversity in the mean.",
    statement=_ceiling,
    kind=Kind.UPPER_BOUND,
    source=Source.OURS,
    reference="T1",
    assumptions=(*ONE_UPDATE, "t counts text updates", "equality if all densities are the same"),
    derivation=(
        *posterior_mean,
        Step(
            rule="nonnegative form",
            claim=sp.Ge(Mean(_ri**2), _p[_i] ** 2, evaluate=False),
            note="a variance is not negative",
            label="one text",
            uses=("posterior mean",),
            given={"form": Mean((_ri - _p[_i]) ** 2), "weights": (2 * _p[_i],)},
        ),
        Step(
            rule="monotone",
            claim=sp.Ge(
                sp.Sum(Mean(_ri**2), _texts), sp.Sum(_p[_i] ** 2, _texts), evaluate=False
            ),
            label="all texts",
            uses=("one text",),
            given={"apply": sp.Sum, "over": (_texts,)},
        ),
        Step(
            rule="combination",
            claim=sp.Le(Mean(s.next_text_diversity), s.text_diversity, evaluate=False),
            label="one update",
            uses=(
                "theorem:text_diversity_recursion", "all texts", "model:confusion",
                "model:diversity",
            ),
            given={"weights": (-1, 1 / _N, -1 / _N, 1 / _N)},
        ),
        Step(
            rule="tower",
            claim=sp.Le(Mean(_h[_t + 1]), Mean(_h[_t]), evaluate=False),
            label="each update",
            uses=("one update",),
            given=along,
        ),
        Step(rule="induction", claim=_ceiling, uses=("each update", "model:text_start")),
    ),
)  # fmt: skip

_bc = s.frozen_bhattacharyya[_i, _k]
_roots = Mean(sp.sqrt(_path[_t, _i]) * sp.sqrt(_path[_t, _k]))
_bound = sp.Le(
    Mean(_h[_t]), retention**_t * _start + (1 - retention**_t) * _overlaps, evaluate=False
)
_given_back = sp.Sum(sp.sqrt(_p[_i]) * sp.sqrt(_p[_k]) * _bc, *pairs)
_frozen = sp.Le(
    Mean(_h[_t]), retention**_t * _start + (1 - retention**_t) * _given_back, evaluate=False
)
text_diversity_upper_bound = Theorem(
    name="text_diversity_upper_bound",
    title="Text diversity under frozen images, from above",
    in_words="Mean diversity drifts down to at most the overlap of the frozen Gaussians.",
    statement=_bound,
    kind=Kind.UPPER_BOUND,
    source=Source.OURS,
    reference="Theorem 4.2 (T4)",
    assumptions=(
        *ONE_UPDATE, "t counts text updates",
        "the image model is frozen: the overlaps stay as they are",
        "text_probs are those of generation 0; the sum runs over unordered pairs",
    ),
    lemmas=("cauchy_schwarz_root",),
    derivation=(
        Step(
            rule="tower",
            claim=eq(Mean(_path[_t + 1, _i]), Mean(_path[_t, _i])),
            label="each mean",
            uses=("theorem:text_probs_martingale",),
            given={_p[_i]: _path[_t, _i], s.next_text_probs[_i]: _path[_t + 1, _i]},
        ),
        Step(
            rule="linear recursion",
            claim=eq(Mean(_path[_t, _i]), _p[_i]),
            label="mean",
            uses=("each mean", "model:probs_start"),
        ),
        Step(
            rule="instance",
            claim=eq(Mean(_path[_t, _k]), _p[_k]),
            label="other mean",
            uses=("mean",),
            given={_i: _k},
        ),
        Step(
            rule="lemma",
            claim=sp.Le(
                _roots,
                sp.sqrt(Mean(_path[_t, _i])) * sp.sqrt(Mean(_path[_t, _k])),
                evaluate=False,
            ),
            label="mean root",
            uses=("lemma:cauchy_schwarz_root",),
            given={first: _path[_t, _i], second: _path[_t, _k]},
        ),
        Step(
            rule="substitution bound",
            claim=sp.Le(_roots, sp.sqrt(_p[_i]) * sp.sqrt(_p[_k]), evaluate=False),
            label="root",
            uses=("mean root", "mean", "other mean"),
        ),
        Step(
            rule="combination",
            claim=sp.Le(_roots * _bc, sp.sqrt(_p[_i]) * sp.sqrt(_p[_k]) * _bc, evaluate=False),
            label="one pair",
            uses=("root",),
            given={"weights": (_bc,)},
        ),
        Step(
            rule="monotone",
            claim=sp.Le(
                sp.Sum(_roots * _bc, *pairs),
                sp.Sum(sp.sqrt(_p[_i]) * sp.sqrt(_p[_k]) * _bc, *pairs),
                evaluate=False,
            ),
            label="all pairs",
            uses=("one pair",),
            given={"apply": sp.Sum, "over": pairs},
        ),
        Step(
            rule="tower",
            claim=sp.Le(
                Mean(s.posterior_confusion_at[_t] * _h[_t]),
                sp.Sum(_roots * _bc, *pairs),
                evaluate=False,
            ),
            note="the images are frozen, so the overlaps are the same at all times",
            label="confused",
            uses=("theorem:confusion_bound",),
            given=along | {_p[_i]: _path[_t, _i], s.bhattacharyya[_i, _k]: _bc},
        ),
        Step(
            rule="tower",
            claim=eq(
                Mean(_h[_t + 1]),
                retention * Mean(_h[_t]) + Mean(s.posterior_confusion_at[_t] * _h[_t]) / _N,
            ),
            label="each update",
            uses=("theorem:text_diversity_recursion",),
            given=along,
        ),
        Step(
            rule="combination",
            claim=sp.Le(
                Mean(_h[_t + 1]), retention * Mean(_h[_t]) + _given_back / _N, evaluate=False
            ),
            label="bounded",
            uses=("each update", "confused", "all pairs"),
            given={"weights": (-1, 1 / _N, 1 / _N)},
        ),
        Step(
            rule="induction",
            claim=_frozen,
            label="each time",
            uses=("bounded", "model:text_start"),
        ),
        Step(
            rule="substitution bound",
            claim=_bound,
            uses=("each time", "model:frozen_images"),
        ),
    ),
)  # fmt: skip

THEOREMS = (text_diversity_decomposition, text_diversity_ceiling, text_diversity_upper_bound)
