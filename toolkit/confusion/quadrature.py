"""The posterior confusion of one state, to a stated error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from toolkit import measures
from toolkit.confusion import terms as _terms
from toolkit.confusion.terms import Term

FloatArray = npt.NDArray[np.float64]
Method = Literal["auto", "quadrature", "quasi-Monte Carlo"]

QUADRATURE: Method = "quadrature"
QUASI_MONTE_CARLO: Method = "quasi-Monte Carlo"

#: Up to so many features a grid is cheaper than random points.
_MOST_FEATURES = 3
#: What a grid cannot see may be so much of the diversity before random points are preferred.
_UNSEEN = 1e-6
#: A grid is refined by this factor until two successive values agree.
_REFINEMENT = np.sqrt(2)
#: Floats held at a time for the densities of a chunk of points.
_CHUNK = 1_000_000
_RANDOMISATIONS = 16
_FIRST_LOG_POINTS = 6


class Confusion(NamedTuple):
    """The posterior confusion of a state.

    Attributes
    ----------
    value : float
        ``C = mixed / H``, between 0 (one-hot posteriors) and 1 (posteriors that say nothing).
        0 where a single text has all the mass, so that nothing is left to confuse.
    mixed : float
        ``E_y[1 - sum_i r_i(y)^2]``, the mean Gini-Simpson diversity of the posterior.
    error : float
        Of ``value``: for quadrature the change by the last refinement plus bounds on all that
        was left out; for quasi-Monte Carlo a standard error, from independent randomisations.
        It is what was reached, which may be more than what was asked for.
    method : str
        ``"quadrature"`` or ``"quasi-Monte Carlo"``.
    evaluations : int
        Density evaluations, one per point and text.
    """

    value: float
    mixed: float
    error: float
    method: str
    evaluations: int


def posterior_confusion(
    text_probs: npt.ArrayLike,
    image_mean: npt.ArrayLike,
    image_cov: npt.ArrayLike,
    tolerance: float = 1e-8,
    *,
    method: Method = "auto",
    max_evaluations: int = 50_000_000,
    randomisation: int = 0,
) -> Confusion:
    """Posterior confusion of a mixture of Gaussians.

    A grid in adapted coordinates (the trapezoidal rule, which converges exponentially for
    analytic integrands) up to 3 features, randomised quasi-Monte Carlo (scrambled Sobol points)
    above, or where a grid would be too expensive or too coarse for the narrowest text.

    Parameters
    ----------
    text_probs : array_like, shape (num_texts,)
        Zeros are allowed.
    image_mean : array_like, shape (num_texts, num_features)
    image_cov : array_like, shape (num_texts, num_features, num_features)
        Positive definite; they may differ by hundreds of orders of magnitude.
    tolerance : float
        The error of ``value`` to aim at.
    method : {"auto", "quadrature", "quasi-Monte Carlo"}
    max_evaluations : int
        When spent, the value reached is returned with the error reached.
    randomisation : int
        Which of the sequence of sets of scrambled points to use.

    Returns
    -------
    Confusion

    Raises
    ------
    ValueError
        When the arrays do not describe a mixture, or an option is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> probs, mean = np.array([0.5, 0.5]), np.array([[0.0], [1.0]])
    >>> confusion = posterior_confusion(probs, mean, np.ones((2, 1, 1)))
    >>> round(confusion.value, 6), confusion.error < 1e-8
    (0.795946, True)
    """
    probs, mean, cov = _checked(text_probs, image_mean, image_cov)
    diversity = _diversity(probs)
    if diversity == 0:
        return Confusion(0.0, 0.0, 0.0, QUADRATURE, 0)
    run = _integrate(
        probs, mean, cov, tolerance * diversity, method, max_evaluations, randomisation, False
    )
    mixed = min(float(run.value), diversity)
    return Confusion(mixed / diversity, mixed, run.error / diversity, run.method, run.evaluations)


def posterior_covariance(
    text_probs: npt.ArrayLike,
    image_mean: npt.ArrayLike,
    image_cov: npt.ArrayLike,
    tolerance: float = 1e-8,
    *,
    method: Method = "auto",
    max_evaluations: int = 50_000_000,
    randomisation: int = 0,
) -> FloatArray:
    """Covariance of the posterior ``r(y)`` over an image ``y`` of the mixture.

    Over ``batch_size`` it is the covariance of the text probabilities after one text update;
    its trace is ``H - mixed``.

    Parameters
    ----------
    text_probs, image_mean, image_cov, tolerance, method, max_evaluations, randomisation
        As for `posterior_confusion`; the tolerance is that of the mixed diversity.

    Returns
    -------
    ndarray, shape (num_texts, num_texts)

    Raises
    ------
    ValueError
        When the arrays do not describe a mixture, or an option is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> apart = posterior_covariance([0.5, 0.5], [[0.0], [100.0]], np.ones((2, 1, 1)))
    >>> bool(np.allclose(apart, [[0.25, -0.25], [-0.25, 0.25]]))
    True
    """
    probs, mean, cov = _checked(text_probs, image_mean, image_cov)
    product = np.zeros((probs.size, probs.size))
    diversity = _diversity(probs)
    if diversity > 0:
        run = _integrate(
            probs, mean, cov, tolerance * diversity, method, max_evaluations, randomisation, True
        )
        product = run.value
    result = product - np.outer(probs, probs)
    # E r_i = p_i and sum_j r_j = 1 give the diagonal without another integral.
    np.fill_diagonal(result, probs * (1 - probs) - product.sum(axis=1))
    return np.asarray(result)


class _Run(NamedTuple):
    value: FloatArray
    error: float
    method: str
    evaluations: int


def _checked(
    text_probs: npt.ArrayLike, image_mean: npt.ArrayLike, image_cov: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    probs = np.asarray(text_probs, dtype=np.float64)
    mean = np.asarray(image_mean, dtype=np.float64)
    cov = np.asarray(image_cov, dtype=np.float64)
    if probs.ndim != 1 or mean.ndim != 2 or cov.shape != (*mean.shape, mean.shape[1]):
        raise ValueError(
            f"expected shapes (num_texts,), (num_texts, num_features) and (num_texts, "
            f"num_features, num_features), not {probs.shape}, {mean.shape} and {cov.shape}."
        )
    if probs.size != len(mean):
        raise ValueError(f"text_probs gives {probs.size} texts, image_mean {len(mean)}.")
    if not (np.all(probs >= 0) and abs(probs.sum() - 1) < 1e-6):
        raise ValueError("text_probs must not be negative and must sum to 1; divide by their sum.")
    if not (np.all(np.isfinite(mean)) and np.all(np.isfinite(cov))):
        raise ValueError("image_mean and image_cov must be finite.")
    return probs / probs.sum(), mean, cov


def _diversity(probs: FloatArray) -> float:
    return float(measures.text_diversity(probs))


def _integrate(
    probs: FloatArray,
    mean: FloatArray,
    cov: FloatArray,
    tolerance: float,
    method: Method,
    max_evaluations: int,
    randomisation: int,
    matrix: bool,
) -> _Run:
    """The mixed diversity, or the matrix of E[r_i r_j] off the diagonal (0 on it)."""
    if method not in ("auto", QUADRATURE, QUASI_MONTE_CARLO):
        raise ValueError(
            f"method must be 'auto', {QUADRATURE!r} or {QUASI_MONTE_CARLO!r}, not {method!r}."
        )
    if not tolerance > 0:
        raise ValueError("tolerance must be positive.")
    mixture = _terms.ordered_mixture(probs, mean, cov)
    found, left_out = _terms.terms(mixture, 0.05 * tolerance)
    if method == "auto":
        first = sum(_grid_cost(term, 0.5 * term.step, tolerance) for term in found)
        unseen = sum(term.neglected for term in found)
        clear = unseen <= max(tolerance, _UNSEEN * _diversity(probs))
        on_grid = mean.shape[1] <= _MOST_FEATURES and first <= max_evaluations and clear
        method = QUADRATURE if on_grid else QUASI_MONTE_CARLO
    if method == QUADRATURE:
        value, error, evaluations = _by_grids(found, tolerance, max_evaluations, matrix)
        error += sum(term.neglected for term in found)
    else:
        value, error, evaluations = _by_points(
            found, tolerance, max_evaluations, randomisation, matrix
        )
    error += left_out
    if not matrix:
        return _Run(np.asarray(np.sum(value)), error, method, evaluations)
    product = np.zeros((probs.size, probs.size))
    for part in value:
        here = mixture.order[: len(part)]
        product[np.ix_(here, here)] += part
    np.fill_diagonal(product, 0.0)
    return _Run(product, error, method, evaluations)


def _moments(term: Term, z: FloatArray, log_density: FloatArray, matrix: bool) -> FloatArray:
    """The integrand summed over points ``z``, divided by the density of the points.

    Returns the mixed diversity's share (a scalar), or the share of each E[r_i r_j].
    """
    image = np.einsum("lab,pb->pla", term.matrix, z) + term.offset
    with np.errstate(over="ignore"):
        log_f = term.log_weight - 0.5 * np.einsum("pla,pla->pl", image, image)
    log_wider = special.logsumexp(log_f[:, :-1], axis=1)
    log_narrow = log_f[:, -1]
    # f_m f_k / F_m = f_k sigmoid(log f_m - log F_{m-1}), over the points' density.
    log_share = special.log_expit(log_narrow - log_wider) - log_density
    pair = np.exp(log_f[:, term.partners] + log_share[:, None])
    with np.errstate(invalid="ignore"):
        among = np.exp(log_f[:, :-1] - log_wider[:, None])
    among[~np.isfinite(log_wider)] = 0.0
    weight = pair.sum(axis=1)
    if not matrix:
        return np.asarray(weight @ (1 + np.einsum("pl,pl->p", among, among)))
    size = log_f.shape[1]
    result = np.zeros((size, size))
    result[:-1, :-1] = -(among * weight[:, None]).T @ among
    result[-1, term.partners] = result[term.partners, -1] = pair.sum(axis=0)
    return result


def _radius(term: Term, tolerance: float, num_features: int) -> float:
    """Beyond it the term has less than a negligible share of the tolerance."""
    tail = min(max(0.002 * tolerance / max(term.mass, tolerance), 1e-300), 0.5)
    return float(np.sqrt(stats.chi2.isf(tail, num_features)))


def _grid_cost(term: Term, step: float, tolerance: float) -> float:
    num_features = term.offset.shape[1]
    radius = _radius(term, tolerance, num_features)
    return float((2 * radius / step + 1) ** num_features * len(term.log_weight))


def _grid(num_features: int, step: float, radius: float, chunk: int) -> Iterator[FloatArray]:
    """Points of the grid inside the ball, a chunk at a time."""
    reach = int(radius / step)
    shape = (2 * reach + 1,) * num_features
    total = int(np.prod(shape))
    for start in range(0, total, chunk):
        index = np.unravel_index(np.arange(start, min(start + chunk, total)), shape)
        points = (np.stack(index, axis=1) - reach) * step
        yield points[np.einsum("pa,pa->p", points, points) <= radius**2]


def _grid_value(term: Term, step: float, tolerance: float, matrix: bool) -> tuple[FloatArray, int]:
    num_features = term.offset.shape[1]
    size = len(term.log_weight)
    chunk = max(64, _CHUNK // (size * num_features))
    log_density = np.asarray(0.5 * num_features * np.log(2 * np.pi))
    total: FloatArray = np.zeros((size, size)) if matrix else np.asarray(0.0)
    evaluations = 0
    for points in _grid(num_features, step, _radius(term, tolerance, num_features), chunk):
        total = total + _moments(term, points, log_density, matrix)
        evaluations += len(points) * size
    return total * step**num_features, evaluations


def _by_grids(
    found: list[Term], tolerance: float, max_evaluations: int, matrix: bool
) -> tuple[list[FloatArray], float, int]:
    """Each term refined until its last change is within its share of the tolerance."""
    values, error, spent = [], 0.0, 0
    share = 0.5 * tolerance / max(len(found), 1)
    for done, term in enumerate(found):
        allowance = spent + (max_evaluations - spent) / (len(found) - done)
        step = term.step
        value, evaluations = _grid_value(term, step, tolerance, matrix)
        spent += evaluations
        change = float("inf")
        while change > share:
            step /= _REFINEMENT
            refined, evaluations = _grid_value(term, step, tolerance, matrix)
            spent += evaluations
            change = float(np.max(np.abs(refined - value)))
            value = refined
            if spent + _grid_cost(term, step / _REFINEMENT, tolerance) > allowance:
                break
        values.append(value)
        error += change + 0.002 * min(tolerance, term.mass)
    return values, error, spent


def _by_points(
    found: list[Term], tolerance: float, max_evaluations: int, randomisation: int, matrix: bool
) -> tuple[list[FloatArray], float, int]:
    """Independent randomisations of Sobol points, doubled until the standard error will do."""
    spent = 0
    log_points = _FIRST_LOG_POINTS
    per_point = sum(len(term.log_weight) for term in found)
    while True:
        means = [
            _sobol_means(term, log_points, randomisation * _RANDOMISATIONS, matrix)
            for term in found
        ]
        spent += per_point * _RANDOMISATIONS * 2**log_points
        whole = np.sum([_mixed(of_term, matrix) for of_term in means], axis=0)
        error = float(np.std(whole, ddof=1) / np.sqrt(_RANDOMISATIONS)) if found else 0.0
        following = per_point * _RANDOMISATIONS * 2 ** (log_points + 1)
        if error <= 0.9 * tolerance or spent + following > max_evaluations:
            return [of_term.mean(axis=0) for of_term in means], error, spent
        log_points += 1


def _mixed(means: FloatArray, matrix: bool) -> FloatArray:
    """The mixed diversity of each randomisation: the sum of E[r_i r_j] off the diagonal."""
    if not matrix:
        return means
    return np.asarray(means.sum(axis=(1, 2)) - np.trace(means, axis1=1, axis2=2))


def _sobol_means(term: Term, log_points: int, first_seed: int, matrix: bool) -> FloatArray:
    """The term's value in each randomisation, shape (randomisations, ...)."""
    size, num_features = term.offset.shape
    chunk_log = int(np.log2(max(64, _CHUNK // (size * num_features))))
    block = 2 ** min(chunk_log, log_points)
    results = []
    for seed in range(first_seed, first_seed + _RANDOMISATIONS):
        points = stats.qmc.Sobol(num_features, scramble=True, rng=np.random.default_rng(seed))
        total: FloatArray = np.zeros((size, size)) if matrix else np.asarray(0.0)
        for _ in range(2**log_points // block):
            z = special.ndtri(np.clip(points.random(block), 1e-300, 1 - 1e-16))
            log_density = -0.5 * np.einsum("pa,pa->p", z, z)
            total = total + _moments(term, z, log_density, matrix)
        results.append(total / 2**log_points)
    return np.stack(results)
