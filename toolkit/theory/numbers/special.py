"""Special functions that hold their digits, of NumPy or of JAX arrays alike.

`namespace` picks the library: what is computed from NumPy values stays NumPy, so that the bounds
of a sum stay known numbers while JAX traces the rest.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.special as jax_special
import numpy as np
import sympy as sp
from scipy import special as scipy_special

from toolkit.measures import Array  # switches JAX to 64 bits

#: From here on Stirling's series, of so many terms, replaces log-gammas.
_STIRLING_FROM, _STIRLING_TERMS = 16.0, 7
_LOG_TWO_PI = math.log(2 * math.pi)


def namespace(*values: Any) -> ModuleType:
    """``jax.numpy`` if any of the values is a JAX array, traced or not; else NumPy."""
    return jnp if any(isinstance(value, Array) for value in values) else np


def _either(of_numpy: Callable[..., Any], of_jax: Callable[..., Any]) -> Callable[..., Any]:
    def call(*values: Any) -> Any:
        return (of_jax if namespace(*values) is jnp else of_numpy)(*values)

    return call


def elementwise(name: str) -> Callable[..., Any]:
    """A function that NumPy and JAX both have under this name."""
    return _either(getattr(np, name), getattr(jnp, name))


log_gamma = _either(scipy_special.gammaln, jax_special.gammaln)
digamma = _either(scipy_special.digamma, jax_special.digamma)
gamma_sign = _either(scipy_special.gammasgn, jax_special.gammasgn)
erf = _either(scipy_special.erf, jax_special.erf)
erfc = _either(scipy_special.erfc, jax_special.erfc)


def polygamma(order: Any, x: Any) -> Any:
    """Derivative of the digamma function, of a whole order."""
    if namespace(order, x) is np:
        return scipy_special.polygamma(order, x)
    return digamma(x) if np.ndim(order) == 0 and order == 0 else jax_special.polygamma(order, x)


def zeta(power: Any, start: Any = 1.0) -> Any:
    """Riemann's zeta function (Hurwitz' with another start), for a power above 1."""
    return (scipy_special if namespace(power, start) is np else jax_special).zeta(power, start)


def where(condition: Any, then: Any, otherwise: Any) -> Any:
    """Choose, in the library of the values."""
    return namespace(condition, then, otherwise).where(condition, then, otherwise)


def log_abs(x: Any) -> Any:
    """``log|x|``: minus infinity at zero, with a derivative of zero there instead of NaN."""
    xp = namespace(x)
    zero = xp.equal(x, 0)
    return xp.where(zero, -xp.inf, xp.log(xp.abs(xp.where(zero, 1.0, x))))


def near_one_log(rest: Any, value: Any) -> Any:
    """``log|1 + rest|`` where ``value`` is ``1 + rest``: no digits lost at a small rest."""
    xp = namespace(rest, value)
    near = xp.abs(rest) < 0.5
    return xp.where(near, xp.log1p(xp.where(near, rest, 0.0)), log_abs(value))


def _horner(coefficients: tuple[float, ...], x: Any) -> Any:
    total: Any = 0.0
    for coefficient in reversed(coefficients):
        total = total * x + coefficient
    return total


@functools.cache
def _stirling_coefficients() -> tuple[float, ...]:
    terms = range(1, _STIRLING_TERMS + 1)
    return tuple(float(sp.bernoulli(2 * k) / (2 * k * (2 * k - 1))) for k in terms)


def _stirling(z: Any) -> Any:
    """Stirling's series: ``log Gamma(z) - (z - 1/2) log z + z - log(2 pi)/2`` for large z."""
    inverse = 1 / z
    return inverse * _horner(_stirling_coefficients(), inverse * inverse)


def log_gamma_ratio(x: Any, gap: Any) -> Any:
    """``log|Gamma(x + gap)/Gamma(x)|`` of a small absolute error also at a huge ``x``."""
    xp = namespace(x, gap)
    big = (x >= _STIRLING_FROM) & (x + gap >= _STIRLING_FROM)
    a = xp.where(big, x, _STIRLING_FROM)
    d = xp.where(big, gap, 1.0)
    far = (a - 0.5) * xp.log1p(d / a) + d * xp.log(a + d) - d + _stirling(a + d) - _stirling(a)
    x_near, gap_near = xp.where(big, 1.0, x), xp.where(big, 0.0, gap)
    return xp.where(big, far, log_gamma(x_near + gap_near) - log_gamma(x_near))


