"""What ``text_drift`` takes from a dataset: which likelihood its data have, and what they lack."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple, cast

import jax.numpy as jnp
import numpy as np
import xarray as xr

from toolkit import labels
from toolkit.measures import Array
from toolkit.models import text_counts, text_moments, text_shape
from toolkit.models.protocol import Evidence
from toolkit.models.text_cells import cells_of
from toolkit.models.text_counts import Counts
from toolkit.models.text_moments import Moments
from toolkit.models.text_transitions import (
    Transitions,
    checked_target,
    transitions,
    typical_batch_size,
)

_MOMENTS = "Their likelihood is that of moments."
INFER = "infer"
#: Standard errors of one transition within which states cannot be told from another state.
_CLOSE = 3.0


@dataclasses.dataclass(frozen=True)
class Options:
    """Options of ``prepare``.

    Attributes
    ----------
    batch_size : int, optional
    target : array_like, "infer" or None
    likelihood : {"auto", "counts", "moments"}
    images : {"auto", True, False}
    """

    batch_size: Any = None
    target: Any = None
    likelihood: Any = "auto"
    images: Any = "auto"


@dataclasses.dataclass(frozen=True)
class TextSpec:
    """What is static.

    Attributes
    ----------
    num_texts : int
    likelihood : {"counts", "moments"}
    infer_target : bool
    batch_given : bool
        With moments: the images per update are known.
    images : bool
        With moments: the Gaussians are known.
    """

    num_texts: int
    likelihood: str
    infer_target: bool
    batch_given: bool
    images: bool

    @property
    def confusion(self) -> bool:
        """Whether the posterior confusion is what the effective batch size tells."""
        return self.likelihood == "moments" and self.batch_given and not self.images


class TextData(NamedTuple):
    """What the density depends on.

    Attributes
    ----------
    likelihood : Counts or Moments
    target : array, shape (text,)
        Unused where it is inferred.
    """

    likelihood: Counts | Moments
    target: Array


def gather(dataset: xr.Dataset, options: Options) -> Evidence:
    """Check the data and the options, choose the likelihood, and say which and why.

    Parameters
    ----------
    dataset : xr.Dataset
    options : Options

    Raises
    ------
    ValueError
        When the data cannot be what the model describes, or an option is wrong.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> counts = np.random.default_rng(0).multinomial(50, [0.5, 0.3, 0.2], size=(1, 9))
    >>> data = xr.Dataset({"text_probs": (("replicate", "generation", "text"), counts / 50)})
    >>> gather(data, Options()).spec.likelihood
    'counts'
    """
    _check(options)
    pairs = transitions(dataset)
    if options.images is True:
        _images(dataset, True, pairs.first)
    num_texts = pairs.before.shape[2]
    infer = isinstance(options.target, str)
    target = checked_target(None if infer else options.target, num_texts)
    _check_possible(pairs, None if infer else target)
    counted, why = _counted(pairs, options)
    if counted:
        part: Counts | Moments = text_counts.counts(pairs.before, pairs.after, counted)
        spec = TextSpec(num_texts, "counts", infer, True, False)
        remarks = why
    else:
        images = _images(dataset, options.images, pairs.first)
        given = options.batch_size is not None
        part = _moments(pairs, images, None if infer else target, options.batch_size)
        spec = TextSpec(num_texts, "moments", infer, given, images is not None)
        remarks = why + _moment_remarks(spec, part, pairs, options.batch_size)
    return Evidence(
        spec,
        TextData(part, jnp.asarray(target)),
        _observed(dataset, pairs.first),
        _constant(None if infer else target, spec, dataset, pairs.first),
        pairs.remarks + remarks,
    )


def _check(options: Options) -> None:
    size = options.batch_size
    whole = isinstance(size, (int, np.integer)) and not isinstance(size, bool)
    if size is not None and not (whole and size >= 2):
        raise ValueError(f"batch_size must be a whole number from 2, or None, not {size!r}.")
    if options.likelihood not in ("auto", "counts", "moments"):
        raise ValueError(
            f"likelihood must be 'auto', 'counts' or 'moments', not {options.likelihood!r}."
        )
    if isinstance(options.target, str) and options.target != INFER:
        raise ValueError(
            f"target must be probabilities, 'infer', or None (uniform), not {options.target!r}."
        )
    if not (options.images == "auto" or isinstance(options.images, bool)):
        raise ValueError(f"images must be 'auto', True or False, not {options.images!r}.")


def _check_possible(pairs: Transitions, target: Any) -> None:
    """A lost text can come back only from the injected corpus."""
    if target is None:
        return
    back = (pairs.before == 0) & (pairs.after > 0) & (target == 0)
    if back.any():
        replicate, transition, text = np.argwhere(back)[0]
        raise ValueError(
            f"text {text} of replicate {replicate} comes back from probability 0 at transition "
            f"{transition}, but target gives it no mass; give it some, or target='infer'."
        )


def _counted(pairs: Transitions, options: Options) -> tuple[int | None, tuple[str, ...]]:
    """The batch size of counts, or None for moments; and what to say of it."""
    if options.likelihood == "moments":
        return None, ("The likelihood of moments was asked for.",)
    given, rough = options.batch_size, typical_batch_size(pairs)
    if options.likelihood == "counts":
        size = given or text_counts.find_batch_size(pairs.after, rough)
        if size is None:
            raise ValueError(
                f"no batch size near {rough:.3g}, which fluctuations suggest, makes text_probs "
                "whole numbers of captions; give batch_size, or likelihood='moments'."
            )
        return int(size), (_counts_remark(size),)
    if given is not None:
        if text_counts.fits_beyond_chance(pairs.after, given):
            return int(given), (_counts_remark(given),)
        return None, (f"The probabilities are no counts of {given} captions. {_MOMENTS}",)
    size = text_counts.find_batch_size(pairs.after, rough)
    if size is None:
        return None, (f"The probabilities are no counts. {_MOMENTS}",)
    return size, (_counts_remark(size),)


def _counts_remark(size: int) -> str:
    return f"The probabilities are counts of {size} captions: their likelihood is that of counts."


def _images(dataset: xr.Dataset, wanted: str | bool, first: Any) -> tuple[Any, Any] | None:
    """Means and covariances before each transition, where they are known and wanted."""
    names = (labels.IMAGE_MEAN, labels.IMAGE_COV)
    missing = [name for name in names if name not in dataset]
    if missing and wanted is True:
        raise ValueError(f"images=True needs {' and '.join(missing)} in the data; record them.")
    if missing or wanted is False:
        return None
    mean, cov = (
        np.asarray(dataset[name].transpose(*labels.dims(name)), float)[:, first] for name in names
    )
    if not (np.isfinite(mean).all() and np.isfinite(cov).all()):
        raise ValueError(
            "image_mean or image_cov are not finite; mend them, or leave them out by images=False."
        )
    return mean, cov


def _moments(
    pairs: Transitions, images: tuple[Any, Any] | None, target: Any, batch_size: int | None
) -> Moments:
    before = pairs.before
    variance = before * (1 - before)
    if images is not None:
        covs = text_shape.covariances(before[None], *images)[0]
        variance = np.maximum(np.diagonal(covs, axis1=-2, axis2=-1), 0.0)
    rough = typical_batch_size(pairs, variance)
    size = float(batch_size) if batch_size is not None else rough
    cells = cells_of(before, variance, size)
    if not (cells.alone | cells.pool).sum(axis=-1).max() >= 2:
        raise ValueError(
            "no state has two common texts (of 5 captions or more each), so moments tell nothing; "
            "give likelihood='counts' if probabilities are counts, or record from an earlier "
            "generation."
        )
    shape = None if images is None else text_shape.shape_on_cells(cells, before, *images, target)
    return text_moments.moments(before, pairs.after, cells, shape, size)


def _moment_remarks(
    spec: TextSpec, part: Moments, pairs: Transitions, batch_size: int | None
) -> tuple[str, ...]:
    remarks = []
    if spec.images:
        remarks.append("Image means and covariances are taken as known: captions from them.")
    elif batch_size is None:
        remarks.append(
            "Chance drift and posterior confusion cannot be told apart: effective_batch_size is "
            "images per update / (1 - confusion). Give batch_size, or image_mean and image_cov."
        )
    elif typical_batch_size(pairs) < 0.8 * batch_size:
        remarks.append(
            f"Probabilities fluctuate more than those of batch_size={batch_size} independent "
            "images can: captions are dependent, or text updates more than one in a generation. "
            "Leave batch_size out."
        )
    if spec.images and spec.infer_target:
        remarks.append("With target='infer' an injection moves the mean, not the covariance.")
    cells = np.asarray(part.cells.alone | part.cells.pool).sum(axis=0)
    silent = int((cells < 2).sum())
    if silent:
        remarks.append(
            f"{silent} of {cells.size} transitions start with a single common text and say nothing."
        )
    return tuple(remarks)


def _observed(dataset: xr.Dataset, first: Any) -> xr.Dataset:
    """The first state and those after each transition."""
    name = labels.TEXT_PROBS
    index = np.concatenate([first[:1], first + 1])
    kept = dataset[[name]].transpose(*labels.dims(name)).isel({labels.GENERATION: index})
    kept.attrs = {}
    return kept


def _constant(target: Any, spec: TextSpec, dataset: xr.Dataset, first: Any) -> xr.Dataset:
    """The target, states after gaps, the images at the end where used, and which likelihood."""
    constant = xr.Dataset(attrs={"likelihood": spec.likelihood})
    after_gap = np.setdiff1d(first[1:], first + 1)
    if len(after_gap):
        # No transition leads to them, so they are not observed; the next one starts there.
        name = labels.TEXT_PROBS
        states = dataset[[name]].transpose(*labels.dims(name))
        constant = constant.merge(states.isel({labels.GENERATION: after_gap}))
    if spec.images:
        of_images = dataset[[labels.IMAGE_MEAN, labels.IMAGE_COV]]
        constant = constant.merge(of_images.isel({labels.GENERATION: -1}, drop=True))
    if target is not None:
        label = labels.PARAMETERS[labels.INJECTION_TARGET]
        constant[label.name] = ((labels.TEXT,), target, label.attrs)
    return constant


def not_told(evidence: Evidence) -> tuple[str, ...]:
    """Sentences on what the states cannot tell, because they stay where nothing shows.

    Parameters
    ----------
    evidence : Evidence

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> even = np.array([[[0.5, 0.5], [0.505, 0.495], [0.5, 0.5]]])
    >>> data = xr.Dataset({"text_probs": (("replicate", "generation", "text"), even)})
    >>> len(not_told(gather(data, Options(batch_size=200, likelihood="counts"))))
    2
    """
    part = evidence.data.likelihood
    before, size = np.moveaxis(np.asarray(part.before), 0, -1), float(part.batch_size)
    transitions_ = before.shape[0] * before.shape[1]
    spread = np.sqrt(np.maximum(before * (1 - before), 1e-12) / (size * transitions_))
    sentences = []
    if (np.abs(before - 1 / before.shape[2]) < _CLOSE * spread).all():
        sentences.append(
            "All texts are as probable throughout, so text_temperature is not told: it is its "
            "prior."
        )
    if not cast(TextSpec, evidence.spec).infer_target:
        near = np.abs(before - np.asarray(evidence.data.target)) < _CLOSE * spread
        if near.all():
            sentences.append(
                "The states stay at the injected corpus, so injection_prob and injection_fraction "
                "are not told: they are their priors."
            )
    return tuple(sentences)
