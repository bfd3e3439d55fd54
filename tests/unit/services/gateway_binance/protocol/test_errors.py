import pytest

from services.gateway_binance.protocol.errors import (
    CODES,
    Answer,
    banned_until_ms,
    is_absent,
    is_not_open,
    judge_order,
)
from tandem.domain.execution import OutcomeKind
from tandem.domain.order import RejectReason

UNKNOWN = OutcomeKind.UNKNOWN
REJECTED = OutcomeKind.REJECTED
NOT_EXECUTED = OutcomeKind.NOT_EXECUTED
Reason = RejectReason

# Binance docs, error codes: what each means for a new order, and what it is about.
BY_CODE = [
    (-1000, UNKNOWN, Reason.OTHER),
    (-1001, UNKNOWN, Reason.OTHER),
    (-1002, REJECTED, Reason.AUTH),
    (-1003, NOT_EXECUTED, Reason.RATE_LIMIT),
    (-1006, UNKNOWN, Reason.OTHER),
    (-1007, UNKNOWN, Reason.OTHER),
    (-1008, NOT_EXECUTED, Reason.RATE_LIMIT),
    (-1011, REJECTED, Reason.AUTH),
    (-1013, REJECTED, Reason.INVALID),
    (-1014, REJECTED, Reason.INVALID),
    (-1015, NOT_EXECUTED, Reason.RATE_LIMIT),
    (-1016, REJECTED, Reason.OTHER),
    (-1020, REJECTED, Reason.INVALID),
    (-1021, NOT_EXECUTED, Reason.CLOCK),
    (-1022, REJECTED, Reason.AUTH),
    (-1099, REJECTED, Reason.AUTH),
    (-1100, REJECTED, Reason.INVALID),
    (-1101, REJECTED, Reason.INVALID),
    (-1102, REJECTED, Reason.INVALID),
    (-1103, REJECTED, Reason.INVALID),
    (-1104, REJECTED, Reason.INVALID),
    (-1105, REJECTED, Reason.INVALID),
    (-1106, REJECTED, Reason.INVALID),
    (-1108, REJECTED, Reason.INVALID),
    (-1109, REJECTED, Reason.ACCOUNT),
    (-1110, REJECTED, Reason.INVALID),
    (-1111, REJECTED, Reason.SIZE),
    (-1112, REJECTED, Reason.NO_MATCH),
    (-1114, REJECTED, Reason.INVALID),
    (-1115, REJECTED, Reason.INVALID),
    (-1116, REJECTED, Reason.INVALID),
    (-1117, REJECTED, Reason.INVALID),
    (-1118, REJECTED, Reason.INVALID),
    (-1119, REJECTED, Reason.INVALID),
    (-1121, REJECTED, Reason.INVALID),
    (-1122, REJECTED, Reason.MARKET_STATE),
    (-1126, REJECTED, Reason.INVALID),
    (-1128, REJECTED, Reason.INVALID),
    (-1130, REJECTED, Reason.INVALID),
    (-1136, REJECTED, Reason.INVALID),
    (-2010, REJECTED, Reason.OTHER),
    (-2011, UNKNOWN, Reason.OTHER),
    (-2013, UNKNOWN, Reason.OTHER),
    (-2014, REJECTED, Reason.AUTH),
    (-2015, REJECTED, Reason.AUTH),
    (-2016, REJECTED, Reason.MARKET_STATE),
    (-2017, REJECTED, Reason.AUTH),
    (-2018, REJECTED, Reason.MARGIN),
    (-2019, REJECTED, Reason.MARGIN),
    (-2020, REJECTED, Reason.NO_MATCH),
    (-2021, REJECTED, Reason.OTHER),
    (-2022, REJECTED, Reason.REDUCE_ONLY),
    (-2023, REJECTED, Reason.ACCOUNT),
    (-2024, REJECTED, Reason.REDUCE_ONLY),
    (-2025, REJECTED, Reason.OTHER),
    (-2026, REJECTED, Reason.REDUCE_ONLY),
    (-2027, REJECTED, Reason.MARGIN),
    (-2028, REJECTED, Reason.MARGIN),
    (-4001, REJECTED, Reason.INVALID),
    (-4002, REJECTED, Reason.INVALID),
    (-4003, REJECTED, Reason.SIZE),
    (-4004, REJECTED, Reason.SIZE),
    (-4005, REJECTED, Reason.SIZE),
    (-4013, REJECTED, Reason.INVALID),
    (-4014, REJECTED, Reason.INVALID),
    (-4015, REJECTED, Reason.INVALID),
    (-4016, REJECTED, Reason.NO_MATCH),
    (-4023, REJECTED, Reason.SIZE),
    (-4024, REJECTED, Reason.NO_MATCH),
    (-4050, REJECTED, Reason.MARGIN),
    (-4051, REJECTED, Reason.MARGIN),
    (-4056, REJECTED, Reason.AUTH),
    (-4057, REJECTED, Reason.AUTH),
    (-4060, REJECTED, Reason.INVALID),
    (-4061, REJECTED, Reason.ACCOUNT),
    (-4062, REJECTED, Reason.REDUCE_ONLY),
    (-4084, REJECTED, Reason.MARKET_STATE),
    (-4087, REJECTED, Reason.ACCOUNT),
    (-4088, REJECTED, Reason.ACCOUNT),
    (-4109, REJECTED, Reason.ACCOUNT),
    (-4116, UNKNOWN, Reason.OTHER),
    (-4117, UNKNOWN, Reason.OTHER),
    (-4118, REJECTED, Reason.REDUCE_ONLY),
    (-4120, REJECTED, Reason.INVALID),
    (-4131, REJECTED, Reason.NO_MATCH),
    (-4140, REJECTED, Reason.MARKET_STATE),
    (-4141, REJECTED, Reason.MARKET_STATE),
    (-4142, REJECTED, Reason.OTHER),
    (-4164, REJECTED, Reason.SIZE),
    (-4183, REJECTED, Reason.NO_MATCH),
    (-4184, REJECTED, Reason.NO_MATCH),
    (-4192, REJECTED, Reason.ACCOUNT),
    (-4202, REJECTED, Reason.MARKET_STATE),
    (-4203, REJECTED, Reason.MARKET_STATE),
    (-4205, REJECTED, Reason.MARKET_STATE),
    (-4206, REJECTED, Reason.MARKET_STATE),
    (-4208, REJECTED, Reason.MARKET_STATE),
    (-4209, REJECTED, Reason.MARKET_STATE),
    (-4400, REJECTED, Reason.ACCOUNT),
    (-4401, REJECTED, Reason.MARKET_STATE),
    (-4402, REJECTED, Reason.MARKET_STATE),
    (-4403, REJECTED, Reason.MARKET_STATE),
    (-4531, REJECTED, Reason.ACCOUNT),
    (-5021, REJECTED, Reason.NO_MATCH),
    (-5022, REJECTED, Reason.POST_ONLY),
    (-5028, NOT_EXECUTED, Reason.CLOCK),
    (-5037, REJECTED, Reason.INVALID),
    (-5038, REJECTED, Reason.INVALID),
    (-5039, REJECTED, Reason.INVALID),
    (-5040, REJECTED, Reason.INVALID),
    (-5041, REJECTED, Reason.NO_MATCH),
]
NOT_ABOUT_NEW_ORDERS = {
    *(-1125, -4028, -4046, -4059, -4067, -4068),  # listen key, account settings
    *(-5024, -5025, -5026, -5027, -5029, -5043, -5047),  # amend
}

