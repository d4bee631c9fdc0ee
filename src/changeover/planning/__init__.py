"""Pure functions over plans: made, proved safe, led back, held against the world, put in words."""
