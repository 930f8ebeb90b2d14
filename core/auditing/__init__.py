"""From the engine and from people's own files to the audit's cases."""
