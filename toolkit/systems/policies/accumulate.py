"""Accumulate: every model is trained on all that there ever was, the real data among it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from toolkit.systems.families import Data, Points
from toolkit.systems.policies.protocol import Array, Policy, Setting, Trained, nothing_happened


@dataclasses.dataclass(frozen=True, kw_only=True)
class Accumulate(Policy):
    """All generations are kept.

    Examples
    --------
    >>> Accumulate().name
    'accumulate'
    """

    name: ClassVar[str] = "accumulate"

    def begin(self, setting: Setting, key: Array) -> Data:
        """The real data, with room for all that will come."""
        return roomy(setting)

    def train(
        self, setting: Setting, numbers: Mapping[str, Array], key: Array, memory: Any, batch: Data
    ) -> Trained:
        """All there is, with the batch."""
        everything = appended(setting, memory, batch)
        return Trained(everything, everything, nothing_happened())


def roomy(setting: Setting) -> Data:
    """The real data, with room for every batch to come where examples are kept one by one."""
    real, sizes = setting.real, setting.sizes
    if not isinstance(real, Points):
        return real
    room = sizes.batch * sizes.generations
    return Points(
        jnp.pad(real.values, ((0, room), (0, 0))),
        jnp.pad(real.weight, (0, room)),
    )


def appended(setting: Setting, memory: Data, batch: Data) -> Data:
    """What is kept, with a batch put into its place."""
    if not isinstance(memory, Points):
        return setting.join(memory, batch)
    start = setting.sizes.real + setting.generation * setting.sizes.batch
    place = jax.lax.dynamic_update_slice_in_dim
    return Points(*(place(old, new, start, 0) for old, new in zip(memory, batch, strict=True)))
