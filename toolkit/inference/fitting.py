"""``fit``: from a trajectory to the posterior of what drives it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xarray as xr

from toolkit import datasets
from toolkit.inference.checks import Diagnosis, diagnose
from toolkit.inference.groups import Groups
from toolkit.inference.priors import merged_priors, prior_words, split_arguments
from toolkit.inference.sampler import Chains, Draws
from toolkit.inference.tree import attributes
from toolkit.models import Model, model_of
from toolkit.systems.validation import integer
from toolkit.trajectories import read_trajectory

#: Chains that agree but for chance are carried on up to about so many draws each.
_LONGEST = 2000
#: Chains farther apart than this do not agree but for chance: they are begun anew, ...
_FAR_APART = 1.1
#: ... warmed up longer, more carefully, and with a metric that is learned.
_SECOND_TRY = {"num_warmup": 1000, "target_accept": 0.9, "adapt_metric": True}


class ConvergenceWarning(UserWarning):
    """The chains of a fit did not come to agree: its numbers must not be used."""


def fit(
    data: xr.Dataset | str | Path | Any,
    model: str | Model,
    *,
    seed: int,
    num_chains: int = 4,
    num_warmup: int = 150,
    num_draws: int = 500,
    target_accept: float = 0.8,
    **priors_and_options: Any,
) -> xr.DataTree:
    """Infer what drives an observed loop.

    The data are checked against the model first. NUTS starts around a mode, whitened by
    Laplace's approximation. The chains are checked after: where they have too few effective draws
    they are carried on, up to 2000 draws each; where they disagree they are begun anew, warmed up
    longer. If that fails too the result says so: a warning, and the attribute ``converged``.

    Parameters
    ----------
    data : xr.Dataset, path or pandas.DataFrame
        A trajectory; what :func:`toolkit.read_trajectory` reads is read by it.
    model : str
        One of ``toolkit.models.MODELS``.
    seed : int
        Fixes the result.
    num_chains, num_warmup, num_draws : int
        Chains, and draws of each during and after its warm-up; there are 2, 4, ... times as many
        draws where the chains had to be carried on.
    target_accept : float
        Mean acceptance probability that NUTS adapts its step size to.
    **priors_and_options
        For a parameter of the model a ``numpyro.distributions`` prior, or a number where it is
        known. For an option of the model its value. Both are listed by
        ``help(toolkit.models.NAME)``.

    Returns
    -------
    xr.DataTree
        Groups ``posterior``, ``prior``, ``posterior_predictive`` (each generation drawn from the
        one observed before it, for some of the draws), ``log_likelihood``, ``sample_stats``,
        ``observed_data``, ``constant_data``; dims chain and draw, and those of the data, with
        units. Where some replicate and generation has no law (a missing score, a gap), the terms
        of ``log_likelihood`` stand in a row along ``observation`` instead. Attributes:
        ``converged``, ``problems``, ``remarks`` (what was left out, and what the data do not
        tell), ``tries`` (2 where the chains were begun anew), the model, seed, priors, options,
        settings and versions.

    Raises
    ------
    ValueError
        When the data do not suit the model, or a prior, option or number is wrong.

    Warns
    -----
    ConvergenceWarning
        When the chains did not come to agree.

    Examples
    --------
    >>> import numpy as np, toolkit as tk
    >>> score = 0.2 + 0.6 * 0.9 ** np.arange(30) + 0.01 * np.random.default_rng(1).normal(size=30)
    >>> observed = tk.read_trajectory(score=score[None])
    >>> found = tk.fit(observed, model="diversity_decay", seed=1)
    >>> 0.8 < float(found.posterior.contraction_factor.median()) < 0.95
    True
    """
    chosen = model if isinstance(model, Model) else model_of(model)
    settings = _settings(num_chains, num_warmup, num_draws, target_accept)
    seed = integer(seed, "seed", 0)
    options, given = split_arguments(chosen, priors_and_options)
    evidence = chosen.prepare(read_trajectory(data), **options)
    priors = merged_priors(chosen, evidence, given)

    num_chains, num_draws = settings["num_chains"], settings.pop("num_draws")
    names = [*priors, *chosen.derived]

    chains = Chains(chosen, evidence.spec, priors, evidence.data, seed=seed, **settings)
    groups = Groups(chosen, evidence, priors, chains.shapes, num_chains, num_draws, seed)
    draws, diagnosis = _carried_on(chains, num_draws, names)
    tries = 1
    if not diagnosis.converged:
        tries = 2
        settings |= {
            key: max(settings.get(key, value), value) for key, value in _SECOND_TRY.items()
        }
        again = Chains(chosen, evidence.spec, priors, evidence.data, seed=seed + 1, **settings)
        draws, diagnosis = _carried_on(again, num_draws, names)
    found = groups.assemble(draws, chains.prior[0])
    found.attrs |= attributes(
        model=chosen.name,
        converged=diagnosis.converged,
        problems=diagnosis.problems,
        divergences=diagnosis.divergences,
        seed=seed,
        options=options,
        priors={name: prior_words(prior) for name, prior in priors.items()},
        settings=settings | {"num_draws": draws.stats["lp"].shape[1]},
        tries=tries,
        versions=datasets.versions("numpyro"),
    )
    if not diagnosis.converged:
        warnings.warn(
            f"the fit did not converge: {'; '.join(diagnosis.problems)}. Its numbers must not be "
            "used; give more informative priors, fix a parameter that you know, or raise "
            "num_warmup and num_draws (--warmup, --draws).",
            ConvergenceWarning,
            stacklevel=2,
        )
    return found


def _carried_on(chains: Chains, num_draws: int, names: Sequence[str]) -> tuple[Draws, Diagnosis]:
    """Draws, 2, 4, ... times as many where chains that nearly agree need them."""
    while True:
        draws = chains.draw(num_draws)
        own = {name: draws.values[name] for name in names if name in draws.values}
        found = diagnose(own, draws.stats)
        if found.converged or 2 * num_draws > _LONGEST or found.worst_rhat > _FAR_APART:
            return draws, found
        num_draws *= 2


def _settings(chains: int, warmup: int, draws: int, accept: float) -> dict[str, Any]:
    if not 0 < float(accept) < 1:
        raise ValueError(f"target_accept must be between 0 and 1, not {accept!r}.")
    return {
        "num_chains": integer(chains, "num_chains", 1),
        "num_warmup": integer(warmup, "num_warmup", 50),
        "num_draws": integer(draws, "num_draws", 50),
        "target_accept": float(accept),
    }
