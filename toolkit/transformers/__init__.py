"""Small transformers that regress in context: their forward pass, and how they are trained."""

from toolkit.transformers.attention import (
    Attention,
    Weights,
    coefficients,
    gradient_descent_weights,
    predictions,
    second_moments,
)
from toolkit.transformers.tasks import Tasks
from toolkit.transformers.training import Trained, train

__all__ = [
    "Attention",
    "Tasks",
    "Trained",
    "Weights",
    "coefficients",
    "gradient_descent_weights",
    "predictions",
    "second_moments",
    "train",
]
