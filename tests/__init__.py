"""The tests of ConnectHub."""
