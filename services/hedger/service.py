"""Wire the hedger's fold to the bus, hear who sends, and let gateways know while it hedges."""

from services.hedger import config, waits
from services.hedger.fold import HedgerFold
from services.hedger.hearing import Hearing
from services.hedger.presence import Presence
from services.hedger.rules import HedgeRules
from services.hedger.state import State
from tandem.runtime.config import Environment
from tandem.runtime.context import ServiceContext
from tandem.runtime.fold_service import FOLD_VARIABLES, FoldService, accepts_gap

VARIABLES = (*config.VARIABLES, *FOLD_VARIABLES)


def read(env: Environment) -> tuple[HedgeRules, bool]:
    """Read every setting of this service's own, before anything is connected to."""
    return config.hedge_rules(env), accepts_gap(env)


def build(context: ServiceContext) -> FoldService[State]:
    fold = HedgerFold(config.hedge_rules(context.env))
    service = FoldService(context, fold, waits=waits.waiting)
    presence = Presence(context, service.runner, fold.rules)
    context.tasks.spawn(presence.run(), "hedger-presence")
    context.tasks.spawn(Hearing(context, service.runner).run(), "hedger-hearing")
    return service
