//! What holds for every endpoint: errors, bodies, paths, headers, and the endpoints of the instance itself.

mod bodies;
mod browsers;
mod errors;
mod hosts;
mod paths;
mod service;
mod values;
