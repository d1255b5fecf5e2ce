"""Numbers of generated examples that grow with the generations, and errors that then stay bounded.

Each training set is what the model before generated, ``n_k`` examples at generation ``k``; with
unbiased covariances the errors ``V/n_k`` add up.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.lemmas.calculus import positive_quantity
from symbolic.relations import eq, ge, le
from symbolic.symbols import Mean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.retraining_errors import FIRST, FIT, theorem

_n0, _t, _V, _power = s.num_real, s.generations, s.real_variance, s.schedule_power
_m, _v, _past, _size = s.location_error_at, s.model_variance_at, s.past_generation, s.generated_at

SCHEDULE = "the model of generation k generates the n_k examples that the next one is fitted to"
UNBIASED = "the covariance is divided by n - 1 (ddof = 1)"
POWERS = "n_k = n_g (k + 1)^a, a whole number for every k"

_each = (
    Step(
        rule="substitution bound",
        claim=eq(Mean(s.next_model_variance), s.model_variance),
        label="one variance",
        uses=("theorem:replaced_variance_step", "model:unbiased"),
    ),
    Step(
        rule="tower",
        claim=eq(Mean(_v[_t + 1]), Mean(_v[_t])),
        label="each variance",
        uses=("one variance",),
        given={s.next_model_variance: _v[_t + 1], s.model_variance: _v[_t]},
    ),
    Step(
        rule="substitution bound",
        claim=eq(Mean(_v[0]), _V),
        label="first variance",
        uses=("theorem:first_variance", "model:unbiased"),
    ),
    Step(
        rule="geometric sum",
        claim=eq(Mean(_v[_t]), _V),
        label="variance",
        uses=("each variance", "first variance"),
    ),
    Step(
        rule="tower",
        claim=eq(Mean(_m[_t + 1]), Mean(_m[_t]) + Mean(_v[_t]) / _size[_t]),
        label="each location",
        uses=("theorem:replaced_location_step",),
        given={
            s.next_location_error: _m[_t + 1],
            s.location_error: _m[_t],
            s.model_variance: _v[_t],
            s.num_generated: _size[_t],
        },
    ),
    Step(
        rule="substitution",
        claim=eq(Mean(_m[_t + 1]), Mean(_m[_t]) + _V / _size[_t]),
        label="known",
        uses=("each location", "variance"),
    ),
)
_conditions = (_n0 > 1,)
_path = eq(Mean(_m[_t]), _V / _n0 + _V * sp.Sum(1 / _size[_past], (_past, 0, _t - 1)))
scheduled_location = theorem(
    "scheduled_location",
    "Location error when generated examples of changing number replace all others",
    "The errors of the fits add up, each over its own number of examples.",
    _path,
    (
        *_each,
        Step(rule="linear recursion", claim=_path, uses=("known", "theorem:first_location")),
    ),
    FIT, FIRST, SCHEDULE, UNBIASED, "n_k > 1", conditions=_conditions,
)  # fmt: skip

# -------------------------------------------------------------------------------------- powers

_n = s.num_generated
_so_far = sp.Sum((_past + 1) ** (-_power), (_past, 0, _t - 1))
_powers = eq(Mean(_m[_t]), _V / _n0 + _V / _n * _so_far)
_growing = (
    *_each,
    Step(
        rule="substitution",
        claim=eq(Mean(_m[_t + 1]), Mean(_m[_t]) + _V / (_n * (_t + 1) ** _power)),
        label="growing",
        uses=("known", "model:power_schedule"),
    ),
)
power_schedule_location = theorem(
    "power_schedule_location",
    "Location error when the number of generated examples grows like a power",
    "The errors of the fits add up to a partial sum of the zeta series.",
    _powers,
    (
        *_growing,
        Step(rule="linear recursion", claim=_powers, uses=("growing", "theorem:first_location")),
    ),
    FIT, FIRST, SCHEDULE, POWERS, UNBIASED, conditions=_conditions,
)  # fmt: skip
_limit = eq(s.limit_location_error, _V / _n0 + _V / _n * sp.zeta(_power))
power_schedule_limit = theorem(
    "power_schedule_limit",
    "Limit of the location error when the number of generated examples grows fast enough",
    "Growth faster than linear keeps the error bounded, with no real examples but the first.",
    _limit,
    (
        Step(
            rule="endless sum",
            claim=eq(
                s.limit_location_error,
                _V / _n0 + _V / _n * sp.Sum((_past + 1) ** (-_power), (_past, 0, sp.oo)),
            ),
            label="series",
            uses=("theorem:power_schedule_location",),
        ),
        Step(rule="substitution", claim=_limit, uses=("series", "lemma:zeta_series")),
    ),
    FIT, FIRST, SCHEDULE, POWERS, UNBIASED,
    conditions=(*_conditions, _power > 1), lemmas=("zeta_series",),
)  # fmt: skip
_ratio = (_t + 2) / (_t + 1)
_rise = sp.log(_t + 2) - sp.log(_t + 1)
_below = ge(Mean(_m[_t]), _V / _n0 + _V / _n * sp.log(_t + 1))
linear_schedule_lower_bound = Theorem(
    name="linear_schedule_lower_bound",
    title="Location error when the number of generated examples grows linearly",
    in_words="Linear growth is not enough: the error still grows without bound, like a logarithm.",
    statement=_below,
    kind=Kind.LOWER_BOUND,
    source=Source.OURS,
    reference="iterative retraining (R4)",
    assumptions=(FIT, FIRST, SCHEDULE, "n_k = n_g (k + 1)", UNBIASED),
    conditions=_conditions,
    lemmas=("log_tangent",),
    derivation=(
        *_each,
        Step(
            rule="substitution",
            claim=eq(Mean(_m[_t + 1]), Mean(_m[_t]) + _V / (_n * (_t + 1))),
            label="growing",
            uses=("known", "model:linear_schedule"),
        ),
        Step(
            rule="instance",
            claim=le(sp.log(_ratio), _ratio - 1),
            label="tangent",
            uses=("lemma:log_tangent",),
            given={positive_quantity: _ratio},
        ),
        Step(
            rule="logarithm laws",
            claim=eq(sp.log(_ratio), _rise),
            label="rise",
        ),
        Step(
            rule="combination",
            claim=ge(Mean(_m[_t + 1]), Mean(_m[_t]) + _V / _n * _rise),
            label="each",
            uses=("growing", "tangent", "rise"),
            given={"weights": (1, _V / _n, _V / _n)},
        ),
        Step(rule="induction", claim=_below, uses=("each", "theorem:first_location")),
    ),
)

THEOREMS = (
    scheduled_location,
    power_schedule_location,
    power_schedule_limit,
    linear_schedule_lower_bound,
)
