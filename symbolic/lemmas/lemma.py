"""What a cited lemma is: a statement, a reference, and exact small cases of that statement."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

from sympy.core.relational import Relational


@dataclass(frozen=True, kw_only=True)
class Lemma:
    """A cited result.

    Parameters
    ----------
    name : str
        Key in `LEMMAS`.
    in_words : str
        What it says.
    statement : sympy Relational
        The same as a relation; its free symbols stand for anything that fits ``in_words``.
    reference : str
        Where it is proved.
    small_case : callable
        Takes the statement; returns True if it holds, exactly, at a small size.

    Examples
    --------
    >>> from symbolic.lemmas import LEMMAS
    >>> LEMMAS["square_of_sum"].check()
    """

    name: str
    in_words: str
    statement: Relational
    reference: str
    small_case: Callable[[Relational], bool]

    def check(self) -> None:
        """Check the small case.

        Raises
        ------
        ValueError
            If the lemma fails there.
        """
        if not _holds(self.small_case, self.statement):
            raise ValueError(
                f"Lemma {self.name}: expected it to hold at a small size; it does not."
            )


@functools.cache
def _holds(small_case: Callable[[Relational], bool], statement: Relational) -> bool:
    """Check each statement once: many theorems cite one lemma."""
    return small_case(statement)


def lemma(
    name: str,
    in_words: str,
    statement: Relational,
    reference: str,
    small_case: Callable[[Relational], bool],
) -> Lemma:
    """Write a lemma without naming its fields."""
    return Lemma(
        name=name,
        in_words=in_words,
        statement=statement,
        reference=reference,
        small_case=small_case,
    )
