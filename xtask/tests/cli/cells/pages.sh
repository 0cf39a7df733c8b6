#!/bin/sh
# A cell that answers at once. Transparent pages are twice as fast as small ones; with FAKE_CELL_TURNED, half as fast.
case "${FAKE_CELL_TURNED:-}$2" in
    1*'"pages":"thp"'*) seconds=0.5 ;;
    1* | *'"pages":"thp"'*) seconds=0.25 ;;
    *) seconds=0.5 ;;
esac
cat <<JSON
{"outcome":"measured","ops":1000000,"seconds":$seconds,"latency":{"samples":1000,"p50":350,"p99":1200,"p999":34000,"max":2000000},"bytes_per_key":26.8,"bytes_source":"arena","key_bytes":8.0,"local_blocks":12,"remote_blocks":0,"checked":1000,"notes":[]}
JSON
