"""What ``coevolution`` takes from a dataset: text and image transitions of the same replicates."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, NamedTuple, cast

import jax.numpy as jnp
import numpy as np
import xarray as xr

from toolkit import labels, measures
from toolkit.models import image_contraction, image_law, text_drift
from toolkit.models.image_data import Reference
from toolkit.models.image_statistics import Transitions
from toolkit.models.protocol import Evidence
from toolkit.models.text_evidence import TextData, TextSpec

Array = measures.Array  # and with it JAX's 64-bit floats

_NEEDED = (labels.TEXT_PROBS, labels.IMAGE_MEAN, labels.IMAGE_COV)


@dataclasses.dataclass(frozen=True)
class Spec:
    """What is static.

    Attributes
    ----------
    text : TextSpec
    image : image_law.Spec
    pooled : bool
        There are several replicates, each with a batch size of its own.
    gaps : bool
        Some transitions are over more than one generation.
    """

    text: TextSpec
    image: image_law.Spec
    pooled: bool
    gaps: bool


class Data(NamedTuple):
    """What the densities depend on.

    Attributes
    ----------
    text : TextData
    image : Transitions
    first : array, shape (text transition,)
        Which of the transitions the text transitions are.
    before : array, shape (replicate, transition, text)
        Text probabilities before each transition.
    size_sd : array, shape (replicate,)
        About the sd of log batch size that a replicate's own transitions leave.
    """

    text: TextData
    image: Transitions
    first: Array
    before: Array
    size_sd: Array


def prepare(
    dataset: xr.Dataset,
    *,
    batch_size: int | None = None,
    target: Any = None,
    likelihood: str = "auto",
    replenishment: image_law.Replenishment = "images",
    reference: Reference | None = None,
    ddof: int = 1,
) -> Evidence:
    """Check a trajectory of texts and images, and take the statistics of its transitions.

    Parameters
    ----------
    dataset : xr.Dataset
        With ``text_probs``, ``image_mean`` and ``image_cov``; ``image_count`` where it is known.
    batch_size, target, likelihood
        As for ``text_drift``.
    replenishment, reference, ddof
        As for ``image_contraction``.

    Returns
    -------
    Evidence

    Raises
    ------
    ValueError
        When the data cannot have come from this model, or an option is wrong.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> from toolkit import labels
    >>> rng = np.random.default_rng(0)
    >>> data = xr.Dataset({
    ...     "text_probs": (labels.dims("text_probs"), rng.multinomial(50, [0.5, 0.5], (1, 4)) / 50),
    ...     "image_mean": (labels.dims("image_mean"), rng.normal(size=(1, 4, 2, 1))),
    ...     "image_cov": (labels.dims("image_cov"), rng.uniform(0.5, 1, size=(1, 4, 2, 1, 1))),
    ... }, coords={"generation": [0, 1, 2, 3]})
    >>> spec = prepare(data).spec
    >>> spec.text.likelihood, spec.image.sizes, spec.pooled
    ('counts', 'probs', False)
    """
    missing = [name for name in _NEEDED if name not in dataset]
    if missing:
        raise ValueError(
            f"coevolution needs {', '.join(_NEEDED)}, but {', '.join(missing)} is missing; record "
            "it, or fit text_drift or image_contraction to what there is."
        )
    _check_updates(dataset)
    text = text_drift.prepare(dataset, batch_size=batch_size, target=target, likelihood=likelihood)
    image = image_contraction.prepare(
        dataset, replenishment=replenishment, reference=reference, ddof=ddof
    )
    probs = np.asarray(dataset[labels.TEXT_PROBS].transpose(*labels.dims(labels.TEXT_PROBS)))
    first = np.flatnonzero(np.diff(dataset[labels.GENERATION].values) == 1)
    replicates = probs.shape[0]
    gaps = len(first) < probs.shape[1] - 1
    spec = Spec(cast(TextSpec, text.spec), cast(image_law.Spec, image.spec), replicates > 1, gaps)
    data = Data(
        text.data,
        image.data,
        jnp.asarray(first),
        jnp.asarray(probs[:, :-1], float),
        jnp.asarray(_size_sd(probs[:, first], image)),
    )
    observed = dataset[[labels.TEXT_PROBS]].merge(image.observed)
    observed.attrs = {}
    return Evidence(
        spec,
        data,
        observed,
        # All text probabilities are observed here.
        text.constant.drop_dims(labels.GENERATION, errors="ignore").merge(
            image.constant.drop_vars(labels.TEXT_PROBS, errors="ignore")
        ),
        tuple(dict.fromkeys((*text.remarks, *image.remarks, *_about(replicates)))),
    )


def _size_sd(before: np.ndarray, image: Evidence) -> np.ndarray:
    """About the sd of log batch size by each replicate's transitions alone.

    A normal variable of variance proportional to 1/N has the information 1/2 on log N: as many
    are counted as there are free probabilities, entries of covariances and of means.
    """
    spec = cast(image_law.Spec, image.spec)
    d = spec.num_features
    number = np.maximum((before > 0).sum(axis=-1) - 1, 0).sum(axis=-1)
    number = number + image.data.use.sum(axis=(1, 2)) * (d * (d + 1) / 2 + d * spec.has_mean)
    sd: np.ndarray = np.sqrt(2 / np.maximum(number, 1))
    return sd


def _check_updates(dataset: xr.Dataset) -> None:
    """One update of each model in a generation, by what a simulation recorded."""
    system = json.loads(dataset.attrs.get(labels.SYSTEM, "{}"))
    for name, other in (("text_updates", "image_contraction"), ("image_updates", "text_drift")):
        updates = system.get(name, 1) if isinstance(system, dict) else 1
        if updates != 1:
            mend = f"fit {other}" if updates == 0 else "record the state after each update"
            raise ValueError(
                f"coevolution describes one text and one image update in a generation, but the "
                f"data's system has {name}={updates}; {mend}."
            )


def _about(replicates: int) -> tuple[str, ...]:
    if replicates > 1:
        return ()
    remark = (
        "With a single replicate there is no replicate_spread: its batch size is the loop's. Give "
        "several replicates to see how they differ."
    )
    return (remark,)
