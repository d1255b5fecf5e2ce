r"""The double multinomial: a multinomial with wider or narrower fluctuations than its size says.

Counts ``n`` of ``B`` captions with probabilities ``m`` have, in Efron's double exponential family
(B. Efron, "Double exponential families and their use in generalized linear regression", Journal of
the American Statistical Association 81 (1986), 709-721),

    log f(n) = -phi D/2 + log pmf_at_its_own_mle(n) - log Z(phi, m),
    D/2 = sum_i n_i log(n_i / (B m_i)),

so that ``N = phi B`` is the effective batch size: the variance is ``m (1 - m) / N`` to leading
order. At ``phi = 1`` it is *exactly* the multinomial, with a score in N that has mean zero and the
variance of the true Fisher information for any counts, ones near extinction included. (A
"continuous multinomial", in which N is put into factorials and a Jacobian ``N^(K-1)`` makes up for
the lattice, is not: each text of expected count one biases its score by about a fifth.)

**The normaliser is approximate when phi is not 1.** A multinomial is a product of Poissons given
that their total T is B, and so, if the double Poissons' total is taken for a double Poisson,

    log Z ~= g(B),    g(T) = sum_i log z(phi, T m_i) - log z(phi, T),
    z(phi, l) = sum_n exp(-phi [n log(n/l) - n + l]) n^n e^-n / n!.

To first order in ``phi - 1`` that is the average of what it should be over a Poisson total,
``E g(T) ~ g(B) + B g''(B)/2``, and the last term is taken off:

    log Z ~= sum_i w(phi, B m_i) - w(phi, B),    w = log z - l^2 (d/dl)^2 log z / (2 B).

So the score in N has mean zero at ``phi = 1`` but for O(B^-2). Against the exact sum, with five
texts, the error over ``|phi - 1|`` is at most 3e-3 for B = 60 and phi in [1/2, 2], 1e-3 for
B >= 200 and phi in [1/4, 4]; for B = 8 it is up to .07. Tests hold it to that. A text of expected
count far below one has, with phi below 1, the mean ``l^phi e^(phi-1)`` above ``l``: over-dispersed
captions find lost texts more often.

``w`` has no closed form. It is interpolated, by Chebyshev polynomials in log phi and cubics in
log l on a fine grid. The absolute error is below 5e-7 for phi in [1/2, 2] and below 5e-6 in
[1/4, 4]; beyond, the large-count law ``-log(phi)/2`` continues it.
"""

from __future__ import annotations

import functools
import itertools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax.scipy.special import xlogy
from numpy.polynomial import chebyshev
from scipy import interpolate, special

from toolkit.measures import Array

FloatArray = npt.NDArray[np.float64]

#: Range of phi in which z is interpolated.
LARGEST_DISPERSION = 4.0
_LOG_LARGEST = float(np.log(LARGEST_DISPERSION))
_DEGREE = 16
#: The grid of log expected counts, from 1e-10 to 2e5 of them.
_LOWEST, _STEP, _POINTS = -23.0, 0.03, 1168
#: Bands of l in which z is summed; beyond the last it is given by its series in 1/l.
_SUMMED = (0.0, 0.5, 10.0, 150.0)


def exact_log_z(phi: float, expected: npt.ArrayLike) -> FloatArray:
    """``log z(phi, l)`` from its sum, in plain NumPy.

    Parameters
    ----------
    phi : float
    expected : array_like
        The Poisson means ``l``.

    Examples
    --------
    >>> import numpy as np
    >>> bool(np.allclose(exact_log_z(1.0, [0.1, 3.0, 1e4]), 0.0))
    True
    """
    mean = np.asarray(expected, float)
    inverse = 1 / (phi * np.maximum(mean, 1.0))
    result = -0.5 * np.log(phi) + np.log1p((1 - phi) / 12 * inverse * (1 + inverse))
    # In bands, since small means need few terms.
    for low, largest in itertools.pairwise(_SUMMED):
        few = (mean >= low) & (mean < largest)
        top = int(largest + 10 * np.sqrt(largest / phi) + 30 / phi + 20)
        weight = _log_pmf(np.arange(top + 1.0), phi, mean[few][..., None])
        result[few] = special.logsumexp(weight, axis=-1)
    return np.asarray(result)


