"""What must be known while only the demo, or only its models, are here."""

from __future__ import annotations

from pages.shared.stored import StoredPairs

DEMO = ":small[:gray-badge[Demo data] Drawn images and two tiny models, to try everything without a download.]"
GUESSING = (
    ":small[:orange-badge[Demo models] They know drawn images only: on photographs they do no better than chance. "
    "Add real CLIP models under Data & models.]"
)


def demo_note(stored: StoredPairs) -> str:
    """A tag while only the demo's models are here; "" otherwise."""
    if all(d.startswith("demo-") for d in stored.datasets):
        return DEMO
    return GUESSING if all(m.startswith("demo-") for m in stored.models) else ""
