"""Moments: how an expectation of a polynomial in random quantities is taken apart, exactly.

`normal` is linearity, for expectations, sums and integrals; `sample_means` the law of means of
independent draws; `multinomial_moment` that of counts; `isserlis` and `chi_square_means` what
Gaussian draws add.
"""

from __future__ import annotations

from symbolic.moments.counts import (
    binomial_moment,
    count_means,
    multinomial_factorial_moment,
    multinomial_moment,
)
from symbolic.moments.draws import falling, sample_means
from symbolic.moments.gaussian import chi_square_means, chi_square_moment, isserlis
from symbolic.moments.linear import factors, normal

__all__ = [
    "binomial_moment",
    "chi_square_means",
    "chi_square_moment",
    "count_means",
    "factors",
    "falling",
    "isserlis",
    "multinomial_factorial_moment",
    "multinomial_moment",
    "normal",
    "sample_means",
]
