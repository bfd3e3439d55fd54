"""Wire the hedger's fold to the bus."""

from services.hedger.config import hedge_rules
from services.hedger.fold import HedgerFold
from services.hedger.state import State
from tandem.runtime.context import ServiceContext
from tandem.runtime.fold_service import FoldService


def build(context: ServiceContext) -> FoldService[State]:
    return FoldService(context, HedgerFold(hedge_rules(context.env)))
