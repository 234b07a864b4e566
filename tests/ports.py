"""Ports for servers of tests."""
import random
import socket


def free_port():
    """Below those that the kernel gives to clients, so that none of these, of whatever test,
    takes it before the server does, or while it is away."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
