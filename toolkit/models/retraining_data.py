"""What ``retraining`` takes from a dataset: transitions of a state, and its options."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from toolkit import labels
from toolkit.models.protocol import Evidence
from toolkit.models.states import component_names, states, transitions

WELL_SPECIFIED = "well_specified"
COMMON, PER_COMPONENT = "common", "per_component"


class Spec(NamedTuple):
    """What fixes the program: the variable, the noise, and what its factor is taken to mean."""

    variable: str
    noise: str
    well_specified: bool

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
    last : Array, shape (component,)
        Mean over replicates of the last state of each.
    """

    before: Any
    after: Any
    gap: Any
    seen: Any
    last: Any


def prepare(
    dataset: xr.Dataset,
    *,
    variable: str | None = None,
    reference: npt.ArrayLike | None = None,
    relation: str | None = WELL_SPECIFIED,
    noise: str | None = None,
) -> Evidence:
    """Check the states of a dataset and pair them into transitions.

    Parameters
    ----------
    dataset : xr.Dataset
    variable : str, optional
        ``image_mean``, else ``score``, else ``text_probs`` unless told otherwise; all its entries
        of one generation are the components of the state.
    reference : array_like, optional
        The fixed point, where it is known (what the real data have): shaped like one state.
    relation : str, optional
        ``"well_specified"``: the contraction factor is the synthetic share; None: it need not be.
    noise : str, optional
        ``"common"`` or ``"per_component"``: whether components have one noise sd. Per component
        unless told otherwise, if there are several.

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
    array, remarks = states(dataset, variable)
    pairs = transitions(array)
    components = array.sizes[labels.COMPONENT]
    chosen = noise or (COMMON if components == 1 else PER_COMPONENT)
    spec = Spec(str(array.name), chosen, relation == WELL_SPECIFIED)
    aligned = (pairs.seen == pairs.seen[:1]).all() and (pairs.gap == pairs.gap[:1]).all()
    rows = slice(0, 1) if aligned else slice(None)
    return Evidence(
        spec=spec,
        data=Data(
            before=pairs.before,
            after=pairs.after,
            gap=pairs.gap[rows],
            seen=pairs.seen[rows],
            last=pairs.last,
        ),
        observed=array.to_dataset(name=spec.variable),
        constant=_reference(array, reference, dataset),
        remarks=(*remarks, *_remarks(spec, components)),
    )


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


def _remarks(spec: Spec, components: int) -> tuple[str, ...]:
    noiseless = (
        f"{spec.variable} is taken as seen without measurement noise; noise would make the "
        "contraction look faster than it is (diversity_decay separates the two)."
    )
    found = [noiseless]
    if spec.well_specified:
        found.append(
            "real_share = 1 - contraction_factor supposes a well-specified model trained on a "
            "fixed mix of real and synthetic data (R3'); otherwise say relation=None."
        )
    if spec.noise == COMMON and components > 1:
        found.append("all components are given one noise_sd; they should be on one scale.")
    return tuple(found)
