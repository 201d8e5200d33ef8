"""A small Flask service. Which member answers is part of the answer, so that a takeover can be seen."""

import os

from flask import Flask, jsonify, request

app = Flask(__name__)
member = os.environ.get("HOTWARM_MEMBER", "alone")


@app.get("/")
def index():
    return jsonify(member=member, pid=os.getpid())


@app.post("/")
def echo():
    return request.get_data(), 200, {"content-type": "application/octet-stream"}


@app.get("/healthz")
def healthz():
    return "ok\n"
