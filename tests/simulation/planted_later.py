"""The deliberate bugs that the later faults of the simulation must catch."""

from tests.simulation.bug import Bug

LATER = "tests/simulation/test_later_faults.py::"
LATER_BUGS = (
    Bug(
        "an order that an exchange took before it restarted is sent again",
        "shared/tandem/gateway/core/sender.py",
        "        return self._doubt(ticket, now, why)\n",
        "        self._make_ready(ticket)\n        return ()\n",
        (f"{LATER}test_exchanges_that_restart_with_an_order_in_hand_keep_their_books",),
    ),
    Bug(
        "the orders of a dead strategy rest",
        "shared/tandem/gateway/core/dead_strategies.py",
        "        if tether is None or self._silent_ms(tether.strategy) < tether.after_ms:\n",
        "        if tether is None or tether.after_ms:\n",
        (f"{LATER}test_the_orders_of_a_dead_strategy_go",),
    ),
    Bug(
        "orders that are to be kept go with their strategy",
        "shared/tandem/gateway/core/dead_strategies.py",
        "        after_ms, cloid = order.disconnect_after_ms, order.client_order_id\n",
        "        after_ms, cloid = order.disconnect_after_ms or 1_000, order.client_order_id\n",
        (f"{LATER}test_orders_that_are_kept_outlive_their_strategy",),
    ),
    Bug(
        "a code that no table lists leaves the outcome open",
        "services/gateway_binance/protocol/errors.py",
        "    return _unlisted(answer) or _by_text(answer.status, text)\n",
        "    return _by_text(answer.status, text)\n",
        (f"{LATER}test_a_refusal_that_no_table_lists_is_a_refusal",),
    ),
    Bug(
        "words that no table lists leave the outcome open",
        "services/gateway_hyperliquid/protocol/errors.py",
        "    kind = REJECTED if text.strip() and _OPEN.search(text) is None else UNKNOWN\n",
        "    kind = UNKNOWN\n",
        (f"{LATER}test_a_refusal_that_no_table_lists_is_a_refusal",),
    ),
    Bug(
        "what a venue closes is owed to the hedges there",
        "services/hedger/fold/external.py",
        '    has_order = fill.venue_order_id not in {"", "0"}\n',
        '    has_order = fill.venue_order_id not in {"", "0"}\n'
        "    for bucket in state.buckets.values():\n"
        "        if (bucket.exc, bucket.ticker) == (fill.exc, fill.ticker):\n"
        "            bucket.target -= fill.signed_qty * bucket.unit\n",
        (f"{LATER}test_what_a_venue_closes_moves_the_position_and_no_hedge",),
    ),
)
