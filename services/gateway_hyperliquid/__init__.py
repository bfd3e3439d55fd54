"""The Hyperliquid gateway: intents and decisions of its account in, reports of the venue out.

Reads `oms.intent.<exc>.>` and `oms.hedge.decision.<exc>.>`, logs `oms.venue.<exc>.>`, answers
`tandem.ask.<exc>` and publishes `marks.<exc>.>`. It alone holds the account's agent key.
"""
