"""How a question to the info endpoint is spelled (Hyperliquid docs, Info endpoint)."""

from typing import Final

import msgspec
from msgspec import Struct

from tandem.domain.ids import VenueOrderId
from tandem.transport.exchange import HttpMethod, HttpRequest

OID_DIGITS_MAX: Final = 19
NO_OID: Final = 0
JSON_HEADERS: Final = (("Content-Type", "application/json"),)


class Info(Struct, frozen=True, rename="camel", omit_defaults=True):
    """One question; `user` is always the account's address, never its agent's."""

    type: str
    user: str | None = None
    oid: int | str | None = None
    dex: str | None = None
    start_time: int | None = None


def info_request(api_url: str, info: Info) -> HttpRequest:
    return HttpRequest(HttpMethod.POST, f"{api_url}/info", JSON_HEADERS, msgspec.json.encode(info))


def oid_number(oid: VenueOrderId) -> int:
    """Return a venue id as the number it is; any other text is the id that no order has.

    The venue then says itself that it knows no such order.
    """
    is_number = oid.isascii() and oid.isdigit() and len(oid) <= OID_DIGITS_MAX
    return int(oid) if is_number else NO_OID
