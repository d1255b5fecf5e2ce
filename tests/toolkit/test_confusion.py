"""The posterior confusion, against slow integrals, limits and its own stated errors."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pytest
from scipy import integrate, stats

from tests.statistics import level
from toolkit.confusion import confusion_along, posterior_confusion, posterior_covariance

FloatArray = npt.NDArray[np.float64]
Mixture = tuple[FloatArray, FloatArray, FloatArray]


def circle(
    variance: float, probs: tuple[float, ...] = (0.2,) * 5, num_features: int = 2
) -> Mixture:
    """Return the paper's texts: means evenly on the unit circle."""
    angle = 2 * np.pi * np.arange(len(probs)) / len(probs)
    mean = np.zeros((len(probs), num_features))
    mean[:, 0], mean[:, 1] = np.cos(angle), np.sin(angle)
    cov = np.broadcast_to(variance * np.eye(num_features), (len(probs), num_features, num_features))
    return np.array(probs), mean, cov


def scattered(seed: int, num_texts: int, num_features: int, spread: float = 1.0) -> Mixture:
    """Return texts with unequal and anisotropic covariances."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(num_texts, num_features, num_features + 2))
    scale = np.exp(spread * rng.normal(size=(num_texts, 1, 1)))
    cov = np.einsum("kab,kcb->kac", root, root) * scale / (num_features + 2)
    return rng.dirichlet(np.ones(num_texts)), rng.normal(size=(num_texts, num_features)), cov


def slow_line(probs: FloatArray, mean: FloatArray, sd: FloatArray) -> float:
    """E[1 - sum r^2] in one dimension, by an adaptive rule cut at every text's scale."""

    def integrand(y: float) -> float:
        f = probs * stats.norm.pdf(y, mean, sd)
        return float(f.sum() - (f**2).sum() / f.sum()) if f.sum() > 0 else 0.0

    reach = np.array([-40, -9, -6, -4, -2, -1, 0, 1, 2, 4, 6, 9, 40])
    cuts = np.unique(mean[:, None] + reach * sd[:, None])
    pieces = itertools.pairwise(cuts)
    return sum(integrate.quad(integrand, a, b, epsabs=1e-13, limit=200)[0] for a, b in pieces)


