#!/bin/sh
# Compares gcc -fanalyzer, clang-tidy and minitalk-audit on handlers whose truth is known.
# Usage: audit/compare.sh [DIRECTORY...]; each file begins with "// expect: pass", "fail" or "undecided".
set -eu
cd "$(dirname "$0")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
audit=${MINITALK_AUDIT:-../target/release/minitalk-audit}
[ -x "$audit" ] || { echo "compare: no $audit; run cargo build --release -p minitalk-audit, or set MINITALK_AUDIT" >&2; exit 2; }
[ $# -gt 0 ] || set -- tests/handlers
unsafe=0 safe=0 gcc=0 gcc_false=0 tidy=0 tidy_false=0 ours=0 ours_false=0 missed=0
for source in $(find "$@" -name '*.c' | sort); do
    case $(head -1 "$source") in
    "// expect: pass") is_safe=1 safe=$((safe + 1)) ;;
    "// expect: "*) is_safe=0 unsafe=$((unsafe + 1)) ;;
    *) continue ;;
    esac
    gcc -O2 -mrtm -w -o "$scratch/program" "$source"
    found=0
    if gcc -O2 -mrtm -fanalyzer -c -o /dev/null "$source" 2>&1 | grep -q unsafe-call-within-signal-handler; then found=1; fi
    if [ $found = 1 ]; then [ $is_safe = 1 ] && gcc_false=$((gcc_false + 1)) || gcc=$((gcc + 1)); fi
    if command -v clang-tidy >/dev/null; then
        found=0
        if clang-tidy --checks='-*,bugprone-signal-handler' "$source" -- -mrtm 2>/dev/null | grep -q bugprone-signal-handler; then found=1; fi
        if [ $found = 1 ]; then [ $is_safe = 1 ] && tidy_false=$((tidy_false + 1)) || tidy=$((tidy + 1)); fi
    fi
    status=0
    "$audit" --quiet "$scratch/program" >/dev/null 2>&1 || status=$?
    case $is_safe$status in
    01) ours=$((ours + 1)) ;;
    00) missed=$((missed + 1)) ;;
    11) ours_false=$((ours_false + 1)) ;;
    esac
done
command -v clang-tidy >/dev/null || { tidy='not installed' tidy_false='not installed'; }
echo "tool                found of $unsafe unsafe   false alarms in $safe safe"
echo "gcc -fanalyzer      $gcc                 $gcc_false"
echo "clang-tidy          $tidy                 $tidy_false"
echo "minitalk-audit      $ours (passed wrongly: $missed)   $ours_false"
