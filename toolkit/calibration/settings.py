"""Priors that true values are drawn from, and deliberate mistakes that must be seen.

The default priors of a fit look at the data's scale; true values need priors that come before
any data. Those here are narrower than the defaults and keep the simulated loops alive: a loop
that lost its texts at once teaches nothing, whatever is fitted to it. A fit in a calibration uses
the same priors, as the theorem behind it demands.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpyro.distributions as dist

from toolkit import labels
from toolkit.calibration.fitting import Given
from toolkit.models import Model, Prior

#: The name of a model's own law among simulators, and of what is fitted without a mistake.
OWN, SAME = "own", "the same"
#: Sd of the logarithm of true batch sizes: within a factor 1.8 of the middle (95 %).
_BATCH_SPREAD = 0.3
#: Of each model, for data sets from its own law; the batch size's is around the design's own.
PRIORS: Mapping[str, Mapping[str, Prior]] = {
    "text_drift": {
        labels.TEXT_TEMPERATURE: dist.LogNormal(0.0, 0.05),
        labels.INJECTION_PROB: dist.Beta(2.0, 4.0),
        labels.INJECTION_FRACTION: dist.Beta(2.0, 8.0),
    },
    "image_contraction": {
        labels.SHRINKAGE_FACTOR: dist.LogNormal(0.0, 0.05),
        labels.REAL_SHARE: dist.Beta(2.0, 10.0),
    },
    "coevolution": {
        labels.TEXT_TEMPERATURE: dist.LogNormal(0.0, 0.05),
        labels.SHRINKAGE_FACTOR: dist.LogNormal(0.0, 0.05),
        labels.INJECTION_PROB: dist.Beta(2.0, 4.0),
        labels.INJECTION_FRACTION: dist.Beta(2.0, 8.0),
        labels.REAL_SHARE: dist.Beta(2.0, 10.0),
        labels.REPLICATE_SPREAD: dist.HalfNormal(0.3),
    },
    "diversity_decay": {
        labels.CONTRACTION_FACTOR: dist.Beta(30.0, 2.0),
        labels.START: dist.Normal(0.8, 0.05),
        labels.START_SD: dist.LogNormal(-4.0, 0.5),
        labels.FLOOR: dist.Normal(0.2, 0.05),
        labels.NOISE_SD: dist.LogNormal(-4.0, 0.5),
        labels.DRIFT_SD: dist.LogNormal(-4.0, 0.5),
    },
    "retraining": {
        labels.CONTRACTION_FACTOR: dist.Beta(8.0, 2.0),
        labels.NOISE_SD: dist.LogNormal(-2.0, 0.5),
        labels.FIXED_POINT_VALUE: dist.Normal(0.0, 1.0).expand([2]).to_event(1),
    },
}


def designs_of(model: Model) -> dict[str, Any]:
    """Designs under which a model has laws of its own that differ; the default one first.

    Parameters
    ----------
    model : Model

    Examples
    --------
    >>> from toolkit.models import model_of
    >>> list(designs_of(model_of("text_drift")))
    ['counts', 'moments']
    """
    change: Mapping[str, Mapping[str, Any]] = _DESIGNS.get(model.name, {"default": {}})
    return {name: dataclasses.replace(model.design, **changes) for name, changes in change.items()}


_DESIGNS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "text_drift": {"counts": {}, "moments": {"likelihood": "moments", "batch_size": 500}},
    "image_contraction": {"counts": {}, "probs": {"sizes": "probs"}},
    "coevolution": {"real_images": {}, "closed": {"replenishment": "none"}},
    "diversity_decay": {
        "common_start": {},
        "own_starts": {"options": {"common_start": False}},
        "gaps": {"left_out": (1, 2, 3, 7, 11, 12, 20, 33)},
    },
    "retraining": {
        "no_gaps": {},
        "gaps": {"left_out": (1, 2, 3, 7, 11, 12, 20, 33)},
        "accumulating": {
            "accumulates": True,
            "options": {"noise": "common", "policy": "accumulate"},
        },
    },
}


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Changed:
    """What is fitted, where it differs from what the data are drawn from.

    Attributes
    ----------
    summary : str
        In words.
    model : Model, optional
    priors : mapping
        In place of the true ones: a distribution, a number that is wrongly held to be known, or
        a function of a data set's true values that gives one.
    options : mapping
        Of ``prepare``, besides those of the design.
    """

    summary: str
    model: Model | None = None
    priors: Mapping[str, Given] = dataclasses.field(default_factory=dict)
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def _half(name: str) -> Given:
    return lambda values: 0.5 * float(values[name])


#: Without any, the data would be impossible wherever a lost text comes back.
_NEXT_TO_NONE = 1e-6
_IGNORED = Changed(
    summary="injection is held to take place once in a million generations",
    priors={labels.INJECTION_PROB: _NEXT_TO_NONE, labels.INJECTION_FRACTION: 0.5},
)
_QUIET = Changed(
    summary="the noise is held to be half of what it is",
    priors={labels.NOISE_SD: _half(labels.NOISE_SD)},
)
_DEGREES = Changed(
    summary="covariances are held to have denominator n, with no shrinkage",
    options={"ddof": 0},
)

#: Deliberate mistakes of each model, by name.
MISTAKES: Mapping[str, Mapping[str, Changed]] = {
    "text_drift": {"ignored_injection": _IGNORED},
    "image_contraction": {"wrong_degrees_of_freedom": _DEGREES},
    "coevolution": {
        "ignored_injection": _IGNORED,
        "wrong_degrees_of_freedom": _DEGREES,
    },
    "diversity_decay": {
        "wrong_noise": _QUIET,
        "ignored_drift": Changed(
            summary="the drift of single replicates is ignored", options={"form": "deterministic"}
        ),
    },
    "retraining": {"wrong_noise": _QUIET},
}


def priors_of(model: Model, design: Any) -> dict[str, Prior]:
    """The priors that true values of a model are drawn from; none for a model not of the toolkit.

    Parameters
    ----------
    model : Model
    design : Any
        Its ``batch_size``, if it has one, is the median of ``effective_batch_size``.

    Examples
    --------
    >>> from toolkit.models import model_of
    >>> model = model_of("retraining")
    >>> sorted(priors_of(model, model.design))
    ['contraction_factor', 'fixed_point', 'noise_sd']
    """
    priors = dict(PRIORS.get(model.name, {}))
    if getattr(design, "replenishment", None) == "none":
        priors.pop(labels.REAL_SHARE, None)  # there are no real images
    if labels.EFFECTIVE_BATCH_SIZE in model.parameters and hasattr(design, "batch_size"):
        middle = math.log(design.batch_size)
        priors[labels.EFFECTIVE_BATCH_SIZE] = dist.LogNormal(middle, _BATCH_SPREAD)
    return priors


def mistake(model: str, name: str) -> Changed:
    """A deliberate mistake of a model.

    Parameters
    ----------
    model, name : str

    Raises
    ------
    ValueError
        When there is none of this name.

    Examples
    --------
    >>> mistake("retraining", "wrong_noise").summary
    'the noise is held to be half of what it is'
    """
    known = MISTAKES.get(model, {})
    if name not in known:
        raise ValueError(
            f"no mistake of {model} is called {name!r}; choose from: {', '.join(known)}."
        )
    return known[name]
