"""Fits and checks of many data sets of one kind of loop, to count what they get wrong."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
import numpy.typing as npt

from toolkit import labels
from toolkit.criticism.predictive import check_draws
from toolkit.criticism.unknown_loops import INJECTED_SHARE, Drawn, UnknownLoop
from toolkit.inference.sampler import Draws, sample_many, stack
from toolkit.inference.tree import observed_like
from toolkit.machine import jit
from toolkit.models import Evidence, Model, model_of

Floats = npt.NDArray[np.float64]

SETTINGS = {"num_warmup": 200, "num_draws": 400}
#: As a fit keeps.
_PREDICTIVE_DRAWS = 100


class Judged(NamedTuple):
    """What fits and checks said of the data sets of one loop; leading axis: data set.

    Attributes
    ----------
    mean, sd, low, high : dict of ndarray
        Of the posterior of what is reported; ``low`` and ``high`` end the central 90 % interval.
    truth : dict of float
    p_value : dict of ndarray
        Of each statistic, not corrected; NaN where it could not be computed.
    alarm : ndarray of bool
    """

    mean: dict[str, Floats]
    sd: dict[str, Floats]
    low: dict[str, Floats]
    high: dict[str, Floats]
    truth: dict[str, float]
    p_value: dict[str, Floats]
    alarm: npt.NDArray[np.bool_]


def judge_many(loop: UnknownLoop, num_datasets: int, *, seed: int, **settings: Any) -> Judged:
    """Draw data sets of a loop, fit each and check each fit.

    One chain each, under the first data set's default priors.

    Parameters
    ----------
    loop : UnknownLoop
    num_datasets : int
    seed : int
    **settings
        Of the sampler.
    """
    rng = np.random.default_rng(seed)
    drawn = [loop.make(rng) for _ in range(num_datasets)]
    model = model_of(loop.model)
    evidence = [model.prepare(one.dataset, **loop.options) for one in drawn]
    # Data sets differ in kind where one of them is taken for counts and another is not.
    groups: dict[Hashable, list[int]] = {}
    for index, one in enumerate(evidence):
        groups.setdefault(_kind(one), []).append(index)
    rows: list[dict[str, Any]] = [{} for _ in drawn]
    for indices in groups.values():
        same = [evidence[index] for index in indices]
        found = _sampled(model, same, seed, settings)
        for position, index in enumerate(indices):
            values = {name: draws[position] for name, draws in found.values.items()}
            rows[index] = _row(model, same[position], values, drawn[index], seed + index)
    return _collected(rows, dict(drawn[0].truth))


def _kind(evidence: Evidence) -> Hashable:
    leaves, tree = jax.tree.flatten(evidence.data)
    return evidence.spec, tree, tuple(np.shape(leaf) for leaf in leaves)


def _sampled(
    model: Model, evidence: Sequence[Evidence], seed: int, settings: Mapping[str, Any]
) -> Draws:
    return sample_many(
        model,
        evidence[0].spec,
        model.priors(evidence[0]),
        stack([one.data for one in evidence]),
        seed=seed,
        **(SETTINGS | dict(settings)),
    )


def _row(
    model: Model, evidence: Evidence, values: Mapping[str, Floats], drawn: Drawn, seed: int
) -> dict[str, Any]:
    """Posterior summaries and the check of one data set; values with axes (chain, draw, ...)."""
    reported = {name: _reported(name, values).ravel() for name in drawn.truth}
    flat = {name: draws.reshape(-1, *draws.shape[2:]) for name, draws in values.items()}
    total = len(next(iter(flat.values())))
    kept = np.linspace(0, total - 1, _PREDICTIVE_DRAWS).astype(int)
    some = {name: draws[kept] for name, draws in flat.items()}
    keys = jax.random.split(jax.random.key(seed), len(kept))
    replicated = _replicated(model.replicate, evidence.spec, some, keys, evidence.data)
    lead = {labels.CHAIN: np.arange(1), labels.DRAW: kept}
    predictive = observed_like(
        {name: np.asarray(array)[None] for name, array in replicated.items()}, evidence, lead
    )
    check = check_draws(model.name, evidence.observed, predictive, evidence.constant)
    names = [str(name) for name in check[labels.STATISTIC].values]
    return {
        "mean": {name: draws.mean() for name, draws in reported.items()},
        "sd": {name: draws.std(ddof=1) for name, draws in reported.items()},
        "low": {name: np.quantile(draws, 0.05) for name, draws in reported.items()},
        "high": {name: np.quantile(draws, 0.95) for name, draws in reported.items()},
        "p_value": dict(zip(names, check[labels.P_VALUE].values, strict=True)),
        "alarm": check.attrs["alarm"] == "true",
    }


def _reported(name: str, values: Mapping[str, Floats]) -> Floats:
    if name == INJECTED_SHARE:
        return np.asarray(values[labels.INJECTION_PROB] * values[labels.INJECTION_FRACTION])
    return np.asarray(values[name])


@jit(static_argnums=(0, 1))
def _replicated(replicate: Any, spec: Any, values: Any, keys: Any, data: Any) -> Any:
    def one(argument: tuple[Any, Any]) -> Any:
        return replicate(spec, argument[0], argument[1], data)

    return jax.lax.map(one, (values, keys))


def _collected(rows: Sequence[Mapping[str, Any]], truth: dict[str, float]) -> Judged:
    def column(name: str) -> dict[str, Floats]:
        keys = dict.fromkeys(key for row in rows for key in row[name])
        return {key: np.array([row[name].get(key, np.nan) for row in rows]) for key in keys}

    return Judged(
        mean=column("mean"),
        sd=column("sd"),
        low=column("low"),
        high=column("high"),
        truth=truth,
        p_value=column("p_value"),
        alarm=np.array([row["alarm"] for row in rows]),
    )
