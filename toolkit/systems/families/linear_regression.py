"""Linear regression whose labels the model gives itself: ``y = x' coef + noise_sd z``."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar, Literal, NamedTuple, get_args

import jax.numpy as jnp

from toolkit.rng import bartlett, normals, split
from toolkit.systems import validation
from toolkit.systems.families import nodes
from toolkit.systems.families.protocol import Array, Family, Law, Moments, Points, Summary
from toolkit.systems.validation import FloatArray

Inputs = Literal["gaussian", "orthogonal"]


class RegressionParams(NamedTuple):
    """Coefficients, and the standard deviation of the labels' noise, which is known."""

    coef: Array
    noise_sd: Array


class RegressionStatistics(NamedTuple):
    """Averages of ``x x'`` and of ``x y``."""

    gram: Array
    moment: Array


@dataclasses.dataclass(frozen=True)
class RegressionLaw(Law):
    """An example is ``(x_1 .. x_d, y)``; the inputs are the same in law at all times.

    ``"gaussian"`` inputs are independent standard normals. ``"orthogonal"`` ones are a design:
    the inputs of a batch of n have ``X'X = n I`` exactly.
    """

    num_inputs: int
    inputs: Inputs
    summarised: ClassVar[bool] = True
    draws_statistics: ClassVar[bool] = True

    @property
    def width(self) -> int:  # type: ignore[override]
        """Inputs and label."""
        return self.num_inputs + 1

    @property
    def fewest(self) -> int:
        """As many as there are coefficients."""
        return self.num_inputs

    def sample(self, params: RegressionParams, key: Array, number: int) -> Array:
        """Inputs with labels."""
        return self.examples(params, key, jnp.asarray(number), number).values

    def examples(self, params: RegressionParams, key: Array, number: Array, most: int) -> Points:
        """Inputs with labels; a design is one of those that are used."""
        weight = (jnp.arange(most) < number).astype(float)
        z = normals(key, self.num_inputs + 1, most, jnp.dtype(float)).T
        x = z[:, :-1]
        if self.inputs == "orthogonal":
            x = jnp.linalg.qr(weight[:, None] * x)[0] * jnp.sqrt(number)
        y = x @ params.coef + params.noise_sd * z[:, -1]
        return Points(jnp.concatenate([x, y[:, None]], axis=1), weight)

    def log_prob(self, params: RegressionParams, values: Array) -> Array:
        """Of the label given the inputs, whose law is not fitted."""
        residual = (values[:, -1] - values[:, :-1] @ params.coef) / params.noise_sd
        return -0.5 * residual**2 - jnp.log(params.noise_sd) - 0.5 * jnp.log(2 * jnp.pi)

    def moments(self, params: RegressionParams) -> Moments:
        """The coefficients, and the variance of the noise."""
        return Moments(params.coef, jnp.square(params.noise_sd)[None, None])

    def quadrature(self, params: RegressionParams, order: int) -> Points:
        """Gauss-Hermite nodes of inputs and noise."""
        z, weight = nodes.standard_normal(self.num_inputs + 1, order)
        y = z[:, :-1] @ params.coef + params.noise_sd * z[:, -1]
        return Points(jnp.concatenate([z[:, :-1], y[:, None]], axis=1), weight)

    def vector(self, params: RegressionParams) -> Array:
        """The coefficients: the noise is known, and no fit changes it."""
        return params.coef

    def of_vector(self, vector: Array) -> RegressionParams:
        """The inverse of ``vector``, at unit noise: a fit does not depend on it."""
        return RegressionParams(vector, jnp.ones(()))

    def names(self) -> tuple[str, ...]:
        """``coef[0]``, ..."""
        return tuple(f"coef[{index}]" for index in range(self.num_inputs))

    def statistics(self, values: Array, weight: Array) -> RegressionStatistics:
        """Weighted averages."""
        x, y = values[:, :-1], values[:, -1]
        share = weight / jnp.sum(weight)
        return RegressionStatistics((share * x.T) @ x, (share * y) @ x)

    def fit_statistics(self, data: Summary, previous: RegressionParams) -> RegressionParams:
        """Least squares; the noise is known."""
        gram, moment = data.statistics
        return RegressionParams(jnp.linalg.solve(gram, moment), previous.noise_sd)

    def draw(self, params: RegressionParams, key: Array, number: Array, most: int) -> Summary:
        """``X'X`` (Wishart, or n I), and ``X'y``, normal around ``X'X coef``."""
        if most:
            return super().draw(params, key, number, most)
        key_gram, key_noise = split(key)
        z = normals(key_noise, self.num_inputs, 1, jnp.dtype(float))[:, 0]
        if self.inputs == "orthogonal":
            root = jnp.sqrt(number) * jnp.eye(self.num_inputs)
        else:
            root = bartlett(key_gram, number * 1.0, self.num_inputs)
        gram = root @ root.T
        moment = gram @ params.coef + params.noise_sd * (root @ z)
        return Summary(number, RegressionStatistics(gram / number, moment / number))


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LinearRegression(Family):
    """A linear regression without intercept, with noise of known size.

    Parameters
    ----------
    coef : array_like, shape (num_inputs,)
    noise_sd : float
        Of the labels, real and generated.
    inputs : {"gaussian", "orthogonal"}
        ``"gaussian"``: drawn afresh, independent standard normals; ``"orthogonal"``: an
        orthogonal design, in which a batch of n has ``X'X = n I``.

    Raises
    ------
    ValueError
        When a value is outside its range.

    Examples
    --------
    >>> LinearRegression(coef=[1.0, -1.0], noise_sd=0.5).law.width
    3
    """

    name: ClassVar[str] = "linear_regression"
    coef: FloatArray
    noise_sd: float
    inputs: Inputs = "gaussian"

    def __post_init__(self) -> None:
        self._set("coef", validation.frozen_array(self.coef, "coef", 1))
        if self.coef.size == 0:
            raise ValueError("coef is empty; give one coefficient per input.")
        self._set("noise_sd", validation.real(self.noise_sd, "noise_sd", 0, open_low=True))
        if self.inputs not in get_args(Inputs):
            raise ValueError(f"inputs must be one of {get_args(Inputs)}, not {self.inputs!r}.")

    @property
    def law(self) -> RegressionLaw:
        """The regressions on so many inputs."""
        return RegressionLaw(int(self.coef.size), self.inputs)

    @property
    def parameters(self) -> Any:
        """Coefficients and noise."""
        return RegressionParams(jnp.asarray(self.coef), jnp.asarray(self.noise_sd, float))
