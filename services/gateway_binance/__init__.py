"""Binance USDⓈ-M futures: intents and decisions in, what the venue was seen to do out.

In: `oms.intent.<exc>.>`, `oms.hedge.decision.<exc>.>`, `tandem.ask.<exc>`.
Out: `oms.venue.<exc>.>`, `marks.<exc>.>`.
"""
