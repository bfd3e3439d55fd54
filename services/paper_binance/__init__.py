"""A Binance USDⓈ-M futures exchange on localhost: REST, streams, WebSocket API.

It decides matching, balances and refusals as the venue does; it knows nothing of the OMS.
"""
