"""The law of image updates: exact where it is said to be, measured where it is not."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from numpyro.handlers import seed, trace
from scipy import special, stats

import toolkit as tk
from tests import statistics
from tests.tolerances import LINEAR_ALGEBRA
from toolkit import labels
from toolkit.models import image_law, image_special
from toolkit.models.image_contraction import MODEL, ImageDesign, log_terms
from toolkit.models.image_law import Pool, Spec

VALUES = {
    "effective_batch_size": 280.0,
    "effective_image_count": np.array([45.0, 95.0, 140.0]),
    "shrinkage_factor": 0.97,
    "real_share": 0.08,
}


def generated(generations: int = 4, **changes: Any) -> tuple[xr.Dataset, dict[str, Any]]:
    """A small data set of the model's own law, and the options to read it with."""
    design = dataclasses.replace(MODEL.design, generations=generations, replicates=2, **changes)
    dataset = MODEL.generate(design, VALUES, jax.random.key(3))
    return dataset, dict(design.options)


def density(dataset: xr.Dataset, options: dict[str, Any], **values: Any) -> Any:
    """The two log densities at given values; VALUES unless changed."""
    evidence = MODEL.prepare(dataset, **options)
    chosen = VALUES | values
    size = "effective_image_count" if evidence.spec.sizes == "unknown" else "effective_batch_size"
    return compiled_log_terms(
        evidence.spec,
        evidence.data,
        jnp.asarray(chosen[size]),
        jnp.asarray(chosen["shrinkage_factor"]),
        jnp.asarray(chosen["real_share"]),
    )


#: One program instead of one for each operation.
compiled_log_terms = jax.jit(log_terms, static_argnums=0)


# ------------------------------------------------------------------------------ special functions


def test_log_gamma_is_the_library_s() -> None:
    x = np.concatenate([np.linspace(0.25, 20, 400), np.logspace(1.3, 7, 60)])
    error = np.abs(image_special.log_gamma(x) - special.gammaln(x))
    assert np.all(error < 1e-11 + 1e-15 * np.abs(special.gammaln(x)))


@pytest.mark.parametrize("d", [1, 2, 3, 4, 5])
def test_log_multigamma_is_the_library_s(d: int) -> None:
    for df in (d - 0.5, d, d + 0.5, d + 7.3, 500.0):
        expected = special.multigammaln(df / 2, d)
        assert float(image_special.log_multigamma(df, d)) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize(("size", "prob"), [(10, 0.3), (1000, 0.06), (3, 0.5), (7, 0.99)])
def test_nodes_have_a_binomial_s_first_three_moments(size: int, prob: float) -> None:
    number, weight = image_special.binomial_nodes(jnp.array(float(size)), jnp.array(prob))
    law = stats.binom(size, prob)
    for power in range(4):
        mine = float(jnp.sum(weight * number**power))
        assert mine == pytest.approx(law.moment(power) if power else 1.0, rel=1e-12)
    assert np.all((number >= 0) & (number <= size))


def test_two_nodes_against_the_whole_binomial() -> None:
    # The divergence of the mixture from the sum over every count, in nats per transition, and
    # that of taking the expected count for the count.
    rng = np.random.default_rng(1)
    counts = np.arange(3, 120)
    found = {}
    for expected in (5.0, 10.0, 50.0):
        weight = stats.binom(1000, expected / 1000).pmf(counts)
        weight /= weight.sum()
        number, share = image_special.binomial_nodes(jnp.array(1000.0), jnp.array(expected / 1000))
        sizes = jnp.concatenate([jnp.asarray(counts, float), number, jnp.array([expected])])
        logs = []
        for n in rng.choice(counts, 300, p=weight):
            scatter = stats.wishart(n - 1, np.eye(2) / (n - 1)).rvs(random_state=rng)
            each = _densities(sizes, scatter, rng.standard_normal(2) / np.sqrt(n))
            exact, nodes = weight @ each[:-3], np.asarray(share) @ each[-3:-1]
            logs.append(np.log([exact / nodes, exact / each[-1]]))
        found[expected] = np.mean(logs, axis=0)
    assert np.abs(found[50.0][0]) < 2e-3
    for expected in (5.0, 10.0):
        nodes, expected_count = found[expected]
        assert nodes < 0.1
        assert nodes < 0.75 * expected_count


