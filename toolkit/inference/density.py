"""The log density of a program in unconstrained coordinates, as one flat vector.

A parameter of restricted support is mapped to the real line by NumPyro's bijection of its
prior's support, with the Jacobian in the density. A flat vector keeps what comes after (Laplace's
approximation, whitening, NUTS) free of names; :func:`values_of` leads back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from numpyro import handlers
from numpyro.distributions.transforms import biject_to
from numpyro.infer.util import constrain_fn, potential_energy

from toolkit.measures import Array
from toolkit.models import Model, Priors

Program = Callable[[Any, Priors, Any], None]
Coordinates = Callable[[dict[str, Array]], dict[str, Array]]


class Target(NamedTuple):
    """What is sampled from: a program and its static part.

    Both are hashable: everything compiled is compiled once per target and shapes.
    """

    program: Program
    spec: Any
    coordinates: Coordinates | None = None


def target_of(model: Model, spec: Any) -> Target:
    """The target that a model's posterior is."""
    return Target(model.program, spec, model.coordinates)


def prior_draw(
    target: Target, rng_key: Array, priors: Priors, data: Any
) -> tuple[dict[str, Array], Array]:
    """One draw of all sites from the prior, what derives included, and as a flat vector.

    Where the model bends its coordinates the vector is no exact draw: it is where searches start.
    """
    program = handlers.seed(target.program, rng_key)
    found = handlers.trace(program).get_trace(target.spec, priors, data)
    free = {name: site for name, site in found.items() if not site.get("is_observed")}
    values = {n: s["value"] for n, s in free.items() if s["type"] in ("sample", "deterministic")}
    flat = ravel_pytree(_unconstrained(free))[0]
    return values, flat if flat.size else jax.random.normal(rng_key, (1,))


def values_of(target: Target, flat: Array, priors: Priors, data: Any) -> dict[str, Array]:
    """All sites at an unconstrained point, what derives included."""
    _, unravel = _template(target, priors, data)
    arguments = (target.spec, priors, data)
    values: dict[str, Array] = constrain_fn(
        target.program, arguments, {}, unravel(flat), return_deterministic=True
    )
    return values


def log_likelihoods(
    target: Target, values: dict[str, Array], priors: Priors, data: Any
) -> dict[str, Array]:
    """Each observed site's terms, at given values of all sites."""
    program = handlers.substitute(target.program, data=values)
    found = handlers.trace(program).get_trace(target.spec, priors, data)
    return {
        name: site["fn"].log_prob(site["value"])
        for name, site in found.items()
        if site["type"] == "sample" and site["is_observed"]
    }


def potential(target: Target, priors: Priors, data: Any) -> Callable[[Array], Array]:
    """Minus the log density as a function of the flat vector."""
    _, unravel = _template(target, priors, data)
    arguments = (target.spec, priors, data)

    def energy(flat: Array) -> Array:
        at = unravel(flat)
        if not at:  # all is known: a standard normal stands in for the empty vector
            return jnp.sum(jnp.square(flat)) / 2
        value: Array = potential_energy(target.program, arguments, {}, at)
        return value

    return energy


def _unconstrained(sites: dict[str, Any]) -> dict[str, Array]:
    return {
        name: biject_to(site["fn"].support).inv(site["value"])
        for name, site in sites.items()
        if site["type"] == "sample" and not site["is_observed"]
    }


def _template(
    target: Target, priors: Priors, data: Any
) -> tuple[Array, Callable[[Array], dict[str, Array]]]:
    """The shape of the flat vector, and the way back to named unconstrained values."""

    def drawn(rng_key: Array) -> dict[str, Array]:
        program = handlers.seed(target.program, rng_key)
        return _unconstrained(handlers.trace(program).get_trace(target.spec, priors, data))

    shapes = jax.eval_shape(drawn, jax.random.key(0))
    zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
    flat, unravel = ravel_pytree(zeros)
    if not flat.size:
        return flat, lambda _: {}
    bend = target.coordinates
    return flat, (unravel if bend is None else lambda at: bend(unravel(at)))
