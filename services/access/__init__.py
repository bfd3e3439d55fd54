"""access: the one service that a strategy may speak to, where the bus has users.

It logs what a strategy asks for if that is the strategy's own to ask, reads for it what it needs,
and passes its questions on; each within bounds that are named when they are reached. No answer of
it goes anywhere but to the inbox of the strategy that asked.

Subjects in: `access.<strategy>.>`, on a connection for each strategy, so that nobody waits behind
another's flood.
Subjects out: `oms.intent.*.<strategy>.>`, `oms.control.stop.<strategy>.*`; questions to
`tandem.page.*` and `tandem.ask.*`; who lives (`tandem.alive`, heard as well); alarms under
`oms.control.alarm.access.>`.
"""
