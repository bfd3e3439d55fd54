"""Units of time, and the exact numbers nought and one."""

from decimal import Decimal
from typing import Final

NS_PER_US: Final = 1_000
NS_PER_MS: Final = 1_000_000
NS_PER_S: Final = 1_000_000_000
NS_PER_MINUTE: Final = 60 * NS_PER_S
NS_PER_DAY: Final = 86_400 * NS_PER_S
MS_PER_S: Final = 1_000
MS_PER_MINUTE: Final = 60_000

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
