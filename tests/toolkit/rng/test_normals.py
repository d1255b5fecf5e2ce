"""The fast generator is Threefry and gives normals; its elementary functions are exact enough."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from tests import statistics, tolerances
from tests.statistics import combine, level
from toolkit import rng
from toolkit.rng import bits, elementary

KEY = jax.random.key(20)


@pytest.mark.parametrize("count", [1, 2, 7, 1000])
@pytest.mark.parametrize("seed", [0, 1, 2**63 - 1])
def test_threefry_gives_the_words_of_jax(seed: int, count: int) -> None:
    key = jax.random.fold_in(jax.random.key(seed), 3)
    words = np.asarray(jax.random.bits(key, (count,), "uint64"))
    high, low = (np.asarray(word) for word in rng.threefry(key, count))
    np.testing.assert_array_equal(high, (words >> np.uint64(32)).astype(np.uint32))
    np.testing.assert_array_equal(low, (words & np.uint64(2**32 - 1)).astype(np.uint32))


def test_words_reach_the_draws_bit_by_bit() -> None:
    """Also those that would be infinite or no number, were they floats."""
    special = np.asarray(
        [0, 1, 2**31, 0x7F800000, 0xFF800000, 0x7F800001, 0xFF800001, 0x7FC00000, 2**32 - 1],
        np.uint32,
    )
    first, second = (part.ravel() for part in np.meshgrid(special, special))
    words = rng.threefry(KEY, 100_000)
    signed = jax.jit(bits.signed)
    for one, other in ((first, second), tuple(map(np.asarray, words))):
        results = signed((jnp.asarray(one), jnp.asarray(other)))
        for got, word in zip(results, (one, other), strict=True):
            np.testing.assert_array_equal(got, word.view(np.int32))


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
    combine(p_values).require(level("rng: normals", 2))


def test_streams_of_neighbours_are_independent() -> None:
    """Of consecutive keys, folded-in numbers, counters and rows: uniform bytes, no correlation."""
    count = 4096
    keys = {
        "seeds": jax.vmap(jax.random.key)(jnp.arange(16)),
        "folds": jax.vmap(lambda part: jax.random.fold_in(KEY, part))(jnp.arange(16)),
        "splits": jax.random.split(KEY, 16),
    }
    draw = jax.jit(jax.vmap(lambda key: jnp.concatenate(rng.threefry(key, count))))
    normal = jax.jit(jax.vmap(lambda key: rng.normals(key, 1, 2 * count, jnp.dtype("float64"))[0]))
    p_values = {}
    for name, of in keys.items():
        bytes_ = np.asarray(draw(of)).view(np.uint8)
        p_values[f"bytes {name}"] = stats.chisquare(
            np.bincount(bytes_.ravel(), minlength=256)
        ).pvalue
        # The same counter under the next key, and the next counter under the same key.
        next_key = (bytes_[1:] ^ bytes_[:-1]).ravel()
        next_counter = (bytes_[:, 4:] ^ bytes_[:, :-4]).ravel()
        for which, value in (("key", next_key), ("counter", next_counter)):
            flips = np.unpackbits(value[:, None], axis=1).sum(axis=0)
            p_values[f"flips by {which} {name}"] = stats.chisquare(
                np.stack([flips, value.size - flips]).ravel()
            ).pvalue
        z = np.asarray(normal(of))
        p_values[f"normal keys {name}"] = statistics.mean_is((z[1:] * z[:-1]).ravel(), 0)
        p_values[f"normal counters {name}"] = statistics.mean_is((z[:, 1:] * z[:, :-1]).ravel(), 0)
    combine(p_values).require(level("rng: normals", 2))


@pytest.mark.parametrize(("dtype", "unit"), [("float64", 2.0**-52), ("float32", 2.0**-23)])
def test_logarithm_is_exact_to_four_units(dtype: str, unit: float) -> None:
    random = np.random.default_rng(3)
    x = np.concatenate(
        [
            random.uniform(size=50_000),
            1 + random.uniform(-1e-3, 1e-3, 20_000),
            2.0 ** random.uniform(-60, 60, 20_000),
            [1.0, 0.5, 2.0, 2.0**-33, 0.75, 1 - 2.0**-20],
        ]
    ).astype(dtype)
    exact = np.log(x.astype(np.longdouble))
    error = np.abs(np.asarray(elementary.log(jnp.asarray(x))).astype(np.longdouble) - exact)
    assert np.all(error <= 4 * unit * np.abs(exact))


@pytest.mark.parametrize(("dtype", "bound"), [("float64", 1e-15), ("float32", 3e-7)])
def test_cosine_and_sine_of_a_turn(dtype: str, bound: float) -> None:
    turn = np.concatenate(
        [np.linspace(-0.5, 0.5, 20_001), np.random.default_rng(4).uniform(-0.5, 0.5, 20_000)]
    ).astype(dtype)
    angle = 2 * np.arccos(np.longdouble(-1)) * turn.astype(np.longdouble)
    cosine, sine = elementary.cos_sin_of_turn(jnp.asarray(turn))
    assert np.max(np.abs(np.asarray(cosine) - np.cos(angle))) < bound
    assert np.max(np.abs(np.asarray(sine) - np.sin(angle))) < bound


def test_rest_of_the_inverse_hyperbolic_tangent() -> None:
    w = np.linspace(1e-3, 0.5, 1001)
    u = np.sqrt(w.astype(np.longdouble))
    exact = (np.arctanh(u) / u - 1) / u**2
    error = np.abs(np.asarray(elementary.atanh_rest(jnp.asarray(w))) - exact) / exact
    assert np.max(error) < 4e-15
