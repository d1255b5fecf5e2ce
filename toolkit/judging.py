"""One result beside the simulation, and the verdict on it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from toolkit import labels, metrics
from toolkit.metrics import FloatArray, Mean

AGREES, DISAGREES, DEPARTS = "agrees", "disagrees", "departs"
HOLDS, VIOLATED, UNDECIDED = "holds", "violated", "undecided"
#: Verdicts that say that something is wrong, with theory or with the simulation.
ALARMS = (DISAGREES, VIOLATED)

_LOWER, _UPPER = labels.LOWER_BOUND, labels.UPPER_BOUND
#: These claim a limit or a closeness; leaving it is a finding, not an error.
_LOOSE = (labels.ASYMPTOTIC, labels.APPROXIMATION)
#: Rounding of a recursion over thousands of generations, relative to the predicted value.
_ROUNDING = 1e-9


class Row(NamedTuple):
    """One result beside the simulation; arrays over (generation,) or (generation, text)."""

    name: str
    kind: str
    mean: Mean
    predicted: FloatArray
    simulated: FloatArray
    tested: npt.NDArray[np.bool_]
    bounded: bool


def judge(
    row: Row, replicates: int, level: float
) -> tuple[dict[str, npt.NDArray[np.generic]], dict[str, object]]:
    """The fields over generations (and texts) and the verdict of one row."""
    mean = row.mean
    one_sided = row.kind in (_LOWER, _UPPER)
    critical = float(stats.t.isf(level if one_sided else level / 2, replicates - 1))
    rounding = _ROUNDING * np.maximum(np.abs(row.predicted), np.finfo(float).tiny)
    # Where replicates are all alike and 0 was predicted, a score may be infinite: not decidable.
    with np.errstate(over="ignore"):
        z_score = mean.value / np.maximum(mean.standard_error, rounding)
    beyond = {_LOWER: np.maximum(-mean.value, 0), _UPPER: np.maximum(mean.value, 0)}
    violation = beyond.get(row.kind, np.zeros_like(mean.value))
    against = {_LOWER: -z_score, _UPPER: z_score}.get(row.kind, np.abs(z_score))
    decidable = metrics.is_decidable(mean, replicates, critical) & np.isfinite(z_score)
    if row.bounded:
        # Replicates that are all alike do not show an event of probability log(1/level)/R.
        unseen = -np.log(level) / replicates
        decidable &= (
            (mean.standard_error > rounding)
            | (np.abs(mean.value) > unseen)
            | (np.abs(mean.value) <= rounding)
        )
    checked = row.tested & decidable
    alarm = checked & (against > critical + metrics.widening(mean, replicates, critical))
    fields: dict[str, npt.NDArray[np.generic]] = {
        labels.PREDICTED: row.predicted,
        labels.SIMULATED: row.simulated,
        labels.STANDARD_ERROR: mean.standard_error,
        labels.RESIDUAL: mean.value,
        labels.Z_SCORE: z_score,
        labels.VIOLATION: violation,
        labels.EFFECTIVE_REPLICATES: mean.effective_replicates,
        labels.DECIDABLE: decidable,
    }
    verdict = {labels.VERDICT: _verdict(row.kind, bool(checked.any()), bool(alarm.any()))}
    return fields, verdict | _worst(z_score, against, checked, row.tested)


def _verdict(kind: str, checked: bool, alarm: bool) -> str:
    if not checked:
        return UNDECIDED
    if kind in (_LOWER, _UPPER):
        return VIOLATED if alarm else HOLDS
    if kind in _LOOSE:
        return DEPARTS if alarm else AGREES
    return DISAGREES if alarm else AGREES


def _worst(
    z_score: FloatArray,
    against: FloatArray,
    checked: npt.NDArray[np.bool_],
    tested: npt.NDArray[np.bool_],
) -> dict[str, object]:
    """The most extreme checked z-score, in the direction that counts, and its position (or -1)."""
    counts = {labels.CHECKED: int(checked.sum()), labels.CHECKPOINTS: int(tested.sum())}
    if not checked.any():
        return {labels.WORST_Z: 0.0, labels.WORST_GENERATION: -1, **counts}
    flat = int(np.argmax(np.where(checked, against, -np.inf)))
    position = np.unravel_index(flat, checked.shape)
    return {
        labels.WORST_Z: float(z_score[position]),
        labels.WORST_GENERATION: int(position[0]),
        **counts,
    }
