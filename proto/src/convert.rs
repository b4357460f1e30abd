//! Conversions between the domain and the generated types, one file per part of the domain.
//!
//! To the generated types they can't refuse (`From<&Domain>`), from them they may (`TryFrom`).
//! Matches name every variant of our enums, so that a new one does not compile before it has an
//! encoding. Older shapes of an event are lifted to the present one here, and nowhere else.

mod action;
mod actor;
mod catalog;
mod catalogue;
mod command;
mod commit;
mod configuration;
mod engine;
mod field;
mod guest;
mod host;
mod instance;
mod offer;
mod plane;
mod process;
mod project;
mod query;
mod quota;
mod reply;
mod report;
mod resize;
mod spec;
