"""Loops whose generations land, and the ways of updating what is known of them.

Loops come from a model's own law at true values drawn from priors, which the fits are told.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from studies._sequential import follow
from toolkit import labels, metrics
from toolkit.calibration import drawing, settings
from toolkit.calibration.fitting import posteriors
from toolkit.inference.sampler import sample_many, stack
from toolkit.models import model_of

FloatArray = npt.NDArray[np.float64]
Draws = dict[str, FloatArray]

#: What each model's loops are watched for.
VARIABLES = {"text_drift": labels.TEXT_DIVERSITY, "diversity_decay": labels.SCORE}


class Loops(NamedTuple):
    """Loops of one replicate each, and the truth about them.

    Attributes
    ----------
    model : str
    seen : list of xr.Dataset
    course : array, shape (loop, generation)
        What a level is set for: without the noise of a measurement.
    truth : dict of array, shape (loop,)
    priors, options : dict
        Of the fits.
    """

    model: str
    seen: list[xr.Dataset]
    course: FloatArray
    truth: Draws
    priors: dict[str, Any]
    options: dict[str, Any]

    def until(self, generation: int) -> list[xr.Dataset]:
        """What had been seen when a generation had landed."""
        return [one.isel({labels.GENERATION: slice(generation + 1)}) for one in self.seen]


class Way(NamedTuple):
    """What a way of updating gives.

    Attributes
    ----------
    draws : list of dict of array, shape (loop, draw)
        By checkpoint.
    effective : array, shape (checkpoint, loop)
        Effective number of draws: of the worst parameter, or of different particles.
    seconds, evaluations : array, shape (checkpoint,)
        A landed generation's processor time and density evaluations, for one loop.
    failed : int
        Fits whose chain did not converge; they stay in.
    """

    draws: list[Draws]
    effective: FloatArray
    seconds: FloatArray
    evaluations: FloatArray
    failed: int = 0


def drawn(name: str, number: int, last: int, seed: int) -> Loops:
    """Loops from a model's own law.

    Parameters
    ----------
    name : str
        Of the model.
    number : int
    last : int
        Generations after the first state.
    seed : int
    """
    model = model_of(name)
    design = dataclasses.replace(model.design, replicates=1, generations=last)
    priors = dict(settings.priors_of(model, design))
    priors.pop(labels.START_SD, None)  # there is one replicate
    quiet = {key: 0.0 for key in (labels.NOISE_SD, labels.START_SD) if key in model.parameters}
    made = drawing.from_own_law(model, design, priors | quiet, number, seed, progress=False)
    truth, seen = {key: made.values[key] for key in priors}, made.datasets
    watched = np.stack([course(one, VARIABLES[name]) for one in seen])
    if labels.NOISE_SD in priors:  # what is seen has the noise, the course has not
        own = drawing.draw_values({labels.NOISE_SD: priors[labels.NOISE_SD]}, number, seed + 1)
        normal = np.random.default_rng(seed).normal(size=(number, 1, last + 1))
        noise = own[labels.NOISE_SD][:, None, None] * normal
        seen = [one + extra for one, extra in zip(seen, noise, strict=True)]
        truth |= own
    return Loops(name, seen, watched, truth, priors, dict(design.options))


def course(dataset: xr.Dataset, variable: str) -> FloatArray:
    """What a dataset of one replicate says of a variable."""
    found = metrics.variable(dataset, variable)
    assert found is not None
    return np.asarray(found.values[0], float)


def refits(
    loops: Loops, checkpoints: Sequence[int], seed: int, num_warmup: int, num_draws: int
) -> Way:
    """The posterior anew at each checkpoint, by one chain of NUTS.

    Parameters
    ----------
    loops : Loops
    checkpoints : sequence of int
    seed, num_warmup, num_draws : int
    """
    steps: list[float] = []

    def counted(*arguments: Any, **same: Any) -> Any:
        found = sample_many(*arguments, **same)
        # Of the draws that are kept; those of the warm-up are not recorded.
        steps.append(float(found.stats["n_steps"].sum(axis=(1, 2)).mean()))
        return found

    way = Way([], *np.empty((3, 0)))
    for at, generation in enumerate(checkpoints):
        landed = loops.until(generation)

        def fit(part: slice, landed: Any = landed, at: int = at) -> Any:
            return posteriors(
                model_of(loops.model),
                landed[part],
                {},
                loops.priors,
                parameters=tuple(loops.priors),
                options=loops.options,
                seed=seed + 2 * at + bool(part.start),
                sampler=counted,
                num_warmup=num_warmup,
                num_draws=num_draws,
            )

        parts, seconds = _in_halves(fit, len(landed))
        draws = {k: np.concatenate([part.draws[k] for part in parts]) for k in loops.priors}
        worst = np.concatenate([np.min([*part.ess.values()], axis=0) for part in parts])
        way = Way(
            [*way.draws, draws],
            np.vstack([*way.effective, worst]),
            np.append(way.seconds, seconds),
            np.append(way.evaluations, steps[-1]),
            way.failed + sum(int(part.failed.sum()) for part in parts),
        )
    return way


def carried_on(
    loops: Loops, checkpoints: Sequence[int], first: Draws, seed: int, moves: int
) -> Way:
    """Draws of the first checkpoint carried on by :func:`studies._sequential.follow`.

    Parameters
    ----------
    loops : Loops
    checkpoints : sequence of int
    first : dict of array, shape (loop, draw)
    seed, moves : int
    """
    model = model_of(loops.model)
    evidence = [model.prepare(one, **loops.options) for one in loops.until(checkpoints[-1])]

    def carry(part: slice) -> Any:
        return follow(
            model,
            evidence[0].spec,
            loops.priors,
            stack([one.data for one in evidence[part]]),
            {key: array[part] for key, array in first.items()},
            checkpoints,
            moves=moves,
            seed=seed + bool(part.start),
        )

    parts, seconds = _in_halves(carry, len(evidence))
    ends = range(len(checkpoints))
    draws = [
        {key: np.concatenate([part.draws[key][:, at] for part in parts]) for key in loops.priors}
        for at in ends
    ]
    landed = max(checkpoints[-1] - checkpoints[0], 1)
    resampled = np.concatenate([part.resampled[:, -1] for part in parts]).mean()
    # Each particle's terms once, and again with every move; all generations at once.
    evaluations = next(iter(first.values())).shape[1] * (1 + moves * resampled) / landed
    return Way(
        draws,
        np.concatenate([part.effective for part in parts]).T,
        np.full(len(ends), seconds / landed),
        np.full(len(ends), evaluations),
    )


def _in_halves(run: Callable[[slice], Any], number: int) -> tuple[list[Any], float]:
    """Both halves, and the second one's processor seconds by loop: by then all is compiled."""
    parts = [run(slice(0, number // 2))]
    begun = time.process_time()
    parts.append(run(slice(number // 2, number)))
    return parts, (time.process_time() - begun) / (number - number // 2)