def _densities(size: Any, scatter: Any, shift: Any) -> Any:
    """Density of a covariance and a mean at each effective size, from the identity."""
    spec = Spec(1, 1, 1, 2, "counts", "none", True, 1)
    pooled = image_law.pool(spec, jnp.asarray(size, float), jnp.array(1.0), jnp.array(0.0))
    law = image_law.covariance_law(spec, pooled, jnp.array(1.0), None, None)
    log_det, trace_ = np.linalg.slogdet(scatter)[1], np.trace(scatter)
    cov = image_law.covariance_terms(spec, law, log_det, trace_, None)
    mean = image_law.mean_terms(spec, pooled, law.scale, shift @ shift, None)
    return np.exp(np.asarray(cov + mean) - 1.5 * log_det - np.log(2 * np.pi))


# ------------------------------------------------------------------------------------ exact density


@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("replenishment", ["none", "images", "share"])
def test_without_real_images_it_is_wishart_and_normal(
    d: int, ddof: int, replenishment: str
) -> None:
    dataset, _ = generated(num_features=d, options={"replenishment": "none", "ddof": ddof})
    options = {"replenishment": replenishment, "ddof": ddof}
    of_cov, of_mean = density(dataset, options, real_share=0.0)
    cov, mean, count = (dataset[name].values for name in ("image_cov", "image_mean", "image_count"))
    for r, t in np.ndindex(of_cov.shape):
        expected = np.zeros(2)
        for k in range(3):
            n = VALUES["effective_batch_size"] * count[r, t + 1, k] / 300
            scale = 0.97 * cov[r, t, k] / (n - ddof)
            expected[0] += stats.wishart(n - 1, scale).logpdf(cov[r, t + 1, k])
            law = stats.multivariate_normal(mean[r, t, k], cov[r, t, k] / n)
            expected[1] += law.logpdf(mean[r, t + 1, k])
        assert float(of_cov[r, t]) == pytest.approx(expected[0], rel=1e-10)
        assert float(of_mean[r, t]) == pytest.approx(expected[1], rel=1e-10)


@pytest.mark.parametrize("replenishment", ["images", "share"])
def test_with_real_images_it_is_the_law_that_is_stated(replenishment: str) -> None:
    # The stated law in the images' own coordinates, with dense matrices.
    options = {"replenishment": replenishment}
    dataset, _ = generated(options=options)
    of_cov, of_mean = density(dataset, options)
    cov, mean, count = (dataset[name].values for name in ("image_cov", "image_mean", "image_count"))
    expected = np.zeros((2, *of_cov.shape))
    for r, t, k in np.ndindex(2, 4, 3):
        n = 280 * count[r, t + 1, k] / 300
        n_0 = (280 / 3 if replenishment == "images" else n) * 0.08 / 0.92
        w, m = n / (n + n_0), n + n_0
        delta = mean[r, t, k] - mean[r, 0, k]
        mixed = w * cov[r, t, k] + (1 - w) * cov[r, 0, k]
        whole = mixed + n * n_0 / (m * (m - 1)) * np.outer(delta, delta)
        df = _dense_df(n, n_0, cov[r, t, k], cov[r, 0, k], delta)
        expected[0, r, t] += stats.wishart(df, 0.97 * whole / df).logpdf(cov[r, t + 1, k])
        law = stats.multivariate_normal(w * mean[r, t, k] + (1 - w) * mean[r, 0, k], mixed / m)
        expected[1, r, t] += law.logpdf(mean[r, t + 1, k])
    np.testing.assert_allclose(of_cov, expected[0], rtol=1e-10)
    np.testing.assert_allclose(of_mean, expected[1], rtol=1e-10)