def _log_pmf(count: FloatArray, phi: float, expected: Any) -> FloatArray:
    """Log of the double Poisson's density, up to its normaliser."""
    own = special.xlogy(count, count) - count
    deviance = own - special.xlogy(count, expected) + expected
    return np.asarray(-phi * deviance + own - special.gammaln(count + 1))


def exact_log_normaliser(phi: float, probs: npt.ArrayLike, batch_size: int) -> float:
    """``log Z(phi, m)`` of the double multinomial, by exact convolution over texts.

    Parameters
    ----------
    phi : float
    probs : array_like, shape (num_texts,)
    batch_size : int

    Examples
    --------
    >>> abs(exact_log_normaliser(1.0, [0.5, 0.3, 0.2], 12)) < 1e-12
    True
    """
    count = np.arange(batch_size + 1.0)
    total, offset = np.array([1.0] + [0.0] * batch_size), 0.0
    for prob in np.asarray(probs, float):
        weight = _log_pmf(count, phi, batch_size * prob)
        offset += float(weight.max())
        total = np.convolve(total, np.exp(weight - weight.max()))[: batch_size + 1]
    own = special.xlogy(batch_size, batch_size) - batch_size - special.gammaln(batch_size + 1)
    return float(np.log(total[-1]) + offset - own)


@functools.cache
def _table() -> FloatArray:
    """Monomials of log phi for four rows on the grid.

    They are log z and its rise over a step, and ``l^2 (d/dl)^2 log z`` and its rise.
    """
    nodes = np.cos(np.pi * (np.arange(_DEGREE + 1) + 0.5) / (_DEGREE + 1))
    grid = _LOWEST + _STEP * np.arange(_POINTS)
    # A finer grid for the spline that is differentiated three times.
    fine = np.linspace(grid[0], grid[-1], 2 * _POINTS - 1)
    value = [exact_log_z(phi, np.exp(fine)) for phi in np.exp(_LOG_LARGEST * nodes)]
    spline = interpolate.make_interp_spline(fine, np.transpose(value), k=7)
    first, second, third = (spline(grid, order) for order in (1, 2, 3))
    rows = [spline(grid), _STEP * first, second - first, _STEP * (third - second)]
    series = chebyshev.chebfit(nodes, np.concatenate(rows).T, _DEGREE)
    to_monomials = np.array([_monomials(row) for row in np.eye(_DEGREE + 1)])
    return np.asarray(to_monomials.T @ series)


def _monomials(series: FloatArray) -> FloatArray:
    powers = chebyshev.cheb2poly(series)
    return np.asarray(np.pad(powers, (0, len(series) - len(powers))))


class _Rows(NamedTuple):
    """``w``, its rise over a step and its derivative by log phi, on the grid."""

    value: Array
    rise: Array
    across: Array


def _rows(log_phi: Array, batch_size: Array) -> _Rows:
    def of(log_phi: Array) -> tuple[Array, Array]:
        inside = jnp.clip(log_phi, -_LOG_LARGEST, _LOG_LARGEST)
        # Beyond the range, counts are taken for large. All powers at once: else each is a kernel.
        return (inside / _LOG_LARGEST) ** jnp.arange(_DEGREE + 1), -0.5 * (log_phi - inside)

    (powers, beyond), slopes = jax.jvp(of, (log_phi,), (jnp.ones_like(log_phi),))
    # Both in one product, so that the table is read once.
    rows = jnp.stack([powers, slopes[0]]) @ jnp.asarray(_table())
    rows = rows.reshape(2, 2, 2, _POINTS)
    (value, rise), (across, _) = rows[:, 0] - rows[:, 1] / (2 * batch_size)
    return _Rows(value + beyond, rise, across + slopes[1])


class _Slopes(NamedTuple):
    value: Array
    along: Array
    across: Array


