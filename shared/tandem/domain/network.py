"""Which world a desk trades in: none of another's facts or orders may ever reach it."""

from enum import StrEnum


class Network(StrEnum):
    """Real money, a venue's own test network, or the paper exchanges."""

    LIVE = "live"
    TESTNET = "testnet"
    PAPER = "paper"
