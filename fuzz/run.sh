#!/bin/sh
# fuzz/run.sh SECONDS [TARGET...]: runs each target (by default all of them) for SECONDS; fails when a target finds a
# defect, or ends early.
set -eu

usage='usage: fuzz/run.sh SECONDS [TARGET...]'
seconds=${1:?$usage}
shift
case $seconds in '' | *[!0-9]*) echo "$usage" >&2; exit 2 ;; esac

cd "$(dirname "$0")"
all=
[ $# -gt 0 ] || all=yes
[ $# -gt 0 ] || set -- client-adversary dialects frame link receiver ring sender server-adversary

PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
command -v cargo-fuzz >/dev/null || cargo install cargo-fuzz --locked

# The fuzzer's instrumentation is a nightly flag. RUSTC_BOOTSTRAP makes stable accept it, so nightly is not required.
if cargo +nightly --version >/dev/null 2>&1; then
    fuzz() { cargo +nightly fuzz "$@"; }
else
    fuzz() { RUSTC_BOOTSTRAP=1 cargo fuzz "$@"; }
fi

# The fuzzer adds new inputs to the first directory, which must not be the checked-in corpus.
scratch=${FUZZ_SCRATCH:-}
if [ -z "$scratch" ]; then
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
fi
trap 'exit 130' INT TERM
for target; do
    [ -d "corpus/$target" ] || { echo "no corpus of $target" >&2; exit 2; }
    mkdir -p "$scratch/$target"
    # Removed only when the target has passed, so that an early end does not count as success.
    : >"$scratch/$target.failed"
done

# All targets are built before the first one runs, so that no compiler takes CPU time from a fuzzer.
echo "building $# targets, which takes minutes the first time (progress: $scratch/build.log)"
if [ "$all" ]; then
    fuzz build --sanitizer none
else
    for target; do fuzz build --sanitizer none "$target"; done
fi >"$scratch/build.log" 2>&1 || { tail -n 60 "$scratch/build.log"; exit 1; }

one() {
    target=$1
    log=$scratch/$target.log
    # No address sanitizer: the fuzzed code is not unsafe, and without it there are twice as many executions.
    if fuzz run --sanitizer none "$target" "$scratch/$target" "corpus/$target" -- \
        -max_total_time="$seconds" -max_len=512 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
        >"$log" 2>&1; then
        # Exit status 0 is not enough: libFuzzer also returns it on SIGUSR1. Only a complete run prints "Done".
        done=$(sed -n 's/^Done \([0-9]*\) runs in \([0-9]*\) second(s)$/\1 \2/p' "$log")
        executions=${done% *}
        if [ "${executions:-0}" -gt 0 ] && [ "${done#* }" -ge "$seconds" ]; then
            rm "$scratch/$target.failed"
        else
            tail -n 20 "$log"
            echo "$target: ended before its time"
        fi
    else
        # The panic stands before the stack and the input that libFuzzer prints.
        grep -A 1 "panicked at" "$log" || true
        tail -n 60 "$log"
    fi
    echo "$target: ${executions:-0} executions in $seconds s, $(grep -E 'DONE|BINGO' "$log" | tail -n 1 || true)"
}

# A fuzzer has one thread, so as many run at once as there are CPUs.
cpus=$(nproc 2>/dev/null || echo 1)
running=0
for target; do
    one "$target" &
    running=$((running + 1))
    if [ "$running" -ge "$cpus" ]; then
        wait
        running=0
    fi
done
wait
failed=
for target; do
    [ ! -e "$scratch/$target.failed" ] || failed="$failed $target"
done
if [ -n "$failed" ]; then
    echo "FAILED:$failed" >&2
    exit 1
fi
