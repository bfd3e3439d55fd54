"""Hyperliquid perps on localhost: the venue's /info, /exchange and /ws over a matching engine.

It decides everything the venue decides (signer, nonce, rounding, margin, matching, limits) and
answers in the venue's own words. It speaks to no bus: gateways reach it by base URL only.
"""
