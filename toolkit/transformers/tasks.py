"""Random regressions, prompts of their examples, and how well a transformer does on them."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from toolkit.machine import jit
from toolkit.rng import bartlett, normals, split, uniforms
from toolkit.transformers.attention import (
    Array,
    Attention,
    Weights,
    coefficients,
    predictions,
)

_DOUBLE = jnp.dtype(float)


class Tasks(NamedTuple):
    """A law of regressions: ``w ~ N(0, tau^2 I)``, ``x ~ N(0, I)``, ``y = w'x + noise``.

    Attributes
    ----------
    num_inputs : int
    context : tuple of int
        Fewest and most examples of a prompt; every number between is as likely.
    prior_variance : float
        tau^2, of each coefficient.
    noise_sd : float
        Of the labels.

    Examples
    --------
    >>> Tasks.of_length(8, 16).context
    (16, 16)
    """

    num_inputs: int
    context: tuple[int, int]
    prior_variance: float = 1.0
    noise_sd: float = 0.0

    @classmethod
    def of_length(
        cls, num_inputs: int, context: int, prior_variance: float = 1.0, noise_sd: float = 0.0
    ) -> Tasks:
        """With prompts of one length."""
        return cls(num_inputs, (context, context), prior_variance, noise_sd)


class Prompts(NamedTuple):
    """A batch of tasks with their examples.

    Attributes
    ----------
    coef : Array, shape (number, d)
    examples : Array, shape (number, room, d + 1)
    weight : Array, shape (number, room)
        1, or 0 where a prompt is shorter than the room.
    queries : Array, shape (number, queries, d)
    """

    coef: Array
    examples: Array
    weight: Array
    queries: Array


def moments_from_scatter(root: Array, number: Array, coef: Array, noise_sd: Array) -> Array:
    """Second moments of examples, given a root of the scatter of inputs and unit noise.

    With ``(x, z)`` standard normal and ``y = w'x + s z`` an example is a linear map of ``(x, z)``,
    and n of those have a scatter that is Wishart, whose root is drawn at a cost that does not grow
    with n.

    Parameters
    ----------
    root : Array, shape (d + 1, d + 1)
        ``A`` with ``A A' = sum_j (x_j, z_j) (x_j, z_j)'``.
    number : Array
        n.
    coef : Array, shape (d,)
    noise_sd : Array

    Returns
    -------
    Array, shape (d + 1, d + 1)

    Examples
    --------
    >>> moments_from_scatter(2 * jnp.eye(2), jnp.asarray(4.0), jnp.array([3.0]), 0.5).tolist()
    [[1.0, 3.0], [3.0, 9.25]]
    """
    label = jnp.append(coef, noise_sd) @ root
    joint = jnp.concatenate([root[:-1], label[None]])
    return joint @ joint.T / number


def draw_moments(tasks: Tasks, key: Array, number: int) -> tuple[Array, Array]:
    """Coefficients of so many tasks, and the second moments of their prompts: exact in law.

    Examples
    --------
    >>> coef, moments = draw_moments(Tasks.of_length(3, 10), jax.random.key(0), 5)
    >>> coef.shape, moments.shape
    ((5, 3), (5, 4, 4))
    """
    key_task, key_scatter = split(key)
    coef, length = _coefficients(tasks, key_task, number)
    root = bartlett(key_scatter, length, tasks.num_inputs + 1)
    noise = jnp.full(number, tasks.noise_sd)
    return coef, jax.vmap(moments_from_scatter)(root, length, coef, noise)


def draw_prompts(tasks: Tasks, key: Array, number: int, queries: int) -> Prompts:
    """So many tasks with every example, and queries for each.

    Examples
    --------
    >>> prompts = draw_prompts(Tasks(3, (4, 10)), jax.random.key(0), 5, 2)
    >>> prompts.examples.shape, prompts.queries.shape
    ((5, 10, 4), (5, 2, 3))
    """
    key_task, key_input = split(key)
    coef, length = _coefficients(tasks, key_task, number)
    room = tasks.context[1]
    z = normals(key_input, tasks.num_inputs + 1, number * (room + queries), _DOUBLE)
    z = z.T.reshape(number, room + queries, -1)
    x = z[:, :room, :-1]
    y = jnp.einsum("tnd,td->tn", x, coef) + tasks.noise_sd * z[:, :room, -1]
    weight = (jnp.arange(room) < length[:, None]).astype(float)
    examples = jnp.concatenate([x, y[..., None]], axis=-1)
    return Prompts(coef, examples, weight, z[:, room:, :-1])


def _coefficients(tasks: Tasks, key: Array, number: int) -> tuple[Array, Array]:
    """Coefficients, and the lengths of the prompts."""
    key_coef, key_length = split(key)
    coef = jnp.sqrt(tasks.prior_variance) * normals(key_coef, tasks.num_inputs, number, _DOUBLE).T
    fewest, most = tasks.context
    length = fewest + jnp.floor(uniforms(key_length, number) * (most - fewest + 1))
    return coef, jnp.minimum(length, most)


def squared_errors(
    attention: Attention, weights: Weights, tasks: Tasks, key: Array, number: int, queries: int = 16
) -> Array:
    """Mean squared error of the answers to a task, ``E (prediction - w'x)^2``, task by task.

    Of linear attention the mean over all queries, ``|coefficients - w|^2``; of softmax attention
    that over so many.

    Examples
    --------
    Without a layer everything is answered by 0, and the error is ``|w|^2``.

    >>> nothing = Weights(jnp.zeros((1, 4, 4)), jnp.zeros((1, 4, 4)))
    >>> tasks, key = Tasks.of_length(3, 10), jax.random.key(0)
    >>> error = squared_errors("linear", nothing, tasks, key, 5)
    >>> bool(jnp.allclose(error, jnp.sum(draw_moments(tasks, key, 5)[0] ** 2, axis=1)))
    True
    """
    if attention == "linear":
        coef, moments = draw_moments(tasks, key, number)
        found = jax.vmap(lambda one: coefficients(weights, one))(moments)
        return jnp.sum(jnp.square(found - coef), axis=1)
    prompts = draw_prompts(tasks, key, number, queries)
    answers = jax.vmap(lambda *one: predictions(attention, weights, *one))(*prompts[1:])
    right = jnp.einsum("tqd,td->tq", prompts.queries, prompts.coef)
    return jnp.mean(jnp.square(answers - right), axis=1)


def evaluated(
    attention: Attention, weights: Weights, tasks: Tasks, key: Array, number: int
) -> Array:
    """:func:`squared_errors` as one program, for the same tasks again and again.

    Examples
    --------
    >>> from toolkit.transformers import gradient_descent_weights
    >>> weights = gradient_descent_weights([0.7], 3)
    >>> evaluated("linear", weights, Tasks.of_length(3, 10), jax.random.key(0), 5).shape
    (5,)
    """
    static, lengths = apart(tasks, attention)
    found: Array = _evaluated(attention, weights, static, lengths, key, number)
    return found


@jit(static_argnums=(0, 2, 5))
def _evaluated(
    attention: Attention, weights: Weights, static: Tasks, lengths: Array, key: Array, number: int
) -> Array:
    return squared_errors(attention, weights, together(static, lengths, attention), key, number)


def gain(weights: Weights, tasks: Tasks, key: Array, number: int) -> tuple[Array, Array]:
    """The gain of linear attention as a step of gradient descent, and how far it is from one.

    Its coefficients c are regressed on those of a full step, u = mean of ``x y``.

    Returns
    -------
    gain : Array
        ``sum c'u / sum u'u`` over so many prompts.
    apart : Array
        What the step of this gain leaves of c: ``sum |c - gain u|^2 / sum |c|^2``.

    Examples
    --------
    >>> from toolkit.transformers import gradient_descent_weights
    >>> weights = gradient_descent_weights([0.7], 3)
    >>> found = gain(weights, Tasks.of_length(3, 10), jax.random.key(0), 50)
    >>> [round(float(one), 12) for one in found]
    [0.7, 0.0]
    """
    static, lengths = apart(tasks, "linear")
    found: tuple[Array, Array] = _gain(weights, static, lengths, key, number)
    return found


@jit(static_argnums=(1, 4))
def _gain(
    weights: Weights, static: Tasks, lengths: Array, key: Array, number: int
) -> tuple[Array, Array]:
    _, moments = draw_moments(together(static, lengths, "linear"), key, number)
    step = moments[:, :-1, -1]
    found = jax.vmap(lambda one: coefficients(weights, one))(moments)
    of_step = jnp.sum(found * step) / jnp.sum(step**2)
    return of_step, jnp.sum((found - of_step * step) ** 2) / jnp.sum(found**2)


def apart(tasks: Tasks, attention: Attention) -> tuple[Tasks, Array]:
    """What is compiled in, and the lengths of prompts, which are not for linear attention.

    Its prompts are drawn by their moments, at any length by the same program.

    Examples
    --------
    >>> static, lengths = apart(Tasks.of_length(3, 10), "linear")
    >>> static.context, lengths.tolist()
    ((1, 1), [10.0, 10.0])
    """
    static = tasks._replace(context=(1, 1)) if attention == "linear" else tasks
    return static, jnp.asarray(tasks.context, float)


def together(static: Tasks, lengths: Array, attention: Attention) -> Tasks:
    """The inverse of :func:`apart`, inside a program.

    Examples
    --------
    >>> tasks = Tasks.of_length(3, 10)
    >>> together(tasks, jnp.array([10.0, 10.0]), "softmax") == tasks
    True
    """
    if attention == "softmax":
        return static
    return static._replace(context=(lengths[0], lengths[1]))  # type: ignore[arg-type]
