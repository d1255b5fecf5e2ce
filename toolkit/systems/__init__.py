"""Configurations: frozen, validated, round-tripping through TOML and JSON."""

from toolkit.systems.coevolving import CoevolvingSystem
from toolkit.systems.external import CorpusInjection, UserContent
from toolkit.systems.families import (
    Categorical,
    ExponentialFamily,
    Gaussian,
    GaussianMixture,
    InContextRegression,
    KernelDensity,
    LinearRegression,
)
from toolkit.systems.feature_map import FeatureMap
from toolkit.systems.files import (
    Configuration,
    read_system,
    system_from_dict,
    system_from_json,
)
from toolkit.systems.network import Network
from toolkit.systems.policies import Accumulate, Budget, Curated, Fresh, Injected, Mix, Replace
from toolkit.systems.retraining import RetrainingSystem

__all__ = [
    "Accumulate",
    "Budget",
    "Categorical",
    "CoevolvingSystem",
    "Configuration",
    "CorpusInjection",
    "Curated",
    "ExponentialFamily",
    "FeatureMap",
    "Fresh",
    "Gaussian",
    "GaussianMixture",
    "InContextRegression",
    "Injected",
    "KernelDensity",
    "LinearRegression",
    "Mix",
    "Network",
    "Replace",
    "RetrainingSystem",
    "UserContent",
    "read_system",
    "system_from_dict",
    "system_from_json",
]
