"""Simulated beside predicted: residuals, z-scores, violations, and a verdict per result.

Every result is tested at a few checkpoints (and texts); the chance that *any* verdict of the
table is a false alarm is at most ``false_alarm``, by Bonferroni's inequality over all of them.
"""

from __future__ import annotations

import json

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from toolkit import labels, metrics
from toolkit.judging import ALARMS, Row, judge
from toolkit.metrics import FloatArray


def compare(
    simulated: xr.Dataset,
    predicted: xr.Dataset,
    *,
    false_alarm: float = 0.01,
    checkpoints: int = 20,
    other_system: bool = False,
) -> xr.Dataset:
    """Compare a simulated trajectory with what was predicted of it.

    Parameters
    ----------
    simulated : xr.Dataset
        From ``simulate``; at least two replicates.
    predicted : xr.Dataset
        From ``predict``, of the system, or of this very dataset.
    false_alarm : float
        Chance that any verdict of the whole table is a false alarm.
    checkpoints : int
        Recorded generations, evenly spaced and ending with the last, at which a verdict is
        sought; residuals and z-scores are given at all.
    other_system : bool
        Set it when the prediction is of another system on purpose.

    Returns
    -------
    xr.Dataset
        Along ``result``: the predicted values, ``simulated`` (means over replicates, of the
        logarithm where ``scale`` is "log"; an asymptotic rate is compared from ``valid_from``
        on, both relative to their values there), ``standard_error``, ``residual``, ``z_score``,
        ``violation`` (by how much a bound is crossed), ``effective_replicates``,
        ``decidable``, and the ``verdict``: "agrees" or "disagrees" (exact, fixed point),
        "holds" or "violated" (bounds), "agrees" or "departs" (asymptotic, approximation),
        "undecided" where the replicates cannot tell. A result about the whole system carries
        the same values at every text or model.

    Raises
    ------
    ValueError
        With fewer than two replicates, without a common variable, or when system, generations
        or texts of the two do not match.

    Examples
    --------
    >>> import toolkit as tk
    >>> system = tk.CoevolvingSystem.on_unit_circle(num_texts=5, variance=0.01, batch_size=50)
    >>> simulated = tk.simulate(system, generations=20, replicates=20, seed=1)
    >>> comparison = tk.compare(simulated, tk.predict(system, generations=20))
    >>> str(comparison.verdict.sel(result="text_diversity_lower_bound").values)
    'holds'
    """
    if not 0 < false_alarm < 1:
        raise ValueError(f"false_alarm must lie between 0 and 1, not {false_alarm}.")
    if checkpoints < 1:
        raise ValueError(f"checkpoints must be at least 1, not {checkpoints}.")
    if simulated.sizes.get(labels.REPLICATE, 0) < 2:
        raise ValueError("compare needs at least 2 replicates for a standard error.")
    if not other_system:
        _require_same_system(simulated, predicted)
    simulated, predicted = _aligned(simulated, predicted)
    rows, missing = _rows(simulated, predicted, checkpoints)
    if not rows:
        raise ValueError(
            f"none of the predicted variables was recorded; record one of: {', '.join(missing)}."
        )
    comparison = _judged(rows, simulated, predicted, false_alarm)
    comparison.attrs |= {"not_recorded": ", ".join(missing)}
    return comparison


def verdict_table(comparison: xr.Dataset) -> pd.DataFrame:
    """The verdicts, one row per result.

    Parameters
    ----------
    comparison : xr.Dataset
        From :func:`compare`.
    """
    columns = [
        labels.VERDICT,
        labels.VARIABLE,
        labels.KIND,
        labels.SCALE,
        labels.WORST_Z,
        labels.WORST_GENERATION,
        labels.CHECKED,
        labels.CHECKPOINTS,
    ]
    present = [name for name in columns if name in comparison.variables]
    return pd.DataFrame(
        {name: comparison[name].values for name in present},
        index=pd.Index(comparison[labels.RESULT].values, name=labels.RESULT),
    )


def has_alarm(comparison: xr.Dataset) -> bool:
    """Whether a verdict says that theory and simulation contradict each other."""
    return bool(np.isin(comparison[labels.VERDICT].values, ALARMS).any())


def _require_same_system(simulated: xr.Dataset, predicted: xr.Dataset) -> None:
    ours, theirs = simulated.attrs.get(labels.SYSTEM), predicted.attrs.get(labels.SYSTEM)
    if ours is None or theirs is None or ours == theirs:
        return
    first, second = json.loads(ours), json.loads(theirs)
    differ = sorted(key for key in first | second if first.get(key) != second.get(key))
    raise ValueError(
        f"the prediction is of another system: {', '.join(differ)} differ; predict the system "
        "that was simulated, or pass other_system=True if that is meant."
    )


