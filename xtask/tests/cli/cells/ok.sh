#!/bin/sh
# A cell that answers at once. `bskip` is twice as fast as the others; `congee` skips scans.
case "$2" in
    *'"map":"congee"'*'"workload":"e"'*) echo '{"outcome":"skipped","reason":"no ordered scan"}'; exit ;;
    *'"map":"bskip'*) seconds=0.25 ;;
    *) seconds=0.5 ;;
esac
cat <<JSON
{"outcome":"measured","ops":1000000,"seconds":$seconds,"latency":{"samples":1000,"p50":350,"p99":1200,"p999":34000,"max":2000000},"bytes_per_key":26.8,"bytes_source":"arena","key_bytes":8.0,"local_blocks":12,"remote_blocks":0,"blocks_by_node":[[0,9],[1,3]],"checked":1000,"notes":["huge pages were refused, 4 KiB ones used"]}
JSON
