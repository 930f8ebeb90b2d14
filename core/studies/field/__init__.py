"""Published figures of the field (`core.catalog.field`): who leads, at what cost, and where a figure of one's own is.

Plain functions of the published tables; only `own` looks at what was measured here.
"""
