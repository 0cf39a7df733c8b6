//! What the map is made of: levels, how full leaves are, memory that it gives back, and the NUMA nodes of its
//! leaves and replicas.

mod estimates;
mod fullness;
mod key_shapes;
mod migrate;
mod ranges;
mod replicas;
mod shrink;
mod usage;
