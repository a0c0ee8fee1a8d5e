#!/bin/sh
# In the place of the compiler: the helper programs of the tests were compiled on the host.
while [ $# -gt 1 ]; do
    [ "$1" = -o ] && out=$2
    shift
done
exec cp "/programs/$(basename "$1" .c)" "$out"
