"""hotwarm says in PORT where a member listens. There is no shell to expand it, so it is read here."""

import os

bind = f"127.0.0.1:{os.environ['PORT']}"
workers = 2
graceful_timeout = 5
