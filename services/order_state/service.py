"""Wire the order fold to the bus, and let it look after the log's size."""

from services.order_state.fold import OrderFold
from services.order_state.registry import Registry
from tandem.runtime.config import Environment
from tandem.runtime.context import ServiceContext
from tandem.runtime.fold.service import FOLD_VARIABLES, FoldService, accepts_gap
from tandem.runtime.watch.log_budget import LogBudget
from tandem.runtime.watch.log_watch import LOG_VARIABLES, LogWatch, log_budgets

VARIABLES = (*FOLD_VARIABLES, *LOG_VARIABLES)


def read(env: Environment) -> tuple[bool, dict[str, LogBudget]]:
    """Read every setting of this service's own, before anything is connected to."""
    return accepts_gap(env), log_budgets(env)


def build(context: ServiceContext) -> FoldService[Registry]:
    return FoldService(context, OrderFold(), LogWatch(context))
