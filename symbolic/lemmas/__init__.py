"""Cited lemmas: what SymPy cannot reach in symbolic dimension, with reference and small case.

Each lemma is a statement whose free symbols may be specialised, a reference for its proof, and a
``small_case`` that checks that statement exactly where SymPy can.  A theorem lists every lemma it
uses.
"""

from __future__ import annotations

from symbolic.lemmas import (
    calculus,
    diffusion,
    general,
    generalization,
    in_context,
    overlap,
    recursive_stability,
    recursive_stability_laws,
    retraining_map,
    series,
    spectral,
    wishart,
)
from symbolic.lemmas.lemma import Lemma

__all__ = ["LEMMAS", "Lemma"]

_MODULES = (
    general,
    diffusion,
    calculus,
    spectral,
    overlap,
    retraining_map,
    series,
    wishart,
    recursive_stability,
    recursive_stability_laws,
    generalization,
    in_context,
)

LEMMAS: dict[str, Lemma] = {lemma.name: lemma for module in _MODULES for lemma in module.LEMMAS}
