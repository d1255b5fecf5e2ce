"""What a data policy is: which examples the next model is trained on.

A policy sees training sets as values that can be joined and weighted, not what they hold: the
same policy trains any family, on examples or on their sufficient statistics.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from toolkit.systems import validation
from toolkit.systems.families import Data, Law

Array = jax.Array


class Sizes(NamedTuple):
    """Room for examples, where they are kept one by one; all 0 where statistics are.

    Attributes
    ----------
    real : int
        The real data set.
    batch : int
        What is generated in one generation, at most.
    fresh : int
        Real examples that a policy draws in one generation, at most.
    generations : int
        How many there will be.
    """

    real: int
    batch: int
    fresh: int
    generations: int


class Setting(NamedTuple):
    """What a policy may use in one generation.

    Attributes
    ----------
    sizes : Sizes
    join : callable
        ``join(first, second)``: two training sets as one.
    real : Data
        The real data set, always the same.
    draw_real : callable
        ``draw_real(key, number)``: so many other real examples.
    generation : Array
        Of the models that generated the batch, from 0.
    """

    sizes: Sizes
    join: Callable[[Data, Data], Data]
    real: Data
    draw_real: Callable[[Array, Array], Data]
    generation: Array


class Trained(NamedTuple):
    """What a policy decided.

    Attributes
    ----------
    data : Data
        The training set.
    memory : pytree
        What it keeps for later.
    happened : Array
        Whether an event of the policy took place.
    """

    data: Data
    memory: Any
    happened: Array


@dataclasses.dataclass(frozen=True, kw_only=True)
class Policy:
    """A data policy, as it stands in a file: ``name`` and its numbers.

    Attributes
    ----------
    needs_points : bool
        Whether it picks among examples, so that their statistics are not enough.
    varying : tuple of str
        Fields that may vary without compiling anew.
    """

    name: ClassVar[str]
    needs_points: ClassVar[bool] = False
    varying: ClassVar[tuple[str, ...]] = ()

    @property
    def best_of(self) -> int:
        """Examples generated for one that is kept."""
        return 1

    @property
    def fresh(self) -> int:
        """Real examples drawn in a generation, at most."""
        return 0

    def check(self, law: Law, num_real: int, num_generated: int) -> None:
        """Check the policy against what it is to train.

        Raises
        ------
        ValueError
            When the two do not go together.
        """

    def select(self, values: Array) -> Array:
        """One of ``best_of`` examples: shapes (number, best_of, width) to (number, width)."""
        return values[:, 0]

    def begin(self, setting: Setting, key: Array) -> Any:
        """What is kept of the real data when the loop starts."""
        return ()

    def train(
        self, setting: Setting, numbers: Mapping[str, Array], key: Array, memory: Any, batch: Data
    ) -> Trained:
        """The training set, given what the models generated."""
        raise NotImplementedError

    def numbers(self) -> dict[str, Array]:
        """The fields that vary, as arrays; 0 stands for None."""
        return {name: jnp.asarray(float(getattr(self, name) or 0)) for name in self.varying}

    def _set(self, name: str, value: Any) -> None:
        """Assignment inside ``__post_init__`` of a frozen dataclass."""
        object.__setattr__(self, name, value)

    def _whole(self, name: str, at_least: int) -> None:
        self._set(name, validation.integer(getattr(self, name), f"policy.{name}", at_least))

    def _share(self, name: str) -> None:
        self._set(name, validation.real(getattr(self, name), f"policy.{name}", 0, 1))


def nothing_happened() -> Array:
    """For policies without events."""
    return jnp.asarray(False)
