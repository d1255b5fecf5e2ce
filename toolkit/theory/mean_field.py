"""The mean-field curve: the state replaced by its conditional expectation, again and again.

An approximation. The text probabilities stay at their mean, which drift does not move (only
injection and sharpening do); text diversity follows T1 with the posterior confusion at that
state. Of the image model it is the *root* of the covariance that is replaced by its conditional
expectation, to second order: the mean of the covariance itself does not move at all, and a mean
field of it would not contract.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from symbolic import Kind, Source
from toolkit import labels
from toolkit.confusion import confusion_along
from toolkit.systems import CoevolvingSystem
from toolkit.theory.facts import corpus_target, diversity, injected_probs, injects
from toolkit.theory.image_moments import mean_moment_map
from toolkit.theory.numbers import mean_over_counts, number
from toolkit.theory.results import Collector

FloatArray = npt.NDArray[np.float64]

_NAMES = ("text_diversity_mean_field", "image_diversity_mean_field")


class _State(NamedTuple):
    text_probs: FloatArray
    image_cov: FloatArray
    squared_offset: FloatArray


def mean_field_results(system: CoevolvingSystem, generations: int, found: Collector) -> None:
    """Collect the mean-field curves of text_diversity and image_diversity."""
    reason = _why_not(system)
    if reason is not None:
        found.omit(_NAMES, reason)
        return
    states = list(_states(system, generations))
    for name, variable, values, words in (
        (
            _NAMES[0],
            labels.TEXT_DIVERSITY,
            _text_diversity(system, states),
            "T1 with the posterior confusion of the mean state.",
        ),
        (
            _NAMES[1],
            labels.IMAGE_DIVERSITY,
            np.array([_diversity(state.image_cov) for _, _, state in states]),
            "The covariance's root replaced by its conditional mean, to second order.",
        ),
    ):
        found.add(
            name,
            variable,
            values,
            kind=Kind.APPROXIMATION,
            source=Source.OURS,
            description=f"Mean field: {words}",
        )


def _why_not(system: CoevolvingSystem) -> str | None:
    if injects(system) and system.corpus is not None:
        if system.corpus.reading == "new_text":
            return "new texts are injected: the set of texts changes."
        if system.corpus.concentration is not None:
            return "the corpus is drawn afresh each time; the mean field takes a fixed one."
    if system.user_content is not None and system.user_content.images is not None:
        return "the user content is given data, not draws from the initial Gaussians."
    return None


def _states(
    system: CoevolvingSystem, generations: int
) -> Iterator[tuple[FloatArray, list[FloatArray], _State]]:
    """Per generation: probabilities before and in its text updates, and the state at its end."""
    state = _State(
        np.asarray(system.text_probs), np.asarray(system.image_cov), np.zeros(system.num_texts)
    )
    yield state.text_probs, [], state
    update = functools.lru_cache(maxsize=2)(lambda key: _Update(system, np.frombuffer(key)))
    for _ in range(generations):
        before = state.text_probs
        probs = _injected(system, before)
        in_updates = [probs]
        for _ in range(system.text_updates):
            probs = _sharpened(system, probs)
            in_updates.append(probs)
        state = state._replace(text_probs=probs)
        for _ in range(system.image_updates):
            state = update(probs.tobytes())(state)
        yield before, in_updates, state


def _injected(system: CoevolvingSystem, probs: FloatArray) -> FloatArray:
    if not injects(system) or system.corpus is None:
        return probs
    return injected_probs(
        probs,
        corpus_target(system),
        prob=system.corpus.prob,
        fraction=system.corpus.fraction,
        generations=np.asarray(1.0),
    )


def _sharpened(system: CoevolvingSystem, probs: FloatArray) -> FloatArray:
    if system.text_temperature == 1:
        return probs
    scaled = (probs / probs.max()) ** (1 / system.text_temperature)
    return np.asarray(scaled / scaled.sum())


def _diversity(image_cov: FloatArray) -> FloatArray:
    return np.asarray(np.sqrt(np.maximum(np.linalg.eigvalsh(image_cov), 0)).sum(axis=-1))


class _Update:
    """One image update of the mean state at fixed text probabilities."""

    def __init__(self, system: CoevolvingSystem, probs: FloatArray) -> None:
        self.system = system.replace(text_probs=probs / probs.sum())
        self.content = 0 if system.user_content is None else system.user_content.num_images
        self.maps = mean_moment_map(self.system) if self.content else None
        assert system.min_images is not None
        # Mean factor of the root is level - loss * slope, with the shape in slope alone.
        self.level = self._mean(self._root_scale, 1.0)
        self.slope = self._mean(lambda n: self._root_scale(n) / (n + self.content - 1), 0.0)

    def _mean(self, function: object, kept: float) -> FloatArray:
        assert callable(function)
        assert self.system.min_images is not None
        return mean_over_counts(
            function,
            batch_size=self.system.batch_size,
            prob=self.system.text_probs,
            min_images=max(self.system.min_images - self.content, 0),
            kept=kept,
        )

    def _root_scale(self, count: FloatArray) -> FloatArray:
        """Root of the factor on the mean covariance; with user content that is in the map."""
        if self.content:
            return np.ones_like(count)
        scale = number(
            "directional_variance_mean",
            generations=1,
            directional_variance=1,
            image_count=count,
            ddof=self.system.ddof,
            shrinkage_factor=self.system.shrinkage_factor,
        )
        return np.sqrt(scale)

    def __call__(self, state: _State) -> _State:
        cov, squared = state.image_cov, state.squared_offset
        if self.maps is not None:
            spread = squared[:, None, None] / self.system.num_features * np.eye(cov.shape[-1])
            weights = self.maps[:, 0, :, None, None]
            mean = weights[:, 0] * cov + weights[:, 1] * spread
            trace = np.trace(self.system.image_cov, axis1=1, axis2=2)
            moments = np.stack([np.trace(cov, axis1=1, axis2=2), squared, trace], axis=1)
            squared = np.einsum("kb,kb->k", self.maps[:, 1], moments)
            cov = mean + weights[:, 2] * self.system.image_cov
        factor = self.level - self.slope * _loss(cov)
        return state._replace(
            image_cov=cov * np.square(factor)[:, None, None], squared_offset=squared
        )


def _loss(image_cov: FloatArray) -> FloatArray:
    """Relative loss of ``tr cov^(1/2)`` in an update, times its degrees of freedom."""
    losses = []
    for cov in image_cov:
        largest = np.max(np.diagonal(cov))
        if largest <= 0:  # underflowed: nothing is left to lose
            losses.append(0.0)
            continue
        sd = np.sqrt(np.maximum(np.linalg.eigvalsh(cov / largest), 1e-300))
        after = number("image_contraction_second_order", image_sd=sd, degrees_of_freedom=1)
        losses.append(1 - after / sd.sum())
    return np.array(losses)


def _text_diversity(
    system: CoevolvingSystem, states: list[tuple[FloatArray, list[FloatArray], _State]]
) -> FloatArray:
    """T1 with the confusion at the state of each text update."""
    confusion = iter(_confusions(system, states))
    values = [diversity(system.text_probs)]
    for before, in_updates, _ in states[1:]:
        now = values[-1]
        if injects(system):
            now = _injected_diversity(system, now, before)
        for probs, sharpened in itertools.pairwise(in_updates):
            now = number(
                "text_diversity_recursion",
                batch_size=system.batch_size,
                posterior_confusion=float(next(confusion)),
                text_diversity=now,
            )
            if system.text_temperature != 1 and diversity(probs) > 0:
                now *= diversity(sharpened) / diversity(probs)
        values.append(now)
    return np.array(values)


def _confusions(
    system: CoevolvingSystem, states: list[tuple[FloatArray, list[FloatArray], _State]]
) -> FloatArray:
    """The posterior confusion in each text update, all at once."""
    probs = [p for _, in_updates, _ in states[1:] for p in in_updates[:-1]]
    if not probs:
        return np.zeros(0)
    # A generation's text updates see the image model that the generation before left.
    cov = [states[t][2].image_cov for t in range(len(states) - 1)]
    every = np.repeat(np.array(cov), system.text_updates, axis=0)
    mean = np.broadcast_to(system.image_mean, (len(probs), *system.image_mean.shape))
    stacked = np.array(probs)
    still = np.all(stacked == stacked[0]) and np.all(every == every[0])
    if still:  # nothing moves: one state stands for all
        one = confusion_along(stacked[:1], mean[:1], every[:1]).value
        return np.broadcast_to(one, len(probs))
    return confusion_along(stacked, mean, every).value


def _injected_diversity(system: CoevolvingSystem, now: float, probs: FloatArray) -> float:
    """Mean diversity after the injection event."""
    assert system.corpus is not None
    target = corpus_target(system)
    return float(
        number(
            "corpus_injection_once",
            injection_prob=system.corpus.prob,
            injection_fraction=system.corpus.fraction,
            text_diversity=now,
            target_diversity=diversity(target),
            target_overlap=float(probs @ target),
        )
    )
