"""Levels to which the errors of retrained models tend, by the theorems' closed forms."""

from __future__ import annotations

import math

import numpy as np

from toolkit import labels
from toolkit.systems import Fresh, Mix, RetrainingSystem
from toolkit.theory.facts import settled
from toolkit.theory.numbers import number
from toolkit.theory.results import SETTLED, Collector

_NAME = "retraining_error_level"


def levels(
    system: RetrainingSystem, real_variance: float, ddof: float | None, found: Collector
) -> None:
    """Collect the stationary error, where there is one in closed form."""
    if system.growth:
        found.omit(_NAME, "training sets grow: no generation is like the one before.")
    elif ddof not in (None, 0.0):
        found.omit(_NAME, "a closed form is known for ddof = 0, or where the variance is known.")
    elif isinstance(system.policy, Mix):
        _mixed(system, real_variance, ddof, found)
    elif isinstance(system.policy, Fresh):
        _fresh(system, real_variance, ddof, found)
    else:
        found.omit(_NAME, f"policy {system.policy.name!r}: its error has no stationary value.")


def _mixed(
    system: RetrainingSystem, real_variance: float, ddof: float | None, found: Collector
) -> None:
    name = "mixed_location_floor_ml" if ddof == 0 else "mixed_location_stationary"
    level = number(
        name,
        num_real=system.num_real,
        num_generated=system.num_generated,
        synthetic_ratio=system.synthetic_ratio,
        real_variance=real_variance,
    )
    shrink = (system.synthetic_ratio / (1 + system.synthetic_ratio)) ** 2
    _add(name, level, real_variance / system.num_real, shrink, found)


def _fresh(
    system: RetrainingSystem, real_variance: float, ddof: float | None, found: Collector
) -> None:
    policy = system.policy
    assert isinstance(policy, Fresh)
    weight = policy.share(system.num_generated)
    if weight == 0:
        found.omit(_NAME, "policy.weight is 0: fresh data are not looked at.")
        return
    name = "fresh_location_stationary_ml" if ddof == 0 else "fresh_location_stationary"
    level = number(
        name,
        num_real=policy.num_fresh,
        num_generated=system.num_generated,
        fresh_weight=weight,
        real_variance=real_variance,
    )
    start = real_variance / system.num_real if system.first_fit else 0.0
    _add(name, level, start, (1 - weight) ** 2, found)


def _add(name: str, level: float, start: float, shrink: float, found: Collector) -> None:
    """A level, claimed once the distance from it has shrunk enough."""
    claimed = settled(abs(start - level), shrink, SETTLED * level)
    claimed = math.ceil(claimed)
    values = np.asarray(level)
    found.add(_NAME, labels.MODEL_ERROR, values, rests_on=name, valid_from=claimed)
