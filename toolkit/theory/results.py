"""What a prediction is made of, and how predictions become one labelled dataset."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from symbolic import Kind, Source
from toolkit import labels
from toolkit.theory.numbers import theorem

FloatArray = npt.NDArray[np.float64]

LINEAR, LOG = labels.LINEAR, labels.LOG
#: Why nothing is known of a loop that begins with one real data set.
GIVEN_DATA = (
    "the real data are given (real_seed, real_data): the theorems are means over real data sets."
)
#: A stationary value is claimed once the transient is below this share of it.
SETTLED = 1e-4


class NothingPredictedError(ValueError):
    """No result holds for this system or dataset; the message gives the reasons."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Result:
    """One predicted curve.

    Attributes
    ----------
    name : str
    variable : str
        What it is about, a name in ``labels.VARIABLES``.
    kind, source : str
        Values of `symbolic.Kind` and `symbolic.Source`.
    scale : {"linear", "log"}
        ``"log"``: it predicts the mean of the variable's logarithm.
    valid_from : int
        The first generation from which it claims to hold.
    description : str
        One line.
    values : ndarray
        ``(generation,)``, or with a last axis of texts or models; one-step results have
        ``replicate`` first.
    """

    name: str
    variable: str
    kind: str
    source: str
    description: str
    values: FloatArray
    scale: str = LINEAR
    valid_from: int = 0


class Collector:
    """Results found for a system, and the reasons why others do not hold for it."""

    def __init__(self) -> None:
        self.results: list[Result] = []
        self.omitted: dict[str, str] = {}

    def add(
        self,
        name: str,
        variable: str,
        values: npt.ArrayLike,
        *,
        rests_on: str | None = None,
        kind: Kind | None = None,
        source: Source | None = None,
        description: str = "",
        scale: str = LINEAR,
        valid_from: int = 0,
    ) -> None:
        """Add a result; kind, source and words are those of the theorem it rests on."""
        if rests_on is not None:
            base = theorem(rests_on)
            kind, source = kind or base.kind, source or base.source
            description = description or base.in_words
        assert kind is not None
        assert source is not None
        self.results.append(
            Result(
                name=name,
                variable=variable,
                kind=str(kind.value),
                source=str(source.value),
                description=description,
                values=np.asarray(values, dtype=np.float64),
                scale=scale,
                valid_from=int(valid_from),
            )
        )

    def omit(self, names: str | Iterable[str], reason: str) -> None:
        """Say why results are not offered for this system."""
        for name in [names] if isinstance(names, str) else names:
            self.omitted[name] = reason


def assemble(
    results: Sequence[Result],
    omitted: dict[str, str],
    *,
    system_json: str,
    num_items: int,
    generation: npt.ArrayLike,
    replicate: npt.ArrayLike | None = None,
) -> xr.Dataset:
    """One dataset of all results; a whole-system result has its value at every text or model."""
    leading = 1 if replicate is None else 2
    item = labels.item(dim for result in results for dim in labels.variable(result.variable).dims)
    shape: tuple[int, ...] = (np.size(generation),)
    dims = [labels.RESULT, labels.GENERATION]
    if replicate is not None:
        shape, dims = (np.size(replicate), *shape), [labels.RESULT, labels.REPLICATE, dims[1]]
    if item is not None:
        shape, dims = (*shape, num_items), [*dims, item]
    predicted = np.empty((len(results), *shape))
    for index, result in enumerate(results):
        values = result.values
        predicted[index] = values[..., None] if item and values.ndim == leading else values
    coords: dict[str, Any] = {
        labels.RESULT: [result.name for result in results],
        labels.GENERATION: (labels.GENERATION, np.asarray(generation), _attrs(labels.GENERATION)),
    }
    if replicate is not None:
        coords[labels.REPLICATE] = (
            labels.REPLICATE,
            np.asarray(replicate),
            _attrs(labels.REPLICATE),
        )
    if item is not None:
        coords[item] = (item, np.arange(num_items), _attrs(item))
    for name in (
        labels.KIND,
        labels.VARIABLE,
        labels.SCALE,
        labels.VALID_FROM,
        labels.SOURCE,
        labels.DESCRIPTION,
    ):
        coords[name] = (labels.RESULT, [getattr(result, name) for result in results])
    return xr.Dataset(
        {labels.PREDICTED: (dims, predicted, {"long_name": "predicted value"})},
        coords=coords,
        attrs={labels.SYSTEM: system_json, "omitted": json.dumps(omitted)},
    )


def _attrs(name: str) -> dict[str, str]:
    return labels.COORDINATES[name].attrs
