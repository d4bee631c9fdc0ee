"""The service's file: models, loading, problems with their place."""
