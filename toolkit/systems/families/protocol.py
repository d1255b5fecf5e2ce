"""What a family of models is: how it is written down, and the law that is sampled and fitted.

A family has two faces. Its :class:`Family` is configuration: one member, validated, as it stands
in a file. Its :class:`Law` is mathematics: pure functions of a pytree of parameters, without
state, that can be compiled, mapped and differentiated. Simulation iterates a law, theory
differentiates it; neither knows one family from another.
"""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar, NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

Array = jax.Array


class Points(NamedTuple):
    """Examples one by one.

    Attributes
    ----------
    values : Array, shape (number, width)
    weight : Array, shape (number,)
        0 where there is no example.
    """

    values: Array
    weight: Array


class Summary(NamedTuple):
    """Examples by their sufficient statistics.

    Attributes
    ----------
    weight : Array
        How many there are.
    statistics : pytree of arrays
        As the law averages them.
    """

    weight: Array
    statistics: Any


Data = Points | Summary


class Moments(NamedTuple):
    """Where a model stands and how widely it spreads.

    Attributes
    ----------
    location : Array, shape (p,)
        Mean of what it generates (of the statistics, for an exponential family), or coefficients.
    covariance : Array, shape (p, p)
        Covariance of what it generates (of the label noise, for a regression).
    """

    location: Array
    covariance: Array


