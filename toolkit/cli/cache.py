"""JAX's compiled programs, kept from one command to the next."""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import os
import platform
import shutil
import sys
import warnings
from pathlib import Path

_MAX_CACHE_BYTES = 256 * 2**20


def use_compilation_cache() -> None:
    """Keep JAX's compiled programs from one command to the next; go without where that fails.

    JAX writes entries in place and without locks, so a directory belongs to one process at a
    time, and what a process that did not end in order may have left half-written is removed.
    """
    if "jax" in sys.modules or "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return  # somebody else has decided
    warnings.filterwarnings("ignore", ".*persistent compilation cache", UserWarning)
    with contextlib.suppress(OSError, ImportError, RuntimeError):
        programs = _claim(_cache_folder())
        os.environ["JAX_COMPILATION_CACHE_DIR"] = str(programs)
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")


def _cache_folder() -> Path:
    """A folder of the user's for machines of this kind: programs are compiled for its cores."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    kind = platform.machine() + platform.processor()
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        kind += "".join(sorted({line for line in lines if line.startswith(("flags", "model"))}))
    return Path(base) / "coevo" / f"jax-{hashlib.sha256(kind.encode()).hexdigest()[:12]}"


def _claim(folder: Path) -> Path:
    """The folder's programs, locked until this process ends; OSError if another has them."""
    import fcntl

    programs, busy = folder / "programs", folder / "busy"
    programs.mkdir(parents=True, exist_ok=True)
    lock = (folder / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise
    entries = [(path, path.stat()) for path in programs.iterdir()]
    if sum(stat.st_size for _, stat in entries) > _MAX_CACHE_BYTES:
        shutil.rmtree(programs)
        programs.mkdir()
    elif busy.exists():
        started = busy.stat().st_mtime
        for path, stat in entries:
            if stat.st_mtime >= started:
                path.unlink()
    busy.touch()
    atexit.register(lock.close)  # keeps the lock alive until then
    atexit.register(busy.unlink, missing_ok=True)  # runs first
    return programs
