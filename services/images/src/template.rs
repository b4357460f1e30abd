//! Templates: an engine's first data directory, made once and copied for every instance.
//!
//! What a template is made of is the guestagent's business; here it is run once per image, in a
//! directory that becomes the template only when all of it is on disk.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::command;
use crate::engine::EngineImage;
use crate::error::Error;
use crate::files;
use crate::lock::Lock;
use crate::store::Store;

/// Raised when templates have to be made afresh although their engine is the same.
pub const TEMPLATE_FORMAT: u32 = 2;

/// What the guestagent writes the engine's parameters to, in the template that it makes.
const PARAMETERS_FILE: &str = "parameters.json";

/// Engines need a second or two.
const MAKE_MAX: Duration = Duration::from_secs(180);
/// As root the engine runs as nobody, since database servers refuse to run as root.
const NOBODY: u32 = 65_534;

impl Store {
    /// The template of `image`; the first call makes it by running
    /// `guestagent template <engine> <root> <out>`, where `<out>` is an empty directory of the
    /// user that it runs as.
    ///
    /// The result is readable for every user. The password in it is harmless: every instance
    /// replaces it when it starts for the first time.
    ///
    /// # Errors
    /// [`Error::ProgramFailed`] with what the guestagent said, and those of the file system.
    pub fn ensure_template(
        &self,
        image: &EngineImage,
        guestagent: &Path,
    ) -> Result<PathBuf, Error> {
        let name = format!("{}-{TEMPLATE_FORMAT}", image.id);
        let template = self.templates().join(&name);
        if template.exists() {
            return Ok(template);
        }
        let lock = Lock::take(&self.locks(), &format!("template-{name}"), self.progress())?;
        if template.exists() {
            return Ok(template);
        }
        self.progress()
            .step(&format!("Making the template of {} {}.", image.engine, image.version_number));
        let work = self.templates().join(format!(".new-{name}"));
        files::remove(&work)?;
        let made = make(image, guestagent, &work, &lock).and_then(|out| {
            // First the list, then the template: where there is one, the other is there too.
            let list = out.join(PARAMETERS_FILE);
            if list.exists() {
                files::rename(&list, &self.parameters_file(image))?;
            }
            files::rename(&out, &template)
        });
        files::remove(&work)?;
        made?;
        tracing::info!(template = %template.display(), "Template was made.");
        Ok(template)
    }
}

impl Store {
    /// The list of an image's parameters, as its guestagent wrote it when it made the template;
    /// nothing where it wrote none.
    ///
    /// # Errors
    /// As [`Store::ensure_template`].
    pub fn ensure_parameters(
        &self,
        image: &EngineImage,
        guestagent: &Path,
    ) -> Result<Option<Vec<u8>>, Error> {
        self.ensure_template(image, guestagent)?;
        let path = self.parameters_file(image);
        if !path.exists() {
            return Ok(None);
        }
        fs::read(&path).map(Some).map_err(Error::io(&path))
    }

    fn parameters_file(&self, image: &EngineImage) -> PathBuf {
        self.templates().join(format!("{}-{TEMPLATE_FORMAT}.parameters.json", image.id))
    }
}

/// Makes the template in a directory below `work`, and gives its path.
fn make(
    image: &EngineImage,
    guestagent: &Path,
    work: &Path,
    lock: &Lock,
) -> Result<PathBuf, Error> {
    let out = work.join("out");
    files::make_dir(&out)?;
    let is_root = rustix::process::geteuid().is_root();
    let program = if is_root { reachable(guestagent, work)? } else { guestagent.to_owned() };
    let mut agent = command::command(&program.to_string_lossy(), lock)?;
    agent.args(["template", &image.engine]).args([&image.root, &out]).current_dir(&out);
    if is_root {
        std::os::unix::fs::chown(&out, Some(NOBODY), Some(NOBODY)).map_err(Error::io(&out))?;
        agent.uid(NOBODY).gid(NOBODY);
    }
    command::succeed(&mut agent, MAKE_MAX)?;
    files::open_to_readers(&out)?;
    files::sync_all(&out)?;
    Ok(out)
}

/// A copy of the guestagent that nobody can start: a build directory may be closed to others.
fn reachable(guestagent: &Path, work: &Path) -> Result<PathBuf, Error> {
    let copy = work.join("guestagent");
    fs::copy(guestagent, &copy).map_err(Error::io(guestagent))?;
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).map_err(Error::io(&copy))?;
    Ok(copy)
}
