"""Networks of location models, retrained by averaging; eigenvalues of what that does to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mpmath as mp

__all__ = ["jacobian", "perron", "retrained"]

Rows = Sequence[Sequence[Any]]


def retrained(means: Sequence[Any], weights: Rows, ratios: Sequence[Any]) -> list[Any]:
    """Give each model the mean of its real data, which is 0, and of its sources' samples."""
    pools = [sum(w * x for w, x in zip(row, means, strict=True)) for row in weights]
    return [ratio * pool / (1 + ratio) for ratio, pool in zip(ratios, pools, strict=True)]


def jacobian(weights: Rows, ratios: Sequence[Any]) -> list[list[Any]]:
    """Move one model's mean at a time: averages are linear, so no step is too large."""
    size = len(ratios)
    columns = [
        retrained([type(ratios[0])(int(i == k)) for i in range(size)], weights, ratios)
        for k in range(size)
    ]
    return [[columns[k][i] for k in range(size)] for i in range(size)]


def perron(rows: Rows) -> tuple[Any, list[Any]]:
    """Largest eigenvalue and its eigenvector, scaled to a largest entry of 1, by repetition."""
    vector, value, change = [mp.mpf(1) for _ in rows], mp.mpf(1), mp.mpf(1)
    while change > mp.mpf(10) ** (5 - mp.mp.dps):
        moved = [mp.fsum(entry * x for entry, x in zip(row, vector, strict=True)) for row in rows]
        value = max(moved)
        scaled = [x / value for x in moved]
        change = max(abs(x - y) for x, y in zip(scaled, vector, strict=True))
        vector = scaled
    return value, vector
