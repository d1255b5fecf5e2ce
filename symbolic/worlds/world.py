"""Small worlds: every symbol has a value or a law in them; all outcomes of what is random."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import mpmath as mp
import sympy as sp

from symbolic.worlds.arithmetic import DIGITS, Value

__all__ = ["OfIndices", "Outcome", "UnknownError", "World", "small_world"]


class UnknownError(ValueError):
    """A symbol has no value in a world."""


@dataclass(frozen=True)
class OfIndices:
    """A table entry that depends on the statement's free indices besides its own."""

    value: Callable[..., Value]

    def __call__(self, indices: Mapping[Any, Value], *at: int) -> Value:
        """Give the entry, by the values of the free indices and its own."""
        return self.value(indices, *at)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What chance may bring: values of random quantities, and draws for sample means.

    Parameters
    ----------
    chance : Fraction
        Its probability.
    values, tables : mapping
        As in `World`, for what is random.
    draws : tuple of mapping
        Values of the random symbols of each independent draw, one mapping a draw.

    Examples
    --------
    >>> Outcome(chance=Fraction(1, 2)).draws
    ()
    """

    chance: Fraction
    values: Mapping[sp.Symbol, Value] = field(default_factory=dict)
    tables: Mapping[Any, Callable[..., Value]] = field(default_factory=dict)
    draws: tuple[Mapping[Any, Any], ...] = ()


@dataclass(frozen=True, kw_only=True)
class World:
    """One small system with all that can happen in it.

    Parameters
    ----------
    name : str
        What kind of system it is.
    values : mapping of Symbol to number
        Plain numbers; a callable gets the values of the free indices.
    tables : mapping of label or function to callable
        What is indexed (by the base's label) or applied (by its function).
    outcomes : tuple of Outcome
        All that can happen; the chances add up to one.
    ranges : mapping of Symbol to integers
        Values that a free index takes; a relation must hold at all of them.
    points : mapping of Symbol to numbers
        Values over which an integral adds up.
    last : int
        A time from which nothing happens any more: a sum over all times ends there, and has no
        value if its last term is not zero.

    Examples
    --------
    >>> x = sp.Symbol("x")
    >>> World(name="one number", values={x: Fraction(2, 3)}).values[x]
    Fraction(2, 3)
    """

    name: str
    values: Mapping[sp.Symbol, Value] = field(default_factory=dict)
    tables: Mapping[Any, Callable[..., Value]] = field(default_factory=dict)
    outcomes: tuple[Outcome, ...] = (Outcome(chance=Fraction(1)),)
    ranges: Mapping[sp.Symbol, Iterable[int]] = field(default_factory=dict)
    points: Mapping[sp.Symbol, tuple[Value, ...]] = field(default_factory=dict)
    last: int = 0


def small_world(build: Callable[[], World]) -> Callable[[], World]:
    """Build a world once, with forty digits where it is not rational.

    Examples
    --------
    >>> small_world(lambda: World(name="nothing"))().name
    'nothing'
    """

    @functools.cache
    def built() -> World:
        with mp.workdps(DIGITS):
            return build()

    return built
