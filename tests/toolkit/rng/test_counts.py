"""Binomial and multinomial counts: exact laws, extreme numbers, and the same draws in any batch."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from scipy import stats

from tests import statistics
from tests.statistics import combine, level
from toolkit import rng
from toolkit.rng import binomials, counts

KEY = jax.random.key(30)
#: The tests of this file and those of gammas share one level.
SHARES = 8
PROBS = np.asarray([0.1, 0.3, 0.2, 0.25, 0.15])

#: Both methods, either side of the border between them, both tails, and large numbers.
CASES = [
    (1, 0.3),
    (7, 0.5),
    (15, 0.95),
    (100, 0.1999),
    (100, 0.2001),
    (41, 0.49),
    (40, 0.7),
    (1000, 0.5),
    (1000, 0.97),
    (10**6, 1e-6),
    (10**6, 2.5e-5),
    (10**6, 0.37),
    (10**9, 1.99e-8),
    (10**12, 0.25),
    (2**53, 1e-15),
    (2**53, 0.4),
]


@pytest.fixture(scope="module")
def drawn() -> np.ndarray:
    n, p = (jnp.asarray(column, float)[:, None] for column in zip(*CASES, strict=True))
    shape = (len(CASES), 20_000)
    draw = jax.jit(lambda key: rng.binomial(key, jnp.broadcast_to(n, shape), p))
    return np.asarray(draw(KEY))


def binomial_p_value(sample: np.ndarray, n: float, p: float) -> float:
    """P-value of counts being binomial: by the chi-square of cells of equal chance, about."""
    law = stats.binom(n, p) if n * min(p, 1 - p) < 1e9 else None
    if law is None:  # beyond, the law is the normal one to 1e-5 of a standard deviation
        z = (sample - n * p) / np.sqrt(n * p * (1 - p))
        return statistics.follows(z, stats.norm.cdf)
    edges = np.unique(law.ppf(np.linspace(0.01, 0.99, 60)))
    chance = np.diff(np.concatenate([[0.0], law.cdf(edges), [1.0]]))
    cell = np.searchsorted(edges, sample)
    observed = np.bincount(cell, minlength=len(chance))
    if np.any(observed[chance == 0]):
        return 0.0
    kept = chance > 1e-4
    rest = observed[~kept].sum(), chance[~kept].sum()
    observed, chance = observed[kept], chance[kept]
    if rest[1] > 1e-12:
        observed, chance = np.append(observed, rest[0]), np.append(chance, rest[1])
    elif rest[0]:
        return 0.0
    if len(observed) < 2:
        return 1.0
    return float(stats.chisquare(observed, len(sample) * chance / chance.sum()).pvalue)


def test_binomials_follow_their_law(drawn: np.ndarray) -> None:
    p_values = {}
    for sample, (n, p) in zip(drawn, CASES, strict=True):
        np.testing.assert_array_equal(sample, np.round(sample))
        assert np.all((sample >= 0) & (sample <= n))
        p_values[f"law {n} {p}"] = binomial_p_value(sample, n, p)
        p_values[f"mean {n} {p}"] = statistics.mean_is(sample - n * p, 0)
        p_values[f"variance {n} {p}"] = statistics.variance_is(sample - n * p, n * p * (1 - p))
    combine(p_values).require(level("rng: bartlett", SHARES))


def test_binomials_of_another_chance_are_rejected(drawn: np.ndarray) -> None:
    for sample, (n, p) in zip(drawn, CASES, strict=True):
        other = 1.05 * p if p < 0.5 else 1 - 1.05 * (1 - p)
        assert binomial_p_value(sample, n, other) < 1e-3
        if n * min(p, 1 - p) > 1:
            assert binomial_p_value(sample, n, other) < 1e-6


def test_extreme_binomials() -> None:
    n = jnp.asarray([0.0, 5.0, 5.0, 2.0**53, 2.0**53, 2.0**53, -1.0, jnp.nan, 5.0, 5.0, 2.0**60])
    p = jnp.asarray([0.5, 0.0, 1.0, 1e-300, 1.0, 0.0, 0.5, 0.5, jnp.nan, 1.5, 0.5])
    expected = [0, 0, 5, 0, 2.0**53, 0, *[np.nan] * 5]
    np.testing.assert_array_equal(rng.binomial(KEY, n, p), expected)


def test_probabilities_of_the_rejection_are_exact() -> None:
    """Against 40 digits, within 8 standard deviations; without the factors of n and p alone."""
    with mpmath.workdps(40):
        for n, p in ((20, 0.5), (10**3, 0.01001), (10**6, 0.37), (2**53, 0.4), (10**12, 1.1e-11)):
            mean = n * p
            k = np.floor(mean + np.linspace(-8, 8, 17) * np.sqrt(mean * (1 - p)))
            k = np.unique(np.clip(k, 0, n))
            mass = binomials._mass(*(jnp.asarray(x, float) for x in (k, n, mean, n - mean)))
            log_p, log_q = mpmath.log(mpmath.mpf(p)), mpmath.log1p(-mpmath.mpf(p))
            exact = [
                mpmath.exp(
                    k_ * log_p
                    + (n - k_) * log_q
                    - mpmath.loggamma(k_ + 1)
                    - mpmath.loggamma(n - k_ + 1)
                    + mpmath.loggamma(n + 1)
                )
                for k_ in map(mpmath.mpf, k.tolist())
            ]
            ratio = [
                mpmath.mpf(m) / e for m, e in zip(np.asarray(mass).tolist(), exact, strict=True)
            ]
            middle = ratio[int(np.argmax([float(e) for e in exact]))]
            # The mean is rounded: it moves a probability by z sqrt(n) units of 2^-53 and less.
            bound = 5e-14 + 8 * np.sqrt(n) * 2.0**-53
            assert max(abs(float(r / middle - 1)) for r in ratio) < bound


def test_bound_of_the_mode() -> None:
    """The rejection's hat needs ``exp(1/(12 s^2)) / sqrt(2 pi s^2)`` above every probability."""
    p = np.asarray([0.5, 0.47, 0.4, 0.3, 0.1, 0.01, 1e-4, 1e-9])[:, None]
    n = np.ceil(np.concatenate([np.linspace(10, 20, 301), np.geomspace(20, 1e4, 200)]) / p)
    variance = n * p * (1 - p)
    mode = stats.binom.pmf(np.floor((n + 1) * p), n, p)
    excess = variance * np.log(mode * np.sqrt(2 * np.pi * variance))
    assert np.max(excess) < 1 / 12
    assert np.max(excess) > 1 / 25  # the bound is not idle


