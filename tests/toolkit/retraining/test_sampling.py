"""Families: examples follow SciPy's laws, and drawn statistics that of drawn examples."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from tests import tolerances
from tests.statistics import combine, follows, level, mean_is, means_are, same_law, variance_is
from tests.toolkit.retraining.test_families import COV, FAMILIES, SCIPY
from toolkit.systems import KernelDensity, LinearRegression
from toolkit.systems.families import Law

LARGE = 2**14
#: Shared by every family's sample, the empirical law's, and the statistics of four.
ALPHA = level("retraining: families", len(FAMILIES) + 5)

sample = partial(jax.jit, static_argnums=(0, 3))(lambda law, *rest: law.sample(*rest))
ORTHOGONAL = LinearRegression(coef=[1.0, -2.0], noise_sd=0.5, inputs="orthogonal")


def sampled(name: str) -> np.ndarray:
    family = FAMILIES[name]
    return np.asarray(sample(family.law, family.parameters, jax.random.key(91), LARGE))


@pytest.mark.parametrize("name", SCIPY)
def test_examples_of_an_exponential_family_follow_scipys_law(name: str) -> None:
    x, law = sampled(name)[:, 0], SCIPY[name]
    tests = {"mean": mean_is(x, law.mean()), "variance": variance_is(x, law.var())}
    if hasattr(law, "pmf"):
        tests |= {f"P({k})": mean_is(x == k, law.pmf(k)) for k in range(6)}
        assert np.all(x == np.round(x))
    else:
        tests["law"] = follows(x, law.cdf)
    combine(tests).require(ALPHA)


def test_examples_of_a_mixture_and_of_a_kernel_density_follow_their_laws() -> None:
    parts = stats.norm([-1.0, 2.0], np.sqrt([0.5, 1.5]))
    mixed = sampled("gaussian_mixture")[:, 0]
    assert follows(mixed, lambda x: parts.cdf(x[:, None]) @ [0.3, 0.7]) >= ALPHA
    # A smoothed bootstrap: one of the points, and the kernel's noise.
    points = np.array([0.0, 1.0, 1.5, 4.0])
    kernels = stats.norm(points, 0.4 * points.std())
    smoothed = sampled("kernel_density")[:, 0]
    assert follows(smoothed, lambda x: kernels.cdf(x[:, None]).mean(axis=1)) >= ALPHA


def test_examples_of_gaussians_categories_and_regressions_have_their_moments() -> None:
    z = np.linalg.solve(np.linalg.cholesky(COV), (sampled("gaussian") - [0.5, 1.0]).T)
    normal = {f"axis {j}": follows(one, stats.norm.cdf) for j, one in enumerate(z)}
    combine(normal | {"correlation": stats.pearsonr(*z).pvalue}).require(ALPHA)
    one_hot = np.eye(3)[sampled("categorical")[:, 0].astype(int)]
    means_are(one_hot, np.array([0.5, 0.3, 0.2])).require(ALPHA)
    x = sampled("linear_regression")
    independent = np.column_stack([x[:, :2], (x[:, 2] - x[:, :2] @ [1.0, -2.0]) / 0.5])
    laws = {f"column {j}": follows(one, stats.norm.cdf) for j, one in enumerate(independent.T)}
    laws |= {f"pair {i, j}": stats.pearsonr(*independent.T[[i, j]]).pvalue for i, j in PAIRS}
    combine(laws).require(ALPHA)


PAIRS = ((0, 1), (0, 2), (1, 2))


@pytest.mark.parametrize("name", ["categorical", "gaussian", "linear_regression", "orthogonal"])
def test_drawn_statistics_have_the_law_of_drawn_examples(name: str) -> None:
    family = FAMILIES.get(name, ORTHOGONAL)
    assert family.law.draws_statistics
    by_law, by_examples, wrong = (
        statistics_of(family, number, most, seed)
        for number, most, seed in ((20, 0, 92), (20, 20, 93), (21, 0, 94))
    )
    same_law(by_law, by_examples).require(ALPHA)
    assert same_law(wrong, by_examples).p_value < ALPHA


@partial(jax.jit, static_argnums=(0, 4))
def drawn(law: Law, params: Any, keys: jax.Array, number: jax.Array, most: int) -> Any:
    return jax.vmap(lambda key: law.draw(params, key, number, most).statistics)(keys)


def statistics_of(family: Any, number: int, most: int, seed: int) -> dict[str, np.ndarray]:
    """Statistics of ``number`` examples, many times, without digits that are rounding."""
    keys = jax.random.split(jax.random.key(seed), 2 * LARGE)
    found = drawn(family.law, family.parameters, keys, jnp.asarray(float(number)), most)
    lower = np.tril_indices(2)
    leaves = [leaf[:, *lower] if leaf.ndim == 3 else leaf for leaf in jax.tree.leaves(found)]
    return {f"{index}": np.round(leaf, 10) for index, leaf in enumerate(leaves)}


def test_of_the_empirical_law_weighted_points_are_drawn_again() -> None:
    family = KernelDensity(points=[[1.0], [2.0], [3.0], [4.0]], bandwidth=0.0)
    params = family.parameters._replace(weight=jnp.asarray([0.0, 1.0, 0.0, 3.0]))
    roomy = family.law.with_room(params, 7)
    x = np.asarray(sample(family.law, roomy, jax.random.key(95), 4 * LARGE))[:, 0]
    assert set(x) == {2.0, 4.0}
    assert mean_is(x == 2, 0.25) >= ALPHA > mean_is(x == 2, 0.25 * 1.05)


@pytest.mark.parametrize("number", [5, 8])
def test_an_orthogonal_design_is_one_of_those_that_are_used(number: int) -> None:
    law, params = ORTHOGONAL.law, ORTHOGONAL.parameters
    found = law.examples(params, jax.random.key(96), jnp.asarray(number), 8)
    assert found.weight.tolist() == [1.0] * number + [0.0] * (8 - number)
    x = np.asarray(found.values)[:number, :2]
    np.testing.assert_allclose(x.T @ x, number * np.eye(2), atol=tolerances.LINEAR_ALGEBRA)
    assert np.all(np.isfinite(found.values))
