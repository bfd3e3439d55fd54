"""Wire the order fold to the bus, and let it look after the log's size."""

from services.order_state.fold import OrderFold
from services.order_state.registry import Registry
from tandem.runtime.context import ServiceContext
from tandem.runtime.fold_service import FoldService
from tandem.runtime.log_watch import LogWatch


def build(context: ServiceContext) -> FoldService[Registry]:
    return FoldService(context, OrderFold(), LogWatch(context))
