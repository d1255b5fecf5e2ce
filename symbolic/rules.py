"""Rules of inference (checkers follow)."""

from __future__ import annotations


class DerivationError(ValueError):
    """A step of a derivation does not follow."""
