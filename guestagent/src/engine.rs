//! The port to a database server.

pub(crate) mod mariadb;
