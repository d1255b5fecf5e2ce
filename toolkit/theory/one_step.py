"""The exact expectation of each generation given the one before, along a trajectory (T1)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from toolkit import labels, measures
from toolkit.confusion import confusion_along
from toolkit.systems import CoevolvingSystem, system_from_json
from toolkit.theory.facts import corpus_target, injected_probs, injects
from toolkit.theory.numbers import number
from toolkit.theory.results import Collector, NothingPredictedError, assemble

FloatArray = npt.NDArray[np.float64]

_DIVERSITY, _PROBS = "text_diversity_recursion", "text_probs_martingale"


class _Branch(NamedTuple):
    """A way the generation can begin, with its probability and its text probabilities."""

    prob: float
    text_probs: FloatArray


def one_step(dataset: xr.Dataset, variables: tuple[str, ...] | None) -> xr.Dataset:
    """Conditional expectations along a simulated dataset; see `toolkit.theory.predict`.

    The value at generation ``g + 1`` is the expectation given the state at ``g``; the value at
    the first generation is the state's own.

    Raises
    ------
    ValueError
        When the dataset has no system, no state or gaps between generations, or no result holds.
    """
    system = _system_of(dataset)
    _require_states(dataset)
    found = Collector()
    wanted = {labels.TEXT_DIVERSITY, labels.TEXT_PROBS} if variables is None else set(variables)
    reason = _why_not(system)
    attrs: dict[str, float] = {}
    if reason is not None:
        found.omit((_DIVERSITY, _PROBS), reason)
    else:
        probs = _transposed(dataset[labels.TEXT_PROBS])
        branches = _branches(system, probs[:, :-1])
        if labels.TEXT_DIVERSITY in wanted:
            values, error = _diversity_step(system, dataset, probs, branches)
            found.add(_DIVERSITY, labels.TEXT_DIVERSITY, values, rests_on=_DIVERSITY)
            attrs["confusion_error"] = error
        if labels.TEXT_PROBS in wanted:
            mean = sum((b.prob * b.text_probs for b in branches), np.zeros_like(probs[:, :-1]))
            values = np.concatenate([probs[:, :1], mean], axis=1)
            found.add(_PROBS, labels.TEXT_PROBS, values, rests_on=_PROBS)
    if not found.results:
        why = reason or "only text_diversity and text_probs have an exact one-step expectation"
        raise NothingPredictedError(f"no one-step result holds for this dataset: {why}")
    predicted = assemble(
        found.results,
        found.omitted,
        system_json=system.to_json(),
        num_items=dataset.sizes[labels.TEXT],
        generation=dataset[labels.GENERATION].values,
        replicate=dataset[labels.REPLICATE].values,
    )
    return predicted.assign_attrs(attrs)


def _system_of(dataset: xr.Dataset) -> CoevolvingSystem:
    if labels.SYSTEM not in dataset.attrs:
        raise ValueError(
            "the dataset does not say which system it is from (attrs['system']); give one that "
            "simulate made, or predict from the system itself."
        )
    system = system_from_json(dataset.attrs[labels.SYSTEM])
    if not isinstance(system, CoevolvingSystem):
        raise ValueError(f"one-step predictions need a co-evolving system, not {system.kind!r}.")
    return system


def _require_states(dataset: xr.Dataset) -> None:
    needed = (labels.TEXT_PROBS, labels.IMAGE_MEAN, labels.IMAGE_COV)
    missing = [name for name in needed if name not in dataset]
    if missing:
        raise ValueError(
            f"the dataset lacks {', '.join(missing)}; record them, the posterior confusion of a "
            "state needs all three."
        )
    generation = dataset[labels.GENERATION].values
    if np.any(np.diff(generation) != 1):
        raise ValueError(
            "one-step expectations need consecutive generations, but the dataset's have gaps; "
            "simulate with every=1."
        )


def _why_not(system: CoevolvingSystem) -> str | None:
    if system.text_updates > 1:
        return (
            f"text_updates is {system.text_updates}: the states between a generation's text "
            "updates are not recorded."
        )
    if system.text_updates == 1 and system.text_temperature != 1:
        return "text_temperature is not 1: sharpened posteriors are not unbiased."
    if injects(system) and system.corpus is not None:
        if system.corpus.reading == "new_text":
            return "new texts are injected: the set of texts changes."
        if system.corpus.concentration is not None:
            return "the corpus is drawn afresh each time: its branches cannot be enumerated."
    return None


def _transposed(array: xr.DataArray) -> FloatArray:
    rest = [d for d in array.dims if d not in (labels.REPLICATE, labels.GENERATION, labels.TEXT)]
    return np.asarray(
        array.transpose(labels.REPLICATE, labels.GENERATION, labels.TEXT, *rest).values,
        dtype=np.float64,
    )


def _branches(system: CoevolvingSystem, probs: FloatArray) -> list[_Branch]:
    """Without and with the injection."""
    if not injects(system) or system.corpus is None:
        return [_Branch(1.0, probs)]
    corpus = system.corpus
    mixed = injected_probs(
        np.moveaxis(probs, -1, 0),
        corpus_target(system),
        prob=1.0,
        fraction=corpus.fraction,
        generations=np.asarray(1.0),
    )
    mixed = np.moveaxis(mixed, 0, -1)
    return [_Branch(1 - corpus.prob, probs), _Branch(corpus.prob, mixed)]


def _diversity_step(
    system: CoevolvingSystem, dataset: xr.Dataset, probs: FloatArray, branches: list[_Branch]
) -> tuple[FloatArray, float]:
    """E[H at g + 1 | state at g], averaged over the branches, and its largest error."""
    mean = _transposed(dataset[labels.IMAGE_MEAN])[:, :-1]
    cov = _transposed(dataset[labels.IMAGE_COV])[:, :-1]
    lead, num_features = probs[:, :-1].shape, mean.shape[-1]
    flat_mean = mean.reshape(-1, lead[-1], num_features)
    flat_cov = cov.reshape(-1, lead[-1], num_features, num_features)
    total, largest = np.zeros(lead[:2]), 0.0
    for branch in branches:
        before = measures.text_diversity(branch.text_probs)
        if system.text_updates == 0:
            total += branch.prob * before
            continue
        along = confusion_along(branch.text_probs.reshape(-1, lead[-1]), flat_mean, flat_cov)
        confusion = along.value.reshape(lead[:2])
        after, at_most = (
            number(
                _DIVERSITY,
                batch_size=system.batch_size,
                posterior_confusion=value,
                text_diversity=before,
            )
            for value in (confusion, confusion + along.error.reshape(lead[:2]))
        )
        largest = max(largest, branch.prob * float(np.max(at_most - after, initial=0.0)))
        total += branch.prob * after
    first = measures.text_diversity(probs[:, :1])
    return np.concatenate([first, total], axis=1), largest
