"""Data in buckets and on web servers, against servers on this machine."""
