"""A part of the cache as one file: vectors, text vectors, cards, results and small pictures, for another machine.

`export` writes it, `install` takes it into a cache; `listing` says what may be in it. The file is a plain zip without
compression, so that it cannot unpack to more than it is, with every file's size and SHA-256 in its first member.
"""

from core.bundle.export import BundleChoice, ExportReport, export
from core.bundle.install import ImportReport, install

__all__ = ["BundleChoice", "ExportReport", "ImportReport", "export", "install"]
