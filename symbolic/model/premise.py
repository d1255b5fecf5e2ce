"""What a premise is: a definition or a law of the model, in words and as a relation."""

from __future__ import annotations

from dataclasses import dataclass

from sympy.core.relational import Relational

Premises = dict[str, tuple[str, Relational]]


@dataclass(frozen=True, kw_only=True)
class Premise:
    """A definition or a law of the model.

    Parameters
    ----------
    in_words : str
        What it says.
    statement : sympy Relational
        The same as an equation or inequality.
    name : str
        Key in `MODEL`; the small worlds know by it where it must be true.

    Examples
    --------
    >>> from symbolic.model import MODEL
    >>> MODEL["text_update"].in_words
    'a text update averages the posteriors of N independent images'
    """

    in_words: str
    statement: Relational
    name: str = ""
