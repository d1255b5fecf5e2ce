"""Ranks and bands against enumeration, closed forms, and the library's own bands."""

import itertools
from collections import defaultdict

import numpy as np
import pytest
from arviz_stats import ecdf_utils
from scipy import stats

from tests.statistics import level
from toolkit.calibration import bands, ranks


@pytest.mark.parametrize(("datasets", "num_ranks"), [(6, 4), (5, 5), (9, 2)])
def test_p_values_hold_their_level_exactly(datasets: int, num_ranks: int) -> None:
    """Over all equally likely outcomes, P(p <= a) = a at every value a that p can take."""
    share: dict[float, int] = defaultdict(int)
    known: dict[tuple[int, ...], float] = {}
    for outcome in itertools.product(range(num_ranks), repeat=datasets):
        key = tuple(sorted(outcome))
        if key not in known:
            known[key] = bands.uniformity_p_value(outcome, num_ranks)
        share[known[key]] += 1
    total = 0.0
    for p_value in sorted(share):
        total += share[p_value]
        # Values that differ by rounding are one value.
        if not any(p_value < other < p_value + 1e-9 for other in share):
            assert total / num_ranks**datasets == pytest.approx(p_value, abs=1e-9)


@pytest.mark.parametrize("level_of_band", [0.01, 0.1, 0.3])
def test_ranks_leave_the_band_exactly_where_their_p_value_is_small(level_of_band: float) -> None:
    rng = np.random.default_rng(1)
    band = bands.simultaneous_band(40, 10, level_of_band)
    left = []
    for _ in range(300):
        sample = np.minimum(rng.binomial(9, rng.beta(8, 8), 40) + rng.integers(0, 3, 40), 9)
        sample = np.where(rng.random(40) < 0.7, rng.integers(0, 10, 40), sample)
        below = bands.counts_below(sample, 10)
        outside = bool(((below < band.low) | (below > band.high)).any())
        assert outside == (bands.uniformity_p_value(sample, 10) <= level_of_band)
        left.append(outside)
    assert 0 < np.mean(left) < 1  # both happen, or nothing was shown


def test_bands_agree_with_those_of_the_library() -> None:
    """Its pointwise probability is a simulated quantile, ours exact."""
    number, share = 50, np.arange(1, 50) / 50
    simulated = ecdf_utils.simulate_confidence_bands(
        number, 1, share, 0.9, 4000, np.random.default_rng(2)
    )
    exact = 1 - bands.simultaneous_band(number, 50, 0.1).pointwise
    assert simulated == pytest.approx(exact, abs=0.004)


def test_uniform_ranks_pass_at_the_nominal_rate() -> None:
    rng = np.random.default_rng(3)
    rejected = sum(
        bands.uniformity_p_value(rng.integers(0, 20, 60), 20) <= 0.1 for _ in range(1000)
    )
    # The p-value is discrete: its level is at most nominal, and not far below.
    assert stats.binom.cdf(rejected, 1000, 0.1) > level("calibration: ranks", 8)
    assert stats.binom.sf(rejected - 1, 1000, 0.1) > level("calibration: ranks", 8)


def test_bands_see_intervals_20_percent_too_narrow() -> None:
    """With posterior sds .8 of what they are, the PIT is Phi(z / .8)."""
    z = np.random.default_rng(4).standard_normal(500)
    for factor, seen in ((0.8, True), (1.0, False)):
        rank = np.minimum((100 * stats.norm.cdf(z / factor)).astype(int), 99)
        assert (bands.uniformity_p_value(rank, 100) < 1e-3) == seen


def test_ties_are_broken_evenly() -> None:
    rng = np.random.default_rng(5)
    rank = ranks.ranks_of(np.zeros(4000), np.zeros((4000, 3)), rng)
    assert stats.chisquare(np.bincount(rank)).pvalue > level("calibration: ranks", 4)
    assert np.bincount(rank).size == 4


def test_a_draw_that_is_not_finite_gives_no_rank_and_covers_nothing() -> None:
    draws = np.array([[0.0, 1.0, 2.0], [0.0, np.nan, 2.0]])
    found = ranks.ranks_of([0.5, 0.5], draws, np.random.default_rng(6))
    assert found.tolist() == [1, -1]
    assert ranks.coverage(found, 4, 0.5).frequency == 0.5


@pytest.mark.parametrize(("num_ranks", "probability"), [(100, 0.5), (100, 0.9), (20, 0.9)])
def test_central_intervals_hold_exactly_their_share_of_ranks(
    num_ranks: int, probability: float
) -> None:
    found = ranks.coverage(np.arange(num_ranks), num_ranks, probability)
    assert found.frequency == pytest.approx(probability)
    assert found.nominal == pytest.approx(probability)
    assert found.low < probability < found.high


def test_coverage_by_hand() -> None:
    found = ranks.coverage([0, 50, 50, 99], 100, 0.9, level=0.1)
    assert found.frequency == 0.5
    assert found.low == pytest.approx(stats.beta.ppf(0.05, 2, 3))
    assert found.high == pytest.approx(stats.beta.ppf(0.95, 3, 2))
    assert found.p_value == pytest.approx(stats.binomtest(2, 4, 0.9).pvalue)


def test_the_chi_square_sees_a_bump_and_has_its_law() -> None:
    rng = np.random.default_rng(7)
    p_values = [ranks.chi_square_p_value(rng.integers(0, 100, 500), 100) for _ in range(500)]
    assert stats.kstest(p_values, "uniform").pvalue > level("calibration: ranks", 4)
    bump = np.where(rng.random(500) < 0.15, rng.integers(40, 45, 500), rng.integers(0, 100, 500))
    assert ranks.chi_square_p_value(bump, 100) < 1e-6


def test_ranks_beyond_the_last_are_refused() -> None:
    with pytest.raises(ValueError, match="ranks must be below num_ranks = 4, not 4"):
        bands.counts_below([0, 4], 4)
    with pytest.raises(ValueError, match="level must be between 0 and 1, not 1"):
        bands.simultaneous_band(10, 4, 1.0)
    with pytest.raises(ValueError, match="5 draws are needed of each data set, but there are 3"):
        ranks.thin(np.zeros((2, 3)), 5)
