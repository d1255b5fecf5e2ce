"""Moments of Wishart matrices in symbolic dimension, by counting pairings.

``tr W^k`` is a sum of products of ``2k`` standard normals ``z[i, a]``.  By Isserlis' theorem its
mean is a sum over pairings; a pairing leaves some draw indices ``i`` and some feature indices
``a`` free, each of which then runs over all of its range.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

import sympy as sp


def wishart_trace_mean(powers: tuple[int, ...], freedom: sp.Expr, dimension: sp.Expr) -> sp.Expr:
    """Give ``E[tr W^k1 tr W^k2 ...]`` for a Wishart matrix.

    Parameters
    ----------
    powers : tuple of int
        ``(k1, k2, ...)``, each at least one.
    freedom : sympy.Expr
        Number of independent draws.
    dimension : sympy.Expr
        Number of features.

    Returns
    -------
    sympy.Expr
        A polynomial in both.

    Examples
    --------
    >>> nu, d = sp.symbols("nu d")
    >>> sp.factor(wishart_trace_mean((2,), nu, d))
    d*nu*(d + nu + 1)
    """
    return sp.Add(
        *(
            number * freedom**draws * dimension**features
            for (draws, features), number in _free_indices(powers).items()
        )
    )


@functools.cache
def _free_indices(powers: tuple[int, ...]) -> dict[tuple[int, int], int]:
    """Count the pairings by how many draw and feature indices they leave free."""
    draws, features = _labels(powers)
    found: dict[tuple[int, int], int] = {}
    for pairs in _pairings(tuple(range(2 * sum(powers)))):
        key = (_classes(draws, pairs), _classes(features, pairs))
        found[key] = found.get(key, 0) + 1
    return found


def _labels(powers: tuple[int, ...]) -> tuple[list[int], list[int]]:
    """Label the normals of ``W[a1, a2] W[a2, a3] ... W[ak, a1]`` by their indices."""
    draws: list[int] = []
    features: list[int] = []
    for power in powers:
        first = len(draws) // 2
        for m in range(power):
            draws += [first + m] * 2
            features += [first + m, first + (m + 1) % power]
    return draws, features


def _pairings(items: tuple[int, ...]) -> Iterator[tuple[tuple[int, int], ...]]:
    if not items:
        yield ()
        return
    first, rest = items[0], items[1:]
    for position, other in enumerate(rest):
        for pairs in _pairings(rest[:position] + rest[position + 1 :]):
            yield ((first, other), *pairs)


def _classes(labels: list[int], pairs: tuple[tuple[int, int], ...]) -> int:
    """Count the labels that stay apart when paired positions have equal labels."""
    root = list(range(len(labels) // 2))

    def find(x: int) -> int:
        while root[x] != x:
            x = root[x]
        return x

    for one, other in pairs:
        root[find(labels[one])] = find(labels[other])
    return sum(root[x] == x for x in range(len(root)))
