"""Hyperliquid perps on localhost: the venue's /info, /exchange and /ws over a matching engine.

It decides everything the venue decides (signer, nonce, rounding, margin, matching, limits) and
answers in the venue's own words. It speaks to no bus: gateways reach it by base URL only.

Public test keys, so that everything works without configuration: the account
0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a (private key 0x11 repeated 32 times) holds 1,000,000
USDC and has approved the agent 0x1563915e194d8cfba1943570603f7606a3115508 (0x22 repeated).
Rules that the venue's documentation leaves open are fields of config.Settings; the variable
PAPER_HYPERLIQUID_RULES replaces any of them, as a JSON object.
"""
