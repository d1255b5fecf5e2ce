"""How long it takes: half-lives, times to a level, deadlines and the sizes that meet them."""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.lemmas.calculus import positive_quantity
from symbolic.recursions import half_life, time_to_level
from symbolic.relations import eq, ge, le
from symbolic.special import log_c, log_chi
from symbolic.symbols import Mean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.image import TWO_IMAGES, UPDATES, freedom
from symbolic.theorems.text import ONE_UPDATE, retention

_t, _N, _n, _nu = s.generations, s.batch_size, s.image_count, s.degrees_of_freedom
_ell, _C, _T = s.share_left, s.posterior_confusion, s.half_life
_c = sp.exp(log_c(freedom))
_some = sp.Symbol("over_some", positive=True)
_left = {_ell: 1 / (1 + sp.Symbol("over_share", positive=True))}
_two = {_N: 1 + _some, **_left}
_images = {_n: 1 + _some, **_left}
UNBIASED = ("model:unbiased", "model:no_shrinkage")
SHARE = "0 < ell < 1"
TWO_DRAWS = "N >= 2"


_KINDS = {sp.Eq: Kind.EXACT, sp.Le: Kind.UPPER_BOUND, sp.Ge: Kind.LOWER_BOUND}


def _rate(
    name: str, title: str, in_words: str, statement: sp.Rel, reference: str,
    steps: tuple[Step, ...], assumptions: tuple[str, ...], **more: object,
) -> Theorem:  # fmt: skip
    return Theorem(
        name=name,
        title=title,
        in_words=in_words,
        statement=statement,
        kind=_KINDS[type(statement)],
        source=Source.OURS,
        reference=reference,
        assumptions=assumptions,
        derivation=steps,
        **more,  # type: ignore[arg-type]
    )


def _reached(claim: sp.Rel, uses: str, level: sp.Expr, domain: dict[sp.Symbol, sp.Expr]) -> Step:
    return Step(
        rule="level reached",
        claim=claim,
        uses=(uses,),
        given={"level": level, "variable": _t, "domain": domain},
    )


# ------------------------------------------------------------------------------------------ text

