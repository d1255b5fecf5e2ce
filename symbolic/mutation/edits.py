"""Small changes of an expression or relation, one place at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sympy as sp
from sympy.core.relational import Relational


@dataclass(frozen=True)
class Edit:
    """One change.

    Parameters
    ----------
    operator : str
        "constant", "sign", "exponent", "index range", "symbol" or "direction".
    change : str
        What became what.
    result : sympy.Basic
        The changed expression or relation.

    Examples
    --------
    >>> Edit("constant", "2 -> 3", sp.Integer(3)).operator
    'constant'
    """

    operator: str
    change: str
    result: sp.Basic


def edits(expr: sp.Basic) -> Iterator[Edit]:
    """Give every small change of an expression or relation.

    Parameters
    ----------
    expr : sympy.Basic
        An expression, or a relation (both sides are changed, and an inequality is turned).

    Yields
    ------
    Edit
        Each differs from ``expr`` in one place.

    Examples
    --------
    >>> x = sp.Symbol("x")
    >>> sorted(str(edit.result) for edit in edits(x**2 + 1))
    ['1 - x**2', '4*x**2 + 1', 'x**2 + 2', 'x**2 - 1', 'x**3 + 1']
    """
    for edit in _everywhere(expr, frozenset()):
        if edit.result != expr:
            yield edit


def _everywhere(node: sp.Basic, bound: frozenset[sp.Basic]) -> Iterator[Edit]:
    yield from _here(node, bound)
    inner = bound | set(getattr(node, "variables", ()))
    for place in _places(node):
        for edit in _everywhere(node.args[place], inner):
            args = (*node.args[:place], edit.result, *node.args[place + 1 :])
            yield Edit(edit.operator, edit.change, _rebuilt(node, args))


def _rebuilt(node: sp.Basic, args: tuple[sp.Basic, ...]) -> sp.Basic:
    if isinstance(node, Relational):
        return node.func(*args, evaluate=False)
    return node.func(*args)


def _places(node: sp.Basic) -> range | tuple[int, ...]:
    """Arguments to look into; limits and exponents have operators of their own."""
    if isinstance(node, sp.Sum | sp.Product | sp.Integral):
        return (0,)
    if isinstance(node, sp.Indexed):
        return range(1, len(node.args))
    if isinstance(node, sp.Pow):
        return (0,) if node.exp.is_number else (0, 1)
    return range(len(node.args))


def _here(node: sp.Basic, bound: frozenset[sp.Basic]) -> Iterator[Edit]:
    """Changes of the node itself."""
    if isinstance(node, sp.Le | sp.Ge):
        turned = sp.Ge if isinstance(node, sp.Le) else sp.Le
        yield Edit("direction", f"{node.rel_op} turned", turned(*node.args, evaluate=False))
    elif isinstance(node, sp.Rational):
        yield Edit("constant", f"{node} -> {node + 1}", node + 1)
    elif isinstance(node, sp.Pow):
        yield Edit("exponent", f"{node.exp} -> {node.exp + 1}", node.base ** (node.exp + 1))
    elif isinstance(node, sp.Add):
        for term in node.args:
            yield Edit("sign", f"{term} -> {-term}", node - 2 * term)
    elif isinstance(node, sp.Sum | sp.Product):
        yield from _ranges(node)
    elif type(node) is sp.Symbol and node not in bound:
        change = node + 1 if node.is_integer else 2 * node
        yield Edit("symbol", f"{node} -> {change}", change)


def _ranges(total: sp.Sum | sp.Product) -> Iterator[Edit]:
    for place, (index, low, high) in enumerate(total.limits):
        for limit in ((index, low + 1, high), (index, low, high + 1)):
            limits = (*total.limits[:place], limit, *total.limits[place + 1 :])
            change = f"{index}: {low}..{high} -> {limit[1]}..{limit[2]}"
            yield Edit("index range", change, total.func(total.function, *limits))
