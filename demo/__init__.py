"""A local stand-in for the services, with footage of its own: for the demo and for the tests."""
