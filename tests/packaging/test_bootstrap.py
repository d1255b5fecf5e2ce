"""The search for an interpreter, on machines that are made up of a few small scripts."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BASE = Path(sys._base_executable).resolve()  # type: ignore[attr-defined]

# The real probe runs in the real interpreter, after a line that changes what it sees.
PRETENDER = """#!/bin/sh
[ "$1" = -c ] || exit 1
exec {base} -c "import sys
{line}
$2"
"""
OLD = "sys.version_info = type('V', (tuple,), dict(releaselevel='final'))((3, 11, 7))"
NO_PIP = "sys.modules['ensurepip'] = None"


class Machine:
    """A directory with the tools, a PATH of its own, and a home without anything."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "clone"
        self.bin = directory / "bin"
        self.home = directory / "home"
        for made in (self.root, self.bin, self.home):
            made.mkdir()
        shutil.copytree(ROOT / "tools", self.root / "tools")
        for name in ("sh", "dirname", "mkdir", "rm", "ln"):
            (self.bin / name).symlink_to(str(shutil.which(name)))

    def script(self, name: str, text: str) -> None:
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def pretender(self, name: str, line: str) -> None:
        self.script(name, PRETENDER.format(base=BASE, line=line))

    def find(self, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", "tools/bootstrap.sh", "find"],
            check=False,
            capture_output=True,
            text=True,
            cwd=self.root,
            env={"PATH": str(self.bin), "HOME": str(self.home), **environment},
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def same_file(answer: str) -> bool:
    return Path(answer.strip()).samefile(BASE)


def test_a_shim_that_does_not_run_is_passed_over(machine: Machine) -> None:
    machine.script("python3.13", "#!/bin/sh\necho 'version not selected' >&2\nexit 127\n")
    machine.pretender("python3", OLD)
    (machine.bin / "python").symlink_to(BASE)
    done = machine.find()
    assert done.returncode == 0
    assert same_file(done.stdout)
    assert "on the PATH" in done.stderr


@pytest.mark.parametrize("place", ["home", "PYENV_ROOT"])
def test_versions_of_pyenv_are_found(machine: Machine, place: str) -> None:
    machine.pretender("python3", OLD)
    pyenv = machine.home / (".pyenv" if place == "home" else "elsewhere")
    versions = pyenv / "versions" / "3.13.0" / "bin"
    versions.mkdir(parents=True)
    (versions / "python").symlink_to(BASE)
    done = machine.find(**({} if place == "home" else {"PYENV_ROOT": str(pyenv)}))
    assert done.returncode == 0
    assert same_file(done.stdout)
    assert "pyenv" in done.stderr


def test_an_environment_keeps_its_interpreter(machine: Machine) -> None:
    made = machine.root / ".venv" / "bin"
    made.mkdir(parents=True)
    (made / "python").symlink_to(BASE)
    (machine.bin / "python3").symlink_to(BASE)
    assert "which .venv was made with" in machine.find().stderr
    (made / "python").unlink()
    assert "on the PATH" in machine.find().stderr


@pytest.mark.parametrize(
    ("line", "reason"),
    [(OLD, "3.11.7, older than 3.12"), (NO_PIP, "lacks ensurepip")],
    ids=["old", "without ensurepip"],
)
def test_no_fitting_interpreter_is_one_message(machine: Machine, line: str, reason: str) -> None:
    machine.pretender("python3", line)
    done = machine.find()
    assert done.returncode == 1
    assert done.stdout == ""
    assert reason in done.stderr
    assert "make COEVO_PYTHON=" in done.stderr


def test_uv_fetches_one_and_the_next_search_finds_it(machine: Machine) -> None:
    machine.pretender("python3", OLD)
    made = "$UV_PYTHON_INSTALL_DIR/cpython-3.13-here/bin"
    machine.script(
        "uv",
        "#!/bin/sh\n"
        '[ "$1" = --version ] && exit 0\n'
        '[ "$1 $2" = "python install" ] || exit 9\n'
        f'mkdir -p "{made}" && ln -s {BASE} "{made}/python3"\n',
    )
    first = machine.find()
    assert first.returncode == 0, first.stderr
    assert same_file(first.stdout)
    (machine.bin / "uv").unlink()
    again = machine.find()
    assert same_file(again.stdout)
    assert "fetched earlier with uv" in again.stderr


def test_a_failed_download_is_one_message(machine: Machine) -> None:
    machine.script("uv", '#!/bin/sh\n[ "$1" = --version ]\n')
    done = machine.find()
    assert done.returncode == 1
    assert "uv could not download one" in done.stderr


def test_a_named_interpreter_ends_the_search(machine: Machine) -> None:
    (machine.bin / "python3").symlink_to(BASE)
    machine.pretender("ancient", OLD)
    assert same_file(machine.find(COEVO_PYTHON=str(BASE)).stdout)
    for name in ("ancient", "absent"):
        done = machine.find(COEVO_PYTHON=name)
        assert done.returncode == 1
        assert f"but {name} is not" in done.stderr


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """Return a function that runs the set-up without pip and tells which commands it gave."""
    from tools import make_venv

    root = tmp_path / "clone"
    root.mkdir()
    for name in ("requirements.lock", "pyproject.toml"):
        (root / name).write_text("first")
    for name, value in {
        "ROOT": root,
        "VENV": root / ".venv",
        "STAMP": root / ".venv" / ".complete.json",
        "LOCK": root / "requirements.lock",
        "PROJECT": root / "pyproject.toml",
    }.items():
        monkeypatch.setattr(make_venv, name, value)
    monkeypatch.setattr(sys, "argv", ["make_venv.py"])
    given: list[str] = []

    def start(interrupted_at: str = "") -> list[str]:
        def run(command: list[str], failure: str) -> None:
            kind = next(
                word for word in ("venv", "--requirement", "--editable", "check") if word in command
            )
            given.append(kind)
            if kind == interrupted_at:
                raise KeyboardInterrupt
            (root / ".venv").mkdir(exist_ok=True)

        monkeypatch.setattr(make_venv, "run", run)
        given.clear()
        status = make_venv.main()
        assert status == (130 if interrupted_at else 0)
        return given

    return start


EVERYTHING = ["venv", "--requirement", "--editable", "check"]


def test_a_whole_environment_is_left_alone(setup: Callable[..., list[str]]) -> None:
    assert setup() == EVERYTHING
    assert setup() == []


def test_an_interrupted_installation_is_not_whole(setup: Callable[..., list[str]]) -> None:
    assert setup(interrupted_at="--requirement") == ["venv", "--requirement"]
    assert setup() == EVERYTHING


def test_a_changed_project_is_installed_again_alone(
    setup: Callable[..., list[str]], tmp_path: Path
) -> None:
    setup()
    (tmp_path / "clone" / "pyproject.toml").write_text("second")
    assert setup(interrupted_at="check") == ["--editable", "check"]
    assert setup() == ["--editable", "check"]
    assert setup() == []


def test_a_changed_lock_replaces_the_environment(
    setup: Callable[..., list[str]], tmp_path: Path
) -> None:
    setup()
    (tmp_path / "clone" / "requirements.lock").write_text("second")
    assert setup() == EVERYTHING


def test_a_comment_changes_nothing(setup: Callable[..., list[str]], tmp_path: Path) -> None:
    setup()
    for name in ("requirements.lock", "pyproject.toml"):
        (tmp_path / "clone" / name).write_text("# why\nfirst")
    assert setup() == []
