#!/bin/sh
# Cells that die, each map in its own way; `bskip` did no operation.
case "$2" in
    *'"map":"congee"'*) printf "thread 'main' (7) panicked at src/x.rs:1:2:\nkey 7 is lost\nnote: run with \`RUST_BACKTRACE=1\`\n" >&2; exit 101 ;;
    *'"map":"masstree"'*) kill -KILL $$ ;;
    *) echo '{"outcome":"measured","ops":0,"seconds":0.0,"latency":{"samples":0,"p50":0,"p99":0,"p999":0,"max":0},"bytes_per_key":null,"bytes_source":"rss","local_blocks":null,"remote_blocks":null,"checked":0,"notes":[]}' ;;
esac
