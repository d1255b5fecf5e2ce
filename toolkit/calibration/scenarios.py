"""Data sets from the exact simulator: what a model's approximations cost, and where they break.

A scenario draws true values from priors, simulates the loop that has them, and records what a
user would have. Parameters that the simulator takes as numbers (temperature, shrinkage, injection)
are drawn anew for every data set. Sizes are compiled in, so they take a few values: the
mid-quantiles of their prior, in turn. A parameter of the model that the loop does not have (the
drift of a score, say) has no true value and is fitted with its prior, but not judged.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr

from toolkit.calibration.drawing import Drawn, at, draw_values, drawn_one_by_one
from toolkit.models import Prior
from toolkit.simulate import simulate
from toolkit.systems import Configuration

Values = Mapping[str, Any]

#: Draws that a prior's mid-quantiles are taken from; not every law has them in closed form.
_MANY = 20_000


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Scenario:
    """A kind of loop, and what is recorded of it.

    Attributes
    ----------
    model : str
        That is fitted.
    name, summary : str
    system : callable
        The loop of true values.
    priors : mapping
        Of all parameters of the model.
    record : tuple of str
        Variables that the data set holds.
    truth : callable
        True parameters of the model, of the values drawn.
    sizes : mapping
        From a parameter that the simulator takes as a whole number to how many values it takes.
    replicates, generations : int
    options : mapping
        Of ``prepare``.
    observe : callable, optional
        ``observe(simulated, values, rng)``: what is observed of it, measurement noise say.
    breaks : bool
        Whether the model's assumptions do not hold here, so that a calibration may fail.
    """

    model: str
    name: str
    summary: str
    system: Callable[[Values], Configuration]
    priors: Mapping[str, Prior]
    record: tuple[str, ...]
    truth: Callable[[Values], dict[str, Any]]
    sizes: Mapping[str, int] = dataclasses.field(default_factory=dict)
    replicates: int = 4
    generations: int = 30
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    observe: Callable[[xr.Dataset, Values, np.random.Generator], xr.Dataset] | None = None
    breaks: bool = False


def draw(
    scenario: Scenario,
    priors: Mapping[str, Prior],
    number: int,
    seed: int,
    *,
    progress: bool = True,
) -> Drawn:
    """Data sets of a scenario with their true values.

    Parameters
    ----------
    scenario : Scenario
    priors : mapping
        In place of the scenario's own.
    number : int
    seed : int
    progress : bool
    """
    own, *seeds = np.random.SeedSequence(seed).generate_state(number + 1, np.uint32).tolist()
    values = draw_values(priors, number, own)
    for name, levels in scenario.sizes.items():
        # In turn, so that each occurs equally often.
        middle = (np.arange(levels) + 0.5) / levels
        many = draw_values({name: priors[name]}, _MANY, own)[name]
        values[name] = np.quantile(many, middle)[np.arange(number) % levels]
    truths = [scenario.truth(at(values, index)) for index in range(number)]

    def one(index: int) -> xr.Dataset:
        drawn = at(values, index)
        simulated = simulate(
            scenario.system(drawn),
            generations=scenario.generations,
            replicates=scenario.replicates,
            seed=seeds[index],
            record=scenario.record,
            progress=False,
        )
        if scenario.observe is None:
            return simulated
        return scenario.observe(simulated, drawn, np.random.default_rng(seeds[index]))

    return Drawn(
        {name: np.stack([truth[name] for truth in truths]) for name in truths[0]},
        drawn_one_by_one(one, number, progress=progress),
    )


def scenario_of(model: str, name: str) -> Scenario:
    """A scenario of a model.

    Parameters
    ----------
    model, name : str

    Raises
    ------
    ValueError
        When there is none of this name.

    Examples
    --------
    >>> scenario_of("text_drift", "small_batch").breaks
    True
    """
    from toolkit.calibration.loops import SCENARIOS

    known = {one.name: one for one in SCENARIOS if one.model == model}
    if name not in known:
        raise ValueError(
            f"no scenario of {model} is called {name!r}; choose from: own, {', '.join(known)}."
        )
    return known[name]
