"""The faces: configuration, command line, Python calls; and the wiring behind them."""