_H0 = s.initial_text_diversity
_guaranteed = "theorem:text_diversity_lower_bound"
_text_level = ge(s.level_time, time_to_level(retention, _ell))
text_level_time = _rate(
    "text_level_time",
    "Text updates until a share of the diversity is left",
    "Mean text diversity stays above a share ell of its start for at least so many updates.",
    _text_level,
    "Corollary 3.2 (T2)",
    (_reached(_text_level, _guaranteed, _ell * _H0, _two),),
    (*ONE_UPDATE, SHARE, TWO_DRAWS, "equality if posteriors are one-hot"),
    conditions=(_ell < 1, _N >= 2),
)
_text_half = ge(_T, half_life(retention))
text_half_life = _rate(
    "text_half_life",
    "Half-life of text diversity",
    "Mean text diversity takes at least so many text updates to halve.",
    _text_half,
    "Corollary 3.2 (T2)",
    (_reached(_text_half, _guaranteed, _H0 / 2, _two),),
    (*ONE_UPDATE, TWO_DRAWS, "equality if posteriors are one-hot"),
    conditions=(_N >= 2,),
)
_confused = 1 - (1 - _C) / _N
_H = s.text_diversity_at
_along = {
    s.text_diversity: _H[_t],
    s.next_text_diversity: _H[_t + 1],
    s.posterior_confusion: s.posterior_confusion_at[_t],
}
_confused_mean = Mean(s.posterior_confusion_at[_t] * _H[_t])
_confused_path = eq(Mean(_H[_t]), _confused**_t * _H0)
_confused_level = eq(s.level_time, time_to_level(_confused, _ell))
text_confused_level_time = _rate(
    "text_confused_level_time",
    "The same with a constant posterior confusion",
    "A constant posterior confusion C slows drift down as if N were N/(1 - C).",
    _confused_level,
    "T1, T2",
    (
        Step(
            rule="tower",
            claim=eq(Mean(_H[_t + 1]), retention * Mean(_H[_t]) + _confused_mean / _N),
            label="on the path",
            uses=("theorem:text_diversity_recursion",),
            given=_along,
        ),
        Step(
            rule="combination",
            claim=eq(Mean(_H[_t + 1]), _confused * Mean(_H[_t])),
            label="each update",
            uses=("on the path", "model:constant_confusion"),
            given={"weights": (1, 1 / _N)},
        ),
        Step(
            rule="linear recursion",
            claim=_confused_path,
            label="path",
            uses=("each update", "model:text_start"),
        ),
        _reached(
            _confused_level,
            "path",
            _ell * _H0,
            {_C: 1 / (1 + sp.Symbol("over_confusion", positive=True)), **_two},
        ),
    ),
    (*ONE_UPDATE, SHARE, TWO_DRAWS, "the posterior confusion C is constant, 0 <= C < 1"),
    conditions=(_ell < 1, _N >= 2, _C < 1),
)
_W = s.wanted_half_life
_text_size = le(s.smallest_batch_size, 1 / (1 - 2 ** (-1 / _W)))
text_smallest_batch_size = _rate(
    "text_smallest_batch_size",
    "Batch size for a half-life of text diversity",
    "With so many images in an update the guaranteed half-life is the wanted one.",
    _text_size,
    "Corollary 3.2 (T2)",
    (
        Step(
            rule="level reached",
            claim=_text_size,
            note="the half-life rises with N",
            uses=("theorem:text_half_life",),
            given={"level": _W, "variable": _N, "domain": {_N: 1 + _some}},
        ),
    ),
    (*ONE_UPDATE, "equality if posteriors are one-hot"),
)

# ----------------------------------------------------------------------------------------- image

