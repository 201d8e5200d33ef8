#!/bin/sh
# Runs nginx on the member's PORT. It needs no root and writes to ./.nginx only; its log is the member's.
set -eu
cd "$(dirname "$0")"
PATH=$PATH:/usr/sbin
command -v nginx >/dev/null || {
  echo 'serve.sh: nginx is not installed: apt install nginx' >&2
  exit 1
}
run=$PWD/.nginx/$PORT
mkdir -p "$run"
# If root starts it, its workers run as the owner of this folder.
user=''
[ "$(id -u)" -ne 0 ] || user="user $(stat -c '%U %G' .);"
sed -e "s|@PORT@|$PORT|" -e "s|@PUBLIC@|$PWD/public|" -e "s|@USER@|$user|" nginx.conf >"$run/nginx.conf"
# The process that hotwarm started becomes nginx, so its exit is the member's exit.
exec nginx -p "$run" -c nginx.conf -e stderr
