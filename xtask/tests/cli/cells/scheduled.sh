#!/bin/sh
# Answers like ok.sh, with latencies at three rates.
level() { echo "{\"percent\":$1,\"offered_mops\":$2,\"achieved_mops\":$2,\"latency\":{\"samples\":1000,\"p50\":350,\"p99\":1200,\"p999\":34000,\"max\":2000000}}"; }
"${FAKE_CELLS:?}/ok.sh" "$@" | sed "s/\"checked\"/\"open_loop\":[$(level 50 2),$(level 70 2.8),$(level 90 3.6)],&/"
