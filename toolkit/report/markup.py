"""HTML from plain values: whatever is not known to be HTML is escaped."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

_VOID = frozenset(("br", "img", "meta"))


class Html(str):
    """Text that is HTML already. Plain strings are escaped wherever they are put into it."""

    __slots__ = ()


def tag(name: str, /, *children: str, **attributes: str) -> Html:
    """An element.

    Parameters
    ----------
    name : str
    *children : str
        Escaped unless they are `Html`.
    **attributes : str
        A trailing underscore is dropped, for ``class_``.

    Examples
    --------
    >>> tag("p", "a < b ", tag("i", "c"), class_="x")
    '<p class="x">a &lt; b <i>c</i></p>'
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(value)}"'
        for key, value in attributes.items()
    )
    if name in _VOID:
        return Html(f"<{name}{given}>")
    return Html(f"<{name}{given}>{joined(children)}</{name}>")


def joined(parts: Iterable[str], between: str = "") -> Html:
    """Parts in a row.

    Examples
    --------
    >>> joined(["a & b", Html("<br>")], ", ")
    'a &amp; b, <br>'
    """
    return Html(_escaped(between).join(map(_escaped, parts)))


def _escaped(part: str) -> str:
    return part if isinstance(part, Html) else html.escape(str(part))


def items(parts: Iterable[str]) -> Html:
    """A list; nothing where there is nothing to list.

    Examples
    --------
    >>> items(["one", "two"])
    '<ul><li>one</li><li>two</li></ul>'
    """
    lines = [tag("li", part) for part in parts]
    return tag("ul", *lines) if lines else Html("")


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], caption: str) -> Html:
    """A table whose first column names the rows; numbers to four digits.

    Examples
    --------
    >>> table(["what", "value"], [["a", 0.12345]], "Few numbers").partition("<tbody>")[2]
    '<tr><th scope="row">a</th><td class="number">0.1235</td></tr></tbody></table></div>'
    """
    rows = list(rows)
    numbers = [any(_is_number(row[at]) for row in rows) for at in range(len(columns))]
    head = tag("tr", *(_head(*one) for one in zip(columns, numbers, strict=True)))
    body = (
        tag("tr", tag("th", cell(row[0]), scope="row"), *map(_data, row[1:], numbers[1:]))
        for row in rows
    )
    whole = tag("table", tag("caption", caption), tag("thead", head), tag("tbody", *body))
    return tag("div", whole, class_="wide")


def frame(data: pd.DataFrame, first: str, caption: str, **heads: str) -> Html:
    """A data frame as a table; its index names the rows.

    Parameters
    ----------
    data : pandas.DataFrame
    first : str
        Head of the index.
    caption : str
    **heads : str
        Heads of columns, where they are not the columns' own names.
    """
    names = [heads.get(str(name), str(name).replace("_", " ")) for name in data.columns]
    rows = ([str(at), *row] for at, row in zip(data.index, data.values.tolist(), strict=True))
    return table([first, *names], rows, caption)


def cell(value: Any) -> str:
    """A value as it stands in a table.

    Examples
    --------
    >>> cell(0.123456), cell(float("inf")), cell(float("nan")), cell("word")
    ('0.1235', '∞', '–', 'word')
    """
    if isinstance(value, float):
        if math.isnan(value):
            return "–"
        return number(value, 4)
    return value if isinstance(value, str) else str(value)


def number(value: float, digits: int = 3) -> str:
    """A number with few digits and a real minus sign.

    Examples
    --------
    >>> number(-0.123456), number(float("inf")), number(123456.0)
    ('−0.123', '∞', '123456')
    """
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    written = f"{value:.0f}" if 10**digits <= abs(value) < 1e7 else f"{value:.{digits}g}"
    return written.replace("-", "−")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _head(column: str, numbers: bool) -> Html:
    return tag("th", column, scope="col", **({"class_": "number"} if numbers else {}))


def _data(value: Any, numbers: bool) -> Html:
    return tag("td", cell(value), **({"class_": "number"} if numbers else {}))
