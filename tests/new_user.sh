#!/usr/bin/env bash
# A new user's first minutes: a fresh clone and a fresh home, and the README's commands alone.
set -euo pipefail
here="$(cd "$(dirname "$0")/.." && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
# The user's package index settings are the machine's; everything else of the home folder is new.
export HOME="$work/home" XDG_CACHE_HOME="$work/cache"
mkdir -p "$HOME"
unset DIABOLO_DATA
# Called by make, this would be a make within a make, which prints lines of its own.
unset MAKEFLAGS MAKELEVEL MFLAGS
git clone --quiet "$here" "$work/diabolo"
cd "$work/diabolo"
make demo | tee "$work/demo.log"
run="$(tail -n 1 "$work/demo.log")"
test -s "$run/report.html"
test -s "$run/model/model.json"
export PATH="$PWD/.venv/bin:$PATH"
diabolo
diabolo recipes
diabolo datasets
diabolo doctor
diabolo info "$run"
diabolo encode "$run" digits --out codes.csv
diabolo decode "$run" codes.csv --out rows.npy
diabolo reconstruct "$run" digits --out rows.parquet
diabolo sample "$run" -n 25 --out new.png
diabolo score "$run" digits --out errors.csv
diabolo evaluate "$run"
test -s codes.csv -a -s rows.npy -a -s rows.parquet -a -s new.png -a -s errors.csv
if diabolo fit no-such-data; then
  echo "a missing data set was not refused" >&2
  exit 1
fi
echo "a new user gets through"
