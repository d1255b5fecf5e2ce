"""Training of transformers on random regressions, many seeds side by side in one program."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from toolkit.machine import jit
from toolkit.rng import normals, split
from toolkit.transformers.attention import Array, Attention, Weights, gradient_descent_weights
from toolkit.transformers.tasks import Tasks, apart, squared_errors, together

#: A gradient longer than this is shortened to it: products of layers have rare large ones.
_LONGEST = 1.0
#: Standard deviation of a first weight, times the root of their number in a row.
_FIRST = 0.3


class Trained(NamedTuple):
    """Transformers, each trained from weights and on tasks of its own.

    Attributes
    ----------
    weights : Weights
        The first axis is the seed.
    loss : ndarray, shape (seeds, steps)
        Of the batch of each step.
    seeds : tuple of int
    """

    weights: Weights
    loss: npt.NDArray[np.float64]
    seeds: tuple[int, ...]

    def of(self, index: int) -> Weights:
        """The weights of one seed."""
        return Weights(*(leaf[index] for leaf in self.weights))


def train(
    tasks: Tasks,
    *,
    seeds: tuple[int, ...],
    attention: Attention = "linear",
    layers: int = 1,
    restricted: bool = False,
    steps: int = 1500,
    batch_size: int = 256,
    queries: int = 16,
    learning_rate: float = 0.02,
) -> Trained:
    """Minimise the mean squared error of the answers by Adam.

    The learning rate falls to 0 along a cosine; gradients are clipped. The error of linear
    attention is averaged over all queries in closed form, that of softmax attention over so many.

    Parameters
    ----------
    tasks : Tasks
    seeds : tuple of int
    attention : {"linear", "softmax"}
    layers : int
    restricted : bool
        Only step sizes of gradient descent are trained, one a layer: the class in which the
        closed form is the best. Unrestricted layers may also transform the inputs.
    steps, batch_size, queries : int
    learning_rate : float
        At the start.

    Returns
    -------
    Trained

    Raises
    ------
    ValueError
        When an argument is outside its range.

    Examples
    --------
    >>> trained = train(Tasks.of_length(2, 10), seeds=(1, 2), restricted=True, steps=5)
    >>> trained.loss.shape, trained.of(0).projection.shape
    ((2, 5), (1, 3, 3))
    """
    if not seeds or len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds must be different numbers, at least one, not {seeds}.")
    if restricted and attention != "linear":
        raise ValueError('restricted training is of linear attention; use attention="linear".')
    for name, value in (("layers", layers), ("steps", steps), ("batch_size", batch_size)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, not {value}.")
    static, lengths = apart(tasks, attention)
    spec = _Spec(static, attention, layers, restricted, steps, batch_size, queries, learning_rate)
    weights, loss = _trained(spec, lengths, jax.vmap(jax.random.key)(jnp.asarray(seeds)))
    return Trained(weights, np.asarray(loss), tuple(seeds))


class _Spec(NamedTuple):
    """What is compiled in."""

    tasks: Tasks
    attention: Attention
    layers: int
    restricted: bool
    steps: int
    batch_size: int
    queries: int
    learning_rate: float


@jit(static_argnums=0)
def _trained(spec: _Spec, lengths: Array, keys: Array) -> tuple[Weights, Array]:
    return jax.vmap(partial(_one, spec, lengths))(keys)


def _one(spec: _Spec, lengths: Array, key: Array) -> tuple[Weights, Array]:
    """One seed."""
    import optax  # slow to import, and needed here alone

    tasks = together(spec.tasks, lengths, spec.attention)
    optimiser = optax.chain(
        optax.clip_by_global_norm(_LONGEST),
        optax.adam(optax.cosine_decay_schedule(spec.learning_rate, spec.steps)),
    )

    def loss(parameters: Any, key: Array) -> Array:
        weights = _weights(spec, parameters)
        return jnp.mean(
            squared_errors(spec.attention, weights, tasks, key, spec.batch_size, spec.queries)
        )

    def step(state: tuple[Any, Any], key: Array) -> tuple[tuple[Any, Any], Array]:
        parameters, moments = state
        value, gradient = jax.value_and_grad(loss)(parameters, key)
        change, moments = optimiser.update(gradient, moments, parameters)
        return (optax.apply_updates(parameters, change), moments), value

    key_first, key_steps = split(key)
    first = _first(spec, key_first)
    begin = first, optimiser.init(first)
    (parameters, _), losses = jax.lax.scan(step, begin, split(key_steps, spec.steps))
    return _weights(spec, parameters), losses


def _weights(spec: _Spec, parameters: Any) -> Weights:
    if spec.restricted:
        return gradient_descent_weights(parameters, spec.tasks.num_inputs)
    return Weights(*parameters)


def _first(spec: _Spec, key: Array) -> Any:
    """Where training begins: small random weights, or small steps."""
    if spec.restricted:
        return 0.1 * normals(key, 1, spec.layers, jnp.dtype(float))[0]
    width = spec.tasks.num_inputs + 1
    drawn = normals(key, 2 * spec.layers, width * width, jnp.dtype(float))
    drawn = drawn.reshape(2, spec.layers, width, width) * _FIRST / jnp.sqrt(width)
    return drawn[0], drawn[1]
