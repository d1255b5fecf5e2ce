"""What ``retraining`` takes from a dataset: transitions of a state, and its options."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import xarray as xr
from jax.scipy.special import polygamma

from toolkit import labels
from toolkit.models.protocol import Evidence
from toolkit.models.states import component_names, states, transitions

WELL_SPECIFIED = "well_specified"
#: Data policies: some real data in each training set, none, or all that there ever was.
PULL, REPLACE, ACCUMULATE = POLICIES = ("pull", "replace", "accumulate")
#: Whether replicates have one fixed point, or each its first state: the fit to its own real data.
ONE, START = FIXED_POINTS = ("common", "start")
COMMON, PER_COMPONENT = "common", "per_component"


class Spec(NamedTuple):
    """What fixes the program: the variable, the noise, and what its factor is taken to mean."""

    variable: str
    noise: str
    well_specified: bool
    policy: str = PULL
    fixed_points: str = ONE

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of what is drawn."""
        sd = labels.NOISE_SD if self.noise == COMMON else labels.COMPONENT_NOISE_SD
        return (labels.CONTRACTION_FACTOR, labels.FIXED_POINT_VALUE, sd)


class Data(NamedTuple):
    """Arrays of the density.

    Attributes
    ----------
    before, after : Array, shape (replicate, generation - 1, component)
    gap, seen : Array, shape (replicate, generation - 1) or (1, generation - 1)
    spread : Array, shape of ``gap``
        Under ``accumulate``: variance of the noise over the gap, over ``noise_sd`` squared.
    first : Array, shape (replicate, 1, component)
        First state of each replicate, where that is its fixed point; else one zero for each.
    last : Array, shape (component,)
        Mean over replicates of the last state of each.
    """

    before: Any
    after: Any
    gap: Any
    seen: Any
    spread: Any
    first: Any
    last: Any


def prepare(
    dataset: xr.Dataset,
    *,
    variable: str | None = None,
    reference: npt.ArrayLike | None = None,
    relation: str | None = WELL_SPECIFIED,
    noise: str | None = None,
    policy: str = PULL,
    fixed_points: str = ONE,
) -> Evidence:
    """Check the states of a dataset and pair them into transitions.

    Parameters
    ----------
    dataset : xr.Dataset
    variable : str, optional
        ``model_location``, else ``image_mean``, ``score`` or ``text_probs`` unless told otherwise;
        all its entries of one generation are the components of the state.
    reference : array_like, optional
        The fixed point, where it is known (what the real data have): shaped like one state.
    relation : str, optional
        ``"well_specified"``: the contraction factor is the synthetic share; None: it need not be.
    noise : str, optional
        ``"common"`` or ``"per_component"``: whether components have one noise sd. Per component
        unless told otherwise, if there are several.
    policy : str, optional
        ``"pull"``: training sets hold a fixed share of real data (mixed in, or fresh);
        ``"replace"``: none, ``contraction_factor`` is 1; ``"accumulate"``: all generations.
    fixed_points : str, optional
        ``"common"``: all replicates have one fixed point (common real data, or fresh ones);
        ``"start"``: each its own, its state at generation 0, the fit to real data of its own.

    Raises
    ------
    ValueError
        When there is no such variable, no transition or no variation, or an option is wrong.

    Examples
    --------
    >>> import xarray as xr
    >>> data = xr.Dataset({"score": (("replicate", "generation"), [[0.9, 0.8, 0.6]])},
    ...                   coords={"generation": [0, 1, 5]})
    >>> prepare(data).data.gap.tolist()
    [[1.0, 4.0]]
    """
    if relation not in (WELL_SPECIFIED, None):
        raise ValueError(f"relation must be {WELL_SPECIFIED!r} or None, not {relation!r}.")
    if noise not in (COMMON, PER_COMPONENT, None):
        raise ValueError(f"noise must be {COMMON!r} or {PER_COMPONENT!r}, not {noise!r}.")
    if policy not in POLICIES:
        raise ValueError(f"policy must be one of {', '.join(POLICIES)}, not {policy!r}.")
    if fixed_points not in FIXED_POINTS:
        raise ValueError(
            f"fixed_points must be one of {', '.join(FIXED_POINTS)}, not {fixed_points!r}."
        )
    if fixed_points == START and (policy != PULL or reference is not None):
        raise ValueError('fixed_points="start" goes with the policy "pull", and no reference.')
    array, remarks = states(dataset, variable)
    pairs = transitions(array)
    components = array.sizes[labels.COMPONENT]
    chosen = noise or (COMMON if components == 1 else PER_COMPONENT)
    spec = Spec(str(array.name), chosen, relation == WELL_SPECIFIED, policy, fixed_points)
    first = _first_states(array) if fixed_points == START else np.zeros((1, 1, components))
    begun = np.asarray(array[labels.GENERATION].values, float)[None, 1:] - pairs.gap
    if policy == ACCUMULATE and begun.min() < 0:
        raise ValueError(
            'policy "accumulate" counts batches from generation 0, the fit to real data; the data '
            f"have generation {begun.min():g}."
        )
    aligned = (pairs.seen == pairs.seen[:1]).all() and (pairs.gap == pairs.gap[:1]).all()
    rows = slice(0, 1) if aligned else slice(None)
    return Evidence(
        spec=spec,
        data=Data(
            before=pairs.before,
            after=pairs.after,
            gap=pairs.gap[rows],
            seen=pairs.seen[rows],
            spread=np.asarray(accumulated_spread(begun, pairs.gap))[rows],
            first=first,
            last=pairs.last,
        ),
        observed=array.to_dataset(name=spec.variable),
        constant=_reference(array, reference, dataset),
        remarks=(*remarks, *_remarks(spec, components, len(array))),
    )


