//! Logs that others write and the shim bounds.
//!
//! A tenant decides how much its server has to say (each refused login is a line), so a log must
//! not grow as it likes. Writers append, so cutting a file under them is safe; what they say
//! between copy and cut is lost.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::files::{self, Access};

/// A log longer than this is put aside, in bytes.
const SIZE_MAX: u64 = 8 << 20;

/// Opens a log to be appended to.
pub(crate) fn open(path: &Path, group: Option<u32>) -> io::Result<File> {
    files::open_own(path, Access::readable_by(group))
}

/// Puts the end of a log that has become too long into `<path>.1`, in place of the last one.
pub(crate) fn bound(path: &Path, group: Option<u32>) -> io::Result<()> {
    if is_long(path) { put_aside(open(path, group)?, path, group) } else { Ok(()) }
}

/// The same for a log that the server has made itself.
pub(crate) fn bound_of_server(path: &Path, group: Option<u32>) -> io::Result<()> {
    if is_long(path) { put_aside(files::open_plain_to_cut(path)?, path, group) } else { Ok(()) }
}

fn is_long(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.len() > SIZE_MAX)
}

/// Cuts the log also when there is no room for what was in it.
fn put_aside(mut log: File, path: &Path, group: Option<u32>) -> io::Result<()> {
    let aside = files::with_suffix(path, ".1");
    files::remove(&aside)?;
    let kept = keep_end(&mut log, &aside, group);
    log.set_len(0)?;
    if kept.is_err() {
        files::remove(&aside)?;
    }
    kept
}

fn keep_end(log: &mut File, aside: &Path, group: Option<u32>) -> io::Result<()> {
    let length = log.metadata()?.len();
    log.seek(SeekFrom::Start(length.saturating_sub(SIZE_MAX)))?;
    let mut kept = files::create(aside, Access::readable_by(group))?;
    io::copy(&mut log.take(SIZE_MAX), &mut kept).map(|_| ())
}

/// The last `bytes` of a log, from a line's start on.
pub(crate) fn tail(path: &Path, bytes: u64) -> io::Result<String> {
    let mut log = File::open(path)?;
    let length = log.metadata()?.len();
    log.seek(SeekFrom::Start(length.saturating_sub(bytes)))?;
    let mut end = Vec::new();
    log.take(bytes).read_to_end(&mut end)?;
    let text = String::from_utf8_lossy(&end);
    match text.split_once('\n') {
        Some((_, rest)) if length > bytes => Ok(rest.to_owned()),
        _ => Ok(text.into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_long_log_is_put_aside_under_its_writer() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let mut writer = open(&path, None).unwrap();
        writer.write_all(b"short").unwrap();
        bound(&path, None).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), 5);
        writer.write_all(&vec![b'x'; 9 << 20]).unwrap();
        bound(&path, None).unwrap();
        writer.write_all(b"after").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"after");
        assert_eq!(fs::metadata(directory.path().join("log.1")).unwrap().len(), SIZE_MAX);
    }

    #[test]
    fn a_tail_begins_with_a_whole_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        fs::write(&path, "one\ntwo\nthree\n").unwrap();
        assert_eq!(tail(&path, 9).unwrap(), "three\n");
        assert_eq!(tail(&path, 100).unwrap(), "one\ntwo\nthree\n");
    }
}
