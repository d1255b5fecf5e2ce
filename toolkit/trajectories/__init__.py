"""Trajectories of somebody else's loop: read from files, tables and arrays, and checked.

:func:`read_trajectory` gives the same labelled dataset that ``simulate`` gives, or says in a line
or two what is wrong, where, and how to mend it. :func:`to_table` is the way back to a table.
:class:`Follower` reads a file that is still being written.
"""

from toolkit.trajectories.following import Follower, Seen
from toolkit.trajectories.reading import read_trajectory
from toolkit.trajectories.tables import to_table

__all__ = ["Follower", "Seen", "read_trajectory", "to_table"]
