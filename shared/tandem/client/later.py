"""The calls that the contract names and this version does not have yet: refused by name."""

from typing import NoReturn

from tandem.domain.errors import NotYetSupportedError


class LaterCalls:
    """Each call raises NotYetSupportedError and changes nothing."""

    async def amend_order(self, *_given: object, **_options: object) -> NoReturn:
        raise NotYetSupportedError("amend_order", "", "not yet: cancel the order and place anew")

    async def hedge_portfolio_delta(self, *_given: object, **_options: object) -> NoReturn:
        raise NotYetSupportedError("hedge_portfolio_delta", "", "not yet: use hedge_order")

    def get_funding_info(self, *_given: object, **_options: object) -> NoReturn:
        raise NotYetSupportedError("get_funding_info", "", "not yet: ask the venue")
