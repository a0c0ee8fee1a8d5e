#!/bin/bash
# Plants defects that nobody chose (cargo-mutants) in the code that decides, and runs the unit tests alone on each.
#
#   checks/random-mutants.sh            every 150th defect: some minutes
#   checks/random-mutants.sh K/N        every Nth defect, from the Kth on; 0/1 for all of them: some hours
#
# Fails if the tests notice fewer than nine in ten. Lists those that escaped.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH=$PATH:$PWD/target/tools/bin

shard=${1:-0/150}
command -v cargo-mutants >/dev/null || {
    echo "random-mutants: needs cargo-mutants: cargo install --locked cargo-mutants" >&2
    exit 1
}
out=target/random-mutants
rm -rf "$out"
mkdir -p "$out"
# Exit codes 2 and 3 say that some were missed or timed out, which is counted below.
status=0
cargo mutants --package minitalk --file 'src/wire/**' --file 'src/dialect/**' --file 'src/server/**' \
    --shard "$shard" --sharding round-robin --output "$out" --colors never --no-times -- --lib || status=$?
((status == 0 || status == 2 || status == 3)) || exit "$status"

lists=$out/mutants.out
all_caught=0 all_viable=0
for room in wire dialect server; do
    # A mutant that hangs is caught: the tests do not pass.
    caught=$(cat "$lists/caught.txt" "$lists/timeout.txt" | grep -c "^src/$room/" || true)
    missed=$(grep -c "^src/$room/" "$lists/missed.txt" || true)
    printf '%-8s %d of %d are noticed by the unit tests\n' "$room" "$caught" $((caught + missed))
    ((all_caught += caught, all_viable += caught + missed)) || true
done
((all_viable > 0)) || { echo "random-mutants: no defect was planted" >&2; exit 1; }
if ((all_caught * 10 < all_viable * 9)); then
    echo "random-mutants: only $all_caught of $all_viable are noticed; see $lists/missed.txt" >&2
    exit 1
fi
