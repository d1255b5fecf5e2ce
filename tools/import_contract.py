"""A contract for import-linter: which module of a package may import which, written as orders.

The built-in contracts know layers (one total order) and prohibitions. Here a module that is not
mentioned must not exist, and one that is may import exactly what stands to its left::

    orders = [
        "labels < measures < systems < loops",
        "labels, systems < theory",
    ]

Here ``theory`` may import ``labels`` and ``systems``; ``loops`` may import ``labels``, ``measures``
and ``systems``; modules joined by a comma do not import one another. A subpackage counts as one
module.
"""

from collections.abc import Iterator

import grimp
from importlinter import Contract, ContractCheck, fields, output


class AllowListContract(Contract):
    """A module of the package imports only those left of it in at least one order.

    Options: ``package``; ``orders`` (a list of strings, see above); ``separate`` (modules that
    must not reach one another even indirectly, checked on the orders themselves, so that nobody
    adds such a permission by accident).
    """

    type_name = "allow_list"

    package = fields.StringField()
    orders = fields.ListField(subfield=fields.StringField())
    separate = fields.ListField(subfield=fields.StringField(), required=False)

    def check(self, graph: grimp.ImportGraph, verbose: bool) -> ContractCheck:
        """Compare every import inside the package with the orders."""
        allowed = allowed_imports(strings(self.orders))
        problems = [*self._problems_of_orders(allowed), *self._problems_of_code(graph, allowed)]
        return ContractCheck(kept=not problems, metadata={"problems": problems})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print one line for each problem."""
        for problem in check.metadata["problems"]:
            output.print_error(f"- {problem}", bold=False)
        output.new_line()

    def _problems_of_orders(self, allowed: dict[str, set[str]]) -> Iterator[str]:
        separate = set(strings(self.separate))
        for unit in sorted(allowed):
            reached = reachable(unit, allowed)
            if unit in reached:
                yield f"the orders let {unit} import itself through other modules"
            for other in sorted(separate & reached if unit in separate else ()):
                yield f"the orders let {unit} reach {other}, which are to stay separate"

    def _problems_of_code(
        self, graph: grimp.ImportGraph, allowed: dict[str, set[str]]
    ) -> Iterator[str]:
        root = str(self.package)
        for unit in sorted(graph.find_children(root)):
            if unit.removeprefix(f"{root}.") not in allowed:
                yield f"{unit} stands in no order; add it where it belongs in pyproject.toml"
        # The package's own __init__ is the users' front door and may gather anything; for the same
        # reason no module inside may import it.
        for importer in sorted(graph.find_descendants(root)):
            for imported in sorted(graph.find_modules_directly_imported_by(importer)):
                if imported != root and not imported.startswith(f"{root}."):
                    continue
                here, there = (unit_of(name, root) for name in (importer, imported))
                if here == there or there in allowed.get(here, set()):
                    continue
                lines = graph.get_import_details(importer=importer, imported=imported)
                where = ", ".join(str(line["line_number"]) for line in lines)
                yield f"{importer} is not allowed to import {imported} (line {where})"


def strings(value: object) -> list[str]:
    """Return the value of a list option: import-linter replaces the field by a list or None."""
    return [str(item) for item in value] if isinstance(value, list) else []


def allowed_imports(orders: list[str]) -> dict[str, set[str]]:
    """Return what each module may import directly.

    >>> sorted(allowed_imports(["a < b < c, d", "e < d"])["d"])
    ['a', 'b', 'e']
    """
    allowed: dict[str, set[str]] = {}
    for order in orders:
        left: set[str] = set()
        for group in order.split("<"):
            units = {unit.strip() for unit in group.split(",")}
            for unit in units:
                allowed.setdefault(unit, set()).update(left)
            left |= units
    return allowed


def reachable(unit: str, allowed: dict[str, set[str]]) -> set[str]:
    """Return every module that ``unit`` may import directly or through others."""
    seen: set[str] = set()
    waiting = list(allowed[unit])
    while waiting:
        other = waiting.pop()
        if other not in seen:
            seen.add(other)
            waiting.extend(allowed[other])
    return seen


def unit_of(module: str, root: str) -> str:
    """Return the name that stands for ``module`` in the orders, empty for the package itself."""
    return module.removeprefix(root).removeprefix(".").partition(".")[0]
