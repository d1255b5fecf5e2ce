"""Regression in context: a trained transformer whose prompt is the training set.

To fit the model is to give it the examples; its weights stay as they are. What it generates are
fresh inputs with its answers for labels, and noise if there is any.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, ClassVar, NamedTuple, get_args

import jax.numpy as jnp
import numpy as np

from toolkit.rng import bartlett, normals
from toolkit.systems import validation
from toolkit.systems.families import nodes
from toolkit.systems.families.linear_regression import LinearRegression
from toolkit.systems.families.protocol import Array, Family, Law, Moments, Points, Summary
from toolkit.systems.validation import FloatArray
from toolkit.transformers import Attention, Weights, coefficients, predictions, second_moments
from toolkit.transformers.tasks import moments_from_scatter

#: Inputs over which the best linear approximation is taken, and fewest nodes in a direction.
_INPUTS, _FEWEST = 512, 8


class ContextParams(NamedTuple):
    """What linear attention predicts with.

    Attributes
    ----------
    coef : Array, shape (d,)
    noise_sd : Array
        Of generated labels.
    weights : Weights
        Of the transformer; no fit changes them.
    """

    coef: Array
    noise_sd: Array
    weights: Weights


class PromptParams(NamedTuple):
    """What softmax attention predicts with: its prompt.

    Attributes
    ----------
    coef : Array, shape (d,)
        Of the answers while there is no prompt.
    noise_sd : Array
    weights : Weights
    examples : Array, shape (room, d + 1)
    weight : Array, shape (room,)
        What each counts for, 0 where there is none.
    """

    coef: Array
    noise_sd: Array
    weights: Weights
    examples: Array
    weight: Array


@dataclasses.dataclass(frozen=True)
class _ContextLaw(Law):
    """What both have in common: standard normal inputs, answers, Gaussian noise."""

    num_inputs: int

    @property
    def width(self) -> int:  # type: ignore[override]
        """Inputs and label."""
        return self.num_inputs + 1

    def answers(self, params: Any, inputs: Array) -> Array:
        """The predicted labels of inputs, shape (number,)."""
        raise NotImplementedError

    def sample(self, params: Any, key: Array, number: int) -> Array:
        """Fresh inputs, with answers and noise."""
        z = normals(key, self.width, number, jnp.dtype(float)).T
        y = self.answers(params, z[:, :-1]) + params.noise_sd * z[:, -1]
        return jnp.concatenate([z[:, :-1], y[:, None]], axis=1)

    def log_prob(self, params: Any, values: Array) -> Array:
        """Of the label given the inputs; without noise there is none."""
        residual = (values[:, -1] - self.answers(params, values[:, :-1])) / params.noise_sd
        return -0.5 * residual**2 - jnp.log(params.noise_sd) - 0.5 * jnp.log(2 * jnp.pi)

    def quadrature(self, params: Any, order: int) -> Points:
        """Gauss-Hermite nodes of inputs and noise."""
        z, weight = nodes.standard_normal(self.width, order)
        y = self.answers(params, z[:, :-1]) + params.noise_sd * z[:, -1]
        return Points(jnp.concatenate([z[:, :-1], y[:, None]], axis=1), weight)

    def vector(self, params: Any) -> None:
        """None: a model is no point of a space of parameters, but an answer to a prompt."""
        return


class LinearContextLaw(_ContextLaw):
    """Linear attention: second moments of the prompt are all that it sees of it."""

    summarised: ClassVar[bool] = True
    draws_statistics: ClassVar[bool] = True

    def answers(self, params: ContextParams, inputs: Array) -> Array:
        """Linear in the inputs."""
        return inputs @ params.coef

    def moments(self, params: ContextParams) -> Moments:
        """The coefficients, and the variance of the noise."""
        return Moments(params.coef, jnp.square(params.noise_sd)[None, None])

    def statistics(self, values: Array, weight: Array) -> Array:
        """Weighted averages of ``(x, y) (x, y)'``."""
        return second_moments(values, weight / jnp.sum(weight))

    def fit_statistics(self, data: Summary, previous: ContextParams) -> ContextParams:
        """The forward pass, from a prompt to coefficients."""
        return previous._replace(coef=coefficients(previous.weights, data.statistics))

    def draw(self, params: ContextParams, key: Array, number: Array, most: int) -> Summary:
        """From the Wishart law of inputs and noise."""
        if most:
            return super().draw(params, key, number, most)
        root = bartlett(key, number * 1.0, self.width)
        return Summary(number, moments_from_scatter(root, number, params.coef, params.noise_sd))


