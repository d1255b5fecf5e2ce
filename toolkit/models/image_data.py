"""What is checked of a trajectory of images before it is given a law, and what is left out."""

from __future__ import annotations

import json
from typing import Any, NamedTuple, get_args

import numpy as np
import numpy.typing as npt
import xarray as xr

from toolkit import labels
from toolkit.models import image_statistics
from toolkit.models.image_law import Replenishment, Sizes, Spec
from toolkit.models.protocol import Evidence

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
#: A reference: a dataset with image_mean and image_cov, or the two arrays.
Reference = xr.Dataset | tuple[Any, Any]


class _Seen(NamedTuple):
    """The arrays of a dataset, checked in dims and sizes."""

    cov: Array
    mean: Array | None
    epsilon: float


def prepare(
    dataset: xr.Dataset,
    *,
    replenishment: Replenishment = "images",
    reference: Reference | None = None,
    ddof: int = 1,
    image_updates: int = 1,
) -> Evidence:
    """Check a trajectory and take the statistics of its transitions.

    Parameters
    ----------
    dataset : xr.Dataset
        With ``image_cov``, and any of ``image_mean``, ``image_count``, ``text_probs``. An update
        that leads to a generation has that generation's count, and its probabilities.
    replenishment : {"images", "share", "none"}
        Real images: the same number for every text, the same share of every text, or none.
    reference : xr.Dataset or (mean, covariance), optional
        The real images' Gaussians, of shapes (text, feature) and (text, feature, feature). Those
        of the first generation of each replicate unless given.
    ddof : int
        A covariance's denominator is its number of images less this.
    image_updates : int
        Updates in a generation; only 1 has a law.

    Returns
    -------
    Evidence

    Raises
    ------
    ValueError
        When the data have no covariances, no transitions, or cannot have come from this model.
    """
    for name, value, allowed in (
        ("replenishment", replenishment, get_args(Replenishment)),
        ("ddof", ddof, (0, 1)),
    ):
        if isinstance(value, bool) or value not in allowed:
            raise ValueError(f"{name} must be one of {allowed}, not {value!r}.")
    _check_updates(dataset, image_updates)
    seen = _arrays(dataset)
    sizes, share, total, about_sizes = _shares(dataset, seen)
    pool = None
    if replenishment != "none":
        pool = _reference(reference, seen)
    elif reference is not None:
        raise ValueError('a reference was given, but replenishment is "none"; give one of them.')
    use, about_use = _usable(dataset, seen)
    if sizes == "counts":
        _check_counts(dataset, seen, use, replenishment)
    data = image_statistics.transitions(seen.cov, seen.mean, pool, use, share, total)
    spec = Spec(
        num_replicates=seen.cov.shape[0],
        num_transitions=seen.cov.shape[1] - 1,
        num_texts=seen.cov.shape[2],
        num_features=seen.cov.shape[-1],
        sizes=sizes,
        replenishment=replenishment,
        has_mean=seen.mean is not None,
        ddof=ddof,
    )
    given = {"counts": [labels.IMAGE_COUNT], "probs": [labels.TEXT_PROBS], "unknown": []}[sizes]
    states = [labels.IMAGE_COV] + [labels.IMAGE_MEAN] * spec.has_mean
    remarks = about_sizes + about_use + _about_law(dataset, spec, data, use, reference)
    constant = dataset[given]
    if reference is not None and pool is not None:
        # Given, it is the same for all replicates and generations.
        dims = labels.dims(labels.IMAGE_COV)[2:]
        constant[labels.REFERENCE_COV] = (dims, pool[1][0, 0])
        if pool[0] is not None:
            constant[labels.REFERENCE_MEAN] = (dims[:2], pool[0][0, 0])
    return Evidence(spec, data, dataset[states], constant, tuple(remarks))


def _check_updates(dataset: xr.Dataset, image_updates: int) -> None:
    """One update in a generation, by what is said and by what a simulation recorded."""
    system = json.loads(dataset.attrs.get(labels.SYSTEM, "{}"))
    recorded = system.get("image_updates", 1) if isinstance(system, dict) else 1
    for value, origin in ((image_updates, "image_updates="), (recorded, "the data's system has ")):
        if value != 1:
            raise ValueError(
                f"image_contraction describes one image update in a generation, but {origin}"
                f"{value}; record the state after each update."
            )


