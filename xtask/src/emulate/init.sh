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
