"""position-state: the one record of every position, and of what is filled and not hedged.

Subjects in: `oms.venue.>` (order, fill, position, mark, specs), `oms.intent.hedge.>`,
`oms.hedge.>`, `oms.control.rules.>`; it hears `tandem.presence.hedger`.
Subjects out: `positions.>` deltas; mismatches, what is naked for too long, and that no hedger is
there, as alarms under `oms.control.alarm.position-state.>`.
Answers: `tandem.page.positions`, `tandem.page.exposure`.
"""