def _first_states(array: xr.DataArray) -> npt.NDArray[np.float64]:
    """The states at generation 0, shape (replicate, 1, component)."""
    first = np.asarray(array.values, float)[:, :1]
    if float(array[labels.GENERATION][0]) != 0 or np.isnan(first).any():
        raise ValueError(
            'fixed_points="start" takes the states at generation 0 for fixed points; the data lack '
            "some of them."
        )
    return first


def accumulated_spread(begun: Any, gap: Any) -> Any:
    """``sum 1/(k + 2)^2`` over the generations k from ``begun`` on, ``gap`` of them.

    The mean of a pool of k + 1 batches moves by ``1/(k + 2)`` of the next batch's distance.

    Examples
    --------
    >>> round(float(accumulated_spread(0.0, 2.0)), 12) == round(1 / 4 + 1 / 9, 12)
    True
    """
    first = jnp.asarray(begun, float) + 2
    return polygamma(1, first) - polygamma(1, first + gap)


def _reference(
    array: xr.DataArray, reference: npt.ArrayLike | None, dataset: xr.Dataset
) -> xr.Dataset:
    """The known fixed point, for those components that are kept."""
    if reference is None:
        return xr.Dataset()
    given = np.asarray(reference, float)
    whole = dataset[array.name]
    shape = whole.shape[2:]
    if given.shape != shape or not np.isfinite(given).all():
        raise ValueError(
            f"reference has shape {given.shape}; expected {shape}, finite numbers like one state "
            f"of {array.name}."
        )
    names = [str(name) for name in array[labels.COMPONENT].values]
    every = component_names(whole)
    kept = [every.index(name) for name in names]
    values = given.ravel()[kept]
    return xr.Dataset(
        {labels.FIXED_POINT_VALUE: (labels.COMPONENT, values)}, coords={labels.COMPONENT: names}
    )


def _remarks(spec: Spec, components: int, replicates: int) -> tuple[str, ...]:
    noiseless = (
        f"{spec.variable} is taken as seen without measurement noise; noise would make the "
        "contraction look faster than it is (diversity_decay separates the two)."
    )
    found = [noiseless]
    if spec.well_specified and spec.policy == PULL:
        found.append(
            "real_share = 1 - contraction_factor supposes a well-specified model trained on a "
            "fixed mix of real and synthetic data (R3'); otherwise say relation=None."
        )
    if spec.policy == PULL and spec.fixed_points == ONE and replicates > 1:
        found.append(
            "all replicates are taken to have one fixed point; where each has real data of its "
            'own, mixed in again and again, say fixed_points="start".'
        )
    if spec.policy == ACCUMULATE:
        found.append(
            "noise_sd is that of a training set of one batch; batches are taken for equal, the "
            "real data (generation 0) for one of them."
        )
    if spec.noise == COMMON and components > 1:
        found.append("all components are given one noise_sd; they should be on one scale.")
    return tuple(found)
