"""What every test shares: programs that are compiled quickly, and kept between sessions."""

import contextlib
import fcntl
import os
import shutil
from pathlib import Path

import pytest

MAX_CACHE_BYTES = 512 * 2**20

# An open file for each lock this process holds; the system gives it back when the process ends.
_held: list[object] = []


def pytest_configure(config: pytest.Config) -> None:
    """Keep JAX's compiled programs from one session to the next.

    Compiling is most of the suite's time. The cache has no locks of its own and writes in place,
    so a directory belongs to one worker at a time; a second session meanwhile goes without.
    Set in the environment, so that commands started by tests share it.
    """
    _compile_quickly()
    cache = getattr(config, "cache", None)  # absent under -p no:cacheprovider
    if cache is None or "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return
    directory = Path(cache.mkdir(f"jax-{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"))
    if not _lock(directory):
        return
    programs = directory / "programs"
    if sum(file.stat().st_size for file in programs.glob("*")) > MAX_CACHE_BYTES:
        shutil.rmtree(programs)
    os.environ["JAX_COMPILATION_CACHE_DIR"] = str(programs)
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"


def _compile_quickly() -> None:
    """Every program at LLVM's first level, as the toolkit's large ones are anyway."""
    flags = os.environ.get("XLA_FLAGS", "")
    if "xla_backend_optimization_level" not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} --xla_backend_optimization_level=1".strip()


def _lock(directory: Path) -> bool:
    """Take the directory for this process, unless another one has it."""
    handle = (directory / "lock").open("w")
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _held.append(handle)
        return True
    handle.close()
    return False
