"""Attention that regresses in context: a prompt of examples in, a prediction out.

A token is ``e = (x, y)``; that of the query is ``(x, 0)``. All tokens attend to the examples alone.
A layer of linear attention moves each by ``e <- e + P (sum_j w_j e_j e_j') Q e``, where the w_j
are what the examples count for and sum to 1; one of softmax attention by
``e <- e + P sum_j a_j e_j`` with ``a_j`` proportional to ``w_j exp(e_j' Q e)``. The prediction is
minus the last number of the query's token, so that residuals stand there: a layer whose P is
``-eta`` at ``[y, y]`` and whose Q is the identity of the inputs is a step of gradient descent on
least squares (von Oswald et al.; Ahn et al.: L layers, L steps).

Linear attention knows of its examples only their second moments, and its prediction is linear in
the query: it is as good as a vector of coefficients.

References
----------
J. von Oswald et al., "Transformers Learn In-Context by Gradient Descent", 2023.
K. Ahn, X. Cheng, H. Daneshmand, S. Sra, "Transformers Learn to Implement Preconditioned Gradient
Descent for In-Context Learning", 2023.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy.typing as npt

Array = jax.Array
Attention = Literal["linear", "softmax"]


class Weights(NamedTuple):
    """Of a transformer of L layers on d inputs.

    Attributes
    ----------
    projection : Array, shape (L, d + 1, d + 1)
        P of each layer.
    key_query : Array, shape (L, d + 1, d + 1)
        Q of each layer.
    """

    projection: Array
    key_query: Array


def gradient_descent_weights(steps: npt.ArrayLike, num_inputs: int) -> Weights:
    """Linear attention that descends the gradient of least squares, one step a layer.

    Parameters
    ----------
    steps : array_like, shape (L,)
        Step sizes, layer by layer.
    num_inputs : int

    Returns
    -------
    Weights

    Examples
    --------
    >>> weights = gradient_descent_weights([0.8], 2)
    >>> weights.projection[0].tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, -0.8]]
    >>> weights.key_query[0].tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    """
    step = jnp.asarray(steps, float)
    zero = jnp.zeros((len(step), num_inputs + 1, num_inputs + 1))
    inputs = jnp.arange(num_inputs)
    return Weights(zero.at[:, -1, -1].set(-step), zero.at[:, inputs, inputs].set(1.0))


def second_moments(examples: Array, share: Array) -> Array:
    """``sum_j w_j e_j e_j'``, shape (d + 1, d + 1).

    Parameters
    ----------
    examples : Array, shape (n, d + 1)
        Inputs and, last, labels.
    share : Array, shape (n,)
        Sums to 1.

    Examples
    --------
    >>> second_moments(jnp.array([[1.0, 2.0], [3.0, 0.0]]), jnp.array([0.5, 0.5])).tolist()
    [[5.0, 1.0], [1.0, 2.0]]
    """
    return (share * examples.T) @ examples


def coefficients(weights: Weights, moments: Array) -> Array:
    """What linear attention predicts with: its prediction is their product with the query.

    The layer is a matrix, the same for examples and query, so that the second moments of the next
    layer's examples follow from those of this one's.

    Parameters
    ----------
    weights : Weights
    moments : Array, shape (d + 1, d + 1)
        Second moments of the examples.

    Returns
    -------
    Array, shape (d,)

    Examples
    --------
    With the inputs' second moments equal to 1, a full step is the regression itself.

    >>> weights = gradient_descent_weights([1.0], 1)
    >>> coefficients(weights, jnp.array([[1.0, 0.3], [0.3, 2.0]])).tolist()
    [0.3]
    """
    row = jnp.eye(len(moments))
    for projection, key_query in zip(weights.projection, weights.key_query, strict=True):
        layer = jnp.eye(len(moments)) + projection @ moments @ key_query
        row = layer @ row
        moments = layer @ moments @ layer.T
    return -row[-1, :-1]


def predictions(
    attention: Attention, weights: Weights, examples: Array, weight: Array, inputs: Array
) -> Array:
    """The forward pass, token by token.

    Parameters
    ----------
    attention : {"linear", "softmax"}
    weights : Weights
    examples : Array, shape (n, d + 1)
        The prompt: inputs and, last, labels.
    weight : Array, shape (n,)
        What each example counts for; 0 where there is none. They need not sum to 1.
    inputs : Array, shape (queries, d)

    Returns
    -------
    Array, shape (queries,)

    Examples
    --------
    >>> weights = gradient_descent_weights([0.5, 0.5], 1)
    >>> examples = jnp.array([[1.0, 2.0], [-1.0, -2.0]])
    >>> predictions("linear", weights, examples, jnp.ones(2), jnp.array([[1.0], [2.0]])).tolist()
    [1.5, 3.0]
    """
    share = weight / jnp.sum(weight)
    query = jnp.concatenate([inputs, jnp.zeros((len(inputs), 1))], axis=1)
    for layer in zip(weights.projection, weights.key_query, strict=True):
        # Apart, so that what the last layer makes of the examples is not computed.
        query, examples = (
            _moved(attention, query, examples, share, *layer),
            _moved(attention, examples, examples, share, *layer),
        )
    return -query[:, -1]


def _moved(
    attention: Attention,
    tokens: Array,
    examples: Array,
    share: Array,
    projection: Array,
    key_query: Array,
) -> Array:
    """What a layer makes of tokens that attend to examples."""
    scores = tokens @ key_query.T @ examples.T
    if attention == "linear":
        attended = scores * share
    else:
        # Examples of weight 0 are not there: exp(-inf) = 0.
        attended = jax.nn.softmax(scores + jnp.log(share), axis=1)
    return tokens + attended @ examples @ projection.T
