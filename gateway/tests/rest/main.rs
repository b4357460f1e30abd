//! The REST interface, request by request, over a log in memory.

mod creation;
mod gate;
mod golden;
mod hostile;
mod lists;
mod others;
mod seed;
mod stack;
mod writes;
