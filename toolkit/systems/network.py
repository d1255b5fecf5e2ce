"""Models that train on one another's outputs, by a matrix of weights (theory, R5)."""

from __future__ import annotations

import dataclasses

import numpy as np

from toolkit.systems import validation
from toolkit.systems.validation import FloatArray


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """Who trains on whose outputs.

    Parameters
    ----------
    weights : array_like, shape (num_models, num_models)
        Row i: the shares of the models in what model i is given of generated examples, rounded to
        whole numbers of examples that add up.
    real_weights : array_like, shape (num_models,), optional
        What a real example counts for in each model's training sets, under ``mix``: 1 unless
        given; 0 is a model without real data after its first fit.

    Raises
    ------
    ValueError
        When a row holds no probabilities, the matrix is not square, or a weight is negative.

    Examples
    --------
    >>> Network(weights=[[0.5, 0.5], [0.0, 1.0]]).num_models
    2
    """

    weights: FloatArray
    real_weights: FloatArray | None = None

    def __post_init__(self) -> None:
        weights = validation.frozen_array(self.weights, "network.weights", 2)
        if weights.shape[0] != weights.shape[1] or weights.size == 0:
            raise ValueError(f"network.weights must be square, but its shape is {weights.shape}.")
        for index, row in enumerate(weights):
            validation.probabilities(row, f"network.weights[{index}]")
        object.__setattr__(self, "weights", weights)
        if self.real_weights is None:
            return
        real = validation.frozen_array(self.real_weights, "network.real_weights", 1)
        if real.shape != (len(weights),) or (real < 0).any():
            raise ValueError(
                f"network.real_weights must hold {len(weights)} weights, none negative, not "
                f"{real.tolist()}."
            )
        object.__setattr__(self, "real_weights", real)

    @property
    def num_models(self) -> int:
        """How many there are."""
        return len(self.weights)

    @property
    def bounds(self) -> FloatArray:
        """Cumulative shares, from 0 to 1, shape (num_models, num_models + 1).

        Model i is given ``round(bounds[i, j + 1] n) - round(bounds[i, j] n)`` of n examples by
        model j: whole numbers that add up, whatever n is.

        Examples
        --------
        >>> Network(weights=[[0.25, 0.75], [1.0, 0.0]]).bounds.tolist()
        [[0.0, 0.25, 1.0], [0.0, 1.0, 1.0]]
        """
        below = np.cumsum(self.weights, axis=1)
        below = np.concatenate([np.zeros((self.num_models, 1)), below], axis=1)
        return np.asarray(below / below[:, -1:])
