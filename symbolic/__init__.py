"""The theory of co-evolving generative models as checked SymPy values.

``THEOREMS`` maps each result's name to a `Theorem`: a statement, its kind and source, and a
derivation whose steps SymPy checks exactly.  Nothing here uses arrays or floating point.

The library is built when it is first asked for (about a second), not at import.

Examples
--------
>>> from symbolic import THEOREMS
>>> THEOREMS["text_diversity_recursion"].kind.value
'exact'
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import sympy as sp  # noqa: F401 - whoever imports the theory means to use it

if TYPE_CHECKING:
    from symbolic.lemmas import LEMMAS, Lemma
    from symbolic.theorem import DerivationError, Kind, Source, Step, Theorem

    THEOREMS: Mapping[str, Theorem]

__all__ = ["LEMMAS", "THEOREMS", "DerivationError", "Kind", "Lemma", "Source", "Step", "Theorem"]

_HOME = {"LEMMAS": "symbolic.lemmas", "Lemma": "symbolic.lemmas"} | dict.fromkeys(
    ("DerivationError", "Kind", "Source", "Step", "Theorem"), "symbolic.theorem"
)


@functools.cache
def _collect() -> Mapping[str, Theorem]:
    from symbolic.theorems import ALL

    by_name = {theorem.name: theorem for theorem in ALL}
    if len(by_name) != len(ALL):
        raise ValueError("Expected every theorem to have its own name, found one name twice.")
    return MappingProxyType(by_name)


def __getattr__(name: str) -> Any:
    if name == "THEOREMS":
        return _collect()
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
