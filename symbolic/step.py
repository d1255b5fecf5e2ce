"""A step of a derivation, and checking one."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sympy.core.relational import Relational

from symbolic import rules


@dataclass(frozen=True, kw_only=True)
class Step:
    """One line of a derivation.

    Parameters
    ----------
    rule : str
        Name of the rule that justifies the claim; `symbolic.rules.RULES` holds its checker.
    claim : sympy Relational
        What the line says.
    note : str
        A word for the reader.
    label : str
        Name under which later steps use the claim.
    uses : tuple of str
        What it rests on: labels of earlier steps, ``model:NAME``, ``lemma:NAME``,
        ``theorem:NAME`` (an earlier theorem).
    given : mapping
        What the rule needs besides: an instance's substitution, an exhibited non-negative form.

    Examples
    --------
    >>> import sympy as sp
    >>> x = sp.Symbol("x", real=True)
    >>> Step(rule="algebra", claim=sp.Eq((x + 1) ** 2, x**2 + 2 * x + 1)).rule
    'algebra'
    """

    rule: str
    claim: Relational
    note: str = ""
    label: str = ""
    uses: tuple[str, ...] = ()
    given: Mapping[Any, Any] = field(default_factory=dict)


@contextlib.contextmanager
def deep_recursion() -> Iterator[None]:
    """Let SymPy recurse through large expressions, whatever called us."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, 20_000))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


_HELD: set[Any] = set()  # steps that were found to hold; the same step need not be checked twice


def check_once(
    rule: str, claim: Relational, facts: list[Relational], given: Mapping[Any, Any]
) -> None:
    """Check a step, unless the very same step was found to hold before."""
    key = (rule, claim, tuple(facts), _frozen(given))
    if key not in _HELD:
        rules.check_step(rule, claim, facts, given)
        _HELD.add(key)


def _frozen(value: Any) -> Any:
    if isinstance(value, Mapping):
        return tuple((_frozen(key), _frozen(item)) for key, item in value.items())
    if isinstance(value, tuple | list):
        return tuple(map(_frozen, value))
    return type(value), value