def _dense_df(n: float, n_0: float, own: Any, real: Any, delta: Any) -> float:
    """Summed variances of the scatter's three parts, as they are derived, against a Wishart's."""
    m = n + n_0
    mixed = (n * own + n_0 * real) / m
    to = np.linalg.inv(np.linalg.cholesky(mixed))
    own, real, delta = to @ own @ to.T, to @ real @ to.T, to @ delta

    def summed(a: Any) -> Any:
        return np.trace(a) ** 2 + np.trace(a @ a)

    between = own / n + real / n_0
    variance = (n - 1) * summed(own) + (n_0 - 1) * summed(real)
    far = 2 * (delta @ between @ delta + delta @ delta * np.trace(between))
    variance += (n * n_0 / m) ** 2 * (summed(between) + far)
    whole = np.eye(len(own)) + n * n_0 / (m * (m - 1)) * np.outer(delta, delta)
    return float((m - 1) ** 2 * summed(whole) / variance)


# ---------------------------------------------------------------------------- what is approximate

POOLS = [(50, 5, 0.3, 0.5), (100, 10, 1.5, 0.3), (30, 20, 0.02, 0.2), (3, 5, 0.3, 0.3)]


def _pool_law(n: int, n_0: int, scale: float, apart: float) -> tuple[Any, ...]:
    """The stated law from ``N(0, scale * shape)`` and reference ``N(-delta, I)``, and both."""
    turn = np.array([[0.8, -0.6], [0.6, 0.8]])
    own = scale * turn @ np.diag([0.4, 1.0]) @ turn.T
    delta = np.array([apart, 0.0])
    seen = tk.models.image_statistics.frame(own, np.eye(2))
    offset = seen.inverse @ -delta
    pooled = Pool(jnp.array(float(n)), jnp.array(float(n_0)), jnp.array(float(n + n_0)))
    spec = Spec(1, 1, 1, 2, "counts", "images", True, 1)
    law = image_law.covariance_law(spec, pooled, jnp.array(1.0), seen.spread, offset)
    inner = np.diag(np.array(law.scale)) + float(law.rank_one) * np.outer(offset, offset)
    expected = seen.matrix @ inner @ seen.matrix.T
    between = float(law.rank_one) * np.outer(delta, delta)
    return own, delta, float(law.df), expected, expected - between


def _pools(rng: Any, number: int, n: int, n_0: int, own: Any, delta: Any) -> tuple[Any, Any]:
    """Means and covariances of pools, image by image."""
    mine = rng.standard_normal((number, n, 2)) @ np.linalg.cholesky(own).T
    images = np.concatenate([mine, rng.standard_normal((number, n_0, 2)) - delta], axis=1)
    mean = images.mean(axis=1)
    centred = images - mean[:, None]
    return mean, np.einsum("rna,rnb->rab", centred, centred) / (n + n_0 - 1)


@pytest.mark.parametrize(("n", "n_0", "scale", "apart"), POOLS)
def test_pools_have_the_stated_moments(n: int, n_0: int, scale: float, apart: float) -> None:
    own, delta, df, expected, mixed = _pool_law(n, n_0, scale, apart)
    mean, cov = _pools(np.random.default_rng(8), 20000, n, n_0, own, delta)
    alpha = statistics.level("image pool: moments", 2 * len(POOLS))
    m = n + n_0
    statistics.means_are(cov, expected).require(alpha)
    centre = -delta * n_0 / m
    spread = np.einsum("ra,rb->rab", mean - centre, mean - centre)
    checks = np.concatenate([mean, spread.reshape(-1, 4)], axis=1)
    right = np.concatenate([centre, mixed.ravel() / m])
    statistics.means_are(checks, right).require(alpha)
    # Mixtures of scales are no Wishart; the summed variance is matched in Sigma~'s own units.
    to = np.linalg.inv(np.linalg.cholesky(mixed))
    seen, whole = to @ cov @ to.T, to @ expected @ to.T
    predicted = (np.trace(whole) ** 2 + np.trace(whole @ whole)) / df
    assert seen.var(axis=0).sum() == pytest.approx(predicted, rel=0.05)


def test_pools_reject_a_covariance_five_percent_wrong() -> None:
    own, delta, _, expected, _ = _pool_law(*POOLS[0])
    _, cov = _pools(np.random.default_rng(8), 20000, 50, 5, own, delta)
    alpha = statistics.level("image pool: moments", 2 * len(POOLS))
    with pytest.raises(AssertionError, match="below"):
        statistics.means_are(cov, 1.05 * expected).require(alpha)
    # The term between the means is most of what this pool's covariance has along delta.
    with pytest.raises(AssertionError, match="below"):
        statistics.means_are(cov, expected - 0.25 * 5 * 50 / (55 * 54) * np.eye(2)).require(alpha)


