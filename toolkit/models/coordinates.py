"""Coordinates in which a sampler moves, chosen for a program's shape and not by its priors.

A site's prior decides its density; its support decides the bijection from the real line that NUTS
works in. Here the bijection is given apart, and may depend on parameters drawn before: the
posterior is the same, its shape is not.
"""

from __future__ import annotations

from typing import Any

import numpyro.distributions as dist
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
