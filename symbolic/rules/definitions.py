"""What a derivation as a whole must keep: a name means one thing.

Some rules introduce a name (a remainder, an abbreviation, a limit, a best value).  Each step is
sound by itself; two definitions of one name would together prove anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import sympy as sp
from sympy.core.relational import Relational

from symbolic import symbols as s
from symbolic.rules.core import require
from symbolic.signs import is_zero

__all__ = ["check_definitions", "require_extreme"]

_GIVEN = {"perturbation": "rest", "abbreviation": "name"}  # where the new name is given
_CLAIMED = {
    "fixed point of a linear recursion", "fixed point of a linear system", "long-run limit",
    "squeeze", "maximum", "maximal value", "minimum", "minimal value",
    "threshold", "endless sum",
}  # fmt: skip
# A best or smallest value of a variable: of which, and of what quantity as it varies.
_EXTREMES = {
    s.best_injection_fraction: (s.injection_fraction, s.limit_text_diversity),
    s.best_text_diversity: (s.injection_fraction, s.limit_text_diversity),
    s.smallest_injection_dose: (s.injection_dose, s.stationary_text_diversity),
    s.smallest_injection_prob: (
        s.injection_prob,
        s.stationary_text_diversity,
        s.best_text_diversity,
    ),
    s.smallest_injection_fraction: (s.injection_fraction, s.stationary_text_diversity),
    s.best_fresh_weight: (s.fresh_weight, s.stationary_location_error),
    s.best_location_error: (s.fresh_weight, s.stationary_location_error),
    s.best_attention_gain: (s.attention_gain, s.attention_error),
    s.best_attention_error: (s.attention_gain, s.attention_error),
}


def require_extreme(claim: Relational, fact: Relational, variable: sp.Basic) -> None:
    """Require that a claim names a best or smallest value of what its fact speaks of.

    Parameters
    ----------
    claim, fact : sympy Relational
        The value of the name, and that of the quantity (or a bound on it) as a function.
    variable : sympy.Basic
        What is varied.

    Raises
    ------
    DerivationError
        If the name stands for something else.

    Examples
    --------
    >>> least = sp.Eq(s.smallest_injection_dose, sp.Rational(1, 3))
    >>> require_extreme(least, sp.Eq(s.stationary_text_diversity, s.injection_dose),
    ...                 s.injection_dose)
    """
    meaning = _EXTREMES.get(claim.lhs, ())
    require(variable in meaning[:1], f"{claim.lhs} is no name for a value of {variable}.")
    require(fact.lhs in meaning[1:], f"{claim.lhs} does not speak of {fact.lhs}.")


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
    stand_for: dict[sp.Basic, sp.Expr] = {}
    used = {use for step in steps for use in step.uses if use in stated}
    for number, step in enumerate(steps):
        for name in stand_for.keys() & step.given.keys():
            same = is_zero(sp.sympify(step.given[name]) - stand_for[name])
            require(same, f"{name} stands for {stand_for[name]} and nothing else.")
        if step.rule not in _GIVEN:
            continue
        name = step.given[_GIVEN[step.rule]]
        before = [*(stated[use] for use in used), *(earlier.claim for earlier in steps[:number])]
        known = [fact for fact in before if _speaks_of(fact, name)]
        require(name not in named and not known, f"{name} is defined where it has a meaning.")
        named.add(name)
        if step.rule == "abbreviation":
            stand_for[name] = step.given["stands for"]
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