def test_mean_and_covariance_of_a_pool_are_little_correlated_near_the_reference() -> None:
    rng = np.random.default_rng(2)
    found = []
    for pool in ((200, 20, 0.9, 0.1), (50, 5, 0.3, 0.5)):
        own, delta, *_ = _pool_law(*pool)
        mean, cov = _pools(rng, 20000, *pool[:2], own, delta)
        both = np.concatenate([mean, cov.reshape(-1, 4)[:, [0, 1, 3]]], axis=1)
        found.append(np.abs(np.corrcoef(both.T)[:2, 2:]).max())
    assert found[0] < 0.05  # taken for independent, rightly
    assert 0.1 < found[1] < 0.5  # and here not: the approximation that the module states


# -------------------------------------------------------------------------- agrees with the loop


def scores(system: Any, sizes: str, batch: float, real_share: float, **changes: Any) -> Any:
    """Gradients of the log density at given values, one for each replicate of a simulation."""
    data = tk.simulate(system, generations=15, replicates=200, seed=11, progress=False)
    if sizes == "probs":
        data = data.drop_vars(labels.IMAGE_COUNT)
    real = real_share > 0
    evidence = MODEL.prepare(data, replenishment="images" if real else "none")

    def total(at: Any) -> Any:
        return sum(log_terms(evidence.spec, evidence.data, *at)).sum(axis=-1)

    right = {"batch": batch, "shrinkage": system.shrinkage_factor, "real": real_share} | changes
    gradients = jax.jit(jax.jacfwd(total))(tuple(jnp.array(right[name]) for name in right))
    return np.stack(gradients[: 3 if real else 2], axis=-1)


def circle(**changes: Any) -> Any:
    settings: dict[str, Any] = {"num_texts": 3, "variance": 0.01, "batch_size": 200}
    return tk.CoevolvingSystem.on_unit_circle(**(settings | changes))


POOLED = {"user_content": tk.UserContent(num_images=15), "text_updates": 0}
LOOPS = {
    "closed": (circle(shrinkage_factor=0.98), "counts", 0.0),
    "closed, counts not seen": (circle(shrinkage_factor=0.98), "probs", 0.0),
    "pooled": (circle(**POOLED), "counts", 15 / (15 + 200 / 3)),
    "pooled, counts not seen": (circle(**POOLED), "probs", 15 / (15 + 200 / 3)),
}


@pytest.mark.parametrize("name", LOOPS)
def test_the_loop_s_data_leave_no_score_at_the_truth(name: str) -> None:
    system, sizes, real_share = LOOPS[name]
    found = scores(system, sizes, 200.0, real_share)
    statistics.means_are(found, 0.0).require(statistics.level("image scores", len(LOOPS)))


def test_scores_reject_numbers_that_are_wrong() -> None:
    alpha = statistics.level("image scores", len(LOOPS))
    wrong = [
        scores(*LOOPS["closed"][:2], 210.0, 0.0),
        scores(*LOOPS["closed"][:2], 200.0, 0.0, shrinkage=0.97),
        scores(*LOOPS["pooled"][:2], 200.0, 0.15),
    ]
    for found in wrong:
        with pytest.raises(AssertionError, match="below"):
            statistics.means_are(found, 0.0).require(alpha)


# ------------------------------------------------------------------------------------ metamorphic


@pytest.mark.parametrize("sizes", ["counts", "probs", "unknown"])
def test_units_and_axes_of_the_features_do_not_matter(sizes: str) -> None:
    dataset, options = generated(sizes=sizes)
    turn = np.array([[0.8, -0.6], [0.6, 0.8]]) @ np.diag([1e-60, 2e-59])
    cov = np.einsum("ab,rtkbc,dc->rtkad", turn, dataset.image_cov.values, turn)
    mean = np.einsum("ab,rtkb->rtka", turn, dataset.image_mean.values) + 7e-60
    turned = dataset.assign(
        image_cov=dataset.image_cov.copy(data=cov), image_mean=dataset.image_mean.copy(data=mean)
    )
    per_text = float(np.log(np.abs(np.linalg.det(turn))))
    for here, there, power in zip(
        density(dataset, options), density(turned, options), (3, 1), strict=True
    ):
        # The change of variables, for three texts: det^(d+1) and det.
        np.testing.assert_allclose(there, here - 3 * power * per_text, rtol=1e-8)


