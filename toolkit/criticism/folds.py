"""What is left out at once when a model is judged by predicting what it has not seen.

Transitions of one replicate share its chance and its quirks, so that a replicate is left out as a
whole: the terms of its log likelihood are summed (P.-C. Buerkner, J. Gabry and A. Vehtari, 2020, on
non-factorised models; A. Vehtari, A. Gelman and J. Gabry, 2017). With fewer than four replicates
each one's transitions are cut into blocks of consecutive generations instead, and a block is left
out: its transitions are then predicted one step ahead, each from the state observed before it, by
parameters learned from the other blocks, later ones among them. That respects the dependence
through parameters, not that between neighbouring blocks of a score (whose states are hidden), and
it says nothing of how replicates differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from toolkit import labels

Ints = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]

#: With fewer replicates a standard error over them says nothing.
FEWEST_REPLICATES = 4
#: Blocks are made until there are so many folds, of two generations or more.
_BLOCK_FOLDS = 10
_LEAD = (labels.CHAIN, labels.DRAW)


class Folds(NamedTuple):
    """Which term belongs to which fold.

    Attributes
    ----------
    replicates : ndarray
        Their names.
    edges : ndarray
        First generation of each block after the first; empty where whole replicates are left out.
    """

    replicates: npt.NDArray[Any]
    edges: npt.NDArray[Any]

    @property
    def by_block(self) -> bool:
        """Whether blocks are left out, not replicates."""
        return len(self.edges) > 0

    @property
    def number(self) -> int:
        """How many folds there are."""
        return len(self.replicates) * (len(self.edges) + 1)

    @property
    def names(self) -> list[str]:
        """A name of each fold."""
        blocks = len(self.edges) + 1
        return [
            f"replicate {replicate}" + (f", block {block}" if self.by_block else "")
            for replicate in self.replicates
            for block in range(blocks)
        ]

    def of(self, replicate: Any, generation: Any) -> Ints:
        """The fold of each term, from its replicate and later generation (arrays that broadcast).

        Parameters
        ----------
        replicate, generation : array_like

        Examples
        --------
        >>> folds = Folds(np.array([0, 1]), np.array([3]))
        >>> folds.of([[0], [1]], [1, 2, 3]).tolist()
        [[0, 0, 1], [2, 2, 3]]
        """
        row = np.searchsorted(self.replicates, np.asarray(replicate))
        block = np.searchsorted(self.edges, np.asarray(generation), side="right")
        return np.asarray(row * (len(self.edges) + 1) + block, dtype=np.intp)


def plan(log_likelihood: xr.Dataset) -> Folds:
    """Folds for the terms of a fit: replicates, or blocks where there are few.

    Parameters
    ----------
    log_likelihood : xr.Dataset
        The group of a fit.

    Raises
    ------
    ValueError
        When there are too few terms to leave any out.

    Examples
    --------
    >>> terms = xr.DataArray(np.zeros((1, 1, 2, 20)), dims=("chain", "draw", "replicate",
    ...     "generation"), coords={"replicate": [0, 1], "generation": range(1, 21)})
    >>> plan(terms.to_dataset(name="score")).number
    10
    """
    where = [_places(array) for array in log_likelihood.data_vars.values()]
    replicates = np.unique(np.concatenate([np.ravel(at[0]) for at in where]))
    generations = np.unique(np.concatenate([np.ravel(at[1]) for at in where]))
    if len(replicates) >= FEWEST_REPLICATES:
        return Folds(replicates, generations[:0])
    blocks = min(-(-_BLOCK_FOLDS // len(replicates)), len(generations) // 2)
    if blocks < 2:
        raise ValueError(
            f"there are {len(replicates)} replicates of {len(generations)} transitions: too few to "
            f"leave any out; give {FEWEST_REPLICATES} replicates, or 4 transitions."
        )
    first = np.linspace(0, len(generations), blocks + 1).astype(int)[1:-1]
    return Folds(replicates, generations[first])


def summed(log_likelihood: xr.Dataset, folds: Folds) -> xr.DataArray:
    """The log likelihood of each fold: all terms of all variables, summed.

    The terms may have the dims replicate and generation, or stand in one row with these as
    coordinates.

    Parameters
    ----------
    log_likelihood : xr.Dataset
    folds : Folds

    Returns
    -------
    xr.DataArray
        With dims chain, draw, fold.
    """
    total: Any = 0.0
    for array in log_likelihood.data_vars.values():
        values = array.transpose(*_LEAD, ...).values
        total = total + by_fold(values.reshape(*values.shape[:2], -1), folds, *_places(array))
    return xr.DataArray(
        total, dims=(*_LEAD, labels.FOLD), coords={labels.FOLD: np.arange(folds.number)}
    )


def by_fold(terms: Floats, folds: Folds, replicate: Any, generation: Any) -> Floats:
    """Sum terms along the last axis by fold.

    Parameters
    ----------
    terms : ndarray, shape (..., number of terms)
    folds : Folds
    replicate, generation : ndarray, shape (number of terms,)
    """
    found = np.zeros((*terms.shape[:-1], folds.number))
    belongs = folds.of(replicate, generation)
    # Not a product of matrices: the log likelihood of what is impossible is -inf.
    np.add.at(np.moveaxis(found, -1, 0), belongs, np.moveaxis(terms, -1, 0))
    return found


def places_of(sizes: Mapping[str, int], coords: Mapping[str, Any]) -> tuple[Any, Any]:
    """Replicate and generation of each term, in the order of the flattened terms.

    Parameters
    ----------
    sizes : mapping
        Of the dims of the terms, in order.
    coords : mapping
        Of replicate and generation; counted from 0 where there are none.
    """
    shape = tuple(sizes.values())
    found = []
    for name in (labels.REPLICATE, labels.GENERATION):
        if name not in sizes:
            raise ValueError(f"the terms of a log likelihood need the dim {name}.")
        values = np.asarray(coords[name]) if name in coords else np.arange(sizes[name])
        axis = list(sizes).index(name)
        wide = values.reshape([-1 if at == axis else 1 for at in range(len(shape))])
        found.append(np.broadcast_to(wide, shape).ravel())
    return found[0], found[1]


def _places(array: xr.DataArray) -> tuple[Any, Any]:
    """Replicate and generation of each term of a variable."""
    rest = [dim for dim in array.dims if dim not in _LEAD]
    if labels.REPLICATE in rest:
        sizes = {str(dim): array.sizes[dim] for dim in rest}
        return places_of(sizes, {str(name): array[name].values for name in rest})
    return np.asarray(array[labels.REPLICATE].values), np.asarray(array[labels.GENERATION].values)
