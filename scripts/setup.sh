#!/bin/sh
# Installs what a checkout needs: npm's packages, the pinned Node among them, and the Debian packages
# named as arguments. What is there already is not fetched again.
set -eu
cd "$(dirname "$0")/.."

install_debian() {
  missing=''
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    echo "setup: these Debian packages are missing:$missing" >&2
    echo "why:  only root may install them" >&2
    echo "fix:  sudo apt-get install$missing" >&2
    exit 1
  fi
  echo "setup: installing Debian packages:$missing"
  # Debian starts a service as soon as it is installed; here they are run as they are needed.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  apt-get update -qq
  # shellcheck disable=SC2086 # one word for each package
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

command -v npm >/dev/null 2>&1 || install_debian nodejs npm
if [ ! -x node_modules/.bin/node ] || [ package-lock.json -nt node_modules/.setup-done ]; then
  echo 'setup: installing npm packages (npm ci)'
  npm ci --no-fund --no-audit --loglevel=error
  node_modules/.bin/node --version >/dev/null
  touch node_modules/.setup-done
fi
[ "$#" -eq 0 ] || install_debian "$@"