def test_order_of_texts_does_not_matter() -> None:
    dataset, options = generated()
    for here, there in zip(
        density(dataset, options), density(dataset.isel(text=[2, 0, 1]), options), strict=True
    ):
        np.testing.assert_allclose(there, here, rtol=1e-12)


def test_a_gap_leaves_out_one_transition_only() -> None:
    dataset, options = generated(generations=6, options={"reference": None})
    cut = dataset.isel(generation=[0, 1, 2, 4, 5, 6])
    evidence = MODEL.prepare(cut, **options)
    assert any("1 of 5 transitions are over more" in remark for remark in evidence.remarks)
    whole, part = density(dataset, options)[0], density(cut, options)[0]
    np.testing.assert_allclose(part[:, [0, 1, 3, 4]], whole[:, [0, 1, 4, 5]], rtol=1e-10)
    assert np.all(part[:, 2] == 0)


# --------------------------------------------------------------------------------------- left out


def test_gradients_are_finite_whatever_is_left_out() -> None:
    dataset, _ = generated(generations=6)
    cov, mean = dataset.image_cov.values.copy(), dataset.image_mean.values.copy()
    cov[:, 3, 0], mean[:, 3, 0] = cov[:, 2, 0], mean[:, 2, 0]  # kept
    cov[:, 4, 1] = np.ones((2, 2))  # singular
    cov[0, 5:, 2] *= 1e-250  # collapsed
    cov[1, 5:, 2] *= 1e-30
    cov[1, 2, 1] = 0.0  # underflown
    probs = np.broadcast_to([0.0, 0.4, 0.6], (2, 7, 3))
    changed = dataset.assign(
        image_cov=dataset.image_cov.copy(data=cov),
        image_mean=dataset.image_mean.copy(data=mean),
        text_probs=(labels.dims("text_probs"), probs),
    )
    known = ["image_count", "text_probs"]
    for drop, replenishment in (
        *((known[:number], "images") for number in range(3)),
        (["image_count"], "none"),
        ([], "share"),
    ):
        evidence = MODEL.prepare(changed.drop_vars(drop), replenishment=replenishment)
        assert not evidence.data.use[:, 2, 0].any()
        assert not evidence.data.use[:, 3:5, 1].any()
        for real_share in (1e-14, 0.99):
            _assert_finite(evidence, real_share)


def _assert_finite(evidence: Any, real_share: float) -> None:
    unknown = evidence.spec.sizes == "unknown"

    def total(*at: Any) -> Any:
        return sum(part.sum() for part in log_terms(evidence.spec, evidence.data, *at))

    batch = jnp.full(3, 90.0) if unknown else jnp.array(4.0)  # 4: below the least for all texts
    gradient = jax.grad(total, argnums=(0, 1, 2))(batch, jnp.array(0.9), jnp.array(real_share))
    assert all(np.all(np.isfinite(part)) for part in gradient)


def test_shares_next_to_none_are_told_apart_beside_a_collapsed_text() -> None:
    # Variances of 1e-12 beside real images of variance 1: 1 - (1 - share) would come in steps of
    # 1e-16, of which the density of a share of 1e-17 would see nothing, or much too much.
    cov = np.full((1, 2, 1, 1, 1), 1e-12)
    cov[0, 1] = 1.1e-12
    data = xr.Dataset(
        {
            "image_mean": (labels.dims("image_mean"), np.zeros((1, 2, 1, 1))),
            "image_cov": (labels.dims("image_cov"), cov),
            "image_count": (labels.dims("image_count"), np.full((1, 2, 1), 50)),
        },
        coords={"generation": [0, 1]},
    )
    reference = (np.zeros((1, 1)), np.ones((1, 1, 1)))
    given = VALUES | {"effective_batch_size": 50.0, "shrinkage_factor": 1.0}

    def logs(share: float) -> float:
        terms = density(data, {"reference": reference}, **given | {"real_share": share})
        return float(sum(jnp.sum(part) for part in terms))

    steps = np.diff([logs(share) for share in np.linspace(1e-24, 3e-23, 9)])
    assert (steps < 0).all()
    assert (np.diff(steps) > 0).all()
    # Coordinates are centred where share times likelihood is largest.
    typical = float(MODEL.prepare(data, reference=reference).data.typical_share)
    around = [np.log(share) + logs(share) for share in (typical / 10, typical, 10 * typical)]
    assert np.argmax(around) == 1


