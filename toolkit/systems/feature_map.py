"""The way from pixels to image features and back: principal components."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from toolkit.systems import validation
from toolkit.systems.validation import FloatArray


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class FeatureMap:
    """Principal components: ``features = (pixels - mean) components'``.

    Parameters
    ----------
    mean : array_like, shape (num_pixels,)
    components : array_like, shape (num_features, num_pixels)
        Orthonormal rows.

    Raises
    ------
    ValueError
        When the shapes disagree.

    Examples
    --------
    >>> import numpy as np
    >>> plane = FeatureMap(mean=np.zeros(3), components=np.eye(2, 3))
    >>> plane.to_pixels(np.array([[1.0, 2.0]])).tolist()
    [[1.0, 2.0, 0.0]]
    """

    mean: FloatArray
    components: FloatArray

    def __post_init__(self) -> None:
        mean = validation.frozen_array(self.mean, "feature_map.mean", 1)
        components = validation.frozen_array(self.components, "feature_map.components", 2)
        if components.shape[1] != mean.size:
            raise ValueError(
                f"feature_map.components must have {mean.size} columns, one per pixel, "
                f"not {components.shape[1]}."
            )
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "components", components)

    @classmethod
    def fit(cls, pixels: Any, num_features: int) -> FeatureMap:
        """The first principal components of images, shape (num_images, num_pixels).

        Raises
        ------
        ValueError
            When there are fewer images or pixels than features.
        """
        from sklearn.decomposition import PCA  # costs a second, rarely needed

        pixels = validation.frozen_array(pixels, "X", 2)
        num_features = validation.integer(num_features, "num_features", 1)
        if num_features > min(pixels.shape):
            raise ValueError(
                f"num_features must be at most {min(pixels.shape)} for images of shape "
                f"{pixels.shape}, not {num_features}."
            )
        pca = PCA(n_components=num_features, svd_solver="full").fit(pixels)
        return cls(mean=pca.mean_, components=pca.components_)

    def check(self, num_texts: int, num_features: int) -> None:
        """Check the sizes against the system that the map belongs to.

        Raises
        ------
        ValueError
            When the number of components is not the number of features.
        """
        del num_texts
        if self.components.shape[0] != num_features:
            raise ValueError(
                f"feature_map.components must have {num_features} rows, one per feature, "
                f"not {self.components.shape[0]}."
            )

    def to_features(self, pixels: Any) -> FloatArray:
        """Features of images: shape (..., num_pixels) to (..., num_features)."""
        return np.asarray((np.asarray(pixels, dtype=np.float64) - self.mean) @ self.components.T)

    def to_pixels(self, features: Any) -> FloatArray:
        """Images with the given features: shape (..., num_features) to (..., num_pixels)."""
        return np.asarray(np.asarray(features, dtype=np.float64) @ self.components + self.mean)