def _aligned(simulated: xr.Dataset, predicted: xr.Dataset) -> tuple[xr.Dataset, xr.Dataset]:
    """The two at the same generations, replicates and texts, exactly."""
    recorded, known = simulated[labels.GENERATION], predicted[labels.GENERATION]
    if labels.REPLICATE in predicted.dims:
        # A one-step expectation starts with the first generation after the start.
        recorded = recorded[recorded >= int(known.values[0])]
    lacking = np.setdiff1d(recorded, known)
    if lacking.size:
        raise ValueError(
            f"nothing is predicted for generation {lacking[0]}; predict "
            f"{int(recorded.max())} generations."
        )
    predicted = predicted.sel({labels.GENERATION: recorded})
    simulated = simulated.sel({labels.GENERATION: recorded})
    for name in (*labels.ITEMS, labels.REPLICATE):
        shared = name in predicted.dims and name in simulated.dims
        if shared and not np.array_equal(predicted[name], simulated[name]):
            raise ValueError(
                f"{name} differs: {predicted.sizes[name]} predicted, {simulated.sizes[name]} "
                "simulated; predict the system that was simulated."
            )
    return simulated, predicted


def _rows(
    simulated: xr.Dataset, predicted: xr.Dataset, checkpoints: int
) -> tuple[list[Row], list[str]]:
    """A row for each result whose variable was recorded, and the variables that were not."""
    generation = predicted[labels.GENERATION]
    at_generation = {labels.GENERATION: generation}
    rows, missing = [], []
    for name in predicted[labels.RESULT].values:
        result = predicted.sel({labels.RESULT: name})
        variable = str(result[labels.VARIABLE].values)
        values = metrics.variable(simulated, variable)
        if values is None:
            missing.append(variable)
            continue
        values = values.sel(at_generation)
        of_result = result[labels.PREDICTED]
        item = labels.item(of_result.dims)
        if item is not None and item not in labels.variable(variable).dims:
            of_result = of_result.isel({item: 0})
        log = str(result[labels.SCALE].values) == labels.LOG
        tail = None if log else _tail(simulated, variable)
        if tail is not None:
            tail = tail.sel(at_generation)
        kind = str(result[labels.KIND].values)
        if kind == labels.ASYMPTOTIC and log:
            values, of_result = _since(values, of_result, int(result[labels.VALID_FROM]))
        row = _row(str(name), kind, values, of_result, log, tail)
        valid = generation.values >= int(result[labels.VALID_FROM])
        chosen = _checkpoints(generation.values, valid, checkpoints)
        tested = np.broadcast_to(
            chosen.reshape(-1, *[1] * (row.predicted.ndim - 1)), row.predicted.shape
        )
        rows.append(row._replace(tested=tested))
    return rows, list(dict.fromkeys(missing))


def _tail(simulated: xr.Dataset, variable: str) -> xr.DataArray | None:
    """The variable whose log-variance tells how heavy the tail of this one is."""
    name = labels.HEAVY_TAILED.get(variable)
    tail = None if name is None else metrics.variable(simulated, name)
    # What has come to 0 is no product of factors: categories that are lost, say.
    return None if tail is None or float(tail.min()) <= 0 else tail


def _since(
    values: xr.DataArray, predicted: xr.DataArray, start: int
) -> tuple[xr.DataArray, xr.DataArray]:
    """Both relative to their first generation from ``start`` on: a rate claims no offset."""
    later = values[labels.GENERATION].values[values[labels.GENERATION].values >= start]
    if later.size == 0:
        return values, predicted
    first = {labels.GENERATION: later[0]}
    return values / values.sel(first), predicted - predicted.sel(first)


def _row(
    name: str,
    kind: str,
    values: xr.DataArray,
    predicted: xr.DataArray,
    log: bool,
    tail: xr.DataArray | None,
) -> Row:
    raw = np.asarray(values.values, dtype=float)
    if log:
        # A variable that has underflowed to 0 has no logarithm: no verdict there.
        with np.errstate(divide="ignore"):
            raw = np.log(raw)
        raw = np.where(np.isfinite(raw).all(axis=0), raw, np.nan)
    prediction = predicted.transpose(..., *values.dims[1:])
    expected = np.asarray(prediction.values, dtype=float)
    one_step = labels.REPLICATE in predicted.dims
    expected_all = expected if one_step else expected[None]
    with np.errstate(invalid="ignore"):
        mean = metrics.mean_over_replicates(
            raw - expected_all,
            None if log else raw,
            tail=None if tail is None else np.asarray(tail.values, dtype=float),
        )
    shown = expected.mean(axis=0) if one_step else expected
    bounded = values.name in (labels.TEXT_PROBS, labels.TEXT_DIVERSITY)
    return Row(name, kind, mean, shown, raw.mean(axis=0), np.zeros(0, bool), bounded)


def _checkpoints(
    generation: FloatArray, valid: npt.NDArray[np.bool_], number: int
) -> npt.NDArray[np.bool_]:
    """Evenly spaced valid recorded generations after the start, the last one included."""
    candidates = np.flatnonzero(valid & (generation > 0))
    chosen = np.zeros(len(generation), bool)
    if candidates.size:
        positions = np.linspace(-1, candidates.size - 1, min(number, candidates.size) + 1)[1:]
        chosen[candidates[np.round(positions).astype(int)]] = True
    return chosen


