"""Replace: every model is trained on what the one before it generated, and on nothing else."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

from toolkit.systems.families import Data
from toolkit.systems.policies.protocol import Array, Policy, Setting, Trained, nothing_happened


@dataclasses.dataclass(frozen=True, kw_only=True)
class Replace(Policy):
    """Fully synthetic data.

    Examples
    --------
    >>> Replace().name
    'replace'
    """

    name: ClassVar[str] = "replace"

    def train(
        self, setting: Setting, numbers: Mapping[str, Array], key: Array, memory: Any, batch: Data
    ) -> Trained:
        """The batch."""
        return Trained(batch, memory, nothing_happened())
