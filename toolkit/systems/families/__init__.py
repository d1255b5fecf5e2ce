"""Families of models: what is retrained. A new one is one file and one line of ``FAMILIES``."""

from toolkit.systems.families.categorical import Categorical
from toolkit.systems.families.exponential_family import ExponentialFamily
from toolkit.systems.families.gaussian import Gaussian
from toolkit.systems.families.gaussian_mixture import GaussianMixture
from toolkit.systems.families.in_context import InContextRegression
from toolkit.systems.families.kernel_density import KernelDensity
from toolkit.systems.families.linear_regression import LinearRegression
from toolkit.systems.families.protocol import (
    Data,
    Family,
    Law,
    Moments,
    Points,
    Summary,
    scaled,
    total,
)

#: By the name written in files.
FAMILIES: dict[str, type[Family]] = {
    family.name: family
    for family in (
        Categorical,
        Gaussian,
        ExponentialFamily,
        GaussianMixture,
        KernelDensity,
        LinearRegression,
        InContextRegression,
    )
}

__all__ = [
    "FAMILIES",
    "Categorical",
    "Data",
    "ExponentialFamily",
    "Family",
    "Gaussian",
    "GaussianMixture",
    "InContextRegression",
    "KernelDensity",
    "Law",
    "LinearRegression",
    "Moments",
    "Points",
    "Summary",
    "scaled",
    "total",
]