def _looked_up(log_phi: Array, log_expected: Array, batch_size: Array) -> _Slopes:
    """``w`` by Hermite's cubic, its derivatives by log l and log phi on straight lines."""
    value, rise, across = _rows(log_phi, batch_size)
    scaled = (log_expected - _LOWEST) / _STEP
    at = jnp.clip(scaled, 0.0, _POINTS - 1.0)
    left = jnp.minimum(at.astype(jnp.int32), _POINTS - 2)
    x = at - left

    def ends(row: Array) -> tuple[Array, Array]:
        first, last = (row.at[left + k].get(mode="promise_in_bounds") for k in (0, 1))
        return first, last

    (first, last), (start, end), (before, after) = ends(value), ends(rise), ends(across)
    change = last - first
    square, cube = 3 * change - 2 * start - end, start + end - 2 * change
    along = (start + x * (end - start)) / _STEP
    found = _Slopes(
        value=first + x * (start + x * (square + x * cube)),
        along=jnp.where(scaled == at, along, 0.0),
        across=before + x * (after - before),
    )
    # The barrier keeps the compiler from looking up again wherever one of them is used.
    return _Slopes(*jax.lax.optimization_barrier(tuple(found)))


@jax.custom_jvp
def log_weight(log_phi: Array, log_expected: Array, batch_size: Array) -> Array:
    """``w(phi, l)``, interpolated; zero at phi = 1.

    Its derivatives are read off the table as well (differentiated backward, a look-up would
    scatter into the table), to an error of 1e-3: they steer samplers, which correct for it. The
    batch size is data: nothing is differentiated by it.

    Parameters
    ----------
    log_phi : array, shape ()
    log_expected : array
        Finite.
    batch_size : array, shape ()

    Examples
    --------
    Without the last term, for an endless batch, it is log z:

    >>> import numpy as np
    >>> found = log_weight(np.log(0.5), np.log(3.0), np.inf)
    >>> bool(abs(found - exact_log_z(0.5, [3.0])[0]) < 1e-6)
    True
    """
    return _looked_up(*_floats(log_phi, log_expected, batch_size)).value


@log_weight.defjvp
def _log_weight_jvp(
    primals: tuple[Array, Array, Array], tangents: tuple[Array, Array, Array]
) -> tuple[Array, Array]:
    found = _looked_up(*_floats(*primals))
    return found.value, found.along * tangents[1] + found.across * tangents[0]


def _floats(*numbers: Array) -> tuple[Array, Array, Array]:
    first, second, third = (jnp.asarray(number, float) for number in numbers)
    return first, second, third


def draw_counts(rng_key: Array, log_phi: Array, probs: Array, batch_size: int) -> Array:
    """Exact draws from the double multinomial, by convolution and then text by text.

    Parameters
    ----------
    rng_key : array
    log_phi : array, shape ()
    probs : array, shape (num_texts,)
    batch_size : int
        Time and memory of a draw grow with its square.

    Returns
    -------
    array, shape (num_texts,)
        Counts with the sum ``batch_size``.

    Examples
    --------
    >>> import jax, jax.numpy as jnp
    >>> counts = draw_counts(jax.random.key(0), jnp.log(0.5), jnp.array([0.7, 0.3, 0.0]), 20)
    >>> float(counts.sum()), float(counts[2])
    (20.0, 0.0)
    """
    count = jnp.arange(batch_size + 1.0)
    expected = batch_size * probs[:, None]
    own = xlogy(count, count) - count
    deviance = own - xlogy(count, expected) + expected
    weight = -jnp.exp(log_phi) * deviance + own - jax.scipy.special.gammaln(count + 1)
    weight = jnp.exp(weight - weight.max(axis=1, keepdims=True))
    # rest[i][s]: the weight of a total s of the texts i, i + 1, ...
    rest = [weight[-1]]
    gap = np.arange(batch_size + 1)[:, None] - np.arange(batch_size + 1)
    for row in weight[-2::-1]:
        rest.append(jnp.where(gap >= 0, row[np.maximum(gap, 0)], 0.0) @ rest[-1])
    rest.reverse()
    left, counts = jnp.asarray(batch_size), []
    for index, key in enumerate(jax.random.split(rng_key, len(rest) - 1)):
        remainder = left - jnp.arange(batch_size + 1)
        others = jnp.where(remainder >= 0, rest[index + 1][jnp.maximum(remainder, 0)], 0.0)
        drawn = jax.random.categorical(key, jnp.log(weight[index] * others))
        counts.append(drawn)
        left = left - drawn
    return jnp.stack([*counts, left]).astype(float)
