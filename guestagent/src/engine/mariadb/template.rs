//! MariaDB's first data directory.
//!
//! The server's own bootstrap runs the SQL that comes with it. The help tables are left out
//! (they take longer than all the rest), the `sys` schema is not: tools of the server use it.

use std::fs;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use domain::catalogue::Parameter;
use domain::engine::mariadb::ADMIN;
use rustix::process::Signal;

use super::sql::{account, string};
use super::{TEMPLATE_PASSWORD, parameters};
use crate::engine::bootstrap::{ask_once_ready, at, failed, finish, write_parameters};
use crate::template::TemplateError;

/// What the server's redo log is begun with; each instance sizes its own at its first start.
const SMALL: [&str; 4] = [
    "--innodb-log-file-size=4M",
    "--innodb-buffer-pool-size=16M",
    "--innodb-use-native-aio=0",
    "--lc-messages=en_US",
];

/// Nothing here has to survive a crash: what is half done is thrown away.
const FAST: [&str; 4] = [
    "--innodb-flush-method=nosync",
    "--innodb-doublewrite=0",
    "--innodb-flush-log-at-trx-commit=0",
    "--sync-frm=0",
];

/// Makes the template in the empty directory `out`.
pub(crate) fn make(root: &Path, out: &Path) -> Result<(), TemplateError> {
    let sql = bootstrap_sql(root)?;
    let temporary = out.join(".tmp");
    fs::create_dir(&temporary).map_err(at(&temporary))?;
    let server = Server { root, out, temporary: &temporary };
    eprintln!("Bootstrapping MariaDB in {}.", out.display());
    server.bootstrap(&sql)?;
    eprintln!("Starting and stopping it once.");
    let parameters = server.start_and_stop()?;
    fs::remove_dir_all(&temporary).map_err(at(&temporary))?;
    for name in ["ib_buffer_pool", "ibtmp1", "pid", "s"] {
        crate::files::remove(&out.join(name)).map_err(at(&out.join(name)))?;
    }
    write_parameters(out, &parameters)?;
    eprintln!("The template is made.");
    Ok(())
}

/// All that the bootstrap runs. Its parser takes one statement up to each `;` at a line's end.
fn bootstrap_sql(root: &Path) -> Result<String, TemplateError> {
    let (share, prefix) = shipped_sql(root)?;
    let mut sql = String::from(
        "create database if not exists mysql;\nuse mysql;\nset @auth_root_socket='';\n",
    );
    for name in [
        format!("{prefix}_system_tables.sql"),
        format!("{prefix}_performance_tables.sql"),
        format!("{prefix}_system_tables_data.sql"),
        "maria_add_gis_sp_bootstrap.sql".to_owned(),
        format!("{prefix}_sys_schema.sql"),
    ] {
        let path = share.join(name);
        sql += &fs::read_to_string(&path).map_err(at(&path))?;
        sql.push('\n');
    }
    let admin = account(ADMIN, "localhost");
    let password = string(TEMPLATE_PASSWORD);
    sql += &format!(
        "flush privileges;\n\
         create or replace user {admin} identified by {password};\n\
         grant all privileges on *.* to {admin} with grant option;\n"
    );
    // Rights of accounts that are dropped below, at the name of this very machine.
    sql += "truncate table mysql.proxies_priv;\n";
    for user in ["root", "mysql", ""] {
        sql += &format!("drop user if exists {};\n", account(user, "localhost"));
    }
    Ok(sql)
}

/// Where the server's own SQL lies, and how its files' names begin: both changed with 11.
fn shipped_sql(root: &Path) -> Result<(PathBuf, &'static str), TemplateError> {
    let places = ["mariadb", "mysql"].map(|name| (root.join("usr/share").join(name), name));
    let missing = places[0].0.join("mariadb_system_tables.sql");
    places
        .into_iter()
        .find(|(share, prefix)| share.join(format!("{prefix}_system_tables.sql")).exists())
        .ok_or(TemplateError::EngineMissing(missing))
}

struct Server<'a> {
    root: &'a Path,
    out: &'a Path,
    temporary: &'a Path,
}

impl Server<'_> {
    fn command(&self) -> Result<Command, TemplateError> {
        let program = self.root.join("usr/sbin/mariadbd");
        if !program.exists() {
            return Err(TemplateError::EngineMissing(program));
        }
        let mut command = Command::new(program);
        command
            // Without it the host's configuration would be read.
            .arg("--no-defaults")
            .arg(format!("--basedir={}", self.root.join("usr").display()))
            .arg(format!("--datadir={}", self.out.display()))
            .arg(format!("--tmpdir={}", self.temporary.display()))
            .args(SMALL)
            .current_dir(self.out)
            .env_clear()
            .env("TZ", "UTC")
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .process_group(0);
        Ok(command)
    }

    fn bootstrap(&self, sql: &str) -> Result<(), TemplateError> {
        let mut child = self
            .command()?
            .args(["--bootstrap", "--log-warnings=0", "--enforce-storage-engine="])
            .args(["--max-allowed-packet=8M", "--net-buffer-length=16K"])
            .args(FAST)
            .stdin(Stdio::piped())
            .spawn()
            .map_err(at(self.out))?;
        let mut stdin = child.stdin.take().expect("standard input is a pipe");
        let sql = sql.to_owned();
        // On a thread, since the server may stop reading to complain.
        let writer = thread::spawn(move || stdin.write_all(sql.as_bytes()));
        let said = finish(child, "bootstrap", Signal::TERM, |_| false)?;
        match writer.join() {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(failed("bootstrap", &said)),
        }
    }

    /// A start completes what a bootstrap leaves for later, and lets the server say what can be
    /// set.
    fn start_and_stop(&self) -> Result<Vec<Parameter>, TemplateError> {
        let child = self
            .command()?
            // Relative to the data directory: the path of a socket is short.
            .args(["--skip-networking", "--socket=s", "--pid-file=pid"])
            .stdin(Stdio::null())
            .spawn()
            .map_err(at(self.out))?;
        // By the directory's descriptor, since the path of a socket is short for us too.
        let directory = fs::File::open(self.out).map_err(at(self.out))?;
        let socket = PathBuf::from(format!("/proc/self/fd/{}/s", directory.as_raw_fd()));
        ask_once_ready(child, "ready for connections", Signal::TERM, || parameters::ask(&socket))
    }
}
