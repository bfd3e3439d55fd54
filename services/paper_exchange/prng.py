"""A small generator of pseudo-random numbers: the same seed gives the same numbers anywhere."""

_MASK = (1 << 64) - 1


class Prng:
    """SplitMix64 (Steele, Lea and Flood, 2014): one 64-bit state, one output a step."""

    def __init__(self, seed: int) -> None:
        self._state = seed & _MASK

    def next(self) -> int:
        """The next 64 bits."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return mixed ^ (mixed >> 31)

    def between(self, lowest: int, highest: int) -> int:
        """A whole number in a range, both ends included."""
        return lowest + self.next() % (highest - lowest + 1)

    def percent(self, chance: int) -> bool:
        """True in about `chance` of a hundred calls."""
        return self.next() % 100 < chance