@pytest.fixture(scope="module")
def multinomials() -> dict[int, np.ndarray]:
    totals = [4, 100, 10**6]
    n = jnp.broadcast_to(jnp.asarray(totals, float)[:, None], (3, 40_000))
    probs = jnp.broadcast_to(jnp.asarray(PROBS), (*n.shape, 5))
    return dict(zip(totals, np.asarray(jax.jit(rng.multinomial)(KEY, n, probs)), strict=True))


def test_small_multinomials_have_their_joint_law(multinomials: dict[int, np.ndarray]) -> None:
    sample = multinomials[4]
    cells = [c for c in itertools.product(range(5), repeat=5) if sum(c) == 4]
    number = sample @ 5 ** np.arange(5)
    code = np.asarray(cells) @ 5 ** np.arange(5)
    observed = np.asarray([np.sum(number == one) for one in code])
    assert observed.sum() == len(sample)
    for probs, right in ((PROBS, True), (PROBS * [1.05, 0.95, 1, 1, 1], False)):
        chance = stats.multinomial(4, probs / probs.sum()).pmf(cells)
        p_value = float(stats.chisquare(observed, len(sample) * chance).pvalue)
        assert (p_value > level("rng: bartlett", SHARES)) is right
    assert p_value < 1e-6


def test_multinomials_have_their_moments_and_margins(multinomials: dict[int, np.ndarray]) -> None:
    p_values = {}
    for n in (100, 10**6):
        sample = multinomials[n]
        np.testing.assert_array_equal(sample.sum(axis=-1), n)
        centred = sample - n * PROBS
        for a in range(5):
            p_values[f"margin {n} {a}"] = binomial_p_value(sample[:, a], n, PROBS[a])
            for b in range(a):
                product = centred[:, a] * centred[:, b] + n * PROBS[a] * PROBS[b]
                p_values[f"covariance {n} {a} {b}"] = statistics.mean_is(product, 0)
            for b in range(5):  # the next row has bits of its own
                product = centred[:-1, a] * centred[1:, b]
                p_values[f"rows {n} {a} {b}"] = statistics.mean_is(product, 0)
        # Given the first two, the others are multinomial of what is left.
        rest = n - sample[:, 0] - sample[:, 1]
        share = PROBS[3] / PROBS[2:].sum()
        z = (sample[:, 3] - rest * share) / np.sqrt(rest * share * (1 - share))
        p_values[f"conditional mean {n}"] = statistics.mean_is(z, 0)
        p_values[f"conditional variance {n}"] = statistics.mean_is(z**2, 1)
        given = z * centred[:, 0]
        p_values[f"conditional independence {n}"] = statistics.mean_is(given, 0)
    combine(p_values).require(level("rng: bartlett", SHARES))


