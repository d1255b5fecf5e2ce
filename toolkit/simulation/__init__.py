"""How a simulation runs: a plan of blocks and segments, one compiled program, checkpoints."""

from toolkit.simulation.checkpoints import checkpoints
from toolkit.simulation.planning import Plan, plan_of
from toolkit.simulation.running import Memory, Sink, run

__all__ = ["Memory", "Plan", "Sink", "checkpoints", "plan_of", "run"]
