"""How an expression becomes a program: `value`, or `signed_log`, each once for an expression.

The handlers for each kind of expression register with `value_of` and `log_of`; they are in
`plain`, `logs` and `sums`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

from toolkit.theory.numbers import special
from toolkit.theory.numbers.frames import Frame
from toolkit.theory.numbers.special import elementwise

Node = Callable[[Frame], Any]
exp = elementwise("exp")
ONE: Any = 1  # a sign that is known


class NoNumberError(NotImplementedError):
    """An expression contains something that has no form in numbers here."""


@functools.cache
def value(expr: Any) -> Node:
    """Compile an expression to its value."""
    return _remembered(expr, value_of(expr), "value")


@functools.cache
def signed_log(expr: Any) -> Node:
    """Compile an expression to its sign (the number 1 if it is known) and log absolute value."""
    return _remembered(expr, log_of(expr), "log")


def _remembered(expr: Any, node: Node, kind: str) -> Node:
    if not getattr(expr, "args", ()):
        return node

    def run(frame: Frame) -> Any:
        key = (expr, kind)
        if key not in frame.memo:
            frame.memo[key] = node(frame)
        return frame.memo[key]

    return run


def reduced(function: Callable[[Any, Any], Any], nodes: Iterable[Node]) -> Node:
    """Join the values of several programs."""
    parts = tuple(nodes)
    return lambda frame: functools.reduce(function, (part(frame) for part in parts))


@functools.singledispatch
def value_of(expr: Any) -> Node:
    """Compile a kind of expression to its value."""
    raise NoNumberError(f"{expr!r} ({type(expr).__name__}) has no form in numbers")


@functools.singledispatch
def log_of(expr: Any) -> Node:
    """Compile a kind of expression to its sign and logarithm; through its value if need be."""
    node, positive = value(expr), getattr(expr, "is_positive", False)

    def run(frame: Frame) -> Any:
        found = node(frame)
        return (ONE if positive else elementwise("sign")(found)), special.log_abs(found)

    return run


def exponential(node: Node) -> Node:
    """Turn a sign and a logarithm into a value."""

    def run(frame: Frame) -> Any:
        sign, log = node(frame)
        return exp(log) if sign is ONE else sign * exp(log)

    return run
