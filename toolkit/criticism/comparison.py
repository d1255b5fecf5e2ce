"""``compare_models``: which causes the data need, by how well each variant predicts new data.

The expected log predictive density (elpd) of a replicate that was left out,

    elpd = sum over replicates r of log p(y_r | y without r),

needs one fit without each replicate. Where it can, Pareto-smoothed importance sampling reweights
the fit to all data instead (A. Vehtari, A. Gelman and J. Gabry, 2017; A. Vehtari, D. Simpson, A.
Gelman, Y. Yao and J. Gabry, 2024): a replicate's weight is the inverse of its likelihood, all terms
multiplied, and the Pareto k of the weights says whether that can be trusted. Where k is above the
limit the model is fitted anew without the replicate. Stacking weights (Y. Yao, A. Vehtari, D.
Simpson and A. Gelman, 2018) mix the variants so that the mixture predicts best.

The standard error of a difference is that of a sum over folds; with n folds it has n - 1 degrees
of freedom, and a difference is told when it exceeds Student's t for 95 % times the error, and 4
besides: smaller ones are those of models that predict alike, and their errors are far from normal
(T. Sivula, M. Magnusson and A. Vehtari, 2025).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from toolkit import labels
from toolkit.criticism import refits
from toolkit.criticism.folds import Folds, plan, summed
from toolkit.criticism.judging import Judged, result_of
from toolkit.criticism.variants import FULL, Variant, variants_of
from toolkit.inference import ConvergenceWarning, fit
from toolkit.inference.priors import merged_priors, split_arguments
from toolkit.models import Evidence, Model, Priors, model_of
from toolkit.systems.validation import integer
from toolkit.trajectories import read_trajectory

WHERE_NEEDED, NEVER, ALWAYS = "where needed", "never", "always"


def compare_models(
    fits: Mapping[str, xr.DataTree] | None = None,
    *,
    data: xr.Dataset | str | Path | Any = None,
    model: str | Model | None = None,
    seed: int | None = None,
    variants: Mapping[str, Mapping[str, Any]] | None = None,
    refit: str | None = None,
    reference: str | None = None,
    **settings: Any,
) -> xr.Dataset:
    """Compare fits of the same data, or a model with its variants without single causes.

    Parameters
    ----------
    fits : mapping of xr.DataTree, optional
        Fits of the same data under several models or settings. Judged by importance sampling
        alone.
    data, model, seed : optional
        Instead of ``fits``: the model is fitted to the data, and so is each variant in which a
        cause is switched off, with the same seed.
    variants : mapping, optional
        With ``data``: settings of ``fit`` that make a variant, by its name, instead of those of
        ``toolkit.criticism.VARIANTS``.
    refit : {"where needed", "never", "always"}, optional
        Whether to fit anew without a fold; with ``data``, where needed unless told otherwise.
    reference : str, optional
        The variant that differences are taken from; that of all causes unless told otherwise, and
        among ``fits`` the best.
    **settings
        With ``data``: what else ``fit`` takes, for all variants.

    Returns
    -------
    xr.Dataset
        Dims variant and fold: ``elpd``, ``elpd_difference`` and its standard error, stacking
        weight, ``pareto_k``, ``refitted``. Attributes: ``answer`` (sentences), ``warnings`` (a
        JSON list: why the data cannot tell, what must not be trusted), ``reference``,
        ``left_out``.

    Raises
    ------
    ValueError
        When neither or both are given, fits are not of the same data, or a setting is wrong.

    Examples
    --------
    >>> import numpy as np, toolkit as tk
    >>> score = 0.2 + 0.6 * 0.9 ** np.arange(30) + 0.01 * np.random.default_rng(1).normal(size=30)
    >>> observed = tk.read_trajectory(score=score[None])
    >>> fits = {"floor": tk.fit(observed, model="diversity_decay", seed=1),
    ...         "no floor": tk.fit(observed, model="diversity_decay", seed=1, floor=0.0)}
    >>> judged = tk.compare_models(fits)
    >>> judged.sizes["fold"], judged.attrs["left_out"]
    (10, 'block of transitions')
    """
    if (fits is None) == (data is None):
        raise ValueError(
            "compare_models takes either fits (a mapping from names to fits), or data=, model= and "
            "seed=."
        )
    if refit not in (WHERE_NEEDED, NEVER, ALWAYS, None):
        raise ValueError(f"refit must be {WHERE_NEEDED!r}, {NEVER!r} or {ALWAYS!r}, not {refit!r}.")
    if fits is not None:
        also = {"model": model, "seed": seed, "variants": variants, **settings}
        unused = [name for name, value in also.items() if value is not None]
        return _compare_fits(fits, refit, reference, unused)
    if model is None or seed is None:
        raise ValueError("with data= give model= and seed= too.")
    chosen = model_of(model) if isinstance(model, str) else model
    own = None
    if variants is not None:
        own = [Variant(FULL, "", {}), *(Variant(n, "", given) for n, given in variants.items())]
    judged, folds, compared = _fit_variants(
        read_trajectory(data),
        chosen,
        integer(seed, "seed", 0),
        own,
        refit or WHERE_NEEDED,
        settings,
    )
    attrs = {"model": chosen.name, "seed": seed}
    return result_of(judged, folds, compared, reference or FULL, attrs)


def _compare_fits(
    fits: Mapping[str, xr.DataTree], refit: str | None, reference: str | None, other: Sequence[str]
) -> xr.Dataset:
    if refit not in (NEVER, None) or other:
        what = other[0] if other else f"refit={refit!r}"
        raise ValueError(
            f"{what} needs the data: fits are judged as they are. Give data=, model= and seed= "
            "instead."
        )
    if len(fits) < 2:
        raise ValueError(f"compare_models needs two fits or more, not {len(fits)}.")
    _check_same(fits)
    groups = {name: one["log_likelihood"].to_dataset() for name, one in fits.items()}
    folds = plan(next(iter(groups.values())))
    judged = {
        name: _by_importance(fits[name], summed(group, folds)) for name, group in groups.items()
    }
    return result_of(judged, folds, [Variant(name, "", {}) for name in fits], reference, {})


def _check_same(fits: Mapping[str, xr.DataTree]) -> None:
    """That the fits are of the same data, with densities that can be compared."""
    first_name, first = next(iter(fits.items()))
    for name, one in fits.items():
        for group in ("log_likelihood", "observed_data"):
            if group not in one.children:
                raise ValueError(f"{name!r} holds no group {group}; give what fit returns.")
        ours, theirs = one["observed_data"].to_dataset(), first["observed_data"].to_dataset()
        if not ours.equals(theirs):
            raise ValueError(
                f"the fits {first_name!r} and {name!r} are not of the same observed data, so "
                "their predictions cannot be compared; fit the same variables of one data set."
            )
        if _counted(one) != _counted(first):
            raise ValueError(
                f"the fits {first_name!r} and {name!r} give the data probabilities (of counts) and "
                "densities (of moments), which cannot be compared; give both the same likelihood=."
            )


def _counted(one: xr.DataTree) -> bool:
    return "likelihood is that of counts" in str(one.attrs.get("remarks", ""))


def _fit_variants(
    dataset: xr.Dataset,
    model: Model,
    seed: int,
    own: list[Variant] | None,
    refit: str,
    settings: Mapping[str, Any],
) -> tuple[dict[str, Judged], Folds, list[Variant]]:
    """Fit and judge every variant; the user's own ones, or those of the model."""
    sampling = {name: value for name, value in settings.items() if name in _SAMPLING}
    given = {name: value for name, value in settings.items() if name not in sampling}
    options, _ = split_arguments(model, given)
    priors = model.priors(model.prepare(dataset, **options))
    variants = own or variants_of(model.name, given, priors)
    if len(variants) < 2:
        raise ValueError(
            f"{model.name} has no variant with these settings: each cause is fixed already, or "
            "none is known of this model; give variants=."
        )
    judged: dict[str, Judged] = {}
    folds: Folds | None = None
    for variant in variants:
        mine = {**given, **variant.given}
        options, chosen = split_arguments(model, mine)
        evidence = model.prepare(dataset, **options)
        full = merged_priors(model, evidence, chosen)
        if folds is not None:
            never = refits.impossible(model, evidence, full, folds)
            if never.any():
                judged[variant.name] = _impossible(never)
                continue
        with warnings.catch_warnings():  # told in the result's own words
            warnings.simplefilter("ignore", ConvergenceWarning)
            found = fit(dataset, model, seed=seed, **sampling, **mine)
        terms = found["log_likelihood"].to_dataset()
        folds = folds or plan(terms)
        one = _by_importance(found, summed(terms, folds))
        if refit != NEVER:
            one = _refitted(one, model, evidence, full, folds, seed, refit)
        judged[variant.name] = one
    assert folds is not None
    return judged, folds, list(variants)


