"""How to make a report again: the command, the versions, the digest of the data."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Iterator
from numbers import Real
from pathlib import Path
from typing import Any

from toolkit import datasets
from toolkit.report.gathering import Findings, Request
from toolkit.report.markup import Html, table, tag


def again(found: Findings, out: Path) -> Iterator[Html]:
    """The section: the command, how the fit was made, versions and digest."""
    command = command_of(found.request, out)
    if command is None:
        yield tag("p", "It was made in Python, of an object in memory or with a prior that the "
                  "command line cannot write; the fit says how it was made:")  # fmt: skip
    else:
        yield tag("p", "With the same files and versions this command writes the same page:")
        yield tag("pre", tag("code", command))
    attrs = found.fit.attrs
    if found.source.fit is not None:
        made = ", ".join(
            f"{name} {attrs[name]}" for name in ("model", "seed", "options", "settings")
            if name in attrs
        )  # fmt: skip
        yield tag("p", f"The fit was made with {made}; its priors are listed above.")
    what = "file" if found.source.name else "numbers"
    yield tag("p", f"SHA-256 of the {what}: ", tag("code", found.source.digest))
    fitted, now = json.loads(attrs.get("versions", "{}")), datasets.versions("numpyro")
    rows = [[name, fitted.get(name, "–"), now.get(name, "–")] for name in {**fitted, **now}]
    yield table(["package", "of the fit", "of this report"], rows, "Versions")


def command_of(request: Request, out: Path) -> str | None:
    """The command that makes the report; None where the command line cannot say it.

    Parameters
    ----------
    request : Request
    out : Path

    Examples
    --------
    >>> request = Request(source="my loop.csv", model="text_drift", below=0.5)
    >>> command_of(request, Path("report.html"))
    "coevo report 'my loop.csv' --out report.html --model text_drift --below 0.5"
    """
    if not isinstance(request.source, (str, Path)):
        return None
    words = ["coevo", "report", str(request.source), "--out", str(out)]
    for name in ("model", "seed", "variable", "below", "target", "horizon", "score"):
        value = getattr(request, name)
        if value is not None:
            words += [f"--{name}", str(value)]
    for name, value in request.settings.items():
        written = _setting(value)
        if written is None:
            return None
        words += ["--set", f"{name}={written}"]
    return shlex.join(words)


def _setting(value: Any) -> str | None:
    """A number, list or word, or a distribution as the command line reads it."""
    if isinstance(value, (bool, str)) or value is None:
        return str(value)
    if isinstance(value, Real):
        return repr(value if isinstance(value, int) else float(value))
    if isinstance(value, (list, tuple)):
        parts = [_setting(one) for one in value]
        return None if None in parts else f"[{', '.join(map(str, parts))}]"
    import numpyro.distributions as dist

    kind = type(value)
    if not isinstance(value, dist.Distribution) or getattr(dist, kind.__name__, None) is not kind:
        return None
    if value.shape() or not all(hasattr(value, name) for name in kind.arg_constraints):
        return None
    numbers = {name: float(getattr(value, name)) for name in kind.arg_constraints}
    if not all(map(math.isfinite, numbers.values())):
        return None
    return f"{kind.__name__}({', '.join(f'{k}={n!r}' for k, n in numbers.items())})"
