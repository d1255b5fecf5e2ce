"""The priors of a fit: a model's defaults, with the user's in their places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from numpyro.distributions import constraints

from toolkit.models import Evidence, Model, Prior

_TRIED = 200


def split_arguments(
    model: Model, given: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Options and priors of the keyword arguments."""
    unknown = [name for name in given if name not in (*model.parameters, *model.options)]
    if unknown:
        raise ValueError(
            f"{unknown[0]!r} is neither a parameter nor an option of {model.name}; parameters: "
            f"{', '.join(model.parameters)}; options: {', '.join(model.options) or 'none'}."
        )
    options = {name: value for name, value in given.items() if name in model.options}
    return options, {name: value for name, value in given.items() if name not in options}


def merged_priors(model: Model, evidence: Evidence, given: Mapping[str, Any]) -> dict[str, Prior]:
    """The default priors with the user's in their places, checked against the supports."""
    priors = dict(model.priors(evidence))
    for name, prior in given.items():
        if name not in priors:
            raise ValueError(
                f"{name} is no parameter of {model.name} with these data and options; there are: "
                f"{', '.join(priors)}."
            )
        if not isinstance(prior, dist.Distribution):
            prior = _number(name, prior, _shape(priors[name]))
        default = getattr(priors[name], "support", constraints.real)
        _check(name, prior, _shape(priors[name]), model.ranges.get(name, default))
        priors[name] = prior
    return priors


def _shape(prior: Prior) -> tuple[int, ...]:
    """Of one value of the parameter."""
    if isinstance(prior, dist.Distribution):
        return (*prior.batch_shape, *prior.event_shape)
    return np.shape(prior)


def _number(name: str, given: Any, shape: tuple[int, ...]) -> Prior:
    """What is known; a single number stands for all components."""
    try:
        number = np.asarray(given, float)
    except (TypeError, ValueError):
        raise ValueError(
            f"{name} must be a numpyro distribution (a prior) or a number (known), not "
            f"{type(given).__name__}."
        ) from None
    return jnp.asarray(np.broadcast_to(number, shape) if number.ndim == 0 else number)


def _check(
    name: str, prior: Prior, shape: tuple[int, ...], support: constraints.Constraint
) -> None:
    """That a prior has the parameter's shape and stays in its range."""
    if _shape(prior) != shape:
        raise ValueError(
            f"{name} has shape {shape}, but what is given for it {_shape(prior)}; give as many "
            "numbers, or a prior widened by .expand(shape).to_event()."
        )
    if isinstance(prior, dist.Distribution):
        some = np.asarray(prior.sample(jax.random.key(0), (_TRIED,)))
        what, kind = f"the prior of {name} can give", "prior"
    else:
        some = np.asarray(prior)[None]
        what, kind = f"{name} is", "number"
    # A vector is inside as a whole (on a simplex) or number by number.
    inside = np.asarray(support(some)).reshape(len(some), -1).all(axis=1)
    inside &= np.isfinite(some).reshape(len(some), -1).all(axis=1)
    if not inside.all():
        wrong = ", ".join(f"{number:.4g}" for number in np.ravel(some[~inside][0]))
        raise ValueError(
            f"{what} {wrong}, outside its range ({support!s}); give a {kind} within it."
        )


def prior_words(prior: Prior) -> str:
    """A prior as it would be written, with its numbers."""
    if not isinstance(prior, dist.Distribution):
        return f"known: {np.asarray(prior).tolist()}"
    numbers = {
        name: np.round(np.asarray(getattr(prior, name), float), 6).tolist()
        for name in getattr(prior, "arg_constraints", {})
        if hasattr(prior, name)
    }
    words = ", ".join(f"{name}={value}" for name, value in numbers.items())
    whole = f"{type(prior).__name__}({words})" if words else type(prior).__name__
    base = getattr(prior, "base_dist", None)
    # Expanded, transformed or truncated; a LogNormal's numbers are those of its base.
    known = set(getattr(base, "arg_constraints", {}))
    if base is not None and not (numbers and known <= set(numbers)):
        return f"{whole} of {prior_words(base)}"
    return whole
