"""Mix: the real data set, always the same, beside what the model before generated."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

from toolkit.systems.families import Data
from toolkit.systems.policies.protocol import Array, Policy, Setting, Trained, nothing_happened


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mix(Policy):
    """The policy of Bertrand et al.: lambda = num_generated / num_real.

    Examples
    --------
    >>> Mix().name
    'mix'
    """

    name: ClassVar[str] = "mix"

    def train(
        self, setting: Setting, numbers: Mapping[str, Array], key: Array, memory: Any, batch: Data
    ) -> Trained:
        """The real data set and the batch."""
        return Trained(setting.join(setting.real, batch), memory, nothing_happened())
