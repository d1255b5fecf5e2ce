"""The rule of import directions holds, and breaking it is noticed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")
HEAVY = ("arviz", "jax", "matplotlib", "numpyro", "scipy", "sklearn", "sympy", "xarray")


def run_python(code: str, directory: Path) -> str:
    """Return what a fresh, isolated interpreter prints when it runs the code elsewhere."""
    command = [sys.executable, "-I", "-c", code]
    return subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=directory
    ).stdout.strip()


def lint_imports(directory: Path) -> tuple[int, str]:
    done = subprocess.run(
        [LINT_IMPORTS, "--no-cache"],
        check=False,
        capture_output=True,
        text=True,
        cwd=directory,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the packages and of the configuration, free to be broken."""
    for package in ("symbolic", "toolkit", "studies", "tools"):
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_an_untouched_copy_passes(copy: Path) -> None:
    code, text = lint_imports(copy)
    assert code == 0, text
    assert "0 broken" in text


def plant(root: Path, module: str, line: str) -> None:
    """Append a line to a module, or to a package's __init__; make the module if it is missing."""
    path = root / module.replace(".", "/")
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    with path.open("a") as file:
        file.write(f"\n{line}\n")


@pytest.mark.parametrize(
    ("module", "line", "complaint"),
    [
        ("toolkit.labels", "import toolkit.systems", "not allowed to import toolkit.systems"),
        ("toolkit.theory", "import toolkit.loops", "not allowed to import toolkit.loops"),
        ("toolkit.loops", "from toolkit import theory", "not allowed to import toolkit.theory"),
        ("toolkit.measures", "import toolkit as tk", "not allowed to import toolkit (line"),
        ("toolkit.stray", "", "toolkit.stray stands in no order"),
        ("toolkit.measures", "import symbolic", "theory is the only way to a formula BROKEN"),
        ("studies.stray", "import symbolic", "theory is the only way to a formula BROKEN"),
        ("toolkit.labels", "import studies", "never the other way BROKEN"),
        ("symbolic.symbols", "import toolkit.labels", "never the other way BROKEN"),
        ("symbolic.symbols", "import numpy", "symbolic is SymPy only BROKEN"),
    ],
)
def test_a_planted_import_is_reported(copy: Path, module: str, line: str, complaint: str) -> None:
    plant(copy, module, line)
    code, text = lint_imports(copy)
    assert code == 1, text
    assert complaint in text


def test_orders_that_join_what_is_separate_are_reported(copy: Path) -> None:
    configuration = (copy / "pyproject.toml").read_text()
    before = "labels, measures, systems < confusion < theory < tilting"
    assert before in configuration
    (copy / "pyproject.toml").write_text(
        configuration.replace(before, "labels, loops < confusion < theory")
    )
    code, text = lint_imports(copy)
    assert code == 1
    assert "let theory reach loops" in text


@pytest.mark.parametrize("package", ["symbolic", "toolkit", "studies"])
def test_the_installed_package_is_this_repository(package: str, tmp_path: Path) -> None:
    where = run_python(f"import {package}; print({package}.__file__)", tmp_path)
    assert Path(where) == ROOT / package / "__init__.py"


def test_importing_toolkit_is_light(tmp_path: Path) -> None:
    code = f"import sys, toolkit; print([m for m in {HEAVY} if m in sys.modules])"
    assert run_python(code, tmp_path) == "[]"


def test_importing_symbolic_needs_no_arrays(tmp_path: Path) -> None:
    # None in sys.modules makes any import of that name fail.
    block = "import sys; sys.modules.update(numpy=None, jax=None, scipy=None)"
    code = f"{block}; import symbolic; print('sympy' in sys.modules)"
    assert run_python(code, tmp_path) == "True"
