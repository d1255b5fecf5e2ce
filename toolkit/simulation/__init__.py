"""How a simulation runs: a plan of blocks and segments, one compiled program, checkpoints."""

from toolkit.simulation.checkpoints import blank_result, checkpoints
from toolkit.simulation.planning import Plan, plan_of
from toolkit.simulation.running import Memory, Sink, run

__all__ = ["Memory", "Plan", "Sink", "blank_result", "checkpoints", "plan_of", "run"]
