"""hotwarm says in PORT where a member listens. There is no shell to expand it, so it is read here.

With `via: socket` the listening sockets are inherited (LISTEN_FDS), and gunicorn takes them by itself.
"""

import os

if "LISTEN_FDS" not in os.environ:
    bind = f"127.0.0.1:{os.environ['PORT']}"
workers = 2
graceful_timeout = 5
