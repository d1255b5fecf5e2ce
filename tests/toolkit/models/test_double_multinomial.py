"""The double multinomial against enumeration, its look-up against sums, its draws against both."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from tests.statistics import level
from tests.tolerances import ACCUMULATED
from toolkit.models import double_multinomial as dm
from toolkit.models import text_counts

#: Of the look-up, as its module states it.
NEAR_ONE, ANYWHERE = 5e-7, 5e-6


def compositions(total: int, parts: int) -> np.ndarray:
    """All counts of so many parts with the sum."""
    bars = itertools.combinations(range(total + parts - 1), parts - 1)
    edges = np.array([(-1, *bar, total + parts - 1) for bar in bars])
    return np.diff(edges, axis=1) - 1


def log_pmf(counts: np.ndarray, probs: np.ndarray, phi: float) -> np.ndarray:
    """The model's log density of each row of counts."""
    total = int(counts[0].sum())
    after = (counts / total)[:, None]
    before = np.broadcast_to(probs, after.shape)
    data = text_counts.counts(before, after, total)
    live = jnp.asarray(data.before > 0)[:, None]
    value = text_counts.log_density(data, jnp.log(phi), data.log_before[:, None], live)
    return np.asarray(value)[0, :, 0]


@pytest.mark.parametrize("probs", [(0.5, 0.3, 0.2), (0.95, 0.05 - 1e-9, 1e-9), (0.7, 0.3, 0.0)])
def test_at_one_it_is_the_multinomial(probs: tuple[float, ...]) -> None:
    counts = compositions(9, 3)
    expected = stats.multinomial.logpmf(counts, 9, probs)
    found = log_pmf(counts, np.array(probs), 1.0)
    np.testing.assert_allclose(found, expected, rtol=ACCUMULATED, atol=ACCUMULATED)
    assert abs(np.exp(found).sum() - 1) < ACCUMULATED


def error(probs: np.ndarray, batch_size: int, phi: float) -> float:
    """Of the log of the normaliser, over ``|phi - 1|``."""
    size = float(batch_size)
    parts = dm.log_weight(np.log(phi), np.log(size * np.asarray(probs)), size)
    whole = dm.log_weight(np.log(phi), np.log(size), size)
    exact = dm.exact_log_normaliser(phi, probs, batch_size)
    return float(abs(parts.sum() - whole - exact) / abs(phi - 1))


@pytest.mark.parametrize(("phi", "worst"), [(0.5, 0.08), (0.8, 0.01), (1.25, 0.01), (2.0, 0.04)])
@pytest.mark.parametrize("batch_size", [6, 12])
def test_total_mass_of_small_batches_is_near_one(phi: float, worst: float, batch_size: int) -> None:
    for probs in np.array([(0.5, 0.3, 0.2), (0.9, 0.08, 0.02)]):
        mass = np.exp(log_pmf(compositions(batch_size, 3), probs, phi)).sum()
        assert abs(mass - 1) < worst
        # The convolution has the same error, so that it can stand for enumeration.
        assert abs(abs(np.log(mass)) / abs(phi - 1) - error(probs, batch_size, phi)) < 1e-5


@pytest.mark.parametrize(
    ("batch_size", "dispersions", "worst"),
    [(60, (0.5, 0.8, 1.25, 2.0), 3e-3), (200, (0.25, 0.5, 2.0, 4.0), 1.6e-3)],
)
def test_error_of_the_normaliser_is_as_stated(
    batch_size: int, dispersions: tuple[float, ...], worst: float
) -> None:
    for probs in (np.full(5, 0.2), (0.6, 0.25, 0.1, 0.04, 0.01), (0.995, 0.002, *[0.001] * 3)):
        for phi in dispersions:
            assert error(np.array(probs), batch_size, phi) < worst


@pytest.mark.parametrize("phi", [0.25, 0.4, 0.5, 0.9, 1.0, 1.1, 2.0, 3.0, 4.0])
def test_look_up_and_its_slopes(phi: float) -> None:
    expected = np.exp(np.random.default_rng(1).uniform(-22, 12, 2000))
    bound = NEAR_ONE if 0.5 <= phi <= 2 else ANYWHERE
    found = dm.log_weight(np.log(phi), np.log(expected), np.inf)
    assert np.abs(found - dm.exact_log_z(phi, expected)).max() < bound
    # The clip at the ends of the range halves a slope that is taken right there.
    inside = np.clip(phi, 0.26, 3.9)
    step = 1e-4
    across = [dm.exact_log_z(inside * np.exp(sign * step), expected) for sign in (-1, 1)]
    along = [dm.exact_log_z(inside, expected * np.exp(sign * step)) for sign in (-1, 1)]
    ones = np.ones_like(expected)

    def endless(log_phi: jax.Array, log_expected: jax.Array) -> jax.Array:
        return dm.log_weight(log_phi, log_expected, jnp.inf)

    for numeric, tangent in ((across, (1.0, 0 * ones)), (along, (0.0, ones))):
        _, slope = jax.jvp(endless, (jnp.log(inside), jnp.log(expected)), tangent)
        assert np.abs(slope - (numeric[1] - numeric[0]) / (2 * step)).max() < (
            1e-3 if bound == NEAR_ONE else 3e-3
        )


def test_score_in_the_batch_size_has_mean_zero_and_the_information_as_variance() -> None:
    """What a continuous multinomial fails: counts of expectation far below one are in it."""
    probs = np.array([0.9, 0.08, 0.02])
    counts = compositions(8, 3)
    weight = stats.multinomial.pmf(counts, 8, probs)
    step = 1e-3
    lower, middle, upper = (log_pmf(counts, probs, np.exp(x)) for x in (-step, 0.0, step))
    score, bend = (upper - lower) / (2 * step), (upper - 2 * middle + lower) / step**2
    spread = weight @ score**2
    assert abs(weight @ score) < 1e-3 * np.sqrt(spread)
    # The correction is of first order in phi - 1, so for 8 captions this is less exact.
    assert weight @ bend == pytest.approx(-spread, rel=0.1)


@pytest.mark.parametrize("phi", [0.6, 1.7])
def test_draws_follow_the_law(phi: float) -> None:
    probs, batch_size, number = np.array([0.6, 0.3, 0.1]), 6, 100_000
    keys = jax.random.split(jax.random.key(4), number)
    draw = jax.jit(jax.vmap(lambda key: dm.draw_counts(key, jnp.log(phi), probs, batch_size)))
    drawn = np.asarray(draw(keys))
    counts = compositions(batch_size, 3)
    seen = np.array([(drawn == row).all(axis=1).sum() for row in counts])
    assert seen.sum() == number

    def p_value(dispersion: float) -> float:
        law = np.exp(log_pmf(counts, probs, dispersion))
        expected = number * law / law.sum()
        many = expected > 5
        rest = [[x[~many].sum()] if not many.all() else [] for x in (seen, expected)]
        observed, lawful = (np.r_[x[many], y] for x, y in zip((seen, expected), rest, strict=True))
        return float(stats.chisquare(observed, lawful).pvalue)

    assert p_value(phi) > level("text drift", 3)
    assert p_value(phi * 1.1) < level("text drift", 3)
