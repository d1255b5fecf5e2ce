"""Priors that NumPyro lacks: of contraction factors, and of scales that may be known to be 0."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from numpyro.distributions import constraints

from toolkit.measures import Array, ArrayLike

_SMALLEST, _LARGEST = 1e-300, 1 - 2.0**-53


class DecayFactor(dist.Distribution):
    """The law of ``rho = exp(-rate)`` with ``log rate ~ N(loc, scale^2)``.

    Half-lives ``log 2 / rate`` are then log-normal, so that loops that halve in two generations
    and in two thousand are both thought possible. Density, with ``rate = -log rho``:
    ``LogNormal(rate; loc, scale) / rho``.

    Parameters
    ----------
    loc : float
        Minus the log of the typical life in generations.
    scale : float

    Examples
    --------
    >>> import jax, jax.numpy as jnp
    >>> prior = DecayFactor(-jnp.log(50.0), 2.0)
    >>> draws = prior.sample(jax.random.key(0), (1000,))
    >>> round(float(jnp.mean(draws > jnp.exp(-1 / 50.0))), 1)  # half of them live longer
    0.5
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}  # noqa: RUF012
    support = constraints.unit_interval
    reparametrized_params = ["loc", "scale"]  # noqa: RUF012

    def __init__(
        self, loc: ArrayLike, scale: ArrayLike, *, validate_args: bool | None = None
    ) -> None:
        self.loc, self.scale = jnp.broadcast_arrays(
            jnp.asarray(loc, float), jnp.asarray(scale, float)
        )
        super().__init__(batch_shape=self.loc.shape, validate_args=validate_args)

    def sample(self, key: Array, sample_shape: tuple[int, ...] = ()) -> Array:
        """Draw factors."""
        normal = jax.random.normal(key, sample_shape + self.batch_shape)
        return jnp.clip(jnp.exp(-jnp.exp(self.loc + self.scale * normal)), _SMALLEST, _LARGEST)

    def log_prob(self, value: ArrayLike) -> Array:
        """Log density of a factor in (0, 1)."""
        log_factor = jnp.log(jnp.clip(jnp.asarray(value), _SMALLEST, _LARGEST))
        density: Array = dist.LogNormal(self.loc, self.scale).log_prob(-log_factor) - log_factor
        return density


class HalfNormal(dist.HalfNormal):
    """A half-normal whose support has 0 in it: a floor or a noise may be known to be 0.

    Parameters
    ----------
    scale : float

    Examples
    --------
    >>> bool(HalfNormal(1.0).support(0.0))
    True
    """

    support = constraints.nonnegative


class Gamma(dist.Gamma):
    """A gamma law whose support has 0 in it: a noise may be known to be 0.

    Parameters
    ----------
    concentration : float
    rate : float

    Examples
    --------
    >>> bool(Gamma(2.0, 10.0).support(0.0))
    True
    """

    support = constraints.nonnegative
