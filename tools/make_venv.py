"""Create .venv from requirements.lock and install the project into it, or do nothing.

Started by ``tools/bootstrap.sh`` (``make .venv``) with an interpreter that it found. A stamp inside
.venv says what was installed; it is removed before anything changes and written last, so that an
interrupted installation never counts as whole.
"""

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / ".complete.json"
LOCK = ROOT / "requirements.lock"
PROJECT = ROOT / "pyproject.toml"

# Settings of the user's own pip that would send the packages somewhere else than .venv.
MISLEADING_PIP_SETTINGS = ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIRE_HASHES")


class SetupError(Exception):
    """A step failed; the message says which one and what to do."""


def digest(file: Path) -> str:
    """Return a hash of the file's lines without comments, which change nothing installed."""
    lines = [line for line in file.read_text().splitlines() if not line.lstrip().startswith("#")]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def wanted_stamp(base_python: str) -> dict[str, str]:
    """Return what the stamp of a whole and current .venv says."""
    return {
        # Absolute paths are baked into the scripts of a virtual environment.
        "root": str(ROOT),
        "python": f"{sys.version.split()[0]} {os.path.realpath(base_python)}",
        "lock": digest(LOCK),
        "project": digest(PROJECT),
    }


def read_stamp() -> dict[str, str]:
    """Return the stamp of the present .venv, empty when there is none that can be read."""
    try:
        return dict(json.loads(STAMP.read_text()))
    except (OSError, ValueError):
        return {}


def write_stamp(stamp: dict[str, str]) -> None:
    """Write the stamp in one step."""
    draft = STAMP.with_suffix(".draft")
    draft.write_text(json.dumps(stamp, indent=1) + "\n")
    draft.replace(STAMP)


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold a lock that the system gives back even when this process is killed."""
    (ROOT / ".python").mkdir(exist_ok=True)
    with (ROOT / ".python" / "setup.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another set-up of this directory to end ...", flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def run(command: list[str], failure: str) -> None:
    """Run one command of the set-up; on failure raise with a message that says how to mend it."""
    environment = {k: v for k, v in os.environ.items() if k not in MISLEADING_PIP_SETTINGS}
    try:
        subprocess.run(command, check=True, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL)
    except subprocess.CalledProcessError as error:
        raise SetupError(failure) from error


def pip(*arguments: str) -> list[str]:
    """Return the command line of .venv's pip."""
    python = str(VENV / "bin" / "python")
    return [python, "-I", "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]


def build(stamp: dict[str, str]) -> None:
    """Create .venv anew and install every locked package."""
    if VENV.is_symlink():
        raise SetupError(".venv is a symbolic link; remove it, so that make can put its own there.")
    if VENV.exists():
        print("Replacing .venv, which is incomplete or out of date", flush=True)
        shutil.rmtree(VENV)
    run(
        [sys.executable, "-I", "-m", "venv", str(VENV)],
        f"{sys.executable} -m venv failed. Install the system's package for it "
        "(often python3-venv), or name another interpreter with COEVO_PYTHON.",
    )
    print("Installing the locked packages (about a minute) ...", flush=True)
    run(
        pip("install", "--quiet", "--require-hashes", "--requirement", str(LOCK)),
        "pip could not install requirements.lock. Check the network and pip's configuration, "
        "then run make again.",
    )
    write_stamp({**stamp, "project": ""})


def install_project(stamp: dict[str, str]) -> None:
    """Install this directory into .venv as an editable package."""
    # Without build isolation setuptools comes from the lock, not from the registry's newest.
    options = ("--quiet", "--no-deps", "--no-build-isolation")
    run(
        pip("install", *options, "--editable", str(ROOT)),
        "pip could not install the project; its message is above. A package listed in "
        "pyproject.toml may be missing.",
    )
    run(
        pip("check"),
        "The installed packages do not satisfy pyproject.toml. Run make lock, then make again.",
    )
    write_stamp(stamp)


def main() -> int:
    """Run the set-up and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say whether .venv is whole")
    options = parser.parse_args()
    stamp = wanted_stamp(getattr(sys, "_base_executable", None) or sys.executable)
    if options.check:
        return 0 if read_stamp() == stamp else 1
    try:
        with one_at_a_time():
            present = read_stamp()
            if present == stamp:
                return 0
            if {**present, "project": ""} != {**stamp, "project": ""}:
                build(stamp)
            install_project(stamp)
    except SetupError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nerror: interrupted; run make again to finish .venv.", file=sys.stderr)
        return 130
    print(f".venv is ready: {stamp['python']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
