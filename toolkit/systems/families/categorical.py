"""Categories with probabilities, fitted by relative frequencies: Wright-Fisher drift."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from toolkit.rng import multinomial, uniforms
from toolkit.systems import validation
from toolkit.systems.families.protocol import Array, Family, Law, Moments, Points, Summary
from toolkit.systems.validation import FloatArray


@dataclasses.dataclass(frozen=True)
class CategoricalLaw(Law):
    """Probabilities of ``num_categories`` categories; an example is its number, from 0."""

    num_categories: int
    width: ClassVar[int] = 1  # type: ignore[misc]
    summarised: ClassVar[bool] = True
    draws_statistics: ClassVar[bool] = True
    tempers: ClassVar[bool] = True

    def sample(self, params: Array, key: Array, number: int) -> Array:
        """By inversion of the cumulative probabilities."""
        cumulative = jnp.cumsum(params)
        # Below the sum itself: a category without probability is never drawn.
        point = uniforms(key, number) * cumulative[-1]
        chosen = jnp.searchsorted(cumulative, point, side="right")
        return jnp.minimum(chosen, self.num_categories - 1).astype(float)[:, None]

    def log_prob(self, params: Array, values: Array) -> Array:
        """Log probability of each."""
        return jnp.log(params)[values[:, 0].astype(int)]

    def supports(self, params: Array, values: FloatArray) -> npt.NDArray[np.bool_]:
        """The numbers of the categories."""
        numbers = values[:, 0]
        return (numbers == np.round(numbers)) & (numbers >= 0) & (numbers < self.num_categories)

    def coordinates(self, values: Array) -> Array:
        """Corners of a simplex: any two categories are 1 apart."""
        one_hot = jax.nn.one_hot(values[:, 0].astype(int), self.num_categories, dtype=float)
        return one_hot / jnp.sqrt(2.0)

    def moments(self, params: Array) -> Moments:
        """Of the one-hot vectors: total variance is the Gini-Simpson diversity."""
        return Moments(params, jnp.diag(params) - jnp.outer(params, params))

    def quadrature(self, params: Array, order: int) -> Points:
        """All categories."""
        return Points(jnp.arange(self.num_categories, dtype=float)[:, None], params)

    def vector(self, params: Array) -> Array:
        """All but the last probability, which they determine."""
        return params[:-1]

    def of_vector(self, vector: Array) -> Array:
        """The inverse of ``vector``."""
        return jnp.append(vector, 1 - jnp.sum(vector))

    def names(self) -> tuple[str, ...]:
        """``prob[0]``, ..."""
        return tuple(f"prob[{index}]" for index in range(self.num_categories - 1))

    def tempered(self, params: Array, temperature: Array) -> Array:
        """``p^(1/temperature)``, renormalised."""
        return jax.nn.softmax(jnp.log(params) / temperature)

    def statistics(self, values: Array, weight: Array) -> Array:
        """Relative frequencies."""
        counts = jnp.zeros(self.num_categories).at[values[:, 0].astype(int)].add(weight)
        return counts / jnp.sum(weight)

    def fit_statistics(self, data: Summary, previous: Any) -> Array:
        """The relative frequencies; rounding must not add up over many generations."""
        frequencies: Array = data.statistics
        return frequencies / jnp.sum(frequencies)

    def draw(self, params: Array, key: Array, number: Array, most: int) -> Summary:
        """Multinomial counts."""
        if most:
            return super().draw(params, key, number, most)
        return Summary(number, multinomial(key, number, params) / number)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Categorical(Family):
    """Probabilities of categories.

    Parameters
    ----------
    probs : array_like, shape (num_categories,)

    Raises
    ------
    ValueError
        When they are no probabilities, or fewer than two.

    Examples
    --------
    >>> Categorical(probs=[0.5, 0.3, 0.2]).law.names()
    ('prob[0]', 'prob[1]')
    """

    name: ClassVar[str] = "categorical"
    probs: FloatArray

    def __post_init__(self) -> None:
        self._set("probs", validation.probabilities(self.probs, "probs"))
        if self.probs.size < 2:
            raise ValueError("probs must hold at least 2 categories.")

    def check_real(self, real: Family) -> None:
        """Real examples are the numbers of the same categories.

        Raises
        ------
        ValueError
            When they are not.
        """
        if not isinstance(real, Categorical) or real.probs.size != self.probs.size:
            raise ValueError(
                f"real must be a categorical law of {self.probs.size} categories, as the family."
            )

    @property
    def law(self) -> CategoricalLaw:
        """The probabilities of so many categories."""
        return CategoricalLaw(int(self.probs.size))

    @property
    def parameters(self) -> Array:
        """The probabilities."""
        return jnp.asarray(self.probs / self.probs.sum())
