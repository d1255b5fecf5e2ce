"""Image updates alone in NumPy, from exact sufficient statistics: counts, normals, chi-squares.

Two features, written out; all replicates at once, nothing allocated that can be kept.
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
) -> dict[str, Array]:
    """One image update per generation under a frozen text model of two features.

    Returns
    -------
    dict of array
        Means, factors and image diversity with axes (generation, replicate, ...).
    """
    rng = np.random.default_rng(seed)
    num_texts = len(text_probs)
    shape = (replicates, num_texts)
    start = np.linalg.cholesky(image_cov)
    r00, r10, r11 = (
        np.broadcast_to(start[:, a, b], shape).copy() for a, b in ((0, 0), (1, 0), (1, 1))
    )
    m0, m1 = (np.broadcast_to(image_mean[:, a], shape).copy() for a in range(2))
    mean = np.empty((generations + 1, *shape, 2))
    factor = np.zeros((generations + 1, *shape, 2, 2))
    probs = np.broadcast_to(text_probs, shape)

    def record(row: int) -> None:
        mean[row, ..., 0], mean[row, ..., 1] = m0, m1
        factor[row, ..., 0, 0], factor[row, ..., 1, 0], factor[row, ..., 1, 1] = r00, r10, r11

    record(0)
    for row in range(1, generations + 1):
        count = rng.multinomial(batch_size, probs)
        z = rng.standard_normal((3, *shape))
        square = rng.chisquare(np.maximum(count[None] - np.array([1, 2])[:, None, None], 1))
        updated = count > 2
        degrees = np.maximum(count - 1, 1)
        z[:2] *= np.where(updated, 1 / np.sqrt(np.maximum(count, 1)), 0)
        b00, b11 = np.where(updated, np.sqrt(square / degrees), 1)
        b10 = np.where(updated, z[2] / np.sqrt(degrees), 0)
        m0 += r00 * z[0]
        m1 += r10 * z[0] + r11 * z[1]
        r10 = r10 * b00 + r11 * b10
        r00 *= b00
        r11 *= b11
        record(row)
    trace = np.square(factor).sum((-2, -1))
    det = factor[..., 0, 0] * factor[..., 1, 1]
    return {"image_mean": mean, "factor": factor, "image_diversity": np.sqrt(trace + 2 * det)}
