"""Observation models: the laws that a fit gives to what was observed, as NumPyro programs.

One file each; all numbers that a user may know or guess are parameters with priors. See
:class:`toolkit.models.Model` for what a model is, and :func:`model_of` for those there are.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from toolkit.models.protocol import Evidence, Model, Prior, Priors, draw

__all__ = ["MODELS", "Evidence", "Model", "Prior", "Priors", "draw", "model_of"]

#: The models and the question that each answers.
MODELS: Mapping[str, str] = {
    "text_drift": "text probabilities: chance, sharpening, or injected corpora?",
    "image_contraction": "image means and covariances: chance, shrinkage, or real images?",
    "coevolution": "both at once, partially pooled over replicates",
    "diversity_decay": "any score: how fast does it fall, and to what floor?",
    "retraining": "a loop with a fixed share of real data: contraction and fixed point",
}


def model_of(name: str) -> Model:
    """The observation model of a name.

    Parameters
    ----------
    name : str

    Raises
    ------
    ValueError
        When there is no such model.

    Examples
    --------
    >>> model_of("diversity_decay").name
    'diversity_decay'
    """
    if name not in MODELS:
        raise ValueError(f"no model is called {name!r}; choose from: {', '.join(MODELS)}.")
    model: Model = importlib.import_module(f"toolkit.models.{name}").MODEL
    return model