def _judged(
    rows: list[Row], simulated: xr.Dataset, predicted: xr.Dataset, false_alarm: float
) -> xr.Dataset:
    """Z-scores and verdicts of all rows, as a dataset."""
    replicates = simulated.sizes[labels.REPLICATE]
    tests = max(sum(int(row.tested.sum()) for row in rows), 1)
    level = false_alarm / tests
    item = labels.item(predicted.dims) if any(row.predicted.ndim == 2 for row in rows) else None
    shape = np.broadcast_shapes(*(_wide(row.predicted).shape for row in rows))
    if item is None:
        shape = shape[:1]
    fields: dict[str, list[npt.NDArray[np.generic]]] = {}
    verdicts: dict[str, list[object]] = {}
    for row in rows:
        values, verdict = judge(row, replicates, level)
        for name, value in values.items():
            wide = value if item is None else _wide(value)
            fields.setdefault(name, []).append(np.broadcast_to(wide, shape))
        for name, entry in verdict.items():
            verdicts.setdefault(name, []).append(entry)
    generation = np.append(predicted[labels.GENERATION].values, -1)
    worst = np.array(verdicts[labels.WORST_GENERATION], dtype=int)
    verdicts[labels.WORST_GENERATION] = list(generation[worst])
    kept = predicted.sel({labels.RESULT: [row.name for row in rows]})
    dims = (labels.RESULT, labels.GENERATION, *([] if item is None else [item]))
    coords = {
        name: coord
        for name, coord in kept.coords.items()
        if labels.REPLICATE not in coord.dims and (name not in labels.ITEMS or name == item)
    }
    data = {name: (dims, np.stack(values)) for name, values in fields.items()}
    judged = {name: (labels.RESULT, np.array(entries)) for name, entries in verdicts.items()}
    attrs = {**predicted.attrs, "false_alarm": false_alarm, "tests": tests}
    return xr.Dataset({**data, **judged}, coords=coords, attrs=attrs)


def _wide(values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """With an axis of items."""
    return values if values.ndim == 2 else values[:, None]


def curve(
    name: str,
    values: npt.ArrayLike,
    *,
    variable: str,
    kind: str,
    scale: str = "linear",
    description: str = "",
) -> xr.Dataset:
    """A curve of one's own in the form of a prediction, to be compared and plotted like one.

    Parameters
    ----------
    name : str
        Of the result.
    values : array_like, shape (generations + 1,) or (generations + 1, texts or models)
        From generation 0.
    variable : str
        The variable that it is about.
    kind : str
        "exact", "lower bound", "upper bound", "asymptotic", "fixed point", "approximation".
    scale : {"linear", "log"}
        Whether it is the mean of the variable or of its logarithm.
    description : str

    Raises
    ------
    ValueError
        When the variable is unknown or the shape has other dimensions.

    Examples
    --------
    >>> own = curve("half", [1.0, 0.5], variable="text_diversity", kind="approximation")
    >>> dict(own.predicted.sizes)
    {'result': 1, 'generation': 2}
    """
    labels.variable(variable)
    array = np.asarray(values, dtype=float)
    if array.ndim not in (1, 2):
        raise ValueError(f"a curve has 1 or 2 dimensions (generation, text), not {array.ndim}.")
    item = labels.item(labels.variable(variable).dims) or labels.TEXT
    dims = (labels.RESULT, labels.GENERATION, item)[: array.ndim + 1]
    coords = {
        labels.VARIABLE: variable,
        labels.KIND: kind,
        labels.SCALE: scale,
        labels.VALID_FROM: 0,
        labels.SOURCE: "",
        labels.DESCRIPTION: description,
    }
    own = xr.Dataset(
        {labels.PREDICTED: (dims, array[None])},
        coords={key: (labels.RESULT, [value]) for key, value in coords.items()},
    )
    sizes = dict(zip(dims[1:], array.shape, strict=True))
    return own.assign_coords(
        {labels.RESULT: [name], **{dim: np.arange(size) for dim, size in sizes.items()}}
    )


def departure(
    generation: npt.ArrayLike, z_score: npt.ArrayLike, *, critical: float = 4.0
) -> int | None:
    """The generation from which two things stay apart, to the end.

    Parameters
    ----------
    generation, z_score : array_like, shape (num_generations,)
    critical : float
        Apart is where the z-score is beyond this, in either direction.

    Returns
    -------
    int or None
        None where they are not apart at the end.

    Examples
    --------
    >>> departure([0, 10, 20, 30], [5.0, 1.0, -6.0, -7.0])
    20
    """
    apart = np.abs(np.asarray(z_score, dtype=float)) > critical
    if not apart[-1]:
        return None
    together = np.flatnonzero(~apart)
    first = 0 if together.size == 0 else int(together[-1]) + 1
    return int(np.asarray(generation)[first])
