"""One thin file per question or figure: CONFIG, run() and main(); computes nothing of its own.

``names`` and ``run_study`` are what the command line uses.
"""

from __future__ import annotations

from typing import Any

__all__ = ["names", "run_study"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from studies import _study

        return getattr(_study, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
