#!/bin/sh
# Answers like ok.sh, with two threads of different speed and latencies at given rates.
level='{"percent":P,"offered_mops":2.0,"achieved_mops":1.9,"latency":{"samples":20000,"p50":400,"p99":900,"p999":5000,"p9999":40000,"max":80000}}'
levels=$(for percent in 50 70 90; do printf '%s,' "$level" | sed "s/:P,/:$percent,/"; done)
"${FAKE_CELLS:?}/ok.sh" "$@" |
    sed "s/\"checked\"/\"slowest_mops\":1.5,\"fastest_mops\":2.5,\"open_loop\":[${levels%,}],\"checked\"/"
