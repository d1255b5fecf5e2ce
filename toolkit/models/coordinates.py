"""Coordinates in which a sampler moves, chosen for a program's shape and not by its priors.

A site's prior decides its density; its support decides the bijection from the real line that NUTS
works in. Here the bijection is given apart, and may depend on parameters drawn before: the
posterior is the same, its shape is not.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.scipy.stats import norm
from numpyro.distributions import constraints, transforms
from numpyro.distributions.transforms import biject_to

from toolkit.measures import Array, ArrayLike
from toolkit.models.protocol import Prior


class _ImageOf(constraints.Constraint):  # type: ignore[misc, unused-ignore]
    """A support that is reached from the real line by a transform of its own."""

    event_dim = 0

    def __init__(self, support: constraints.Constraint, transform: transforms.Transform) -> None:
        self.support, self.transform = support, transform

    def __call__(self, value: ArrayLike) -> Array:
        inside: Array = self.support(value)
        return inside

    def tree_flatten(self) -> Any:
        return (self.support, self.transform), (("support", "transform"), {})


biject_to.register(_ImageOf)(lambda constraint: constraint.transform)


class _Through(dist.Distribution):  # type: ignore[misc, unused-ignore]
    """A prior as it is, with a bijection of its own."""

    def __init__(self, prior: dist.Distribution, transform: transforms.Transform) -> None:
        self.prior, self.transform = prior, transform
        super().__init__(batch_shape=prior.batch_shape, validate_args=False)

    @property
    def support(self) -> constraints.Constraint:
        return _ImageOf(self.prior.support, self.transform)

    def sample(self, key: Array, sample_shape: tuple[int, ...] = ()) -> Array:
        drawn: Array = self.prior.sample(key, sample_shape)
        return drawn

    def log_prob(self, value: ArrayLike) -> Array:
        density: Array = self.prior.log_prob(value)
        return density


class _Rounding(transforms.ParameterFreeTransform):  # type: ignore[misc, unused-ignore]
    """``y = exp(G(z)) - 1`` with ``G(z) = z Phi(z) + phi(z)``, the integral of Phi.

    For large y, z is its logarithm. To the left the slope of G, Phi(z), falls as a normal
    distribution does: a density of y that is flat at 0 has normal tails in z (exponential ones in
    log y).
    """

    domain = constraints.real
    codomain = constraints.nonnegative

    def __call__(self, x: ArrayLike) -> Array:
        above: Array = jnp.expm1(_integral(x))
        return above

    def _inverse(self, y: ArrayLike) -> Array:
        height = jnp.log1p(jnp.maximum(jnp.asarray(y, float), 0.0))

        def halve(_: int, ends: tuple[Array, Array]) -> tuple[Array, Array]:
            low, high = ends
            middle = (low + high) / 2
            above = _integral(middle) > height
            return jnp.where(above, low, middle), jnp.where(above, middle, high)

        ends = (jnp.full(height.shape, _LEFTMOST), height)
        low, high = jax.lax.fori_loop(0, _HALVINGS, halve, ends)
        return (low + high) / 2

    def log_abs_det_jacobian(self, x: ArrayLike, y: ArrayLike, intermediates: Any = None) -> Array:
        slope: Array = norm.logcdf(jnp.asarray(x)) + _integral(x)
        return slope


def _integral(z: ArrayLike) -> Array:
    z = jnp.asarray(z)
    area: Array = z * norm.cdf(z) + norm.pdf(z)
    return area


class _Saturation(transforms.ParameterFreeTransform):  # type: ignore[misc, unused-ignore]
    """``1 - exp(-x)``, from the non-negative numbers to a share."""

    domain = constraints.nonnegative
    codomain = constraints.unit_interval

    def __call__(self, x: ArrayLike) -> Array:
        share: Array = -jnp.expm1(-jnp.asarray(x))
        return share

    def _inverse(self, y: ArrayLike) -> Array:
        return -jnp.log1p(-jnp.minimum(y, _LARGEST_SHARE))

    def log_abs_det_jacobian(self, x: ArrayLike, y: ArrayLike, intermediates: Any = None) -> Array:
        return -jnp.asarray(x)


#: Where y is hardly a number any more; and how often its interval is halved.
_LEFTMOST, _HALVINGS = -37.0, 64
_LARGEST_SHARE = 1 - 2.0**-53


def rounded(prior: Prior, *, scale: Array) -> Prior:
    """A prior of a value that may well be 0, in a coordinate z in which it has normal tails.

    ``value = scale (exp(G(z)) - 1)``, ``G`` the integral of the normal distribution function: z is
    nearly its log where the data tell that it is not 0; where they leave it near 0, by about
    ``scale``, the posterior of z is round all the same. Of a share it is ``-log(1 - share)``.

    Parameters
    ----------
    prior : Distribution or number
        Of non-negative support or that of a share; any other is left as it is.
    scale : Array
        About where the data leave it: so far from 0, they cannot tell it from 0.

    Examples
    --------
    >>> prior = rounded(dist.Beta(1.0, 9.0), scale=1e-6)
    >>> [f"{float(biject_to(prior.support)(z)):.1e}" for z in (-3.0, 0.0, 3.0)]
    ['3.8e-10', '4.9e-07', '1.9e-05']
    >>> rounded(dist.Normal(0.0, 1.0), scale=0.1).support is dist.constraints.real
    True
    """
    if not isinstance(prior, dist.Distribution):
        return prior
    parts = [_Rounding(), transforms.AffineTransform(0.0, scale, domain=constraints.nonnegative)]
    if prior.support is constraints.unit_interval:
        parts.append(_Saturation())
    elif prior.support is not constraints.nonnegative:
        return prior
    return _Through(prior, transforms.ComposeTransform(parts))


def tilted(prior: Prior, *, middle: Array, slope: Array, bend: Array) -> Prior:
    """A prior in the coordinate z of ``value = middle - z slope``.

    Where the support is not below 0, the value is bent to stay there:
    ``bend softplus((middle - z slope) / bend)``; of a positive value it is the logarithm.

    Parameters
    ----------
    prior : Distribution or number
        Of real, positive or non-negative support; any other is left as it is.
    middle, slope, bend : Array
        May depend on parameters drawn before.

    Examples
    --------
    >>> prior = tilted(dist.Normal(0.0, 1.0), middle=1.0, slope=2.0, bend=1.0)
    >>> float(biject_to(prior.support)(3.0))
    -5.0
    """
    if not isinstance(prior, dist.Distribution):
        return prior
    if prior.support is constraints.real:
        return _Through(prior, transforms.AffineTransform(middle, -slope))
    if prior.support is constraints.positive:
        line = transforms.AffineTransform(middle, -slope)
        return _Through(prior, transforms.ComposeTransform([line, transforms.ExpTransform()]))
    if prior.support is not constraints.nonnegative:
        return prior
    parts = [
        transforms.AffineTransform(middle / bend, -slope / bend),
        transforms.SoftplusTransform(),
        transforms.AffineTransform(0.0, bend, domain=constraints.positive),
    ]
    return _Through(prior, transforms.ComposeTransform(parts))
