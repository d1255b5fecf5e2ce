"""What ``diversity_decay`` takes from a dataset: checked scores as arrays, and its options."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from toolkit import labels
from toolkit.models.protocol import Evidence
from toolkit.models.scores import Scores, scores

STOCHASTIC, DETERMINISTIC = "stochastic", "deterministic"

#: Added to the noise, relative to the range of the scores.
RESOLUTION = 1e-6


class Spec(NamedTuple):
    """What fixes the program: the variable, the form, the scale, whether starts are common."""

    variable: str
    form: str
    scale: str
    common_start: bool

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of what is drawn."""
        names = (labels.CONTRACTION_FACTOR, labels.START, labels.FLOOR, labels.NOISE_SD)
        drift = (labels.DRIFT_SD,) if self.form == STOCHASTIC else ()
        return names + drift + (() if self.common_start else (labels.START_SD,))


class Data(NamedTuple):
    """Arrays of the density.

    Attributes
    ----------
    score : Array, shape (replicate, generation)
        Its log on the log scale; 0 where unseen.
    seen : Array of bool, shape (replicate, generation) or (1, generation)
    since : Array, shape (generation,)
        Generations since the first one.
    log_jacobian : Array, shape (replicate, generation)
        Minus the log score on the log scale: densities are in the score's own units.
    middle, spread : Array
        Mean and range of the scores (of their logs on the log scale).
    """

    score: Any
    seen: Any
    since: Any
    log_jacobian: Any
    middle: Any
    spread: Any


def prepare(
    dataset: xr.Dataset,
    *,
    variable: str | None = None,
    text: Any = None,
    form: str = STOCHASTIC,
    scale: str = labels.LINEAR,
    common_start: bool | None = None,
) -> Evidence:
    """Check the scores of a dataset and take what the density needs.

    Parameters
    ----------
    dataset : xr.Dataset
    variable : str, optional
        ``score`` or else ``text_diversity`` unless told otherwise.
    text : optional
        Which text, for a variable with one score for each.
    form : str
        ``"stochastic"``: replicates drift; ``"deterministic"``: they follow one curve.
    scale : str
        ``"linear"`` or ``"log"``: drift and noise are added, or they multiply.
    common_start : bool, optional
        Whether all replicates started from one state. Left out: no, if there are several and
        their first scores differ.

    Raises
    ------
    ValueError
        When there is no such score, or nothing can be learned from it.

    Examples
    --------
    >>> import xarray as xr
    >>> data = xr.Dataset({"score": (("replicate", "generation"), [[0.9, 0.8, 0.6]])},
    ...                   coords={"generation": [0, 1, 5]})
    >>> prepare(data).spec.parameters
    ('contraction_factor', 'start', 'floor', 'noise_sd', 'drift_sd')
    """
    for name, value, known in (
        ("form", form, (STOCHASTIC, DETERMINISTIC)),
        ("scale", scale, (labels.LINEAR, labels.LOG)),
    ):
        if value not in known:
            raise ValueError(f"{name} must be {' or '.join(map(repr, known))}, not {value!r}.")
    found = scores(dataset, variable, text, absorbing=scale == labels.LINEAR)
    known_start = _known_start(found)
    if common_start is None:
        common_start = len(found.seen) == 1 or known_start is not None
    spec = Spec(str(found.array.name), form, scale, bool(common_start))
    constant = xr.Dataset() if known_start is None else xr.Dataset({labels.START: known_start})
    return Evidence(
        spec=spec,
        data=_data(found, scale, known_start is not None),
        observed=found.array.to_dataset(name=spec.variable),
        constant=constant,
        remarks=found.remarks + _remarks(found, spec, known_start),
    )


def _known_start(found: Scores) -> float | None:
    """The first score, when two replicates or more have it in common to the last digit."""
    values, seen = found.array.values[:, 0], found.seen[:, 0]
    alike = len(values) > 1 and seen.all() and np.ptp(values) <= 1e-12 * np.abs(values).max()
    return float(values[0]) if alike else None


def _data(found: Scores, scale: str, known_start: bool) -> Data:
    seen, values = found.seen.copy(), np.where(found.seen, found.array.values, 1.0)
    if scale == labels.LOG and values.min() <= 0:
        raise ValueError(
            f"scale='log' needs positive scores, but {found.array.name} has {values.min():g}; "
            "use scale='linear', or leave such generations out."
        )
    if known_start:
        seen[:, 0] = False
    logs = np.log(values) if scale == labels.LOG else np.zeros_like(values)
    score = np.where(found.seen, logs if scale == labels.LOG else values, 0.0)
    generation = np.asarray(found.array[labels.GENERATION].values, float)
    return Data(
        score=score,
        seen=seen[:1] if (seen == seen[:1]).all() else seen,
        since=generation - generation[0],
        log_jacobian=-logs,
        middle=np.asarray(score[found.seen].mean()),
        spread=np.asarray(np.ptp(score[found.seen])),
    )


def _remarks(found: Scores, spec: Spec, known_start: float | None) -> tuple[str, ...]:
    remarks = []
    if known_start is not None:
        remarks.append(
            f"all replicates begin with the same {spec.variable}, {known_start:g}: it is taken as "
            "the known start, without noise."
        )
    heavy = spec.variable in labels.HEAVY_TAILED and spec.scale == labels.LINEAR
    if heavy:
        remarks.append(
            f"{spec.variable} has log-normal tails: scale='log' describes its fluctuations better."
        )
    return tuple(remarks)
