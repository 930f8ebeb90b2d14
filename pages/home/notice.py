"""What must be known before the numbers are read, while only the demo is here."""

from __future__ import annotations

from pages.shared.stored import StoredPairs

DEMO = (
    "These are **generated pictures** and two tiny models trained for this project, so that everything works "
    "without a download. A small convolutional network learns faster from few pictures than a transformer; "
    "among real CLIP models it is the other way round. For real photographs, bring weights and data in the "
    "library."
)
GUESSING = (
    "Only the two tiny **demo models** are here, which know nothing but generated pictures: on photographs they "
    "guess. Bring real CLIP weights in the library."
)


def demo_notice(stored: StoredPairs) -> str:
    """What must be known before these numbers are read, while only the demo is here; "" otherwise."""
    if all(d.startswith("demo-") for d in stored.datasets):
        return DEMO
    return GUESSING if all(m.startswith("demo-") for m in stored.models) else ""
