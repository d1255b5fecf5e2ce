"""The published contraction rate of image diversity, reconstructed: I3."""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.image import inverse_freedom_mean
from symbolic.relations import eq
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.contraction import UNBIASED

_d, _rho = s.num_features, s.contraction_factor
_N, _p, _m = s.batch_size, s.text_prob, s.count_index
_weight = sp.binomial(_N, _m) * _p**_m * (1 - _p) ** (_N - _m)
_shifted = sp.binomial(_N + 1, _m + 1) * _p ** (_m + 1) * (1 - _p) ** (_N - _m)
_trials = (_m, 0, _N)
_inverse = sp.Sum(_weight / (_m + 1), _trials)
_eighth = (_d + 1) / sp.Integer(8)
_missed = (1 - _p) ** (_N + 1) / ((_N + 1) * _p)  # no image at all in N + 1 trials
_caption = eq(_rho, 1 - (_d + 1) / (8 * (_N + 1) * _p))
image_contraction_caption = Theorem(
    name="image_contraction_caption",
    title="The caption's contraction rate",
    in_words="The published rate: the isotropic one averaged over image counts by 1/((N+1) p).",
    statement=_caption,
    kind=Kind.APPROXIMATION,
    source=Source.RECONSTRUCTED,
    reference="Theorem 5.1",
    assumptions=(
        UNBIASED,
        "isotropic covariance before the update (true of the start only)",
        "n ~ Binomial(N, p), 1/(n-1) replaced by 1/(n+1), (1-p)^(N+1) dropped",
    ),
    lemmas=("binomial_shifted",),
    derivation=(
        Step(
            rule="approximation",
            claim=eq(_rho, 1 - _eighth * _inverse),
            note="E[1/(n-1)] of updated texts replaced by E[1/(n+1)]",
            label="replaced",
            uses=("model:averaged_contraction",),
            given={"dropped": _eighth * (_inverse - inverse_freedom_mean)},
        ),
        Step(
            rule="algebra",
            claim=eq(_weight / (_m + 1), _shifted / ((_N + 1) * _p)),
            label="one count",
        ),
        Step(
            rule="monotone",
            claim=eq(_inverse, sp.Sum(_shifted / ((_N + 1) * _p), _trials)),
            label="all counts",
            uses=("one count",),
            given={"apply": sp.Sum, "over": (_trials,)},
        ),
        Step(
            rule="combination",
            claim=eq(_inverse, (1 - (1 - _p) ** (_N + 1)) / ((_N + 1) * _p)),
            label="inverse moment",
            uses=("all counts", "lemma:binomial_shifted"),
            given={"weights": (1, 1 / ((_N + 1) * _p))},
        ),
        Step(
            rule="combination",
            claim=eq(_rho, 1 - _eighth * (1 - (1 - _p) ** (_N + 1)) / ((_N + 1) * _p)),
            label="averaged",
            uses=("replaced", "inverse moment"),
            given={"weights": (1, -_eighth)},
        ),
        Step(
            rule="approximation",
            claim=_caption,
            uses=("averaged",),
            given={"dropped": _eighth * _missed},
        ),
    ),
)

THEOREMS = (image_contraction_caption,)
