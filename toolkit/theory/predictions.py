"""``predict``: what the theory says of a system in advance, or of a trajectory step by step."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import singledispatch

import xarray as xr

from toolkit import labels
from toolkit.systems import CoevolvingSystem, Configuration, RetrainingSystem, validation
from toolkit.theory.image_results import image_results
from toolkit.theory.mean_field import mean_field_results
from toolkit.theory.one_step import one_step
from toolkit.theory.results import Collector, NothingPredictedError, assemble
from toolkit.theory.retraining_results import retraining_results
from toolkit.theory.text_results import text_results

_DEFAULT_GENERATIONS = 100


def predict(
    system_or_dataset: Configuration | xr.Dataset,
    generations: int | None = None,
    variables: Iterable[str] | None = None,
) -> xr.Dataset:
    """Everything the theory says, each result with its kind.

    Of a system: bounds, exact laws, asymptotes, stationary values and the mean-field
    approximation, for the replicates' mean at each generation. Of a simulated dataset: the
    exact expectation of each generation given the one before, along every replicate (T1).

    Parameters
    ----------
    system_or_dataset : CoevolvingSystem, RetrainingSystem or Dataset
        A dataset as ``simulate`` makes it, of consecutive generations.
    generations : int, optional
        How far; 100 for a system unless given. A dataset has its own.
    variables : iterable of str, optional
        Only results about these variables.

    Returns
    -------
    Dataset
        ``predicted`` with dims (result[, replicate], generation[, text or model]). Where any result
        is per text, one about the whole system has the same value at every text. Coordinates
        along ``result``: ``kind``, ``variable``, ``scale`` ("log": the mean of the variable's
        logarithm), ``valid_from`` (the first generation for which it claims to hold),
        ``source``, ``description``. Attributes: ``system`` (JSON), ``omitted`` (JSON: results
        that do not hold for this system, with the reason).

    Raises
    ------
    ValueError
        When an argument is outside its range; as ``NothingPredictedError`` when no result holds.
    TypeError
        When it is given neither a system nor a dataset.

    Examples
    --------
    >>> from toolkit.systems import CoevolvingSystem
    >>> system = CoevolvingSystem.on_unit_circle(num_texts=5, variance=1.0, batch_size=1000)
    >>> predicted = predict(system, generations=3, variables=["text_diversity"])
    >>> predicted.predicted.sel(result="text_diversity_lower_bound").values.round(6).tolist()
    [0.8, 0.7992, 0.798401, 0.797602]
    """
    wanted = None if variables is None else tuple(variables)
    for name in wanted or ():
        labels.variable(name)
    if isinstance(system_or_dataset, xr.Dataset):
        if generations is not None:
            raise ValueError("generations must be left out for a dataset: it has its own.")
        return one_step(system_or_dataset, wanted)
    number = _DEFAULT_GENERATIONS if generations is None else generations
    number = validation.integer(number, "generations", 0)
    return _of_system(system_or_dataset, number, wanted)


def _of_system(
    system: Configuration, generations: int, wanted: tuple[str, ...] | None
) -> xr.Dataset:
    found = Collector()
    about = set(labels.VARIABLES if wanted is None else wanted)
    num_items = collect(system, generations, about, found)
    results = [result for result in found.results if result.variable in about]
    if not results:
        what = "" if wanted is None else f" of {', '.join(wanted)}"
        reasons = list(dict.fromkeys(found.omitted.values()))
        raise NothingPredictedError(f"nothing is known in advance{what}: {' '.join(reasons[:3])}")
    return assemble(
        results,
        found.omitted,
        system_json=system.to_json(),
        num_items=num_items,
        generation=range(generations + 1),
    )


@singledispatch
def collect(system: Configuration, generations: int, about: set[str], found: Collector) -> int:
    """Collect what is known of a system about some variables; the number of texts or models.

    Raises
    ------
    TypeError
        When nothing is registered for the system's class.
    """
    known = ", ".join(cls.__name__ for cls in collect.registry if cls is not object)
    raise TypeError(f"predict needs {known} or a simulated Dataset, not {type(system).__name__}.")


@collect.register
def _(system: CoevolvingSystem, generations: int, about: set[str], found: Collector) -> int:
    if about & {labels.TEXT_DIVERSITY, labels.TEXT_PROBS}:
        text_results(system, generations, found)
    if any(name.startswith("image_") for name in about):
        image_results(system, generations, found)
    if about & {labels.TEXT_DIVERSITY, labels.IMAGE_DIVERSITY}:
        mean_field_results(system, generations, found)
    return system.num_texts


@collect.register
def _(system: RetrainingSystem, generations: int, about: set[str], found: Collector) -> int:
    if about & set(labels.OF_MODELS):
        retraining_results(system, generations, found)
    return system.num_models


def why_not(system: Configuration) -> dict[str, str]:
    """The results that do not hold for a system, each with the reason.

    Parameters
    ----------
    system : CoevolvingSystem or RetrainingSystem

    Returns
    -------
    dict of str to str

    Examples
    --------
    >>> from toolkit.systems import CoevolvingSystem
    >>> system = CoevolvingSystem.on_unit_circle(num_texts=5, variance=1.0, batch_size=1000)
    >>> why_not(system)["new_text_lower_bound"]
    'no new texts are injected.'
    """
    return dict(json.loads(predict(system, generations=0).attrs["omitted"]))
