"""Wire the order fold to the bus."""

from services.order_state.fold import OrderFold
from services.order_state.registry import Registry
from tandem.runtime.context import ServiceContext
from tandem.runtime.fold_service import FoldService


def build(context: ServiceContext) -> FoldService[Registry]:
    return FoldService(context, OrderFold())
