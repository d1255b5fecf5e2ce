#!/bin/sh
# Set-up for a machine that has only make and some Python 3.
#
#   sh tools/bootstrap.sh venv    make .venv whole (does nothing when it already is)
#   sh tools/bootstrap.sh find    print the interpreter that venv would build on
#   sh tools/bootstrap.sh uv      print a working uv, installed privately under .python/ if need be
#
# This part is POSIX sh because the only Python at hand may be too old for the project; once an
# interpreter of 3.12 or newer is found, tools/make_venv.py does the rest with it.
# COEVO_PYTHON names an interpreter and stops the search.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
private=$root/.python
# Tested versions first: a newer one on the PATH may have no wheels for the locked packages yet.
names="python3.13 python3.12 python3.14 python3 python"
fetched_version=3.13
tried=

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# Prints "ok|version|executable" or "no|version|reason". Runs on Python 2.7 too: anything may be
# called python. The base executable is asked for because the candidate may live in a virtual
# environment, even in the .venv that is about to be replaced, or be a shim.
probe='
import sys
version = ".".join(str(part) for part in sys.version_info[:3])
def reason():
    if sys.version_info[:2] < (3, 12):
        return "older than 3.12"
    if sys.implementation.name != "cpython":
        return "not CPython, for which the locked wheels are built"
    if sys.version_info.releaselevel != "final":
        return "not a final release"
    import sysconfig
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return "a free-threaded build"
    if sys.maxsize < 2 ** 32:
        return "a 32-bit build"
    for module in ("venv", "ensurepip", "ssl", "zlib", "ctypes", "sqlite3", "lzma", "bz2"):
        try:
            __import__(module)
        except ImportError:
            hint = " (a separate system package, often python3-venv)"
            return "lacks " + module + (hint if module in ("venv", "ensurepip") else "")
import os
why = reason()
# Resolved: while another set-up rebuilds .venv, its python looks like a base executable.
found = why or os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)
print("|".join(["no" if why else "ok", version, found]))
'

# Sets $python and $version and succeeds if the candidate $1 runs and fits; else notes why not.
fits() {
    case $1 in
        */*) [ -x "$1" ] || return 1 ;;
        *) command -v "$1" >/dev/null 2>&1 || return 1 ;;
    esac
    # A pyenv shim is on the PATH but exits with 127 unless its version is selected.
    answer=$("$1" -c "$probe" 2>/dev/null </dev/null) || answer="no|?|does not run"
    rest=${answer#*|}
    version=${rest%%|*}
    case $answer in
        ok\|*) python=${rest#*|}; return 0 ;;
    esac
    tried="$tried
  $1: $version, ${rest#*|}"
    return 1
}

# Sets $python, $version and $where, or fails.
find_installed() {
    if [ -n "${COEVO_PYTHON:-}" ]; then
        where="named by COEVO_PYTHON"
        fits "$COEVO_PYTHON" && return 0
        die "COEVO_PYTHON must be a working Python 3.12 or newer, but $COEVO_PYTHON is not.${tried:-
  $COEVO_PYTHON: not found}"
    fi
    where="which .venv was made with"
    fits "$root/.venv/bin/python" && return 0
    where="on the PATH"
    for name in $names; do fits "$name" && return 0; done
    pyenv=${PYENV_ROOT:-${HOME:-}/.pyenv}/versions
    where="one of pyenv's installed versions"
    for series in 3.13 3.12 3.14; do
        for found in "$pyenv/$series".*/bin/python "$pyenv/$series"/bin/python; do
            fits "$found" && return 0
        done
    done
    where="fetched earlier with uv"
    for found in "$private"/versions/*/bin/python3; do fits "$found" && return 0; done
    return 1
}

# Sets $uv to a uv that runs: the one on the PATH, or one that pip puts under .python/.
find_uv() {
    for uv in uv "$private/uv/bin/uv"; do
        "$uv" --version >/dev/null 2>&1 && return 0
    done
    mkdir -p "$private"
    for name in python3 python python3.14 python3.13 python3.12 python3.11 python3.10 python3.9; do
        "$name" -c 'import sys; sys.exit(sys.version_info < (3, 6))' >/dev/null 2>&1 || continue
        rm -rf "$private/uv"
        say "Installing uv with $name under .python/ ..."
        "$name" -m venv "$private/uv" >"$private/uv.log" 2>&1 || continue
        "$private/uv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input uv \
            >>"$private/uv.log" 2>&1 || continue
        "$uv" --version >/dev/null 2>&1 && return 0
    done
    return 1
}

how_to_mend="Install one (your system's python3.13 and python3.13-venv packages, or
pyenv install 3.13) and run make again, or name one: make COEVO_PYTHON=/path/to/python3.13 .venv"

fetch() {
    say "No Python 3.12 or newer found; trying to fetch $fetched_version with uv. Looked at:${tried:- nothing}"
    find_uv || die "no Python 3.12 or newer here, and pip could not install uv to fetch one
(its output is in .python/uv.log). $how_to_mend"
    # Without bin links: nothing outside this directory is to change.
    UV_PYTHON_INSTALL_DIR=$private/versions UV_PYTHON_INSTALL_BIN=0 \
        "$uv" python install "$fetched_version" >&2 ||
        die "no Python 3.12 or newer here, and uv could not download one (its message is above). $how_to_mend"
    find_installed || die "uv reported success, but its Python does not run:$tried
$how_to_mend"
}

cd "$root"
case ${1:-} in
    venv)
        # The usual case: .venv is whole and up to date. Its own interpreter says so, in 0.1 s.
        if [ -z "${COEVO_PYTHON:-}" ] && [ -x .venv/bin/python ] &&
            .venv/bin/python -I tools/make_venv.py --check >/dev/null 2>&1; then
            exit 0
        fi
        find_installed || fetch
        say "Python $version, $where: $python"
        exec "$python" -I tools/make_venv.py
        ;;
    find)
        find_installed || fetch
        say "Python $version, $where"
        printf '%s\n' "$python"
        ;;
    uv)
        find_uv || die "pip could not install uv; its output is in .python/uv.log"
        printf '%s\n' "$uv"
        ;;
    *) die "expected 'venv', 'find' or 'uv', got '${1:-}'" ;;
esac
