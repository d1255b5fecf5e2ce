"""Posteriors of many data sets, by one compiled program for each kind of data."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import jax
import numpy as np
import xarray as xr
from numpyro.diagnostics import effective_sample_size, split_gelman_rubin

from toolkit.calibration.drawing import at, components
from toolkit.inference.sampler import Draws, sample_many, stack
from toolkit.models import Evidence, Model, Prior

#: What may stand for a prior: also a number that follows from a data set's true values.
Given = Prior | float | Callable[[Mapping[str, Any]], float]

#: A chain has failed when its worst parameter has a larger R-hat, ...
MOST_R_HAT = 1.1
#: ... fewer effective draws, ...
LEAST_ESS = 40.0
#: ... or a larger share of its transitions diverged.
MOST_DIVERGENT = 0.05


class Sampler(Protocol):
    """As :func:`toolkit.inference.sampler.sample_many`."""

    def __call__(
        self,
        model: Model,
        spec: Any,
        priors: Mapping[str, Any],
        data: Any,
        *,
        seed: int,
        per_data_set: tuple[str, ...] = (),
        **settings: Any,
    ) -> Draws:
        """Draws of each data set's posterior."""
        ...


class Posteriors(NamedTuple):
    """What the fits of all data sets gave; leading axis: data set.

    Attributes
    ----------
    draws : dict of array, shape (num_datasets, num_draws)
        Of each component of each parameter; NaN where the data were refused.
    ess, r_hat : dict of array, shape (num_datasets,)
    divergences : ndarray of int, shape (num_datasets,)
    failed : ndarray of bool, shape (num_datasets,)
    refusals : dict
        From the index of a data set to the message with which ``prepare`` refused it.
    programs : int
        Kinds of data (specs and shapes), each of which was compiled for.
    """

    draws: dict[str, np.ndarray]
    ess: dict[str, np.ndarray]
    r_hat: dict[str, np.ndarray]
    divergences: np.ndarray
    failed: np.ndarray
    refusals: dict[int, str]
    programs: int


def posteriors(
    model: Model,
    datasets: Sequence[xr.Dataset],
    values: Mapping[str, np.ndarray],
    priors: Mapping[str, Given],
    *,
    parameters: Sequence[str],
    options: Mapping[str, Any],
    seed: int,
    sampler: Sampler | None = None,
    **settings: Any,
) -> Posteriors:
    """Fit every data set.

    Parameters
    ----------
    model : Model
    datasets : sequence of xr.Dataset
    values : mapping
        True values, for priors that are functions of them.
    priors : mapping
        Complete; common to all data sets but for such functions.
    parameters : sequence of str
        Whose draws are wanted; those that a fit does not have are left out.
    options : mapping
        Of the model's ``prepare``.
    seed : int
    sampler : callable, optional
        ``sample_many`` unless given.
    **settings
        Of the sampler.

    Raises
    ------
    ValueError
        When every data set was refused.
    """
    evidence, refusals = _prepare_all(model, datasets, options)
    if not evidence:
        raise ValueError(f"every data set was refused, the first so: {refusals[0]}")
    own = tuple(name for name, prior in priors.items() if _follows(prior))
    groups: dict[Hashable, list[int]] = {}
    for index, one in evidence.items():
        groups.setdefault(_kind(one), []).append(index)
    found = []
    for number, indices in enumerate(groups.values()):
        known = {name: np.array([priors[name](at(values, i)) for i in indices]) for name in own}  # type: ignore[operator]
        found.append(
            (sampler or sample_many)(
                model,
                evidence[indices[0]].spec,
                {**priors, **known},
                stack([evidence[index].data for index in indices]),
                seed=seed + number,
                per_data_set=own,
                **settings,
            )
        )
    order = np.concatenate([np.array(indices) for indices in groups.values()])
    return _collect(found, order, len(datasets), parameters, refusals)


def _prepare_all(
    model: Model, datasets: Sequence[xr.Dataset], options: Mapping[str, Any]
) -> tuple[dict[int, Evidence], dict[int, str]]:
    evidence, refusals = {}, {}
    for index, dataset in enumerate(datasets):
        try:
            evidence[index] = model.prepare(dataset, **options)
        except ValueError as error:
            refusals[index] = str(error)
    return evidence, refusals


def _follows(prior: Given) -> bool:
    """Whether a prior is a function of the true values (distributions are callable, too)."""
    return callable(prior) and not hasattr(prior, "log_prob")


def _kind(evidence: Evidence) -> Hashable:
    """What compiled code is fixed to: the spec and the shapes."""
    leaves, tree = jax.tree.flatten(evidence.data)
    shapes = tuple((np.shape(leaf), np.asarray(leaf).dtype.str) for leaf in leaves)
    return evidence.spec, tree, shapes


def _collect(
    found: Sequence[Draws],
    order: np.ndarray,
    number: int,
    parameters: Sequence[str],
    refusals: dict[int, str],
) -> Posteriors:
    """Draws and diagnostics of all groups, in the order of the data sets."""

    def spread(parts: Sequence[np.ndarray], blank: Any) -> np.ndarray:
        joined = np.concatenate(list(parts))
        whole = np.full((number, *joined.shape[1:]), blank, np.asarray(joined).dtype)
        whole[order] = joined
        return whole

    present = [name for name in parameters if all(name in part.values for part in found)]
    values = {name: spread([part.values[name] for part in found], np.nan) for name in present}
    diverging = spread([part.stats["diverging"] for part in found], False)
    # A component at a time: (dataset, chain, draw).
    by_chain = {
        name: array.reshape(number, *diverging.shape[1:])
        for name, array in _components_of(values).items()
    }
    ess, r_hat = {}, {}
    for name, array in by_chain.items():
        chains = np.moveaxis(array, 0, -1)
        with np.errstate(invalid="ignore", divide="ignore"):
            ess[name] = np.asarray(effective_sample_size(chains))
            r_hat[name] = np.asarray(split_gelman_rubin(chains))
    divergences = diverging.sum(axis=(1, 2))
    failed = divergences > MOST_DIVERGENT * diverging[0].size
    for name in by_chain:
        # Negated, so that a chain of which nothing can be said has failed too.
        failed |= ~((r_hat[name] <= MOST_R_HAT) & (ess[name] >= LEAST_ESS))
    failed[list(refusals)] = False
    draws = {name: array.reshape(number, -1) for name, array in by_chain.items()}
    return Posteriors(draws, ess, r_hat, divergences, failed, refusals, len(found))


def _components_of(values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Components of arrays with leading axes (dataset, chain, draw), these made one."""
    flat = {
        name: array.reshape(int(np.prod(array.shape[:3])), *array.shape[3:])
        for name, array in values.items()
    }
    return components(flat)
