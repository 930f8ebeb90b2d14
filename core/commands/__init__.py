"""The commands of `python -m core`, one module each; `COMMANDS` in `core.commands.cli` is the list."""
