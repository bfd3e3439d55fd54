from tandem.bus.nats.counters import BusCounters
from tandem.runtime.bus_metrics import watch_bus
from tandem.runtime.metrics import Column, Metrics


def test_metrics_are_named_and_labelled() -> None:
    metrics = Metrics()
    metrics.counter("orders", "orders sent", ["exc"]).labels("binance").inc(2)
    metrics.gauge("owed", "what is owed").set(3)
    metrics.seconds("ack", "time to ack").observe(0.01)

    page = metrics.page().decode()

    assert 'tandem_orders_total{exc="binance"} 2.0' in page
    assert "tandem_owed 3.0" in page
    assert "tandem_ack_count 1.0" in page


def test_asking_twice_gives_the_same_metric() -> None:
    metrics = Metrics()

    assert metrics.counter("a", "x") is metrics.counter("a", "x")
    assert metrics.gauge("b", "x") is metrics.gauge("b", "x")
    assert metrics.seconds("c", "x") is metrics.seconds("c", "x")


def test_the_buss_own_numbers_are_read_at_each_scrape() -> None:
    metrics, counters = Metrics(), BusCounters()
    watch_bus(metrics, counters, lambda: 4)
    counters.stored = 5

    page = metrics.page().decode()

    assert "tandem_bus_stored 5.0" in page
    assert "tandem_bus_backlog 4.0" in page


def test_a_column_shows_the_rows_that_there_are_at_each_scrape() -> None:
    metrics, rows = Metrics(), {("binance",): 2.5}
    metrics.column(Column("owed", "what is owed", ("exc",), rows.items))

    assert 'tandem_owed{exc="binance"} 2.5' in metrics.page().decode()

    rows.clear()
    assert "binance" not in metrics.page().decode()
