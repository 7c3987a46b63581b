"""How the distances of one encoder read: as a likeness in per cent, and what is known of its threshold beforehand."""

from __future__ import annotations

import math
from dataclasses import dataclass

LARGEST_EXPONENT = 700.0
"""Beyond it `math.exp` overflows."""


@dataclass(frozen=True)
class EncoderScale:
    """Constants that belong to an encoder, not to a run.

    Attributes:
        prior: the distance at which its faces become unknown, where no data says otherwise.
        weight: of how many people's data the prior is worth; 0 where the prior says nothing.
        centre: the distance whose likeness is 50 %.
        width: the distance over which the odds of the likeness change by a factor of e.
    """

    prior: float
    weight: float
    centre: float
    width: float

    def likeness(self, distance: float) -> float:
        """0 to 100 %, falling with the distance. A display scale: it is not a probability.

        >>> scale = EncoderScale(0.56, 6, 0.56, 0.03)
        >>> [round(scale.likeness(distance)) for distance in (0.4, 0.53, 0.56, 0.6, 9e9)]
        [100, 73, 50, 21, 0]
        """
        steps = (distance - self.centre) / self.width
        return 100 / (1 + math.exp(steps)) if steps < LARGEST_EXPONENT else 0.0

    def distance(self, likeness: float) -> float:
        """The distance of a likeness: infinite for 0, minus infinite for 100; raises ValueError outside 0 to 100.

        >>> round(EncoderScale(0.56, 6, 0.56, 0.03).distance(73.1), 2)
        0.53
        """
        if not 0 <= likeness <= 100:
            raise ValueError(f"a likeness lies between 0 and 100 %, {likeness:g} does not")
        if likeness in (0, 100):
            return math.inf if likeness == 0 else -math.inf
        return self.centre + self.width * math.log(100 / likeness - 1)
