"""Simulation by the NumPyro program: a second program of the same law as ``simulate``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from numpyro.infer import Predictive

from toolkit import datasets, labels, measures
from toolkit.models import coevolution
from toolkit.models import coevolution_parts as parts
from toolkit.models import coevolution_program as program
from toolkit.systems import CoevolvingSystem
from toolkit.systems.validation import integer

Array = parts.Array

#: Attribute that says which program drew a dataset; simulate's own datasets have none.
PROGRAM = "program"
_ARGUMENTS = "program_arguments"

#: Numbers that the replicates of a block may draw in one generation, and in all of them.
_BLOCK_NUMBERS = 2**21
_GROWING = (labels.TEXT_ACTIVE, labels.TEXT_INJECTED, labels.CAPACITY_REACHED)


def simulate_numpyro(
    system: CoevolvingSystem,
    *,
    generations: int,
    replicates: int,
    seed: int,
    method: parts.Method = "exact",
    record: Sequence[str] | None = None,
) -> xr.Dataset:
    """Simulate a co-evolving system by drawing from its NumPyro program.

    The program (:mod:`toolkit.models.coevolution_program`) is written from the definition of
    the process and shares nothing with the kernels of :func:`toolkit.simulate`, which is faster
    and follows a collapse further: covariances are plain matrices here, good down to standard
    deviations of about 1e-7 of the distances between means.

    Parameters
    ----------
    system : CoevolvingSystem
    generations : int
    replicates : int
        Independent runs.
    seed : int
    method : {"exact", "literal"}
        ``"literal"`` has a site for every caption and image; ``"exact"`` (same law) for
        sufficient statistics where their law is known.
    record : sequence of str, optional
        Names of variables; by default those of :func:`toolkit.simulate`.

    Returns
    -------
    xr.Dataset
        As of :func:`toolkit.simulate`. The attribute ``program`` says which program drew it;
        ``simulate_again`` refuses it, since that would draw other numbers.

    Raises
    ------
    TypeError
        When the system is of another kind.
    ValueError
        When an argument is outside its range or a variable unknown.

    Examples
    --------
    >>> import toolkit as tk
    >>> system = tk.CoevolvingSystem.on_unit_circle(num_texts=3, variance=1.0, batch_size=50)
    >>> drawn = tk.simulate_numpyro(system, generations=5, replicates=4, seed=1)
    >>> dict(drawn.text_diversity.sizes), drawn.attrs["program"]
    ({'replicate': 4, 'generation': 6}, 'numpyro')
    """
    if not isinstance(system, CoevolvingSystem):
        raise TypeError(
            f"simulate_numpyro has a program of a CoevolvingSystem, not of "
            f"{type(system).__name__}; use simulate."
        )
    generations = integer(generations, "generations", 1)
    replicates = integer(replicates, "replicates", 1)
    seed = integer(seed, "seed", 0)
    if seed >= 2**63:
        raise ValueError(f"seed must be below 2**63, not {seed}.")
    form = parts.form_of(system, generations, method)
    names = _names(form, record)
    width = _width(form, generations)
    draw = _drawn(form, generations, width)
    numbers, initial = parts.numbers_of(system, form), parts.initial_of(system, form)
    keys = jax.random.split(jax.random.key(seed), -(-replicates // width))
    blocks = [_with_start(form, initial, draw(key, numbers, initial)) for key in keys]
    sites = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
    sites = {name: values[:replicates] for name, values in sites.items()}
    arguments = {
        "generations": generations,
        "replicates": replicates,
        "seed": seed,
        "method": method,
        "record": list(names),
    }
    attrs = datasets.provenance(system, arguments)
    # Under simulate's own name for them, simulate_again would claim to draw these numbers again.
    attrs[_ARGUMENTS] = attrs.pop(datasets.ARGUMENTS)
    attrs[PROGRAM] = "numpyro"
    variables = {name: _measured(name, sites, system.batch_size) for name in names}
    return datasets.trajectory(variables, np.arange(generations + 1), attrs)


def _names(form: parts.Form, record: Sequence[str] | None) -> tuple[str, ...]:
    """Which variables are recorded."""
    if record is None:
        return labels.DEFAULT_RECORD + (_GROWING if form.reading == "new_text" else ())
    if isinstance(record, str) or not record:
        raise ValueError(f"record must be a sequence of names of variables, not {record!r}.")
    for name in record:
        if name not in labels.VARIABLES or name in {*labels.OF_METHOD, *labels.OF_MODELS}:
            labels.variable(name)
            raise ValueError(f"{name} cannot be recorded from this program.")
    return tuple(dict.fromkeys(record))


def _width(form: parts.Form, generations: int) -> int:
    """Replicates of one block, fixed by the system and the length alone."""
    images = max(form.batch_size, form.real_images) * form.num_texts * form.num_features
    recorded = generations * form.num_texts * form.num_features**2
    return int(np.clip(_BLOCK_NUMBERS // max(images, recorded), 1, 1024))


@lru_cache(maxsize=8)
def _drawn(
    form: parts.Form, generations: int, width: int
) -> Callable[[Array, parts.Numbers, parts.State], dict[str, Array]]:
    """One compiled function that draws a block of replicates."""

    @jax.jit
    def draw(rng_key: Array, numbers: parts.Numbers, initial: parts.State) -> dict[str, Array]:
        # Sites that are not returned are not computed again, nor kept.
        predictive = Predictive(
            coevolution.program, num_samples=width, parallel=True, return_sites=program.RECORDED
        )
        what = coevolution.Unobserved(form, generations)
        start = coevolution.Start(numbers, initial)
        block: dict[str, Array] = predictive(rng_key, what, numbers._asdict(), start)
        return block

    return draw


def _with_start(
    form: parts.Form, initial: parts.State, block: Mapping[str, Array]
) -> dict[str, np.ndarray]:
    """The block with generation 0 before the others."""
    start = program.recorded(initial, program.no_events(form))

    def joined(name: str) -> np.ndarray:
        later = np.asarray(block[name])
        first = np.broadcast_to(start[name], (len(later), 1, *later.shape[2:]))
        return np.concatenate([first, later], axis=1)

    return {name: joined(name) for name in program.RECORDED}


def _measured(name: str, sites: Mapping[str, np.ndarray], batch_size: int) -> np.ndarray:
    """A variable from the states and events, 0 or False in slots that hold no text."""
    if name in sites:
        return sites[name]
    active = sites[labels.TEXT_ACTIVE]
    probs, mean, reference_mean = (
        jnp.asarray(sites[of])
        for of in (labels.TEXT_PROBS, labels.IMAGE_MEAN, program.REFERENCE_MEAN)
    )
    cov, reference_cov = (
        jnp.where(active[..., None, None], sites[of], jnp.eye(mean.shape[-1]))
        for of in (labels.IMAGE_COV, program.REFERENCE_COV)
    )
    fidelity = partial(measures.image_fidelity, mean, reference_mean)
    compute: dict[str, Callable[[], Any]] = {
        labels.TEXT_DIVERSITY: lambda: measures.text_diversity(probs),
        labels.TEXT_ENTROPY: lambda: measures.text_entropy(probs),
        labels.TEXT_EFFECTIVE_NUMBER: lambda: measures.text_effective_number(probs),
        labels.TEXT_EXTINCT: lambda: probs < 1 / (2 * batch_size),
        labels.IMAGE_DIVERSITY: lambda: measures.image_diversity(cov),
        labels.IMAGE_TOTAL_SD: lambda: jnp.sqrt(jnp.trace(cov, axis1=-2, axis2=-1)),
        labels.IMAGE_TOTAL_VARIANCE: lambda: jnp.trace(cov, axis1=-2, axis2=-1),
        labels.IMAGE_VOLUME_SCALE: lambda: measures.image_volume_scale(measures.factorise(cov)),
        labels.IMAGE_DIRECTIONAL_SD: lambda: jnp.sqrt(cov[..., 0, 0]),
        labels.IMAGE_FIDELITY: fidelity,
        labels.IMAGE_FIDELITY_SQUARED: lambda: jnp.square(fidelity()),
        labels.IMAGE_WASSERSTEIN: lambda: measures.image_wasserstein(
            mean, cov, reference_mean, reference_cov
        ),
    }
    value = np.asarray(compute[name]())
    return (
        np.where(active, value, np.zeros_like(value))
        if labels.TEXT in labels.variable(name).dims
        else value
    )
