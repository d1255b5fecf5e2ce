"""Mean powers of the scatter of a context's inputs, for any number of examples and features.

Several layers of linear attention make several steps of gradient descent; the error that they
leave is a polynomial of the scatter ``S = X'X/n``, and its mean takes the moments ``E tr S^k / d``.
Each is a sum over the pairings of ``2 k`` standard normals (Isserlis).
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.in_context import SCATTER_POWERS
from symbolic.relations import eq
from symbolic.symbols import Mean
from symbolic.theorem import Step, Theorem
from symbolic.theorems.in_context import theorem
from symbolic.wishart import wishart_trace_mean

_n, _d = s.num_context, s.num_features


def _moment(power: int) -> Theorem:
    pairings = wishart_trace_mean((power,), _n, _d)
    value = sp.factor(pairings) / (_d * _n**power)
    claim = eq(Mean(s.scatter_trace[power]), value)
    return theorem(
        f"scatter_moment_{power}",
        f"Moment {power} of the scatter of a context's inputs",
        f"Mean trace of S^{power}, S = X'X/n, over the number of features.",
        claim,
        (
            Step(
                rule="Wishart pairings",
                claim=eq(Mean(s.context_wishart_trace[power]), pairings),
                label="pairings",
            ),
            Step(
                rule="substitution",
                claim=claim,
                uses=(f"model:scatter_power_{power}", "pairings"),
            ),
        ),
        "inputs of d independent standard normals each",
    )


THEOREMS = tuple(_moment(power) for power in SCATTER_POWERS)
