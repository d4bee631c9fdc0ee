"""`python -m changeover`: the command line, where the `changeover` script is not on the PATH."""

from changeover.interfaces.cli.main import main

main()
