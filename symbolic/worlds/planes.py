"""Two-by-two matrices of the small worlds, and what the draws of an update make of a Gaussian."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import prod

import mpmath as mp

from symbolic.worlds.arithmetic import DIGITS, Value, add, real

F = Fraction
Matrix = list[list[Value]]
Draw = tuple[Fraction, ...]

#: Laws of mean 0 and variance 1; the first is symmetric, with the fourth moment of a normal.
SYMMETRIC = {F(-2): F(1, 8), F(0): F(3, 4), F(2): F(1, 8)}
SKEWED = {F(-1, 2): F(4, 5), F(2): F(1, 5)}


def draws(law: Mapping[Fraction, Fraction], count: int) -> Iterator[tuple[Fraction, Draw]]:
    """Give all values of independent draws, with their chances."""
    for drawn in itertools.product(law, repeat=count):
        yield prod((law[z] for z in drawn), start=F(1)), drawn


def rows(drawn: Draw, width: int = 2) -> list[Draw]:
    """Cut draws into vectors."""
    return [drawn[j : j + width] for j in range(0, len(drawn), width)]


def total(values: Iterator[Value] | Sequence[Value]) -> Value:
    """Add up."""
    with mp.workdps(DIGITS):
        return add(values)


def scatter(vectors: Sequence[Draw]) -> Matrix:
    """Add up the vectors' outer products."""
    return [[total([z[a] * z[b] for z in vectors]) for b in range(2)] for a in range(2)]


def times(first: Matrix, second: Matrix) -> Matrix:
    """Multiply two matrices."""
    return [
        [total([first[a][c] * second[c][b] for c in range(2)]) for b in range(2)] for a in range(2)
    ]


def trace(matrix: Matrix) -> Value:
    """Add up the diagonal."""
    return matrix[0][0] + matrix[1][1]


def determinant(matrix: Matrix) -> Value:
    """Work out the determinant."""
    return matrix[0][0] * matrix[1][1] - matrix[0][1] * matrix[1][0]


def form(matrix: Matrix, v: Draw) -> Value:
    """Work out a quadratic form."""
    return total([real(v[a] * v[b]) * real(matrix[a][b]) for a in range(2) for b in range(2)])


def matrix_root(matrix: Matrix, digits: int = DIGITS) -> Matrix:
    """Take the root of a positive semidefinite matrix (Cayley and Hamilton)."""
    with mp.workdps(digits):
        side = mp.sqrt(real(determinant(matrix)))
        norm = mp.sqrt(real(trace(matrix)) + 2 * side)
        return [
            [(real(matrix[a][b]) + (side if a == b else 0)) / norm if norm else mp.mpf(0)
             for b in range(2)]
            for a in range(2)
        ]  # fmt: skip


def root_trace(matrix: Matrix) -> Value:
    """Take the trace of the root."""
    with mp.workdps(DIGITS):
        return mp.sqrt(real(trace(matrix)) + 2 * mp.sqrt(real(determinant(matrix))))


def length(vector: Sequence[Fraction]) -> Value:
    """Take a vector's length."""
    with mp.workdps(DIGITS):
        return mp.sqrt(real(sum((x**2 for x in vector), F(0))))


def chance_mean(
    pairs: Iterator[tuple[Fraction, Value]] | Sequence[tuple[Fraction, Value]],
) -> Value:
    """Average values by their chances."""
    with mp.workdps(DIGITS):
        return add(chance * x if isinstance(x, Fraction) else real(chance) * x
                   for chance, x in pairs)  # fmt: skip
