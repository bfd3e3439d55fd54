"""hedger: every maker fill of a hedge order is hedged, retried, or shown as owed.

Subjects in: `oms.intent.hedge.*.*`, `oms.hedge.>`, `oms.control.>`, `oms.venue.>` (order, fill,
mark, specs, link).
Subjects out: maker orders and cancels under `oms.intent.<exc>.>`, `oms.hedge.decision.>`,
`oms.hedge.refused.>`, `oms.hedge.timer.>`, `oms.control.rules.*`, `oms.control.alarm.hedger.>`;
deltas `hedges.>`.
Answers: `tandem.page.hedges`.
"""