BY_STATUS = [
    (408, "", UNKNOWN),
    (500, "", UNKNOWN),
    (502, "<html>Bad Gateway</html>", UNKNOWN),
    (503, "Unknown error, please check your request or try again later.", UNKNOWN),
    (503, "Internal error; unable to process your request. Please try again.", UNKNOWN),
    (503, "Service Unavailable.", NOT_EXECUTED),
    (503, "Request throttled by system-level protection. Please try again.", NOT_EXECUTED),
    (504, "", UNKNOWN),
    (403, "<html>Forbidden</html>", REJECTED),
    (418, "", NOT_EXECUTED),
    (429, "", NOT_EXECUTED),
    (400, "a refusal without a code", UNKNOWN),
    (401, "", UNKNOWN),
]
# Codes that no table has, and some that none had when they were first met.
UNLISTED = [
    (400, -9999, REJECTED, Reason.OTHER),
    (400, -4998, REJECTED, Reason.OTHER),
    (400, -1199, REJECTED, Reason.INVALID),
    (400, -1137, REJECTED, Reason.INVALID),
    (404, -5000, REJECTED, Reason.OTHER),
    (401, -9999, REJECTED, Reason.AUTH),
    (403, -9999, REJECTED, Reason.AUTH),
    (429, -9999, NOT_EXECUTED, Reason.RATE_LIMIT),
    (408, -9999, UNKNOWN, Reason.OTHER),
    (500, -9999, UNKNOWN, Reason.OTHER),
    (503, -9999, UNKNOWN, Reason.OTHER),
    (200, -9999, UNKNOWN, Reason.OTHER),
    (400, 0, UNKNOWN, Reason.OTHER),
    (400, 400, UNKNOWN, Reason.OTHER),
]
ABOUT_THE_ACCOUNT = {
    *(-1002, -1011, -1022, -1099, -2014, -2015, -2017, -4056, -4057),  # its key
    *(-1109, -2023, -4061, -4087, -4088, -4109, -4192, -4400, -4531),  # its standing
}


