"""How far a text's mean drifts from its start: I8."""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.contraction import UNBIASED
from symbolic.symbols import Mean
from symbolic.theorem import Kind, Source, Theorem

_t, _rho = s.generations, s.contraction_factor
COUNTS = (
    "image counts drawn afresh in each update, independent of the Gaussian",
    "a kept text does not move",
)

image_fidelity_bound = Theorem(
    name="image_fidelity_bound",
    title="First-moment fidelity is bounded",
    in_words="The mean distance of a text's mean from its start never exceeds this.",
    statement=sp.Le(
        Mean(s.image_fidelity_at[_t]),
        s.image_diversity * s.inverse_root_count / (1 - _rho),
        evaluate=False,
    ),
    kind=Kind.UPPER_BOUND,
    source=Source.RECONSTRUCTED,
    reference="Theorem 3.4 (I8)",
    assumptions=(*COUNTS, "rho = mean factor of an update, rho < 1 (image_factor_mean)"),
)
image_fidelity_bound_at = Theorem(
    name="image_fidelity_bound_at",
    title="First-moment fidelity after t updates",
    in_words="The mean distance of a text's mean from its start after t image updates.",
    statement=sp.Le(
        Mean(s.image_fidelity_at[_t]),
        s.image_diversity * s.inverse_root_count * (1 - _rho**_t) / (1 - _rho),
        evaluate=False,
    ),
    kind=Kind.UPPER_BOUND,
    source=Source.OURS,
    reference="I8",
    assumptions=(*COUNTS, "rho = mean factor of an update, rho < 1 (image_factor_mean)"),
)
image_fidelity_squared = Theorem(
    name="image_fidelity_squared",
    title="Squared fidelity grows without bound",
    in_words="The mean squared distance of a text's mean from its start grows linearly.",
    statement=sp.Eq(
        Mean(s.squared_fidelity_at[_t]), _t * s.image_variance * s.inverse_count, evaluate=False
    ),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="I8",
    assumptions=(*COUNTS, UNBIASED),
)

THEOREMS = (image_fidelity_bound, image_fidelity_bound_at, image_fidelity_squared)
