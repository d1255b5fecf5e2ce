"""What is known in advance of the diversity of a Gaussian retrained on its own samples (R1).

A fit to n samples multiplies the covariance by a Wishart factor, as an update of a text's images
does: the theorems of the image model hold with n samples for n images, and with the temperature
for the shrinkage factor. In one dimension they are exact.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from symbolic import Kind
from toolkit import labels
from toolkit.systems import Gaussian, Replace, RetrainingSystem
from toolkit.theory.numbers import number
from toolkit.theory.results import GIVEN_DATA, LOG, Collector

FloatArray = npt.NDArray[np.float64]

MEAN, LOG_MEAN = "retraining_diversity_mean", "retraining_diversity_log_mean"
UPPER, LOWER = "retraining_diversity_upper_bound", "retraining_diversity_lower_bound"
LOG_LOWER, TYPICAL = "retraining_diversity_log_lower_bound", "retraining_diversity_typical"


class Logs(NamedTuple):
    """Logarithms of what the fits up to each generation multiply a standard deviation by.

    Attributes
    ----------
    mean : ndarray, shape (generations + 1,)
        Of its mean: ``log c`` summed over the fits.
    typical : ndarray, shape (generations + 1,)
        Mean of its logarithm: the largest Lyapunov exponent summed over the fits.
    """

    mean: FloatArray
    typical: FloatArray


def diversities(system: RetrainingSystem, generations: int, found: Collector) -> None:
    """Collect the results about ``model_diversity``, ``tr cov^(1/2)``.

    Examples
    --------
    >>> system = RetrainingSystem(family=Gaussian(mean=[0.0], cov=[[4.0]]), policy=Replace(),
    ...                           num_real=10, num_generated=10, first_fit=False)
    >>> found = Collector()
    >>> diversities(system, 1, found)
    >>> found.results[0].values.round(6).tolist()  # 2 c(9)
    [2.0, 1.945319]
    """
    family = system.family
    reason = _why_not(system)
    if reason is not None:
        found.omit((MEAN, LOG_MEAN, UPPER, LOWER, LOG_LOWER, TYPICAL), reason)
        return
    assert isinstance(family, Gaussian)
    start = system.truth if system.first_fit else family
    assert isinstance(start, Gaussian)
    deviations = np.sqrt(np.linalg.eigvalsh(start.cov))
    logs = _logs(system, family.ddof, generations)
    if len(deviations) == 1:
        _one_dimension(deviations[0], logs, found)
    else:
        _several(system, deviations, logs, found)


def _why_not(system: RetrainingSystem) -> str | None:
    """Why the theorems do not hold, if they do not."""
    if not isinstance(system.family, Gaussian):
        return f"family {system.family.name!r}: the theorems are of Gaussians."
    if system.family.known_cov:
        return "the covariance is known, and no fit changes it."
    if not isinstance(system.policy, Replace):
        return f"policy {system.policy.name!r}: the theorems are of generated data alone."
    if system.num_models > 1:
        return "several models train on one another: a covariance is not one Wishart factor's."
    if system.first_fit and not isinstance(system.truth, Gaussian):
        return f"the first fit is to data of the family {system.truth.name!r}; no Wishart law."
    if system.first_fit and (system.real_seed is not None or system.real_data is not None):
        return GIVEN_DATA
    return None


def _logs(system: RetrainingSystem, ddof: int, generations: int) -> Logs:
    """The first fit, unless there is none, then one fit per generation."""
    sizes = [system.generated_in(generation) for generation in range(generations)]
    later = {"image_count": np.array(sizes), "shrinkage_factor": system.temperature}
    first = {"image_count": system.num_real, "shrinkage_factor": 1}

    def sums(name: str, **same: int) -> FloatArray:
        before = number(name, ddof=ddof, **first, **same) if system.first_fit else 0.0
        after = number(name, ddof=ddof, **later, **same) if generations else []
        return np.cumsum(np.append(before, after))

    return Logs(sums("image_exact_rate"), sums("image_lyapunov", exponent_index=1))


def _one_dimension(deviation: float, logs: Logs, found: Collector) -> None:
    """Diversity is the standard deviation itself."""
    variable = labels.MODEL_DIVERSITY
    mean = deviation * np.exp(logs.mean)
    found.add(MEAN, variable, mean, rests_on="directional_diversity_mean")
    typical = np.log(deviation) + logs.typical
    found.add(LOG_MEAN, variable, typical, rests_on="directional_log_mean", scale=LOG)
    found.omit((UPPER, LOWER, LOG_LOWER, TYPICAL), "in one dimension the mean is known exactly.")


def _several(
    system: RetrainingSystem, deviations: FloatArray, logs: Logs, found: Collector
) -> None:
    """Bounds on the mean and the slope of a typical run."""
    variable = labels.MODEL_DIVERSITY
    found.omit((MEAN, LOG_MEAN), "in several dimensions the mean is only bounded.")
    for name, start in ((UPPER, deviations.sum()), (LOWER, deviations[-1])):
        theorem = name.replace("retraining", "image")
        found.add(name, variable, start * np.exp(logs.mean), rests_on=theorem)
    found.add(
        LOG_LOWER,
        variable,
        np.log(deviations[-1]) + logs.typical,
        rests_on="directional_log_mean",
        kind=Kind.LOWER_BOUND,
        scale=LOG,
        description="Mean log diversity is at least the mean log sd in the widest direction.",
    )
    if system.growth:
        found.omit(TYPICAL, "training sets grow: covariances never come to their last shape.")
        return
    # Noise makes a covariance anisotropic, and the rate the asymptotic one, within about 4 nu.
    found.add(
        TYPICAL,
        variable,
        np.log(deviations.sum()) + logs.typical,
        rests_on="image_lyapunov",
        kind=Kind.ASYMPTOTIC,
        scale=LOG,
        valid_from=4 * (system.num_generated - 1),
        description="Slope of a typical run (its largest Lyapunov exponent); the offset is open.",
    )
