"""Traces of powers of the covariance after one update, to second order: I3 beyond the root."""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.image import deviation, spread_size
from symbolic.model.spectra import axes, power_rest, power_trace_expansion
from symbolic.relations import eq
from symbolic.symbols import Mean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.contraction import UNBIASED, deviation_moments

_q, _nu, _a, _b = s.power, s.degrees_of_freedom, s.feature, s.other_feature
_sd, _eta, _trace = s.image_sd, spread_size, s.next_power_trace
_pairs = ((_b, _a + 1, s.num_features - 1), axes)
_whole = sp.Sum(_sd[_a] ** (2 * _q), axes)
_slope_gap = (_sd[_a] ** (2 * _q - 2) - _sd[_b] ** (2 * _q - 2)) / (_sd[_a] ** 2 - _sd[_b] ** 2)
_crossed = sp.Sum(_sd[_a] ** 2 * _sd[_b] ** 2 * _slope_gap, *_pairs)
_gain = _q * ((_q - 1) * _whole + _crossed) / _nu
_deltas = _q * _slope_gap * _sd[_a] ** 2 * _sd[_b] ** 2 * (1 + sp.KroneckerDelta(_a, _b)) / _nu
_with_deltas = sp.Sum(_deltas, *_pairs)
_apart = sp.Sum(_q * _slope_gap * _sd[_a] ** 2 * _sd[_b] ** 2 / _nu, *_pairs)
_diagonal = _q * (_q - 1) * _whole / _nu
_rest = _eta**3 * Mean(power_rest)
image_trace_power_second_order = Theorem(
    name="image_trace_power_second_order",
    title="Trace of a power of the covariance after one update, to second order",
    in_words="What one update does to the trace of any power of any covariance, to order 1/nu.",
    statement=eq(Mean(_trace), _whole + _gain),
    kind=Kind.ASYMPTOTIC,
    source=Source.OURS,
    reference="I3",
    assumptions=(
        UNBIASED,
        "the standard deviations s_a are all different (continuous where they are equal)",
        "error of order nu^-2",
    ),
    lemmas=("daleckii_krein", "small_deviation"),
    derivation=(
        *deviation_moments,
        Step(
            rule="instance",
            claim=eq(Mean(deviation[_a, _a] ** 2), 2 * _sd[_a] ** 4 / _nu),
            label="diagonal variance",
            uses=("variance",),
            given={_b: _a},
        ),
        Step(
            rule="monotone",
            claim=eq(Mean(_trace), Mean(power_trace_expansion)),
            label="expansion",
            uses=("lemma:daleckii_krein",),
            given={"apply": Mean},
        ),
        Step(
            rule="substitution",
            claim=eq(Mean(_trace), _whole + _eta**2 * (_diagonal + _with_deltas) + _rest),
            label="in moments",
            uses=("expansion", "centred diagonal", "diagonal variance", "variance"),
        ),
        Step(
            rule="off the diagonal",
            claim=eq(_with_deltas, _apart),
            label="different axes",
        ),
        Step(
            rule="combination",
            claim=eq(Mean(_trace), _whole + _eta**2 * _gain + _rest),
            label="expanded",
            uses=("in moments", "different axes"),
            given={"weights": (1, _eta**2)},
        ),
        Step(
            rule="leading order",
            claim=eq(Mean(_trace), _whole + _gain),
            note="the third-order term has a mean of order nu^-2",
            uses=("expanded", "lemma:small_deviation"),
            given={"small": _eta, "order": 2},
        ),
    ),
)

THEOREMS = (image_trace_power_second_order,)
