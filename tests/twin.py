"""The twin: the co-evolving system as theory.md, section 1, states it, in plain NumPy.

Slow and obvious on purpose, and independent of the toolkit: one replicate, one generation, one
update, one text at a time; covariances are matrices, densities come from their definition, every
image is drawn. It shares with the toolkit only the configuration that it reads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from toolkit.systems import CoevolvingSystem

Array = npt.NDArray[Any]


@dataclass
class Text:
    """One text: its probability, its Gaussian, and the Gaussian that it started from."""

    prob: float
    mean: Array
    cov: Array
    start_mean: Array
    start_cov: Array
    real_images: Array | None = None


@dataclass
class Events:
    """What happened in one generation."""

    count: list[int] = field(default_factory=list)
    kept: list[bool] = field(default_factory=list)
    injected: bool = False
    capacity_reached: bool = False


def simulate(
    system: CoevolvingSystem, *, generations: int, replicates: int, seed: int
) -> dict[str, Array]:
    """Trajectories, with the toolkit's names; axes (replicate, generation, ...)."""
    rng = np.random.default_rng(seed)
    capacity = system.num_texts
    if system.corpus is not None and system.corpus.reading == "new_text":
        if system.corpus.capacity is None:
            raise ValueError("the twin needs corpus.capacity.")
        capacity = system.corpus.capacity
    rows = [
        [measure(system, texts, events, capacity) for texts, events in trajectory]
        for trajectory in (one_replicate(system, generations, rng) for _ in range(replicates))
    ]
    return {name: np.array([[row[name] for row in run] for run in rows]) for name in rows[0][0]}


def one_replicate(
    system: CoevolvingSystem, generations: int, rng: np.random.Generator
) -> list[tuple[list[Text], Events]]:
    """States and events of generations 0, 1, .."""
    texts = [
        Text(system.text_probs[i], mean, cov, mean, cov, _real_images(system, i))
        for i, (mean, cov) in enumerate(zip(system.image_mean, system.image_cov, strict=True))
    ]
    states = [(texts, Events([0] * len(texts), [False] * len(texts)))]
    for _ in range(generations):
        texts = [Text(**vars(text)) for text in texts]
        events = generation(system, texts, rng)
        states.append((texts, events))
    return states


def _real_images(system: CoevolvingSystem, index: int) -> Array | None:
    if system.user_content is None or system.user_content.images is None:
        return None
    return system.user_content.images[index]


def generation(system: CoevolvingSystem, texts: list[Text], rng: np.random.Generator) -> Events:
    """Corpus injection, then text updates, then image updates; changes ``texts``."""
    events = Events()
    if system.corpus is not None and rng.random() < system.corpus.prob:
        inject(system, texts, events, rng)
    for _ in range(system.text_updates):
        text_update(system, texts, rng)
    events.count = [0] * len(texts)
    events.kept = [False] * len(texts)
    for _ in range(system.image_updates):
        image_update(system, texts, events, rng)
    return events


def inject(
    system: CoevolvingSystem, texts: list[Text], events: Events, rng: np.random.Generator
) -> None:
    """Algorithm 2, in either reading."""
    corpus = system.corpus
    assert corpus is not None
    if corpus.reading == "new_text":
        if len(texts) == corpus.capacity:
            events.capacity_reached = True
            return
        mean = sum(text.prob * text.mean for text in texts)
        cov = sum(text.prob * text.cov for text in texts)
        mean = mean if corpus.new_text_mean is None else corpus.new_text_mean
        cov = cov if corpus.new_text_cov is None else corpus.new_text_cov
        for text in texts:
            text.prob *= 1 - corpus.fraction
        texts.append(Text(corpus.fraction, mean, cov, mean, cov))
    else:
        target = corpus.target
        if target is None:
            target = np.full(len(texts), 1 / len(texts))
        if corpus.concentration is not None:
            target = rng.dirichlet(corpus.concentration * target)
        for text, share in zip(texts, target, strict=True):
            text.prob = (1 - corpus.fraction) * text.prob + corpus.fraction * share
    events.injected = True


