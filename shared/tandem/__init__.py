"""Tandem: order management for orders whose legs move together.

`from tandem import OMS` is what a strategy imports. It is loaded on first use, so that the
pure parts of the library can be imported without the bus client.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tandem.client.oms import OMS

__all__ = ["OMS"]


def __getattr__(name: str) -> object:
    if name != "OMS":
        raise AttributeError(f"module 'tandem' has no attribute {name!r}")
    from tandem.client.oms import OMS as found  # noqa: PLC0415, N811 (loaded on first use)

    return found
