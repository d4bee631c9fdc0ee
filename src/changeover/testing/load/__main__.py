"""`python -m changeover.testing.load`."""

import sys

from changeover.testing.load.cli import main

sys.exit(main())
