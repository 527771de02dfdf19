#!/bin/sh
# Installs the three servers the tests run on, on Debian and its kin: `sh test/servers/install.sh`,
# as root (prosody-modules has the login by client certificate). Does nothing where they are there already; no service is started.
set -eu

missing=
for package in prosody prosody-modules ejabberd jabberd2; do
  dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
[ "$(id -u)" = 0 ] || { echo "only root can install$missing" >&2; exit 1; }

# Debian starts a service when its package is installed, on standard ports, unless this file objects.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi

export DEBIAN_FRONTEND=noninteractive
# Without a network, or while somebody else installs, this must end by itself.
bounds="-o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 -o DPkg::Lock::Timeout=60"
apt-get update -qq $bounds
# One call, so that their common dependencies are looked at once. They are words, hence no quotes.
apt-get install -y -qq $bounds --no-install-recommends $missing
