"""Transformers that regress in context: their best weights, and what a loop makes of them.

The best linear attention of L layers that descends the gradient of least squares, one step a
layer, has the residual polynomial ``p(S)``, ``p(0) = 1``, of degree L in the inputs' scatter
``S = X'X/n`` with the smallest mean squared error: over coefficients of variance tau^2 and labels
with noise of variance sigma^2

    tau^2 E tr p(S)^2 + (sigma^2/n) E tr S q(S)^2,    q(S) = (1 - p(S))/S,

a quadratic form in its coefficients, whose entries are the moments ``E tr S^k`` of theorems. The
step sizes are the reciprocals of its roots.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from toolkit.theory.numbers import number
from toolkit.transformers import Weights, gradient_descent_weights

FloatArray = npt.NDArray[np.float64]

#: A root counts as real whose imaginary part is this much smaller than itself.
_REAL = 1e-9


class Descent(NamedTuple):
    """The best step sizes of so many layers, and their error.

    Attributes
    ----------
    steps : ndarray, shape (layers,)
        Largest first.
    error : float
        Mean squared distance of the coefficients from the true ones.
    """

    steps: FloatArray
    error: float


def scatter_moments(num_inputs: int, context: int, order: int) -> FloatArray:
    """``E tr S^k / d`` for k = 0 .. order, of the scatter of so many standard normal inputs.

    Raises
    ------
    ValueError
        When there is no theorem on a moment so high.

    Examples
    --------
    >>> scatter_moments(1, 10, 2).round(12).tolist()
    [1.0, 1.0, 1.2]
    """
    higher = [
        float(number(f"scatter_moment_{k}", num_features=num_inputs, num_context=context))
        for k in range(2, order + 1)
    ]
    return np.array([1.0, 1.0, *higher][: order + 1])


def best_descent(
    *, num_inputs: int, context: int, layers: int = 1, prior_variance: float, noise_sd: float
) -> Descent:
    """The best step sizes of gradient descent in so many layers.

    Parameters
    ----------
    num_inputs, context, layers : int
    prior_variance : float
        Of each true coefficient.
    noise_sd : float
        Of the labels.

    Raises
    ------
    ValueError
        When the best polynomial has roots that are not real, so that no steps have it, or a moment
        is not known.

    Examples
    --------
    One layer is the theorem on the best gain.

    >>> task = {"num_inputs": 8, "context": 16, "prior_variance": 1.0, "noise_sd": 0.5}
    >>> found = best_descent(**task)
    >>> gain = number("best_attention_gain", num_features=8, num_context=16, label_noise=0.25,
    ...               prior_variance=1.0)
    >>> bool(np.isclose(found.steps[0], gain))
    True
    """
    moment = scatter_moments(num_inputs, context, 2 * layers)
    noise = noise_sd**2 / (context * prior_variance)
    k = np.arange(1, layers + 1)
    both = k[:, None] + k
    form = moment[both] + noise * moment[both - 1]
    coefficient = np.linalg.solve(form, -moment[k])
    # The minimum of 1 + 2 a'm + a' F a.
    error = num_inputs * prior_variance * (1 + coefficient @ moment[k])
    roots = np.polynomial.polynomial.polyroots([1.0, *coefficient])
    if np.any(np.abs(roots.imag) > _REAL * np.abs(roots)):
        raise ValueError(
            f"the best polynomial of {layers} layers has roots that are not real; take fewer "
            "layers or less noise."
        )
    return Descent(np.sort(1 / roots.real)[::-1], float(error))


def closed_form_transformer(
    *, num_inputs: int, context: int, layers: int = 1, prior_variance: float, noise_sd: float
) -> Weights:
    """The weights of the best linear attention that descends the gradient of least squares.

    Parameters are those of :func:`best_descent`.

    Examples
    --------
    >>> weights = closed_form_transformer(
    ...     num_inputs=2, context=4, prior_variance=1.0, noise_sd=0.0)
    >>> round(-float(weights.projection[0, -1, -1]), 6)
    0.571429
    """
    found = best_descent(
        num_inputs=num_inputs,
        context=context,
        layers=layers,
        prior_variance=prior_variance,
        noise_sd=noise_sd,
    )
    return gradient_descent_weights(found.steps, num_inputs)


class BestSize(NamedTuple):
    """The best number of synthetic examples, and what it brings.

    Attributes
    ----------
    num_synthetic : int
        0 where none helps; the most that were tried where more of them were still better.
    error, without : float
        Mean squared distance from the true coefficients, with so many and with none.
    """

    num_synthetic: int
    error: float
    without: float


def best_size(
    *,
    num_inputs: int,
    num_real: int,
    gain: float,
    squared_norm: float,
    noise_sd: float,
    real_noise_sd: float,
    most: int = 100_000,
) -> BestSize:
    """The best number of synthetic examples beside so many real ones, for one layer.

    They are labelled by the answers to the real ones, and join them in a second context.

    Parameters
    ----------
    num_inputs, num_real : int
    gain : float
        Of the layer.
    squared_norm : float
        Of the true coefficients.
    noise_sd, real_noise_sd : float
        Of generated and of real labels.
    most : int
        The largest number that is tried.

    Examples
    --------
    A gain that is right for the real examples needs no synthetic ones.

    >>> task = {"num_inputs": 8, "squared_norm": 8.0, "noise_sd": 0.0, "real_noise_sd": 0.0}
    >>> best_size(num_real=90, gain=10 / 11, **task).num_synthetic
    0
    >>> best_size(num_real=9, gain=10 / 11, **task, most=1000).num_synthetic
    1000
    """
    # Whole numbers as far as they are few, then a fine grid of them.
    number_of = np.unique(np.round(np.concatenate([np.arange(1000), np.geomspace(1e3, most, 400)])))
    number_of = number_of[number_of <= most]
    error = np.asarray(
        number(
            "augmentation_error",
            num_features=num_inputs,
            num_real=num_real,
            num_synthetic=number_of,
            attention_gain=gain,
            squared_norm=squared_norm,
            label_noise=noise_sd**2,
            real_label_noise=real_noise_sd**2,
        )
    )
    best = int(np.argmin(error))
    return BestSize(int(number_of[best]), float(error[best]), float(error[0]))


def size_by_bound(*, num_real: int, shift: float, spread: float = 1.0, most: int = 100_000) -> int:
    """The number of synthetic examples that a bound recommends.

    Bounds on the error of a mixed training set of n examples add a shift, which grows with the
    share of synthetic ones, to a term like ``1/sqrt(n)``: ``shift n_s/n + spread/sqrt(n)``. What
    such a bound recommends depends on its constants, which are assumed here.

    Parameters
    ----------
    num_real : int
    shift, spread : float
        Constants of the two terms.
    most : int
        The largest number that is tried.

    Examples
    --------
    >>> size_by_bound(num_real=100, shift=1.0), size_by_bound(num_real=100, shift=0.01, most=500)
    (0, 500)
    """
    number_of = np.arange(most + 1)
    total = num_real + number_of
    return int(np.argmin(shift * number_of / total + spread / np.sqrt(total)))
