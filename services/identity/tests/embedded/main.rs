//! The embedded identity service, asked as clients ask it: over its router, mounted under a
//! prefix as in the gateway. One module per part of the interface.

mod directory;
mod discovery;
mod harness;
mod log_in;
mod nothing_else;
mod revoking;
mod users_file;
mod validating;
