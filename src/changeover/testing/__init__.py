"""Shipped test equipment: fakes of every port, time that can be made up, a load generator."""
