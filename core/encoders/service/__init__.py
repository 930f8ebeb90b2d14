"""The process that keeps text encoders warm: what is spoken with it, its client, and encoding without it."""
