"""The co-evolving text/image system of Gao and Li, as a configuration (theory, section 1)."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import numpy as np

from toolkit.systems import validation
from toolkit.systems.external import CorpusInjection, UserContent
from toolkit.systems.feature_map import FeatureMap
from toolkit.systems.files import Configuration
from toolkit.systems.validation import FloatArray

#: Counts are drawn as 64-bit floats, which hold every whole number up to here.
_LARGEST_COUNT = 2**53


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class CoevolvingSystem(Configuration):
    """A text model and an image model that are retrained on each other's outputs.

    The text model has probabilities ``text_probs`` over texts; the image model has, for each
    text, a Gaussian over images. One generation is, in this order: a corpus injection (with
    its probability); ``text_updates`` times a text update, in which ``batch_size`` images are
    drawn, their posteriors averaged, and the result sharpened, ``p^(1/text_temperature)``
    renormalised; ``image_updates`` times an image update, in which ``batch_size`` captions and
    their images are drawn, pooled with user content, and each text's Gaussian becomes their
    mean and covariance, times ``shrinkage_factor``. A text with fewer than ``min_images``
    pooled images keeps its Gaussian, as does one whose pooled images all lie in a plane (given
    images are drawn with replacement).

    Parameters
    ----------
    text_probs : array_like, shape (num_texts,)
    image_mean : array_like, shape (num_texts, num_features)
    image_cov : array_like, shape (num_texts, num_features, num_features)
    batch_size : int
        Images drawn per update; at least 2.
    text_updates, image_updates : int
        Updates per generation; 0 is a frozen model.
    ddof : int
        A covariance has denominator ``count - ddof``: 1 is the unbiased one.
    min_images : int, optional
        The keep rule; ``num_features + 1`` unless given, and never less.
    text_temperature : float
        Below 1 sharpens, above 1 flattens the text probabilities; 1 in the paper.
    shrinkage_factor : float
        Factor on every updated covariance; 1 in the paper.
    corpus : CorpusInjection, optional
    user_content : UserContent, optional
    feature_map : FeatureMap, optional
        The way back from features to pixels, where the images are real ones.

    Raises
    ------
    ValueError
        When a value is outside its range or shapes disagree.

    References
    ----------
    W. Gao, M. Li, "Convergence Dynamics and Stabilization Strategies of Co-Evolving
    Generative Models", Algorithms 1 to 3.

    Examples
    --------
    >>> system = CoevolvingSystem.on_unit_circle(num_texts=5, variance=1.0, batch_size=1000)
    >>> system.num_texts, system.num_features, system.min_images
    (5, 2, 3)
    """

    kind: ClassVar[str] = "coevolving"
    nested: ClassVar[dict[str, type[Any]]] = {
        "corpus": CorpusInjection,
        "user_content": UserContent,
        "feature_map": FeatureMap,
    }
    constructors: ClassVar[tuple[str, ...]] = ("on_unit_circle",)

    text_probs: FloatArray
    image_mean: FloatArray
    image_cov: FloatArray
    batch_size: int
    text_updates: int = 1
    image_updates: int = 1
    ddof: int = 1
    min_images: int = None  # type: ignore[assignment]  # num_features + 1 once it is built
    text_temperature: float = 1.0
    shrinkage_factor: float = 1.0
    corpus: CorpusInjection | None = None
    user_content: UserContent | None = None
    feature_map: FeatureMap | None = None

    def __post_init__(self) -> None:
        self._set_arrays()
        for name, at_least in (
            ("batch_size", 2),
            ("text_updates", 0),
            ("image_updates", 0),
            ("ddof", 0),
        ):
            self._set(name, validation.integer(getattr(self, name), name, at_least))
        if self.batch_size > _LARGEST_COUNT:
            raise ValueError(
                f"batch_size must be at most 2**53, where counts are exact, not {self.batch_size}."
            )
        for name in ("text_temperature", "shrinkage_factor"):
            self._set(name, validation.real(getattr(self, name), name, 0, open_low=True))
        self._set_min_images()
        for name, cls in self.nested.items():
            part = getattr(self, name)
            if part is not None and not isinstance(part, cls):
                raise ValueError(
                    f"{name} must be a {cls.__name__} or None, not {type(part).__name__}."
                )
            if part is not None:
                part.check(self.num_texts, self.num_features)

        grows = self.corpus is not None and self.corpus.reading == "new_text"
        if grows and self.user_content is not None and self.user_content.images is not None:
            raise ValueError(
                "user_content.images cannot be given when corpus.reading is 'new_text': a new "
                "text has none; leave them out to draw from each text's first Gaussian."
            )

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def _set_arrays(self) -> None:
        self._set("text_probs", validation.probabilities(self.text_probs, "text_probs"))
        self._set("image_mean", validation.frozen_array(self.image_mean, "image_mean", 2))
        num_texts, num_features = self.image_mean.shape
        if num_texts != self.num_texts or num_features == 0:
            raise ValueError(
                f"image_mean must have shape (num_texts, num_features) with num_texts = "
                f"{self.num_texts} as in text_probs, but it has {self.image_mean.shape}."
            )
        shape = (num_texts, num_features, num_features)
        self._set("image_cov", validation.covariances(self.image_cov, "image_cov", shape))

    def _set_min_images(self) -> None:
        smallest = self.num_features + 1
        if self.min_images is None:
            self._set("min_images", smallest)
        self._set("min_images", validation.integer(self.min_images, "min_images", 1))
        if self.min_images < smallest:
            raise ValueError(
                f"min_images must be at least num_features + 1 = {smallest}, not "
                f"{self.min_images}: the covariance of fewer images is singular."
            )
        if self.min_images <= self.ddof:
            raise ValueError(f"ddof must be below min_images = {self.min_images}, not {self.ddof}.")

    @property
    def num_texts(self) -> int:
        """Number of texts at the start."""
        return int(self.text_probs.size)

    @property
    def num_features(self) -> int:
        """Number of image features."""
        return int(self.image_mean.shape[1])

    def require_images_alone(self, what: str) -> None:
        """Refuse a system in which more than its own image updates acts on the images.

        Raises
        ------
        ValueError
            When the text model is not frozen, or corpus or images come from outside.
        """
        if self.text_updates or self.corpus is not None or self.user_content is not None:
            raise ValueError(
                f"{what} need a frozen text model without outside content: set text_updates=0, "
                "corpus=None, user_content=None."
            )

    @classmethod
    def on_unit_circle(
        cls,
        *,
        num_texts: int,
        variance: float,
        batch_size: int,
        num_features: int = 2,
        text_probs: Any = None,
        **same: Any,
    ) -> CoevolvingSystem:
        """The paper's experiments: means evenly on the unit circle, isotropic covariances.

        Parameters
        ----------
        num_texts : int
        variance : float
            Every covariance is ``variance`` times the identity.
        batch_size : int
        num_features : int
            The circle lies in the first two; with one feature the means are its projection.
        text_probs : array_like, shape (num_texts,), optional
            Uniform unless given.
        **same
            Any other field of the class.

        Raises
        ------
        ValueError
            When a value is outside its range.
        """
        num_texts = validation.integer(num_texts, "num_texts", 1)
        num_features = validation.integer(num_features, "num_features", 1)
        variance = validation.real(variance, "variance", 0, open_low=True)
        validation.known_keys(same, cls.field_names(), "CoevolvingSystem.on_unit_circle")
        angle = 2 * np.pi * np.arange(num_texts) / num_texts
        mean = np.zeros((num_texts, num_features))
        mean[:, 0] = np.cos(angle)
        if num_features > 1:
            mean[:, 1] = np.sin(angle)
        return cls(
            text_probs=np.full(num_texts, 1 / num_texts) if text_probs is None else text_probs,
            image_mean=mean,
            image_cov=np.broadcast_to(
                variance * np.eye(num_features), (num_texts, num_features, num_features)
            ),
            batch_size=batch_size,
            **same,
        )

    @classmethod
    def from_labelled_images(
        cls, X: Any, y: Any, *, num_features: int, batch_size: int, **same: Any
    ) -> CoevolvingSystem:
        """A system that starts from real images: a Gaussian per class in principal components.

        Parameters
        ----------
        X : array_like, shape (num_images, num_pixels)
        y : array_like, shape (num_images,)
            The class of each image; the sorted classes are the texts.
        num_features : int
            Principal components kept; ``feature_map`` of the result leads back to pixels.
        batch_size : int
        **same
            Any other field of the class; ``text_probs`` are the class frequencies unless given.

        Raises
        ------
        ValueError
            When the lengths differ, or a class has too few images for a covariance.
        """
        pixels = validation.frozen_array(X, "X", 2)
        classes, text = np.unique(np.asarray(y), return_inverse=True)
        if text.shape != (len(pixels),):
            raise ValueError(f"y must give one class for each of the {len(pixels)} images in X.")
        counts = np.bincount(text)
        feature_map = FeatureMap.fit(pixels, num_features)
        if counts.min() <= num_features:
            rare = classes[counts.argmin()]
            raise ValueError(
                f"class {rare!r} has {counts.min()} images, too few for a covariance of "
                f"{num_features} features; give at least {num_features + 1}, or fewer features."
            )
        features = feature_map.to_features(pixels)
        groups = [features[text == index] for index in range(len(classes))]
        same.setdefault("text_probs", counts / counts.sum())
        ddof = same.get("ddof", 1)
        return cls(
            image_mean=np.stack([group.mean(axis=0) for group in groups]),
            image_cov=np.stack([np.atleast_2d(np.cov(group.T, ddof=ddof)) for group in groups]),
            batch_size=batch_size,
            feature_map=feature_map,
            **same,
        )
