"""Pictures of what an image model draws as generations pass, where its images are real ones.

A text's images at a generation are ``mean + cov^(1/2) z`` in features, led back to pixels by the
system's feature map. The same standard normal ``z`` stand behind every generation, so that what
changes from one to the next is the model, not the draw.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from toolkit import labels
from toolkit.systems import CoevolvingSystem
from toolkit.systems.validation import FloatArray, integer


def drawn_images(
    system: CoevolvingSystem,
    dataset: xr.Dataset,
    *,
    generations: Sequence[int],
    num_images: int,
    seed: int,
    replicate: int = 0,
) -> xr.DataArray:
    """Images that each text's Gaussian draws at some generations of a trajectory, in pixels.

    Parameters
    ----------
    system : CoevolvingSystem
        With a ``feature_map``, as ``from_labelled_images`` gives it.
    dataset : xr.Dataset
        A trajectory with ``image_mean`` and ``image_cov``.
    generations : sequence of int
        Among those recorded.
    num_images : int
        Of each text.
    seed : int
    replicate : int

    Returns
    -------
    xr.DataArray
        Dims text, generation, image, pixel.

    Raises
    ------
    ValueError
        When the system has no feature map, the states were not recorded, or not at a generation.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.simulate import simulate
    >>> pixels = np.random.default_rng(1).normal(size=(40, 9))
    >>> system = CoevolvingSystem.from_labelled_images(
    ...     pixels, [0, 1] * 20, num_features=2, batch_size=30
    ... )
    >>> simulated = simulate(system, generations=4, replicates=1, seed=1)
    >>> drawn = drawn_images(system, simulated, generations=[0, 4], num_images=3, seed=1)
    >>> dict(drawn.sizes)
    {'text': 2, 'generation': 2, 'image': 3, 'pixel': 9}
    """
    num_images = integer(num_images, "num_images", 1)
    if system.feature_map is None:
        raise ValueError(
            "the system has no feature_map, so that its images are no pictures; build it by "
            "CoevolvingSystem.from_labelled_images."
        )
    mean, cov = _states(dataset, replicate, generations)
    num_features = mean.shape[-1]
    z = np.random.default_rng(seed).normal(size=(mean.shape[1], num_images, num_features))
    features = mean[:, :, None] + np.einsum("gkab,knb->gkna", _root(cov), z)
    pixels = np.moveaxis(system.feature_map.to_pixels(features), 0, 1)
    dims = (labels.TEXT, labels.GENERATION, labels.IMAGE, labels.PIXEL)
    coords = {dim: np.arange(size) for dim, size in zip(dims, pixels.shape, strict=True)}
    return xr.DataArray(
        pixels,
        {**coords, labels.GENERATION: np.asarray(generations)},
        dims,
        attrs={"long_name": "brightness of a pixel", "units": "1"},
    )


def _states(
    dataset: xr.Dataset, replicate: int, generations: Sequence[int]
) -> tuple[FloatArray, FloatArray]:
    """Means and covariances at the generations, shapes (generations, texts, ...)."""
    for name in (labels.IMAGE_MEAN, labels.IMAGE_COV):
        if name not in dataset:
            raise ValueError(f"{name} was not recorded; record image_mean and image_cov.")
    recorded = dataset[labels.GENERATION].values
    lacking = np.setdiff1d(generations, recorded)
    if lacking.size:
        raise ValueError(
            f"generation {lacking[0]} was not recorded; choose from those that were: "
            f"{recorded[0]} to {recorded[-1]}, {recorded.size} of them."
        )
    chosen = {labels.REPLICATE: replicate, labels.GENERATION: list(generations)}
    one = dataset[[labels.IMAGE_MEAN, labels.IMAGE_COV]].sel(chosen)
    dims = (labels.GENERATION, labels.TEXT, labels.FEATURE)
    mean = one[labels.IMAGE_MEAN].transpose(*dims)
    cov = one[labels.IMAGE_COV].transpose(*dims, labels.FEATURE_ALT)
    return mean.values, cov.values


def _root(cov: FloatArray) -> FloatArray:
    """The symmetric square root, which moves smoothly with the covariance."""
    values, vectors = np.linalg.eigh(cov)
    scaled = vectors * np.sqrt(np.maximum(values, 0))[..., None, :]
    return np.asarray(scaled @ np.swapaxes(vectors, -1, -2))
