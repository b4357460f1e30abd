//! The REST interface, request by request, over a log in memory.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails, helpers included")]

mod absent;
mod configurations;
mod contract;
mod creation;
mod databases;
mod desk;
mod full;
mod gate;
mod golden;
mod guest;
mod hostile;
mod index;
mod legal;
mod lists;
mod logs;
mod managed_parameters;
mod management;
mod offer;
mod others;
mod parameters;
mod quotas;
mod rates;
mod resize;
mod restart;
mod root;
mod seed;
mod shapes;
mod stack;
mod users;
mod writes;
