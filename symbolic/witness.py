"""Witnesses: a statement's numbers against values that were found in another way.

A witness says of which quantity it speaks and lists cases: numbers for the statement's symbols,
and the quantity's value there, found without the derivation (by enumerating every outcome with
rationals, by quadrature, by another algebra).  The statement alone is evaluated here, so that a
wrong statement fails even if its whole derivation was made to agree with it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import mpmath as mp
import sympy as sp
from sympy.core.relational import Relational

from symbolic.ranges import written_out
from symbolic.symbols import SYMBOLS

_DIGITS = 40


class WitnessError(ValueError):
    """A statement does not have the value that a witness found."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One value of the left-hand side, found independently.

    Parameters
    ----------
    numbers : mapping of str to number
        By design name; tuples (of tuples) for what is indexed.
    value : int, Fraction or mpf
        The left-hand side there.
    error : number
        How far off the value may be: 0 for exact rationals, otherwise a bound on the error of the
        quadrature or (asymptotic results) on what the statement leaves out.
    sharp : bool
        For a bound: it is attained here, within the error, but for the slack.
    slack : number
        How much a bound gives away here, found independently of it; 0 where it is attained.

    Examples
    --------
    >>> Case(numbers={"batch_size": 2}, value=Fraction(1, 2)).sharp
    False
    """

    numbers: Mapping[str, Any]
    value: Any
    error: Any = 0
    sharp: bool = False
    slack: Any = 0


@dataclass(frozen=True, kw_only=True)
class Witness:
    """Cases of one theorem.

    Parameters
    ----------
    quantity : str
        How the theorem's left-hand side prints: what the values are values of.
    method : str
        How they were found: "enumeration", "quadrature", ...
    make : callable
        Gives the cases; called once.

    Examples
    --------
    >>> witness = Witness(quantity="x", method="by hand", make=lambda: [])
    >>> witness.cases()
    ()
    """

    quantity: str
    method: str
    make: Callable[[], Iterable[Case]]

    def cases(self) -> tuple[Case, ...]:
        """Give the cases, found once for all checks."""
        return _cases(self.make)

    def check(self, statement: Relational) -> None:
        """Hold a statement against every case.

        Parameters
        ----------
        statement : sympy Relational
            The statement, or a mutant of it.

        Raises
        ------
        WitnessError
            Naming the first case that contradicts the statement.
        """
        if str(statement.lhs) != self.quantity:
            raise WitnessError(f"expected a statement on {self.quantity}, got {statement.lhs}.")
        for case in self.cases():
            try:
                found = evaluate(statement.rhs, case.numbers)
            except (IndexError, KeyError, TypeError) as error:
                raise WitnessError(
                    f"{statement.rhs} has no value at {dict(case.numbers)}: {error}."
                ) from None
            _compare(statement, found, case)


@functools.cache
def _cases(make: Callable[[], Iterable[Case]]) -> tuple[Case, ...]:
    return tuple(make())


def _compare(statement: Relational, found: sp.Expr, case: Case) -> None:
    apart = sp.N(found - _number(case.value), _DIGITS)
    error, slack = (sp.N(_number(size), _DIGITS) for size in (case.error, case.slack))
    if not (apart.is_number and apart.is_extended_real and apart.is_finite):
        raise WitnessError(f"at {dict(case.numbers)} the right-hand side is no number: {found}.")
    if case.error == 0 and isinstance(statement, sp.Eq) and not _exactly(found, case.value):
        apart_says = "exactly"
    elif isinstance(statement, sp.Le) and apart < -error:
        apart_says = "at most"
    elif isinstance(statement, sp.Ge) and apart > error:
        apart_says = "at least"
    elif case.sharp and abs(abs(apart) - slack) > error:
        apart_says = "sharply"
    elif isinstance(statement, sp.Eq) and abs(apart) > error:
        apart_says = "as an equation"
    else:
        return
    raise WitnessError(
        f"at {dict(case.numbers)} the value is {case.value}, which the right-hand side, "
        f"{sp.N(found, 12)}, does not give {apart_says} (error allowed: {sp.N(error, 3)})."
    )


def _exactly(found: sp.Expr, value: Any) -> bool:
    return bool(sp.simplify(found - _number(value)) == 0)


def _number(value: Any) -> sp.Expr:
    if isinstance(value, Fraction):
        return sp.Rational(value.numerator, value.denominator)
    if isinstance(value, mp.mpf):
        return sp.Float(value, _DIGITS)
    return sp.sympify(value)


def evaluate(expr: sp.Expr, numbers: Mapping[str, Any]) -> sp.Expr:
    """Put numbers in for the symbols of an expression, exactly.

    Parameters
    ----------
    expr : sympy.Expr
        A theorem's right-hand side.
    numbers : mapping of str to number
        By design name; tuples (of tuples) for what is indexed.

    Returns
    -------
    sympy.Expr
        A number, exact where the input is.

    Raises
    ------
    KeyError
        If a name is not a design name.

    Examples
    --------
    >>> from symbolic.symbols import num_texts, text, text_probs
    >>> total = sp.Sum(text_probs[text] ** 2, (text, 0, num_texts - 1))
    >>> evaluate(total, {"num_texts": 2, "text_probs": (Fraction(1, 3), Fraction(2, 3))})
    5/9
    """
    plain = {
        SYMBOLS[name]: _number(value)
        for name, value in numbers.items()
        if not isinstance(value, tuple)
    }
    tables = {
        SYMBOLS[name].label: value for name, value in numbers.items() if isinstance(value, tuple)
    }

    def look_up(entry: sp.Indexed) -> sp.Expr:
        value = tables[entry.base.label]
        for index in entry.indices:
            value = value[int(index)]
        return _number(value)

    inside = written_out(expr.subs(plain))
    return inside.replace(
        lambda e: isinstance(e, sp.Indexed) and e.base.label in tables, look_up
    ).doit()
