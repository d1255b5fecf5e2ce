"""What a claim of a paper is here: what it says, what is proved, and how the two differ."""

from __future__ import annotations

import re
from dataclasses import dataclass

from symbolic import THEOREMS

__all__ = ["Comparison"]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One claim of the paper beside the theorems that speak of it.

    Parameters
    ----------
    place, title : str
        Where in the paper, and its heading there.
    says : str
        What the title, the abstract or a caption says; no more.
    proved : str
        What is proved here, in words.
    differ : str
        How the two differ.
    mark : str
        What theorems that speak of it may refer to instead of the place.
    also : tuple of str
        Names in ``symbolic.THEOREMS`` of others that speak of it.

    Examples
    --------
    >>> from symbolic.papers import COMPARISONS
    >>> COMPARISONS[1].theorems[0]
    'text_diversity_lower_bound'
    """

    place: str
    title: str
    says: str
    proved: str
    differ: str
    mark: str = ""
    also: tuple[str, ...] = ()

    @property
    def theorems(self) -> tuple[str, ...]:
        """Names of the theorems that refer to the place or the mark, and `also`."""
        marks = "|".join(re.escape(mark) for mark in (self.place, self.mark) if mark)
        spoken_of = re.compile(rf"\b({marks})\b")
        named = (name for name, one in THEOREMS.items() if spoken_of.search(one.reference))
        return tuple(dict.fromkeys((*named, *self.also)))