def _arrays(dataset: xr.Dataset) -> _Seen:
    """Covariances, and means where there are any."""
    if labels.IMAGE_COV not in dataset:
        has = ", ".join(map(str, dataset.data_vars)) or "nothing"
        raise ValueError(
            f"image_contraction needs image_cov, but the data have {has}; record the covariance "
            "of each text's images, or fit text_drift or diversity_decay."
        )
    for name in (labels.IMAGE_COV, labels.IMAGE_MEAN, labels.IMAGE_COUNT, labels.TEXT_PROBS):
        if name in dataset and dataset[name].dims != labels.dims(name):
            raise ValueError(
                f"{name} has dims {dataset[name].dims}, expected {labels.dims(name)}; transpose it."
            )
    cov = dataset[labels.IMAGE_COV].values
    if cov.shape[1] < 2:
        raise ValueError(
            "image_contraction explains how one generation follows another, but there is only "
            f"{cov.shape[1]}; give two or more."
        )
    kind = cov.dtype if cov.dtype.kind == "f" else np.dtype(float)
    mean = dataset[labels.IMAGE_MEAN].values.astype(float) if labels.IMAGE_MEAN in dataset else None
    return _Seen(cov.astype(float), mean, float(np.finfo(kind).eps))


def _shares(dataset: xr.Dataset, seen: _Seen) -> tuple[Sizes, Array | None, float, list[str]]:
    """What is known of the texts' numbers of images, over the mean total."""
    if labels.IMAGE_COUNT in dataset:
        count = dataset[labels.IMAGE_COUNT].values[:, 1:].astype(float)
        sums = count.sum(axis=-1)
        if not (np.isfinite(count).all() and (count >= 0).all() and (sums > 0).all()):
            raise ValueError(
                "image_count must be at least 0 and positive for some text in every generation "
                "after the first; leave image_count out where it is not known."
            )
        total = float(sums.mean())
        about = f"{total:g}"
        if np.ptp(sums) > 0:
            about = f"between {sums.min():g} and {sums.max():g}, {total:g} on average"
        remark = (
            f"Images were counted, {about} in an update: effective_batch_size is that where the "
            "counts explain the fluctuations, and less where images depend on one another."
        )
        return "counts", count / total, total, [remark]
    if labels.TEXT_PROBS in dataset:
        probs = dataset[labels.TEXT_PROBS].values[:, 1:].astype(float)
        if not (np.isfinite(probs).all() and (probs >= 0).all() and (probs <= 1).all()):
            raise ValueError("text_probs must be within [0, 1]; read them with read_trajectory.")
        # A text of probability zero has no image; a tiny one keeps the logs of weights finite.
        probs = np.clip(probs, 1e-12, 1 - 1e-12)
        remark = (
            "There is no image_count: each text's number of images is taken to be binomial with "
            "text_probs. Record image_count for narrower intervals."
        )
        return "probs", probs, 0.0, [remark]
    remark = (
        "There is neither image_count nor text_probs: each text has one effective_image_count for "
        "all generations. Record image_count if the texts' shares change."
    )
    return "unknown", None, 0.0, [remark]


def _reference(given: Reference | None, seen: _Seen) -> tuple[Array | None, Array]:
    """Mean and covariance of the real images, broadcasting over replicates and generations."""
    if given is None:
        cov = seen.cov[:, :1]
        first = None if seen.mean is None else seen.mean[:, :1]
    else:
        if isinstance(given, xr.Dataset):
            dims = labels.dims(labels.IMAGE_COV)[2:]
            missing = {labels.IMAGE_MEAN, labels.IMAGE_COV} - set(given.data_vars)
            if missing or given[labels.IMAGE_COV].dims != dims:
                raise ValueError(
                    f"reference must have image_mean with dims {dims[:2]} and image_cov with dims "
                    f"{dims}; select one state, as in dataset.isel(replicate=0, generation=0)."
                )
            given = (given[labels.IMAGE_MEAN].values, given[labels.IMAGE_COV].values)
        first, cov = (np.asarray(part, float) for part in given)
        expected = seen.cov.shape[2:-1]
        if first.shape != expected or cov.shape != seen.cov.shape[2:]:
            raise ValueError(
                f"reference has shapes {first.shape} and {cov.shape}; expected {expected} and "
                f"{seen.cov.shape[2:]}, a mean and a covariance of each text."
            )
        first, cov = first[None, None], cov[None, None]
        if seen.mean is None:
            first = None
    return first, cov


