"""What ships for tests: prove on your own service that a deployment loses nothing."""
