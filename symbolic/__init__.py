"""The theory of co-evolving generative models as checked SymPy values.

``THEOREMS`` maps each result's name to a `Theorem`: a statement, its kind and source, and a
derivation whose steps SymPy checks exactly.  Nothing here uses arrays or floating point.

Examples
--------
>>> from symbolic import THEOREMS
>>> THEOREMS["text_diversity_recursion"].kind.value
'exact'
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from symbolic.lemmas import LEMMAS, Lemma
from symbolic.theorem import DerivationError, Kind, Source, Step, Theorem
from symbolic.theorems import ALL

__all__ = ["LEMMAS", "THEOREMS", "DerivationError", "Kind", "Lemma", "Source", "Step", "Theorem"]


def _collect() -> Mapping[str, Theorem]:
    by_name = {theorem.name: theorem for theorem in ALL}
    if len(by_name) != len(ALL):
        raise ValueError("Expected every theorem to have its own name, found one name twice.")
    return MappingProxyType(by_name)


THEOREMS: Mapping[str, Theorem] = _collect()
