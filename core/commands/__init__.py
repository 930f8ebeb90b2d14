"""The commands of `python -m core`, one module each; `COMMANDS` in `core.cli` is the list."""
