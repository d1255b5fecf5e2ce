"""Gammas and Bartlett factors: their laws, and NaN where there is none."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from tests import statistics, tolerances
from tests.statistics import combine, level
from toolkit import rng

KEY = jax.random.key(20)
#: The tests of this file and those of counts share one level.
SHARES = 8


def bartlett(df: list[int], num_features: int, count: int) -> np.ndarray:
    keys = jax.random.split(KEY, count)
    draw = jax.jit(jax.vmap(lambda key: rng.bartlett(key, jnp.asarray(df, float), num_features)))
    return np.asarray(draw(keys))


def test_bartlett_is_wishart_also_with_few_degrees_of_freedom() -> None:
    df, num_features, count = [0, 1, 2, 3, 7, 60], 3, 20_000
    factor = bartlett(df, num_features, count)
    assert np.all(np.isfinite(factor))
    np.testing.assert_array_equal(factor, np.tril(factor))
    scatter = factor @ factor.swapaxes(-1, -2)
    z = np.random.default_rng(21).standard_normal((count, 60, num_features))
    p_values = {}
    for index, size in enumerate(df):
        assert np.all(np.linalg.matrix_rank(factor[:20, index]) == min(size, num_features))
        if size == 0:
            assert not factor[:, 0].any()
            continue
        direct = np.einsum("rna,rnb->rab", z[:, :size], z[:, :size])
        pairs = {"w": (scatter[:, index], direct)}
        for name, (ours, theirs) in pairs.items():
            for a, b in ((0, 0), (1, 1), (2, 2), (1, 0), (2, 1)):
                where = f"{name}[{a}{b}] df {size}"
                p_values[where] = statistics.same_distribution(ours[:, a, b], theirs[:, a, b])
            p_values[f"covariance df {size}"] = statistics.same_covariance(
                (ours[:, 0, 0], ours[:, 2, 1]), (theirs[:, 0, 0], theirs[:, 2, 1])
            )
            p_values[f"trace of square df {size}"] = statistics.mean_is(
                np.sum(ours**2, axis=(1, 2)), num_features * size * (size + num_features + 1)
            )
    # Neighbours have bits of their own.
    first, second = (
        factor[:, index].reshape(count, -1) - factor[:, index].reshape(count, -1).mean(axis=0)
        for index in (4, 5)
    )
    for a, b in itertools.product((0, 3, 4, 6, 7, 8), repeat=2):
        p_values[f"df 7 at {a}, df 60 at {b}"] = statistics.mean_is(first[:, a] * second[:, b], 0)
        if a < b:
            p_values[f"df 60 at {a} and {b}"] = statistics.mean_is(second[:, a] * second[:, b], 0)
    combine(p_values).require(level("rng: bartlett", SHARES))


def test_entries_of_a_bartlett_factor_are_independent() -> None:
    """Of five features: there as many blocks of bits go to the normals as to the diagonal."""
    count, num_features = 40_000, 5
    factor = np.asarray(rng.bartlett(KEY, jnp.full(count, 9.0), num_features))
    entry = factor[:, *np.tril_indices(num_features)]
    p_values = {}
    for power in (1, 2):
        centred = entry**power - np.mean(entry**power, axis=0)
        for a, b in itertools.combinations(range(entry.shape[1]), 2):
            product = centred[:, a] * centred[:, b]
            p_values[f"power {power} of {a} and {b}"] = statistics.mean_is(product, 0)
    combine(p_values).require(level("rng: bartlett", SHARES))


def test_bartlett_of_one_degree_too_many_is_rejected() -> None:
    factor = bartlett([21], 2, 20_000)[:, 0]
    determinant = np.log(np.prod(np.diagonal(factor, axis1=-2, axis2=-1), axis=-1) ** 2)
    right, wrong = (
        sum(np.log(2) + stats.loggamma(0.5 * (df - j)).mean() for j in range(2)) for df in (21, 20)
    )
    assert statistics.mean_is(determinant, right) > level("rng: bartlett", SHARES)
    assert statistics.mean_is(determinant, wrong) < 1e-12


@pytest.fixture(scope="module")
def chi_squares() -> dict[float, np.ndarray]:
    df = [1.0, 2.0, 3.0, 1000.0, 1e12]
    draw = jax.jit(lambda key: rng.chi_square(key, jnp.broadcast_to(jnp.asarray(df), (100_000, 5))))
    return dict(zip(df, np.asarray(draw(KEY)).T, strict=True))


def test_chi_squares_follow_their_law(chi_squares: dict[float, np.ndarray]) -> None:
    p_values = {}
    for df, sample in chi_squares.items():
        p_values[f"df {df}"] = statistics.follows(sample, stats.chi2(df).cdf)
        p_values[f"mean {df}"] = statistics.mean_is(sample, df)
        p_values[f"variance {df}"] = statistics.variance_is(sample, 2 * df)
    combine(p_values).require(level("rng: bartlett", SHARES))


def test_chi_squares_of_another_df_are_rejected(chi_squares: dict[float, np.ndarray]) -> None:
    for df, sample in chi_squares.items():
        assert statistics.follows(sample, stats.chi2(1.05 * df).cdf) < 1e-12
        assert statistics.mean_is(sample * 1.05, df) < 1e-9


def test_gammas_where_there_is_no_law_are_nan_and_come_to_an_end() -> None:
    drawn = rng.gamma(KEY, jnp.asarray([0.0, -1.0, jnp.nan, jnp.inf, 0.5, 1e299]))
    np.testing.assert_array_equal(np.isnan(drawn), [True, True, True, True, False, False])
    assert np.all(np.asarray(drawn[4:]) > 0)


def test_gammas_are_those_of_each_key_alone() -> None:
    keys, shape = jax.random.split(KEY, 30), jnp.asarray([0.5, 1.0, 7.0, 1e9])
    together = jax.jit(jax.vmap(lambda key: rng.gamma(key, shape)))(keys)
    alone = jax.jit(lambda key: rng.gamma(key, shape))
    # Vectors and single numbers may be rounded differently, in the last place of each step.
    for key, drawn in zip(keys, together, strict=True):
        np.testing.assert_allclose(drawn, alone(key), rtol=tolerances.ROUNDING)


def test_gammas_have_the_dtype_of_their_shape() -> None:
    for dtype in ("float32", "float64"):
        assert rng.chi_square(KEY, jnp.ones(3, dtype)).dtype == dtype
        assert rng.bartlett(KEY, jnp.ones(3, dtype), 2).dtype == dtype
