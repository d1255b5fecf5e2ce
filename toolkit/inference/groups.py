"""The groups of a fit, computed from its draws."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import jax
import numpy as np
import numpy.typing as npt
import xarray as xr

from toolkit import labels
from toolkit.inference import density, tree
from toolkit.inference.checks import not_identified
from toolkit.inference.density import Target
from toolkit.inference.programs import in_blocks, program
from toolkit.inference.sampler import Draws
from toolkit.models import Evidence, Model, Prior

FloatArray = npt.NDArray[Any]

#: Numbers that the draws of the observed variables may take.
_PREDICTIVE_NUMBERS = 2**23
_PREDICTIVE_DRAWS = 100
#: Draws whose terms are computed in one call.
_BLOCK = 250


class Groups:
    """All groups but the chains' own; their programs are compiled while the chains run.

    Parameters
    ----------
    model : Model
    evidence : Evidence
    priors : dict
    shapes : mapping of jax.ShapeDtypeStruct
        Of one draw of each site.
    num_chains, num_draws : int
        Chains, and the fewest draws of each.
    seed : int
    """

    def __init__(
        self,
        model: Model,
        evidence: Evidence,
        priors: dict[str, Prior],
        shapes: Mapping[str, jax.ShapeDtypeStruct],
        num_chains: int,
        num_draws: int,
        seed: int,
    ) -> None:
        self._model, self._evidence, self._priors = model, evidence, priors
        target, data = density.target_of(model, evidence.spec), evidence.data
        one = sum(int(variable.size) for variable in evidence.observed.data_vars.values())
        most = min(_PREDICTIVE_DRAWS, max(_PREDICTIVE_NUMBERS // max(one, 1), num_chains))
        self._per_chain = min(max(most // num_chains, 1), num_draws)
        number = self._per_chain * num_chains
        self._keys = jax.random.split(jax.random.key(seed + 1), number)
        some, block = _stacked(shapes, number), _stacked(shapes, _BLOCK)
        self._terms = program(_terms, (target,), priors, data, block)
        replicate = (model.replicate, evidence.spec)
        self._replicated = program(_replicated, replicate, some, self._keys, data)

    def assemble(self, draws: Draws, before: Mapping[str, FloatArray]) -> xr.DataTree:
        """The tree; its only attributes are the remarks.

        Parameters
        ----------
        draws : Draws
            With axes (chain, draw, ...).
        before : mapping
            Prior draws of all sites.
        """
        evidence, data = self._evidence, self._evidence.data
        lead = _lead(draws.stats["lp"].shape)
        names = [n for n in (*self._priors, *self._model.derived) if n in draws.values]
        posterior = {name: draws.values[name] for name in names}
        prior = {name: before[name][None] for name in names}
        flat = {n: v.reshape(-1, *v.shape[2:]) for n, v in draws.values.items()}
        terms = in_blocks(partial(self._terms, self._priors, data), _BLOCK, flat)
        kept, thinned = self._thinned(draws.values)
        replicated = self._replicated(thinned, self._keys, data)
        thin_lead = lead | {labels.DRAW: kept}
        groups = {
            "posterior": tree.draws_dataset(posterior, evidence, lead),
            "prior": tree.draws_dataset(
                prior, evidence, _lead((1, *next(iter(before.values())).shape[:1]))
            ),
            "posterior_predictive": tree.observed_like(
                _unflattened(replicated, thin_lead), evidence, thin_lead
            ),
            "log_likelihood": tree.pointwise(_unflattened(terms, lead), evidence, lead),
            "sample_stats": tree.sample_stats(draws.stats, lead),
            "observed_data": evidence.observed,
            "constant_data": evidence.constant,
        }
        # The root carries no coordinates: groups need not align with one another.
        whole = xr.DataTree.from_dict(groups)
        whole.attrs = tree.attributes(remarks=self._remarks(posterior, prior))
        return whole

    def _thinned(
        self, values: Mapping[str, FloatArray]
    ) -> tuple[npt.NDArray[np.int64], dict[str, FloatArray]]:
        """Some of the draws, evenly spaced, flattened over chains: so many as memory allows."""
        num_draws = next(iter(values.values())).shape[1]
        kept = np.linspace(0, num_draws - 1, self._per_chain).astype(int)
        some = {n: v[:, kept].reshape(-1, *v.shape[2:]) for n, v in values.items()}
        return kept, some

    def _remarks(
        self, posterior: Mapping[str, FloatArray], prior: Mapping[str, FloatArray]
    ) -> tuple[str, ...]:
        """What a reader must know."""
        model, evidence = self._model, self._evidence
        own = [name for name in model.parameters if name in posterior]
        return (
            *evidence.remarks,
            *(model.identified(evidence) if model.identified else ()),
            *not_identified({n: posterior[n] for n in own}, {n: prior[n] for n in own}),
        )


def _lead(shape: tuple[int, ...]) -> dict[str, FloatArray]:
    return {labels.CHAIN: np.arange(shape[0]), labels.DRAW: np.arange(shape[1])}


def _stacked(shapes: Mapping[str, jax.ShapeDtypeStruct], number: int) -> dict[str, Any]:
    return {n: jax.ShapeDtypeStruct((number, *v.shape), v.dtype) for n, v in shapes.items()}


def _unflattened(values: Mapping[str, Any], lead: Mapping[str, FloatArray]) -> dict[str, Any]:
    """Arrays with the axes of ``lead`` in place of their first one."""
    sizes = tuple(coordinate.size for coordinate in lead.values())
    return {n: np.asarray(v).reshape(*sizes, *v.shape[1:]) for n, v in values.items()}


def _replicated(replicate: Any, spec: Any, values: Any, keys: Any, data: Any) -> Any:
    return jax.lax.map(lambda one: replicate(spec, one[0], one[1], data), (values, keys))


def _terms(target: Target, priors: Any, data: Any, values: Any) -> Any:
    return jax.lax.map(lambda at: density.log_likelihoods(target, at, priors, data), values)
