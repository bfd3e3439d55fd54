"""The control port: JSON over HTTP on a port of its own, for audits, scripts and faults.

It decodes, asks the venue and encodes; the venue decides. Never mounted on the public port.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import msgspec
from aiohttp import web

from services.paper_exchange.shell.audit import (
    AccountAction,
    ActOutcome,
    AuditRequest,
    AuditTrade,
    Books,
    ChangeListing,
    ControlError,
    FaultReport,
    Health,
    ListingState,
    MarketAction,
    MarketOutcome,
    TapeAction,
    TapeState,
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
StructT = TypeVar("StructT")


class ControlVenue(Protocol):
    """What a venue answers on its control port; `account` None means every account.

    Bodies passed as bytes are the venue's own to decode. Raise ControlError to refuse.
    """

    def health(self) -> Health: ...

    def books(self, account: str | None) -> Books: ...

    def trades(self, account: str | None) -> tuple[AuditTrade, ...]: ...

    def requests(self, account: str | None) -> tuple[AuditRequest, ...]: ...

    def seed_account(self, body: bytes) -> msgspec.Struct: ...

    def tape(self, action: TapeAction) -> TapeState: ...

    def market(self, action: MarketAction) -> MarketOutcome: ...

    def faults(self, body: bytes) -> FaultReport: ...

    def fault_report(self) -> FaultReport: ...

    def act(self, action: AccountAction) -> ActOutcome: ...

    def listing(self, change: ChangeListing) -> ListingState: ...

    def clear(self) -> None: ...


def control_app(venue: ControlVenue) -> web.Application:
    """Return the control port's application for this venue."""
    app = web.Application(middlewares=[refusals_as_json])
    app.router.add_get("/control/health", _reads(lambda _: venue.health()))
    app.router.add_get("/control/books", _reads(venue.books))
    app.router.add_get("/control/trades", _reads(venue.trades))
    app.router.add_get("/control/requests", _reads(venue.requests))
    app.router.add_post("/control/accounts", _posts(venue.seed_account))
    app.router.add_post("/control/tape", _posts(lambda body: venue.tape(_tape_action(body))))
    app.router.add_post("/control/market", _posts(lambda body: venue.market(_market_action(body))))
    app.router.add_get("/control/faults", _reads(lambda _: venue.fault_report()))
    app.router.add_post("/control/faults", _posts(venue.faults))
    app.router.add_post("/control/act", _posts(lambda body: venue.act(_account_action(body))))
    app.router.add_post("/control/listing", _posts(lambda body: venue.listing(_listing(body))))
    app.router.add_post("/control/clear", _posts(lambda _: _cleared(venue)))
    return app


@web.middleware
async def refusals_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a refused control request with 400 and the reason."""
    try:
        return await handler(request)
    except ControlError as error:
        return _json({"error": str(error)}, ControlError.http_status)


def decode_control(body: bytes, shape: type[StructT]) -> StructT:
    """Decode a control body or refuse it with the decoder's own words."""
    try:
        return msgspec.json.decode(body or b"{}", type=shape)
    except msgspec.MsgspecError as error:
        raise ControlError(f"body does not decode: {error}") from error


_market_decoder: msgspec.json.Decoder[MarketAction] = msgspec.json.Decoder(MarketAction)
_tape_decoder: msgspec.json.Decoder[TapeAction] = msgspec.json.Decoder(TapeAction)


_account_decoder: msgspec.json.Decoder[AccountAction] = msgspec.json.Decoder(AccountAction)


def _account_action(body: bytes) -> AccountAction:
    try:
        return _account_decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise ControlError(f"account action does not decode: {error}") from error


def _listing(body: bytes) -> ChangeListing:
    return decode_control(body, ChangeListing)


def _market_action(body: bytes) -> MarketAction:
    try:
        return _market_decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise ControlError(f"market action does not decode: {error}") from error


def _tape_action(body: bytes) -> TapeAction:
    try:
        return _tape_decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise ControlError(f"tape action does not decode: {error}") from error


def _cleared(venue: ControlVenue) -> dict[str, bool]:
    venue.clear()
    return {"cleared": True}


def _reads(answer: Callable[[str | None], object]) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        return _json(answer(request.query.get("account")))

    return handle


def _posts(act: Callable[[bytes], object]) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        return _json(act(await request.read()))

    return handle


def _json(answer: object, status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(answer), status=status, content_type="application/json"
    )
