"""Everything that a report says, computed once: one fit, its causes, checks, forecast and dose.

What is not asked for follows from the fit:

- *variable*: the fit's own (``own_variable``), but the distance left to the fixed point for a
  ``retraining`` of several components, which have no level in common.
- *horizon*: as many generations as were observed.
- *below*: half of the present level, the mean over replicates (and texts); none where that is not
  positive, or the variable is a distance, which is lost by growing.
- *target* of the dose: the level *below*, so that both answer one question. It is to be kept at
  the horizon with probability 0.9: by the share that is injected in *every* generation
  (``injection_prob`` 1: what was done so far may say nothing of what can be done), or for images
  by the number of real images that each text is given in an update.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import xarray as xr

from toolkit import labels
from toolkit.criticism import check_fit
from toolkit.forecast import dose, forecast, forecast_variables, override_names, own_variable
from toolkit.forecast.dosing import DISTANCES
from toolkit.forecast.summary import summary
from toolkit.inference import fit as fit_model
from toolkit.models import MODELS
from toolkit.report.source import Source, read_source
from toolkit.systems.validation import integer

PROBABILITY = 0.9
_WITHOUT_DOSE = ("diversity_decay", "retraining")
_NO_DOSE = (
    "Of this model no dose can be told: a score alone does not say what fresh data would do to it. "
    "Fit text_drift to text probabilities, image_contraction to image means and covariances, or "
    "coevolution to both."
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """What was asked for; what is None follows from the fit.

    Attributes
    ----------
    source : Any
        A path, a fit, or a trajectory.
    model : str, optional
        Needed for a trajectory.
    seed : int, optional
        Of the fit of a trajectory (1), of the forecast and the dose (that of the fit).
    variable : str, optional
    below, target : float, optional
    horizon : int, optional
    score : str, optional
    settings : dict
        Priors, known numbers and options of the fit.
    """

    source: Any
    model: str | None = None
    seed: int | None = None
    variable: str | None = None
    below: float | None = None
    target: float | None = None
    horizon: int | None = None
    score: str | None = None
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("below", "target"):
            value = getattr(self, name)
            if value is not None and not np.isfinite(value):
                raise ValueError(f"{name} must be a finite number, not {value!r}.")
        if self.horizon is not None:
            integer(self.horizon, "horizon", 1)
        if self.seed is not None:
            integer(self.seed, "seed", 0)
        if self.model is not None and self.model not in MODELS:
            raise ValueError(
                f"no model is called {self.model!r}; choose from: {', '.join(MODELS)}."
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Findings:
    """What a report says, as numbers.

    Attributes
    ----------
    request : Request
    source : Source
    fit : xr.DataTree
    variable : str
    horizon : int
    summary, ahead : xr.Dataset
        Of ``summary`` and ``forecast``.
    check, dose : xr.Dataset or str
        Of ``check_fit`` and ``dose``; or why there is none.
    """

    request: Request
    source: Source
    fit: xr.DataTree
    variable: str
    horizon: int
    summary: xr.Dataset
    check: xr.Dataset | str
    ahead: xr.Dataset
    dose: xr.Dataset | str

    @property
    def model(self) -> str:
        """The fitted model's name."""
        return str(self.fit.attrs["model"])

    @property
    def level(self) -> float | None:
        """The level of the forecast, if there is one."""
        return self.ahead.attrs.get("below")

    @property
    def converged(self) -> bool:
        """Whether the chains came to agree."""
        return str(self.fit.attrs.get("converged", "true")) == "true"


def gather(request: Request) -> Findings:
    """Read, fit where there is no fit yet, and ask it everything.

    Parameters
    ----------
    request : Request

    Raises
    ------
    ValueError, TypeError, FileNotFoundError
        When there is nothing to report on, or something asked for does not suit it.
    """
    source = read_source(request.source, score=request.score)
    _check(request, source)
    fit = source.fit
    if fit is None:
        assert request.model is not None
        assert source.trajectory is not None
        seed = 1 if request.seed is None else request.seed
        fit = fit_model(source.trajectory, request.model, seed=seed, **request.settings)
    model = str(fit.attrs["model"])
    variable = request.variable or _variable(fit, model)
    horizon = request.horizon or _observed_span(fit)
    below = request.below
    if below is None:
        below = _half_of_present(fit, variable, request.seed)
    ahead = forecast(fit, generations=horizon, variable=variable, below=below, seed=request.seed)
    return Findings(
        request=request,
        source=source,
        fit=fit,
        variable=variable,
        horizon=horizon,
        summary=_summary(fit, variable, request.seed),
        check=_checked(fit),
        ahead=ahead,
        dose=_dose(request, fit, model, variable, horizon, below),
    )


