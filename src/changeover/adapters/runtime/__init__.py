"""How a replica lives on a host."""