@pytest.mark.parametrize(("code", "kind", "reason"), BY_CODE)
def test_c3_every_listed_code_becomes(code: int, kind: OutcomeKind, reason: RejectReason) -> None:
    verdict = judge_order(Answer(status=400, code=code, text="as the venue words it"))
    assert (verdict.kind, verdict.reason) == (kind, reason)


def test_every_listed_code_is_tested() -> None:
    assert set(CODES) == {code for code, _, _ in BY_CODE} | NOT_ABOUT_NEW_ORDERS


@pytest.mark.parametrize("code", sorted(NOT_ABOUT_NEW_ORDERS))
def test_settings_and_amend_refusals_are_definite(code: int) -> None:
    assert judge_order(Answer(status=400, code=code)).kind is REJECTED


@pytest.mark.parametrize(("status", "text", "kind"), BY_STATUS)
def test_status_decides_without_a_listed_code(status: int, text: str, kind: OutcomeKind) -> None:
    assert judge_order(Answer(status=status, text=text)).kind is kind


@pytest.mark.parametrize(("status", "code", "kind", "reason"), UNLISTED)
def test_c3_a_code_that_nobody_listed_is_a_refusal_under_a_4xx_only(
    status: int, code: int, kind: OutcomeKind, reason: RejectReason
) -> None:
    verdict = judge_order(Answer(status=status, code=code, text="new in 2027"))
    assert (verdict.kind, verdict.reason) == (kind, reason)


def test_c3_only_codes_about_the_account_are_told_as_its_own() -> None:
    told = {
        code
        for code, kind, reason in BY_CODE
        if kind is REJECTED and reason in {Reason.AUTH, Reason.ACCOUNT}
    }
    assert told == ABOUT_THE_ACCOUNT


def test_c3_a_time_out_is_open_whatever_code_comes_with_it() -> None:
    assert judge_order(Answer(status=408, code=-2019)).kind is UNKNOWN


def test_code_decides_before_the_status() -> None:
    assert judge_order(Answer(status=503, code=-1007)).kind is UNKNOWN
    assert judge_order(Answer(status=503, code=-1008)).kind is NOT_EXECUTED


def test_duplicate_text_under_the_general_code_is_looked_up() -> None:
    verdict = judge_order(Answer(status=400, code=-2010, text="Duplicate order sent."))
    assert verdict.kind is UNKNOWN


def test_banned_address_waits_whatever_the_code() -> None:
    verdict = judge_order(Answer(status=418, code=-2019))
    assert (verdict.kind, verdict.reason) == (NOT_EXECUTED, Reason.AUTH)
    assert verdict.is_throttle


@pytest.mark.parametrize("code", [-1003, -1008, -1015])
def test_throttles_ask_to_wait(code: int) -> None:
    assert judge_order(Answer(status=429, code=code)).is_throttle


def test_refused_clock_does_not_wait() -> None:
    assert not judge_order(Answer(status=400, code=-1021)).is_throttle


@pytest.mark.parametrize(("code", "not_open"), [(-2011, True), (-2013, True), (-1102, False)])
def test_cancel_is_refused_for_an_order_that_is_not_open(code: int, *, not_open: bool) -> None:
    assert is_not_open(Answer(status=400, code=code)) is not_open


def test_only_no_such_order_is_evidence_of_absence() -> None:
    assert is_absent(Answer(status=400, code=-2013))
    assert not is_absent(Answer(status=400, code=-2011))
    assert not is_absent(Answer(status=404))


def test_end_of_a_ban_is_read_from_the_text() -> None:
    text = "Way too many requests; IP banned until 1790000300000. Please use the websocket."
    assert banned_until_ms(text) == 1790000300000
    assert banned_until_ms("Too many requests; current limit is 2400 per minute.") is None


def test_refusal_reads_as_one_line() -> None:
    assert Answer(status=400, code=-2019, text="Margin is insufficient.").words == (
        "HTTP 400 -2019 Margin is insufficient."
    )
    assert Answer(status=502).words == "HTTP 502"
