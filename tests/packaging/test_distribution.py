"""What pyproject.toml and requirements.lock promise is what the repository holds."""

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = (ROOT / "requirements.lock").read_text()
DEPENDENCIES = [
    Requirement(line)
    for line in (
        *PROJECT["project"]["dependencies"],
        *PROJECT["project"]["optional-dependencies"]["dev"],
    )
]


def locked() -> dict[str, list[str]]:
    """Return each locked version of each package, with its hashes checked to be there."""
    versions: dict[str, list[str]] = {}
    # An entry is a line at the margin and the indented lines that continue it.
    for entry in re.findall(r"^(?=\S)(?!#).*\n(?:[ ].*\n)*", LOCK, flags=re.MULTILINE):
        pin = re.match(r"([\w.-]+)==(\S+)", entry)
        assert pin, f"not pinned: {entry[:60]}"
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), f"no hash: {entry[:60]}"
        versions.setdefault(canonicalize_name(pin[1]), []).append(pin[2])
    return versions


def test_every_package_is_listed() -> None:
    found = {
        ".".join(file.parent.relative_to(ROOT).parts)
        for top in ("symbolic", "toolkit", "studies")
        for file in (ROOT / top).rglob("*.py")
    }
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == found


@pytest.mark.parametrize("dependency", DEPENDENCIES, ids=lambda requirement: requirement.name)
def test_the_lock_satisfies_every_dependency(dependency: Requirement) -> None:
    versions = locked()[canonicalize_name(dependency.name)]
    assert all(dependency.specifier.contains(version) for version in versions)


def test_the_lock_names_no_host() -> None:
    assert "://" not in LOCK
    assert not re.search(r"^\s*-(?!-hash)", LOCK, flags=re.MULTILINE), "an option of pip"
    assert not list(ROOT.glob("uv.lock")) + list(ROOT.glob("pylock*.toml"))


def test_entry_points_are_installed() -> None:
    points = importlib.metadata.distribution("coevo-toolkit").entry_points
    assert {(point.group, point.name, point.value) for point in points} == {
        ("console_scripts", "coevo", "toolkit.cli:main"),
        ("coevo.studies", "coevo", "studies"),
    }


def test_strict_markers_are_the_two_documented_ones(pytestconfig: pytest.Config) -> None:
    ours = {line.partition(":")[0] for line in PROJECT["tool"]["pytest"]["markers"]}
    assert ours == {"slow", "benchmark"}
    assert pytestconfig.getini("strict_markers")
    assert pytestconfig.getini("filterwarnings")[0] == "error"
