from services.paper_binance.exchange.audit_log import KEPT_COUNT, AuditLog
from services.paper_exchange.engine.orders import ExecId

FILL = ExecId(7)


def test_first_writing_time_stays() -> None:
    log = AuditLog()
    log.written(FILL, 10)

    log.written(FILL, 20)

    assert log.written_ns(FILL) == 10


def test_clear_forgets() -> None:
    log = AuditLog()
    log.written(FILL, 10)

    log.clear()

    assert (log.written_ns(FILL), list(log.requests)) == (None, [])


def test_oldest_writing_time_is_dropped_when_there_are_too_many() -> None:
    log = AuditLog()
    for number in range(KEPT_COUNT + 1):
        log.written(ExecId(number), number)

    assert (log.written_ns(ExecId(0)), log.written_ns(ExecId(1))) == (None, 1)
