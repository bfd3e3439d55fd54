"""Wire the position fold to the bus, and tell of what is naked by what it knows."""

from services.position_state.exposure_watch import ExposureWatch
from services.position_state.fold import PositionFold
from services.position_state.holding import Holdings
from tandem.runtime.config import Environment
from tandem.runtime.context import ServiceContext
from tandem.runtime.fold.service import FOLD_VARIABLES, FoldService, accepts_gap

VARIABLES = FOLD_VARIABLES


def read(env: Environment) -> bool:
    """Read every setting of this service's own, before anything is connected to."""
    return accepts_gap(env)


def build(context: ServiceContext) -> FoldService[Holdings]:
    service = FoldService(context, PositionFold())
    context.tasks.spawn(ExposureWatch(context, service.runner).run(), "exposure")
    return service
