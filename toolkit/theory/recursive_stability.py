"""Recursive stability in closed form (theory, section 5, F2), where it is known.

Only linear fits leave Gaussian laws: of a Gaussian whose covariance is known, and of least squares
on an orthogonal design with known noise. Then the laws of all that generation t generates differ
by a shift alone, and their total variation is exact. Where a Gaussian's variance is fitted too, the
Wasserstein distance is known under replacement in one dimension.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from toolkit import labels
from toolkit.systems import Gaussian, LinearRegression, Mix, Replace, RetrainingSystem
from toolkit.theory.numbers import number

FloatArray = npt.NDArray[np.float64]


def predicted_stability(
    system: RetrainingSystem,
    *,
    generations: int,
    before: npt.ArrayLike,
    after: npt.ArrayLike,
    real_data: npt.ArrayLike | None = None,
) -> xr.Dataset:
    """Distances of the laws of synthetic data when one real example changes.

    Parameters
    ----------
    system : RetrainingSystem
        A Gaussian, or a linear regression on an orthogonal design, under ``Mix`` or ``Replace``.
    generations : int
    before, after : array_like, shape (width,)
        The example and what it is changed to; in a regression only its label may change.
    real_data : array_like, shape (num_real, width), optional
        For a fitted variance, which depends on the others; those of the system unless given.

    Returns
    -------
    xr.Dataset
        Over ``generation`` from 0: ``total_variation`` of the laws of all that a generation
        generates, and ``wasserstein`` of one example of it (order 1; order 2 where the variance
        is fitted); what is not known is missing, with the reason in the attribute ``omitted``.

    Raises
    ------
    ValueError
        When nothing is known of the system, with the reason.

    Examples
    --------
    >>> import toolkit as tk
    >>> system = tk.RetrainingSystem(family=tk.Gaussian(mean=[0.0], cov=[[1.0]], known_cov=True),
    ...                              policy=tk.Replace(), num_real=50, num_generated=50)
    >>> found = predicted_stability(system, generations=2, before=[-2.0], after=[2.0])
    >>> found.total_variation.values.round(4).tolist(), found.wasserstein.values.tolist()
    ([0.2227, 0.1585, 0.1297], [0.08, 0.08, 0.08])
    """
    reason = _why_not(system)
    if reason is not None:
        raise ValueError(f"no closed form is known: {reason}")
    old, new = (np.atleast_1d(np.asarray(one, float)) for one in (before, after))
    generation = np.arange(generations + 1)
    family = system.family
    omitted = ""
    if isinstance(family, Gaussian) and not family.known_cov:
        found = {labels.WASSERSTEIN: _fitted(system, old, new, real_data, generation)}
        omitted = "total variation: the variance is fitted, and the laws are no Gaussians."
    elif isinstance(family, Gaussian):
        unlike = np.linalg.solve(np.linalg.cholesky(family.cov), new - old)
        distance = float(np.linalg.norm(unlike))
        found = {
            labels.TOTAL_VARIATION: _shifted(
                system, "gaussian", generation, example_distance=distance, known_variance=1.0
            ),
            labels.WASSERSTEIN: number(
                "wasserstein_stability_gaussian",
                num_real=system.num_real,
                example_distance=float(np.linalg.norm(new - old)),
            ),
        }
    else:
        assert isinstance(family, LinearRegression)
        if not np.allclose(old[:-1], new[:-1]):
            raise ValueError("in a regression only the label may change; give the same inputs.")
        found = {
            labels.TOTAL_VARIATION: _shifted(
                system,
                "regression",
                generation,
                example_distance=float(abs(new[-1] - old[-1])),
                input_norm=float(np.linalg.norm(old[:-1])),
                known_variance=family.noise_sd**2,
            )
        }
        omitted = "Wasserstein: the shift of a label depends on its input."
    data = {
        name: (
            labels.GENERATION,
            np.broadcast_to(values, generation.shape),
            labels.stability_attrs(name),
        )
        for name, values in found.items()
    }
    attrs = {labels.SYSTEM: system.to_json(), "omitted": omitted}
    return xr.Dataset(data, {labels.GENERATION: generation}, attrs)


def _why_not(system: RetrainingSystem) -> str | None:
    """Why there is no closed form, if there is none."""
    family = system.family
    if not isinstance(family, (Gaussian, LinearRegression)):
        return f"family {family.name!r} (only gaussian and linear_regression have one)."
    if isinstance(family, LinearRegression) and family.inputs != "orthogonal":
        return "inputs of a regression must be orthogonal."
    if not isinstance(system.policy, (Mix, Replace)) or system.growth or system.num_models > 1:
        return "the policy must be mix or replace, of one model, with growth = 0."
    if system.temperature != 1 or not system.first_fit:
        return "temperature must be 1 and first_fit true."
    if isinstance(family, LinearRegression) or family.known_cov:
        return None
    if family.mean.size > 1 or family.ddof != 1 or isinstance(system.policy, Mix):
        return (
            "a fitted covariance is only followed in one dimension, with ddof = 1 and policy "
            "replace; give known_cov = true."
        )
    return None


def _shifted(
    system: RetrainingSystem, of: str, generation: npt.NDArray[np.int_], **values: float
) -> FloatArray:
    """Total variation where the laws differ by a shift."""
    sizes = {"num_real": system.num_real, "num_generated": system.num_generated}
    given: dict[str, Any] = {**sizes, "generations": generation, **values}
    if isinstance(system.policy, Replace):
        # Weights on an orthogonal design move as a mean does, by the input's length per label.
        length = given.pop("input_norm", 1.0)
        given["example_distance"] *= length
        return np.asarray(number("recursive_stability_without_real", **given))
    return np.asarray(number(f"recursive_stability_{of}", real_share=system.real_share, **given))


def _fitted(
    system: RetrainingSystem,
    old: FloatArray,
    new: FloatArray,
    real_data: npt.ArrayLike | None,
    generation: npt.NDArray[np.int_],
) -> FloatArray:
    """Wasserstein distance of order 2 where mean and variance are fitted."""
    data = system.real_data if real_data is None else np.asarray(real_data, float)
    if data is None:
        raise ValueError("where the variance is fitted it depends on the others: give real_data.")
    row = np.flatnonzero(np.all(data == old, axis=1))
    if not row.size:
        raise ValueError(f"{old.tolist()} is no example of real_data.")
    changed = data.copy()
    changed[row[0]] = new
    shifts = [float(np.diff([of(data), of(changed)])[0]) for of in (np.mean, _sd)]
    squared = number(
        "wasserstein_stability_fitted",
        mean_shift=shifts[0],
        sd_shift=shifts[1],
        num_generated=system.num_generated,
        generations=generation,
    )
    return np.sqrt(squared)


def _sd(values: FloatArray) -> float:
    return float(np.std(values, ddof=1))