def _usable(dataset: xr.Dataset, seen: _Seen) -> tuple[Mask, list[str]]:
    """Transitions that have a law, and sentences on those that have none."""
    generation = dataset[labels.GENERATION].values
    consecutive = np.diff(generation) == 1
    if not consecutive.any():
        raise ValueError(
            "image_contraction needs consecutive generations, but they are "
            f"{', '.join(map(str, generation[:4]))}...; record every generation (every=1)."
        )
    good = image_statistics.usable(seen.cov, seen.epsilon)
    kept = (seen.cov[:, 1:] == seen.cov[:, :-1]).all(axis=(-1, -2))
    if seen.mean is not None:
        kept &= (seen.mean[:, 1:] == seen.mean[:, :-1]).all(axis=-1)
    if labels.IMAGE_KEPT in dataset:
        kept |= dataset[labels.IMAGE_KEPT].values[:, 1:].astype(bool)
    both = good[:, 1:] & good[:, :-1]
    use = both & ~kept & consecutive[:, None]
    remarks = _about_use(consecutive, kept & both, ~both)
    if not use.any():
        raise ValueError(
            "no transition is left to fit; expected covariances that change from one generation "
            f"to the next. {' '.join(remarks)}"
        )
    few = use.sum(axis=(0, 1)) < 2
    if few.any():
        names = dataset[labels.TEXT].values[few] if labels.TEXT in dataset.coords else few.nonzero()
        shown = ", ".join(map(str, np.asarray(names).ravel()[:5]))
        remarks.append(
            f"Of text {shown} fewer than two transitions can be used: what is found rests on the "
            "other texts."
        )
    return use, remarks


def _about_use(consecutive: Mask, kept: Mask, singular: Mask) -> list[str]:
    """Sentences on transitions that have no law."""
    remarks = []
    if not consecutive.all():
        remarks.append(
            f"{int((~consecutive).sum())} of {consecutive.size} transitions are over more than one "
            "generation and were left out."
        )
    if kept.any():
        remarks.append(
            f"{_share(kept)} kept a Gaussian unchanged (as a rule for want of images) and were "
            "left out: the law is that of an update."
        )
    if singular.any():
        remarks.append(
            f"{_share(singular)} begin or end with a covariance that is singular within rounding "
            "and were left out; record covariances in double precision, or fewer features."
        )
    return remarks


def _share(mask: Mask) -> str:
    return f"{int(mask.sum())} of {mask.size} transitions of a text"


def _check_counts(
    dataset: xr.Dataset, seen: _Seen, use: Mask, replenishment: Replenishment
) -> None:
    """Without real images a covariance needs more images than features."""
    count = dataset[labels.IMAGE_COUNT].values[:, 1:]
    needed = seen.cov.shape[-1] + 1
    bad = use & (count < needed)
    if replenishment == "none" and bad.any():
        r, t, k = np.unravel_index(int(bad.argmax()), bad.shape)
        raise ValueError(
            f"image_cov changed at replicate {r}, generation {t + 1}, text {k} (positions), though "
            f"image_count is {count[r, t, k]}; {needed} images are needed. Leave image_count out, "
            'or allow for real images with replenishment="images".'
        )


def _about_law(
    dataset: xr.Dataset, spec: Spec, data: Any, use: Mask, reference: Reference | None
) -> list[str]:
    """Sentences on the law that was chosen."""
    remarks = []
    if spec.replenishment != "none":
        remarks.append(
            "With real images the law of a covariance is an approximation (Wishart by matched "
            'moments); if there are none, replenishment="none" has the exact law and is quicker.'
        )
        first = dataset[labels.GENERATION].values[0]
        if reference is None and first != 0:
            remarks.append(
                f"The real images are taken to be those of generation {first}, the first there "
                "is; give reference= where they are not."
            )
        if not spec.has_mean:
            remarks.append(
                "The distance of the means from the real images' is not known and is taken to add "
                "nothing to the covariances."
            )
    far = use & ~data.use
    if far.any():
        remarks.append(
            f"{_share(far)} are too far from the real images in scale to be computed and were left "
            "out; end the trajectory earlier."
        )
    if spec.ddof == 0:
        remarks.append(
            "With ddof=0 the loss of 1/n in each update is put down to the covariances' "
            "denominator, not to shrinkage_factor."
        )
    return remarks
