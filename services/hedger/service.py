"""Wire the hedger's fold to the bus, hear who sends, and let gateways know while it hedges."""

from services.hedger import waits
from services.hedger.config import hedge_rules
from services.hedger.fold import HedgerFold
from services.hedger.hearing import Hearing
from services.hedger.presence import Presence
from services.hedger.state import State
from tandem.runtime.context import ServiceContext
from tandem.runtime.fold_service import FoldService


def build(context: ServiceContext) -> FoldService[State]:
    fold = HedgerFold(hedge_rules(context.env))
    service = FoldService(context, fold, waits=waits.waiting)
    presence = Presence(context, service.runner, fold.rules)
    context.tasks.spawn(presence.run(), "hedger-presence")
    context.tasks.spawn(Hearing(context, service.runner).run(), "hedger-hearing")
    return service
