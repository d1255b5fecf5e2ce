"""External influences on a co-evolving system: injected corpora and user content."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any, Literal, get_args

from toolkit.systems import validation
from toolkit.systems.validation import FloatArray

Reading = Literal["fixed_corpus", "new_text"]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class CorpusInjection:
    """A corpus injected into the text model, with a probability, at the start of a generation.

    Parameters
    ----------
    prob : float
        Probability of an injection in a generation (the paper's alpha).
    fraction : float
        Share of the mass that is injected (the paper's epsilon).
    reading : {"fixed_corpus", "new_text"}
        Algorithm 2 of Gao and Li can be read in two ways. ``"fixed_corpus"``: the text
        probabilities become ``(1 - fraction) p + fraction u``. ``"new_text"``: a text that
        was not there before is appended with mass ``fraction``, the others are scaled.
    target : array_like, shape (num_texts,), optional
        The corpus ``u`` of ``"fixed_corpus"``; uniform when not given.
    concentration : float, optional
        With it, ``u`` is drawn afresh at each injection, from a Dirichlet distribution of
        mean ``target`` and this total concentration. Without it ``u`` is ``target``.
    capacity : int, optional
        ``"new_text"`` only: the largest number of texts. A simulation that is not told
        reserves enough for its length.
    new_text_mean : array_like, shape (num_features,), optional
    new_text_cov : array_like, shape (num_features, num_features), optional
        ``"new_text"`` only: the Gaussian of a new text's images; by default the mixture's
        overall mean and its average covariance at the time.

    Raises
    ------
    ValueError
        When a value is outside its range or does not belong to the reading.

    Examples
    --------
    >>> CorpusInjection(prob=0.05, fraction=0.1).reading
    'fixed_corpus'
    """

    prob: float
    fraction: float
    reading: Reading = "fixed_corpus"
    target: FloatArray | None = None
    concentration: float | None = None
    capacity: int | None = None
    new_text_mean: FloatArray | None = None
    new_text_cov: FloatArray | None = None

    def __post_init__(self) -> None:
        if self.reading not in get_args(Reading):
            raise ValueError(
                f"corpus.reading must be one of {get_args(Reading)}, not {self.reading!r}."
            )
        set_ = _setter(self)
        set_("prob", validation.real(self.prob, "corpus.prob", 0, 1))
        set_("fraction", validation.real(self.fraction, "corpus.fraction", 0, 1))
        grows = self.reading == "new_text"
        if grows and self.fraction == 1:
            raise ValueError("corpus.fraction must be below 1 when a new text is appended.")
        other = ("target", "concentration") if grows else _NEW_TEXT_FIELDS
        for name in other:
            if getattr(self, name) is not None:
                raise ValueError(f"corpus.{name} has no meaning in the reading {self.reading!r}.")
        if self.target is not None:
            set_("target", validation.probabilities(self.target, "corpus.target"))
        if self.concentration is not None:
            name = "corpus.concentration"
            set_("concentration", validation.real(self.concentration, name, 0, open_low=True))
        if self.capacity is not None:
            set_("capacity", validation.integer(self.capacity, "corpus.capacity", 1))
        if self.new_text_mean is not None:
            set_("new_text_mean", validation.frozen_array(self.new_text_mean, _MEAN, 1))
        if self.new_text_cov is not None:
            cov = validation.frozen_array(self.new_text_cov, _COV, 2)
            if cov.shape[0] != cov.shape[1]:
                raise ValueError(f"{_COV} must be a square matrix, but its shape is {cov.shape}.")
            set_("new_text_cov", validation.covariances(cov, _COV, cov.shape))

    def check(self, num_texts: int, num_features: int) -> None:
        """Check the sizes against the system that the injection belongs to.

        Raises
        ------
        ValueError
            When a size differs, or the capacity leaves no room for a new text.
        """
        if self.target is not None and self.target.shape != (num_texts,):
            raise ValueError(
                f"corpus.target must give {num_texts} probabilities, one per text, "
                f"but it has {self.target.size}."
            )
        if self.capacity is not None and self.capacity < num_texts:
            raise ValueError(
                f"corpus.capacity must be at least the number of texts, {num_texts}, "
                f"not {self.capacity}."
            )
        for name, expected in (
            ("new_text_mean", (num_features,)),
            ("new_text_cov", (num_features, num_features)),
        ):
            value = getattr(self, name)
            if value is not None and value.shape != expected:
                raise ValueError(f"corpus.{name} must have shape {expected}, not {value.shape}.")


_NEW_TEXT_FIELDS = ("capacity", "new_text_mean", "new_text_cov")
_MEAN, _COV = "corpus.new_text_mean", "corpus.new_text_cov"


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class UserContent:
    """Real images pooled with the generated ones in every image update, for each text.

    Parameters
    ----------
    num_images : int
        How many per text and image update.
    images : sequence of array_like, shape (num_available, num_features) each, optional
        Given images of each text, drawn from with replacement. Without them the images are
        drawn afresh from the text's initial Gaussian each time.

    Raises
    ------
    ValueError
        When the number is below 1 or the images are no arrays of numbers.

    Examples
    --------
    >>> UserContent(num_images=10).num_images
    10
    """

    num_images: int
    images: Sequence[FloatArray] | None = None

    def __post_init__(self) -> None:
        set_ = _setter(self)
        set_("num_images", validation.integer(self.num_images, "user_content.num_images", 1))
        if self.images is not None:
            if not isinstance(self.images, Iterable):
                raise ValueError(
                    f"user_content.images must hold one array per text, not {self.images!r}."
                )
            arrays = tuple(
                validation.frozen_array(of_text, f"user_content.images[{index}]", 2)
                for index, of_text in enumerate(self.images)
            )
            set_("images", arrays)

    def check(self, num_texts: int, num_features: int) -> None:
        """Check the sizes against the system that the user content belongs to.

        Raises
        ------
        ValueError
            When there is not one non-empty array per text, or a number of features differs.
        """
        if self.images is None:
            return
        if len(self.images) != num_texts:
            raise ValueError(
                f"user_content.images must hold one array per text, {num_texts}, "
                f"but it holds {len(self.images)}."
            )
        for index, of_text in enumerate(self.images):
            if of_text.shape[0] == 0 or of_text.shape[1] != num_features:
                raise ValueError(
                    f"user_content.images[{index}] must have shape (at least 1, {num_features}), "
                    f"not {of_text.shape}."
                )


def _setter(instance: Any) -> Any:
    """Assignment inside ``__post_init__`` of a frozen dataclass."""
    return lambda name, value: object.__setattr__(instance, name, value)
