"""Exponential families: statistic, log partition function, sampler and nodes of each.

Density ``h(x) exp(eta . T(x) - A(eta))`` with natural parameters eta.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import gammaln

from toolkit.rng import gamma, split, uniforms
from toolkit.systems.families.protocol import Array

#: Mass beyond the nodes of a discrete law.
_TAIL = 1e-17
#: Exponents up to which a density is followed, and steps of the trapezoid rule.
_DECAY, _STEP = 40.0, 0.1
#: Of means whose distance from the edge of the range is rounding nothing is concluded.
_EDGE = 1e-12
_Nodes = tuple[np.ndarray, np.ndarray]


class Member(NamedTuple):
    """One exponential family.

    Attributes
    ----------
    parameters : tuple of str
        As a file gives them; all positive.
    below_one : bool
        Whether they lie below 1.
    natural : callable
        Natural parameters of these.
    statistic : callable
        T(x) of examples, shape (number, m).
    log_partition : callable
        A(eta); NaN outside its domain.
    log_base : callable
        log h(x).
    sample : callable
        ``sample(eta, key, number)``.
    attained : callable
        Whether a member has such a mean of T: whether it is inside the range of ``grad A``.
    nodes : callable
        ``nodes(parameters, order)``: values and weights that integrate over the law.
    usual : callable
        The inverse of ``natural``.
    highest : float
        Examples lie below it, and not below 0.
    whole : bool
        Whether they are whole numbers.
    """

    parameters: tuple[str, ...]
    below_one: bool
    natural: Callable[[np.ndarray], Any]
    usual: Callable[[Any], Any]
    statistic: Callable[[Array], Array]
    log_partition: Callable[[Array], Array]
    log_base: Callable[[Array], Array]
    sample: Callable[[Array, Array, int], Array]
    attained: Callable[[Array], Array]
    nodes: Callable[[np.ndarray, int], _Nodes]
    highest: float = np.inf
    whole: bool = False


def _itself(x: Array) -> Array:
    return x[:, None]


def _nothing(x: Array) -> Array:
    return jnp.zeros_like(x)


def _positive(mean: Array) -> Array:
    """Counts that are all zero, waiting times that are all zero: no member is likeliest."""
    return mean[0] > 0


def _gamma_attained(mean: Array) -> Array:
    """The mean of the logarithms is below the logarithm of the mean: the examples differ."""
    return jnp.log(mean[1]) - mean[0] > _EDGE * (1 + jnp.abs(mean[0]))


def _beta_attained(mean: Array) -> Array:
    """The geometric means of x and 1 - x add up to less than 1: the examples differ."""
    return jnp.sum(jnp.exp(mean)) < 1 - _EDGE


def _whole_numbers(law: str, *parameters: float) -> _Nodes:
    """All values of one of SciPy's discrete laws but for a mass of 1e-17."""
    from scipy import stats  # takes long to import

    frozen = getattr(stats, law)(*parameters)
    # SciPy's own quantile loses such a mass in 1 less it.
    last = 2 * int(frozen.mean()) + 2
    while frozen.sf(last) > _TAIL:
        last *= 2
    values = np.arange(last + 1, dtype=float)
    weight = frozen.pmf(values)
    return values, weight / weight.sum()


def _gamma_nodes(parameters: np.ndarray, order: int) -> _Nodes:
    """In the logarithm, where the density decays on both sides and log x is no singularity."""
    shape, rate = parameters
    y = _steps(-_DECAY / shape, np.log(2 * (_DECAY + 2 * shape)))
    log_weight = shape * y - np.exp(y)
    weight = np.exp(log_weight - log_weight.max())
    return np.exp(y) / rate, weight / weight.sum()


def _beta_nodes(parameters: np.ndarray, order: int) -> _Nodes:
    """In the logit, as for a gamma law."""
    first, second = parameters
    y = _steps(-_DECAY / first, _DECAY / second)
    log_weight = -first * np.logaddexp(0, -y) - second * np.logaddexp(0, y)
    weight = np.exp(log_weight - log_weight.max())
    return 1 / (1 + np.exp(-y)), weight / weight.sum()


def _steps(low: float, high: float) -> np.ndarray:
    """Equal steps: the trapezoid rule converges faster than any power where all decays."""
    return np.linspace(low, high, int((high - low) / _STEP) + 2)


def _two_gammas(eta: Array, key: Array, number: int) -> Array:
    """``X/(X + Y)`` of two gamma variables."""
    pair = [
        gamma(part, jnp.full(number, shape)) for part, shape in zip(split(key), eta, strict=True)
    ]
    return pair[0] / (pair[0] + pair[1])


MEMBERS: dict[str, Member] = {
    "poisson": Member(
        parameters=("rate",),
        below_one=False,
        natural=np.log,
        usual=np.exp,
        statistic=_itself,
        log_partition=lambda eta: jnp.exp(eta[0]),
        log_base=lambda x: -gammaln(x + 1),
        sample=lambda eta, key, n: jax.random.poisson(key, jnp.exp(eta[0]), (n,)).astype(float),
        attained=_positive,
        nodes=lambda p, _: _whole_numbers("poisson", p[0]),
        whole=True,
    ),
    "geometric": Member(
        parameters=("prob",),
        below_one=True,
        natural=lambda p: np.log1p(-p),
        usual=lambda eta: -np.expm1(eta),
        statistic=_itself,
        log_partition=lambda eta: -jnp.log(-jnp.expm1(eta[0])),
        log_base=_nothing,
        sample=lambda eta, key, n: jnp.floor(jnp.log(uniforms(key, n)) / eta[0]),
        attained=_positive,
        nodes=lambda p, _: _whole_numbers("geom", p[0], -1),
        whole=True,
    ),
    "exponential": Member(
        parameters=("rate",),
        below_one=False,
        natural=lambda p: -p,
        usual=lambda eta: -eta,
        statistic=_itself,
        log_partition=lambda eta: -jnp.log(-eta[0]),
        log_base=_nothing,
        sample=lambda eta, key, n: jnp.log(uniforms(key, n)) / eta[0],
        attained=_positive,
        nodes=lambda p, order: _gamma_nodes(np.array([1.0, p[0]]), order),
    ),
    "gamma": Member(
        parameters=("shape", "rate"),
        below_one=False,
        natural=lambda p: np.array([p[0], -p[1]]),
        usual=lambda eta: np.array([eta[0], -eta[1]]),
        statistic=lambda x: jnp.stack([jnp.log(x), x], axis=1),
        log_partition=lambda eta: jnp.where(
            eta[0] > 0, gammaln(eta[0]) - eta[0] * jnp.log(-eta[1]), jnp.nan
        ),
        log_base=lambda x: -jnp.log(x),
        sample=lambda eta, key, n: gamma(key, jnp.full(n, eta[0])) / -eta[1],
        attained=_gamma_attained,
        nodes=_gamma_nodes,
    ),
    "beta": Member(
        parameters=("first", "second"),
        below_one=False,
        natural=np.asarray,
        usual=np.asarray,
        statistic=lambda x: jnp.stack([jnp.log(x), jnp.log1p(-x)], axis=1),
        log_partition=lambda eta: jnp.where(
            jnp.all(eta > 0), jnp.sum(gammaln(eta)) - gammaln(jnp.sum(eta)), jnp.nan
        ),
        log_base=lambda x: -jnp.log(x) - jnp.log1p(-x),
        sample=_two_gammas,
        attained=_beta_attained,
        nodes=_beta_nodes,
        highest=1.0,
    ),
}
