"""Data policies on families of models: the loops, their runs and sweeps of a policy's numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from toolkit import labels, metrics
from toolkit.compare import compare
from toolkit.simulate import simulate
from toolkit.systems import (
    Accumulate,
    Budget,
    Categorical,
    Curated,
    ExponentialFamily,
    Fresh,
    Gaussian,
    GaussianMixture,
    Injected,
    KernelDensity,
    LinearRegression,
    Mix,
    Replace,
    RetrainingSystem,
)
from toolkit.theory import NothingPredictedError, number, predict

FloatArray = npt.NDArray[np.float64]

GAUSSIAN, REGRESSION = "Gaussian", "linear regression"
#: Dims and variables of what is stored.
FAMILY, POLICY, GROWTH, CASE = "family", "policy", "growth", "case"
#: Policies, in the order of the figure: what trains on old and own data, and what on new data.
REPLACE, MIX, ACCUMULATE = "replace", "mix", "accumulate"
EVERYTHING, RESERVOIR, LATEST = "budget: everything", "budget: reservoir", "budget: latest"
NATURAL, BEST, INJECTED = "fresh, natural weight", "fresh, best weight", "injected"
CURATED, CURATED_REAL = "curated", "curated with real"
CLOSED = (REPLACE, MIX, ACCUMULATE, EVERYTHING, RESERVOIR, LATEST)
OPEN = (NATURAL, BEST, INJECTED, CURATED, CURATED_REAL)
NOT_PREDICTED = "not predicted"
_ERROR, _VARIANCE = "retraining_error", "retraining_variance"
#: Chance that any verdict of a comparison is a false alarm, over all of a study.
_FALSE_ALARM = 0.01


class Cell(NamedTuple):
    """A policy on a family; errors are relative to the first fit's, variances to the real one.

    Attributes
    ----------
    system : RetrainingSystem
    generation : ndarray
    error, variance : metrics.Mean
        At each generation.
    growth : metrics.Mean
        Of the error, from half the generations to the last.
    predicted : mapping
        Curves of ``labels.MODEL_ERROR`` and ``labels.MODEL_VARIANCE``, where they exist.
    verdicts : mapping
        Of the comparisons, likewise.
    location : ndarray
        Mean of the model's location at each generation, less the real one.
    """

    system: RetrainingSystem
    generation: npt.NDArray[np.int64]
    error: metrics.Mean
    variance: metrics.Mean
    growth: metrics.Mean
    predicted: Mapping[str, FloatArray]
    verdicts: Mapping[str, str]
    location: FloatArray


class Sweep(NamedTuple):
    """Error with fresh data against their weight, over the late generations.

    Attributes
    ----------
    family : str
    num_fresh, num_generated : int
    weights, error, standard_error, exact : ndarray
        Errors relative to those of the first fit.
    least, least_error, of_exact : float
        Where the parabola near the minimum is least; its standard error; the same for the exact
        curve.
    predicted : float
        The theorem's best weight.
    """

    family: str
    num_fresh: int
    num_generated: int
    weights: FloatArray
    error: FloatArray
    standard_error: FloatArray
    exact: FloatArray
    least: float
    least_error: float
    of_exact: float
    predicted: float


def families(config: Any) -> dict[str, Any]:
    """What is retrained, and for each the weights of an example's numbers in a curator's score."""
    points = np.random.default_rng(config.seed).normal(size=(config.size, 1))
    return {
        GAUSSIAN: (Gaussian(mean=np.zeros(2), cov=np.eye(2), ddof=0), (1.0, 0.0)),
        REGRESSION: (
            LinearRegression(coef=np.array([1.0, -1.0]), noise_sd=1.0, inputs="orthogonal"),
            (0.0, 0.0, 1.0),
        ),
        "categorical": (Categorical(probs=np.array([0.3, 0.25, 0.2, 0.15, 0.1])), (1.0,)),
        "Poisson": (ExponentialFamily(member="poisson", values=np.array([4.0])), (1.0,)),
        "Gaussian mixture": (
            GaussianMixture(
                weights=np.full(2, 0.5),
                means=np.array([[-2.0], [2.0]]),
                covs=np.ones((2, 1, 1)),
                em_steps=config.em_steps,
            ),
            (1.0,),
        ),
        "kernel density": (KernelDensity(points=points, bandwidth=config.bandwidth), (1.0,)),
    }


def policies(config: Any, score: tuple[float, ...]) -> dict[str, Any]:
    """All policies, at the study's sizes.

    The latest examples are twice as many as in the other budgets: as many would be the batch, and
    the policy ``replace``.
    """
    n = config.size
    best = number("best_fresh_weight", num_real=n, num_generated=n)
    return {
        REPLACE: Replace(),
        MIX: Mix(),
        ACCUMULATE: Accumulate(),
        EVERYTHING: Budget(size=n),
        RESERVOIR: Budget(size=n, keep="reservoir"),
        LATEST: Budget(size=2 * n, keep="latest"),
        NATURAL: Fresh(num_fresh=n),
        BEST: Fresh(num_fresh=n, weight=best),
        INJECTED: Injected(prob=config.injection_prob, num_fresh=n),
        CURATED: Curated(choices=2, score=score),
        CURATED_REAL: Curated(choices=2, score=score, with_real=True),
    }


def cells(config: Any) -> dict[tuple[str, str], Cell]:
    """All policies on all families."""
    found: dict[tuple[str, str], Cell] = {}
    known = families(config)
    for name in config.families:
        family, score = known[name]
        few = name in config.slow
        for policy, made in policies(config, score).items():
            system = RetrainingSystem(
                family=family, policy=made, num_real=config.size, num_generated=config.size
            )
            found[name, policy] = _cell(
                system,
                generations=config.slow_generations if few else config.generations,
                replicates=config.slow_replicates if few else config.replicates,
                seed=config.seed + len(found),  # the noise of one cell is not another's
                false_alarm=_FALSE_ALARM / (len(config.families) * len(CLOSED + OPEN)),
            )
    return found


def _simulate(system: RetrainingSystem, predicted: bool = True, **how: Any) -> Any:
    """A simulation and what is predicted of it, or None."""
    variables = (labels.MODEL_ERROR, labels.MODEL_VARIANCE)
    simulated = simulate(system, record=(*variables, labels.MODEL_LOCATION), **how)
    try:
        return simulated, predict(system, generations=how["generations"], variables=variables)
    except NothingPredictedError:
        return simulated, None


def _cell(system: RetrainingSystem, *, false_alarm: float, **how: Any) -> Cell:
    simulated, predicted = _simulate(system, **how)
    error, variance = (
        simulated[name].isel(model=0).values for name in (labels.MODEL_ERROR, labels.MODEL_VARIANCE)
    )
    real = float(np.trace(system.truth.law.moments(system.truth.parameters).covariance))
    centre = np.asarray(system.truth.law.moments(system.truth.parameters).location)
    unit, half = _first_error(system, error[:, 0]), error.shape[1] // 2
    curves, verdicts = {}, {}
    if predicted is not None:
        compared = compare(simulated, predicted, false_alarm=false_alarm)
        scale = {_ERROR: (labels.MODEL_ERROR, unit), _VARIANCE: (labels.MODEL_VARIANCE, real)}
        for result, (name, size) in scale.items():
            if result in compared[labels.RESULT].values:
                one = compared.sel(result=result)
                curves[name] = one[labels.PREDICTED].isel(model=0).values / size
                verdicts[name] = str(one[labels.VERDICT].values)
    return Cell(
        system,
        simulated[labels.GENERATION].values,
        metrics.mean_over_replicates(error / unit),
        metrics.mean_over_replicates(variance / real),
        metrics.mean_over_replicates((error[:, -1] - error[:, half]) / unit),
        curves,
        verdicts,
        simulated[labels.MODEL_LOCATION].isel(model=0).values.mean(axis=0) - centre,
    )


def _first_error(system: RetrainingSystem, measured: FloatArray) -> float:
    """Mean error of the first fit, which no policy changes: exact where it is known."""
    replaced = dataclasses.replace(system, policy=Replace())
    try:
        first = predict(replaced, generations=0, variables=(labels.MODEL_ERROR,))
    except NothingPredictedError:
        return float(measured.mean())
    return float(first[labels.PREDICTED].sel(result=_ERROR).squeeze())


def sweeps(config: Any) -> list[Sweep]:
    """The weight of fresh data, on each family whose errors are known, for several sizes."""
    known = families(config)
    return [
        _sweep(config, name, known[name][0], round(config.size * share))
        for name in config.weighed
        for share in config.fresh_shares
    ]


def _sweep(config: Any, name: str, family: Any, num_fresh: int) -> Sweep:
    best = number("best_fresh_weight", num_real=num_fresh, num_generated=config.size)
    near = best + config.nearness * min(best, 1 - best) * np.linspace(-1, 1, 7)
    weights = np.sort(np.append(np.arange(0.1, 1.01, 0.1), near))
    late = slice(config.sweep_generations // 2, None)
    of_runs, exact = [], []
    for weight in weights:
        system = RetrainingSystem(
            family=family,
            policy=Fresh(num_fresh=num_fresh, weight=min(float(weight), 1.0)),
            num_real=config.size,
            num_generated=config.size,
        )
        # The same seed: one weight differs from another by less than either is uncertain.
        simulated, predicted = _simulate(
            system,
            generations=config.sweep_generations,
            replicates=config.sweep_replicates,
            seed=config.seed,
        )
        error = simulated[labels.MODEL_ERROR].isel(model=0)
        of_runs.append(error.isel(generation=late).mean(labels.GENERATION).values)
        curve = predicted[labels.PREDICTED].sel(result=_ERROR).isel(model=0)
        exact.append(float(curve.isel(generation=late).mean()))
        unit = float(curve[0])
    errors, known = np.stack(of_runs, axis=1) / unit, np.array(exact) / unit
    closest = np.isin(weights, near)
    mean = metrics.mean_over_replicates(errors)
    least, uncertain = metrics.least_along(errors[:, closest], near)
    twice = np.stack([known[closest]] * 2)
    return Sweep(
        name,
        num_fresh,
        config.size,
        weights,
        mean.value,
        mean.standard_error,
        known,
        least,
        uncertain,
        metrics.least_along(twice, near)[0],
        best,
    )


def schedules(config: Any) -> dict[float, Cell]:
    """Replacement by batches that grow like powers of the generation."""
    family, _ = families(config)[REGRESSION]
    return {
        growth: _cell(
            RetrainingSystem(
                family=family,
                policy=Replace(),
                num_real=config.size,
                num_generated=config.size,
                growth=growth,
            ),
            generations=config.schedule_generations,
            replicates=config.sweep_replicates,
            seed=config.seed,
            false_alarm=_FALSE_ALARM / len(config.growths),
        )
        for growth in config.growths
    }


def ratios(config: Any) -> dict[float, Cell]:
    """The same real data with few and many generated examples."""
    family, _ = families(config)[REGRESSION]
    return {
        ratio: _cell(
            RetrainingSystem(
                family=family,
                policy=Mix(),
                num_real=config.size,
                num_generated=round(ratio * config.size),
            ),
            generations=config.sweep_generations,
            replicates=config.sweep_replicates,
            seed=config.seed,
            false_alarm=_FALSE_ALARM / len(config.ratios),
        )
        for ratio in config.ratios
    }


# -------------------------------------------------------------------------------- what is stored


def stored(found: Mapping[tuple[str, str], Cell]) -> dict[str, xr.Dataset]:
    """Curves of each family, since they differ in length, and one table of all."""
    names = list(dict.fromkeys(family for family, _ in found))
    groups = {
        f"curves/{family.replace(' ', '_')}": _curves({p: found[family, p] for p in CLOSED + OPEN})
        for family in names
    }
    grid = [[found[family, policy] for policy in CLOSED + OPEN] for family in names]
    dims = (FAMILY, POLICY)

    def column(of: Any) -> Any:
        return dims, np.array([[of(cell) for cell in row] for row in grid])

    table = {
        "error": column(lambda cell: cell.error.value[-1]),
        "error_se": column(lambda cell: cell.error.standard_error[-1]),
        "error_growth": column(lambda cell: float(cell.growth.value)),
        "error_growth_se": column(lambda cell: float(cell.growth.standard_error)),
        "variance": column(lambda cell: cell.variance.value[-1]),
        "variance_se": column(lambda cell: cell.variance.standard_error[-1]),
        "error_verdict": column(lambda cell: cell.verdicts.get(labels.MODEL_ERROR, NOT_PREDICTED)),
        "variance_verdict": column(
            lambda cell: cell.verdicts.get(labels.MODEL_VARIANCE, NOT_PREDICTED)
        ),
    }
    coords = {FAMILY: names, POLICY: list(CLOSED + OPEN)}
    return groups | {"table": xr.Dataset(table, coords=coords)}


def _curves(found: Mapping[Any, Cell], along: str = POLICY) -> xr.Dataset:
    """All curves of some cells of the same length."""
    rows = list(found.values())
    dims = (along, labels.GENERATION)
    empty = np.full(rows[0].error.value.shape, np.nan)
    data = {
        "error": [cell.error.value for cell in rows],
        "error_se": [cell.error.standard_error for cell in rows],
        "variance": [cell.variance.value for cell in rows],
        "variance_se": [cell.variance.standard_error for cell in rows],
        "error_predicted": [cell.predicted.get(labels.MODEL_ERROR, empty) for cell in rows],
        "variance_predicted": [cell.predicted.get(labels.MODEL_VARIANCE, empty) for cell in rows],
    }
    return xr.Dataset(
        {name: (dims, np.array(values)) for name, values in data.items()},
        coords={along: list(found), labels.GENERATION: rows[0].generation},
    )


def stored_sweeps(found: list[Sweep]) -> dict[str, xr.Dataset]:
    """One dataset for each family and number of fresh examples."""
    return {
        f"weights/{one.family.replace(' ', '_')}_fresh_{one.num_fresh}": xr.Dataset(
            {name: ("weight", getattr(one, name)) for name in ("error", "standard_error", "exact")},
            coords={"weight": one.weights},
            attrs={"least": one.least, "least_se": one.least_error, "predicted": one.predicted},
        )
        for one in found
    }


def stored_growths(found: Mapping[float, Cell], name: str) -> dict[str, xr.Dataset]:
    """Curves of schedules or ratios."""
    return {name: _curves(found, GROWTH)}
