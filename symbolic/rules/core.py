"""What every rule shares: the registry, the error, and how two relations compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from symbolic.moments import normal
from symbolic.signs import is_zero
from symbolic.symbols import RandomSymbol


class DerivationError(ValueError):
    """A step does not follow from what it rests on."""


Facts = Sequence[Relational]
Given = Mapping[Any, Any]
Checker = Callable[[Relational, Facts, Given], None]

RULES: dict[str, Checker] = {}
# What these prove is not exact.
NOT_EXACT = frozenset(
    {
        "leading order",
        "leading order between bounds",
        "leading orders at infinity",
        "limit",
        "approximation",
        "numerical evidence",
    }
)


def rule(*names: str) -> Callable[[Checker], Checker]:
    """Register a checker under the names of the rules that it serves."""

    def register(checker: Checker) -> Checker:
        RULES.update(dict.fromkeys(names, checker))
        return checker

    return register


def check_step(rule: str, claim: Relational, facts: Facts, given: Given) -> None:
    """Check one step.

    Parameters
    ----------
    rule : str
        Its name in `RULES`.
    claim : sympy Relational
        What it says.
    facts : sequence of sympy Relational
        What it rests on.
    given : mapping
        What it exhibits.

    Raises
    ------
    DerivationError
        If there is no such rule or the claim does not follow.

    Examples
    --------
    >>> import sympy as sp
    >>> x = sp.Symbol("x", real=True)
    >>> check_step("algebra", sp.Eq((x + 1) * (x - 1), x**2 - 1), [], {})
    """
    if rule not in RULES:
        raise DerivationError(f"expected a known rule, got {rule!r}; known: {sorted(RULES)}.")
    if not isinstance(claim, sp.Eq | sp.Le | sp.Ge):
        raise DerivationError(f"expected an equation or a weak inequality, got {claim!r}.")
    _check_domain(claim, facts, given.get("domain") or {})
    RULES[rule](claim, facts, given)


def _check_domain(claim: Relational, facts: Facts, domain: Given) -> None:
    """Let a domain narrow a range by a new parameter; it chooses no sign and no value."""
    used = {name for fact in (claim, *facts) for name in (fact.lhs + fact.rhs).free_symbols}
    for symbol, values in domain.items():
        require(bool(symbol.is_nonnegative), f"{symbol} may be negative: a domain cannot say no.")
        new = {name for name in sp.sympify(values).free_symbols - used if name.is_nonnegative}
        varies = any(sp.simplify(sp.diff(values, name)) != 0 for name in new)
        require(varies, f"{symbol} := {values} is a value, not a range.")


def require(condition: bool, message: str) -> None:
    """Raise a `DerivationError` unless the condition holds."""
    if not condition:
        raise DerivationError(message)


def equation(claim: Relational) -> None:
    """Require that the claim is an equation."""
    require(isinstance(claim, sp.Eq), "this rule proves equations only.")


def names_a_quantity(claim: Relational, *facts: Relational) -> None:
    """Require that a claim's left-hand side is a name of its own, which the facts do not use."""
    name = claim.lhs
    plain = isinstance(name, sp.Symbol) and not isinstance(name, RandomSymbol)
    require(plain, f"{name} is no name for a number.")
    for expr in (claim.rhs, *(side for fact in facts for side in (fact.lhs, fact.rhs))):
        require(not expr.has(name), f"{name} is used before it is defined.")


def gap(relation: Relational) -> sp.Expr:
    """Give the expression that a relation says is zero (or, for an inequality, not negative).

    Parameters
    ----------
    relation : sympy Relational
        ``Eq``, ``Le`` or ``Ge``.

    Returns
    -------
    sympy.Expr
        Left minus right for ``Eq`` and ``Ge``, right minus left for ``Le``.

    Examples
    --------
    >>> import sympy as sp
    >>> x, y = sp.symbols("x y")
    >>> gap(sp.Le(x, y))
    -x + y
    """
    side = relation.rhs - relation.lhs
    return side if isinstance(relation, sp.Le) else -side


def implies(claim: Relational, statement: Relational) -> bool:
    """Tell whether a claim gives a statement: same left-hand side, same relation, equal rest.

    Parameters
    ----------
    claim, statement : sympy Relational
        What was proved, and what is stated.

    Returns
    -------
    bool
        True if the statement is the claim up to algebra on the right-hand side.

    Examples
    --------
    >>> import sympy as sp
    >>> x, y = sp.symbols("x y")
    >>> implies(sp.Eq(x, y + y), sp.Eq(x, 2 * y)), implies(sp.Eq(x, y), sp.Le(x, y))
    (True, False)
    """
    if type(claim) is not type(statement) or normal(claim.lhs) != normal(statement.lhs):
        return False
    return is_zero(claim.rhs - statement.rhs)
