"""The co-evolving system in straightforward NumPy: broadcasting and einsum over all axes at once.

Arrays have axes (replicate, image, text, feature) in this order, as one writes them down;
nothing is looped over but generations. Every image is drawn, as the algorithm says.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def simulate(
    text_probs: Array,
    image_mean: Array,
    image_cov: Array,
    *,
    batch_size: int,
    generations: int,
    replicates: int,
    seed: int,
    text_only: bool = False,
) -> dict[str, Array]:
    """One text update and one image update per generation; the same variables as the toolkit.

    Returns
    -------
    dict of array
        Axes (generation, replicate, ...).
    """
    rng = np.random.default_rng(seed)
    p, mean, cov = (
        np.broadcast_to(part, (replicates, *part.shape))
        for part in (text_probs, image_mean, image_cov)
    )
    rows = [_measure(p, mean, cov, image_mean)]
    for _ in range(generations):
        p = text_update(rng, p, mean, cov, batch_size)
        if not text_only:
            mean, cov = image_update(rng, p, mean, cov, batch_size)
        rows.append(_measure(p, mean, cov, image_mean))
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def draw(
    rng: np.random.Generator, p: Array, mean: Array, cov: Array, batch_size: int
) -> tuple[npt.NDArray[np.intp], Array]:
    """Captions (R, N), by inversion, and their images (R, N, d)."""
    uniform = rng.random((len(p), batch_size, 1))
    own = np.sum(uniform > np.cumsum(p, axis=-1)[:, None, :-1], axis=-1)
    row = np.arange(len(p))[:, None]
    root = np.linalg.cholesky(cov)
    z = rng.standard_normal((len(p), batch_size, mean.shape[-1]))
    return own, mean[row, own] + np.einsum("rnab,rnb->rna", root[row, own], z)


def text_update(
    rng: np.random.Generator, p: Array, mean: Array, cov: Array, batch_size: int
) -> Array:
    """Average posterior of N images."""
    _, image = draw(rng, p, mean, cov, batch_size)
    inverse = np.linalg.inv(np.linalg.cholesky(cov))
    centred = image[:, :, None, :] - mean[:, None]
    whitened = np.einsum("rkab,rnkb->rnka", inverse, centred)
    log_det = np.linalg.slogdet(cov)[1]
    with np.errstate(divide="ignore"):
        log_weight = np.log(p) - log_det / 2
    log_density = log_weight[:, None] - np.sum(whitened**2, axis=-1) / 2
    density = np.exp(log_density - log_density.max(axis=-1, keepdims=True))
    return np.mean(density / density.sum(axis=-1, keepdims=True), axis=1)


def image_update(
    rng: np.random.Generator, p: Array, mean: Array, cov: Array, batch_size: int
) -> tuple[Array, Array]:
    """Mean and unbiased covariance of each text's images, under the keep rule."""
    own, image = draw(rng, p, mean, cov, batch_size)
    num_texts, num_features = mean.shape[1:]
    member = (own[:, :, None] == np.arange(num_texts)).astype(float)
    count = member.sum(axis=1)
    size = np.maximum(count, 1)[..., None]
    new_mean = np.einsum("rnk,rna->rka", member, image) / size
    row = np.arange(len(p))[:, None]
    centred = image - new_mean[row, own]
    products = centred[..., :, None] * centred[..., None, :]
    scatter = np.einsum("rnk,rnab->rkab", member, products)
    updated = count > num_features
    new_cov = scatter / np.maximum(count - 1, 1)[..., None, None]
    return (
        np.where(updated[..., None], new_mean, mean),
        np.where(updated[..., None, None], new_cov, cov),
    )


def _measure(p: Array, mean: Array, cov: Array, reference_mean: Array) -> dict[str, Array]:
    eigenvalues = np.linalg.eigvalsh(cov)
    return {
        "text_probs": p,
        "image_mean": mean,
        "image_cov": cov,
        "text_diversity": 1 - np.sum(p**2, axis=-1),
        "image_diversity": np.sum(np.sqrt(np.maximum(eigenvalues, 0)), axis=-1),
        "image_fidelity": np.linalg.norm(mean - reference_mean, axis=-1),
    }
