"""Wire the hedger's fold to the bus, hear who sends, and let gateways know while it hedges."""

from services.hedger import config
from services.hedger.fold import waits
from services.hedger.fold.router import HedgerFold
from services.hedger.fold.state import State
from services.hedger.heartbeat import Presence
from services.hedger.policy.rules import HedgeRules
from services.hedger.sender_monitor import Hearing
from tandem.runtime.config import Environment
from tandem.runtime.context import ServiceContext
from tandem.runtime.fold.service import FOLD_VARIABLES, FoldService, accepts_gap

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
