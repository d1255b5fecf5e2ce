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

    def check(self) -> None:
        """Check that it is true in the small worlds that decide on it.

        Raises
        ------
        ValueError
            If it is false in one of them, or speaks of something that has no value there.

        Examples
        --------
        >>> from symbolic.model import MODEL
        >>> MODEL["text_update"].check()
        """
        from symbolic.worlds.meaning import is_true  # the worlds use the model's symbols

        if is_true(self.name, self.statement) is False:
            raise ValueError(f"Premise {self.name}: {self.statement} is false in a small world.")