class SoftmaxContextLaw(_ContextLaw):
    """Softmax attention: the prompt is the model."""

    def answers(self, params: PromptParams, inputs: Array) -> Array:
        """The forward pass; by the coefficients while there is no prompt."""
        linear = inputs @ params.coef
        if not self.room(params):
            return linear
        there = jnp.sum(params.weight) > 0
        weight = jnp.where(there, params.weight, 1.0)
        found = predictions("softmax", params.weights, params.examples, weight, inputs)
        return jnp.where(there, found, linear)

    def moments(self, params: PromptParams) -> Moments:
        """The best linear approximation to the answers, and the variance of labels around it.

        Integrated by Gauss-Hermite nodes of up to three inputs; of more over fixed inputs with
        the second moments of the law, in pairs of opposite ones: of linear answers they are
        exact, and even ones do not disturb them.
        """
        inputs, weight = _inputs(self.num_inputs)
        found = self.answers(params, inputs)
        coef = (weight * found) @ inputs
        rest = weight @ jnp.square(found - inputs @ coef)
        return Moments(coef, (jnp.square(params.noise_sd) + rest)[None, None])

    def room(self, params: PromptParams) -> int:
        """The length of the prompt."""
        return len(params.weight)

    def with_room(self, params: PromptParams, number: int) -> PromptParams:
        """With examples of weight 0 appended."""
        more = max(number - len(params.weight), 0)
        return params._replace(
            examples=jnp.pad(params.examples, ((0, more), (0, 0))),
            weight=jnp.pad(params.weight, (0, more)),
        )

    def fit_points(self, data: Points, previous: PromptParams) -> PromptParams:
        """The examples for a prompt."""
        return previous._replace(examples=data.values, weight=data.weight)


def _inputs(num_inputs: int) -> tuple[Array, Array]:
    """Inputs whose weighted second moments are 1, and their weights."""
    order = int(_INPUTS ** (1 / num_inputs))
    if order >= _FEWEST:
        return nodes.standard_normal(num_inputs, min(order, 64))
    drawn = _pairs(num_inputs)
    return jnp.asarray(drawn), jnp.full(len(drawn), 1 / len(drawn))


@functools.cache
def _pairs(num_inputs: int) -> np.ndarray:
    """Fixed inputs with ``X'X / n = I``, in pairs of opposite ones."""
    pairs = max(_INPUTS // 2, 2 * num_inputs)
    drawn = np.random.default_rng(0).standard_normal((pairs, num_inputs))
    root = np.linalg.cholesky(np.linalg.inv(drawn.T @ drawn / pairs))
    return np.concatenate([drawn @ root, -drawn @ root])


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class InContextRegression(Family):
    """A trained transformer that regresses in context.

    Parameters
    ----------
    coef : array_like, shape (num_inputs,)
        Of the true law, and of the answers while there is no prompt.
    noise_sd : float
        Of generated labels; with 0 they are the bare answers. Real labels have the same, unless
        ``real`` of a system says otherwise.
    projection, key_query : array_like, shape (layers, num_inputs + 1, num_inputs + 1)
        The transformer's weights (:mod:`toolkit.transformers`).
    attention : {"linear", "softmax"}

    Raises
    ------
    ValueError
        When a value is outside its range.

    Notes
    -----
    The location of softmax attention is its best linear approximation, and its variance that of
    labels around it.

    Examples
    --------
    One step of gradient descent on two inputs.

    >>> from toolkit.transformers import gradient_descent_weights
    >>> step = gradient_descent_weights([0.7], 2)
    >>> family = InContextRegression(coef=[1.0, -1.0], noise_sd=0.5, **step._asdict())
    >>> family.law.width
    3
    """

    name: ClassVar[str] = "in_context"
    coef: FloatArray
    noise_sd: float
    projection: FloatArray
    key_query: FloatArray
    attention: Attention = "linear"

    def __post_init__(self) -> None:
        self._set("coef", validation.frozen_array(self.coef, "coef", 1))
        if self.coef.size == 0:
            raise ValueError("coef is empty; give one coefficient per input.")
        self._set("noise_sd", validation.real(self.noise_sd, "noise_sd", 0))
        if self.attention not in get_args(Attention):
            raise ValueError(
                f"attention must be one of {get_args(Attention)}, not {self.attention!r}."
            )
        width = self.coef.size + 1
        for name in ("projection", "key_query"):
            array = validation.frozen_array(getattr(self, name), name, 3)
            if array.shape[0] == 0 or array.shape[1:] != (width, width):
                raise ValueError(
                    f"{name} must have shape (layers, {width}, {width}) beside {width - 1} "
                    f"coefficients, not {array.shape}."
                )
            self._set(name, array)
        if len(self.projection) != len(self.key_query):
            raise ValueError(
                f"projection has {len(self.projection)} layers and key_query "
                f"{len(self.key_query)}; they must be as many."
            )

    @property
    def law(self) -> _ContextLaw:
        """The answers of such transformers on so many inputs."""
        law = LinearContextLaw if self.attention == "linear" else SoftmaxContextLaw
        return law(int(self.coef.size))

    @property
    def parameters(self) -> ContextParams | PromptParams:
        """Coefficients, noise and weights; no prompt yet."""
        weights = Weights(jnp.asarray(self.projection), jnp.asarray(self.key_query))
        params = ContextParams(jnp.asarray(self.coef), jnp.asarray(self.noise_sd, float), weights)
        if self.attention == "linear":
            return params
        return PromptParams(*params, jnp.zeros((0, self.coef.size + 1)), jnp.zeros(0))

    def check_real(self, real: Family) -> None:
        """Real examples are those of a linear regression.

        Raises
        ------
        ValueError
            When they are not.
        """
        super().check_real(real)
        if not isinstance(real, (LinearRegression, InContextRegression)):
            raise ValueError(
                f"real must be a regression for the family 'in_context', not {real.name!r}."
            )

    def best_member(self, real: Family) -> Any:
        """The answers with the coefficients of the real law."""
        assert isinstance(real, (LinearRegression, InContextRegression))
        return self.parameters._replace(coef=jnp.asarray(real.coef))
