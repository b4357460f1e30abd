//! The bus against real servers, of the oldest and the newest release that are supported.

#[cfg(test)]
mod commands;
#[cfg(test)]
mod deputy;
#[cfg(test)]
mod guests;
#[cfg(test)]
mod rig;
#[cfg(test)]
mod rights;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod server;
