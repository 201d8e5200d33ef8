# Stands for the service manager: binds a datagram socket and prints what it is told, one message a line as JSON.
import json
import socket
import sys

receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
print(json.dumps(["bound"]), flush=True)
while True:
    print(json.dumps(receiver.recv(65536).decode().split("\n")), flush=True)
