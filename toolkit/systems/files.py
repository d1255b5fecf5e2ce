"""Configurations as TOML and JSON, and the registry through which a file finds its class."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self, cast

import numpy as np
import tomli_w

from toolkit.systems import validation

#: Every kind of system, by the name written in its files.
REGISTRY: dict[str, type[Configuration]] = {}
_KIND_KEY = "system"
#: Key of a nested part that is one of several classes.
_NAME_KEY = "name"


class Configuration:
    """Base of the frozen dataclasses that describe a system.

    A subclass names its ``kind`` (as written in files), its ``nested`` parts (a class, or several
    by the ``name`` that a file tells them by) and those of its class methods that a file may use
    as ``constructors`` (a table of that name holds their arguments). It registers itself.
    """

    kind: ClassVar[str]
    nested: ClassVar[Mapping[str, type[Any] | Mapping[str, type[Any]]]] = {}
    constructors: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        REGISTRY[cls.kind] = cls

    @classmethod
    def field_names(cls) -> tuple[str, ...]:
        """Names of the fields."""
        return tuple(field.name for field in dataclasses.fields(cls))  # type: ignore[arg-type]

    def replace(self, **changes: Any) -> Self:
        """A copy with some fields changed, validated anew.

        Raises
        ------
        ValueError
            When a field is unknown or a value is outside its range.
        """
        validation.known_keys(changes, self.field_names(), type(self).__name__)
        instance: Any = self
        return cast("Self", dataclasses.replace(instance, **changes))

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, numbers and strings; what is None is left out."""
        return {_KIND_KEY: self.kind, **_plain(self)}

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> Self:
        """The inverse of ``to_dict``.

        Raises
        ------
        ValueError
            When a key is unknown or missing, or a value is outside its range.
        """
        table = dict(table)
        kind = table.pop(_KIND_KEY, cls.kind)
        if kind != cls.kind:
            raise ValueError(f"expected system = {cls.kind!r}, not {kind!r}.")
        validation.known_keys(table, (*cls.field_names(), *cls.constructors), "the system")
        for name, part in cls.nested.items():
            if name in table:
                table[name] = _build_part(part, table[name], f"[{name}]")
        used = [name for name in cls.constructors if name in table]
        if not used:
            return _build(cls, table, "the system")
        arguments = table.pop(used[0])
        if not isinstance(arguments, Mapping):
            raise ValueError(f"[{used[0]}] must be a table of arguments.")
        twice = sorted(set(arguments) & set(table))
        if twice:
            raise ValueError(f"{twice[0]} is given both in [{used[0]}] and outside; give it once.")
        return _call(getattr(cls, used[0]), {**arguments, **table}, f"[{used[0]}]")

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(self.to_dict())

    def to_toml(self, path: str | Path | None = None) -> str:
        """TOML text, also written to ``path`` if one is given."""
        text = tomli_w.dumps(self.to_dict())
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash(self.to_json())


def system_from_dict(table: Mapping[str, Any]) -> Configuration:
    """A system of whichever kind the table names.

    Raises
    ------
    ValueError
        When the kind is unknown, or the table does not describe a system of that kind.
    """
    if not isinstance(table, Mapping):
        raise ValueError(f"a system must be a table, not {type(table).__name__}.")
    kind = table.get(_KIND_KEY, "coevolving")
    if kind not in REGISTRY:
        raise ValueError(f"unknown system {kind!r}; known: {', '.join(sorted(REGISTRY))}.")
    return REGISTRY[kind].from_dict(table)


def system_from_json(text: str) -> Configuration:
    """A system from the JSON stored in a dataset.

    Raises
    ------
    ValueError
        When it is not JSON, or does not describe a system.
    """
    try:
        table = json.loads(text)
    except (TypeError, json.JSONDecodeError):
        raise ValueError("the stored system is not JSON.") from None
    return system_from_dict(table)


def read_system(path: str | Path) -> Configuration:
    r"""Read a system from a TOML file.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    ValueError
        When it is not TOML or does not describe a system.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "system.toml"
    >>> _ = path.write_text('[on_unit_circle]\nnum_texts = 5\nvariance = 1\nbatch_size = 1000')
    >>> read_system(path).num_texts
    5
    """
    path = Path(path)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileNotFoundError(f"no system file at {path}.") from None
    except IsADirectoryError:
        raise ValueError(f"{path} is a folder; give the TOML file of a system.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not a TOML file: {error}.") from None
    try:
        return system_from_dict(table)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        pairs = ((f.name, getattr(value, f.name)) for f in dataclasses.fields(value))
        kind = getattr(type(value), _NAME_KEY, None)
        named = {_NAME_KEY: kind} if isinstance(kind, str) else {}
        return named | {name: _plain(part) for name, part in pairs if part is not None}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value


def _build_part(part: type | Mapping[str, type], table: Any, where: str) -> Any:
    """A nested part: of the one class, or of that which the table names."""
    if not isinstance(part, Mapping):
        return _build(part, table, where)
    if not isinstance(table, Mapping):
        raise ValueError(f"{where} must be a table.")
    name = str(table.get(_NAME_KEY))
    if name not in part:
        raise ValueError(f"{where} must have a name, one of: {', '.join(part)}; not {name!r}.")
    rest = {key: value for key, value in table.items() if key != _NAME_KEY}
    return _build(part[name], rest, where)


def _build(cls: type, table: Any, where: str) -> Any:
    if not isinstance(table, Mapping):
        raise ValueError(f"{where} must be a table.")
    validation.known_keys(table, [field.name for field in dataclasses.fields(cls)], where)
    return _call(cls, table, where)


def _call(function: Any, arguments: Mapping[str, Any], where: str) -> Any:
    try:
        return function(**arguments)
    except TypeError as error:
        if "multiple values" in str(error):
            name = str(error).rsplit(" ", 1)[-1].strip("'")
            raise ValueError(f"{name} is set by {where}; do not give it besides.") from None
        # A dataclass or constructor names a missing argument better than we could.
        detail = str(error).split("() ", 1)[-1]
        raise ValueError(f"{where} is incomplete: {detail}.") from None
