"""The groups of a fit, computed from its draws."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Mapping
from functools import partial
from typing import Any

import jax
import numpy as np
import numpy.typing as npt
import xarray as xr

from toolkit import labels
from toolkit.inference import density, sampler, tree
from toolkit.inference.checks import Diagnosis, not_identified
from toolkit.inference.density import Target
from toolkit.models import Evidence, Model, Prior

FloatArray = npt.NDArray[Any]

_PRIOR_DRAWS = 1000
#: Numbers that the draws of the observed variables may take.
_PREDICTIVE_NUMBERS = 2**23
_PREDICTIVE_DRAWS = 100


def assemble(
    model: Model,
    evidence: Evidence,
    priors: dict[str, Prior],
    draws: sampler.Draws,
    diagnosis: Diagnosis,
    seed: int,
) -> xr.DataTree:
    """All groups of the tree."""
    target = density.target_of(model, evidence.spec)
    reported = [n for n in (*priors, *model.derived) if n in draws.values]
    posterior = {name: draws.values[name] for name in reported}
    before = _prior(target, _PRIOR_DRAWS, priors, evidence.data, jax.random.key(seed))
    prior = {name: np.asarray(before[name])[None] for name in reported}
    lead = _lead(draws.stats["lp"].shape)
    thinned, thin_lead = _thinned(draws.values, evidence, lead)
    keys = jax.random.split(
        jax.random.key(seed + 1), thin_lead[labels.DRAW].size * len(lead["chain"])
    )
    replicated = _replicated(model.replicate, evidence.spec, thinned, keys, evidence.data)
    shape = tuple(values.size for values in thin_lead.values())
    replicated = {n: np.asarray(v).reshape(*shape, *v.shape[1:]) for n, v in replicated.items()}
    terms = _terms(target, priors, evidence.data, draws.values)
    groups = {
        "posterior": tree.draws_dataset(posterior, evidence, lead),
        "prior": tree.draws_dataset(prior, evidence, _lead((1, _PRIOR_DRAWS))),
        "posterior_predictive": tree.observed_like(replicated, evidence, thin_lead),
        "log_likelihood": tree.pointwise(
            {name: np.asarray(values) for name, values in terms.items()}, evidence, lead
        ),
        "sample_stats": tree.sample_stats(draws.stats, lead),
        "observed_data": evidence.observed,
        "constant_data": evidence.constant,
    }
    remarks = (
        *evidence.remarks,
        *(model.identified(evidence) if model.identified else ()),
        *not_identified(
            {n: posterior[n] for n in model.parameters if n in posterior},
            {n: prior[n] for n in model.parameters if n in prior},
        ),
    )
    # The root carries no coordinates: groups need not align with one another.
    whole = xr.DataTree.from_dict(groups)
    whole.attrs = tree.attributes(
        model=model.name,
        converged=diagnosis.converged,
        problems=diagnosis.problems,
        divergences=diagnosis.divergences,
        remarks=remarks,
        versions={
            "python": platform.python_version(),
            **{p: importlib.metadata.version(p) for p in ("coevo-toolkit", "jax", "numpyro")},
        },
    )
    return whole


def _lead(shape: tuple[int, ...]) -> dict[str, FloatArray]:
    return {labels.CHAIN: np.arange(shape[0]), labels.DRAW: np.arange(shape[1])}


def _thinned(
    values: Mapping[str, FloatArray], evidence: Evidence, lead: Mapping[str, FloatArray]
) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Some of the draws, evenly spaced, flattened over chains: so many as memory allows."""
    one = sum(int(variable.size) for variable in evidence.observed.data_vars.values())
    num_chains, num_draws = (values_.size for values_ in lead.values())
    number = min(_PREDICTIVE_DRAWS, max(_PREDICTIVE_NUMBERS // max(one, 1), num_chains))
    kept = np.unique(np.linspace(0, num_draws - 1, max(number // num_chains, 1)).astype(int))
    some = {name: draws[:, kept].reshape(-1, *draws.shape[2:]) for name, draws in values.items()}
    return some, {labels.CHAIN: lead[labels.CHAIN], labels.DRAW: kept}


@partial(jax.jit, static_argnums=(0, 1))
def _prior(target: Target, number: int, priors: Any, data: Any, key: Any) -> Any:
    keys = jax.random.split(key, number)
    return jax.vmap(lambda one: density.prior_values(target, one, priors, data))(keys)


@partial(jax.jit, static_argnums=(0, 1))
def _replicated(replicate: Any, spec: Any, values: Any, keys: Any, data: Any) -> Any:
    def one(argument: tuple[Any, Any]) -> Any:
        return replicate(spec, argument[0], argument[1], data)

    return jax.lax.map(one, (values, keys))


@partial(jax.jit, static_argnums=0)
def _terms(target: Target, priors: Any, data: Any, values: Any) -> Any:
    def one(at: Any) -> Any:
        return density.log_likelihoods(target, at, priors, data)

    return jax.lax.map(lambda chain: jax.lax.map(one, chain), values)
