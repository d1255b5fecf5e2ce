"""How the commands end: exit statuses, mistakes told in a line or two, interrupts."""

from __future__ import annotations

import difflib
import signal
import warnings
from collections.abc import Iterable
from types import FrameType
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

EXIT_MISTAKE = 2
EXIT_CONTRADICTION = 3
EXIT_NOT_CONVERGED = 4
EXIT_CROSSING = 5
EXIT_INTERRUPTED = 128 + signal.SIGINT
EXIT_TERMINATED = 128 + signal.SIGTERM


class Terminated(KeyboardInterrupt):
    """SIGTERM: undone like an interrupt, told apart by the exit status."""


class Commands(TyperGroup):
    """The commands, with the user's mistakes and interrupts told in a line or two."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; ``ctx.obj`` collects what it has written."""
        ctx.obj = []
        show_all = ctx.params.get("traceback", False)
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            terminated = isinstance(stop, Terminated)
            complete = f"complete: {', '.join(map(str, ctx.obj))}" if ctx.obj else ""
            tell(
                f"{'terminated' if terminated else 'interrupted'}; "
                f"{complete or 'nothing was written'}."
            )
            raise typer.Exit(EXIT_TERMINATED if terminated else EXIT_INTERRUPTED) from None
        except BrokenPipeError:
            raise  # `coevo theorems | head`: the reader has seen enough
        except MemoryError as error:
            if show_all:
                raise
            tell(f"not enough memory ({error}).")
        except (ValueError, OSError, OverflowError, ImportError) as error:
            if show_all:
                raise
            tell(str(error) or type(error).__name__)
        raise typer.Exit(EXIT_MISTAKE)


def watch() -> None:
    """Undo on SIGTERM what Ctrl-C undoes, and tell warnings in a line or two."""
    signal.signal(signal.SIGTERM, _terminate)
    warnings.showwarning = lambda message, *_rest, **_more: tell(str(message))


def examples(*lines: str) -> str:
    """The end of a help text; the mark keeps click from joining the lines."""
    return "\n".join(("\b", "Examples:", *(f"  {line}" for line in lines)))


def check_known(name: str, names: Iterable[str], what: str) -> None:
    """Raise ``ValueError``, with the nearest name, for a name that is not known."""
    names = list(names)
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(names))}."
        raise ValueError(f"unknown {what} {name!r}; {hint}")


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    raise Terminated


def tell(message: str) -> None:
    """Two lines at most, on stderr."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    typer.echo("\n".join(["coevo: " + lines[0], *lines[1:2]]), err=True)
