//! `report.html`: a sweep, or several side by side, as one page that needs nothing else.
//!
//! `command` reads the folders by `file`, which knows `results.json`. `cells` gathers the cells, and `numbers` (with
//! `percentiles`) their numbers with intervals. `page` says what stands where. `tables`, `dropped`, `answer` and `facts` have the
//! tables. `bars`, `curves` (`lines`, with the law of `usl`), `heat` (`grid`), `latency` (`dots`), `ceilings`, `machine` and `placed` draw
//! with the colours of `palette` in frames of `svg`. `compare` puts several sweeps side by side.

mod answer;
mod args;
mod bars;
mod ceilings;
mod cells;
mod command;
mod compare;
mod curves;
mod dots;
mod dropped;
mod facts;
mod file;
mod grid;
mod heat;
mod interval;
mod latency;
mod lines;
mod machine;
mod numbers;
mod page;
mod palette;
mod percentiles;
mod placed;
mod svg;
mod tables;
mod usl;

pub(crate) use args::Report;
pub(crate) use command::{REPORT, command, write_in};
