"""Resolves each argument and prints "name: address ..." or "name: absent"."""
import socket
import sys

for name in sys.argv[1:]:
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
        print(f"{name}:", *[address[0] for *_, address in found])
    except socket.gaierror as error:
        print(f"{name}:", "absent" if error.errno == socket.EAI_NONAME else error)