def test_outcomes_without_chance_get_nothing_and_tiny_ones_their_share() -> None:
    probs = jnp.asarray([0.0, 0.5, 0.0, 1e-15, 1e-300, 0.5, 0.0])
    drawn = np.asarray(
        rng.multinomial(KEY, jnp.full(200, 2.0**53), jnp.broadcast_to(probs, (200, 7)))
    )
    assert not drawn[:, [0, 2, 4, 6]].any()
    np.testing.assert_array_equal(drawn[:, 1] + drawn[:, 3] + drawn[:, 5], 2.0**53)
    mean = 2.0**53 * 1e-15
    assert abs(drawn[:, 3].mean() - mean) < 5 * np.sqrt(mean / 200)
    assert rng.multinomial(KEY, 9.0, jnp.ones(1)) == 9


def test_weights_that_are_none_give_nan_and_the_dtype_is_that_of_the_weights() -> None:
    weights = [[1.0, -1.0], [0.0, 0.0], [1.0, np.nan], [1.0, np.inf], [1.0, 1.0]]
    for dtype in ("float32", "float64"):
        drawn = rng.multinomial(KEY, 9.0, jnp.asarray(weights, dtype))
        assert drawn.dtype == dtype
        assert np.all(np.isnan(drawn[:4]))
        assert drawn[4].sum() == 9


def test_counts_are_those_of_each_key_alone() -> None:
    """Whatever the batch, its width and its nesting."""

    def draw(key: jax.Array, n: jax.Array) -> jax.Array:
        return rng.multinomial(key, n, jnp.asarray(PROBS))

    keys = jax.random.split(KEY, (4, 16))
    n = jnp.asarray([10.0, 60.0, 1e6, 2.0**53])
    nested = jax.jit(jax.vmap(jax.vmap(draw, (0, None))))(keys, n)
    narrow = jax.jit(jax.vmap(draw))
    alone = jax.jit(draw)
    for column in range(16):
        np.testing.assert_array_equal(nested[:, column], narrow(keys[:, column], n))
    for row in range(4):
        np.testing.assert_array_equal(nested[row, 5], alone(keys[row, 5], n[row]))


@pytest.mark.parametrize("size", [2, 5, 7, 16])
def test_one_by_one_and_by_levels_are_the_same_numbers(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where proposals were rejected, and where there is no law."""
    weights = np.random.default_rng(size).dirichlet(np.ones(size), 5000)
    weights[0], weights[1, 0], weights[2:9, -1] = 0, -1, 0
    n = jnp.asarray([0.0, 3.0, 60.0, 1e12, jnp.nan])[jnp.arange(5000) % 5]
    drawn = []
    for most in (size, size - 1):
        monkeypatch.setattr(counts, "_MOST_ONE_BY_ONE", most)
        draw = jax.jit(lambda *given: rng.multinomial(*given))  # noqa: PLW0108 (traced anew)
        drawn.append(np.asarray(draw(KEY, n, weights)))
    np.testing.assert_array_equal(*drawn)
    known = np.isfinite(drawn[0]).all(axis=1)
    np.testing.assert_array_equal(
        known[:10], [False, False, *[True] * 2, False, *[True] * 4, False]
    )
    np.testing.assert_array_equal(drawn[0].sum(axis=1)[known], n[known])


def test_draws_that_are_looked_up_have_the_same_law_and_exact_zeros() -> None:
    """With a bound on few draws of many outcomes."""
    weights = np.random.default_rng(5).uniform(0.5, 1.5, 80)
    weights[[0, 7, 79]] = 0
    n = jnp.asarray([0.0, 1.0, 39.0, 40.0])
    draw = jax.jit(
        jax.vmap(lambda key: rng.multinomial(key, n, jnp.asarray([weights] * 4), most=40))
    )
    drawn = np.asarray(draw(jax.random.split(KEY, 10_000)))
    np.testing.assert_array_equal(drawn.sum(axis=-1), np.broadcast_to(n, (10_000, 4)))
    assert not drawn[..., weights == 0].any()
    chance = weights / weights.sum()
    # Every third outcome together: a binomial.
    some, probability = drawn[:, 3, ::3].sum(axis=-1), chance[::3].sum()
    p_value = binomial_p_value(some, 40, probability)
    times = drawn[:, 3].sum(axis=0)[weights > 0]
    each = stats.chisquare(times, 400_000 * chance[weights > 0]).pvalue
    combine({"sum": p_value, "each": float(each)}).require(level("rng: bartlett", SHARES))
    assert binomial_p_value(some, 40, 1.05 * probability) < 1e-9
    beyond = rng.multinomial(KEY, jnp.asarray([41.0]), jnp.asarray([weights]), most=40)
    assert np.all(np.isnan(beyond))


def test_one_program_serves_every_number() -> None:
    traced = []

    @jax.jit
    def draw(key: jax.Array, n: jax.Array, probs: jax.Array) -> jax.Array:
        traced.append(n)
        return rng.multinomial(key, n, probs)

    for n in (0.0, 9.0, 2.0**53):
        for probs in (PROBS, PROBS[::-1], np.eye(5)[2]):
            assert draw(KEY, jnp.asarray(n), jnp.asarray(probs)).sum() == n
    assert len(traced) == 1
