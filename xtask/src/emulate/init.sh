#!/bin/busybox sh
# The first process of the guest: runs the tests, prints a line for each, and turns the machine off.
/bin/busybox --install -s /bin
export PATH=/bin RUST_BACKTRACE=0 RUST_TEST_THREADS=1 MINITALK_TESTS_SLOWER=16
mkdir -p /proc /dev /tmp
chmod 1777 /tmp
mount -t proc proc /proc
mount -t devtmpfs dev /dev
uname -srm
grep -m 1 -E '^(Features|isa)' /proc/cpuinfo

# A line on the console asks what a test hangs in: each thread of a program, its state, and the call that it sleeps in.
while read -r _; do
    for thread in /proc/[0-9]*/task/*; do
        grep -q . "${thread%/task/*}/cmdline" || continue
        echo "hangs: $thread $(cat "$thread/comm" "$thread/wchan" "$thread/syscall" | tr '\n' ' ')"
        grep -E '^(State|PPid|SigQ|SigPnd|ShdPnd|SigBlk)' "$thread/status"
    done
done </dev/console 2>/dev/null &

for lane in auto bit word; do
    message="by $lane: é 🦀"
    if [ "$(minitalk demo --lane $lane "$message" 2>/tmp/errors)" = "$message" ]; then
        echo "test demo_$lane ... ok"
    else
        echo "test demo_$lane ... FAILED"
        cat /tmp/errors
    fi
done
for list in /tests/*.list; do
    "${list%.list}" --exact $(cat "$list")
done
poweroff -f
