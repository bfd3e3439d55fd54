"""order-state: the one record of every order, live and ended.

Subjects in: `oms.intent.>`, `oms.venue.>` (order, fill, fillcost, refused, specs),
`oms.hedge.decision.>`.
Subjects out: `orders.>` and `fills.>` deltas; alarms under `oms.control.alarm.order-state.>`.
Answers: `tandem.page.orders`, `tandem.page.fills`, `tandem.page.order-history`.
"""
