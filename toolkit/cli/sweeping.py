"""``coevo sweep``, and what becomes of a store when a command is stopped."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli.cache import use_compilation_cache
from toolkit.cli.options import Overwrite, Resume
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


def sweep(
    ctx: typer.Context,
    sweep_file: Annotated[Path, typer.Argument(metavar="SWEEP.toml", help="What is swept.")],
    out: Annotated[Path, typer.Option(metavar="STORE.zarr", help="A zarr store.")],
    workers: Annotated[
        int | None, typer.Option(help="So many local worker processes (Dask).")
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="A Dask scheduler, such as tcp://host:8786."),
    ] = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
) -> None:
    """Simulate, fit or calibrate in each cell of a grid of parameters.

    Each cell is written into the store when it is done. What is stopped or killed, or loses its
    workers, goes on with --resume, to the same bits. The workers of a scheduler must have this
    toolkit, and reach the store under the same path.
    """
    use_compilation_cache()
    from toolkit.stores import check_store

    if workers is not None and scheduler is not None:
        raise ValueError("--workers starts a cluster and --scheduler names one; give one of them.")
    check_store(out, resume=resume, overwrite=overwrite)

    from toolkit import labels
    from toolkit.sweeping import read_document, run_document

    document = read_document(sweep_file)
    with kept(out):
        swept = run_document(
            document,
            out=out,
            cluster=workers if workers is not None else scheduler,
            resume=resume,
            overwrite=overwrite,
        )
    ctx.obj.append(out)
    dims = swept[next(name for name in labels.SWEEPS if name in swept.coords)].dims
    grid = " x ".join(f"{swept.sizes[dim]} {dim}" for dim in dims)
    typer.echo(f"saved: {out} ({grid}; {', '.join(map(str, swept.data_vars))})")
