"""`python -m changeover.adapters.router.envoy.agent --state DIR`."""

import sys

from changeover.adapters.router.envoy.agent.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
