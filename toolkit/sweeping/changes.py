"""Configurations with some fields changed, along dotted paths."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from typing import Any


def fields_of(config: Any) -> tuple[str, ...]:
    """Names of a configuration's fields."""
    return tuple(field.name for field in dataclasses.fields(config))


def changed(config: Any, changes: Mapping[str, Any]) -> Any:
    """A copy with some fields changed, validated anew, all changes of a part at once.

    Parameters
    ----------
    config : dataclass instance
        A system, say.
    changes : mapping
        From a path such as ``"batch_size"`` or ``"corpus.prob"`` to a value. A table stands for
        the part that has its fields; so do paths into a part that is not there.

    Raises
    ------
    ValueError
        When a path is not known or a value outside its range.

    Examples
    --------
    >>> from toolkit.systems import CoevolvingSystem
    >>> system = CoevolvingSystem.on_unit_circle(num_texts=3, variance=1.0, batch_size=100)
    >>> changed(system, {"corpus.prob": 0.1, "corpus.fraction": 0.2}).corpus.fraction
    0.2
    """
    own: dict[str, Any] = {}
    inside: dict[str, dict[str, Any]] = {}
    for path, value in changes.items():
        head, _, rest = path.partition(".")
        if head not in fields_of(config):
            near = difflib.get_close_matches(head, fields_of(config), n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {fields_of(config)}."
            raise ValueError(f"{type(config).__name__} has no field {head!r}; {hint}")
        if rest:
            inside.setdefault(head, {})[rest] = value
        elif isinstance(value, Mapping):
            own[head] = _part(config, head, value)
        else:
            own[head] = value
    for head, within in inside.items():
        part = own.get(head, getattr(config, head))
        if part is None:
            own[head] = _part(config, head, within)
        elif dataclasses.is_dataclass(part):
            own[head] = changed(part, within)
        else:
            raise ValueError(f"{head} has no fields; give its values as a whole.")
    return dataclasses.replace(config, **own)


def _part(config: Any, name: str, table: Mapping[str, Any]) -> Any:
    """A part of a configuration that is made of its fields alone."""
    nested = getattr(type(config), "nested", {})
    if name not in nested:
        raise ValueError(f"{name} is no part with fields; give its values as a whole.")
    try:
        return nested[name](**table)
    except TypeError as error:
        detail = str(error).split("() ", 1)[-1]
        raise ValueError(
            f"the system has no {name}, and of the one to be made: {detail}."
        ) from None
