"""text_drift: both densities against SciPy, the law of lost texts, causes recovered and refused."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
import xarray as xr
from scipy import stats

import toolkit as tk
from tests.tolerances import ACCUMULATED, LINEAR_ALGEBRA
from toolkit.confusion import posterior_covariance
from toolkit.models import text_counts, text_drift, text_moments, text_shape
from toolkit.models.text_cells import Cells, cells_of, on_cells
from toolkit.models.text_drift import MODEL, TextDriftDesign

KNOWN = {
    "effective_batch_size": 200.0,
    "text_temperature": 1.0,
    "injection_prob": 0.3,
    "injection_fraction": 0.2,
}


def dataset(probs: Any, generation: Any = None, **variables: Any) -> xr.Dataset:
    return tk.read_trajectory(text_probs=probs, generation=generation, **variables)


def terms(data: xr.Dataset, options: dict[str, Any] | None = None, **values: Any) -> np.ndarray:
    """The log density of each transition at given values."""
    found = MODEL.prepare(data, **(options or {}))
    known = {name: jnp.asarray(value, float) for name, value in values.items()}
    return np.asarray(log_factor(found.spec, known, found.data))


@functools.partial(jax.jit, static_argnums=0)  # one program instead of one for each operation
def log_factor(spec: Any, values: dict[str, Any], data: Any) -> Any:
    with numpyro.handlers.trace() as sites:
        MODEL.program(spec, values, data)
    return sites["text_probs"]["fn"].log_factor


def drawn(seed: int = 0, **changes: Any) -> xr.Dataset:
    design = TextDriftDesign(batch_size=200, replicates=4, generations=40)
    return MODEL.generate(design, KNOWN | changes, jax.random.key(seed))


def power(probs: np.ndarray, temperature: float) -> np.ndarray:
    sharp = probs ** (1 / temperature)
    return sharp / sharp.sum()


class TestCounts:
    def test_mixture_is_that_of_two_multinomials(self) -> None:
        before, count, target = np.array([0.5, 0.3, 0.2]), [22, 10, 8], np.array([0.1, 0.1, 0.8])
        data = dataset([[before, np.array(count) / 40]])
        found = terms(
            data,
            {"batch_size": 40, "target": target, "likelihood": "counts"},
            effective_batch_size=40.0,
            text_temperature=0.8,
            injection_prob=0.3,
            injection_fraction=0.25,
        )
        law = [
            stats.multinomial.pmf(count, 40, power(p, 0.8))
            for p in (before, 0.75 * before + 0.25 * target)
        ]
        assert found.shape == (1, 1)
        assert found[0, 0] == pytest.approx(np.log(0.7 * law[0] + 0.3 * law[1]), rel=1e-9)

    def test_lost_texts_stay_lost_unless_injected(self) -> None:
        probs = [[[0.5, 0.5, 0.0], [0.25, 0.75, 0.0], [0.5, 0.25, 0.25]]]
        options = {"batch_size": 8, "likelihood": "counts"}
        size = {"effective_batch_size": 8.0, "text_temperature": 1.0}
        closed = terms(dataset(probs), options, **size, injection_prob=0.0, injection_fraction=0.2)
        assert np.isfinite(closed[0, 0])
        assert closed[0, 1] == -np.inf
        injected = terms(
            dataset(probs), options, **size, injection_prob=0.1, injection_fraction=0.2
        )
        after = 0.8 * np.array([0.25, 0.75, 0.0]) + 0.2 / 3
        only = np.log(0.1 * stats.multinomial.pmf([4, 2, 2], 8, after))
        assert injected[0, 1] == pytest.approx(only, rel=1e-9)

    def test_gradients_are_finite_with_lost_and_tiny_texts(self) -> None:
        probs = np.array([[[0.5, 0.5, 0.0], [0.5, 0.5 - 1e-13, 1e-13], [0.25, 0.5, 0.25]]])
        found = MODEL.prepare(dataset(probs), batch_size=8, likelihood="counts")

        def total(values: dict[str, jax.Array]) -> jax.Array:
            with numpyro.handlers.trace() as sites:
                MODEL.program(found.spec, values, found.data)
            return jnp.sum(sites["text_probs"]["fn"].log_factor)

        slopes = jax.grad(total)({name: jnp.asarray(value) for name, value in KNOWN.items()})
        assert all(np.isfinite(slope) for slope in slopes.values()), slopes

    @pytest.mark.parametrize("batch_size", [7, 64, 1000, 99_991])
    def test_batch_size_is_found(self, batch_size: int) -> None:
        rng = np.random.default_rng(batch_size)
        count = rng.multinomial(batch_size, [0.5, 0.3, 0.15, 0.05], size=40)
        assert text_counts.find_batch_size(count / batch_size, 0.5 * batch_size) == batch_size
        blurred = (count + rng.uniform(-0.15, 0.15, count.shape)) / batch_size
        if batch_size > 7:
            # Blurred counts of many are as near to those of some hundredths of a per cent fewer.
            found = text_counts.find_batch_size(blurred, 2.0 * batch_size)
            assert found == pytest.approx(batch_size, abs=1e-3 * batch_size * (batch_size > 1000))

    def test_no_batch_size_is_claimed_by_chance(self) -> None:
        rng = np.random.default_rng(1)
        for size in (1, 3, 100):
            assert text_counts.find_batch_size(rng.dirichlet(np.ones(4), size=size), 3000) is None
        assert text_counts.find_batch_size([[0.0, 1.0], [1.0, 0.0]], 5) is None

    def test_rounded_averages_are_not_counts(self) -> None:
        rng = np.random.default_rng(2)
        walk = 0.5 + np.cumsum(rng.normal(0, 0.01, 300))
        rounded = np.round(np.clip(walk, 0.1, 0.9), 5)
        found = MODEL.prepare(dataset([np.stack([rounded, 1 - rounded], axis=1)]))
        assert found.spec.likelihood == "moments"

    def test_order_of_texts_does_not_matter(self) -> None:
        data = drawn()
        values = KNOWN | {"text_temperature": 0.95, "effective_batch_size": 150.0}
        permuted = data.assign(text_probs=data.text_probs.copy(data=data.text_probs[..., ::-1]))
        for options in ({}, {"likelihood": "moments"}):
            first, second = terms(data, options, **values), terms(permuted, options, **values)
            np.testing.assert_allclose(first, second, rtol=ACCUMULATED, atol=ACCUMULATED)


class TestMoments:
    def test_cells(self) -> None:
        probs = np.array([[0.5, 0.3, 0.2, 0.0], [0.9, 0.06, 0.03, 0.01], [1.0, 0, 0, 0]])
        cells = cells_of(probs, probs * (1 - probs), 100.0)
        totals = on_cells(cells, probs)
        # An exact zero is pooled with the rarest other; .03 and .01 are rare; a lone text is all.
        np.testing.assert_allclose(np.sort(totals[0]), [0, 0.2, 0.3, 0.5])
        np.testing.assert_allclose(np.sort(totals[1]), [0, 0, 0.1, 0.9], atol=1e-12)
        np.testing.assert_allclose(np.sort(totals[2]), [0, 0, 0, 1])
        assert (cells.pool.sum(axis=-1) == 1).all()
        # Three rare ones that are common enough together take no other in.
        many = np.array([0.6, 0.3, 0.04, 0.03, 0.03])
        assert cells_of(many, many * (1 - many), 100.0).alone.sum() == 2
        in_jax = cells_of(jnp.asarray(probs), jnp.asarray(probs * (1 - probs)), 100.0)
        assert all((np.asarray(a) == b).all() for a, b in zip(in_jax, cells, strict=True))

    def test_density_is_the_gaussian_of_the_exact_covariance(self) -> None:
        before = np.array([0.5, 0.3, 0.17, 0.02, 0.01])
        after = np.array([0.45, 0.33, 0.18, 0.03, 0.01])
        mean, cov = np.array([[0.0], [1.0], [2.5], [0.5], [4.0]]), np.full((5, 1, 1), 0.6)
        data = dataset([[before, after]], image_mean=[[mean, mean]], image_cov=[[cov, cov]])
        size, eps = 150.0, 0.07
        found = MODEL.prepare(data, batch_size=150)
        assert found.spec.images
        assert (found.remarks[0].split()[-1], found.spec.likelihood) == ("moments.", "moments")
        cells = found.data.likelihood.cells
        pooled = ~np.asarray(cells.alone)[:, 0, 0]
        assert 2 <= pooled.sum() <= 3
        total = np.concatenate([np.eye(5)[~pooled], pooled[None].astype(float)])[1:]
        expected = []
        for p in (before, (1 - eps) * before + eps / 5):
            spread = posterior_covariance(p, mean, cov) / size
            law = stats.multivariate_normal(total @ p, total @ spread @ total.T)
            expected.append(law.pdf(total @ after))
        values = KNOWN | {"effective_batch_size": size, "injection_fraction": eps}
        value = terms(data, {"batch_size": 150}, **values)[0, 0]
        assert value == pytest.approx(np.log(0.7 * expected[0] + 0.3 * expected[1]), abs=0.01)

    @pytest.mark.parametrize("variance", [0.1, 1.0])
    def test_interpolated_covariance(self, variance: float) -> None:
        angle = 2 * np.pi * np.arange(5) / 5
        mean = np.stack([np.cos(angle), np.sin(angle)], axis=1)[None, None]
        cov = np.broadcast_to(variance * np.eye(2), (1, 1, 5, 2, 2))
        before, target = np.array([[[0.6, 0.25, 0.1, 0.04, 0.01]]]), np.full(5, 0.2)
        cells = Cells(np.full((1, 1, 5), True), np.full((1, 1, 5), False))
        shape = text_shape.shape_on_cells(cells, before, mean, cov, target)
        residual = np.random.default_rng(0).normal(size=(5, 1, 1))
        for eps in (0.003, 0.02, 0.1, 0.5, 0.95):
            moved = (1 - eps) * before + eps * target
            exact = text_shape.shape_on_cells(cells, moved, mean, cov, None)
            found = text_shape.square_and_log_det(shape, residual, jnp.asarray(eps))
            wanted = text_shape.square_and_log_det(exact, residual, None)
            assert float(found[0][0, 0] / wanted[0][0, 0]) == pytest.approx(1, abs=4e-3)
            assert float(found[1][0, 0]) == pytest.approx(float(wanted[1][0, 0]), abs=4e-3)

    def test_jacobian_of_the_sharpening(self) -> None:
        after = np.array([0.5, 0.3, 0.2])
        cells = cells_of(after, after * (1 - after), 1e4)
        shaped = [x[None, None] for x in (after, after)]
        data = text_moments.moments(*shaped, Cells(*(c[None, None] for c in cells)), None, 1e4)

        def unsharpened(free: jax.Array) -> jax.Array:
            weight = jnp.append(free, 1 - jnp.sum(free)) ** 0.7
            return (weight / jnp.sum(weight))[:2]

        volume = np.linalg.det(jax.jacobian(unsharpened)(jnp.asarray(after[:2])))
        found = text_moments.averaged(data, jnp.asarray(0.7)).log_jacobian[0, 0]
        assert float(found) == pytest.approx(np.log(volume), rel=LINEAR_ALGEBRA)

    def test_how_near_to_zero_a_lost_text_is_says_nothing_of_sharpening(self) -> None:
        """It is an atom: its Jacobian, p^(tau - 1), would drown what all other states say."""
        before = [0.5, 0.44, 0.06]

        def told(left: float) -> np.ndarray:
            data = dataset([[before, [0.55 - left, 0.45, left]]])
            options = {"batch_size": 100, "likelihood": "moments"}
            known = KNOWN | {"injection_prob": 0.0}
            return np.array(
                [terms(data, options, **known | {"text_temperature": t})[0, 0] for t in (0.8, 1.2)]
            )

        np.testing.assert_allclose(told(1e-30), told(0.0), rtol=LINEAR_ALGEBRA)
        np.testing.assert_allclose(told(1e-300), told(0.0), rtol=LINEAR_ALGEBRA)
        # A text that is left with a caption is no atom.
        assert np.abs(np.diff(told(0.01) - told(0.0))) > 0.5

    def test_confusion_is_what_the_batch_size_leaves(self) -> None:
        walk = 0.5 + np.cumsum(np.random.default_rng(0).normal(0, 0.01, 50))
        found = MODEL.prepare(dataset([np.stack([walk, 1 - walk], axis=1)]), batch_size=1000)
        priors = MODEL.priors(found)
        # Pareto is the law of batch_size/(1 - C) for a uniform C.
        sizes = priors["effective_batch_size"].sample(jax.random.key(0), (4000,))
        assert stats.kstest(1 - 1000 / np.asarray(sizes), "uniform").pvalue > 1e-4
        with numpyro.handlers.trace() as sites, numpyro.handlers.seed(rng_seed=0):
            MODEL.program(found.spec, priors, found.data)
        size = float(sites["effective_batch_size"]["value"])
        assert float(sites["posterior_confusion"]["value"]) == pytest.approx(1 - 1000 / size)
        assert any("cannot be told apart" in text for text in _remarks_without_size(walk))


def _remarks_without_size(walk: np.ndarray) -> tuple[str, ...]:
    return MODEL.prepare(dataset([np.stack([walk, 1 - walk], axis=1)])).remarks


def grid_posterior(data: xr.Dataset, sizes: np.ndarray, **values: Any) -> tuple[float, float]:
    """Mean and sd of the effective batch size under a flat prior, all else known."""
    found = MODEL.prepare(data)

    @jax.jit
    def total(size: jax.Array) -> jax.Array:
        given = KNOWN | values | {"effective_batch_size": size}
        with numpyro.handlers.trace() as sites:
            MODEL.program(found.spec, given, found.data)
        return jnp.sum(sites["text_probs"]["fn"].log_factor)

    log_density = np.array([total(size) for size in sizes])
    weight = np.exp(log_density - log_density.max())
    weight /= weight.sum()
    mean = float(weight @ sizes)
    return mean, float(np.sqrt(weight @ (sizes - mean) ** 2))


def test_batch_size_is_recovered_and_an_ignored_injection_is_not_forgiven() -> None:
    sizes = np.linspace(60, 500, 200)
    for truth in (140.0, 200.0, 290.0):
        data = drawn(effective_batch_size=truth)
        mean, sd = grid_posterior(data, sizes)
        assert abs(mean - truth) < 3 * sd
        assert sd < 0.1 * truth
        blind, _ = grid_posterior(data, sizes, injection_prob=0.01)
        assert blind < mean - sd


def test_generated_counts_and_replicates_have_the_moments_of_the_law() -> None:
    start = np.array([0.1, 0.2, 0.3, 0.4])
    shift = 0.3 * 0.2
    expected = (1 - shift) * start + shift / 4
    within = start * (1 - start) / 100
    between = 0.3 * 0.7 * (0.2 * (0.25 - start)) ** 2
    values = KNOWN | {"effective_batch_size": 100.0}
    design = TextDriftDesign(batch_size=100, replicates=4000, generations=1)
    data = MODEL.generate(design, values, jax.random.key(1))
    again = MODEL.prepare(data, batch_size=100, likelihood="counts")
    copies = MODEL.replicate(again.spec, values, jax.random.key(2), again.data)["text_probs"]
    averages = MODEL.generate(
        TextDriftDesign(batch_size=300, replicates=4000, generations=1, likelihood="moments"),
        values,
        jax.random.key(3),
    )
    for sample in (data.text_probs[:, 1], copies[:, 0], averages.text_probs[:, 1]):
        values = np.asarray(sample)
        assert np.abs(values.sum(axis=1) - 1).max() < ACCUMULATED
        error = np.sqrt((within + between) / 4000)
        assert (np.abs(values.mean(axis=0) - expected) < 5 * error).all()
        assert np.abs(values.var(axis=0) / (within + between) - 1).max() < 0.15


def test_gaps_are_left_out() -> None:
    probs = np.random.default_rng(0).multinomial(50, [0.5, 0.3, 0.2], size=(2, 6)) / 50
    found = MODEL.prepare(dataset(probs, generation=[0, 1, 2, 5, 6, 9]))
    assert "2 of 5 transitions" in found.remarks[0]
    assert found.data.likelihood.captions.shape == (3, 2, 3)
    assert found.observed.generation.values.tolist() == [0, 1, 2, 6]
    np.testing.assert_allclose(
        np.moveaxis(found.data.likelihood.before, 0, -1), probs[:, [0, 1, 3]], rtol=1e-12
    )


def test_target_is_inferred_on_request() -> None:
    found = MODEL.prepare(drawn(), target="infer")
    priors = MODEL.priors(found)
    assert priors["injection_target"].event_shape == (4,)
    with numpyro.handlers.trace() as sites, numpyro.handlers.seed(rng_seed=0):
        MODEL.program(found.spec, priors, found.data)
    assert sites["injection_target"]["value"].shape == (4,)
    corner, even = (
        terms(drawn(), {"target": "infer"}, **KNOWN, injection_target=jnp.asarray(target)).sum()
        for target in ([0.97, 0.01, 0.01, 0.01], [0.25] * 4)
    )
    assert even > corner + 10


def test_what_states_cannot_tell_is_said() -> None:
    even = np.array([[[0.5, 0.5], [0.505, 0.495], [0.5, 0.5]]])
    found = MODEL.prepare(dataset(even), batch_size=200, likelihood="counts")
    sentences = " ".join(text_drift.identified(found))
    assert "text_temperature is not told" in sentences
    assert "injection_prob and injection_fraction are not told" in sentences
    assert text_drift.identified(MODEL.prepare(drawn())) == ()


@pytest.mark.parametrize(
    ("probs", "options", "words"),
    [
        ([[[1.0], [1.0]]], {}, "at least 2 texts"),
        ([[[1.0, 0.0], [1.0, 0.0]]], {}, "nothing varies"),
        ([[[0.5, 0.5], [0.4, 0.6]]], {"batch_size": 1}, "whole number from 2"),
        ([[[0.5, 0.5], [0.4, 0.6]]], {"likelihood": "normal"}, "'auto', 'counts' or 'moments'"),
        ([[[0.5, 0.5], [0.4, 0.6]]], {"target": "uniform"}, "target must be"),
        ([[[0.5, 0.5], [0.4, 0.6]]], {"target": [0.5, 0.6]}, "2 probabilities with the sum 1"),
        ([[[0.5, 0.5], [0.4, 0.6]]], {"images": True}, "image_mean and image_cov"),
        ([[[1.0, 0.0], [0.4, 0.6]]], {"target": [1.0, 0.0]}, "comes back from probability 0"),
        (
            [[[0.5, 0.5], [0.47, 0.53]]],
            {"likelihood": "counts", "batch_size": 10},
            "not whole numbers",
        ),
        ([[[0.5, 0.5], [0.41, 0.59]]], {"likelihood": "moments", "batch_size": 4}, "two common"),
    ],
)
def test_what_cannot_be_is_refused(probs: Any, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        MODEL.prepare(dataset(probs), **options)


def test_a_trajectory_without_consecutive_generations_is_refused() -> None:
    with pytest.raises(ValueError, match="every=1"):
        MODEL.prepare(dataset([[[0.5, 0.5], [0.4, 0.6]]], generation=[0, 5]))


@pytest.mark.slow
@pytest.mark.parametrize("variance", [0.01, 0.1, 1.0])
def test_causes_of_simulated_loops(variance: float) -> None:
    system = tk.CoevolvingSystem.on_unit_circle(
        num_texts=5,
        variance=variance,
        batch_size=1000,
        image_updates=0,
        corpus=tk.CorpusInjection(prob=0.2, fraction=0.05),
    )
    record = ["text_probs", "image_mean", "image_cov"]
    data = tk.simulate(system, generations=200, replicates=20, seed=3, record=record)
    found = tk.fit(data, model="text_drift", seed=1, text_temperature=1.0).posterior
    for name, truth in (
        ("effective_batch_size", 1000.0),
        ("injection_prob", 0.2),
        ("injection_fraction", 0.05),
    ):
        draws = np.asarray(found[name])
        assert abs(draws.mean() - truth) < 4 * draws.std(), name
    assert float(found.effective_batch_size.std()) < 50
