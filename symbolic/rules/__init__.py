"""The rules of inference: each names a checker, and each checker is exact.

A step's checker sees the claim, the facts the step rests on, and what the step exhibits
(``given``); it never sees the theorem's statement.  Free symbols of a fact are universally
quantified, so a fact may be used at any instance.
"""

from __future__ import annotations

from symbolic.rules import algebra, expectation, integration, limits, measures, sequences, series
from symbolic.rules.core import (
    NOT_EXACT,
    RULES,
    DerivationError,
    check_step,
    gap,
    implies,
    instance,
)

__all__ = [
    "NOT_EXACT",
    "RULES",
    "DerivationError",
    "algebra",
    "check_step",
    "expectation",
    "gap",
    "implies",
    "instance",
    "integration",
    "limits",
    "measures",
    "sequences",
    "series",
]
