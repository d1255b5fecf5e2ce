"""A misspecified family on which retraining can be carried out to any number of digits.

Its Gaussians ``N((F theta, -theta' C theta / 2), s I)`` have means on a paraboloid over two
parameters; the real data are ``N((0, 0, c), s I)``, at a height ``c`` above the vertex, the best
parameters.  Nothing is linearised: maps are solved by Newton's method and differentiated by
differences.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath as mp

__all__ = [
    "DIGITS",
    "ROUNDING",
    "Family",
    "eigenvalues",
    "operator_norm",
    "product",
    "rank_one",
    "solve",
]

Vector = tuple[Any, Any]
Matrix = tuple[Vector, Vector]
DIGITS = 70
STEP = "1e-18"  # of central differences, whose error is its square
ROUNDING = mp.mpf("1e-30")


def product(matrix: Matrix, vector: Sequence[Any]) -> Vector:
    """Apply a matrix."""
    x, y = (row[0] * vector[0] + row[1] * vector[1] for row in matrix)
    return x, y


def times(first: Matrix, second: Matrix) -> Matrix:
    """Multiply two matrices."""
    rows = [tuple(sum(row[k] * second[k][j] for k in (0, 1)) for j in (0, 1)) for row in first]
    return rows[0], rows[1]


def solve(matrix: Matrix, right: Matrix) -> Matrix:
    """Multiply by the inverse from the left."""
    (a, b), (c, d) = matrix
    det = a * d - b * c
    return times(((d / det, -b / det), (-c / det, a / det)), right)


def eigenvalues(matrix: Matrix) -> Vector:
    """Give the eigenvalues, real here, the larger one first."""
    (a, b), (c, d) = matrix
    half, det = (a + d) / 2, a * d - b * c
    root = mp.sqrt(half**2 - det)
    return half + root, half - root


def operator_norm(matrix: Matrix) -> Any:
    """Give the largest singular value."""
    transposed = ((matrix[0][0], matrix[1][0]), (matrix[0][1], matrix[1][1]))
    return mp.sqrt(eigenvalues(times(transposed, matrix))[0])


@dataclass(frozen=True)
class Family:
    """The family and the real data.

    Parameters
    ----------
    slope, bend : pair of pairs
        ``F`` and the symmetric ``C``.
    height, variance : number
        ``c`` and ``s``.

    Examples
    --------
    >>> flat = Family(((1, 0), (0, 1)), ((0, 0), (0, 0)), 0, 2)
    >>> print(mp.nstr(flat.retrained((0.5, 0), 1)[0], 5))
    0.25
    """

    slope: Matrix
    bend: Matrix
    height: Any
    variance: Any

    @property
    def fisher(self) -> Matrix:
        """Fisher information at the best parameters."""
        (a, b), (c, d) = self.slope
        return times(((a, c), (b, d)), tuple(self._scaled(row) for row in self.slope))  # type: ignore[arg-type]

    @property
    def curvature(self) -> Matrix:
        """Mean negative Hessian on real data there."""
        rows = zip(self.fisher, self.bend, strict=True)
        added = [
            tuple(f + self.height * mp.mpf(c) / self.variance for f, c in zip(*row, strict=True))
            for row in rows
        ]
        return added[0], added[1]

    @property
    def lipschitz(self) -> Any:
        """How fast the Hessian changes with an observation: only its height enters."""
        return operator_norm(self.bend) / self.variance

    def _scaled(self, row: Sequence[Any]) -> Vector:
        return mp.mpf(row[0]) / self.variance, mp.mpf(row[1]) / self.variance

    def _rise(self, theta: Sequence[Any]) -> Any:
        x, y = product(self.bend, theta)
        return -(theta[0] * x + theta[1] * y) / 2

    def mean(self, theta: Sequence[Any]) -> tuple[Any, Any, Any]:
        """Where the Gaussian sits."""
        return (*product(self.slope, theta), self._rise(theta))

    def score(self, centre: Sequence[Any], theta: Sequence[Any]) -> Vector:
        """Mean score at some parameters of data whose mean is ``centre``."""
        here = self.mean(theta)
        gap = [centre[k] - here[k] for k in range(3)]
        bent = product(self.bend, theta)
        (a, b), (c, d) = self.slope
        first = (a * gap[0] + c * gap[1] - bent[0] * gap[2]) / self.variance
        return first, (b * gap[0] + d * gap[1] - bent[1] * gap[2]) / self.variance

    def likelihood(self, centre: Sequence[Any], theta: Sequence[Any]) -> Any:
        """Mean log-likelihood at some parameters of Gaussian data around ``centre``."""
        apart = sum((x - y) ** 2 for x, y in zip(centre, self.mean(theta), strict=True))
        return (
            -3 * mp.log(2 * mp.pi * self.variance) / 2 - 3 / mp.mpf(2) - apart / self.variance / 2
        )

    @property
    def real(self) -> tuple[Any, Any, Any]:
        """Mean of the real data."""
        return mp.mpf(0), mp.mpf(0), mp.mpf(self.height)

    def mixed_score(self, last: Sequence[Any], theta: Sequence[Any], ratio: Any) -> Vector:
        """Mean score of real data, and of the last model's samples times the ratio."""
        real, own = self.score(self.real, theta), self.score(self.mean(last), theta)
        return real[0] + ratio * own[0], real[1] + ratio * own[1]

    def retrained(self, last: Sequence[Any], ratio: Any) -> Vector:
        """Give the parameters that the mixed likelihood is largest at, near the best ones."""
        with mp.workdps(DIGITS):
            found = mp.findroot(
                lambda x, y: list(self.mixed_score(last, (x, y), ratio)),
                tuple(map(mp.mpf, last)),
                tol=mp.mpf(10) ** (-2 * DIGITS + 20),
            )
        return found[0], found[1]

    def climbed(self, last: Sequence[Any], ratio: Any, rate: Any, steps: int) -> Vector:
        """Give the parameters after some gradient steps on the mixed likelihood."""
        theta = last[0], last[1]
        for _ in range(steps):
            score = self.mixed_score(last, theta, ratio)
            theta = theta[0] + rate * score[0], theta[1] + rate * score[1]
        return theta

    def jacobian(self, ratio: Any) -> Matrix:
        """Differentiate retraining at the best parameters."""
        columns = [derivative(lambda x: self.retrained(x, ratio), e) for e in ((1, 0), (0, 1))]
        return (columns[0][0], columns[1][0]), (columns[0][1], columns[1][1])


def derivative(of: Callable[[Vector], Sequence[Any]], along: Sequence[Any]) -> Vector:
    """Differentiate a map of the parameters at the best ones, along a direction."""
    with mp.workdps(DIGITS):
        step = mp.mpf(STEP)
        ahead, behind = (of((sign * step * along[0], sign * step * along[1])) for sign in (1, -1))
        x, y = ((ahead[k] - behind[k]) / (2 * step) for k in (0, 1))
    return x, y


def rank_one(curvatures: Vector, score: Vector, height: Any, variance: Any) -> Family:
    """Make a family whose samples tell one combination of the parameters only.

    Its curvature has the axes of the parameters: bends undo what the slope puts between them.
    """
    size, bends = mp.sqrt(variance), variance / mp.mpf(height)
    (a, b), (x, y) = curvatures, score
    bend = ((bends * (a - x * x), -bends * x * y), (-bends * x * y, bends * (b - y * y)))
    return Family(((size * x, size * y), (mp.mpf(0), mp.mpf(0))), bend, height, variance)


@functools.cache
def jacobian_of(family: Family, ratio: Any) -> Matrix:
    """Differentiate retraining once for all that ask."""
    return family.jacobian(ratio)
