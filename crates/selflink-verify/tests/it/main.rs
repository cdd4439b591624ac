//! The program against folders and servers that are right, and against ones that are not.

mod fixture;
mod http;
mod large;
mod log;
mod month;
mod mutation;
mod receipt;
