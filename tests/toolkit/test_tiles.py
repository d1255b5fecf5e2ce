"""The average posterior in tiles: the same numbers as image by image, and when none is needed."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests import cases
from tests.statistics import level
from tests.tolerances import LINEAR_ALGEBRA
from toolkit.loops import certainty, posterior, tiles
from toolkit.measures import ScaledFactor, factorise
from toolkit.rng import normals

SINGLE, DOUBLE = jnp.dtype("float32"), jnp.dtype("float64")
#: Rounding of a log ratio in single precision, for coefficients of at most about ten.
SINGLE_RATIO = 2e-5
#: The normals, in single precision, are rounded otherwise where a loop is compiled.
ROUNDED_NORMALS = 1e-6


def state(
    num_texts: int, num_features: int, spread: float = 1.0, gone: int = -1
) -> tuple[Any, Any, ScaledFactor]:
    rng = np.random.default_rng(3)
    probs = rng.dirichlet(np.ones(num_texts))
    probs[gone] = 0.0
    covs = spread * cases.unequal_covariances(num_texts, num_features)
    means = cases.means(num_texts, num_features)
    return jnp.asarray(probs / probs.sum()), jnp.asarray(means), factorise(jnp.asarray(covs))


def image_by_image(key: Any, count: Any, batch_size: int, *of: Any) -> Any:
    """The same normals, put back beside their captions, one posterior at a time."""
    probs, mean, factor = of
    num_texts, num_features = mean.shape
    width = tiles.tile_width(batch_size, num_texts)
    number = (batch_size + num_texts * (width - 1)) // width
    held = width * tiles.numbers_of_image(num_texts, num_features)
    block = min(number, max(tiles.LARGEST_BLOCK // held, 1))
    keys = [jax.random.fold_in(key, index) for index in range(-(-number // block))]
    z = np.concatenate([normals(k, num_features, block * width, SINGLE) for k in keys], axis=1)
    own = np.repeat(np.arange(num_texts), count)
    each = np.concatenate([np.arange(n) for n in np.asarray(count)])
    first = np.concatenate([[0], np.cumsum(-(-np.asarray(count) // width))[:-1]])
    # As they are rounded in units of binary digits.
    chosen = (z * np.float32(tiles.UNIT)).astype(float)[:, first[own] * width + each] / tiles.UNIT
    inverse = posterior.gaussians.scaled_inverse(factor)
    # One program instead of one for each operation.
    posteriors = jax.jit(posterior.posteriors)
    r = posteriors(jnp.asarray(own), jnp.asarray(chosen), probs, mean, factor, inverse)
    return np.sum(r, axis=-1)


@pytest.mark.parametrize(
    ("num_texts", "num_features", "batch_size"),
    [(3, 2, 200), (5, 1, 1000), (4, 3, 130), (20, 2, 700), (3, 7, 200), (40, 2, 50), (9, 7, 40)],
    ids=[
        "tiles",
        "one feature",
        "three",
        "many texts",
        "many features",
        "few images",
        "few of many features",
    ],
)
def test_sum_is_that_of_the_images_one_by_one(
    num_texts: int, num_features: int, batch_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The last text is there: images beyond the last one would be taken for its own.
    probs, mean, factor = state(num_texts, num_features, gone=0)
    key = jax.random.key(4)
    count = jnp.asarray(np.random.default_rng(5).multinomial(batch_size, np.asarray(probs)))
    want = image_by_image(key, count, batch_size, probs, mean, factor)
    for dtype, tolerance in ((DOUBLE, LINEAR_ALGEBRA), (SINGLE, SINGLE_RATIO)):
        got = tiles.summed_posteriors(
            key, count, probs, mean, factor, batch_size=batch_size, dtype=dtype
        )
        assert got.dtype == jnp.float64
        np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)
        assert got[0] == 0
    # In several blocks, the last of them not full.
    monkeypatch.setattr(tiles, "LARGEST_BLOCK", 16 * num_texts * 3)
    want = image_by_image(key, count, batch_size, probs, mean, factor)
    got = tiles.summed_posteriors(
        key, count, probs, mean, factor, batch_size=batch_size, dtype=DOUBLE
    )
    np.testing.assert_allclose(got, want, rtol=ROUNDED_NORMALS)


@pytest.mark.parametrize("dtype", [DOUBLE, SINGLE])
@pytest.mark.parametrize("log_scale", [-700.0, -300.0, 300.0])
def test_extreme_scales_stay_finite(dtype: Any, log_scale: float) -> None:
    probs, mean, factor = state(3, 2)
    factor = factor._replace(log_scale=factor.log_scale + jnp.asarray([[log_scale], [0], [0]]))
    count = jnp.asarray([80, 120, 0])
    got = tiles.summed_posteriors(
        jax.random.key(1), count, probs, mean, factor, batch_size=200, dtype=dtype
    )
    assert np.all(np.isfinite(got))
    assert abs(float(got.sum()) - 200) < 1e-4
    assert float(got[0]) >= 79.99 if log_scale < 0 else float(got[0]) > 0


@pytest.mark.parametrize(("dtype", "error"), [(DOUBLE, 2e-12), (SINGLE, 4e-7)])
def test_power_of_two(dtype: Any, error: float) -> None:
    lowest = tiles.SMALLEST_LOG2[dtype.name]
    x = jnp.linspace(lowest - 10, 100, 200_001).astype(dtype)
    got, exact = np.asarray(tiles.exp2(x), float), np.exp2(np.asarray(x, float))
    above = np.asarray(x) > lowest + 60  # nearer to it the least ratio is taken off
    assert np.max(np.abs(got[above] / exact[above] - 1)) < error
    assert np.all(got >= 0)
    assert np.all(got <= exact * (1 + error))
    assert np.all(got[np.asarray(x) <= lowest] == 0)
    assert np.all(tiles.exp2(jnp.asarray([-jnp.inf, -1e30], dtype)) == 0)
    assert float(tiles.exp2(jnp.zeros((), dtype))) == 1


@pytest.mark.parametrize("dtype", [DOUBLE, SINGLE])
def test_one_hot_posteriors_need_no_image(dtype: Any) -> None:
    def both(spread: float) -> Any:
        # Equal variances of one feature, for which the bound is nearly sharp; a text that might
        # have had captions and got none must be left with exactly nothing.
        probs, mean = jnp.asarray([0.3, 0.4, 0.2, 0.1]), jnp.arange(4.0)[:, None]
        factor = factorise(jnp.full((4, 1, 1), spread))
        count = jnp.asarray([30, 60, 38, 0])
        total = tiles.summed_posteriors(
            jax.random.key(2), count, probs, mean, factor, batch_size=128, dtype=dtype
        )
        sure = certainty.is_one_hot(probs, mean, factor, 128, dtype.name)
        return bool(sure), bool(np.all(total == count))

    # Fine enough that a bound on ratios too large to be 0 would be found out.
    answers = [both(10.0**-power) for power in np.arange(0, 6, 0.125)]
    assert answers[0] == (False, False)
    assert answers[-1] == (True, True)
    # Where it is said to be so, it is.
    assert all(equal for sure, equal in answers if sure)


def test_confusion_is_bounded_in_every_system() -> None:
    for seed in range(20):
        probs, mean, factor = state(4, 2, spread=10.0 ** (-seed / 8))
        own = jnp.asarray(np.random.default_rng(seed).choice(4, 4000, p=np.asarray(probs)))
        z = jax.random.normal(jax.random.key(seed), (2, 4000))
        inverse = posterior.gaussians.scaled_inverse(factor)
        r = posterior.posteriors(own, z, probs, mean, factor, inverse)
        lost = 1 - np.asarray(r)[own, np.arange(4000)]
        bound = float(certainty.confusion_bound(probs, mean, factor))
        assert lost.mean() <= bound + 4 * lost.std() / np.sqrt(4000)
    assert bound < 0.6


def test_one_answer_for_a_batch_is_one_branch() -> None:
    def choose(x: Any) -> Any:
        return jax.lax.cond(certainty.everywhere(x > 0), lambda: x, lambda: jnp.sin(x))

    batched = jax.jit(jax.vmap(jax.vmap(choose)))
    x = jnp.asarray([[1.0, 2.0], [3.0, -4.0]])
    np.testing.assert_allclose(batched(x), np.sin(x))
    np.testing.assert_allclose(batched(-x * jnp.sign(-x)), np.abs(x))
    assert "conditional" in batched.lower(x).compile().as_text()


def test_average_of_fewer_images_has_the_mean_and_covariance_of_the_batch() -> None:
    probs, mean, factor = state(4, 2)

    def averages(batch_size: int, number: float | None, seed: int) -> Any:
        def one(key: Any) -> Any:
            return posterior.mean_posterior(
                key, probs, mean, factor, batch_size=batch_size, dtype=DOUBLE, number=number
            )[0]

        return np.asarray(jax.jit(jax.vmap(one))(jax.random.split(jax.random.key(seed), 8_000)))

    exact, fewer = averages(1024, None, 1), averages(128, 1024.0, 2)
    share = level("loops: fewer images", 7)

    def p_values(first: Any, second: Any) -> list[float]:
        from scipy import stats

        means = stats.ttest_ind(first, second, equal_var=False).pvalue[:3]
        squares = [(each - np.asarray(probs)) ** 2 for each in (first, second)]
        variances = stats.ttest_ind(*squares, equal_var=False).pvalue[:3]
        crossed = [np.prod(each[:, :2] - np.asarray(probs)[:2], axis=1) for each in (first, second)]
        return [*means, *variances, stats.ttest_ind(*crossed, equal_var=False).pvalue]

    assert min(p_values(exact, fewer)) > share
    # A quarter more images: the variances must tell.
    assert min(p_values(averages(1280, None, 3), fewer)) < share
