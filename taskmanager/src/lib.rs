//! Decides commands, appends events and drives provisioning.

pub mod provisioner;
