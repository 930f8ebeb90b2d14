"""`python -m core.worker`, as services and earlier versions start it; the worker itself is `core.work.worker`."""

from __future__ import annotations

import sys

from core.work.worker import main

if __name__ == "__main__":
    sys.exit(main())
