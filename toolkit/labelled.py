"""Datasets with the labels' dims, units and long names, built from plain arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from toolkit import labels


def labelled(variables: Mapping[str, Any], generation: Any = None) -> xr.Dataset:
    """A dataset of trajectory variables.

    Parameters
    ----------
    variables : mapping
        By name, with axes (replicate, generation, ...) as in :mod:`toolkit.labels`.
    generation : array_like, shape (num_recorded,), optional
        0, 1, 2, ... unless given.

    Raises
    ------
    ValueError
        When a name is unknown, or two variables disagree about a size.

    Examples
    --------
    >>> labelled({"text_diversity": [[0.8, 0.7]]}, generation=[0, 5]).generation.attrs["units"]
    'generation'
    """
    dataset = xr.Dataset(
        {
            name: (labels.dims(name), np.asarray(values), labels.variable(name).attrs)
            for name, values in variables.items()
        }
    )
    coordinates = {
        name: np.arange(size) for name, size in dataset.sizes.items() if name in labels.COORDINATES
    }
    if generation is not None:
        coordinates[labels.GENERATION] = np.asarray(generation)
    dataset = dataset.assign_coords(coordinates)
    for name in coordinates:
        dataset[name].attrs.update(labels.COORDINATES[str(name)].attrs)
    return dataset
