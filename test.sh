#!/usr/bin/env bash
# Sets up everything and passes every test: release (each instruction set), ARM kernels by emulation, sanitizers, threads, fuzzing, real weights.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source tools/setup/setup.sh

case "${1:-}" in -h | --help) say setup.test_usage; exit 0 ;; esac
started=$SECONDS
failed=()
steps=10

# run_ctest NAME PRESET_DIR ARGS...: prints ctest's own closing lines; remembers a failure and goes on.
run_ctest() {
  local name=$1 dir=$2
  shift 2
  ctest --test-dir "$dir" --output-on-failure --no-tests=error -j 2 "$@" >"$log_dir/ctest-$name.log" 2>&1 || failed+=("$name")
  grep -E 'Failed|\*\*\*|tests passed|Skipped' "$log_dir/ctest-$name.log" | head -n 60 || true
  if [[ " ${failed[*]-} " == *" $name "* ]]; then tail -n 60 "$log_dir/ctest-$name.log"; fi
}

step 1 $steps setup.packages
install_packages test
step 2 $steps setup.build
build release
say setup.built build/slm

step 3 $steps setup.weights
export SLM_ACCEPT_LICENSE=gemma
export SLM_HOME=$root/build/test-home
build/slm pull smollm2:135m
build/slm pull gemma3:270m-base
mkdir -p build/test-weights
for pair in smollm2:135m=smollm2-135m gemma3:270m-base=gemma3-270m; do
  path=$(build/slm show "${pair%%=*}" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["path"])')
  ln -sf "$path" "build/test-weights/${pair##*=}.gguf"
done
weights=$root/build/test-weights
export SLM_TEST_WEIGHTS=$weights

step 4 $steps setup.tests release
run_ctest release build
step 5 $steps setup.tests "SLM_ISA=scalar"
# Scripts try the program, not its kernels: once is enough.
SLM_ISA=scalar SLM_TEST_SHORT=1 run_ctest scalar build -LE 'slow|script'

step 6 $steps setup.tests "aarch64, qemu-user"
build aarch64
# A processor for each table of theirs, and one that has but scalar's.
for cpu in max=neoni8mm cortex-a76=neondot cortex-a72=scalar; do
  say setup.emulated "${cpu%%=*}" "${cpu##*=}"
  QEMU_CPU=${cpu%%=*} SLM_TEST_BEST_ISA=${cpu##*=} run_ctest "aarch64-${cpu%%=*}" build-aarch64
done

# The sanitizers run on tiny models; real weights would take hours under them.
unset SLM_TEST_WEIGHTS
step 7 $steps setup.tests "address, undefined"
build asan
# What waits for servers and clocks has its own tests of the same parts, which do not.
run_ctest asan build-asan -LE 'slow|timed'
step 8 $steps setup.tests "thread"
build tsan base_test engine_test hub_test model_test
run_ctest tsan build-tsan -R 'ThreadPool|Team|Engine|HeadScreenChoice|HeadScreenStages.TiesGo|SeveralSources'

step 9 $steps setup.fuzz 20
build fuzz fuzz_gguf fuzz_jinja fuzz_tokenizer fuzz_yaml fuzz_answers fuzz_data_records fuzz_hub
for target in gguf jinja tokenizer yaml answers data_records hub; do
  mkdir -p "build-fuzz/corpus-$target"
  if "build-fuzz/tests/fuzz/fuzz_$target" -max_total_time=20 -timeout=10 -rss_limit_mb=4096 "build-fuzz/corpus-$target" \
    "tests/fuzz/corpus/$target" >"$log_dir/fuzz-$target.log" 2>&1; then say setup.fuzzed "$target" 20
  else failed+=("fuzz-$target"); tail -n 40 "$log_dir/fuzz-$target.log"; fi
done

step 10 $steps setup.oracles
export SLM_TEST_WEIGHTS=$weights
# 20,000 texts a vocabulary here; without --count it compares 100,000.
tests/scripts/oracles.sh --count 20000 || failed+=("oracles")

minutes=$(((SECONDS - started + 59) / 60))
printf '\n'
if [ ${#failed[@]} -gt 0 ]; then fail setup.some_failed "${failed[*]}"; fi
say setup.all_passed "$minutes"
