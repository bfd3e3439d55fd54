"""The deliberate bugs that `teeth` plants, and what must catch each of them."""

from tests.simulation.bug import Bug
from tests.simulation.planted_hedger import HEDGER_BUGS
from tests.simulation.planted_later import LATER_BUGS

HEDGE_MODEL = ("tests/property/test_hedge_model.py",)
LEASE_MODEL = ("tests/property/test_lease.py",)
SENDER_MODEL = ("tests/property/test_sender_model.py",)
WIPED = ("tests/simulation/test_wiped.py",)
BUGS = (
    Bug(
        "believe the decision where the venue has proven nothing",
        "services/position_state/exposure/takers.py",
        "        pieces, _ = attribution.consume(bucket.undecided, order.amount * bucket.unit)\n",
        "        pieces, _ = attribution.consume(bucket.lots, order.amount * bucket.unit)\n",
        ("tests/unit/services/position_state/exposure/test_fold.py",),
    ),
    Bug(
        "decode by the payload, whatever the subject names",
        "shared/tandem/messages/facts.py",
        "    if true_subject != subject and not _is_of_former_version(subject, fact):\n",
        "    if true_subject == '':\n",
        ("tests/unit/tandem/messages/test_facts.py",),
    ),
    Bug(
        "nesting as deep as the reader's stack",
        "shared/tandem/messages/codec.py",
        "    if is_nested_too_deep(payload):\n",
        "    if is_nested_too_deep(b''):\n",
        ("tests/unit/tandem/messages/test_codec.py",),
    ),
    Bug(
        "a token as long as its text",
        "shared/tandem/messages/subjects.py",
        "MAX_TOKEN = 400",
        "MAX_TOKEN = 4_000_000",
        ("tests/unit/tandem/messages/test_subjects.py",),
    ),
    Bug(
        "answer a strategy wherever it says",
        "shared/tandem/bus/access/strategy_door.py",
        "            if is_inbox_of(self._strategy, reply):\n",
        "            if reply:\n",
        ("tests/integration/test_access.py",),
    ),
    Bug(
        "answer anybody wherever they say",
        "shared/tandem/bus/nats/bus.py",
        "            if not is_inbox(message.reply):\n",
        "            if not message.reply:\n",
        ("tests/integration/test_hostile_strategy.py",),
    ),
    Bug(
        "log what a strategy asks for in another's name",
        "services/access/admission.py",
        "    if intent.strategy != strategy:\n",
        "    if not strategy:\n",
        ("tests/unit/services/access/test_admission.py",),
    ),
    Bug(
        "let a strategy take the client ids of hedges",
        "services/access/admission.py",
        "        case NewOrder() if is_reserved(intent.client_order_id.lower()):\n",
        "        case NewOrder() if is_reserved(intent.exc):\n",
        ("tests/unit/services/access/test_admission.py",),
    ),
    Bug(
        "take a limit that came after silence for a refusal",
        "shared/tandem/bus/access/bus.py",
        "if not (is_unknown and refused.retryable):",
        "if not (is_unknown and not refused.retryable):",
        ("tests/unit/tandem/bus/access/test_bus.py",),
    ),
    Bug(
        "let a strategy ask for as much as it likes",
        "services/access/allowance.py",
        "        if self._room >= self._cost:\n",
        "        if self._room >= -(2**80):\n",
        ("tests/unit/services/access/test_allowance.py",),
    ),
    Bug(
        "skip the lookup below the fence",
        "shared/tandem/gateway/core/sender.py",
        "        self._tickets[ticket.cloid] = ticket\n        if self.is_open:",
        "        self._tickets[ticket.cloid] = ticket\n        if ticket.seq >= 0:",
        SENDER_MODEL,
    ),
    Bug(
        "absence after one round",
        "shared/tandem/gateway/core/sender.py",
        "ROUNDS = 2\n",
        "ROUNDS = 1\n",
        SENDER_MODEL,
    ),
    Bug(
        "judge valid_for_ms before the doubt is settled",
        "shared/tandem/gateway/core/sender.py",
        "            case Phase.DOUBT:\n                return tuple(self._look_up(ticket, now))\n"
        "            case Phase.READY:\n",
        "            case Phase.DOUBT if ticket.is_valid(now):\n"
        "                return tuple(self._look_up(ticket, now))\n"
        "            case Phase.DOUBT | Phase.READY:\n",
        SENDER_MODEL,
    ),
    Bug(
        "a timeout is a rejection",
        "shared/tandem/gateway/core/sender.py",
        "        ticket.phase, ticket.doubt = Phase.DOUBT, words\n"
        "        ticket.lookup_ns = now.mono_ns\n",
        "        return self._reject(ticket, Refusal(RejectReason.OTHER, 'no answer'))\n",
    ),
    Bug(
        "reuse a nonce",
        "shared/tandem/gateway/core/clocks.py",
        "least = max(self.last_nonce + 1, venue_ms)",
        "least = max(self.last_nonce, venue_ms)",
    ),
    Bug(
        "the lease is believed too long",
        "shared/tandem/gateway/core/lease.py",
        "self._until_ns = self._begun_ns + self._times.ttl_ns - self._times.margin_ns",
        "self._until_ns = self._begun_ns + 3 * self._times.ttl_ns",
        LEASE_MODEL,
    ),
    Bug(
        "propose while gateways have yet to resync",
        "shared/tandem/runtime/fold/runner.py",
        "        if not self._copy.standing.awaited:\n            self._proposer",
        "        if self._proposer is not None:\n            self._proposer",
        ("tests/integration/test_fold_recovery.py",),
    ),
    Bug(
        "propose off the head",
        "shared/tandem/runtime/fold/runner.py",
        "        if entry.pending == 0:\n            self._reached_head()",
        "        if entry.pending >= 0:\n            self._reached_head()",
        ("tests/integration/test_fold_runtime.py",),
    ),
    Bug(
        "a fill counts as often as it is told",
        "shared/tandem/hedging/evidence.py",
        "    if not venue_order.exec_ids.add(fill.exec_id):\n        return False\n",
        "",
        HEDGE_MODEL,
    ),
    Bug(
        "a taker leaves its interval by a doubt",
        "shared/tandem/hedging/evidence.py",
        "        order.in_doubt, order.doubt = True, report.text\n        return\n",
        "        venue_order.ended = True\n        return\n",
    ),
    Bug(
        "no content check of the cursor",
        "shared/tandem/bus/cursor.py",
        "    return not cursor.subject or (stored.subject, stored.ts_ns)"
        " == (cursor.subject, cursor.ts_ns)\n",
        "    return True\n",
    ),
    Bug(
        "apply an older position",
        "services/position_state/holding.py",
        "    if holding.anchor is not None and _is_older(stated, holding.anchor):\n"
        "        return False\n",
        "",
        ("tests/unit/services/position_state", "tests/property/test_position_convergence.py"),
    ),
    Bug(
        "count TRADE_LITE and ORDER_TRADE_UPDATE twice",
        "services/gateway_binance/protocol/reports.py",
        "        ticker=Ticker(event.symbol),\n        exec_id=_exec_id(event.trade_id),\n"
        "        venue_order_id=_oid(event.order_id),\n        side=_side(event.side),\n"
        '        last_qty=positive(event.last_qty, "l"),\n'
        '        last_px=plain(event.last_px, "L"),\n'
        "        source=at.source,\n        ts_event_ns=ns_of_ms(event.time_ms),\n",
        "        ticker=Ticker(event.symbol),\n        exec_id=_exec_id(10**12 + event.trade_id),\n"
        "        venue_order_id=_oid(event.order_id),\n        side=_side(event.side),\n"
        '        last_qty=positive(event.last_qty, "l"),\n'
        '        last_px=plain(event.last_px, "L"),\n'
        "        source=at.source,\n        ts_event_ns=ns_of_ms(event.time_ms),\n",
    ),
    Bug(
        "log a fill that is larger than its order",
        "shared/tandem/gateway/port/soundness.py",
        "        if value is not None and abs(value) > most:\n",
        "        if value is not None and abs(value) > 10**9:\n",
        ("tests/unit/tandem/gateway/shell/venue/test_intake.py",),
    ),
    Bug(
        "believe a time in microseconds",
        "shared/tandem/gateway/port/soundness.py",
        "    latest_ns = min(venue_ns + DAY_NS, MAX_NS) if venue_ns else MAX_NS\n",
        "    latest_ns = 2**90\n",
        ("tests/unit/tandem/gateway/port/test_soundness.py", "tests/fuzz/test_corpus.py"),
    ),
    Bug(
        "name a Hyperliquid trade by its time as well",
        "services/gateway_hyperliquid/protocol/reports.py",
        "        return ExecId(f\"{_oid(fill)}-{id_text(fill.tid, 'tid')}\")\n",
        "        return ExecId(f\"{fill.time}-{_oid(fill)}-{id_text(fill.tid, 'tid')}\")\n",
        ("tests/unit/services/gateway_hyperliquid/protocol/test_reports.py",),
    ),
    Bug(
        "take `filled` as the whole on Hyperliquid",
        "services/gateway_hyperliquid/protocol/reports.py",
        "        return OrderStatus.FILLED if remaining == 0 else OrderStatus.EXPIRED\n",
        "        return OrderStatus.FILLED\n",
    ),
    Bug(
        "wait for ever: a gateway believes that a new log holds its old table",
        "shared/tandem/gateway/shell/service.py",
        "        self._specs.forget()\n",
        "",
        WIPED,
    ),
    Bug(
        "a quick look counts as a thorough round once it is late",
        "shared/tandem/gateway/core/effects.py",
        "        return self.is_thorough and venue_ms > self.past_ms\n",
        "        return venue_ms > self.past_ms\n",
        ("tests/unit/tandem/gateway/core/test_effects.py",),
    ),
    Bug(
        "each copy counts the whole address as its own",
        "shared/tandem/transport/sharing.py",
        "RateLimit(pool, capacity - others, period_ms, replace",
        "RateLimit(pool, capacity, period_ms, replace",
        ("tests/unit/tandem/transport/test_sharing.py",),
    ),
    Bug(
        "each turn looks at every cancel that waits",
        "shared/tandem/gateway/core/cancels.py",
        "        if len(of) <= self._at_a_time:\n",
        "        if len(of) >= 0:\n",
        ("tests/unit/tandem/gateway/core/test_cancels_many.py",),
    ),
    Bug(
        "no room is as large as its dearest request",
        "shared/tandem/transport/priority.py",
        "return grown if sum(grown) <= capacity else units",
        "return units",
        ("tests/unit/tandem/transport/test_priority.py",),
    ),
    Bug(
        "any class may use all the room there is",
        "shared/tandem/transport/rate_limit.py",
        "        return shared + needed <= ceiling\n",
        "        return shared + needed <= self.limit.capacity\n",
        ("tests/unit/tandem/transport/test_rate_limit.py",),
    ),
    Bug(
        "who comes later goes before who waits",
        "shared/tandem/transport/rate_limit.py",
        "        return (self.priority, self.number) < mine\n",
        "        return self.priority > mine[0]\n",
        ("tests/unit/tandem/transport/test_rate_limit.py",),
    ),
    Bug(
        "each question is a request of its own",
        "shared/tandem/gateway/shell/venue/shared_answers.py",
        "            if not answer.done() or",
        "            if answer.cancelled() or",
        ("tests/unit/tandem/gateway/shell/venue/test_shared_answers.py",),
    ),
    Bug(
        "questions wait without bound",
        "shared/tandem/gateway/shell/venue/shared_answers.py",
        "        if self.open >= MOST_OPEN:\n",
        "        if self.open < 0:\n",
        ("tests/unit/tandem/gateway/shell/venue/test_shared_answers.py",),
    ),
    Bug(
        "a backfill waits for ever in silence",
        "shared/tandem/gateway/account/overdue.py",
        "        self._is_told = True\n        self.spells += 1\n        return True\n",
        "        return False\n",
        ("tests/unit/tandem/gateway/account/test_overdue.py",),
    ),
    Bug(
        "who takes over knows nothing of what was sent",
        "shared/tandem/gateway/core/presumed_sends.py",
        "            case NewOrder():\n",
        "            case NewOrder() if not asked.strategy:\n",
        ("tests/unit/tandem/gateway/core/test_presumed_sends.py",),
    ),
    Bug(
        "questions take nonces",
        "shared/tandem/gateway/core/clocks.py",
        "        return Stamp(self.calls, venue_ms, 0, self.window_ms)\n",
        "        self.calls -= 1\n        return self.make(venue_ms)\n",
        ("tests/unit/tandem/gateway/core/test_clocks.py",),
    ),
    Bug(
        "a frozen server is told line by line",
        "shared/tandem/bus/spells.py",
        "        self._gap_ns = min(2 * self._gap_ns, MOST_GAP_NS)\n",
        "",
        ("tests/unit/tandem/bus/test_spells.py",),
    ),
    Bug(
        "fold in what an operator has put aside",
        "shared/tandem/runtime/fold/state.py",
        "        if aside is not None and aside.subject == entry.subject:\n",
        "        if aside is not None and not aside.subject:\n",
        ("tests/unit/tandem/runtime/fold/test_state.py",),
    ),
    Bug(
        "a message that breaks a fold ends its process",
        "shared/tandem/runtime/fold/state.py",
        "            raise UnfoldableError(entry.seq, error) from error\n",
        "            raise\n",
        ("tests/unit/tandem/runtime/fold/test_state.py",),
    ),
    Bug(
        "a flood of bad messages is a flood of alarms",
        "shared/tandem/runtime/fold/passed_over.py",
        "    if family.told_ns is not None and now_ns - family.told_ns < QUIET_NS:\n"
        "        return 0\n",
        "",
        ("tests/unit/tandem/runtime/fold/test_passed_over.py",),
    ),
    Bug(
        "hedge more than a maker is for",
        "shared/tandem/hedging/evidence.py",
        "    return min(sum((_filled(order, one) for one in _each(order)), ZERO), "
        "order.quantity)\n",
        "    return proven(order)\n",
        ("tests/unit/tandem/hedging/test_evidence_excess.py",),
    ),
    Bug(
        "a window that lets nothing go",
        "shared/tandem/runtime/window.py",
        "        return now_ns - block.newest_ns > self._kept_ns"
        " or self._count - block.count >= self._most\n",
        "        return False\n",
        ("tests/unit/tandem/runtime/test_window.py",),
    ),
    Bug(
        "an archive that lets nothing go",
        "shared/tandem/runtime/archive.py",
        "            if self.blocks[number].newest_ns >= before_ns:\n",
        "            if number:\n",
        ("tests/unit/tandem/runtime/test_archive.py",),
    ),
    Bug(
        "every id of an order is kept as its text",
        "shared/tandem/domain/seen_ids.py",
        "        if len(self.newest) >= MOST_NEW:\n",
        "        if not self.newest:\n",
        ("tests/unit/tandem/domain/test_seen_ids.py",),
    ),
    *HEDGER_BUGS,
    *LATER_BUGS,
)
