"""The command line: the one door that knows every room; it holds no rules of its own."""
