"""position-state: the one record of every position.

Subjects in: `oms.venue.>` (fill, position, specs), `oms.hedge.timer.>`.
Subjects out: `positions.>` deltas; mismatches as alarms under `oms.control.alarm.position-state.>`.
Answers: `tandem.page.positions`.
"""