_SAMPLING = ("num_chains", "num_warmup", "num_draws", "target_accept")


def _impossible(never: npt.NDArray[np.bool_]) -> Judged:
    """A variant under which some folds cannot be; of the others nothing need be known."""
    elpd = np.where(never, -np.inf, 0.0)
    none = np.zeros(len(never), bool)
    return Judged(elpd, np.full(len(never), -np.inf), np.nan, none, ())


def _by_importance(found: xr.DataTree, terms: xr.DataArray) -> Judged:
    """PSIS leave-one-fold-out; a fold of which all draws say the same needs no weights."""
    from arviz_stats import loo

    problems = []
    if str(found.attrs.get("converged", "true")) != "true":
        problems.append("the chains of its fit did not come to agree")
    possible = np.isfinite(terms.values).all(axis=(0, 1))
    varies = possible & (np.ptp(np.where(possible, terms.values, 0.0), axis=(0, 1)) > 0)
    elpd, k = terms.values[0, 0].copy(), np.full(len(varies), -np.inf)
    limit = np.nan
    if varies.any():
        tree = xr.DataTree.from_dict(
            {
                "posterior": found["posterior"].to_dataset(),
                "log_likelihood": terms.isel({labels.FOLD: varies}).to_dataset(name="fold_terms"),
            }
        )
        with warnings.catch_warnings():  # of Pareto k, which is returned
            warnings.simplefilter("ignore")
            result = loo(tree, pointwise=True, var_name="fold_terms")
        elpd[varies], k[varies] = result.elpd_i.values, result.pareto_k.values
        limit = float(result.good_k)
    refitted = np.zeros(len(varies), bool)
    return Judged(elpd, k, limit, refitted, tuple(problems))


def _refitted(
    one: Judged,
    model: Model,
    evidence: Evidence,
    priors: Priors,
    folds: Folds,
    seed: int,
    refit: str,
) -> Judged:
    """The same with the folds fitted anew whose importance weights cannot be trusted."""
    bad = (one.pareto_k > one.limit) if refit == WHERE_NEEDED else np.isfinite(one.pareto_k)
    which = [int(fold) for fold in np.flatnonzero(bad)]
    if not which:
        return one
    exact = refits.held_out(model, evidence, priors, folds, which, seed=seed)
    elpd, refitted = one.elpd.copy(), one.refitted.copy()
    elpd[which], refitted[which] = exact.elpd, True
    problems = one.problems
    if exact.bad:
        names = ", ".join(folds.names[fold] for fold in exact.bad[:3])
        problems += (f"the chains without {names} did not come to agree",)
    return one._replace(elpd=elpd, refitted=refitted, problems=problems)
