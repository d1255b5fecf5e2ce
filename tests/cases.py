"""Systems that between them use every option, small enough for the twin, and their statistics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from toolkit.systems import CoevolvingSystem, CorpusInjection, UserContent

Array = npt.NDArray[Any]

#: Few generations: enough for every effect to act on what the others left.
GENERATIONS = 3


def unequal_covariances(num_texts: int, num_features: int, seed: int = 5) -> Array:
    """Covariances of different sizes, shapes and directions."""
    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal((num_texts, num_features, num_features))
    size = np.linspace(0.3, 1.5, num_texts)[:, None, None]
    return size * (matrix @ matrix.swapaxes(-1, -2) + 0.3 * np.eye(num_features))


def means(num_texts: int, num_features: int, seed: int = 6) -> Array:
    """Means about one and a half standard deviations apart."""
    return 1.5 * np.random.default_rng(seed).standard_normal((num_texts, num_features))


def system(text_probs: list[float], num_features: int, **options: Any) -> CoevolvingSystem:
    """A system with unequal, anisotropic Gaussians."""
    num_texts = len(text_probs)
    return CoevolvingSystem(
        text_probs=text_probs,
        image_mean=means(num_texts, num_features),
        image_cov=unequal_covariances(num_texts, num_features),
        **options,
    )


def given_images() -> list[Array]:
    """Real images of three texts, of unequal number, not normal."""
    rng = np.random.default_rng(7)
    return [rng.exponential(size=(count, 2)) for count in (1, 4, 9)]


SYSTEMS: dict[str, CoevolvingSystem] = {
    # The text of probability .05 has 1.5 images on average and is kept as often as not.
    "rare text": system([0.6, 0.35, 0.05], 2, batch_size=30),
    "many updates": system(
        [0.8, 0.2],
        1,
        batch_size=20,
        text_updates=2,
        image_updates=3,
        ddof=0,
        min_images=5,
        text_temperature=1.3,
        shrinkage_factor=0.8,
    ),
    "user content": system(
        [0.5, 0.2, 0.15, 0.1, 0.04, 0.01],
        3,
        batch_size=40,
        text_updates=0,
        user_content=UserContent(num_images=2),
    ),
    "given images, fresh corpus": system(
        [0.7, 0.2, 0.1],
        2,
        batch_size=30,
        user_content=UserContent(num_images=3, images=given_images()),
        corpus=CorpusInjection(prob=0.4, fraction=0.3, target=[0.1, 0.2, 0.7], concentration=5.0),
    ),
    "new text": system(
        [0.7, 0.3],
        2,
        batch_size=30,
        corpus=CorpusInjection(prob=0.5, fraction=0.2, reading="new_text", capacity=4),
    ),
    "frozen images": system([0.3, 0.2, 0.2, 0.1, 0.1, 0.1], 2, batch_size=40, image_updates=0),
}


def statistics(trajectory: xr.Dataset | Mapping[str, Array]) -> dict[str, Array]:
    """What is compared of a trajectory: bounded, or in logs, so that the moments exist.

    The states after the first and the last generation, and sums over all of them, to which
    every update adds: the squared steps of the text probabilities, and the events.
    """
    at = {name: np.asarray(trajectory[name]) for name in trajectory}
    chosen = {
        name: at[name]
        for name in ("text_probs", "text_diversity", "image_mean", "image_fidelity", "image_count")
    }
    active = at["text_probs"] > 0
    chosen["log_image_diversity"] = np.log(np.where(active, at["image_diversity"], 1))
    num_features = at["image_cov"].shape[-1]
    if num_features > 1:
        total = np.trace(at["image_cov"], axis1=-2, axis2=-1)[..., None]
        shape = at["image_cov"][..., *np.tril_indices(num_features)]
        chosen["image_shape"] = shape[..., :-1] / np.where(active[..., None], total, 1)
    chosen |= {name: at[name] for name in ("image_kept", "text_extinct") if name in at}
    ends = {
        f"{name} at {generation}": values[:, generation]
        for name, values in chosen.items()
        for generation in (1, GENERATIONS)
    }
    # One component is what the others leave to 1; a sum over texts is known in advance.
    step = np.diff(at["text_probs"], axis=1)
    ends["squared text steps"] = np.sum(np.square(step), axis=(1, 2))
    for event in ("text_injected", "capacity_reached"):
        if event in at:
            ends[f"number of {event}"] = np.sum(at[event], axis=1)
    # A kept Gaussian is an atom of the law; two programs round it differently in the last digit.
    return {
        name: values if values.dtype == bool else np.round(values, 9)
        for name, values in ends.items()
    }
