//! MariaDB, as its agent sees it.

pub(crate) mod sql;
pub(crate) mod template;

/// The administrator's password in a template: known to all, and replaced in every instance
/// before anybody can log in.
pub(crate) const TEMPLATE_PASSWORD: &str = "template";
