"""Curated: of every few examples that are generated the best by a score is kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

import jax.numpy as jnp

from toolkit.systems import validation
from toolkit.systems.families import Data, Law
from toolkit.systems.policies.protocol import Array, Policy, Setting, Trained, nothing_happened


@dataclasses.dataclass(frozen=True, kw_only=True)
class Curated(Policy):
    """Selection by a score: best of k, for each example that is kept.

    Parameters
    ----------
    choices : int
        k: examples generated for one that is kept.
    score : sequence of float, optional
        Weights of an example's numbers in its score; the first number unless given.
    with_real : bool
        Whether the real data set stands beside them, as in ``mix``.

    Raises
    ------
    ValueError
        When a value is outside its range.

    Examples
    --------
    >>> Curated(choices=2).best_of
    2
    """

    name: ClassVar[str] = "curated"
    needs_points: ClassVar[bool] = True
    choices: int
    score: tuple[float, ...] | None = None
    with_real: bool = False

    def __post_init__(self) -> None:
        self._whole("choices", 1)
        if self.score is not None:
            score = validation.frozen_array(self.score, "policy.score", 1)
            self._set("score", tuple(float(weight) for weight in score))
        if not isinstance(self.with_real, bool):
            raise ValueError(f"policy.with_real must be true or false, not {self.with_real!r}.")

    @property
    def best_of(self) -> int:
        """Examples generated for one that is kept."""
        return self.choices

    def check(self, law: Law, num_real: int, num_generated: int) -> None:
        """The score has a weight for each number of an example.

        Raises
        ------
        ValueError
            When it has not.
        """
        if self.score is not None and len(self.score) != law.width:
            raise ValueError(
                f"policy.score must hold {law.width} weights, one for each number of an example, "
                f"not {len(self.score)}."
            )

    def select(self, values: Array) -> Array:
        """The example of the highest score; of equals the first."""
        weights = jnp.asarray(self.score or (1.0,))
        score = values[..., : len(weights)] @ weights
        best = jnp.argmax(score, axis=1)
        return jnp.take_along_axis(values, best[:, None, None], axis=1)[:, 0]

    def train(
        self, setting: Setting, numbers: Mapping[str, Array], key: Array, memory: Any, batch: Data
    ) -> Trained:
        """The chosen examples, and the real data set if it stands beside them."""
        data = setting.join(setting.real, batch) if self.with_real else batch
        return Trained(data, memory, nothing_happened())
