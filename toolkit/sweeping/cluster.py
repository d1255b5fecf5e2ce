"""Cells computed by the workers of a Dask distributed cluster, local or the user's.

A worker writes the cells that it computed into the store itself, so that path must lead to the
same place for all of them. One that is lost loses only the cells that it was computing: the
scheduler gives them to another. Importing this needs the extra ``distributed``.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from toolkit import datasets, stores
from toolkit.sweeping.grid import Cell
from toolkit.sweeping.keeping import Store
from toolkit.sweeping.tasks import CellError, Done, Form, Run, Task, check_like, computed
from toolkit.systems.validation import integer

if TYPE_CHECKING:
    from distributed import Client, Future

try:
    import dask
    import distributed
except ImportError:
    raise ImportError(
        "a cluster needs Dask: pip install 'coevo-toolkit[distributed]'; without one, leave "
        "cluster out (--workers, --scheduler)."
    ) from None

_CONNECT_SECONDS = 20
_ATTEMPTS = 3
#: A cell may be lost with so many workers before it is taken to be what kills them.
_MOST_LOST = 10
_SETTINGS = {
    "distributed.scheduler.allowed-failures": _MOST_LOST,
    # Whoever calls has set up logging, or wants none.
    "distributed.admin.log-format": "%(name)s: %(message)s",
}


@contextlib.contextmanager
def workers(cluster: int | str) -> Iterator[Run]:
    """The workers of a cluster, as a way to compute cells.

    Parameters
    ----------
    cluster : int or str
        So many local processes of one thread each, or the address of a scheduler.

    Raises
    ------
    ValueError
        When it is neither.
    ConnectionError
        When no scheduler answers there.
    """
    if isinstance(cluster, str):
        with _scheduler_at(cluster) as client:
            yield _run_on(client)
        return
    number = integer(cluster, "cluster", 1)
    with (
        dask.config.set(_SETTINGS),
        _local_cluster(number) as local,
        distributed.Client(local) as client,
    ):
        yield _run_on(client)


def _local_cluster(number: int) -> distributed.LocalCluster:
    """So many processes of one thread each, which end when this one does, however it ends."""
    for attempt in range(_ATTEMPTS):
        try:
            return distributed.LocalCluster(
                n_workers=number,
                threads_per_worker=1,
                processes=True,
                dashboard_address=None,
                memory_limit=0,
                silence_logs=logging.CRITICAL,
                # A cache of compiled programs belongs to one process at a time.
                env={"JAX_ENABLE_COMPILATION_CACHE": "0"},
            )
        except RuntimeError as error:  # a worker that was killed before it had started
            if attempt == _ATTEMPTS - 1:
                raise ConnectionError(f"the local workers do not start ({error}).") from error
    raise AssertionError("unreachable")


@contextlib.contextmanager
def _scheduler_at(address: str) -> Iterator[Client]:
    try:
        client = distributed.Client(address, timeout=_CONNECT_SECONDS)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ConnectionError(f"no scheduler answers at {address} ({reason}).") from None
    with client:
        yield client


def _run_on(client: Client) -> Run:
    def run(task: Task, cells: Sequence[Cell], keeper: Any, form: Form | None) -> Iterator[Done]:
        store = keeper if isinstance(keeper, Store) else None
        versions = json.dumps(datasets.versions("numpyro"))
        futures = {
            client.submit(fill, task.of(cell), cell, store, form, versions, pure=False): cell
            for cell in cells
        }
        try:
            for future in distributed.as_completed(futures):
                yield _result(client, future, futures.pop(future))
        finally:
            if client.status == "running":  # nobody is there to be asked once it is lost
                client.cancel(list(futures))

    return run


def fill(task: Task, cell: Cell, store: Store | None, form: Form | None, versions: str) -> Done:
    """Compute a cell and, where there is a store, keep it; what a worker does."""
    here = datasets.versions("numpyro")
    for name, version in json.loads(versions).items():
        if here.get(name) != version:
            raise CellError(
                f"a worker has {name} {here.get(name)}, and who asked it {version}; give both the "
                "same environment."
            )
    if store is not None:
        if store.has(cell):  # by a worker that was lost before it could say so
            return Done(cell, None, [])
        stores.check_code(store.path)
    done = computed(task, cell)
    assert done.result is not None
    if form is not None:
        check_like(done.result, form, cell)
    if store is None:
        return done
    store.keep(cell, done.result)
    return done._replace(result=None)


def _result(client: Client, future: Future[Any], cell: Cell) -> Done:
    """What became of a cell."""
    if future.status == "error":
        error = future.exception()
        if isinstance(error, distributed.KilledWorker):
            raise CellError(
                f"cell {cell.name} was lost with every worker that computed it; it may need more "
                "memory than they have."
            ) from None
        if isinstance(error, OSError):
            raise CellError(
                f"cell {cell.name}: {error}; the store must be reachable by all workers under the "
                "same path."
            ) from error
        raise error
    if future.status != "finished":
        raise ConnectionError(
            f"the scheduler at {client.scheduler.address if client.scheduler else '?'} is gone; "
            "what was finished is kept: start one again and go on (resume, --resume)."
        )
    done: Done = future.result()
    return done
