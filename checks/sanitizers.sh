#!/bin/sh
# The address sanitizer and the real-time sanitizer over real processes, each after a seeded fault that it must find. Both at
# once: each builds in a directory of its own, and their tests wait for processes most of the time.
# Needs a compiler that lets unstable flags be asked for, and its sanitizer runtimes; says so where it has none.
set -u
cd "$(dirname "$0")/.." || exit 1
target=x86_64-unknown-linux-gnu
export RUSTC_BOOTSTRAP=1
failed=0

run() { # what it proves, then the command
    claim=$1
    shift
    if "$@" >"$out/log" 2>&1; then
        echo "  ok: $claim"
    else
        echo "  FAILED: $claim"
        tail -n 40 "$out/log"
        failed=1
    fi
}

# Whether the seed compiles, and a faulty handler is found: 0, or 2 to skip.
seed() { # sanitizer, words of its report
    rm -f "$out/seed"
    if ! rustc --edition 2024 --target "$target" -Zsanitizer="$1" --cfg "seed_$1" \
        -o "$out/seed" checks/sanitizers/seed.rs >"$out/log" 2>&1; then
        echo "  skipped: this compiler has no -Zsanitizer=$1 for $target"
        return 2
    fi
    "$out/seed" >"$out/log" 2>&1
    if ! grep -q "$2" "$out/log"; then
        echo "  FAILED: the seeded fault was not found"
        tail -n 40 "$out/log"
        failed=1
        return 1
    fi
    echo "  ok: the seeded fault in a handler is found ($2)"
}

address() {
    seed address heap-buffer-overflow || return
    export RUSTFLAGS="-Zsanitizer=address"
    run "minitalk builds" cargo build --target "$target"
    run "a message between two processes touches no memory that it must not" \
        "$out/$target/debug/minitalk" demo message
    run "nor do the process tests: transfers, faults, the command line" \
        cargo test --target "$target" --test transfer --test faults --test cli --test help --test output
    run "nor do forks, restarted calls, closing, and a storm of signals" \
        cargo test --target "$target" -p check-interrupt --test nets --test storm
    echo "  skipped: the sweep (it would step through the sanitizer's own code, instruction by instruction)"
}

realtime() {
    seed realtime unsafe-library-call || return
    export RUSTFLAGS="-Zsanitizer=realtime --cfg minitalk_rtsan"
    run "minitalk builds, its handler marked as one that must not block" cargo build --target "$target"
    run "in a message between two processes the handler neither allocates nor blocks" \
        "$out/$target/debug/minitalk" demo message
    run "nor does it under faults" cargo test --target "$target" --test faults
    run "nor does it in a storm of signals" cargo test --target "$target" -p check-interrupt --test storm
}

in_directory() { # sanitizer
    out=target/sanitizer/$1
    mkdir -p "$out"
    export CARGO_TARGET_DIR="$out"
    "$1" >"$out/report"
    return "$failed"
}

in_directory address &
address=$!
in_directory realtime || failed=1
wait "$address" || failed=1
echo "address sanitizer"
cat target/sanitizer/address/report
echo "real-time sanitizer"
cat target/sanitizer/realtime/report
exit "$failed"
