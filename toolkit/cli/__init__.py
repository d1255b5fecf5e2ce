"""The command ``coevo``."""

from toolkit.cli.app import main

__all__ = ["main"]
