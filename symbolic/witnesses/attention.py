"""Batches for linear attention, all listed: inputs on a few points, with a normal's moments.

The points 0, 1, -1, 2, -2 have weights that give them a standard normal's first five moments, so
that means of polynomials of the fourth degree in an input are exact.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction

__all__ = [
    "Batch",
    "Matrix",
    "Point",
    "batches",
    "dot",
    "error_of_gain",
    "lowest",
    "mean_product",
    "prior",
    "scatters",
    "squared_mean",
]

F = Fraction
Point = tuple[Fraction, ...]
Matrix = tuple[Point, ...]
Batch = tuple[Matrix, Point]  # inputs and the noise of their labels
_NORMAL = ((0, F(1, 2)), (1, F(1, 6)), (-1, F(1, 6)), (2, F(1, 12)), (-2, F(1, 12)))
_NOISE = ((F(1), F(1, 2)), (F(-1), F(1, 2)))


@functools.cache
def inputs(features: int, size: int) -> tuple[tuple[Fraction, Matrix], ...]:
    """All sets of inputs and their chances."""
    found = []
    for drawn in itertools.product(_NORMAL, repeat=features * size):
        chance = F(1)
        for _, share in drawn:
            chance *= share
        numbers = [F(x) for x, _ in drawn]
        rows = tuple(
            tuple(numbers[k * features : (k + 1) * features]) for k in range(size)
        )  # fmt: skip
        found.append((chance, rows))
    return tuple(found)


def batches(features: int, size: int, noise_sd: Fraction) -> Iterator[tuple[Fraction, Batch]]:
    """All batches of inputs with noise of their labels, and their chances."""
    for chance, rows in inputs(features, size):
        for drawn in itertools.product(_NOISE, repeat=size):
            yield chance / 2**size, (rows, tuple(noise_sd * e for e, _ in drawn))


def dot(first: Sequence[Fraction], second: Sequence[Fraction]) -> Fraction:
    """Add up products."""
    return sum((x * y for x, y in zip(first, second, strict=True)), F(0))


def mean_product(batch: Batch, coefficients: Sequence[Fraction]) -> Point:
    """Average the products of inputs and their labels."""
    rows, noise = batch
    labels = [dot(row, coefficients) + e for row, e in zip(rows, noise, strict=True)]
    return tuple(dot(column, labels) / len(rows) for column in zip(*rows, strict=True))


@functools.cache
def squared_mean(coefficients: Point, size: int, noise_sd: Fraction) -> Fraction:
    """Mean squared length of the mean product."""
    found = F(0)
    for chance, batch in batches(len(coefficients), size, noise_sd):
        product = mean_product(batch, coefficients)
        found += chance * dot(product, product)
    return found


@functools.cache
def scatters(features: int, size: int) -> dict[tuple[int, int, int, int], Fraction]:
    """Mean products of two entries of the inputs' scatter ``X'X/n``."""
    axes = range(features)
    found = {at: F(0) for at in itertools.product(axes, axes, axes, axes)}
    for chance, rows in inputs(features, size):
        columns = tuple(zip(*rows, strict=True))
        scatter = [[dot(x, y) / size for y in columns] for x in columns]
        for a, b, c, d in found:
            found[a, b, c, d] += chance * scatter[a][b] * scatter[c][d]
    return found


def prior(features: int, sd: Fraction) -> Iterator[tuple[Fraction, Point]]:
    """True coefficients, and their chances."""
    for signs in itertools.product((F(1), F(-1)), repeat=features):
        yield F(1, 2**features), tuple(sd * x for x in signs)


@functools.cache
def error_of_gain(
    gain: Fraction, features: int, size: int, prior_sd: Fraction, noise_sd: Fraction
) -> Fraction:
    """Mean squared distance of the coefficients from the true ones, over the prior."""
    found = F(0)
    for share, true in prior(features, prior_sd):
        for chance, batch in batches(features, size, noise_sd):
            product = mean_product(batch, true)
            apart = [gain * u - w for u, w in zip(product, true, strict=True)]
            found += share * chance * dot(apart, apart)
    return found


def lowest(values: Sequence[Fraction]) -> tuple[Fraction, Fraction]:
    """Where a parabola with these values at 0, 1, 2 is lowest, and how low."""
    first, second, third = values
    bend = (third - 2 * second + first) / 2
    slope = second - first - bend
    return -slope / (2 * bend), first - slope**2 / (4 * bend)
