"""The names that a client makes up: random, made once a call and kept over its retries."""

import secrets

from tandem.domain.ids import CLOID_HEX_DIGITS, STRATEGY_TAG, ClientOrderId, Token

TOKEN_BYTES = 10


def rand_token() -> Token:
    """Return the 80 random bits that name one call over all its retries."""
    return Token(secrets.token_hex(TOKEN_BYTES))


def rand_cloid() -> ClientOrderId:
    """Return a client id that is legal on every venue, and never one of a hedge's own."""
    digits = CLOID_HEX_DIGITS - len(STRATEGY_TAG)
    return ClientOrderId(f"0x{STRATEGY_TAG}{secrets.token_hex(digits // 2)}")
