"""What a derivation as a whole must keep: a name means one thing.

Some rules introduce a name (a remainder, an abbreviation, a limit, a best value).  Each step is
sound by itself; two definitions of one name would together prove anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import sympy as sp
from sympy.core.relational import Relational

from symbolic.rules.core import require
from symbolic.signs import is_zero

__all__ = ["check_definitions"]

_GIVEN = {"perturbation": "rest", "abbreviation": "name"}  # where the new name is given
_CLAIMED = {
    "fixed point of a linear recursion", "fixed point of a linear system", "long-run limit",
    "squeeze", "maximum", "maximal value",
}  # fmt: skip


class _Step(Protocol):
    @property
    def rule(self) -> str: ...
    @property
    def claim(self) -> Relational: ...
    @property
    def uses(self) -> tuple[str, ...]: ...
    @property
    def given(self) -> Mapping[Any, Any]: ...


def check_definitions(steps: Sequence[_Step], stated: Mapping[str, Relational]) -> None:
    """Check that no name is defined twice, or used before it is defined.

    Parameters
    ----------
    steps : sequence
        The steps of one derivation.
    stated : mapping
        Premises, lemmas and theorems by the names under which steps use them.

    Raises
    ------
    DerivationError
        Naming what is defined twice.

    Examples
    --------
    >>> check_definitions([], {})
    """
    named: set[sp.Basic] = set()
    used = {use for step in steps for use in step.uses if use in stated}
    for number, step in enumerate(steps):
        if step.rule not in _GIVEN:
            continue
        name = step.given[_GIVEN[step.rule]]
        before = [*(stated[use] for use in used), *(earlier.claim for earlier in steps[:number])]
        known = [fact for fact in before if _speaks_of(fact, name)]
        require(name not in named and not known, f"{name} is defined where it has a meaning.")
        named.add(name)
    _check_values(steps, [stated[use] for use in used if use.startswith("theorem:")])


def _speaks_of(fact: Relational, name: sp.Basic) -> bool:
    return any(side.has(name) for side in (fact.lhs, fact.rhs))


def _check_values(steps: Sequence[_Step], theorems: Sequence[Relational]) -> None:
    values: dict[sp.Symbol, Relational] = {}
    for fact in [*theorems, *(step.claim for step in steps if step.rule in _CLAIMED)]:
        if isinstance(fact, sp.Eq) and isinstance(fact.lhs, sp.Symbol):
            first = values.setdefault(fact.lhs, fact)
            same = is_zero(first.rhs - fact.rhs)
            require(same, f"{fact.lhs} is both {first.rhs} and {fact.rhs}.")
