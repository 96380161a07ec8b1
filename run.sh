#!/usr/bin/env bash
# Sets up everything and does the main job: builds slm, gets two models, lets both speak, compares them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source tools/setup/setup.sh

case "${1:-}" in -h | --help) say setup.run_usage; exit 0 ;; esac
budget=5m
if [ "${1:-}" = --budget ] && [ $# -ge 2 ]; then budget=$2; shift 2; fi
if [ $# -ne 0 ] && [ $# -ne 2 ]; then say setup.run_usage >&2; exit 2; fi
a=${1:-smollm2:135m}
b=${2:-gemma3:270m-base}
slm=build/slm

step 1 6 setup.packages
install_packages build
step 2 6 setup.build
build release slm
say setup.built "$slm"

step 3 6 setup.models
"$slm" pull "$a"
# A licence that is not agreed to, or a model that cannot be had, leaves the first to be shown alone.
both=yes
if ! "$slm" pull "$b"; then
  both=
  case "$b" in gemma*) say setup.license_declined "$b" ;; *) say setup.no_second "$b" "$a" ;; esac
fi

step 4 6 setup.answer "$a"
"$slm" run "$a" --verbose --max-tokens 96 --temperature 0 "What is a small language model good for? Answer in two sentences."
if [ -n "$both" ]; then
  step 5 6 setup.continuation "$b"
  "$slm" run "$b" --verbose --raw --max-tokens 64 --temperature 0.7 --seed 1 "春天来了，公园里的花都开了，"
fi
printf '\n'
say setup.audit
"$slm" audit --summary
if [ -n "$both" ]; then
  step 6 6 setup.compare "$a" "$b"
  "$slm" compare "$a" "$b" --budget "$budget" --yes
fi
printf '\n'
say setup.done "$a"
