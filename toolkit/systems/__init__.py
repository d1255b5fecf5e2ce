"""Configurations: frozen, validated, round-tripping through TOML and JSON."""

from toolkit.systems.coevolving import CoevolvingSystem
from toolkit.systems.external import CorpusInjection, UserContent
from toolkit.systems.feature_map import FeatureMap
from toolkit.systems.files import (
    Configuration,
    read_system,
    system_from_dict,
    system_from_json,
)

__all__ = [
    "Configuration",
    "CoevolvingSystem",
    "CorpusInjection",
    "FeatureMap",
    "UserContent",
    "read_system",
    "system_from_dict",
    "system_from_json",
]