def _check(request: Request, source: Source) -> None:
    """What can be wrong before anything is computed."""
    if source.fit is not None:
        model = source.fit.attrs.get("model")
        if request.model is not None and request.model != model:
            raise ValueError(f"this is a fit of {model}, not of {request.model}; leave model out.")
        if request.settings:
            raise ValueError(
                f"this is a fit already: {next(iter(request.settings))} cannot be set any more; "
                "give the trajectory, or fit it anew."
            )
        known = forecast_variables(source.fit)
        if request.variable is not None and request.variable not in known:
            raise ValueError(
                f"a fit of {model} says nothing of {request.variable!r}; choose variable from: "
                f"{', '.join(known)}."
            )
    elif request.model is None:
        raise ValueError(
            "this is a trajectory, no fit: say which model to fit to it (model=, --model), one "
            f"of {', '.join(MODELS)}."
        )
    model = request.model if source.fit is None else source.fit.attrs.get("model")
    if request.target is not None and model in _WITHOUT_DOSE:
        raise ValueError(f"target is that of a dose, and {model} knows none; leave it out.")


def _variable(fit: xr.DataTree, model: str) -> str:
    components = fit["observed_data"].sizes.get(labels.COMPONENT, 1)
    if model == "retraining" and components > 1:
        return labels.FIXED_POINT_DISTANCE
    return own_variable(fit)


def _observed_span(fit: xr.DataTree) -> int:
    seen = fit["observed_data"].to_dataset()
    if labels.GENERATION not in seen.coords:
        return max(seen.sizes[labels.GENERATION] - 1, 1)
    generation = seen[labels.GENERATION].values
    return max(int(generation[-1] - generation[0]), 1)


def _half_of_present(fit: xr.DataTree, variable: str, seed: int | None) -> float | None:
    """Half of where the forecast starts, to two digits, so that it can be spoken of."""
    if variable in DISTANCES:
        return None
    short = forecast(fit, generations=1, variable=variable, seed=seed)
    half = float(short[labels.CURRENT].mean()) / 2
    return float(f"{half:.2g}") if half > 0 else None


def _summary(fit: xr.DataTree, variable: str, seed: int | None) -> xr.Dataset:
    """Of the variable where it is a diversity, else of the fit's own."""
    of_diversity = variable in (labels.TEXT_DIVERSITY, labels.IMAGE_DIVERSITY)
    return summary(fit, variable=variable if of_diversity else None, seed=seed)


def _checked(fit: xr.DataTree) -> xr.Dataset | str:
    try:
        return check_fit(fit)
    except (ValueError, TypeError) as error:
        return str(error)


def _dose(
    request: Request,
    fit: xr.DataTree,
    model: str,
    variable: str,
    horizon: int,
    below: float | None,
) -> xr.Dataset | str:
    if model in _WITHOUT_DOSE:
        return _NO_DOSE
    target = below if request.target is None else request.target
    if target is None:
        return f"No target is set for {variable}, so that no dose was sought; give one (--target)."
    of_images = variable in labels.VARIABLES and variable.startswith("image")
    vary = labels.NUM_USER_IMAGES if of_images else labels.INJECTION_FRACTION
    given = {} if of_images else {labels.INJECTION_PROB: 1.0}
    if vary not in override_names(fit):
        return f"A fit of {model} knows no {vary}."
    if variable == labels.TEXT_PROBS:
        return "A dose keeps a diversity or a distance, not text_probs."
    return dose(
        fit,
        target=target,
        horizon=horizon,
        variable=variable,
        probability=PROBABILITY,
        vary=vary,
        given=given,
        seed=request.seed,
    )