def test_kept_gaussians_of_a_simulation_are_left_out() -> None:
    system = circle(batch_size=12, text_updates=0)
    data = tk.simulate(system, generations=10, replicates=4, seed=2, progress=False)
    assert data.image_kept.values.any()
    for dataset in (data, data.drop_vars("image_kept")):
        evidence = MODEL.prepare(dataset, replenishment="none")
        np.testing.assert_array_equal(evidence.data.use, ~data.image_kept.values[:, 1:])
        assert any("kept a Gaussian unchanged" in remark for remark in evidence.remarks)


def test_covariances_alone_have_the_same_law() -> None:
    dataset, options = generated(options={"replenishment": "none"})
    of_cov, of_mean = density(dataset.drop_vars("image_mean"), options)
    assert of_mean is None
    np.testing.assert_allclose(of_cov, density(dataset, options)[0], rtol=1e-12)
    evidence = MODEL.prepare(dataset.drop_vars("image_mean"))
    assert MODEL.identified is not None
    assert any("Without image_mean" in sentence for sentence in MODEL.identified(evidence))
    assert any("distance of the means" in remark for remark in evidence.remarks)


def test_a_given_reference_is_used() -> None:
    dataset, options = generated()
    first = dataset.isel(replicate=0, generation=0)
    for reference in (first, (first.image_mean.values, first.image_cov.values)):
        for here, there in zip(
            density(dataset, options), density(dataset, {"reference": reference}), strict=True
        ):
            np.testing.assert_allclose(there, here, rtol=LINEAR_ALGEBRA)
    far = (first.image_mean.values + 1, first.image_cov.values)
    assert not np.allclose(density(dataset, {"reference": far})[1], density(dataset, options)[1])


def _first(data: xr.Dataset) -> xr.Dataset:
    return data.isel(replicate=0, generation=0)


REFUSED: list[tuple[Any, Any, str]] = [
    (lambda data: data.drop_vars("image_cov"), {}, "needs image_cov, but the data have image_coun"),
    (lambda data: data.isel(generation=[0]), {}, "there is only 1; give two or more"),
    (lambda data: data.isel(generation=[0, 2, 4]), {}, "needs consecutive generations"),
    (lambda data: data, {"image_updates": 2}, "in a generation, but image_updates=2"),
    (lambda data: data, {"ddof": 2}, r"ddof must be one of \(0, 1\), not 2"),
    (lambda data: data, {"replenishment": "some"}, "replenishment must be one of"),
    (lambda data: data, {"reference": (np.zeros(2), np.eye(2))}, "reference has shapes"),
    (lambda data: data, lambda data: {"reference": data}, "select one state"),
    (
        lambda data: data,
        lambda data: {"reference": _first(data), "replenishment": "none"},
        "a reference was given",
    ),
    (lambda data: data.assign(image_count=data.image_count * 0), {}, "image_count must be"),
    (lambda data: data.transpose("text", ...), {}, "transpose it"),
    (
        lambda data: data.assign(image_count=xr.ones_like(data.image_count)),
        {"replenishment": "none"},
        "image_cov changed .* though image_count is 1; 3 images are needed",
    ),
    (
        lambda data: data.assign(image_cov=xr.ones_like(data.image_cov)),
        {},
        "no transition is left to fit; .*singular within rounding",
    ),
]


@pytest.mark.parametrize(("change", "options", "message"), REFUSED)
def test_data_that_the_model_cannot_explain_are_refused(
    change: Any, options: Any, message: str
) -> None:
    data, _ = generated()
    given = options(data) if callable(options) else options
    with pytest.raises(ValueError, match=message):
        MODEL.prepare(change(data), **given)


def test_several_updates_in_a_generation_are_refused() -> None:
    system = circle(image_updates=2)
    data = tk.simulate(system, generations=2, replicates=1, seed=1, progress=False)
    with pytest.raises(ValueError, match="the data's system has 2"):
        MODEL.prepare(data)


