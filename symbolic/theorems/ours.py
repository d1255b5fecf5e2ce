"""How theorems of this project are written where many share one reference."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from symbolic.theorem import Kind, Source, Step, Theorem


def ours(shared: str) -> Callable[..., Theorem]:
    """A way to write theorems of this project, by default exact, under one reference.

    Parameters
    ----------
    shared : str
        What they belong to.

    Returns
    -------
    callable
        ``theorem(name, title, in_words, statement, derivation, *assumptions, ...)``.
    """

    def theorem(
        name: str, title: str, in_words: str, statement: sp.Rel, derivation: tuple[Step, ...],
        *assumptions: str, conditions: tuple[sp.Rel, ...] = (), kind: Kind = Kind.EXACT,
        lemmas: tuple[str, ...] = (), reference: str = shared,
    ) -> Theorem:  # fmt: skip
        return Theorem(
            name=name,
            title=title,
            in_words=in_words,
            statement=statement,
            kind=kind,
            source=Source.OURS,
            reference=reference,
            assumptions=assumptions,
            conditions=conditions,
            derivation=derivation,
            lemmas=lemmas,
        )

    return theorem
