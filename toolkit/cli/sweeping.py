"""``coevo sweep``, and what becomes of a store when a command is stopped."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import typer

from toolkit.cli.shell import EXIT_INTERRUPTED, EXIT_TERMINATED, Terminated, tell


@contextlib.contextmanager
def kept(out: Path) -> Iterator[None]:
    """Say of a store that is being filled, when it is stopped, how to go on with it."""
    try:
        yield
    except KeyboardInterrupt as stop:
        from toolkit.stores import is_unfinished

        if not is_unfinished(out):
            raise
        terminated = isinstance(stop, Terminated)
        tell(
            f"{'terminated' if terminated else 'interrupted'}; {out} keeps what was done: the "
            "same command with --resume goes on."
        )
        raise typer.Exit(EXIT_TERMINATED if terminated else EXIT_INTERRUPTED) from None