# -------------------------------------------------------------------------- program, draws


@pytest.mark.parametrize("sizes", ["counts", "probs", "unknown"])
@pytest.mark.parametrize("replenishment", ["images", "none"])
def test_program_has_the_parameters_that_have_priors(sizes: str, replenishment: str) -> None:
    dataset, options = generated(sizes=sizes, options={"replenishment": replenishment})
    evidence = MODEL.prepare(dataset, **options)
    priors = MODEL.priors(evidence)
    sites = trace(seed(MODEL.program, 0)).get_trace(evidence.spec, priors, evidence.data)
    drawn = {name for name, site in sites.items() if site["type"] == "sample"}
    factors = {"image_cov", "image_mean"}
    assert drawn == set(priors) | factors
    assert ("real_share" in priors) == (replenishment == "images")
    assert "effective_batch_size" in sites
    for name in factors:
        assert sites[name]["fn"].log_factor.shape == (2, 4)


def test_generated_data_share_one_spec_and_shapes() -> None:
    first, options = generated()
    design = dataclasses.replace(MODEL.design, generations=4, replicates=2)
    second = MODEL.generate(design, VALUES, jax.random.key(4))
    one, other = (MODEL.prepare(data, **options) for data in (first, second))
    assert one.spec == other.spec == design.spec
    shapes = [jax.tree.map(np.shape, evidence.data) for evidence in (one, other)]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("replenishment", ["images", "none"])
def test_replicates_follow_the_stated_law(replenishment: str) -> None:
    options = {"replenishment": replenishment}
    dataset, _ = generated(generations=3, num_texts=1, options=options)
    # A reference apart from the means, so that the term between them is seen.
    away = dataset.image_mean.values[0, 0] + [3.0, 0.0], dataset.image_cov.values[0, 0]
    given = {"reference": away} if replenishment == "images" else {}
    evidence = MODEL.prepare(dataset, **options, **given)
    keys = jax.random.split(jax.random.key(0), 4000)
    drawn = jax.jit(
        jax.vmap(lambda key: MODEL.replicate(evidence.spec, VALUES, key, evidence.data))
    )(keys)
    assert drawn["image_cov"].shape[1:] == (2, 3, 1, 2, 2)
    alpha = statistics.level("image replicates", 4)
    count, cov, mean = (dataset[name].values for name in ("image_count", "image_cov", "image_mean"))
    n = 280 * count[1, 2, 0] / 300
    n_0 = 280 * 0.08 / 0.92 if replenishment == "images" else 0.0
    w, m = n / (n + n_0), n + n_0
    delta = mean[1, 1, 0] - away[0][0]
    mixed = w * cov[1, 1, 0] + (1 - w) * cov[1, 0, 0]
    whole = mixed + n * n_0 / (m * (m - 1)) * np.outer(delta, delta)
    statistics.means_are(np.asarray(drawn["image_cov"][:, 1, 1, 0]), 0.97 * whole).require(alpha)
    centre = w * mean[1, 1, 0] + (1 - w) * away[0][0]
    steps = np.asarray(drawn["image_mean"][:, 1, 1, 0]) - centre
    squares = np.einsum("ra,rb->rab", steps, steps)
    statistics.means_are(squares, mixed / m).require(alpha)
    with pytest.raises(AssertionError, match="below"):
        statistics.means_are(np.asarray(drawn["image_cov"][:, 1, 1, 0]), whole).require(alpha)


def test_a_generated_trajectory_has_labels_and_keeps_its_small_texts() -> None:
    design = ImageDesign(batch_size=6, options={"replenishment": "none"})
    data = MODEL.generate(design, VALUES | {"effective_batch_size": 6.0}, jax.random.key(1))
    for name in data:
        assert data[name].dims == labels.dims(str(name))
        assert data[name].attrs == labels.variable(str(name)).attrs
    few = data.image_count.values[:, 1:] < 3
    assert few.any()
    same = (np.diff(data.image_cov.values, axis=1) == 0).all(axis=(-1, -2))
    np.testing.assert_array_equal(same, few)
    MODEL.prepare(data, **design.options)
