//! Makes a server's data from its template, once.
//!
//! # Invariants
//! - Data appears at its place whole and on disk, or not at all.
//! - What was prepared once is never prepared again: a marker outside the volume tells it, so an
//!   unmounted volume is not mistaken for a new one.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, chown, fchown};
use std::path::{Path, PathBuf};

use domain::guest_spec::{GuestSpec, Layout};

use crate::control::RefusalCause;
use crate::engine;
use crate::files::{self, Access};
use crate::part::Part;
use crate::step;

/// Only the server may enter.
const FOR_SERVER: u32 = 0o700;
/// The server's group may look, which is the agent's.
const FOR_BOTH: u32 = 0o750;

/// Why data could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PrepareError {
    #[error("there is no template at {}", .0.display())]
    TemplateMissing(PathBuf),
    #[error("the volume, or what was on it, is not there")]
    VolumeMissing,
    #[error("the volume is full")]
    VolumeFull,
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

impl PrepareError {
    pub(crate) fn cause(&self) -> RefusalCause {
        match self {
            Self::TemplateMissing(_) => RefusalCause::TemplateMissing,
            Self::VolumeMissing => RefusalCause::VolumeMissing,
            Self::VolumeFull => RefusalCause::VolumeFull,
            Self::Io { .. } => RefusalCause::Io,
        }
    }
}

/// Whether the data was made.
pub(crate) fn is_prepared(spec: &GuestSpec) -> bool {
    marker(spec).exists()
}

/// Makes the data, unless that was done before.
pub(crate) fn prepare(spec: &GuestSpec) -> Result<(), PrepareError> {
    let layout = Layout(&spec.directory);
    if !step::volume_is_there(spec) || (is_prepared(spec) && !layout.data().exists()) {
        return Err(PrepareError::VolumeMissing);
    }
    if is_prepared(spec) {
        return Ok(());
    }
    open_to_server(spec, &layout.volume())?;
    if !layout.data().exists() {
        if !spec.template.is_dir() {
            return Err(PrepareError::TemplateMissing(spec.template.clone()));
        }
        let new = files::with_suffix(&layout.data(), ".new");
        files::remove_tree(&new).map_err(at(&new))?;
        make_data(spec, &new)?;
        let volume = layout.volume();
        // One call for the whole file system: a call per file takes a second on a slow disk.
        File::open(&volume)
            .and_then(|volume| Ok(rustix::fs::syncfs(volume)?))
            .map_err(at(&volume))?;
        fs::rename(&new, layout.data()).map_err(at(&new))?;
        files::sync_parent(&layout.data()).map_err(at(&volume))?;
    }
    if !layout.temporary().exists() {
        make_directory(spec, &layout.temporary(), FOR_SERVER)?;
    }
    ensure_logs(spec)?;
    files::replace(&marker(spec), b"", Access::PRIVATE).map_err(at(&marker(spec)))
}

/// Makes data like the template's, but its own, at a place where nothing is.
pub(crate) fn make_data(spec: &GuestSpec, at_place: &Path) -> Result<(), PrepareError> {
    copy_tree(spec, &spec.template, at_place)?;
    engine::make_own(spec, at_place, Part::Server.uid(spec)).map_err(at(at_place))
}

/// Leaves a directory that the server writes logs into and the agent may read.
pub(crate) fn ensure_logs(spec: &GuestSpec) -> Result<(), PrepareError> {
    let logs = Layout(&spec.directory).logs();
    if logs.exists() { Ok(()) } else { make_directory(spec, &logs, FOR_BOTH) }
}

fn marker(spec: &GuestSpec) -> PathBuf {
    spec.directory.join("server.prepared")
}

/// The volume's first directory is the provisioner's; the server has to get through it.
fn open_to_server(spec: &GuestSpec, volume: &Path) -> Result<(), PrepareError> {
    if spec.uid.is_none() {
        return Ok(());
    }
    chown(volume, None, spec.uid).map_err(at(volume))?;
    fs::set_permissions(volume, Permissions::from_mode(0o750)).map_err(at(volume))
}

/// Copies a directory of files and directories; a template holds nothing else.
fn copy_tree(spec: &GuestSpec, from: &Path, to: &Path) -> Result<(), PrepareError> {
    make_directory(spec, to, FOR_SERVER)?;
    for entry in fs::read_dir(from).map_err(at(from))? {
        let entry = entry.map_err(at(from))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(at(&source))?;
        if kind.is_dir() {
            copy_tree(spec, &source, &target)?;
        } else {
            copy_file(spec, &source, &target).map_err(at(&target))?;
        }
    }
    Ok(())
}

fn copy_file(spec: &GuestSpec, from: &Path, to: &Path) -> io::Result<()> {
    let mut source = File::open(from)?;
    let mut target = files::create(to, Access::PRIVATE)?;
    io::copy(&mut source, &mut target)?;
    if spec.uid.is_some() {
        fchown(&target, Part::Server.uid(spec), spec.uid)?;
    }
    Ok(())
}

/// Makes a directory of the server's.
fn make_directory(spec: &GuestSpec, path: &Path, mode: u32) -> Result<(), PrepareError> {
    fs::DirBuilder::new().mode(mode).create(path).map_err(at(path))?;
    if spec.uid.is_some() {
        chown(path, Part::Server.uid(spec), spec.uid).map_err(at(path))?;
    }
    Ok(())
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> PrepareError + '_ {
    |source| {
        let kind = source.kind();
        if matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            return PrepareError::VolumeFull;
        }
        let path = path.to_owned();
        PrepareError::Io { path, source }
    }
}