_D0 = s.image_diversity
_path = Step(
    rule="substitution bound",
    claim=le(Mean(s.image_diversity_at[_t]), _c**_t * _D0),
    label="path",
    uses=("theorem:image_diversity_upper_bound", *UNBIASED),
)
PLAIN = "covariance with denominator n - 1 (ddof = 1), shrinkage_factor = 1"
_image_level = le(s.level_time, sp.log(_ell) / log_c(freedom))
image_level_time = _rate(
    "image_level_time",
    "Image updates until a share of the diversity is left",
    "Mean image diversity has fallen to a share ell of its start after at most so many updates.",
    _image_level,
    "Theorem 3.3 (I2, I5)",
    (_path, _reached(_image_level, "path", _ell * _D0, _images)),
    (*UPDATES, PLAIN, SHARE, "equality in one dimension"),
    conditions=(*TWO_IMAGES, _ell < 1),
)
_sd = sp.sqrt(s.directional_variance_at[_t])
_image_half = eq(_T, sp.log(2) / -log_c(freedom))
directional_half_life = _rate(
    "directional_half_life",
    "Half-life of the standard deviation in a direction",
    "The mean standard deviation in any direction halves in so many updates.",
    _image_half,
    "I1",
    (
        Step(
            rule="substitution bound",
            claim=eq(Mean(_sd), _c**_t * sp.sqrt(s.directional_variance)),
            label="path",
            uses=("theorem:directional_diversity_mean", *UNBIASED),
        ),
        _reached(_image_half, "path", sp.sqrt(s.directional_variance) / 2, _images),
    ),
    (*UPDATES, PLAIN),
    conditions=TWO_IMAGES,
)
_log0 = sp.log(s.directional_variance) / 2
_typical = eq(s.level_time, sp.log(_ell) / log_chi(freedom))
typical_level_time = _rate(
    "typical_level_time",
    "Image updates until a share is left in a typical run",
    "A typical run falls to a share ell about twice as fast as the mean over runs.",
    _typical,
    "I6",
    (
        Step(
            rule="substitution bound",
            claim=eq(Mean(sp.log(_sd)), _log0 + _t * log_chi(freedom)),
            label="path",
            uses=("theorem:directional_log_mean", *UNBIASED),
        ),
        _reached(_typical, "path", _log0 + sp.log(_ell), _images),
    ),
    (*UPDATES, PLAIN, SHARE, "typical: at the mean of the logarithm"),
    conditions=(*TWO_IMAGES, _ell < 1),
)
_G, _updates = s.generations_allowed, s.image_updates
_deadline = le(s.updates_allowed, sp.log(_ell) / (_G * log_c(freedom)))
image_updates_deadline = _rate(
    "image_updates_deadline",
    "Image updates that a deadline allows",
    "No more image updates in a generation keep a share ell of the diversity for G generations.",
    _deadline,
    "Theorem 3.3 (I2, I5)",
    (
        _path,
        Step(
            rule="instance",
            claim=le(Mean(s.image_diversity_at[_G * _updates]), _c ** (_G * _updates) * _D0),
            label="generations",
            uses=("path",),
            given={_t: _G * _updates},
        ),
        Step(
            rule="level reached",
            claim=_deadline,
            uses=("generations",),
            given={"level": _ell * _D0, "variable": _updates, "domain": _images},
        ),
    ),
    (*UPDATES, PLAIN, SHARE, "equality in one dimension"),
    conditions=(*TWO_IMAGES, _ell < 1),
)
_need = s.smallest_freedom
_many = le(_need, _W / (4 * sp.log(2)))
image_freedom_sufficient = _rate(
    "image_freedom_sufficient",
    "Images that surely give a half-life",
    "So many degrees of freedom are enough for the wanted half-life along any direction.",
    _many,
    "I1, I9",
    (
        Step(
            rule="instance",
            claim=ge(log_c(_need), -1 / (4 * _need)),
            label="enclosure",
            uses=("theorem:log_c_series_lower_1",),
            given={_nu: _need},
        ),
        Step(
            rule="combination",
            claim=_many,
            uses=("enclosure", "model:half_life_freedom"),
            given={"weights": (_W * _need / sp.log(2), -_need / sp.log(2))},
        ),
    ),
    ("degrees of freedom that give the half-life, as a real number; images are one more", PLAIN),
)
_few = ge(_need, _W / (4 * sp.log(2)) - 1)
_share = _need / (_need + 1)
image_freedom_necessary = _rate(
    "image_freedom_necessary",
    "Images without which there is no such half-life",
    "Fewer degrees of freedom cannot give the wanted half-life along any direction.",
    _few,
    "I1, I9",
    (
        Step(
            rule="instance",
            claim=le(log_c(_need), sp.log(_share) / 4),
            label="enclosure",
            uses=("theorem:log_c_quarter_bound",),
            given={_nu: _need},
        ),
        Step(
            rule="lemma",
            claim=le(sp.log(_share), _share - 1),
            label="tangent",
            uses=("lemma:log_tangent",),
            given={positive_quantity: _share},
        ),
        Step(
            rule="combination",
            claim=_few,
            uses=("enclosure", "tangent", "model:half_life_freedom"),
            given={
                "weights": (
                    _W * (_need + 1) / sp.log(2),
                    _W * (_need + 1) / (4 * sp.log(2)),
                    (_need + 1) / sp.log(2),
                )
            },
        ),
    ),
    ("degrees of freedom that give the half-life, as a real number; images are one more", PLAIN),
    lemmas=("log_tangent",),
)

THEOREMS = (
    text_level_time,
    text_half_life,
    text_confused_level_time,
    text_smallest_batch_size,
    image_level_time,
    directional_half_life,
    typical_level_time,
    image_updates_deadline,
    image_freedom_sufficient,
    image_freedom_necessary,
)