def _factorial_rest(z: Any) -> Any:
    """``log z! - z log z + z``, of small size."""
    xp = namespace(z)
    big = z >= _STIRLING_FROM
    far, near = xp.where(big, z, _STIRLING_FROM), xp.where(big, 1.0, z)
    positive = xp.where(near > 0, near, 1.0)
    exact = log_gamma(near + 1) - near * xp.log(positive) + near
    return xp.where(big, 0.5 * (_LOG_TWO_PI + xp.log(far)) + _stirling(far), exact)


def _deviance(count: Any, mean: Any) -> Any:
    """``count log(count/mean) - count + mean``, also where the two almost agree (Loader 2000)."""
    xp = namespace(count, mean)
    total = xp.where(count + mean > 0, count + mean, 1.0)
    v = (count - mean) / total
    near = xp.abs(v) < 0.1
    w = xp.where(near, v, 0.0)
    odd = tuple(1 / (2 * j + 1) for j in range(1, 12))
    close = (count - mean) * w + 2 * count * w**3 * _horner(odd, w * w)
    safe = (count > 0) & (mean > 0) & ~near
    ratio = xp.where(safe, count, 1.0) / xp.where(safe, mean, 1.0)
    apart = count * xp.log(ratio) - count + mean
    apart = xp.where((mean == 0) & (count > 0), xp.inf, apart)
    return xp.where(near, close, apart)


def log_binomial_term(size: Any, count: Any, x: Any, y: Any, excess: Any) -> Any:
    """``log(binomial(size, count) x**count y**(size - count))``; ``excess`` is ``x + y - 1``."""
    xp = namespace(size, count, x, y, excess)
    other = size - count
    inside = (count >= 0) & (other >= 0)
    k, j = xp.where(inside, count, 0.0), xp.where(inside, other, size)
    rest = _factorial_rest(size) - _factorial_rest(k) - _factorial_rest(j) + size * excess
    value = rest - _deviance(k, size * x) - _deviance(j, size * y)
    return xp.where(inside, value, -xp.inf)


def log_binomial(size: Any, count: Any) -> Any:
    """``log binomial(size, count)`` for ``0 <= count <= size``."""
    xp = namespace(size, count)
    share = count / xp.where(size > 0, size, 1.0)
    k, j = xp.where(share > 0, share, 1.0), xp.where(share < 1, 1 - share, 1.0)
    entropy = -size * (share * xp.log(k) + (1 - share) * xp.log(j))
    inside = (count >= 0) & (count <= size)
    of = [xp.where(inside, z, 0.0) for z in (size, count, size - count)]
    rest = _factorial_rest(of[0]) - _factorial_rest(of[1]) - _factorial_rest(of[2])
    return xp.where(inside, entropy + rest, -xp.inf)


def hypergeometric(upper: tuple[Any, ...], lower: tuple[Any, ...], z: Any, terms: int) -> Any:
    """The hypergeometric series, its first terms by Horner's rule."""
    total: Any = 1.0
    for k in reversed(range(terms)):
        above = functools.reduce(lambda a, b: a * b, [u + k for u in upper], z)
        below = functools.reduce(lambda a, b: a * b, [w + k for w in lower], k + 1.0)
        total = 1.0 + above / below * total
    return total


def forward_only(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function of one vector whose derivatives, of every order, are taken forwards.

    Loops of unknown length have no reverse derivative, and a branch not taken may have none at
    all; the slopes are found beside the values here, so that any derivative of JAX works.
    """
    wrapped = jax.custom_jvp(function)

    @wrapped.defjvp
    def _rule(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
        slopes = forward_only(jax.jacfwd(function))(*primals)
        return wrapped(*primals), jnp.tensordot(slopes, tangents[0], 1)

    return wrapped
