"""The co-evolving system in plain NumPy, tuned by hand: no image is looped over.

Images stand in rows along the last axis, captions come from multinomial counts, small products
are written out, arrays are updated in place. :mod:`tests.benchmarks.numpy_straightforward` says
the same with broadcasting and einsum.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


class State(NamedTuple):
    """Text probabilities (R, K), means (R, K, d) and Cholesky factors (R, K, d, d)."""

    text_probs: Array
    image_mean: Array
    root: Array


def start(text_probs: Array, image_mean: Array, image_cov: Array, replicates: int) -> State:
    """The same state for each of R replicates."""
    parts = (text_probs, image_mean, np.linalg.cholesky(image_cov))
    return State(*(np.broadcast_to(part, (replicates, *part.shape)).copy() for part in parts))


def captions(rng: np.random.Generator, text_probs: Array, batch_size: int) -> npt.NDArray[np.intp]:
    """The texts of N images per replicate, sorted: their order does not matter. Shape (R, N)."""
    counts = rng.multinomial(batch_size, _normalised(text_probs))
    replicates, num_texts = counts.shape
    text = np.tile(np.arange(num_texts), replicates)
    return np.repeat(text, counts.ravel()).reshape(replicates, batch_size)


def _normalised(text_probs: Array) -> Array:
    """In double precision, as the multinomial asks for."""
    double = text_probs.astype(np.float64)
    return double / double.sum(axis=-1, keepdims=True)


def draw(rng: np.random.Generator, state: State, own: npt.NDArray[np.intp]) -> tuple[Array, Array]:
    """Images with the given captions, and their standard normals, both of shape (d, R, N)."""
    replicates, _, num_features = state.image_mean.shape
    row = np.arange(replicates)[:, None]
    z = rng.standard_normal((num_features, *own.shape), dtype=state.root.dtype)
    image = np.empty_like(z)
    for a in range(num_features):
        image[a] = state.image_mean[..., a][row, own]
        for b in range(a + 1):
            image[a] += state.root[..., a, b][row, own] * z[b]
    return image, z


def text_update(rng: np.random.Generator, state: State, batch_size: int) -> State:
    """Average posterior of N images."""
    own = captions(rng, state.text_probs, batch_size)
    image, _ = draw(rng, state, own)
    num_texts, num_features = state.image_mean.shape[1:]
    inverse = np.linalg.inv(state.root)
    log_det = np.log(np.diagonal(state.root, axis1=-2, axis2=-1)).sum(-1)
    with np.errstate(divide="ignore"):
        log_weight = np.log(state.text_probs) - log_det
    log_density = np.empty((num_texts, *own.shape), dtype=image.dtype)
    for k in range(num_texts):
        distance = np.zeros(own.shape, dtype=image.dtype)
        centred = [image[a] - state.image_mean[:, k, a, None] for a in range(num_features)]
        for a in range(num_features):
            whitened = inverse[:, k, a, 0, None] * centred[0]
            for b in range(1, a + 1):
                whitened += inverse[:, k, a, b, None] * centred[b]
            distance += np.square(whitened, out=whitened)
        distance *= -0.5
        distance += log_weight[:, k, None]
        log_density[k] = distance
    log_density -= log_density.max(axis=0)
    density = np.exp(log_density, out=log_density)
    density /= density.sum(axis=0)
    return state._replace(text_probs=density.mean(axis=-1).T)


def image_update(
    rng: np.random.Generator, state: State, batch_size: int, min_images: int, *, literal: bool
) -> State:
    """Mean and unbiased covariance of each text's images, under the keep rule.

    Images are drawn one by one (``literal``), or, where that is cheaper, only their counts,
    means and scatters, from the normal and Wishart laws as the toolkit does.
    """
    statistics = _from_images if literal else _from_laws
    count, mean, scatter = statistics(rng, state, batch_size)
    updated = count >= min_images
    eye = np.eye(mean.shape[-1])
    cov = scatter / np.maximum(count - 1, 1)[..., None, None]
    factor = np.linalg.cholesky(np.where(updated[..., None, None], cov, eye))
    return State(
        text_probs=state.text_probs,
        image_mean=np.where(updated[..., None], mean, state.image_mean),
        root=np.where(updated[..., None, None], factor, state.root),
    )


def _from_images(
    rng: np.random.Generator, state: State, batch_size: int
) -> tuple[Array, Array, Array]:
    own = captions(rng, state.text_probs, batch_size)
    image, _ = draw(rng, state, own)
    replicates, num_texts, num_features = state.image_mean.shape
    bins = (own + num_texts * np.arange(replicates)[:, None]).ravel()

    def per_text(values: Array | None) -> Array:
        weights = None if values is None else values.ravel()
        total = np.bincount(bins, weights, replicates * num_texts)
        return total.reshape(replicates, num_texts)

    count = per_text(None)
    size = np.maximum(count, 1)
    mean = np.stack([per_text(image[a]) / size for a in range(num_features)], axis=-1)
    row = np.arange(replicates)[:, None]
    centred = [image[a] - mean[..., a][row, own] for a in range(num_features)]
    scatter = np.empty((replicates, num_texts, num_features, num_features))
    for a in range(num_features):
        for b in range(a + 1):
            scatter[..., a, b] = scatter[..., b, a] = per_text(centred[a] * centred[b])
    return count, mean, scatter


def _from_laws(
    rng: np.random.Generator, state: State, batch_size: int
) -> tuple[Array, Array, Array]:
    count = rng.multinomial(batch_size, _normalised(state.text_probs))
    num_features = state.image_mean.shape[-1]
    z = rng.standard_normal(state.image_mean.shape) / np.sqrt(np.maximum(count, 1))[..., None]
    mean = state.image_mean + np.einsum("rkab,rkb->rka", state.root, z)
    bartlett = np.tril(rng.standard_normal(state.root.shape), -1)
    for a in range(num_features):
        bartlett[..., a, a] = np.sqrt(rng.chisquare(np.maximum(count - 1 - a, 1)))
    factor = state.root @ bartlett
    return count.astype(float), mean, factor @ factor.swapaxes(-1, -2)


def simulate(
    text_probs: Array,
    image_mean: Array,
    image_cov: Array,
    *,
    batch_size: int,
    generations: int,
    replicates: int,
    seed: int,
    literal: bool = True,
    text_only: bool = False,
    dtype: str = "float64",
) -> dict[str, Array]:
    """One text update and one image update per generation; the same variables as the toolkit.

    Returns
    -------
    dict of array
        Axes (generation, replicate, ...).
    """
    rng = np.random.default_rng(seed)
    state = State(
        *(part.astype(dtype) for part in start(text_probs, image_mean, image_cov, replicates))
    )
    min_images = image_mean.shape[-1] + 1
    rows = [_measure(state, image_mean)]
    for _ in range(generations):
        state = text_update(rng, state, batch_size)
        if not text_only:
            state = image_update(rng, state, batch_size, min_images, literal=literal)
        state = State(*(part.astype(dtype, copy=False) for part in state))
        rows.append(_measure(state, image_mean))
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def _measure(state: State, reference_mean: Array) -> dict[str, Array]:
    cov = state.root @ state.root.swapaxes(-1, -2)
    return {
        "text_probs": state.text_probs,
        "image_mean": state.image_mean,
        "image_cov": cov,
        "text_diversity": 1 - np.square(state.text_probs).sum(-1),
        "image_diversity": np.linalg.svd(state.root, compute_uv=False).sum(-1),
        "image_fidelity": np.linalg.norm(state.image_mean - reference_mean, axis=-1),
    }
