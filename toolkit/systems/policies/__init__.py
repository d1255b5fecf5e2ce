"""Data policies: what is trained on. A new one is one file and one line of ``POLICIES``."""

from toolkit.systems.policies.accumulate import Accumulate
from toolkit.systems.policies.budget import Budget
from toolkit.systems.policies.curated import Curated
from toolkit.systems.policies.fresh import Fresh
from toolkit.systems.policies.injected import Injected
from toolkit.systems.policies.mix import Mix
from toolkit.systems.policies.protocol import Policy, Setting, Sizes, Trained, nothing_happened
from toolkit.systems.policies.replace import Replace

#: By the name written in files.
POLICIES: dict[str, type[Policy]] = {
    policy.name: policy for policy in (Replace, Mix, Accumulate, Budget, Fresh, Curated, Injected)
}

__all__ = [
    "POLICIES",
    "Accumulate",
    "Budget",
    "Curated",
    "Fresh",
    "Injected",
    "Mix",
    "Policy",
    "Replace",
    "Setting",
    "Sizes",
    "Trained",
    "nothing_happened",
]
