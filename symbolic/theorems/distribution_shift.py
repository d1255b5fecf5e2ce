"""Distribution shift: how far what is generated may get from the real data (F1); data processing.

Total variation between a generated and a real example, where each fit adds an error of its own.
Real data of weight ``alpha`` forget the errors of old fits; without any they add up.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.distribution_shift import (
    away,
    batch_law,
    channel,
    half_sum,
    law_at,
    missed,
    other_batch_law,
    other_outcome,
    outcome,
    outcomes,
)
from symbolic.relations import eq, le
from symbolic.theorem import Kind, Step, Theorem
from symbolic.theorems.recursive_stability import MIXED
from symbolic.theorems.recursive_stability import theorem as of_the_loop

_t, _a, _e, _past = s.generations, s.real_share, s.generation_error, s.past_generation
_shift, _errors = s.distribution_shift_at, s.generation_error_at
_kept = 1 - _a

FITS = "law t is that of a generated example after t fits; law 0 that of a real one"
MIX = "each fit is to the mixture alpha D_0 + (1 - alpha) D_t; the first one to D_0, for any alpha"
FINITE = "finitely many outcomes (any law by refinement)"
WITHIN = "each fit misses its mixture by at most e in total variation"
ALONE = "alpha = 0: no real data after the first fit"


def _theorem(
    name: str, title: str, in_words: str, statement: sp.Rel, derivation: tuple[Step, ...],
    *assumptions: str, conditions: tuple[sp.Rel, ...] = (), kind: Kind = Kind.UPPER_BOUND,
) -> Theorem:  # fmt: skip
    return of_the_loop(
        name, title, in_words, statement, derivation, FITS, MIX, FINITE, *assumptions,
        conditions=conditions, kind=kind, reference="distribution shift (F1)",
    )  # fmt: skip


_later = away.subs(_t, _t + 1)
_bound = sp.Abs(missed) + _kept * sp.Abs(away)
_added = le(_shift[_t + 1], _kept * _shift[_t] + _errors[_t])
_start = eq(_shift[0], sp.S.Zero)
_steps = (
    Step(rule="algebra", claim=eq(_later, missed + _kept * away), label="at an outcome"),
    Step(
        rule="triangle inequality",
        claim=le(sp.Abs(_later), _bound),
        label="bounded",
        uses=("at an outcome",),
        given={"parts": ((sp.S.One, missed), (_kept, away))},
    ),
    Step(
        rule="monotone",
        claim=le(sp.Sum(sp.Abs(_later), outcomes), sp.Sum(_bound, outcomes)),
        label="all outcomes",
        uses=("bounded",),
        given={"apply": sp.Sum, "over": (outcomes,)},
    ),
    Step(
        rule="instance",
        claim=eq(_shift[_t + 1], half_sum(_later)),
        label="later",
        uses=("model:distribution_shift",),
        given={_t: _t + 1},
    ),
    Step(
        rule="combination",
        claim=_added,
        label="each fit",
        uses=("all outcomes", "later", "model:distribution_shift", "model:fit_error"),
        given={"weights": (sp.S.Half, -1, _kept, 1)},
    ),
    Step(
        rule="instance",
        claim=_start,
        label="start",
        uses=("model:distribution_shift",),
        given={_t: sp.S.Zero},
    ),
)
_sum = le(
    _shift[_t], sp.Sum(_kept ** (_t - 1 - _past) * _errors[_past], (_past, 0, _t - 1))
)  # fmt: skip
distribution_shift_sum = _theorem(
    "distribution_shift_sum",
    "Distribution shift by the errors of all fits",
    "Each fit's error is discounted by the share of generated data in every later fit.",
    _sum,
    (*_steps, Step(rule="induction", claim=_sum, uses=("each fit", "start"))),
    "generation_error_at[s] is the error of fit s + 1",
)
_within = (
    *_steps,
    Step(
        rule="combination",
        claim=le(_shift[_t + 1], _kept * _shift[_t] + _e),
        label="within",
        uses=("each fit", "model:largest_error"),
        given={"weights": (1, 1)},
    ),
)
shift = _e * (1 - _kept**_t) / _a
_path = le(_shift[_t], shift)
distribution_shift = _theorem(
    "distribution_shift",
    "Distribution shift with a share of real data",
    "The errors of the fits add up, but old ones are forgotten the sooner the more data are real.",
    _path,
    (*_within, Step(rule="induction", claim=_path, uses=("within", "start"))),
    MIXED, WITHIN, conditions=(_a > 0,),
)  # fmt: skip
_ever = le(s.limit_distribution_shift, _e / _a)
distribution_shift_limit = _theorem(
    "distribution_shift_limit",
    "Distribution shift in the long run",
    "At most the error of one fit over the share of real data.",
    _ever,
    (
        Step(
            rule="long-run limit",
            claim=_ever,
            uses=("theorem:distribution_shift",),
            given={"vanishing": {_kept: _a}},
        ),
    ),
    MIXED, WITHIN, "where the limit exists, else of the upper limit", conditions=(_a > 0,),
)  # fmt: skip
_linear = le(_shift[_t], _t * _e)
distribution_shift_without_real = _theorem(
    "distribution_shift_without_real",
    "Distribution shift without real data",
    "The errors of all fits add up.",
    _linear,
    (
        *_within,
        Step(
            rule="substitution bound",
            claim=le(_shift[_t + 1], _shift[_t] + _e),
            label="alone",
            uses=("within", "model:without_real"),
        ),
        Step(rule="induction", claim=_linear, uses=("alone", "start")),
    ),
    WITHIN, ALONE,
)  # fmt: skip
_reached = eq(_shift[_t], shift)
distribution_shift_attained = _theorem(
    "distribution_shift_attained",
    "A loop of two outcomes that attains the bound",
    "Real examples show one outcome; each fit moves e to the other, which nothing brings back.",
    _reached,
    (
        Step(
            rule="instance",
            claim=eq(_shift[_t + 1], law_at[_t + 1, 1]),
            label="later",
            uses=("model:two_outcomes",),
            given={_t: _t + 1},
        ),
        Step(
            rule="substitution",
            claim=eq(_shift[_t + 1], _kept * _shift[_t] + _e),
            label="each",
            uses=("later", "model:second_outcome", "model:two_outcomes"),
        ),
        Step(
            rule="instance",
            claim=eq(_shift[0], law_at[0, 1]),
            label="first",
            uses=("model:two_outcomes",),
            given={_t: sp.S.Zero},
        ),
        Step(
            rule="substitution",
            claim=_start,
            label="start",
            uses=("first", "model:first_outcome_alone"),
        ),
        Step(rule="linear recursion", claim=_reached, uses=("each", "start")),
    ),
    MIXED, "two outcomes, of which real examples show one", "as long as this is at most 1",
    conditions=(_a > 0, sp.Le(shift, 1, evaluate=False)), kind=Kind.EXACT,
)  # fmt: skip

# ----------------------------------------------------------------------------- data processing (F2)

_x, _y = outcome, other_outcome
_others = (_y, *outcomes[1:])
_apart = other_batch_law[_y] - batch_law[_y]
_sent = sp.Sum(channel[_x, _y] * _apart, _others)
_falls = le(s.next_recursive_stability, s.recursive_stability)
recursive_stability_decreases = of_the_loop(
    "recursive_stability_decreases",
    "Recursive stability never grows without real data",
    "What is generated next depends on the last examples alone, so it tells no more of the data.",
    _falls,
    (
        Step(
            rule="substitution bound",
            claim=eq(s.next_recursive_stability, half_sum(_sent)),
            label="sent",
            uses=("model:next_batch_stability", "model:batch_channel",
                  "model:other_batch_channel"),
        ),
        Step(
            rule="combination",
            claim=_falls,
            uses=("lemma:channel_contracts", "sent", "model:batch_stability"),
            given={"weights": (1, -1, 1)},
        ),
    ),
    "alpha = 0; any procedure, any family, finitely many outcomes",
    "no generation uses anything of the past but the examples of the last one",
    kind=Kind.UPPER_BOUND, lemmas=("channel_contracts",),
)  # fmt: skip

THEOREMS = (
    distribution_shift_sum,
    distribution_shift,
    distribution_shift_limit,
    distribution_shift_without_real,
    distribution_shift_attained,
    recursive_stability_decreases,
)
