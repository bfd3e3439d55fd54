"""Wire the position fold to the bus."""

from services.position_state.fold import PositionFold
from services.position_state.holding import Holdings
from tandem.runtime.context import ServiceContext
from tandem.runtime.fold_service import FoldService


def build(context: ServiceContext) -> FoldService[Holdings]:
    return FoldService(context, PositionFold())
