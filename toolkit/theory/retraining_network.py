"""Several models that generate for one another: what the theorems say of a whole network (R5).

Model i takes the share ``W_ik`` of its generated examples from model k, and generated examples
have the weight ``beta_i`` in its training set. Shares may differ from model to model, which those
of a simulated system do not.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from toolkit.theory.numbers import number

FloatArray = npt.NDArray[np.float64]


def network_radius(weights: npt.ArrayLike, shares: npt.ArrayLike) -> float:
    """Spectral radius of ``diag(beta) W``, the Jacobian of well-specified models.

    Parameters
    ----------
    weights : array_like, shape (num_models, num_models)
        Rows add up to 1.
    shares : array_like, shape (num_models,)
        Weights of generated examples, from 0 to 1.

    Examples
    --------
    >>> round(network_radius([[0.0, 1.0], [1.0, 0.0]], [0.25, 1.0]), 9)
    0.5
    """
    jacobian = np.asarray(shares, float)[:, None] * np.asarray(weights, float)
    return float(np.max(np.abs(np.linalg.eigvals(jacobian))))


def stationary_weights(weights: npt.ArrayLike) -> FloatArray:
    """The law pi with ``pi W = pi``: how much each model counts in the consensus.

    Raises
    ------
    ValueError
        When there are several: the network falls apart.

    Examples
    --------
    >>> stationary_weights([[0.5, 0.5], [0.25, 0.75]]).round(6).tolist()
    [0.333333, 0.666667]
    """
    matrix = np.asarray(weights, float)
    size = len(matrix)
    equations = np.vstack([matrix.T - np.eye(size), np.ones(size)])
    found, _, rank, _ = np.linalg.lstsq(equations, np.append(np.zeros(size), 1.0), rcond=1e-10)
    if rank < size:
        raise ValueError("weights have several stationary laws; give a network that is connected.")
    return np.asarray(found)


def network_errors(
    weights: npt.ArrayLike,
    shares: npt.ArrayLike,
    *,
    num_generated: float,
    real_variance: float,
    generations: int,
) -> FloatArray:
    """Mean products of the models' distances, ``E' = D E D' + noise`` again and again.

    Distances are those from where the models would settle with endless samples, given their real
    examples; in generation 0 there are none. The covariance of the models is known (theorem
    ``network_location_step``).

    Parameters
    ----------
    weights : array_like, shape (num_models, num_models)
    shares : array_like, shape (num_models,)
    num_generated, real_variance : float
    generations : int

    Returns
    -------
    ndarray, shape (generations + 1, num_models, num_models)

    Examples
    --------
    >>> errors = network_errors([[1.0]], [0.5], num_generated=10, real_variance=4.0, generations=2)
    >>> errors[:, 0, 0].round(6).tolist()
    [0.0, 0.1, 0.125]
    """
    matrix, beta = np.asarray(weights, float), np.asarray(shares, float)
    size = len(matrix)
    course = [np.zeros((size, size))]
    for _ in range(generations):
        given = {
            "num_generated": num_generated,
            "real_variance": real_variance,
            "num_models": size,
            "synthetic_shares": beta,
            "source_weights": matrix,
            "model_products": course[-1],
        }
        entries = [
            [number("network_location_step", model=i, other_model=j, **given) for j in range(size)]
            for i in range(size)
        ]
        course.append(np.asarray(entries, float))
    return np.asarray(course)
