"""Recursive stability measured: how far one real example moves the laws of generations to come.

Fu et al. call a procedure recursively stable when changing one example of the original data moves
the law of the synthetic data of generation i by at most gamma in total variation. Here every loop
of :class:`~toolkit.systems.RetrainingSystem` is run twice with the same random numbers, from the
real data and from a neighbour, and the distance of the laws is bounded from both sides
(:mod:`toolkit.stability.distances`). Generation t means the synthetic examples that the model of
generation t generates: the paper's S_{t+1}.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy import stats

from toolkit import datasets, labels
from toolkit.loops import loop_of
from toolkit.stability.distances import Distances, distances, sizes
from toolkit.stability.neighbours import (
    Change,
    category_extremes,
    domain_of,
    extremes,
    given_changes,
    neighbours,
    real_data_of,
)
from toolkit.stability.neighbours import typical as typical_changes
from toolkit.stability.paired import Pair
from toolkit.systems import Categorical, RetrainingSystem
from toolkit.systems.validation import integer, real

FloatArray = npt.NDArray[np.float64]

#: Replicates of the runs in which the worst of the candidates is looked for.
_PILOT = 32
#: Batches of replicates: enough for a standard error over them.
_BATCHES = 8

PAIRING = (
    "Paired runs share their random numbers. The mean distance of paired examples bounds the "
    "1-Wasserstein distance of the laws of one synthetic example from above, that of their means "
    "from below. Of the laws of all synthetic examples of a generation, the mean total variation "
    "of paired models' sets and that of mixtures over finitely many pairs bound total variation "
    "from above (by densities), the difference of an event's chances from below (two samples). "
    "The worst is the worst of the neighbours tried, chosen by other random numbers."
)


def recursive_stability(
    system: RetrainingSystem,
    *,
    generations: int,
    replicates: int,
    seed: int,
    domain: npt.ArrayLike | None = None,
    changes: Sequence[tuple[int, npt.ArrayLike]] | None = None,
    candidates: int = 32,
    typical: int = 4,
    confidence: float = 0.95,
) -> xr.Dataset:
    """How far apart neighbouring real data leave the laws of synthetic data.

    Parameters
    ----------
    system : RetrainingSystem
        With its ``real_data``; drawn from the real law with the seed unless they are given. Of
        one model.
    generations : int
    replicates : int
        Paired runs of each data set; a multiple of 8.
    seed : int
    domain : array_like, shape (2, width), optional
        The lowest and highest of each number of an example: where the changed one may move. The
        smallest box around the real data unless given.
    changes : sequence of (row, example), optional
        The neighbours to look at, instead of a search.
    candidates : int
        Neighbours among which the worst is looked for: examples moved to corners of the domain
        (categories: to any other one).
    typical : int
        Neighbours in which an example drawn at random is replaced by another real one.
    confidence : float
        Of each interval.

    Returns
    -------
    xr.Dataset
        Dims ``neighbour`` ("worst", "typical 1", ...; "given 1", ... of ``changes``) and
        ``generation``. Estimates with standard errors (``_se``), and intervals (``_low``,
        ``_high``) that hold the distances with ``confidence``: between the lower end of what
        bounds from below and the upper end of what bounds from above. The attribute ``pairing``
        says what was used for which.

    Raises
    ------
    ValueError
        When an argument is outside its range, real data lie outside the domain, or the system has
        several models.

    Notes
    -----
    Total variation is missing (NaN) where synthetic examples have no density: of a selection
    among several, of a kernel density with bandwidth 0.

    Examples
    --------
    >>> import toolkit as tk
    >>> system = tk.RetrainingSystem(family=tk.Gaussian(mean=[0.0], cov=[[1.0]], known_cov=True),
    ...                              policy=tk.Mix(), num_real=20, num_generated=20)
    >>> found = recursive_stability(system, generations=2, replicates=64, seed=1, typical=0,
    ...                             domain=[[-2.0], [2.0]])
    >>> moved = float(found.example_distance[0]) / 20  # what the mean moved by, at all times
    >>> bool(np.allclose(found.wasserstein_coupled, moved))
    True
    """
    if not isinstance(system, RetrainingSystem) or system.num_models > 1:
        raise ValueError(
            "recursive stability is of a RetrainingSystem of one model; compare trajectories of "
            "other loops by paired_distance."
        )
    generations = integer(generations, "generations", 1)
    replicates = integer(replicates, "replicates", _BATCHES)
    if replicates % _BATCHES:
        raise ValueError(f"replicates must be a multiple of {_BATCHES}, not {replicates}.")
    seed = integer(seed, "seed", 0)
    confidence = real(confidence, "confidence", 0.5, 0.9999)
    generator = np.random.default_rng(seed)
    values = real_data_of(system, domain, generator)
    system = system.replace(real_data=values, real_seed=None)
    names, chosen = _chosen(
        system,
        changes,
        domain,
        integer(candidates, "candidates", 1),
        integer(typical, "typical", 0),
        generations,
        generator,
    )
    found = _measured(system, chosen, generations, replicates, int(generator.integers(2**62)))
    dataset = _dataset(found, names, chosen, system, confidence)
    arguments = {"generations": generations, "replicates": replicates, "seed": seed}
    dataset.attrs |= {
        **datasets.provenance(system, arguments),
        "pairing": PAIRING,
        "confidence": confidence,
    }
    return dataset


def _chosen(
    system: RetrainingSystem,
    changes: Sequence[tuple[int, npt.ArrayLike]] | None,
    domain: npt.ArrayLike | None,
    candidates: int,
    typical: int,
    generations: int,
    generator: np.random.Generator,
) -> tuple[list[str], list[Change]]:
    """The neighbours, by name."""
    values = np.asarray(system.real_data)
    if changes is not None:
        given = given_changes(changes, values)
        if not given:
            raise ValueError("changes is empty; give at least one (row, example).")
        return [f"given {index}" for index in range(1, len(given) + 1)], given
    if isinstance(system.family, Categorical):
        number = system.family.law.num_categories
        box = np.array([[0.0], [number - 1.0]])
        tried = category_extremes(values, number, candidates, generator)
    else:
        box = domain_of(system, values, domain)
        tried = extremes(system.family.law, values, box, candidates, generator)
    worst = _worst(system, tried, generations, int(generator.integers(2**62)))
    some = typical_changes(system, values, box, typical, generator) if typical else []
    return ["worst", *(f"typical {index}" for index in range(1, typical + 1))], [worst, *some]


def _worst(
    system: RetrainingSystem, tried: Sequence[Change], generations: int, seed: int
) -> Change:
    """The neighbour with the largest distances in a pilot, summed over generations."""
    if len(tried) == 1:
        return tried[0]
    found = sizes(*_runs(system, tried, generations, _PILOT, seed))
    return tried[int(np.argmax(np.asarray(found)))]


def _measured(
    system: RetrainingSystem,
    chosen: Sequence[Change],
    generations: int,
    replicates: int,
    seed: int,
) -> Distances:
    """Distances of all neighbours at all generations, as NumPy arrays."""
    spec, *rest = _runs(system, chosen, generations, replicates, seed)
    found = distances(spec, _BATCHES, *rest)
    distant: Distances = jax.tree.map(np.asarray, found)
    return distant


def _runs(
    system: RetrainingSystem,
    chosen: Sequence[Change],
    generations: int,
    replicates: int,
    seed: int,
) -> tuple[Any, bool, Any, Any, jax.Array]:
    """Paired runs: how examples are generated, whether with densities, models, and keys."""
    sets = neighbours(np.asarray(system.real_data), chosen)
    pair = Pair.of(system, generations=generations, replicates=replicates, seed=seed)
    models = jax.tree.map(lambda leaf: jnp.moveaxis(leaf, 2, 0), pair.models(sets))
    literal = loop_of(system, generations=generations + 1, method="literal")
    return literal.spec, _has_densities(system), literal.params, models, pair.keys


def _has_densities(system: RetrainingSystem) -> bool:
    """Whether the law of what is generated has a density that is known."""
    if system.policy.best_of > 1:
        return False
    law, parameters = system.family.law, system.family.parameters
    try:
        jax.eval_shape(law.log_prob, parameters, jnp.zeros((1, law.width)))
    except (NotImplementedError, ValueError):
        return False
    return True


def _dataset(
    found: Distances,
    names: Sequence[str],
    chosen: Sequence[Change],
    system: RetrainingSystem,
    confidence: float,
) -> xr.Dataset:
    values, law = np.asarray(system.real_data), system.family.law
    moved = [
        law.coordinates(jnp.asarray(np.stack([values[change.row], change.example])))
        for change in chosen
    ]
    estimates: dict[str, FloatArray] = {}
    for name, each in zip(_ESTIMATES, found, strict=True):
        estimates[name] = np.mean(each, axis=2).T
        estimates[name + labels.OF_ERROR] = (
            np.std(each, axis=2, ddof=1) / np.sqrt(each.shape[2])
        ).T
    # An end from below and two from above: each may fail with a third of the chance.
    reach = float(stats.norm.isf((1 - confidence) / 3))
    for low, high, below, above in _INTERVALS:
        ends = [estimates[name] + reach * estimates[name + labels.OF_ERROR] for name in above]
        estimates[high] = np.minimum(
            np.min(ends, axis=0), 1 if below == labels.TV_HELD_OUT else np.inf
        )
        ground = estimates[below] - reach * estimates[below + labels.OF_ERROR]
        estimates[low] = np.minimum(np.maximum(ground, 0), estimates[high])
    data: dict[str, Any] = {
        name: ((labels.NEIGHBOUR, labels.GENERATION), array, labels.stability_attrs(name))
        for name, array in estimates.items()
    }
    of_change = {
        labels.EXAMPLE_DISTANCE: [float(np.linalg.norm(pair[1] - pair[0])) for pair in moved],
        labels.CHANGED_ROW: [change.row for change in chosen],
        labels.CHANGED_EXAMPLE: np.stack([change.example for change in chosen]),
    }
    for name, array in of_change.items():
        dims = labels.RECURSIVE_STABILITY[name].dims
        data[name] = (dims, np.asarray(array), labels.stability_attrs(name))
    generation = np.arange(found.coupled.shape[0])
    return xr.Dataset(data, {labels.NEIGHBOUR: list(names), labels.GENERATION: generation})


_ESTIMATES = (
    labels.WASSERSTEIN_COUPLED,
    labels.WASSERSTEIN_DUAL,
    labels.TV_COUPLED,
    labels.TV_MIXTURE,
    labels.TV_HELD_OUT,
)
#: Ends of an interval, what bounds from below, and all that bounds from above.
_INTERVALS = (
    (
        labels.WASSERSTEIN_LOW,
        labels.WASSERSTEIN_HIGH,
        labels.WASSERSTEIN_DUAL,
        (labels.WASSERSTEIN_COUPLED,),
    ),
    (
        labels.TV_LOW,
        labels.TV_HIGH,
        labels.TV_HELD_OUT,
        (labels.TV_COUPLED, labels.TV_MIXTURE),
    ),
)
