"""Cited lemmas (follow)."""

from __future__ import annotations

from dataclasses import dataclass

from sympy.core.relational import Relational


@dataclass(frozen=True, kw_only=True)
class Lemma:
    """A cited lemma."""

    name: str
    statement: Relational


LEMMAS: dict[str, Lemma] = {}
