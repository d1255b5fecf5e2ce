"""Budget: everything accumulates, but no model is trained on more than so many examples."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, get_args

import jax
import jax.numpy as jnp

from toolkit.rng import uniforms
from toolkit.systems.families import Data, Law, Points
from toolkit.systems.policies.accumulate import appended, roomy
from toolkit.systems.policies.protocol import Array, Policy, Setting, Trained, nothing_happened

Keep = Literal["everything", "reservoir", "latest"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Budget(Policy):
    """Accumulate within a budget of ``size`` examples.

    Parameters
    ----------
    size : int
        Of the training set.
    keep : {"everything", "reservoir", "latest"}
        ``"everything"``: all is kept, and each training set is drawn from it without replacement
        (the budget is one of computation). ``"reservoir"``: only so many are kept, each as
        likely as any other that ever was (Vitter's reservoir; one of storage). ``"latest"``: the
        last that came.

    Raises
    ------
    ValueError
        When a value is outside its range.

    Examples
    --------
    >>> Budget(size=100).keep
    'everything'
    """

    name: ClassVar[str] = "budget"
    needs_points: ClassVar[bool] = True
    size: int
    keep: Keep = "everything"

    def __post_init__(self) -> None:
        self._whole("size", 1)
        if self.keep not in get_args(Keep):
            raise ValueError(f"policy.keep must be one of {get_args(Keep)}, not {self.keep!r}.")

    def check(self, law: Law, num_real: int, num_generated: int) -> None:
        """The budget is enough for a fit, and no larger than what there is.

        Raises
        ------
        ValueError
            When it is not.
        """
        if not law.fewest <= self.size <= num_real + num_generated:
            raise ValueError(
                f"policy.size must lie between {law.fewest} (a fit needs them) and num_real + "
                f"num_generated = {num_real + num_generated} (the first training set), not "
                f"{self.size}."
            )

    def begin(self, setting: Setting, key: Array) -> Any:
        """Room for everything, or for the budget; what is empty has priority below 0."""
        real = setting.real
        assert isinstance(real, Points)
        if self.keep == "everything":
            return roomy(setting)
        empty = max(self.size - len(real.weight), 0)
        room = Points(jnp.pad(real.values, ((0, empty), (0, 0))), jnp.pad(real.weight, (0, empty)))
        if self.keep == "latest":
            return _best(room, _recency(room), self.size)[0]
        return _best(room, _priority(key, room), self.size)

    def train(
        self, setting: Setting, numbers: Mapping[str, Array], key: Array, memory: Any, batch: Data
    ) -> Trained:
        """A sample of everything, the reservoir, or the latest."""
        assert isinstance(batch, Points)
        if self.keep == "everything":
            pool = appended(setting, memory, batch)
            assert isinstance(pool, Points)
            chosen, _ = _best(pool, _priority(key, pool), self.size)
            return Trained(chosen, pool, nothing_happened())
        if self.keep == "latest":
            both = _joined(memory, batch)
            chosen, _ = _best(both, _recency(both), self.size)
            return Trained(chosen, chosen, nothing_happened())
        kept, priority = memory
        both = _joined(kept, batch)
        rank = jnp.concatenate([priority, _priority(key, batch)])
        chosen, highest = _best(both, rank, self.size)
        return Trained(chosen, (chosen, highest), nothing_happened())


def _joined(first: Points, second: Points) -> Points:
    return Points(*(jnp.concatenate(pair) for pair in zip(first, second, strict=True)))


def _priority(key: Array, data: Points) -> Array:
    """Uniform in (0, 1), -1 where there is no example.

    Those of the highest priorities among all that ever came are a uniform sample of them.
    """
    return jnp.where(data.weight > 0, uniforms(key, len(data.weight)), -1.0)


def _recency(data: Points) -> Array:
    return jnp.where(data.weight > 0, jnp.arange(len(data.weight)) * 1.0, -1.0)


def _best(data: Points, priority: Array, size: int) -> tuple[Points, Array]:
    """The ``size`` examples of highest priority, lowest first."""
    highest, index = jax.lax.top_k(priority, size)
    index = index[::-1]
    return Points(data.values[index], data.weight[index]), highest[::-1]
