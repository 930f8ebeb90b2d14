"""The parts of a report, one file a study, named after its kind: each has a `PART`."""
