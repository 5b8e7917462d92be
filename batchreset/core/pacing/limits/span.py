"""When something happened, or how long it takes, as far as it is known: not before, and not after."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """From the least to the most that it can be."""

    least_seconds: float
    most_seconds: float

    def holds(self, seconds: float, *, slack_seconds: float = 0.0) -> bool:
        return self.least_seconds - slack_seconds <= seconds <= self.most_seconds + slack_seconds

    def meets(self, other: "Span", *, slack_seconds: float = 0.0) -> bool:
        """Whether both can be true."""
        return (
            self.least_seconds <= other.most_seconds + slack_seconds
            and other.least_seconds <= self.most_seconds + slack_seconds
        )

    def narrowed(self, other: "Span") -> "Span":
        """What both allow; of two that only nearly meet, what lies between them."""
        least = max(self.least_seconds, other.least_seconds)
        most = min(self.most_seconds, other.most_seconds)
        return Span(min(least, most), max(least, most))

    def earlier(self, other: "Span") -> "Span":
        """The first of two moments."""
        return Span(
            min(self.least_seconds, other.least_seconds),
            min(self.most_seconds, other.most_seconds),
        )

    def since(self, moment_seconds: float) -> "Span":
        """How long after that moment."""
        return Span(self.least_seconds - moment_seconds, self.most_seconds - moment_seconds)
