#!/bin/sh
# Process 1 of namespaces of its own: systemd as its package ships it, with the units of the folder $1 and nothing
# else of this machine. What the units keep in /var is gone with it.
set -eu
mount --make-rprivate /
for directory in /run /var/cache /var/lib; do mount -t tmpfs none "$directory"; done
mkdir /run/none
export container=test SYSTEMD_UNIT_PATH="$1" SYSTEMD_GENERATOR_PATH=/run/none SYSTEMD_ENVIRONMENT_GENERATOR_PATH=/run/none
exec /lib/systemd/systemd --system --unit=test.target --log-target=null --show-status=no
