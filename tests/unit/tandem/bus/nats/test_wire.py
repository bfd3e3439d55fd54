import pytest

from tandem.bus.nats.wire import Delivery, Verdict, delivery, publish_answer, time_ns

TAKEN = (
    b'{"error":{"code":503,"err_code":10077,"description":"maximum messages per subject exceeded"},'
    b'"stream":"OMS","seq":0}'
)
FULL = (
    b'{"error":{"code":503,"err_code":10077,"description":"maximum messages exceeded"},'
    b'"stream":"OMS","seq":0}'
)


def test_a_sequence_means_stored() -> None:
    answer = publish_answer(b'{"stream":"OMS","seq":7}', None)

    assert (answer.verdict, answer.seq) == (Verdict.STORED, 7)


def test_a_taken_subject_is_known_by_code_and_text() -> None:
    assert publish_answer(TAKEN, None).verdict is Verdict.TAKEN


@pytest.mark.parametrize(
    "payload",
    [
        FULL,
        b'{"error":{"code":503,"err_code":10023,"description":"insufficient resources"}}',
        b'{"error":{"code":400,"err_code":1,"description":"maximum messages per subject"}}',
        b'{"stream":"OMS"}',
        b"not json",
        b"",
    ],
)
def test_everything_else_is_not_stored(payload: bytes) -> None:
    assert publish_answer(payload, None).verdict is Verdict.NOT_STORED


def test_a_status_means_that_no_stream_listens() -> None:
    answer = publish_answer(b"", "503")

    assert answer.verdict is Verdict.NOT_STORED
    assert "503" in answer.text


def test_a_message_over_the_streams_limit_is_too_large() -> None:
    payload = b'{"error":{"code":400,"err_code":10054,"description":"message size exceeds"}}'

    assert publish_answer(payload, None).verdict is Verdict.TOO_LARGE


def test_a_publish_that_names_an_older_message_is_told_that_it_was_replaced() -> None:
    payload = b'{"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 7"}}'

    assert publish_answer(payload, None).verdict is Verdict.REPLACED


def test_the_short_form_of_a_delivery_subject() -> None:
    place = delivery("$JS.ACK.OMS.consumer.1.42.7.1700000000123456789.3")

    assert place == Delivery(42, 7, 1700000000123456789, 3)


@pytest.mark.parametrize("end", ["", ".token"])
def test_the_long_form_of_a_delivery_subject(end: str) -> None:
    place = delivery(f"$JS.ACK._.hash.OMS.consumer.1.42.7.1700000000123456789.3{end}")

    assert place == Delivery(42, 7, 1700000000123456789, 3)


def test_another_reply_subject_is_no_delivery() -> None:
    assert delivery("_INBOX.abc") is None
    assert delivery("") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:01Z", 1_000_000_000),
        ("1970-01-01T00:00:01.5Z", 1_500_000_000),
        ("1970-01-01T00:00:01.000000001Z", 1_000_000_001),
        ("1970-01-01T01:00:01.25+01:00", 1_250_000_000),
    ],
)
def test_times_keep_their_nanoseconds(text: str, expected: int) -> None:
    assert time_ns(text) == expected


def test_what_is_no_time_is_an_error() -> None:
    with pytest.raises(ValueError, match="Invalid isoformat"):
        time_ns("yesterday")
