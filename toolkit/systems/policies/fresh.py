"""Fresh: real examples drawn anew in each generation, beside what the model generated."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

from toolkit.systems.families import Data, scaled
from toolkit.systems.policies.protocol import Array, Policy, Setting, Trained, nothing_happened


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fresh(Policy):
    """Fresh real data in each generation.

    Parameters
    ----------
    num_fresh : int
        Real examples in each.
    weight : float, optional
        Their share of the training set's weight; ``num_fresh / (num_fresh + num_generated)``,
        every example alike, unless given.

    Raises
    ------
    ValueError
        When a value is outside its range.

    Examples
    --------
    >>> Fresh(num_fresh=100, weight=0.618).weight
    0.618
    """

    name: ClassVar[str] = "fresh"
    varying: ClassVar[tuple[str, ...]] = ("num_fresh", "weight")
    num_fresh: int
    weight: float | None = None

    def __post_init__(self) -> None:
        self._whole("num_fresh", 1)
        if self.weight is not None:
            self._share("weight")

    @property
    def fresh(self) -> int:
        """Real examples drawn in a generation."""
        return self.num_fresh

    def share(self, num_generated: int) -> float:
        """The real examples' share of the weight beside so many generated ones.

        Examples
        --------
        >>> Fresh(num_fresh=50).share(150), Fresh(num_fresh=50, weight=0.6).share(150)
        (0.25, 0.6)
        """
        if self.weight is not None:
            return self.weight
        return self.num_fresh / (self.num_fresh + num_generated)

    def train(
        self, setting: Setting, numbers: Mapping[str, Array], key: Array, memory: Any, batch: Data
    ) -> Trained:
        """Fresh data and the batch, weighted if a weight is given."""
        real = setting.draw_real(key, numbers["num_fresh"])
        if self.weight is not None:
            of_real, of_batch = real.weight.sum(), batch.weight.sum()
            both, weight = of_real + of_batch, numbers["weight"]
            real = scaled(real, weight * both / of_real)
            batch = scaled(batch, (1 - weight) * both / of_batch)
        return Trained(setting.join(real, batch), memory, nothing_happened())
