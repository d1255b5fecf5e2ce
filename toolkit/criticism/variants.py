"""For each model the variants in which single causes are switched off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from toolkit import labels

FULL = "all causes"

#: Without an event its size means nothing; any number does.
_NO_INJECTION = {labels.INJECTION_PROB: 0.0, labels.INJECTION_FRACTION: 0.5}
_NO_SHARPENING = {labels.TEXT_TEMPERATURE: 1.0}
_NO_SHRINKAGE = {labels.SHRINKAGE_FACTOR: 1.0}
_NO_REAL = {labels.REAL_SHARE: 0.0}


class Variant(NamedTuple):
    """A model with something switched off.

    Attributes
    ----------
    name : str
    cause : str
        What is switched off, as it is called in a sentence; empty where nothing is, or more than
        one thing.
    given : mapping
        What is handed to ``fit``: known parameters and options.
    """

    name: str
    cause: str
    given: Mapping[str, Any]


VARIANTS: Mapping[str, tuple[Variant, ...]] = {
    "text_drift": (
        Variant("no sharpening", "sharpening of the texts", _NO_SHARPENING),
        Variant("no injection", "injection", _NO_INJECTION),
        Variant("chance alone", "", {**_NO_SHARPENING, **_NO_INJECTION}),
    ),
    "image_contraction": (
        Variant("no shrinkage", "shrinkage of the images", _NO_SHRINKAGE),
        Variant("no real images", "real images", _NO_REAL),
        Variant("chance alone", "", {**_NO_SHRINKAGE, **_NO_REAL}),
    ),
    "coevolution": (
        Variant("no sharpening", "sharpening of the texts", _NO_SHARPENING),
        Variant("no injection", "injection", _NO_INJECTION),
        Variant("no shrinkage", "shrinkage of the images", _NO_SHRINKAGE),
        Variant("no real images", "real images", _NO_REAL),
        Variant(
            "chance alone", "", {**_NO_SHARPENING, **_NO_INJECTION, **_NO_SHRINKAGE, **_NO_REAL}
        ),
    ),
    "diversity_decay": (
        Variant("no floor", "a floor above zero", {labels.FLOOR: 0.0}),
        Variant("no drift", "drift of the replicates", {"form": "deterministic"}),
        Variant("no floor, no drift", "", {labels.FLOOR: 0.0, "form": "deterministic"}),
    ),
    "retraining": (
        Variant("no pull", "a pull to a fixed point", {labels.CONTRACTION_FACTOR: 1.0}),
        Variant("accumulating", "", {"policy": "accumulate"}),
        Variant("own real data", "", {"fixed_points": "start"}),
    ),
}


def variants_of(model: str, given: Mapping[str, Any], priors: Mapping[str, Any]) -> list[Variant]:
    """The full model and its variants, those left out that the user's settings leave no room for.

    Parameters
    ----------
    model : str
    given : mapping
        The user's priors, known parameters and options.
    priors : mapping
        Of the full model with these data: a variant of a parameter that it does not have is none.

    Examples
    --------
    >>> [one.name for one in variants_of("text_drift", {"text_temperature": 1.0}, {
    ...     "text_temperature": 1.0, "injection_prob": None, "injection_fraction": None})]
    ['all causes', 'no injection']
    """

    def free(name: str) -> bool:
        prior = given.get(name)
        if name in labels.PARAMETERS:
            return name in priors and (prior is None or hasattr(prior, "log_prob"))
        return prior is None

    # Switching off what is fixed already gives a variant that is there in another name.
    left = [one for one in VARIANTS.get(model, ()) if all(free(name) for name in one.given)]
    return [Variant(FULL, "", {}), *left]
