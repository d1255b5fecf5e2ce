"""Injected: in some generations fresh real examples come in; in the others there are none."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

import jax.numpy as jnp

from toolkit.rng import split, uniform
from toolkit.systems.families import Data, scaled
from toolkit.systems.policies.protocol import Array, Policy, Setting, Trained


@dataclasses.dataclass(frozen=True, kw_only=True)
class Injected(Policy):
    """Events in which real data come in.

    Parameters
    ----------
    prob : float
        Of an event in a generation.
    num_fresh : int
        Real examples of an event; without one the training set is what was generated.

    Raises
    ------
    ValueError
        When a value is outside its range.

    Examples
    --------
    >>> Injected(prob=0.1, num_fresh=100).fresh
    100
    """

    name: ClassVar[str] = "injected"
    varying: ClassVar[tuple[str, ...]] = ("prob", "num_fresh")
    prob: float
    num_fresh: int

    def __post_init__(self) -> None:
        self._share("prob")
        self._whole("num_fresh", 1)

    @property
    def fresh(self) -> int:
        """Real examples of an event."""
        return self.num_fresh

    def train(
        self, setting: Setting, numbers: Mapping[str, Array], key: Array, memory: Any, batch: Data
    ) -> Trained:
        """The batch, and in an event fresh data."""
        key_event, key_real = split(key)
        happened = uniform(key_event) < numbers["prob"]
        real = setting.draw_real(key_real, numbers["num_fresh"])
        data = setting.join(batch, scaled(real, jnp.where(happened, 1.0, 0.0)))
        return Trained(data, memory, happened)
