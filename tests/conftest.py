"""What every test shares: programs that are compiled quickly, and kept between sessions."""

import os
from pathlib import Path

import pytest

MAX_CACHE_BYTES = 512 * 2**20


def pytest_configure(config: pytest.Config) -> None:
    """Keep JAX's compiled programs from one session to the next.

    Compiling is most of the suite's time. One directory serves all workers, sessions and the
    commands that tests start, which inherit the environment. It has no locks: an entry that
    another process is still writing, or was killed over, fails its checksum, and the program is
    compiled anew (JAX warns of it; `pyproject.toml` lets that warning pass). JAX's own locks come
    with a limit of its size, for which it reads the age of every entry at every new one: minutes
    for the thousands of a session.
    """
    _compile_quickly()
    cache = getattr(config, "cache", None)  # absent under -p no:cacheprovider
    if cache is None or "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return
    programs = Path(cache.mkdir("jax-programs"))
    _limit(programs)
    os.environ["JAX_COMPILATION_CACHE_DIR"] = str(programs)
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"


def _compile_quickly() -> None:
    """Every program at LLVM's first level, as the toolkit's large ones are anyway."""
    flags = os.environ.get("XLA_FLAGS", "")
    if "xla_backend_optimization_level" not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} --xla_backend_optimization_level=1".strip()


def _limit(programs: Path) -> None:
    """Begin anew when there are too many; another session may be doing so, too."""
    files = list(programs.iterdir())
    if sum(file.stat().st_size for file in files) > MAX_CACHE_BYTES:
        for file in files:
            file.unlink(missing_ok=True)
