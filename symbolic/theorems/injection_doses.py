"""Inverse problems of corpus injection: which dose keeps a wanted diversity, and whether any does.

With a fixed corpus the stationary diversity depends on the injection probability and fraction
through the dose ``alpha eps (2 - eps)`` only, and grows with it.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.relations import eq, le
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.injection import AFTER, BEFORE, FIXED, ONE_HOT, dose, drift, kept

_alpha, _eps, _Hu = s.injection_prob, s.injection_fraction, s.target_diversity
_floor, _delta = s.diversity_floor, s.injection_dose
_margin, _room = sp.symbols("margin room", positive=True)  # H_u - h; see _least_fraction
_retention_room = sp.Symbol("over_retention", positive=True)
_below = {_Hu: _floor + _margin}
_one = _eps * (2 - _eps)  # the dose of an injection that always happens
_EXISTS = (_floor < _Hu, s.text_updates >= 1, s.batch_size >= 2)


class _Order:
    """What the order of injection and text updates changes."""

    def __init__(self, name: str, words: str, scale: sp.Expr, slope: sp.Expr) -> None:
        self.name, self.words, self.scale = name, words, scale
        self.slope = slope  # of the value above the floor, over dose minus the least dose
        self.least = _floor * (1 - drift) / slope

    def value(self, at: sp.Expr) -> sp.Expr:
        """Stationary diversity at a dose."""
        return self.scale * at * _Hu / (1 - drift * (1 - at))


_ORDERS = (
    _Order("before", BEFORE, drift, drift * (_Hu - _floor)),
    _Order("after", AFTER, sp.S.One, _Hu - drift * _floor),
)


def _theorem(
    name: str, title: str, in_words: str, statement: sp.Rel, order: _Order, *extra: str,
    conditions: tuple[sp.Rel, ...] = (), derivation: tuple[Step, ...],
) -> Theorem:  # fmt: skip
    return Theorem(
        name=name,
        title=title,
        in_words=in_words,
        statement=statement,
        kind=Kind.UPPER_BOUND if isinstance(statement, sp.Le) else Kind.EXACT,
        source=Source.OURS,
        reference="T5",
        assumptions=(FIXED, order.words, ONE_HOT, *extra),
        conditions=conditions,
        derivation=derivation,
    )


def _stationary(order: _Order) -> Step:
    return Step(
        rule="substitution",
        claim=eq(s.stationary_text_diversity, order.value(dose)),
        label="stationary",
        uses=(f"theorem:corpus_injection_stationary_{order.name}",),
    )


# ----------------------------------------------------------------------------- smallest of each


def _least_dose(order: _Order) -> Theorem:
    room = (1 - drift) + drift * _delta
    return _theorem(
        "corpus_injection_dose" + ("" if order.name == "before" else "_after"),
        f"Smallest dose for a wanted diversity, injected {order.name} the text updates",
        "The dose alpha eps (2 - eps) from which the stationary diversity is at least h.",
        eq(s.smallest_injection_dose, order.least),
        order,
        "h < H_u, M >= 1",
        "reachable only if it is at most 1",
        conditions=_EXISTS,
        derivation=(
            _stationary(order),
            Step(
                rule="abbreviation",
                claim=eq(s.stationary_text_diversity, order.value(_delta)),
                note="delta = alpha eps (2 - eps)",
                label="by dose",
                uses=("stationary",),
                given={"name": _delta, "stands for": dose},
            ),
            Step(
                rule="threshold",
                claim=eq(s.smallest_injection_dose, order.least),
                uses=("by dose",),
                given={
                    "variable": _delta, "level": _floor, "weight": order.slope / room,
                    "domain": _below,
                },
            ),
        ),
    )  # fmt: skip


def _least_prob(order: _Order) -> Theorem:
    room = (1 - drift) + drift * dose
    return _theorem(
        f"corpus_injection_prob_{order.name}",
        f"Smallest injection probability, injected {order.name} the text updates",
        "The probability of injection from which, at a fraction, diversity is at least h.",
        eq(s.smallest_injection_prob, order.least / _one),
        order,
        "h < H_u, M >= 1, eps > 0",
        "reachable only if it is at most 1: see corpus_injection_fraction_ceiling",
        conditions=(*_EXISTS, _eps > 0, _eps <= 1),
        derivation=(
            _stationary(order),
            Step(
                rule="threshold",
                claim=eq(s.smallest_injection_prob, order.least / _one),
                uses=("stationary",),
                given={
                    "variable": _alpha, "level": _floor, "weight": order.slope * _one / room,
                    "domain": _below,
                },
            ),
        ),
    )  # fmt: skip


def _least_fraction(order: _Order) -> Theorem:
    """Prove it for any retention a of a generation, then put that of M text updates in."""
    a = sp.Symbol("a", positive=True)
    retained = {a: drift}
    slope, value = (expr.subs(drift, a) for expr in (order.slope, order.value(dose)))
    least = _floor * (1 - a) / slope
    fraction = 1 - sp.sqrt(1 - least / _alpha)
    share = 1 / (1 + _retention_room)
    # Probabilities that are at least the least dose, so that the root is rational.
    enough = least.subs(_below).subs(a, share) * (1 + _room) ** 2 / (1 + 2 * _room)
    return _theorem(
        f"corpus_injection_fraction_{order.name}",
        f"Smallest injection fraction, injected {order.name} the text updates",
        "The fraction from which, at a probability of injection, diversity is at least h.",
        eq(s.smallest_injection_fraction, fraction.subs(retained)),
        order,
        "h < H_u, M >= 1",
        "reachable only if alpha is at least the least dose: see corpus_injection_prob_ceiling",
        conditions=(*_EXISTS, _alpha >= order.least),
        derivation=(
            _stationary(order),
            Step(
                rule="abbreviation",
                claim=eq(s.stationary_text_diversity, value),
                note="a = (1 - 1/N)^M",
                label="by retention",
                uses=("stationary",),
                given={"name": a, "stands for": drift},
            ),
            Step(
                rule="threshold",
                claim=eq(s.smallest_injection_fraction, fraction),
                note="eps (2 - eps) is 1 - (1 - eps)^2, and alpha is at least the least dose",
                label="threshold",
                uses=("by retention",),
                given={
                    "variable": _eps,
                    "level": _floor,
                    "weight": slope * _alpha * (2 - fraction - _eps) / ((1 - a) + a * dose),
                    "domain": {_alpha: enough, a: share, **_below},
                },
            ),
            Step(
                rule="instance",
                claim=eq(s.smallest_injection_fraction, fraction.subs(retained)),
                uses=("threshold",),
                given=retained,
            ),
        ),
    )


# ----------------------------------------------------------------------------- whether any does

_CAPS = {  # name: the largest dose, what it leaves above the dose, when
    "": (sp.S.One, kept, "whatever the dose"),
    "prob_": (_alpha, _alpha * (1 - _eps) ** 2, "at a given probability of injection"),
    "fraction_": (_one, _one * (1 - _alpha), "at a given fraction"),
}


def _ceiling(order: _Order, cap: str) -> Theorem:
    most, spare, when = _CAPS[cap]
    top = order.value(most)
    rooms = ((1 - drift) + drift * dose) * ((1 - drift) + drift * most)
    statement = le(s.stationary_text_diversity, top)
    return _theorem(
        f"corpus_injection_{cap}ceiling_{order.name}",
        f"Largest stationary diversity {when}, injected {order.name} the text updates",
        f"No diversity above this one can be kept, {when}.",
        statement,
        order,
        "N >= 2, M >= 1, alpha, eps > 0",
        conditions=(
            s.text_updates >= 1,
            s.batch_size >= 2,
            *(() if cap != "prob_" else (_alpha > 0,)),
            *(() if cap != "fraction_" else (_eps > 0,)),
        ),
        derivation=(
            _stationary(order),
            Step(
                rule="combination",
                claim=statement,
                note="the value grows with the dose",
                uses=("stationary",),
                given={
                    "weights": (-1,), "form": order.scale * _Hu * (1 - drift) * spare / rooms,
                },
            ),
        ),
    )  # fmt: skip


_share = _alpha * _eps
_least_share = sp.Ge(s.injected_share, 1 - sp.sqrt(1 - _delta), evaluate=False)
smallest_injected_share = Theorem(
    name="smallest_injected_share",
    title="Smallest share of injected text for a dose",
    in_words="A dose costs least when every generation injects: small fractions, always.",
    statement=_least_share,
    kind=Kind.LOWER_BOUND,
    source=Source.OURS,
    reference="T5",
    assumptions=(
        "injected_share = alpha eps, injection_dose = alpha eps (2 - eps)",
        "equality if alpha = 1",
    ),
    conditions=(_delta <= 1,),
    derivation=(
        Step(
            rule="nonnegative form",
            claim=le((1 - _share) ** 2, kept),
            label="squares",
            given={"form": _alpha * _eps**2 * (1 - _alpha)},
        ),
        Step(
            rule="square root",
            claim=le(1 - _share, sp.sqrt(kept)),
            label="roots",
            uses=("squares",),
        ),
        Step(
            rule="combination",
            claim=sp.Ge(_share, 1 - sp.sqrt(kept), evaluate=False),
            label="share",
            uses=("roots",),
            given={"weights": (1,)},
        ),
        Step(
            rule="abbreviation",
            claim=sp.Ge(_share, 1 - sp.sqrt(1 - _delta), evaluate=False),
            label="by dose",
            uses=("share",),
            given={"name": _delta, "stands for": dose},
        ),
        Step(
            rule="abbreviation",
            claim=_least_share,
            uses=("by dose",),
            given={"name": s.injected_share, "stands for": _share},
        ),
    ),
)

THEOREMS = (
    *(_least_dose(order) for order in _ORDERS),
    *(_least_prob(order) for order in _ORDERS),
    *(_least_fraction(order) for order in _ORDERS),
    *(_ceiling(order, cap) for order in _ORDERS for cap in _CAPS),
    smallest_injected_share,
)
