#!/bin/sh
# Prepare this clone for `docker compose`: a project name of its own, and two passwords in files.
# What is there already stays as it is, so it may be run again.
set -eu
cd "$(dirname "$0")/.."

random() { od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }

# secrets/ is closed to other users of this machine. The files in it are not: in a container, the users of broker and
# Lineup are others than you, and each is given the one file that it needs.
mkdir -p secrets
chmod 700 secrets
for name in broker_password flower_password; do
  test -s "secrets/$name" || random 24 > "secrets/$name"
  chmod 644 "secrets/$name"
done

# two clones on one machine are two deployments, with containers, networks, volumes and images of their own
test -e .env || cp .env.example .env
grep -q '^COMPOSE_PROJECT_NAME=.' .env || {
  sed '/^COMPOSE_PROJECT_NAME=/d' .env > .env.new
  echo "COMPOSE_PROJECT_NAME=lineup-$(random 4)" >> .env.new
  mv .env.new .env
}
echo "Ready: $(grep '^COMPOSE_PROJECT_NAME=' .env), passwords in secrets/. Then: docker compose build"
