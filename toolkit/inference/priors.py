"""The priors of a fit: a model's defaults, with the user's in their places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist

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
        support = getattr(priors[name], "support", dist.constraints.real)
        if isinstance(prior, dist.Distribution):
            some = prior.sample(jax.random.key(0), (200,))
            what = "the prior of {} can give {}"
        else:
            try:
                some = np.asarray(prior, float)
            except (TypeError, ValueError):
                raise ValueError(
                    f"{name} must be a numpyro distribution (a prior) or a number (known), not "
                    f"{type(prior).__name__}."
                ) from None
            prior, what = jnp.asarray(some), "{} is {}"
        inside = np.asarray(support(some)) & np.isfinite(np.asarray(some))
        if not inside.all():
            wrong = np.asarray(some)[~inside].ravel()[0] if inside.ndim else some
            raise ValueError(
                f"{what.format(name, f'{float(np.ravel(wrong)[0]):.4g}')}, outside its range "
                f"({support!s}); give a {'prior' if 'prior' in what else 'number'} within it."
            )
        priors[name] = prior
    return priors


def prior_words(prior: Prior) -> str:
    """A prior as it would be written, with its numbers."""
    if not isinstance(prior, dist.Distribution):
        return f"known: {np.asarray(prior).tolist()}"
    base = getattr(prior, "base_dist", None)
    if base is not None and type(prior).__name__ in ("TransformedDistribution", "Independent"):
        return f"{type(prior).__name__} of {prior_words(base)}"
    numbers = {
        name: np.round(np.asarray(getattr(prior, name), float), 6).tolist()
        for name in getattr(prior, "arg_constraints", {})
        if hasattr(prior, name)
    }
    words = ", ".join(f"{name}={value}" for name, value in numbers.items())
    return f"{type(prior).__name__}({words})"
