"""The same in Python, with threads that wait in accept: hence `blocking: true` in the configuration."""

import json
import os
import socket
import threading

answer = json.dumps({"member": os.environ["HOTWARM_MEMBER"], "pid": os.getpid()}).encode()
head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"


def reply(client):
    with client:
        if client.recv(4096):
            client.sendall(head % len(answer) + answer)


def serve(fd):
    listener = socket.socket(fileno=fd)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=reply, args=(client,)).start()


*shared, own = range(3, 3 + int(os.environ["LISTEN_FDS"]))
threading.Thread(target=serve, args=(own,)).start()  # Probes of this member.
os.fdopen(int(os.environ["HOTWARM_ACTIVATE_FD"])).readline()  # Waits for the activation.
for fd in shared:
    threading.Thread(target=serve, args=(fd,)).start()