def sampled(mixture: Mixture, number: int, seed: int) -> FloatArray:
    """Posteriors of images drawn from the mixture, by plain NumPy."""
    probs, mean, cov = mixture
    rng = np.random.default_rng(seed)
    text = rng.choice(probs.size, number, p=probs)
    z = rng.normal(size=(number, mean.shape[1]))
    image = mean[text] + np.einsum("nab,nb->na", np.linalg.cholesky(cov)[text], z)
    log_density = np.stack(
        [stats.multivariate_normal(m, c).logpdf(image) for m, c in zip(mean, cov, strict=True)], 1
    )
    weight = probs * np.exp(log_density - log_density.max(axis=1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


@pytest.mark.parametrize(
    ("variance", "one_minus", "digits"),
    [(0.01, 1.00000, 5), (0.1, 0.88245, 5), (0.5, 0.36567, 5), (1, 0.20838, 5), (10, 0.02441, 5)],
)
def test_uniform_texts_on_the_circle(variance: float, one_minus: float, digits: int) -> None:
    confusion = posterior_confusion(*circle(variance))
    assert round(1 - confusion.value, digits) == pytest.approx(one_minus, abs=1e-9)
    assert confusion.error < 1e-8


@pytest.mark.parametrize(("variance", "one_minus"), [(0.1, 0.8853), (1, 0.2188), (10, 0.0260)])
def test_unequal_texts_on_the_circle(variance: float, one_minus: float) -> None:
    confusion = posterior_confusion(*circle(variance, (0.06, 0.13, 0.2, 0.27, 0.34)))
    assert round(1 - confusion.value, 4) == pytest.approx(one_minus, abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_one_feature_against_an_adaptive_rule(seed: int) -> None:
    """Widths over five orders of magnitude: narrow Gaussians leave holes in wide ones."""
    rng = np.random.default_rng(seed)
    probs, mean, sd = rng.dirichlet(np.ones(4)), rng.normal(size=4), 10 ** rng.uniform(-4, 1, 4)
    confusion = posterior_confusion(probs, mean[:, None], sd[:, None, None] ** 2)
    expected = slow_line(probs, mean, sd)
    # The comparison's own integral is good to a few 1e-10.
    assert abs(confusion.mixed - expected) < confusion.error + 1e-9
    assert confusion.error < 1e-8


@pytest.mark.parametrize("num_features", [1, 2, 3, 4])
def test_against_plain_sampling(num_features: int) -> None:
    mixture = scattered(num_features, 5, num_features)
    confusion = posterior_confusion(*mixture, 1e-5, max_evaluations=10_000_000)
    shares = 1 - np.sum(sampled(mixture, 100_000, 7) ** 2, axis=1)
    error = np.hypot(shares.std() / np.sqrt(shares.size), confusion.error)
    limit = stats.norm.isf(level("confusion", 3) / 2 / 4)
    assert abs(confusion.mixed - shares.mean()) < limit * error
    assert error < 2e-3


def test_covariance_against_plain_sampling_and_its_trace() -> None:
    mixture = scattered(3, 4, 2)
    cov = posterior_covariance(*mixture)
    posterior = sampled(mixture, 200_000, 11)
    assert np.abs(cov - np.cov(posterior.T)).max() < 2e-3
    mixed = posterior_confusion(*mixture).mixed
    assert np.trace(cov) == pytest.approx(1 - np.sum(mixture[0] ** 2) - mixed, abs=1e-7)
    np.testing.assert_allclose(cov.sum(axis=1), 0, atol=1e-12)


def test_both_methods_agree() -> None:
    mixture = scattered(5, 4, 2)
    grid = posterior_confusion(*mixture)
    points = posterior_confusion(
        *mixture, 1e-5, method="quasi-Monte Carlo", max_evaluations=10_000_000
    )
    assert (grid.method, points.method) == ("quadrature", "quasi-Monte Carlo")
    assert abs(grid.value - points.value) < 5 * points.error + grid.error


def test_the_standard_error_of_random_points_is_honest() -> None:
    """Over independent randomisations the scatter is what each of them states."""
    mixture = scattered(8, 3, 2)
    exact = posterior_confusion(*mixture).value
    runs = [
        posterior_confusion(
            *mixture, 1e-12, method="quasi-Monte Carlo", max_evaluations=20_000, randomisation=index
        )
        for index in range(40)
    ]
    z = np.array([(run.value - exact) / run.error for run in runs])
    # Student t with 15 degrees of freedom: sd 1.07; a chance below 1e-4 for either bound, which
    # the other two thirds of the budget for "confusion" pay.
    assert 0.65 < z.std() < 1.65
    assert abs(z.mean()) < 0.65


def test_a_spent_budget_is_admitted() -> None:
    coarse = posterior_confusion(*circle(0.1), 1e-14, method="quadrature", max_evaluations=3_000)
    fine = posterior_confusion(*circle(0.1))
    assert coarse.error > 1e-6
    assert abs(coarse.value - fine.value) < coarse.error + fine.error


def test_limits() -> None:
    same = posterior_confusion([0.3, 0.7], np.zeros((2, 2)), np.stack([np.eye(2)] * 2))
    assert same.value == pytest.approx(1, abs=1e-8)
    apart = posterior_confusion([0.3, 0.7], [[0.0, 0], [100, 0]], np.stack([np.eye(2)] * 2))
    assert apart.value < 1e-8
    alone = posterior_confusion([1.0, 0.0], [[0.0], [1.0]], np.ones((2, 1, 1)))
    assert (alone.value, alone.mixed, alone.error) == (0, 0, 0)


def test_large_unequal_shapes_do_not_tend_to_full_confusion() -> None:
    """Theory, section 2, T3: with S_2 = 4 S_1 at growing scale 1 - C tends to .295."""
    cov = 1e6 * np.stack([np.eye(2), 4 * np.eye(2)])
    confusion = posterior_confusion([0.5, 0.5], [[1.0, 0], [-1, 0]], cov)
    assert round(1 - confusion.value, 3) == pytest.approx(0.295)


def test_covariances_of_every_size() -> None:
    """Narrow texts inside wide ones, over hundreds of orders of magnitude."""
    probs, mean = np.full(5, 0.2), np.array([[0.0, 0], [0.1, 0], [0, 0.1], [3, 0], [0, 3]])
    cov = np.array([1.0, 1e-120, 1e-250, 1e40, 1e-30])[:, None, None] * np.eye(2)
    confusion = posterior_confusion(probs, mean, cov)
    assert confusion.value < 1e-8
    assert confusion.error < 1e-8
    along = confusion_along(probs[None], mean[None], cov[None])
    assert along.value[0] < 1e-6


def test_texts_without_probability_do_not_count() -> None:
    probs, mean, cov = scattered(2, 4, 2)
    full = posterior_confusion(probs, mean, cov)
    more = posterior_confusion(
        np.append(probs, 0.0), np.vstack([mean, [0, 0]]), np.concatenate([cov, cov[:1]])
    )
    assert more.value == pytest.approx(full.value, abs=1e-12)


@pytest.mark.parametrize("num_features", [2, 4])
def test_permuting_texts_permutes_the_result(num_features: int) -> None:
    probs, mean, cov = scattered(13, 5, num_features)
    order = np.random.default_rng(0).permutation(5)
    budget = {"tolerance": 1e-6, "max_evaluations": 2_000_000}
    one = posterior_confusion(probs, mean, cov, **budget)
    other = posterior_confusion(probs[order], mean[order], cov[order], **budget)
    assert one.value == pytest.approx(other.value, abs=1e-10)
    covariance = posterior_covariance(probs, mean, cov, **budget)
    permuted = posterior_covariance(probs[order], mean[order], cov[order], **budget)
    np.testing.assert_allclose(permuted, covariance[np.ix_(order, order)], atol=1e-10)


def test_hundreds_of_texts() -> None:
    """Uniform on a circle in a covariance that hides it: all texts are confused."""
    confusion = posterior_confusion(*circle(1.0, (1 / 150,) * 150), 1e-4)
    # To leading order (T3) 1 - C ~ 1 / (K H) = 1 / 149 at unit variance; next order below a half.
    assert 0.5 / 149 < 1 - confusion.value < 1.0 / 149
    assert confusion.error < 1e-4


@pytest.mark.parametrize(
    ("num_features", "num_texts", "tolerance"),
    [(1, 5, 1e-6), (2, 5, 2e-4), (2, 10, 2e-3), (3, 5, 2e-3), (4, 5, 5e-3)],
)
def test_along_states(num_features: int, num_texts: int, tolerance: float) -> None:
    states = [scattered(20 + s, num_texts, num_features, 0.5) for s in range(3)]
    along = confusion_along(*(np.stack(part) for part in zip(*states, strict=True)))
    for index, state in enumerate(states):
        one = posterior_confusion(*state, 1e-3 * tolerance, max_evaluations=500_000)
        allowed = max(tolerance, 4 * along.error[index]) + 4 * one.error
        assert abs(along.value[index] - one.value) < allowed
        assert along.error[index] < 0.02


def test_along_states_on_the_circle_to_five_digits() -> None:
    for variance in (0.01, 0.1, 0.5, 1.0, 10.0):
        state = circle(variance)
        along = confusion_along(*(part[None] for part in state))
        one = posterior_confusion(*state)
        assert abs(along.value[0] - one.value) < 5e-6 + along.error[0] / 2


def test_along_takes_collapsed_and_flat_covariances() -> None:
    probs, mean = np.full((2, 5), 1 / 5), np.zeros((2, 5, 2))
    mean[:, 1, 0] = 1
    cov = np.broadcast_to(np.eye(2), (2, 5, 2, 2)).copy()
    cov[0, 1] = 0.0  # underflowed
    cov[1, 1] = np.outer([1, 1], [1, 1])  # rounding took its thin direction
    along = confusion_along(probs, mean, cov)
    assert np.all(np.isfinite(along.value))
    assert np.all((along.value >= 0) & (along.value <= 1))


@pytest.mark.parametrize(
    ("probs", "mean", "cov", "message"),
    [
        ([0.5, 0.6], np.zeros((2, 1)), np.ones((2, 1, 1)), "sum to 1"),
        ([0.5, 0.5], np.zeros((2, 1)), np.ones((2, 2, 2)), "expected shapes"),
        ([1.0], np.zeros((2, 1)), np.ones((2, 1, 1)), "texts"),
        ([0.5, 0.5], np.full((2, 1), np.nan), np.ones((2, 1, 1)), "finite"),
    ],
)
def test_bad_input(probs: list[float], mean: FloatArray, cov: FloatArray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        posterior_confusion(probs, mean, cov)


def test_bad_options() -> None:
    with pytest.raises(ValueError, match="method"):
        posterior_confusion(*circle(1.0), method="guess")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="tolerance"):
        posterior_confusion(*circle(1.0), tolerance=0.0)
    with pytest.raises(ValueError, match="expected shapes"):
        confusion_along(*circle(1.0))