def density(text: Text, images: Array) -> Array:
    """The density of N(mean, cov) at each image."""
    num_features = len(text.mean)
    centred = images - text.mean
    distance = np.sum(centred @ np.linalg.inv(text.cov) * centred, axis=1)
    norm = np.sqrt((2 * np.pi) ** num_features * np.linalg.det(text.cov))
    return np.exp(-distance / 2) / norm


def draw(rng: np.random.Generator, mean: Array, cov: Array, count: int) -> Array:
    """Images of N(mean, cov), shape (count, num_features)."""
    return mean + rng.standard_normal((count, len(mean))) @ np.linalg.cholesky(cov).T


def draw_captions(
    system: CoevolvingSystem, texts: list[Text], rng: np.random.Generator
) -> list[int]:
    """How many of ``batch_size`` captions are each text."""
    probs = np.array([text.prob for text in texts])
    captions = rng.choice(len(texts), size=system.batch_size, p=probs / probs.sum())
    return [int(np.sum(captions == i)) for i in range(len(texts))]


def text_update(system: CoevolvingSystem, texts: list[Text], rng: np.random.Generator) -> None:
    """The average posterior of ``batch_size`` images, then the temperature."""
    counts = draw_captions(system, texts, rng)
    images = np.concatenate(
        [draw(rng, text.mean, text.cov, count) for text, count in zip(texts, counts, strict=True)]
    )
    joint = np.array([text.prob * density(text, images) for text in texts])
    posterior = joint / joint.sum(axis=0)
    probs = posterior.mean(axis=1) ** (1 / system.text_temperature)
    for text, prob in zip(texts, probs / probs.sum(), strict=True):
        text.prob = prob


def image_update(
    system: CoevolvingSystem, texts: list[Text], events: Events, rng: np.random.Generator
) -> None:
    """Mean and covariance of each text's images, pooled with user content, if there are enough."""
    assert system.min_images is not None
    events.count = draw_captions(system, texts, rng)
    for i, text in enumerate(texts):
        images = draw(rng, text.mean, text.cov, events.count[i])
        if system.user_content is not None:
            number = system.user_content.num_images
            if text.real_images is None:
                real = draw(rng, text.start_mean, text.start_cov, number)
            else:
                real = text.real_images[rng.integers(len(text.real_images), size=number)]
            images = np.concatenate([images, real])
        if len(images) < system.min_images:
            events.kept[i] = True
            continue
        mean = np.sum(images, axis=0) / len(images)
        centred = images - mean
        if np.linalg.matrix_rank(centred) < len(mean):
            events.kept[i] = True  # the same real images drawn again and again
            continue
        text.mean = mean
        scatter = centred.T @ centred
        text.cov = system.shrinkage_factor * scatter / (len(images) - system.ddof)


def measure(
    system: CoevolvingSystem, texts: list[Text], events: Events, capacity: int
) -> dict[str, Array]:
    """The toolkit's variables; 0 or False in slots that hold no text."""
    probs = np.array([text.prob for text in texts])
    of_text = {
        "text_probs": probs,
        "image_mean": np.array([text.mean for text in texts]),
        "image_cov": np.array([text.cov for text in texts]),
        "image_diversity": np.array(
            [np.sum(np.sqrt(np.linalg.eigvalsh(text.cov))) for text in texts]
        ),
        "image_fidelity": np.array(
            [np.sqrt(np.sum((text.mean - text.start_mean) ** 2)) for text in texts]
        ),
        "image_count": np.array(events.count),
        "image_kept": np.array(events.kept),
        "text_extinct": probs < 1 / (2 * system.batch_size),
        "text_active": np.ones(len(texts), dtype=bool),
    }
    empty = capacity - len(texts)
    padded = {
        name: np.concatenate([values, np.zeros((empty, *values.shape[1:]), values.dtype)])
        for name, values in of_text.items()
    }
    whole = {
        "text_diversity": np.array(1 - np.sum(probs**2)),
        "text_injected": np.array(events.injected),
        "capacity_reached": np.array(events.capacity_reached),
    }
    return padded | whole
