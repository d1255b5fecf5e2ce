"""``dose``: how little fresh data keeps a variable where it should be."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from toolkit import labels
from toolkit.forecast.closed_forms import closed_form
from toolkit.forecast.continuation import (
    Start,
    check_variable,
    choose_paths,
    continue_loop,
    own_seed,
    source_of,
)
from toolkit.forecast.dose_search import Curve, crossing, explore
from toolkit.forecast.forecasting import check_length, level_of
from toolkit.forecast.kernels import KernelSource
from toolkit.inference import remarks
from toolkit.inference.checks import TAILS
from toolkit.systems.validation import integer, real

FloatArray = npt.NDArray[np.float64]

DOSES = (labels.INJECTION_FRACTION, labels.INJECTION_PROB, labels.NUM_USER_IMAGES)
#: What is kept by staying at or below the target.
DISTANCES = (labels.IMAGE_FIDELITY, labels.IMAGE_FIDELITY_SQUARED, labels.IMAGE_WASSERSTEIN)
_COMPANION = {
    labels.INJECTION_FRACTION: labels.INJECTION_PROB,
    labels.INJECTION_PROB: labels.INJECTION_FRACTION,
}
_DRAWS = 1000
#: Real images of a text are tried up to so many times its generated ones.
_MOST_REAL = 100
#: Standard errors of the interval.
_WIDTH = 1.96
_QUANTILES = (TAILS[0], 0.5, TAILS[1])


def dose(
    fit: xr.DataTree,
    *,
    target: float,
    horizon: int,
    variable: str = labels.TEXT_DIVERSITY,
    probability: float = 0.9,
    vary: str = labels.INJECTION_FRACTION,
    seed: int | None = None,
    throughout: bool = False,
    given: Mapping[str, Any] | None = None,
    num_draws: int = _DRAWS,
    start: Start = "last",
) -> xr.Dataset:
    """Find the smallest dose that keeps a variable at or above a target.

    A dose *replaces* what was fitted of ``vary`` from the next generation on; all other causes stay
    as fitted, or are as ``given``. So ``injection_fraction`` is the share that is injected whenever
    an injection takes place, with the fitted probability: say ``given={"injection_prob": 1}`` for
    one in every generation. ``num_user_images`` is the number of real images that every text is
    given in every image update.

    Kept means: at the horizon (``throughout``: in every generation up to it) the variable of all
    texts is at least the target; distances (``image_fidelity``, ``image_fidelity_squared``,
    ``image_wasserstein``) at most. The probability is over the posterior, the loop's chance and the
    replicates: each draw continues one replicate, in turn, from its last state, with the same
    random numbers under every dose.

    Doses are tried by powers of ten, then the decade in which the probability is first reached is
    halved (in logs) to under 4 %, real images to one. The answer is the smallest dose tried of
    those in which the probability is reached; it supposes that more helps up to there.

    Parameters
    ----------
    fit : xr.DataTree
        Of ``text_drift``, ``image_contraction`` or ``coevolution``.
    target : float
    horizon : int
        Generations from the last one observed.
    variable : str
    probability : float
        Below 1.
    vary : {"injection_fraction", "injection_prob", "num_user_images"}
    seed : int, optional
        That of the fit unless given. It fixes the result.
    throughout : bool
        In every generation up to the horizon, not at its end alone.
    given : mapping, optional
        Other parameters that are set (:func:`toolkit.forecast.override_names`).
    num_draws : int
        Of the posterior, and so of paths under each dose.
    start : {"last", "first"}

    Returns
    -------
    xr.Dataset
        ``dose_answer``: the dose; 0 where none is needed, NaN where none that was tried does it.
        ``dose_low`` and ``dose_high``, with the answer between them: where the curve crosses the
        probability give and take 1.96 Monte Carlo standard errors (inf: not among those tried).
        By ``dose``: ``probability_kept`` and ``standard_error``. ``probability_as_fitted``: where
        nothing changes, not even what is ``given``. ``closed_form``, by ``quantile`` over the
        posterior, where a theorem gives one for the stationary mean under drift alone
        (:mod:`toolkit.forecast.closed_forms`). Attributes: ``answer``, a sentence; ``remarks``.

    Raises
    ------
    ValueError
        When the model knows no such dose or variable, or a number is wrong.

    Examples
    --------
    >>> import toolkit as tk
    >>> system = tk.CoevolvingSystem.on_unit_circle(
    ...     num_texts=3, variance=0.01, batch_size=100, image_updates=0,
    ...     corpus=tk.CorpusInjection(prob=0.5, fraction=0.1))
    >>> seen = tk.simulate(system, generations=60, replicates=4, seed=1, record=["text_probs"])
    >>> found = tk.fit(seen, model="text_drift", seed=1, num_draws=100, text_temperature=1)
    >>> result = tk.dose(found, target=0.5, horizon=30, num_draws=100)
    >>> result.attrs["answer"]
    'injection_fraction 0... keeps text_diversity at least 0.5 after 30 generations with ...'
    """
    source = _checked(fit, variable, vary, given or {})
    given = dict(given or {})
    check_length(horizon, "horizon", source.size(variable) * integer(num_draws, "num_draws", 1))
    horizon = integer(horizon, "horizon", 1)
    target = level_of(variable, target, "target")
    probability = real(probability, "probability", 0, 1, open_low=True)
    if not probability < 1:
        raise ValueError("probability must be below 1: nothing that chance has a part in is sure.")
    seed = own_seed(fit) if seed is None else integer(seed, "seed", 0)
    same: dict[str, Any] = {"seed": seed, "num_draws": num_draws, "start": start, "in_turn": True}

    def kept(overrides: Mapping[str, Any]) -> float:
        ahead = continue_loop(
            fit, generations=horizon, variables=variable, overrides=overrides, **same
        )
        values = ahead.values[variable][:, 0]
        good = values <= target if variable in DISTANCES else values >= target
        good = good if throughout else good[:, -1:]
        return float(good.reshape(len(good), -1).all(axis=1).mean())

    paths = choose_paths(fit, source, overrides=given, **same).paths
    number = len(paths.draw)
    whole = vary == labels.NUM_USER_IMAGES
    numbers = source.numbers(paths)
    most = 1.0
    if whole:
        most = float(np.ceil(_MOST_REAL * numbers["batch_size"].mean() / source.num_texts))
    curve = explore(partial(_with, kept, given, vary), probability, most=most, whole=whole)
    spread = np.sqrt(probability * (1 - probability) / number)
    answer = crossing(curve, probability, exact=True)
    ends = [crossing(curve, probability + side * _WIDTH * spread) for side in (-1, 1)]
    ends = [np.inf if np.isnan(end) else float(np.ceil(end)) if whole else end for end in ends]
    # Doses that were tried may be farther apart than chance alone would have it.
    low, high = float(np.fmin(ends[0], answer)), float(np.fmax(ends[1], answer))
    quick = closed_form(vary, variable, target, numbers)
    result = xr.Dataset(
        {
            labels.PROBABILITY_KEPT: (labels.DOSE, curve.kept),
            labels.STANDARD_ERROR: (labels.DOSE, np.sqrt(curve.kept * (1 - curve.kept) / number)),
            labels.DOSE_ANSWER: answer,
            labels.DOSE_LOW: low,
            labels.DOSE_HIGH: high,
            labels.PROBABILITY_AS_FITTED: kept({}),
        },
        coords={labels.DOSE: curve.dose},
    )
    if quick is not None:
        # The smallest dose of a share of the draws, never between a number and none.
        ordered = np.quantile(quick[1], _QUANTILES, method="inverted_cdf")
        result[labels.CLOSED_FORM] = (labels.QUANTILE, ordered)
        result = result.assign_coords({labels.QUANTILE: list(_QUANTILES)})
        result[labels.CLOSED_FORM].attrs["theorem"] = quick[0]
    for name in result.variables:
        result[name].attrs = {**labels.FORECASTS[str(name)].attrs, **result[name].attrs}
    result.attrs = {
        "model": source.model,
        labels.VARIABLE: variable,
        "target": target,
        "probability": probability,
        "horizon": horizon,
        "vary": vary,
        "throughout": int(throughout),
        "given": json.dumps({k: np.asarray(v).tolist() for k, v in given.items()}),
        "start": start,
        "converged": str(fit.attrs.get("converged", "true")),
        "seed": str(seed),
        "paths": number,
        "remarks": json.dumps(_remarks(fit, curve, probability, spread, vary, given)),
    }
    result.attrs["answer"] = _answer(result)
    return result


def _with(
    kept: Callable[[Mapping[str, Any]], float], given: Mapping[str, Any], vary: str, value: float
) -> float:
    return kept({**given, vary: value})


def _checked(fit: xr.DataTree, variable: str, vary: str, given: Mapping[str, Any]) -> KernelSource:
    source = source_of(fit)
    if not isinstance(source, KernelSource):
        raise ValueError(
            f"a fit of {source.model} knows no dose: scores do not tell what fresh data would do. "
            "Fit text_drift to text_probs, image_contraction to images, or coevolution to both."
        )
    check_variable(source, variable)
    if variable == labels.TEXT_PROBS:
        raise ValueError("dose keeps a diversity or a distance, not text_probs; choose another.")
    if vary not in DOSES or vary not in source.parameters:
        known = " or ".join(name for name in DOSES if name in source.parameters)
        raise ValueError(f"vary must be {known} for a fit of {source.model}, not {vary!r}.")
    if vary in given:
        raise ValueError(f"{vary} is what is varied; leave it out of given.")
    return source


def _remarks(
    fit: xr.DataTree,
    curve: Curve,
    probability: float,
    spread: float,
    vary: str,
    given: Mapping[str, Any],
) -> list[str]:
    found = []
    other = _COMPANION.get(vary)
    if other is not None and other not in given:
        told = [remark for remark in remarks(fit) if other in remark]
        if told:
            found.append(
                f"{other} stays as fitted, but: {told[0]} Where it is yours to choose, set it "
                f"(given={{{other!r}: 1}}, or --set {other}=1)."
            )
    reached = (curve.kept >= probability).argmax()
    if curve.kept.max() >= probability and (curve.kept[reached:] < probability - 3 * spread).any():
        found.append("more is not always better: a larger dose keeps the target less often.")
    return found


def _answer(result: xr.Dataset) -> str:
    attrs, found = result.attrs, float(result[labels.DOSE_ANSWER])
    side = "at most" if attrs[labels.VARIABLE] in DISTANCES else "at least"
    when = "throughout" if attrs["throughout"] else "after"
    kept = (
        f"{attrs[labels.VARIABLE]} {side} {attrs['target']:g} {when} {attrs['horizon']} generations"
    )
    chance = f"with probability {attrs['probability']:g}"
    most = float(result[labels.DOSE].max())
    if np.isnan(found):
        best = float(result[labels.PROBABILITY_KEPT].max())
        return (
            f"No {attrs['vary']} up to {most:g} keeps {kept} {chance}; the best that was tried "
            f"does with {best:.3g}."
        )
    if found == 0:
        share = float(result[labels.PROBABILITY_KEPT][0])
        return f"No dose is needed: {attrs['vary']} 0 keeps {kept} with probability {share:.3g}."
    low, high = (float(result[name]) for name in (labels.DOSE_LOW, labels.DOSE_HIGH))
    upper = f"{high:.3g}" if np.isfinite(high) else f"beyond {most:g}"
    return (
        f"{attrs['vary']} {found:.3g} keeps {kept} {chance} (Monte Carlo interval {low:.3g} to "
        f"{upper})."
    )
