"""The rules of inference: each names a checker, and each checker is exact.

A step's checker sees the claim, the facts the step rests on, and what the step exhibits
(``given``); it never sees the theorem's statement.  Free symbols of a fact are universally
quantified, so a fact may be used at any instance.
"""

from __future__ import annotations

from symbolic.rules import (
    algebra,
    counting,
    expectation,
    integration,
    limits,
    measures,
    samples,
    sequences,
    series,
)
from symbolic.rules.core import (
    NOT_EXACT,
    RULES,
    DerivationError,
    check_step,
    gap,
    implies,
)
from symbolic.rules.definitions import check_definitions
from symbolic.rules.instances import instance

__all__ = [
    "NOT_EXACT",
    "RULES",
    "DerivationError",
    "algebra",
    "check_definitions",
    "check_step",
    "counting",
    "expectation",
    "gap",
    "implies",
    "instance",
    "integration",
    "limits",
    "measures",
    "samples",
    "sequences",
    "series",
]
