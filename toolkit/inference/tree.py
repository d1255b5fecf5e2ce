"""A fit as a tree of labelled datasets, in ArviZ's layout."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from toolkit import labels
from toolkit.models import Evidence

FloatArray = npt.NDArray[Any]

#: Numbers of an array that an attribute shows.
_MOST = 100

_SAMPLE_STATS = {
    "diverging": "the trajectory left the region where its energy is right",
    "n_steps": "leapfrog steps",
    "acceptance_rate": "mean acceptance probability along the trajectory",
    "energy": "Hamiltonian",
    "lp": "log density in whitened coordinates, up to a constant",
    "step_size": "step size",
}


def draws_dataset(
    values: Mapping[str, FloatArray],
    evidence: Evidence,
    lead: Mapping[str, FloatArray],
) -> xr.Dataset:
    """Draws of parameters with the labels' dims, units and long names.

    Parameters
    ----------
    values : mapping of array
        With the axes of ``lead`` first.
    evidence : Evidence
        Whose coordinates the other dims take.
    lead : mapping
        The coordinates of the leading dims (chain, draw).
    """
    variables = {
        name: ((*lead, *labels.PARAMETERS[name].dims), draws, labels.PARAMETERS[name].attrs)
        for name, draws in values.items()
    }
    return _with_coordinates(xr.Dataset(variables, coords=dict(lead)), evidence)


def observed_like(
    values: Mapping[str, FloatArray], evidence: Evidence, lead: Mapping[str, FloatArray]
) -> xr.Dataset:
    """Draws of what was observed, with the observed variables' dims and attributes.

    Where the first generation has no law, only the later ones are drawn.
    """
    variables = {}
    for name, draws in values.items():
        like = evidence.observed[name]
        variables[name] = ((*lead, *like.dims), draws, like.attrs)
    return _with_coordinates(xr.Dataset(variables, coords=dict(lead)), evidence)


def pointwise(
    terms: Mapping[str, FloatArray], evidence: Evidence, lead: Mapping[str, FloatArray]
) -> xr.Dataset:
    """Log likelihoods by replicate and transition; a transition has its later generation's name.

    What has no law (a missing score, a transition over a gap) has a term of exactly 0 in every
    draw, which importance sampling cannot weigh. Where there is any, the others stand in a row
    along ``observation``, with replicate and generation as coordinates.
    """
    variables, used = {}, np.asarray(False)
    for name, values in terms.items():
        rest = (labels.REPLICATE, labels.GENERATION, labels.TEXT)[: values.ndim - len(lead)]
        variables[name] = ((*lead, *rest), values, {"long_name": f"log likelihood of {name}"})
        used = used | values.any(axis=tuple(range(len(lead))))
    whole = _with_coordinates(xr.Dataset(variables, coords=dict(lead)), evidence)
    if used.all() or not used.any():
        return whole
    row = whole.stack({labels.OBSERVATION: rest}).reset_index(labels.OBSERVATION)
    return row.isel({labels.OBSERVATION: used.ravel()})


def sample_stats(stats: Mapping[str, FloatArray], lead: Mapping[str, FloatArray]) -> xr.Dataset:
    """Statistics of the sampler, by ArviZ's names."""
    return xr.Dataset(
        {
            name: (tuple(lead), stats[name], {"long_name": words})
            for name, words in _SAMPLE_STATS.items()
        },
        coords=dict(lead),
    )


def attributes(**attrs: Any) -> dict[str, str]:
    """Attributes as text, JSON where they have structure."""
    return {
        name: value if isinstance(value, str) else json.dumps(value, default=_plain)
        for name, value in attrs.items()
    }


def _plain(value: Any) -> Any:
    """What JSON lacks: small arrays as lists, anything else in words.

    A file's attribute cannot hold large ones; a fit has their numbers in ``constant_data``.
    """
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.size <= _MOST):
        return value.tolist()
    if isinstance(value, (xr.Dataset, xr.DataArray, np.ndarray)):
        shapes = value.shape if isinstance(value, np.ndarray) else dict(value.sizes)
        return f"{type(value).__name__} {shapes}; its numbers are in constant_data"
    return repr(value)


def _with_coordinates(dataset: xr.Dataset, evidence: Evidence) -> xr.Dataset:
    """The same with the evidence's coordinates; the last ones where the first have no law."""
    for dim, size in dataset.sizes.items():
        if dim in dataset.coords:
            continue
        for source in (evidence.observed, evidence.constant):
            if dim in source.coords and source.sizes[dim] >= size:
                values = source[dim].values[source.sizes[dim] - size :]
                dataset = dataset.assign_coords({dim: (dim, values, source[dim].attrs)})
                break
        else:
            dataset = dataset.assign_coords({dim: np.arange(size)})
    return dataset
