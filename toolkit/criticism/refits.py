"""A model fitted anew without each of some folds: exact where importance sampling is not.

Terms of the fold that is left out are masked, not cut out, so that all refits have the shapes of
the whole data and share one compiled program. Priors that were chosen from the data stay those of
the whole data: what is compared is the same model throughout.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from numpyro import handlers
from numpyro.primitives import Messenger
from scipy.special import logsumexp

from toolkit import labels
from toolkit.criticism.folds import Folds
from toolkit.inference import density
from toolkit.inference.checks import LARGEST_RHAT
from toolkit.inference.sampler import sample_many
from toolkit.machine import jit
from toolkit.models import Evidence, Model, Priors

Floats = npt.NDArray[np.float64]
Program = Callable[[Any, Priors, Any], None]

#: Of each refit.
SETTINGS = {"num_chains": 2, "num_warmup": 200, "num_draws": 500}
#: Draws of the prior, none of which makes possible what is not.
_TRIED = 20
#: A refit is one of many: its chains may differ a little more than those of a fit.
_MOST_RHAT = 1 + 3 * (LARGEST_RHAT - 1)


class HeldOut(NamedTuple):
    """What refits say of the folds that they had not seen.

    Attributes
    ----------
    elpd : ndarray, shape (number of folds asked for,)
        Log predictive densities.
    bad : tuple of int
        Folds whose chains did not come to agree.
    """

    elpd: Floats
    bad: tuple[int, ...]


def held_out(
    model: Model,
    evidence: Evidence,
    priors: Priors,
    folds: Folds,
    which: Sequence[int],
    *,
    seed: int,
    **settings: Any,
) -> HeldOut:
    """Fit without each fold and predict it.

    Parameters
    ----------
    model : Model
    evidence : Evidence
        Of the whole data.
    priors : mapping
        Those of the fit to the whole data.
    folds : Folds
    which : sequence of int
        Folds to leave out, one at a time.
    seed : int
    **settings
        Of the sampler, instead of those of ``SETTINGS``.
    """
    target = density.target_of(model, evidence.spec)
    fold_of = _fold_of_terms(target, evidence, priors, folds)
    masked = dataclasses.replace(model, program=_masked(model.program))
    stacked = jax.tree.map(
        lambda leaf: np.broadcast_to(np.asarray(leaf), (len(which), *np.shape(leaf))),
        (evidence.data, fold_of),
    )
    draws = sample_many(
        masked,
        evidence.spec,
        priors,
        (*stacked, np.asarray(which)),
        seed=seed,
        **(SETTINGS | settings),
    )
    elpd = np.array(
        [
            _predicted(target, evidence, priors, fold_of, fold, _at(draws.values, index))
            for index, fold in enumerate(which)
        ]
    )
    names = [name for name in priors if name in draws.values]
    bad = [
        fold
        for index, fold in enumerate(which)
        if not _agree({name: draws.values[name][index] for name in names})
    ]
    return HeldOut(elpd, tuple(bad))


def impossible(model: Model, evidence: Evidence, priors: Priors, folds: Folds) -> npt.NDArray[Any]:
    """Folds that have probability 0 under each of some draws of the prior.

    Such as a lost text that comes back, where nothing is injected: no fit is needed to tell.

    Parameters
    ----------
    model : Model
    evidence : Evidence
    priors : mapping
    folds : Folds
    """
    target = density.target_of(model, evidence.spec)
    fold_of = _fold_of_terms(target, evidence, priors, folds)
    keys = jax.random.split(jax.random.key(0), _TRIED)
    never = np.zeros(folds.number, bool)
    for name, terms in _prior_terms(target, priors, evidence.data, keys).items():
        nowhere = np.isneginf(np.asarray(terms)).all(axis=0)
        never[np.unique(np.broadcast_to(fold_of[name], nowhere.shape)[nowhere])] = True
    return never


@jit(static_argnums=0)
def _prior_terms(target: density.Target, priors: Any, data: Any, keys: Any) -> Any:
    def one(key: Any) -> Any:
        values, _ = density.prior_draw(target, key, priors, data)
        return density.log_likelihoods(target, values, priors, data)

    return jax.lax.map(one, keys)


@functools.cache
def _masked(program: Program) -> Program:
    """The program without the terms of one fold; cached, so that it is compiled once."""

    def without(spec: Any, priors: Priors, data: Any) -> None:
        inner, fold_of, fold = data
        with _LeftOut(fold_of, fold):
            program(spec, priors, inner)

    return without


class _LeftOut(Messenger):
    """Masks the observed terms of a fold."""

    def __init__(self, fold_of: Mapping[str, Any], fold: Any) -> None:
        super().__init__()
        self.fold_of, self.fold = fold_of, fold

    def process_message(self, msg: dict[str, Any]) -> None:
        """Called by NumPyro at every site."""
        # Auxiliary factors, those of the Jacobian, are no terms of the data.
        if msg["type"] == "sample" and msg["name"] in self.fold_of:
            msg["fn"] = msg["fn"].mask(jnp.asarray(self.fold_of[msg["name"]]) != self.fold)


def _fold_of_terms(
    target: density.Target, evidence: Evidence, priors: Priors, folds: Folds
) -> dict[str, Any]:
    """The fold of each term of each observed site: shape (replicate, transition or generation)."""

    def sites(key: Any) -> dict[str, Any]:
        program = handlers.seed(target.program, key)
        found = handlers.trace(program).get_trace(target.spec, priors, evidence.data)
        return {
            name: site["fn"].log_prob(site["value"])
            for name, site in found.items()
            if site["type"] == "sample" and site["is_observed"]
        }

    coords = evidence.observed.coords
    known = {
        name: np.asarray(coords[name].values) if name in coords else None
        for name in (labels.REPLICATE, labels.GENERATION)
    }
    found = {}
    for name, shape in jax.eval_shape(sites, jax.random.key(0)).items():
        rows, columns = shape.shape[:2]
        replicate, generation = known[labels.REPLICATE], known[labels.GENERATION]
        replicate = np.arange(rows) if replicate is None else replicate
        # A transition has the name of the generation that it leads to.
        generation = np.arange(columns) if generation is None else generation[-columns:]
        of_term = folds.of(replicate[:, None], generation)
        found[name] = of_term.reshape(rows, columns, *[1] * (len(shape.shape) - 2))
    return found


def _at(values: Mapping[str, Any], index: int) -> dict[str, Any]:
    """The draws of one refit, all chains in a row."""
    return {
        name: np.reshape(draws[index], (-1, *draws.shape[3:])) for name, draws in values.items()
    }


def _predicted(
    target: density.Target,
    evidence: Evidence,
    priors: Priors,
    fold_of: Mapping[str, Any],
    fold: int,
    values: Mapping[str, Any],
) -> float:
    """Log of the mean density of the fold over the draws."""
    terms = np.asarray(_fold_terms(target, priors, evidence.data, fold_of, fold, dict(values)))
    return float(logsumexp(terms) - np.log(len(terms)))


@jit(static_argnums=0)
def _fold_terms(
    target: density.Target, priors: Priors, data: Any, fold_of: Any, fold: Any, values: Any
) -> Any:
    def one(at: Any) -> Any:
        terms = density.log_likelihoods(target, at, priors, data)
        return sum(jnp.sum(jnp.where(fold_of[name] == fold, terms[name], 0.0)) for name in terms)

    return jax.lax.map(one, values)


def _agree(values: Mapping[str, Floats]) -> bool:
    """Whether the chains agree about every component of every parameter."""
    from arviz_stats.base import array_stats

    for draws in values.values():
        flat = np.reshape(draws, (*draws.shape[:2], -1))
        for component in np.moveaxis(flat, -1, 0):
            if np.ptp(component) > 0 and not array_stats.rhat(component) <= _MOST_RHAT:
                return False
    return True
