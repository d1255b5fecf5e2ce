"""Mean time until one text is left, exactly: a linear system in rationals.

`symbolic.theorems.fixation_time` proves that the time is a sum over texts, each from the chain of
that text's count alone (N + 1 states), whatever the number of texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp
from sympy.polys.matrices import DomainMatrix

from symbolic.theorems.fixation_time import fixation_time_diffusion
from symbolic.witness import evaluate

__all__ = ["FixationTimes", "compare_fixation_times", "mean_fixation_time"]


@dataclass(frozen=True, kw_only=True)
class FixationTimes:
    """The mean time until one text is left, in two ways.

    Parameters
    ----------
    exact : Fraction
        Of the Markov chain.
    diffusion : sympy.Expr
        Of the diffusion: a number with logarithms.
    difference : sympy.Float
        Exact minus diffusion.

    Examples
    --------
    >>> times = compare_fixation_times((1, 1))
    >>> times.exact, times.diffusion
    (Fraction(2, 1), 4*log(2))
    """

    exact: Fraction
    diffusion: sp.Expr
    difference: sp.Float


def mean_fixation_time(counts: Sequence[int]) -> Fraction:
    """Solve for the mean number of updates until one text is left.

    Parameters
    ----------
    counts : sequence of int
        How many of the N copies show each text; N is their sum.

    Returns
    -------
    Fraction
        The mean under one-hot posteriors (neutral Wright-Fisher), exact; seconds for N = 40,
        and much longer beyond.

    Raises
    ------
    ValueError
        If a count is negative, or there is none at all.

    Examples
    --------
    >>> mean_fixation_time((1, 1))
    Fraction(2, 1)
    >>> mean_fixation_time((5, 0))
    Fraction(0, 1)
    """
    if min(counts, default=-1) < 0 or sum(counts) == 0:
        raise ValueError(f"Expected counts of at least 0 and not all 0, got {tuple(counts)}.")
    times = _text_times(sum(counts))
    return sum((times[count] for count in counts), Fraction(0))


def compare_fixation_times(counts: Sequence[int]) -> FixationTimes:
    """Compare the exact mean time with that of the diffusion approximation.

    Parameters
    ----------
    counts : sequence of int
        How many of the N copies show each text; at least two texts have some.

    Returns
    -------
    FixationTimes
        Both, and their difference.

    Raises
    ------
    ValueError
        If a count is negative, or fewer than two texts have copies.

    Examples
    --------
    >>> round(float(compare_fixation_times((10, 10)).difference), 3)
    -1.496
    """
    exact = mean_fixation_time(counts)
    size, present = sum(counts), [count for count in counts if count]
    if len(present) < 2:
        raise ValueError(f"Expected at least two texts with copies, got {tuple(counts)}.")
    numbers = {
        "batch_size": size,
        "num_texts": len(present),
        "text_probs": tuple(Fraction(count, size) for count in present),
    }
    diffusion = evaluate(fixation_time_diffusion.rhs, numbers)
    known = sp.Rational(exact.numerator, exact.denominator)
    return FixationTimes(exact=exact, diffusion=diffusion, difference=sp.N(known - diffusion, 30))


def _text_times(size: int) -> list[Fraction]:
    """Mean sum of a text's share while it is neither lost nor alone, by its count at the start."""
    inner = range(1, size)
    if not inner:
        return [Fraction(0)] * (size + 1)
    every = size**size  # chances in units of size**-size are whole
    rows = [
        [
            every * (count == after)
            - sp.binomial(size, after) * count**after * (size - count) ** (size - after)
            for after in inner
        ]
        for count in inner
    ]
    shares = [[every * sp.Rational(count, size)] for count in inner]
    matrix = DomainMatrix.from_list_sympy(size - 1, size - 1, rows).to_field()
    right = DomainMatrix.from_list_sympy(size - 1, 1, shares).convert_to(matrix.domain)
    times = [Fraction(int(x.p), int(x.q)) for x in matrix.lu_solve(right).to_Matrix()]
    return [Fraction(0), *times, Fraction(0)]
