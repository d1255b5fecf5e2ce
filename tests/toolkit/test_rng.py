"""The fast generator is Threefry and gives normals; Bartlett factors are Wishart, singular too."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from tests import statistics, tolerances
from tests.statistics import combine, level
from toolkit import rng
from toolkit.measures import factorise  # noqa: F401 - switches float64 on

KEY = jax.random.key(20)


@pytest.mark.parametrize("count", [1, 2, 7, 1000])
@pytest.mark.parametrize("seed", [0, 1, 2**63 - 1])
def test_threefry_gives_the_words_of_jax(seed: int, count: int) -> None:
    key = jax.random.fold_in(jax.random.key(seed), 3)
    words = np.asarray(jax.random.bits(key, (count,), "uint64"))
    high, low = (np.asarray(word) for word in rng.threefry(key, count))
    np.testing.assert_array_equal(high, (words >> np.uint64(32)).astype(np.uint32))
    np.testing.assert_array_equal(low, (words & np.uint64(2**32 - 1)).astype(np.uint32))


def test_words_of_different_keys_differ() -> None:
    first, second = (rng.threefry(jax.random.key(seed), 64)[0] for seed in (1, 2))
    assert not np.any(np.asarray(first) == np.asarray(second))


@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    [("float64", tolerances.BOX_MULLER), ("float32", tolerances.BOX_MULLER_SINGLE)],
)
def test_normals_are_box_muller_of_the_words(dtype: str, tolerance: float) -> None:
    count = 501
    first, second = (
        np.asarray(word).view(np.int32).astype(float) for word in rng.threefry(KEY, 2 * count)
    )
    radius = np.sqrt(-2 * np.log((first + 2.0**31 + 0.5) * 2.0**-32))
    angle = 2 * np.pi * second * 2.0**-32
    expected = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])
    drawn = rng.normals(KEY, 3, count, jnp.dtype(dtype))
    assert drawn.dtype == dtype
    assert drawn.shape == (3, count)
    scale = np.concatenate([radius, radius]).reshape(4, count)[:3]
    error = np.abs(np.asarray(drawn, float) - expected.reshape(4, count)[:3])
    # A rounding of the uniform by e moves the radius by e / radius.
    scale = scale if dtype == "float64" else scale + 1 / scale
    assert np.max(error / scale) < tolerance


def test_normals_are_normal_and_independent() -> None:
    z = np.asarray(rng.normals(KEY, 3, 100_000, jnp.dtype("float64")))
    p_values = {f"normal {a}": statistics.follows(z[a], stats.norm.cdf) for a in range(3)}
    for a in range(3):
        p_values[f"variance {a}"] = statistics.variance_is(z[a], 1.0)
        p_values[f"fourth power {a}"] = statistics.mean_is(z[a] ** 4, 3.0)
        for b in range(a):
            p_values[f"product {a} {b}"] = statistics.mean_is(z[a] * z[b], 0.0)
            p_values[f"squares {a} {b}"] = statistics.mean_is(z[a] ** 2 * z[b] ** 2, 1.0)
    combine(p_values).require(level("rng: normals"))


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
    combine(p_values).require(level("rng: bartlett") / 2)


def test_bartlett_of_one_degree_too_many_is_rejected() -> None:
    factor = bartlett([21], 2, 20_000)[:, 0]
    determinant = np.log(np.prod(np.diagonal(factor, axis1=-2, axis2=-1), axis=-1) ** 2)
    right, wrong = (
        sum(np.log(2) + stats.loggamma(0.5 * (df - j)).mean() for j in range(2)) for df in (21, 20)
    )
    assert statistics.mean_is(determinant, right) > level("rng: bartlett") / 2
    assert statistics.mean_is(determinant, wrong) < 1e-12
