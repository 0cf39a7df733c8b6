//! What a sweep found, or several side by side: `report.html`, one page that needs nothing else, and pictures and tables
//! for a Markdown document.
//!
//! `command` reads the folders by `file`, which knows `results.json`, or by `csv_file`. `cells` gathers the cells, and
//! `numbers` (with `percentiles`) their numbers with intervals. `page` says what stands where. `tables`, `dropped`,
//! `answer`, `counters`, `open_loop` and `facts` have the tables. `bars`, `curves` (`lines`, with the law of `usl`),
//! `heat` (`grid`), `latency` (`dots`), `ceilings`, `machine` and `placed` draw with the colours of `palette` as pictures
//! of `svg`. `compare` puts several sweeps side by side. `document` writes the part of a document, with the `files` that
//! a `poster` each shows.

mod answer;
mod args;
mod bars;
mod ceilings;
mod cells;
mod command;
mod compare;
mod counters;
mod csv_file;
mod curves;
mod document;
mod dots;
mod dropped;
mod facts;
mod file;
mod files;
mod grid;
mod heat;
mod interval;
mod latency;
mod lines;
mod machine;
mod numbers;
mod open_loop;
mod page;
mod palette;
mod percentiles;
mod placed;
mod poster;
mod svg;
mod tables;
mod usl;
mod words;

pub(crate) use args::Report;
pub(crate) use command::{REPORT, command, write_in};