class Law:
    """The mathematics of a family: a hashable value with pure functions of its parameters.

    A family that has sufficient statistics of fixed size is ``summarised``: its ``statistics``
    (averages) are all that a fit needs. It ``draws_statistics`` where it can draw them from their
    own law, at a cost that does not grow with the number of examples. It ``tempers`` where the
    normalised power of a density belongs to the family, and ``ranks`` where the law of a linear
    score is known.
    """

    width: int
    summarised: ClassVar[bool] = False
    draws_statistics: ClassVar[bool] = False
    tempers: ClassVar[bool] = False
    ranks: ClassVar[bool] = False

    @property
    def fewest(self) -> int:
        """Examples without which there is no fit."""
        return 1

    def sample(self, params: Any, key: Array, number: int) -> Array:
        """So many examples, shape (number, width)."""
        raise NotImplementedError

    def examples(self, params: Any, key: Array, number: Array, most: int) -> Points:
        """``number`` examples, with room for ``most``."""
        weight = (jnp.arange(most) < number).astype(float)
        return Points(self.sample(params, key, most), weight)

    def log_prob(self, params: Any, values: Array) -> Array:
        """Log density of examples, shape (number,)."""
        raise NotImplementedError

    def supports(self, params: Any, values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Which examples a member can generate, or one like it: those of positive density."""
        return np.isfinite(np.asarray(self.log_prob(params, jnp.asarray(values))))

    def coordinates(self, values: Array) -> Array:
        """Examples as points, whose distance says how unlike they are, shape (number, any)."""
        return values

    def moments(self, params: Any) -> Moments:
        """Location and covariance of what a member generates."""
        raise NotImplementedError

    def quadrature(self, params: Any, order: int) -> Points:
        """Nodes and weights (which sum to 1) that integrate over a member's law."""
        raise NotImplementedError

    def vector(self, params: Any) -> Array | None:
        """The free parameters in a row; None where their number is not fixed."""
        raise NotImplementedError

    def of_vector(self, vector: Array) -> Any:
        """The inverse of ``vector``."""
        raise NotImplementedError

    def names(self) -> tuple[str, ...]:
        """What ``vector`` holds."""
        return ()

    def tempered(self, params: Any, temperature: Array) -> Any:
        """The member of density proportional to ``p^(1/temperature)``."""
        raise NotImplementedError

    def score_cdf(self, params: Any, weights: Array, scores: Array) -> Array:
        """The chance that an example's score ``x . weights`` is below each of ``scores``."""
        raise NotImplementedError

    def usable(self, params: Any) -> Array:
        """Whether parameters can be gone on with: all finite, nothing degenerate."""
        leaves = [jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(params)]
        return jnp.all(jnp.stack(leaves))

    def room(self, params: Any) -> int:
        """How many examples the parameters hold, where they hold any."""
        return 0

    def with_room(self, params: Any, number: int) -> Any:
        """The same member, with room for so many examples."""
        return params

    # ---------------------------------------------------------------- families with statistics

    def statistics(self, values: Array, weight: Array) -> Any:
        """Sufficient statistics of weighted examples; the weights sum to more than 0."""
        raise NotImplementedError

    def fit_statistics(self, data: Summary, previous: Any) -> Any:
        """The fit to sufficient statistics."""
        raise NotImplementedError

    def draw(self, params: Any, key: Array, number: Array, most: int) -> Summary:
        """Statistics of ``number`` examples.

        Drawn one by one where there is room for ``most`` of them; with room for none from the
        statistics' own law, by a family that ``draws_statistics``.
        """
        return self.summary(self.examples(params, key, number, most))

    def summary(self, data: Data) -> Summary:
        """Examples by their statistics."""
        if isinstance(data, Summary):
            return data
        return Summary(jnp.sum(data.weight), self.statistics(data.values, data.weight))

    def join_statistics(self, first: Summary, second: Summary) -> Summary:
        """Two sets of examples as one: averages are averaged."""
        weight = first.weight + second.weight
        share = second.weight / jnp.where(weight > 0, weight, 1)
        average = jax.tree.map(
            lambda one, other: one + share * (other - one), first.statistics, second.statistics
        )
        return Summary(weight, _of_the_other(first, second, average))

    # ------------------------------------------------------------------------------ any family

    def fit_points(self, data: Points, previous: Any) -> Any:
        """The fit to weighted examples, begun at ``previous`` where it is iterative."""
        raise NotImplementedError

    def fit(self, data: Data, previous: Any) -> Any:
        """The fit to a training set.

        Parameters
        ----------
        data : Points or Summary
        previous : pytree
            The parameters before; where a fit is iterative it begins there.
        """
        if self.summarised:
            return self.fit_statistics(self.summary(data), previous)
        assert isinstance(data, Points)
        return self.fit_points(data, previous)

    def join(self, first: Data, second: Data) -> Data:
        """Two training sets as one."""
        if isinstance(first, Points) and isinstance(second, Points):
            return Points(*(jnp.concatenate(pair) for pair in zip(first, second, strict=True)))
        assert isinstance(first, Summary)
        assert isinstance(second, Summary)
        return self.join_statistics(first, second)


def _of_the_other(first: Summary, second: Summary, both: Any) -> Any:
    """Statistics of two sets; where one is empty, and its average may be anything, the other's."""

    def leaf(one: Array, other: Array, joined: Array) -> Array:
        joined = jnp.where(second.weight > 0, joined, one)
        return jnp.where(first.weight > 0, joined, other)

    return jax.tree.map(leaf, first.statistics, second.statistics, both)


def scaled[Examples: Data](data: Examples, factor: Array | float) -> Examples:
    """A training set in which every example counts ``factor`` times."""
    return cast("Examples", data._replace(weight=data.weight * factor))


def total(data: Data) -> Array:
    """How many examples a training set counts."""
    return jnp.sum(data.weight)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Family:
    """One member of a family, as it stands in a file: ``name`` and its parameters."""

    name: ClassVar[str]

    @property
    def law(self) -> Law:
        """The mathematics of the family."""
        raise NotImplementedError

    @property
    def parameters(self) -> Any:
        """The member's parameters, a pytree of arrays."""
        raise NotImplementedError

    def check_real(self, real: Family) -> None:
        """Check what real examples of another family would be to this one.

        Raises
        ------
        ValueError
            When they cannot be examples of it.
        """
        widths = real.law.width, self.law.width
        if widths[0] != widths[1]:
            raise ValueError(
                f"examples of real have {widths[0]} numbers, those of the family {widths[1]}; "
                "they must be alike."
            )

    def best_member(self, real: Family) -> Any:
        """Parameters of the member that is likeliest under a real law, where it is known.

        Those of the real law if it is of the family; None where they take a fit.
        """
        return real.parameters if real.law == self.law else None

    def _set(self, name: str, value: Any) -> None:
        """Assignment inside ``__post_init__`` of a frozen dataclass."""
        object.__setattr__(self, name, value)
