"""What an observation model is, so that ``fit`` and ``calibrate`` can use any of them.

A model says which law it gives to what was observed, as a NumPyro program. What fixes shapes and
branches is in its hashable ``spec``; every number that may vary (data, given constants, the
numbers of the priors) is in pytrees of arrays, so that one compiled program serves any data set
of the same spec. A new model is one module here and one line in :data:`toolkit.models.MODELS`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable, Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
import xarray as xr
from numpyro.distributions import constraints

from toolkit.measures import Array  # and with it JAX's 64-bit floats

#: A prior: a distribution, or a number where the parameter is known.
type Prior = dist.Distribution | Array
type Priors = Mapping[str, Prior]
type Values = Mapping[str, Array]


class Evidence(NamedTuple):
    """What a model takes from a dataset.

    Attributes
    ----------
    spec : Hashable
        Everything static: sizes, which likelihood, options. Data sets of equal spec (and equal
        shapes of ``data``) share compiled code.
    data : pytree of arrays
        All that the density depends on, sufficient statistics where there are any.
    observed : xr.Dataset
        The variables whose law is given (``observed_data`` of a fit).
    constant : xr.Dataset
        What is taken as given (``constant_data`` of a fit).
    remarks : tuple of str
        What a reader must know, a sentence each: which likelihood was chosen and why, which
        transitions were left out.
    """

    spec: Hashable
    data: Any
    observed: xr.Dataset
    constant: xr.Dataset
    remarks: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """An observation model.

    Attributes
    ----------
    name : str
    summary : str
        One line.
    parameters : tuple of str
        What can be given a prior (or a number, where it is known); names of
        ``labels.PARAMETERS``.
    prepare : callable
        ``prepare(dataset, **options) -> Evidence``. Checks the data against the model and raises
        ``ValueError`` with what was expected, what came and how to mend it. Plain NumPy.
    priors : callable
        ``priors(evidence) -> dict`` of the documented default prior of each parameter.
    program : callable
        ``program(spec, priors, data)``: the NumPyro program. Parameters are drawn with
        :func:`draw`; what is observed is an ``obs`` site, or a ``numpyro.factor`` with one term
        for each replicate and transition, dims (replicate, generation).
    replicate : callable
        ``replicate(spec, values, rng_key, data) -> dict`` of one draw of the observed variables
        given what came before each (posterior predictive), shaped as in ``Evidence.observed``
        but without its first generation unless the model gives that a law too. ``values`` are
        those of all sites of one draw. Pure and jittable.
    generate : callable
        ``generate(design, values, rng_key) -> xr.Dataset``: a whole data set from the model's own
        law, for calibration.
    design : Any
        The default design: a frozen dataclass with sizes (``replicates``, ``generations``, ...)
        and ``options``, a mapping for ``prepare``.
    options : tuple of str
        Names of the options of ``prepare``.
    derived : tuple of str
        Deterministic sites that are reported besides the parameters.
    coordinates : callable, optional
        ``coordinates(unconstrained) -> dict``: from the coordinates in which the posterior is
        explored to the sites' unconstrained ones, both by name. It must keep volumes (Jacobian
        1) and be defined everywhere; it bends ridges straight.
    ranges : mapping
        The ranges of parameters that may lie outside the support of their default priors.
    identified : callable, optional
        ``identified(evidence) -> tuple of str``: sentences on what these data cannot tell,
        whatever their values.
    """

    name: str
    summary: str
    parameters: tuple[str, ...]
    prepare: Callable[..., Evidence]
    priors: Callable[[Evidence], dict[str, Prior]]
    program: Callable[[Any, Priors, Any], None]
    replicate: Callable[[Any, Values, Array, Any], dict[str, Array]]
    generate: Callable[[Any, Values, Array], xr.Dataset]
    design: Any
    options: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()
    coordinates: Callable[[dict[str, Array]], dict[str, Array]] | None = None
    ranges: Mapping[str, constraints.Constraint] = dataclasses.field(default_factory=dict)
    identified: Callable[[Evidence], tuple[str, ...]] | None = None


def draw(name: str, prior: Prior) -> Array:
    """The parameter's site: sampled from its prior, or a known number.

    Parameters
    ----------
    name : str
    prior : Distribution or array

    Examples
    --------
    >>> import numpyro
    >>> with numpyro.handlers.seed(rng_seed=0):
    ...     known = draw("contraction_factor", 0.9)
    >>> float(known)
    0.9
    """
    if isinstance(prior, dist.Distribution):
        value: Array = numpyro.sample(name, prior)
        return value
    known: Array = numpyro.deterministic(name, jnp.asarray(prior, float))
    return known
