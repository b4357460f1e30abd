//! PostgreSQL's first data directory.
//!
//! The server's own `initdb` makes it, with checksums of its pages, since a copy that is to
//! follow another needs them. The write-ahead log is left out: each instance begins its own.

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use domain::catalogue::Parameter;
use domain::engine::postgresql::{ADMIN, PORT, environment, programs, zones};
use rustix::process::Signal;

use super::TEMPLATE_PASSWORD;
use super::session::Place;
use super::{parameters, root};
use crate::engine::bootstrap::{ask_once_ready, at, finish, write_parameters};
use crate::template::TemplateError;

/// How large a file of the write-ahead log is, in MiB; it stays so.
const LOG_FILE_MB: u32 = 16;

/// What a data directory leaves to the one who starts it.
const LEFT_OUT: [&str; 3] = ["postmaster.opts", "pg_hba.conf", "postgresql.conf"];

/// Makes the template in the empty directory `out`.
pub(crate) fn make(root: &Path, out: &Path) -> Result<(), TemplateError> {
    let work = out.join(".work");
    let maker = Maker { root, data: work.join("data"), work: &work };
    for directory in [&work, &maker.data] {
        fs::create_dir(directory).map_err(at(directory))?;
    }
    let link = zones(root, &work);
    std::os::unix::fs::symlink(&link.target, &link.path).map_err(at(&link.path))?;
    eprintln!("Making the first data of PostgreSQL in {}.", out.display());
    maker.init()?;
    eprintln!("Starting and stopping it once.");
    let parameters = maker.start_and_stop()?;
    maker.clear()?;
    for entry in fs::read_dir(&maker.data).map_err(at(&maker.data))? {
        let entry = entry.map_err(at(&maker.data))?;
        fs::rename(entry.path(), out.join(entry.file_name())).map_err(at(&entry.path()))?;
    }
    fs::remove_dir_all(&work).map_err(at(&work))?;
    write_parameters(out, &parameters)?;
    eprintln!("The template is made.");
    Ok(())
}

struct Maker<'a> {
    root: &'a Path,
    data: PathBuf,
    work: &'a Path,
}

impl Maker<'_> {
    fn command(&self, name: &str) -> Result<Command, TemplateError> {
        let program = programs(self.root).join(name);
        if !program.exists() {
            return Err(TemplateError::EngineMissing(program));
        }
        let mut command = Command::new(program);
        command
            .arg("-D")
            .arg(&self.data)
            // From where its time zones are found.
            .current_dir(&self.data)
            .env_clear()
            .envs(environment(self.root))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0);
        Ok(command)
    }

    /// Whoever runs this need not be known to the system: `initdb` is told who it is.
    fn init(&self) -> Result<(), TemplateError> {
        let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
        let (uid, gid) = (uid.as_raw(), gid.as_raw());
        let file = |name: &str, text: String| {
            let path = self.work.join(name);
            fs::write(&path, text).map_err(at(&path)).map(|()| path)
        };
        let users = file("users", format!("{ADMIN}:x:{uid}:{gid}::/:/bin/false\n"))?;
        let groups = file("groups", format!("{ADMIN}:x:{gid}:\n"))?;
        let password = file("password", format!("{TEMPLATE_PASSWORD}\n"))?;
        let child = self
            .command("initdb")?
            .args(["--no-sync", "--data-checksums", "--no-instructions"])
            .args(["--encoding=UTF8", "--locale=C.UTF-8"])
            .arg(format!("--wal-segsize={LOG_FILE_MB}"))
            .arg(format!("--username={ADMIN}"))
            .arg(format!("--pwfile={}", password.display()))
            .args(["--auth-local=scram-sha-256", "--auth-host=scram-sha-256"])
            .env("NSS_WRAPPER_PASSWD", users)
            .env("NSS_WRAPPER_GROUP", groups)
            .spawn()
            .map_err(at(&self.data))?;
        finish(child, "initdb", Signal::INT, |_| false).map(drop)
    }

    /// Makes what every instance has, and lets the server say what can be set.
    fn start_and_stop(&self) -> Result<Vec<Parameter>, TemplateError> {
        let child = self
            .command("postgres")?
            // Relative to the data directory: the path of a socket is short.
            .args(["--listen_addresses=", "--unix_socket_directories=.", "--fsync=off"])
            .args([format!("--port={PORT}"), "--dynamic_shared_memory_type=mmap".to_owned()])
            .spawn()
            .map_err(at(&self.data))?;
        // By the directory's descriptor, since the path of a socket is short for us too.
        let directory = fs::File::open(&self.data).map_err(at(&self.data))?;
        let place = Place {
            directory: format!("/proc/self/fd/{}", directory.as_raw_fd()).into(),
            port: PORT,
            password: TEMPLATE_PASSWORD.to_owned(),
            release: Arc::default(),
        };
        ask_once_ready(child, "database system is ready to accept connections", Signal::INT, || {
            parameters::run_and_ask(&place, &statements())
        })
    }

    /// Removes what belongs to this start, and what each instance has from elsewhere.
    fn clear(&self) -> Result<(), TemplateError> {
        for name in LEFT_OUT {
            let path = self.data.join(name);
            crate::files::remove(&path).map_err(at(&path))?;
        }
        let log = self.data.join("pg_wal");
        for entry in fs::read_dir(&log).map_err(at(&log))? {
            let entry = entry.map_err(at(&log))?;
            if entry.file_type().is_ok_and(|kind| kind.is_file()) {
                fs::remove_file(entry.path()).map_err(at(&entry.path()))?;
            }
        }
        Ok(())
    }
}

/// Nobody is let into the server's own databases but root, and that into one.
fn statements() -> [String; 2] {
    let closed = ["postgres", "template1", "template0"]
        .map(|name| format!("REVOKE ALL ON DATABASE {name} FROM PUBLIC"));
    [closed.join("; "), root::made()]
}
