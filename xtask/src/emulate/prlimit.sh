#!/bin/sh
# What the tests need of prlimit(1).
ulimit -i "${1#--sigpending=}" && shift && exec "$@"
